"""The answer chain: a question comes in, events come out, and no statement leaves before it is grounded."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.answers import (
    Answer,
    AsOf,
    Done,
    Draft,
    Event,
    Mode,
    Notice,
    Restart,
    Ruling,
    Said,
    Sources,
    Statement,
    Turn,
    Usage,
)
from app.drafting.extract import extract
from app.drafting.generate import GenerativeAnswerer
from app.drafting.lead import lead
from app.drafting.own_words import own_words
from app.drafting.rewriting import rewriter
from app.evidence.finding import Finding, find
from app.evidence.understanding import likelihoods, reading
from app.examples import example_questions
from app.judging.ground import ground
from app.judging.hearing import opinions
from app.language_models.llm import language_model
from app.language_models.local_llm import is_local
from app.language_models.spending import Spent, spending, with_spent
from app.owner import Beside, is_owned
from app.questions.asides import Kind, aside, substance
from app.questions.limits import EVERYTHING, Limits, Period, nothing_within
from app.questions.when import widened
from app.retrieval.rerank import reranker
from app.retrieval.retrieve import Found, Query, Retriever
from app.settings import Settings
from app.tracing import Trace
from indexing.collection import Collection
from indexing.documents import Hit
from indexing.embed import Embedder, embedder
from indexing.errors import ModelError, UsageError
from indexing.spans import Span

SHOWN = ("supported", "partly", "not_a_claim")  # an answer none of whose statements has such support is a refusal
EXAMPLES = 3  # questions that a reply about ourselves proposes
LEAST = 0.4  # likely enough that the documents answer to ask a small model, which seldom sees that they do not
SURE = 0.6  # likely enough that the documents answer to show their sentences where a small model found no answer
OWN_WORDS = "The model's wording did not hold; these are the documents' own words."
NOT_FOUND = "The model found no answer; these are the documents' own words that come nearest."
ELSEWHERE = "The model rests on other sentences than those that fit best; these follow in the documents' own words."


@dataclass(slots=True)
class _Walk:
    """What one question has come to so far."""

    question: str
    mode: Mode
    found: Found = field(default_factory=lambda: Found((), ()))
    statements: list[Statement] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)
    usage: Usage = field(default_factory=dict)
    filters: dict[str, Any] = field(default_factory=dict)
    limits: Limits = EVERYTHING
    period: Period | None = None
    rewritten: str = ""
    spent: Spent = field(default_factory=Spent)
    dropped: int = 0  # statements that no source supports and that the settings leave out
    began: float = field(default_factory=time.perf_counter)
    trace: Trace = field(default_factory=Trace)

    def lap(self, stage: str) -> None:
        """Record the milliseconds since the question was asked, once a stage."""
        self.timings.setdefault(stage, (time.perf_counter() - self.began) * 1000)


class Assistant:
    """Answers questions about one collection. The page, the command line, the API and the evals all run this."""

    def __init__(
        self, collection: Collection, retriever: Retriever, generate: GenerativeAnswerer | None, settings: Settings
    ) -> None:
        self.collection = collection
        self._retrieve = retriever
        self._generate = generate
        self._settings = settings
        self._opinion = opinions(settings)
        self._reading = reading(settings.reader) if settings.reader else None
        self._examples: tuple[int, tuple[str, ...]] = (-1, ())  # those of a generation of the collection

    def ask(self, question: str, history: Sequence[Turn] = (), limits: Limits = EVERYTHING) -> Answer:
        """The finished answer; raises UsageError for a question that cannot be asked."""
        *_, last = self.walk(question, history, limits)
        assert isinstance(last, Done)
        return last.answer

    def search(self, question: str, limits: Limits = EVERYTHING) -> tuple[Hit, ...]:
        """The passages that an answer would be drawn from, best first; raises UsageError as `ask` does."""
        question = self._checked(question)
        with self.collection.steady():
            return self._retrieve(self._retrieve.read(question, (), limits)).hits

    def look_up(
        self, question: str, history: Sequence[Turn] = (), limits: Limits = EVERYTHING, trace: Trace | None = None
    ) -> tuple[Query, Found]:
        """How a question is read after a conversation, and what is found for it within the limits."""
        trace = trace or Trace()
        with self.collection.steady():
            with trace.stage("rewrite"):
                query = self._retrieve.read(question, history, limits)
            with trace.stage("retrieve"):
                return query, self._retrieve(query)

    def _find(self, query: Query, found: Found) -> Finding:
        return find(query, found, getattr(self.collection.embedder, "words", None), self._reading)

    def finds(self, question: str) -> bool:
        """Whether the documents alone answer a question; no model is asked."""
        return self._find(*self.look_up(question)).answers

    def walk(self, question: str, history: Sequence[Turn] = (), limits: Limits = EVERYTHING) -> Iterator[Event]:
        """The same as events: sources first, then each statement once it is grounded, the finished answer last."""
        question = self._checked(question)
        walk = _Walk(question, "llm" if self._generate else "extractive")
        with walk.trace:
            walk.trace.facts |= {"mode": walk.mode, "question_chars": len(question), "history": len(history)}
            if (kind := aside(question)) is not None:
                yield from self._aside(walk, kind)
            else:
                yield from self._walked(walk, substance(history), limits)

    def _aside(self, walk: _Walk, kind: Kind) -> Iterator[Event]:
        """The reply to small talk, in our own words: nothing is searched, no model is asked."""
        walk.mode = "extractive"
        walk.lap("sources")
        yield Sources(())
        said = own_words(kind, self.collection.catalogue, self._suggested, model=self._generate is not None)
        said = replace(said, span=Span(0, len(said.text)))
        walk.lap("first_statement")
        yield Said(said)
        walk.lap("done")
        as_of = self._as_of(())
        answer = Answer(walk.question, "aside", said.text, (said,), (), 0, walk.mode, timings=walk.timings, as_of=as_of)
        walk.trace.facts |= _facts(answer)
        yield Done(answer)

    def _suggested(self) -> tuple[str, ...]:
        """Questions that the documents answer, found once for each state of the collection."""
        generation = self.collection.catalogue.generation
        if self._examples[0] != generation:
            self._examples = generation, example_questions(self, EXAMPLES)
        return self._examples[1]

    def _walked(self, walk: _Walk, history: Sequence[Turn], limits: Limits) -> Iterator[Event]:
        with spending(walk.spent):
            query, walk.found = self.look_up(walk.question, history, limits, walk.trace)
        walk.filters, walk.period, walk.limits = query.limits.as_json(query.period), query.period, query.limits
        walk.rewritten = query.asked.full if query.asked and query.asked.rewritten else ""
        walk.lap("sources")
        yield Sources(walk.found.hits, walk.rewritten, walk.filters)
        if walk.found.notice:
            walk.notices.append(walk.found.notice)
            yield Notice(walk.notices[-1])
        with walk.trace.stage("find"):
            finding = self._find(query, walk.found)
        if finding.premise is not None:
            walk.notices.append(finding.premise.notice)
            yield Notice(walk.notices[-1])
        with walk.trace.stage("answer"):
            if self._generate:
                yield from self._generated(self._generate, walk, finding, history)
            else:
                yield from self._extracted(walk, finding)
        walk.lap("done")
        answer = self._finished(walk, finding)
        walk.trace.facts |= _facts(answer)
        yield Done(answer)

    def _checked(self, question: str) -> str:
        question = question.strip()
        if not question:
            raise UsageError("the question is empty; ask something about the documents")
        if any("\ud800" <= character <= "\udfff" for character in question):
            raise UsageError("the question is not valid Unicode text; send it as UTF-8")
        if len(question) > self._settings.max_question:
            raise UsageError(
                f"the question has {len(question):,} characters, the limit is {self._settings.max_question:,}; "
                "ask it more briefly, or raise max_question"
            )
        return question

    def _extracted(self, walk: _Walk, finding: Finding) -> Iterator[Event]:
        most = self._settings.max_statements
        who = lead(finding, self.collection.catalogue.quotations)
        if who is not None and self._grounded(walk, who).support == "supported":
            yield from self._said(walk, who)
        for statement in extract(finding, max(1, most - len(walk.statements))):
            yield from self._said(walk, statement)

    def _generated(
        self, generate: GenerativeAnswerer, walk: _Walk, finding: Finding, history: Sequence[Turn]
    ) -> Iterator[Event]:
        """What the model says; when its endpoint fails, that is withdrawn and the documents answer themselves.

        A small model is asked only where the evidence is good: then the refusal says what is missing, and at once.
        """
        if generate.short and finding.premise is None and finding.answerability < LEAST:
            return
        try:
            for part in generate(walk.question, history, walk.found.hits, finding.evidence):
                if isinstance(part, Draft):
                    walk.usage = part.usage
                    for notice in part.notices:
                        walk.notices.append(notice)
                        yield Notice(notice)
                elif isinstance(part, Restart):
                    yield from self._withdrawn(walk)
                else:
                    yield from self._said(walk, part)
        except ModelError as error:
            why = f"{error}. This answer was put together from the documents alone."
            yield from self._in_their_own_words(walk, finding, why)
        else:
            if finding.answers and _holds(walk.statements):
                yield from self._beside(walk, finding) if generate.short else ()
            elif finding.answers and (walk.statements or walk.dropped):
                yield from self._in_their_own_words(walk, finding, OWN_WORDS)
            elif finding.answers and generate.short and finding.answerability >= SURE:
                yield from self._in_their_own_words(walk, finding, NOT_FOUND)

    def _withdrawn(self, walk: _Walk) -> Iterator[Event]:
        """Nothing of what was said so far stands."""
        walk.dropped = 0
        if walk.statements:
            walk.statements.clear()
            yield Restart()

    def _in_their_own_words(self, walk: _Walk, finding: Finding, why: str) -> Iterator[Event]:
        """The documents' own sentences, in the place of what a model said or did not say."""
        yield from self._withdrawn(walk)
        walk.mode = "extractive"
        walk.notices.append(why)
        yield Notice(why)
        yield from self._extracted(walk, finding)

    def _beside(self, walk: _Walk, finding: Finding) -> Iterator[Event]:
        """The documents' own sentences after those of a small model that rests on others, or is supported in part."""
        cited = {(one.document_id, one.span) for said in walk.statements for one in said.citations}
        own = list(extract(finding, self._settings.max_statements))
        new = [one for one in own if not any((each.document_id, each.span) in cited for each in one.citations)]
        sure = any(said.support == "supported" for said in walk.statements)
        if new and not (sure and len(new) < len(own)):
            walk.notices.append(ELSEWHERE)
            yield Notice(ELSEWHERE)
            for statement in new:
                yield from self._said(walk, statement)

    def _grounded(self, walk: _Walk, statement: Statement) -> Statement:
        with spending(walk.spent):
            return ground(
                statement,
                lambda one: self.collection.document(one.document_id, one.version),
                self._opinion,
                lambda one: self.collection.catalogue.quotations(one.id, one.version),
            )

    def _said(self, walk: _Walk, statement: Statement) -> Iterator[Said]:
        """Ground a statement and give it its place in the answer; nothing, where it is to be dropped."""
        start = walk.statements[-1].span.end + 1 if walk.statements else 0
        with walk.trace.stage("ground"):
            grounded = self._grounded(walk, statement)
        if grounded.support == "unsupported" and self._settings.unsupported == "drop":
            walk.dropped += 1
            return
        citations = tuple(
            replace(
                one,
                copies=walk.found.also_in(one.quote, one.document_id),
                superseded=walk.found.superseding(one.document_id, one.date),
            )
            for one in grounded.citations
        )
        span = Span(start, start + len(grounded.text))
        walk.statements.append(replace(grounded, citations=citations, span=span))
        walk.lap("first_statement")
        yield Said(walk.statements[-1])

    def _finished(self, walk: _Walk, finding: Finding) -> Answer:
        answered = _holds(walk.statements)
        if walk.dropped and answered:
            noun = "statement" if walk.dropped == 1 else "statements"
            walk.notices.append(f"{walk.dropped} {noun} of the model left out: no document supports what it said.")
        if (walk.statements or walk.dropped) and not answered:
            walk.notices.append("Nothing the model said is supported by the documents, so this counts as no answer.")
        if answered and walk.period and (elsewhen := self._elsewhen(walk, walk.period)):
            walk.notices.append(elsewhen)
        return Answer(
            walk.question,
            "answered" if answered else "refused",
            " ".join(statement.text for statement in walk.statements),
            tuple(walk.statements),
            walk.found.hits,
            self.collection.count(),
            walk.mode,
            tuple(walk.notices),
            walk.timings,
            with_spent(walk.usage, walk.spent, self._settings.llm_prices),
            filters=walk.filters,
            rewritten=walk.rewritten,
            ruling=self._ruling(walk, finding, answered),
            as_of=self._as_of(walk.statements),
        )

    def _ruling(self, walk: _Walk, finding: Finding, answered: bool) -> Ruling:
        ruling = finding.ruling(answered=answered)
        if walk.found.hits or not walk.limits.filter:
            return ruling
        return replace(ruling, reason=nothing_within(walk.limits, self.collection.filters))

    def _elsewhen(self, walk: _Walk, period: Period) -> str:
        """That an answer rests on other times than the question names, where nothing cited is from then or, where no
        passage is from then either, speaks of that year."""
        cited = [citation for statement in walk.statements for citation in statement.citations]
        if any(not one.date or widened(period).holds(one.date) for one in cited):
            return ""
        then = any(rank.ranking == "date" for hit in walk.found.hits for rank in hit.how)
        years = {str(day.year) for day in (period.first, period.last) if day}
        if not then and any(year in one.quote for year in years for one in cited):
            return ""
        return f"No source cited is from the time that the question names (“{period.words}”)."

    def _as_of(self, statements: Sequence[Statement]) -> AsOf:
        dates = (citation.date for statement in statements for citation in statement.citations)
        return AsOf(max(dates, default=""), self.collection.catalogue.meta("indexed_at"))


