"""Answers written by a language model: numbered sentences go in, statements with references come out.

The model never carries text from a source to the reader: a citation is sliced from the document that a reference names.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from app.answers import Citation, Draft, Statement, Turn, Usage
from app.llm import AnswerCutError, LanguageModel, answer_tokens, count_tokens
from app.references import Claim, Reference, ReferenceParser, read_claims
from app.repair import ANYWHERE, SAME_PASSAGE, meant, misplaced
from indexing.documents import Document, Hit, Passage, Sentence
from indexing.errors import ModelError
from indexing.hostile import is_instruction
from indexing.spans import Span
from prompts import fill

REFUSAL = "NO ANSWER"  # what a model writes when the passages do not answer
TOKENS_PER_MESSAGE = 8  # what a chat template adds, roughly
MARGIN = 0.9  # of a context: the model's tokenizer is not the one that counts
_SPOKEN = re.compile(
    r"(?:according to |in )?(?:passage|source|sentence) ([1-9]\d?)(?:\.([1-9]\d?))?\s*"
    r"(?:[:,–—-]|(?:says|said|states|mentions)(?: that)?\b)\s*(?=\S)",
    re.IGNORECASE,
)
_INVITING = re.compile(r"\[(?=\s*(?:\d|/?INST))")  # brackets that a model could take for a reference or a command


@dataclass(frozen=True, slots=True)
class Shown:
    """What one prompt shows: passages numbered from 1 in this order, each with the sentences that have numbers."""

    passages: tuple[tuple[Document, tuple[Sentence, ...]], ...]
    text: str

    def sentences(self, passage: int) -> tuple[Sentence, ...]:
        return self.passages[passage - 1][1] if 1 <= passage <= len(self.passages) else ()


@dataclass(slots=True)
class _Tally:
    """What is counted while an answer comes in."""

    statements: list[Statement] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    unknown: int = 0
    repaired: int = 0
    moved: int = 0
    attached: int = 0
    echoed: bool = False


class GenerativeAnswerer:
    """Asks `model` with as many passages as fit into `context` tokens beside the history and the answer."""

    def __init__(self, model: LanguageModel, context: int, prices: tuple[float, float] | None = None) -> None:
        """`prices` are dollars per million tokens in and out."""
        self._model = model
        self._context = context
        self._prices = prices

    def __call__(self, question: str, history: Sequence[Turn], hits: Sequence[Hit]) -> Iterator[Statement | Draft]:
        """Statements, unchecked, each as soon as the model has finished it, and last the Draft that holds them all.

        A Draft without statements: the model says that the passages do not answer. ModelError when the endpoint fails,
        also after statements that then are to be withdrawn.
        """
        if not hits:
            yield Draft((), "llm")
            return
        system, user, turns, shown = self._prompt(question, history, hits)
        said: list[str] = []
        tally = _Tally()
        for claim in self._claims(system, user, turns, said, tally):
            if claim.text.startswith(REFUSAL) or _words(claim.text) == _words(REFUSAL):
                break
            if (statement := _statement(claim, question, shown, tally)) is not None:
                tally.statements.append(statement)
                yield statement
        yield Draft(
            tuple(tally.statements), "llm", tuple(_notices(tally)), self._usage(system, user, turns, said, shown)
        )

    def _claims(self, system: str, user: str, turns: Sequence[Turn], said: list[str], tally: _Tally) -> Iterator[Claim]:
        """The claims of the answer; `said` collects its deltas. One that runs on for ever is cut."""
        parser = ReferenceParser()
        room = answer_tokens(self._context) * 12  # characters; a token has about four
        with closing(closable(self._model.stream(system, user, turns))) as deltas:
            try:
                for delta in deltas:
                    said.append(delta)
                    yield from parser.feed(delta)
                    if (room := room - len(delta)) < 0:
                        raise AnswerCutError("the answer does not end")
            except AnswerCutError:
                tally.notices.append("The model's answer was cut at its length limit.")
                yield from (claim for claim in parser.finish() if claim.finished)
            else:
                yield from parser.finish()

    def _prompt(
        self, question: str, history: Sequence[Turn], hits: Sequence[Hit]
    ) -> tuple[str, str, tuple[Turn, ...], Shown]:
        system = fill("answer", refusal=REFUSAL)
        frame = fill("question", question=as_data(question), passages="")
        budget = int((self._context - answer_tokens(self._context)) * MARGIN) - count_tokens(system + frame)
        budget -= 2 * TOKENS_PER_MESSAGE
        turns = recent(history, budget // 4)
        budget -= sum(count_tokens(turn.content) + TOKENS_PER_MESSAGE for turn in turns)
        shown = show([hit.passage for hit in hits], budget)
        if not shown.passages:
            raise ModelError("the question leaves no room for a passage; raise llm_context, or ask a shorter question")
        return system, fill("question", question=as_data(question), passages=shown.text), turns, shown

    def _usage(self, system: str, user: str, turns: Sequence[Turn], said: list[str], shown: Shown) -> Usage:
        """Tokens as we count them, since not every endpoint tells."""
        asked = sum(map(count_tokens, (system, user, *(turn.content for turn in turns))))
        told = count_tokens("".join(said))
        return {
            "prompt_tokens": asked,
            "answer_tokens": told,
            "passages_shown": len(shown.passages),
            "cost_usd": cost(asked, told, self._prices),
        }


def cost(asked: int, told: int, prices: tuple[float, float] | None) -> float | None:
    """Dollars for so many tokens in and out; None where no prices are set."""
    return None if prices is None else round((asked * prices[0] + told * prices[1]) / 1_000_000, 8)


def as_data(text: str) -> str:
    """Text on one line that can neither end the fence around it, nor open a chat template's turn, nor pose as a number.

    Only the model sees it like this; what is cited comes from the document.
    """
    plain = " ".join(text.split()).replace("<", "‹").replace(">", "›")
    return _INVITING.sub("(", plain)


def recent(history: Sequence[Turn], budget: int) -> tuple[Turn, ...]:
    """The latest turns that fit into `budget` tokens, the first of them a question."""
    kept: list[Turn] = []
    for turn in reversed(history):
        turn = Turn(turn.role, as_data(turn.content))
        budget -= count_tokens(turn.content) + TOKENS_PER_MESSAGE
        if budget < 0:
            break
        kept.insert(0, turn)
    while kept and kept[0].role == "assistant":
        del kept[0]
    return tuple(kept)


def show(passages: Sequence[Passage], budget: int) -> Shown:
    """The passages that fit into `budget` tokens, best first, whole; of the best one its first sentences if need be."""
    chosen: list[tuple[Document, tuple[Sentence, ...]]] = []
    texts: list[str] = []
    for passage in passages:
        number, sentences = len(chosen) + 1, passage.sentences
        while sentences and count_tokens(_shown(passage.document, sentences, number)) > budget:
            sentences = () if chosen else sentences[:-1]
        numbered = tuple(sentence for sentence in sentences if sentence.kind == "text")
        if numbered:
            text = _shown(passage.document, sentences, number)
            budget -= count_tokens(text) + 2
            chosen.append((passage.document, numbered))
            texts.append(text)
    return Shown(tuple(chosen), "\n\n".join(texts))


def _shown(document: Document, sentences: Sequence[Sentence], number: int) -> str:
    about = document.metadata
    named = [value for value in (about.title or document.name, about.source, about.date) if value]
    known = ", ".join(as_data(value) for value in named if not is_instruction(value))
    lines = [f"Passage {number}: {known}"]
    count = 0
    for sentence in sentences:
        text = as_data(sentence.visible(document.text))
        if sentence.kind == "suspect":
            continue  # what reads like an order to a model is not shown to one
        if sentence.kind == "heading":
            lines.append(f"({text})")
        else:
            count += 1
            lines.append(f"[{number}.{count}] {text}")
    return "\n".join(lines)


def _statement(claim: Claim, question: str, shown: Shown, tally: _Tally) -> Statement | None:
    """The claim with its citations; None for an echo of the question, a bare number, and what was said already."""
    claim = _spoken(claim)
    if not re.search(r"[^\W\d_]{2}", claim.text):
        return None  # small models write references without brackets: "1.2"
    if _is_echo(claim.text, question):
        tally.echoed = True
        return None
    citations: dict[Citation, None] = {}
    for reference in claim.references:
        found = _cited(reference, claim.text, shown)
        if not found and (found := _meant(reference, claim.text, shown)):
            tally.repaired += 1
        citations.update(dict.fromkeys(found))
        tally.unknown += not found
    if not citations and (found := _attached(claim.text, shown)):
        citations.update(dict.fromkeys(found))
        tally.attached += 1
    elif citations and (elsewhere := misplaced(claim.text, [one.quote for one in citations], shown.passages)):
        citations = dict.fromkeys(_of(*elsewhere))
        tally.moved += 1
    statement = Statement(claim.text, tuple(citations), "unchecked")
    return None if statement in tally.statements else statement


def _spoken(claim: Claim) -> Claim:
    """The claim with the passage that it names in words as its reference: `Passage 2: The council met.`"""
    found = _SPOKEN.match(claim.text)
    if found is None:
        return claim
    said = claim.text[found.end() :]
    named = Reference(int(found[1]), int(found[2] or 0))
    return replace(claim, text=said[:1].upper() + said[1:], references=claim.references or (named,))


def _cited(reference: Reference, text: str, shown: Shown) -> list[Citation]:
    """Citations of the sentence that a reference names, one for each of its visible pieces; none when there is no such.

    A reference to a whole passage means its sentence with the most words of the statement.
    """
    sentences = shown.sentences(reference.passage)
    if not sentences:
        return []
    document = shown.passages[reference.passage - 1][0]
    if reference.sentence > len(sentences):
        return []
    if reference.sentence:
        sentence = sentences[reference.sentence - 1]
    else:
        words = set(_words(text))
        shared = [len(words & set(_words(sentence.visible(document.text)))) for sentence in sentences]
        if not max(shared):
            return []
        sentence = sentences[shared.index(max(shared))]
    return _of(document, sentence)


def _meant(reference: Reference, text: str, shown: Shown) -> list[Citation]:
    """The sentence that a reference to none must have meant: one of its passage, or else of any, that says the same."""
    own = shown.passages[reference.passage - 1 : reference.passage] if reference.passage > 0 else ()
    found = meant(text, own, SAME_PASSAGE) or meant(text, shown.passages, ANYWHERE)
    return _of(*found) if found else []


def _attached(text: str, shown: Shown) -> list[Citation]:
    """The sentence that a statement without a reference says again, where there is one."""
    found = meant(text, shown.passages, ANYWHERE)
    return _of(*found) if found else []


def _of(document: Document, sentence: Sentence) -> list[Citation]:
    return [Citation.of(document, span) for piece in sentence.pieces if (span := _stripped(document.text, piece))]


def _stripped(text: str, piece: Span) -> Span | None:
    """The piece without white space at its ends; None when nothing else is in it."""
    inside = piece.of(text)
    start = piece.start + len(inside) - len(inside.lstrip())
    return Span(start, start + len(inside.strip())) if inside.strip() else None


def _is_echo(text: str, question: str) -> bool:
    """Whether a statement repeats the question, or one sentence of it, in the same words."""
    words = _words(text)
    if words[:1] in (["question"], ["user"], ["q"]) and _words(question)[:1] != words[:1]:
        words = words[1:]
    return any(words == _words(part) for part in (question, *(claim.text for claim in read_claims([question]))))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _notices(tally: _Tally) -> Iterator[str]:
    yield from tally.notices
    if tally.unknown == 1:
        yield "One reference of the model points at no passage and was dropped."
    elif tally.unknown:
        yield f"{tally.unknown} references of the model point at no passage and were dropped."
    if tally.repaired == 1:
        yield "One reference of the model pointed at no passage and was set to the sentence it repeats."
    elif tally.repaired:
        yield f"{tally.repaired} references of the model pointed at no passage and were set to sentences they repeat."
    if tally.moved == 1:
        yield "One reference of the model pointed at a sentence about something else and was set to the one it repeats."
    elif tally.moved:
        yield (
            f"{tally.moved} references of the model pointed at sentences about something else and were set to those "
            "they repeat."
        )
    if tally.attached == 1:
        yield "One statement came without a reference; it is shown with the sentence it repeats."
    elif tally.attached:
        yield f"{tally.attached} statements came without a reference; they are shown with the sentences they repeat."
    if tally.echoed and not tally.statements:
        yield "The model only repeated the question."


def closable(deltas: Iterator[str]) -> Generator[str, None, None]:
    """Closing it closes `deltas`, so that a request ends when its reader walks away."""
    yield from deltas
