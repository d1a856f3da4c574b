"""Anyone's answer against anyone's sources, statement by statement: the same gate, without an index.

Where the answer has markers (`[2]`: the second source) a statement is held against the sources it names; where it has
none the gate finds the sentences that support it best.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from app.answers import Citation, Statement
from app.drafting.references import parse_marker
from app.grounding import calibration
from app.grounding.alignment import Evidence, Measures
from app.grounding.judgement import NOTHING_ADDED, Judgement, Known, Opinion, judge
from app.grounding.polarity import nearest
from app.grounding.wording import WORD, compact, is_claim, plain
from app.judging.attributed import misattributed, quoted_in
from app.judging.quotations import exact_quotations
from indexing.clean import Block
from indexing.documents import Document, Sentence
from indexing.sentences import sentences_of
from indexing.spans import Span

WRAPPED = 60  # characters from which on a line without an end may be one that was wrapped by hand
MARKER = re.compile(r"\s*\[([^\[\]\n]{1,80})\]")
ITEM = re.compile(r"\s*(?:(?:[-*+•>]|#{1,6}|\d{1,3}[.)])\s+)*(?:\*\*|__)?")
MOST_CITED = 3

Status = Literal["supported", "not_supported", "no_claims"]


@dataclass(frozen=True, slots=True)
class Source:
    """A document and its sentences in reading order."""

    document: Document
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """`score`: how likely all that the answer says is supported; None where it claims nothing."""

    statements: tuple[Statement, ...]
    status: Status
    score: float | None

    def as_json(self) -> dict[str, Any]:
        """The public contract of `ground --json`; offsets in code points of the answer and of each source's text."""
        return {
            "statements": [_as_json(statement) for statement in self.statements],
            "score": None if self.score is None else round(self.score, 4),
            "status": self.status,
        }


def _as_json(statement: Statement) -> dict[str, Any]:
    citations = [
        {"file": one.file, "start": one.span.start, "end": one.span.end, "quote": one.quote}
        for one in statement.citations
    ]
    return {**statement.as_json(), "citations": citations}


class Checker:
    """Sources to hold answers against; what was read of them is kept from one answer to the next."""

    def __init__(self, sources: Sequence[Source], opinion: Opinion | None = None) -> None:
        """`opinion` is asked about every claim, too; what it says is labelled."""
        self._sources = tuple(sources)
        self._opinion = opinion
        self._grounds = [_Ground([source]) for source in self._sources]
        self._all = _Ground(self._sources) if len(self._sources) != 1 else self._grounds[0]

    def check(self, answer: str) -> Checked:
        statements: list[Statement] = []
        judged: list[tuple[Judgement, int]] = []
        for text, span, numbers in statements_of(answer):
            shown = span.of(answer)
            if not is_claim(text):
                statements.append(Statement(shown, (), "not_a_claim", span, "it says nothing that could be checked"))
                continue
            ground = self._ground(numbers)
            judgement, citations = ground.judge(text)
            if numbers and not any(number <= len(self._sources) for number in numbers):
                judgement = _without_its_source(judgement)
            if self._opinion:
                judgement = self._opinion(text, [one.quote for one in citations], judgement)
            judged.append((judgement, len(WORD.findall(text))))
            statements.append(
                Statement(shown, citations, judgement.support, span, judgement.reason, score=judgement.score)
            )
        held = all(one.support in ("supported", "not_a_claim") for one in statements)
        status: Status = "no_claims" if not judged else "supported" if held else "not_supported"
        return Checked(tuple(statements), status, _score(judged))

    def measures(self, statement: str) -> Measures:
        """What calibration weighs, of one statement beside all sources."""
        return self._all.measures(statement)

    def _ground(self, numbers: Sequence[int]) -> _Ground:
        named = sorted({number for number in numbers if number <= len(self._sources)})
        if not named:
            return self._all
        if len(named) == 1:
            return self._grounds[named[0] - 1]
        return _Ground([self._sources[number - 1] for number in named])


def _score(judged: Sequence[tuple[Judgement, int]]) -> float | None:
    """Of judgements, each with how many words its statement has."""
    if not judged:
        return None
    logits, novelties, pure = zip(*((one.logit, one.novelty, one.pure) for one, _ in judged), strict=True)
    heard = sum(one.heard for one, _ in judged) / len(judged)
    return calibration.answer_probability(logits, novelties, pure, [words for _, words in judged], heard)


def _without_its_source(judgement: Judgement) -> Judgement:
    support: Literal["partly", "unsupported"] = "unsupported" if judgement.support == "unsupported" else "partly"
    return judgement.lowered(support, f"its reference points at no source that was given; {judgement.reason}")