def _holds(statements: Sequence[Statement]) -> bool:
    """Whether anything of an answer is supported by what it cites."""
    return any(statement.support in SHOWN and statement.citations for statement in statements)


def _facts(answer: Answer) -> dict[str, str | int]:
    """What may be logged of an answer: counts and words of ours."""
    usage = {key: value for key, value in answer.usage.items() if isinstance(value, int)}
    return {
        "mode": answer.mode,
        "outcome": answer.status,
        "hits": len(answer.hits),
        "statements": len(answer.statements),
        "citations": sum(len(one.citations) for one in answer.statements),
        "answer_chars": len(answer.text),
        "notices": len(answer.notices),
        **usage,
    }


def build_embedder(settings: Settings) -> Embedder:
    """The embedder that the settings name."""
    return embedder(
        settings.embed,
        url=settings.embed_url,
        key=settings.embed_key.get_secret_value(),
        options=settings.embed_options,
    )


def build(settings: Settings, *, owning: bool = False) -> Assistant:
    """The only place where concrete parts meet. Raises OnrecordError that says what is missing.

    Where another process owns the home, the vectors are searched by that one, unless `owning` is meant.
    """
    beside = not owning and not settings.chroma_url and is_owned(settings.home)
    opened = Beside if beside else Collection
    rerank = reranker(settings, likelihoods)
    collection = opened(settings.home, build_embedder(settings), chroma_url=settings.chroma_url, mend=not beside)
    if not settings.llm:
        return Assistant(collection, Retriever(collection, settings.passages, rerank=rerank), None, settings)
    model = language_model(settings)
    retriever = Retriever(collection, settings.passages, rewriter(model), rerank)
    short = settings.llm_prompt == "short" or (settings.llm_prompt == "auto" and is_local(settings.llm))
    generate = GenerativeAnswerer(model, settings.llm_context, settings.llm_prices, short=short)
    return Assistant(collection, retriever, generate, settings)
