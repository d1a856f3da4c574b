"""A model's claims to statements with citations; what had to be set right on the way is counted and told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace

from app.answers import Citation, Statement
from app.counts import counted
from app.drafting.prompting import Shown
from app.drafting.references import Claim, Reference, parse_marker, read_claims
from app.drafting.repair import ANYWHERE, SAME_PASSAGE, meant, misplaced
from indexing.documents import Document, Sentence
from indexing.spans import Span

_SPOKEN = re.compile(
    r"(?:according to |in )?(?:passage|source|sentence) ([1-9]\d?)(?:\.([1-9]\d?))?\s*"
    r"(?:[:,–—-]|(?:says|said|states|mentions)(?: that)?\b)\s*(?=\S)",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Tally:
    """What is counted while an answer comes in."""

    statements: list[Statement] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    unknown: int = 0
    repaired: int = 0
    moved: int = 0
    attached: int = 0
    unread: int = 0
    echoed: bool = False

    def forget(self) -> None:
        """What came so far was no answer."""
        nothing = Tally()
        for each in fields(self):
            setattr(self, each.name, getattr(nothing, each.name))


# A reference in other brackets: at the end of a sentence that has no other, with the numbers of passage and sentence.
_IN_OTHERS = re.compile(
    r"\s*[({]((?:passage|sentence|source)?\s*\d{1,2}\.\d{1,2}(?:\s*[,;]\s*\d{1,2}\.\d{1,2})*)[)}](?=[.!?]?$)",
    re.IGNORECASE,
)


def statement_of(claim: Claim, question: str, shown: Shown, tally: Tally) -> Statement | None:
    """The claim with its citations; None for an echo of the question, a bare number, and what was said already."""
    claim = _in_others(_spoken(claim), shown)
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


def _in_others(claim: Claim, shown: Shown) -> Claim:
    """The claim with what stands in other brackets at its end as its references, where all of them were offered."""
    found = None if claim.references else _IN_OTHERS.search(claim.text)
    named = parse_marker(found[1]) if found else ()
    if found is None or not all(0 < one.sentence <= len(shown.sentences(one.passage)) for one in named):
        return claim
    return replace(claim, text=claim.text[: found.start()] + claim.text[found.end() :], references=named)


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
        words = set(words_of(text))
        shared = [len(words & set(words_of(sentence.visible(document.text)))) for sentence in sentences]
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
    words = words_of(text)
    if words[:1] in (["question"], ["user"], ["q"]) and words_of(question)[:1] != words[:1]:
        words = words[1:]
    return any(words == words_of(part) for part in (question, *(claim.text for claim in read_claims([question]))))


def words_of(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def notices(tally: Tally) -> Iterator[str]:
    yield from tally.notices
    if tally.unread:
        yield f"{counted(tally.unread, 'statement')} of the model left out: the JSON was broken there."
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