class _Ground:
    """The sentences of some sources, all of which a statement may rest on."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._places = [(source.document, one) for source in sources for one in source.sentences]
        self._documents = [source.document for source in sources]
        texts = [one.visible(document.text) for document, one in self._places]
        self._evidence = Evidence(texts)
        self._verbatim = {compact(plain(text)): index for index, text in reversed(list(enumerate(texts)))}
        about = [document.metadata for document in self._documents]
        self._known = Known(
            plain(" ".join(one.title for one in about)),
            plain(" ".join(f"{one.source} {one.author}" for one in about)),
            plain(" ".join(texts)),
        )

    def judge(self, text: str) -> tuple[Judgement, tuple[Citation, ...]]:
        """What the sources say to a statement, and the sentences that say it or come nearest."""
        quoted, faults = exact_quotations(text, self._documents)
        same = self._verbatim.get(compact(plain(text)))
        if same is not None:
            return Judgement("supported", "word for word in the source", 1.0), self._cited([same])
        among = self._evidence.nearest(quoted)
        if not among:
            return Judgement("unsupported", "there is no source to hold it against", 0.0, 1.0, pure=-NOTHING_ADDED), ()
        faults += misattributed(quoted, self._documents, quoted_in)
        judgement = judge(quoted, self._evidence, among, self._known, faults)
        near = set(nearest(plain(quoted), [self._evidence.sentences[index] for index in among]))
        used = [index for index in among if self._evidence.sentences[index] in near] or among[:1]
        return judgement, self._cited(used[:MOST_CITED])

    def measures(self, text: str) -> Measures:
        return self._evidence.measures(text, self._evidence.nearest(text))

    def _cited(self, indexes: Sequence[int]) -> tuple[Citation, ...]:
        found = ((self._places[index][0], piece) for index in indexes for piece in self._places[index][1].pieces)
        return tuple(Citation.of(document, piece) for document, piece in found if piece.of(document.text).strip())


def statements_of(answer: str) -> Iterator[tuple[str, Span, tuple[int, ...]]]:
    """The sentences of an answer without markers, each with its place, and the numbers that its markers name."""
    for paragraph in _paragraphs(answer):
        waiting: list[tuple[str, Span, tuple[int, ...]]] = []
        for sentence in sentences_of(answer, (Block("text", (paragraph,)),)):
            start, numbers = _behind(answer, sentence.span)
            if waiting and numbers:  # markers after a full stop belong to the sentence before
                text, span, known = waiting.pop()
                waiting.append((text, Span(span.start, start), (*known, *numbers)))
                numbers = ()
            start += len(re.match(r"\s*", answer[start : sentence.span.end])[0])  # type: ignore[index]
            if start < sentence.span.end:
                span = Span(start, sentence.span.end)
                inside = tuple(number for mark in MARKER.finditer(span.of(answer)) for number in _numbers(mark))
                text = MARKER.sub(lambda mark: "" if _numbers(mark) else mark[0], span.of(answer)).strip()
                waiting.append((text, span, (*numbers, *inside)))
        yield from ((text, _trimmed(answer, span), numbers) for text, span, numbers in waiting if text)


def _numbers(mark: re.Match[str]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(reference.passage for reference in parse_marker(mark[1])))


def _behind(answer: str, span: Span) -> tuple[int, tuple[int, ...]]:
    """Where a sentence begins after the markers at its front, and what these name."""
    start = span.start
    numbers: tuple[int, ...] = ()
    while (mark := MARKER.match(answer, start, span.end)) and (found := _numbers(mark)):
        start, numbers = mark.end(), (*numbers, *found)
    return start, numbers


def _trimmed(answer: str, span: Span) -> Span:
    inside = span.of(answer)
    start = span.start + len(inside) - len(inside.lstrip())
    return Span(start, start + len(inside.strip()))


def _paragraphs(answer: str) -> Iterator[Span]:
    """Lines without their list marks; a line that was wrapped by hand goes on in the next."""
    start = end = 0
    for line in re.finditer(r"[^\r\n]+", answer):
        if not line[0].strip():
            continue
        item = ITEM.match(answer, line.start(), line.end())
        body = item.end() if item else line.start()
        broken = re.search(r"\n\s*\n", answer[end : line.start()])
        marked = body > line.start() + len(line[0]) - len(line[0].lstrip())
        wrapped = end - start >= WRAPPED and not re.search(r"[.!?:]['\"”’)\]*_]*\s*$", answer[start:end])
        if end and wrapped and not broken and not marked:
            end = line.end()
            continue
        if end > start:
            yield Span(start, end)
        start, end = body, line.end()
    if end > start:
        yield Span(start, end)
