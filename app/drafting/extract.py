"""Extractive answers: the fewest sentences of the sources that answer, word for word, or nothing when none does."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.answers import Citation, Statement
from app.drafting.highlight import highlights, short_answer
from app.evidence.amounts import same_value
from app.evidence.candidates import Candidate, Evidence
from app.evidence.finding import Finding
from app.questions.short import AMOUNTS, PATTERNS
from indexing.spans import Span
from indexing.words import stems

ALSO = 2.6  # how much lower than the best a sentence may score and still be shown beside it
LISTED = 3.4  # ... where several things are asked for
ITEM = 1.0  # ... for an item of a list beyond the usual number of sentences
LIST = 8  # sentences of a list at most, however few else are shown
MENTION = 3  # content words; what has fewer of them, all from the question, tells nothing
AGREEING = 0.5  # share of the content words of the shorter of two sentences that both hold when they say the same
# A sentence whose subject is one of these speaks of somebody named before it.
LEANING = re.compile(
    r"^[“\"'(]*(?:(?:and|but|so|then|still|yet|later|also|in fact|instead|however|after that)"
    r"[,\s]+)*(?:he|she|they|it|his|her|their|its|this|these|those|that|such|both|"
    r"the (?:former|latter|two|three|same))\b(?!-)",
    re.IGNORECASE,
)
SPEAKS = re.compile(
    r"[”\"'][,.]?\s+(?:he|she|they)\s+\w+|[”\"'][,.]?\s+\w+\s+(?:he|she|they)\b|"
    r"\b(?:he|she|they) (?:said|told|wrote|added)\b"
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A sentence to show, and sentences of other documents that say the same."""

    candidate: Candidate
    agreeing: tuple[Candidate, ...] = ()


def extract(finding: Finding, most: int) -> Iterator[Statement]:
    """At most `most` statements, document by document (best first), in the order of the source; none is a refusal."""
    if not finding.answers:
        return
    chosen = choose(finding, max(most, LIST) if finding.evidence.asked.lists else most, most)
    sides = [side.candidate.place[0] for each in finding.differences for side in each.sides]
    documents = list(dict.fromkeys([*sides, *(one.candidate.place[0] for one in chosen)]))
    marked = highlights(finding, [one.candidate for one in chosen])
    for one in sorted(chosen, key=lambda each: (documents.index(each.candidate.place[0]), each.candidate.place[1])):
        citations = tuple(_citations(one.candidate)) + tuple(c for other in one.agreeing for c in _citations(other))
        yield Statement(one.candidate.text, citations, "unchecked", highlight=marked.get(one.candidate.place, ()))


def _mentions(one: Candidate, evidence: Evidence) -> bool:
    """Whether a sentence only names what is asked about (`Superdelegates?`). One that says all of a question in a
    sentence of its own is more: it confirms, and leads to what stands after it."""
    return evidence.asked.kind != "yes_no" and len(one.stems) < MENTION and one.stems <= evidence.asked.words


def choose(finding: Finding, most: int, usual: int | None = None) -> list[Chosen]:
    """The fewest sentences that answer: the best, what nearly ties with it, and what one must have read to follow it.

    What contradicts a premise comes first; where sources differ, each side is shown. Beyond `usual` only what adds an
    item to a list.
    """
    evidence = finding.evidence
    also = finding.owed
    telling = [one for one in evidence.ranked if not _mentions(one, evidence)]
    ranked = telling or evidence.ranked
    least = ranked[0].score - (LISTED if evidence.asked.several else ALSO)
    chosen: list[Candidate] = []
    agreeing: dict[tuple[str, Span], list[Candidate]] = {}
    told = bool(finding.premise or finding.differences)  # then what is owed is the answer
    wanted = [*also, *(one for one in ranked[: 4 * most] if one.score >= least and not told)]
    for one in wanted:
        if any(one.place == other.place for other in chosen):
            continue
        if usual is not None and len(chosen) >= usual and not _adds(one, ranked[0], chosen):
            continue
        same = next(
            (other for other in chosen if other not in also and one not in also and agrees(evidence, one, other)), None
        )
        if same is not None:
            agreeing.setdefault(same.place, []).append(one)
            continue
        lead = one.before() if leans(one.text) else None
        needed = [each for each in (lead, one) if each and all(each.place != other.place for other in chosen)]
        if len(chosen) + len(needed) > most:
            needed = [one]
        if len(chosen) + len(needed) <= most:
            chosen += needed
    return [Chosen(one, tuple(agreeing.get(one.place, ()))) for one in chosen]


def _adds(one: Candidate, best: Candidate, chosen: Sequence[Candidate]) -> bool:
    """Whether a sentence has an item of a list that none of the chosen has: it fits nearly as well as the best, in a
    document that is shown, with a short answer of its own; or, where no few words answer, next to one that is shown."""
    documents = {other.place[0] for other in chosen}
    if one.place[0] not in documents or one.score < best.score - ITEM:
        return False
    if one.shorts:
        said = frozenset[str]().union(*(other.stems for other in chosen))
        return any(not said.issuperset(stems(short.span.of(one.text))) for short in one.shorts)
    first = {(other.place[0], other.passage.first + other.index) for other in chosen}
    return any((one.place[0], one.passage.first + one.index + step) in first for step in (-1, 1))


def leans(text: str) -> bool:
    """Whether a sentence speaks of somebody or something that only the sentence before names."""
    return bool(LEANING.search(text) or SPEAKS.search(text))


def agrees(evidence: Evidence, one: Candidate, other: Candidate) -> bool:
    """Whether two documents give the same short answer in sentences about the same."""
    if one.place[0] == other.place[0] or not evidence.exact:
        return False
    answers, others = (short_answer(evidence, each) for each in (one, other))
    if answers is None or others is None:
        return False
    said, known = answers.span.of(one.text), others.span.of(other.text)
    kinds = AMOUNTS if evidence.asked.kind == "amount" else (evidence.asked.kind,)
    counted = any(kind in PATTERNS and same_value(kind, said, known) for kind in kinds)
    shared = len(one.stems & other.stems)
    fewer = min(len(one.stems), len(other.stems))
    alike = counted or (bool(stems(said)) and frozenset(stems(said)) == frozenset(stems(known)))
    return alike and fewer > 0 and shared >= AGREEING * fewer


def _citations(one: Candidate) -> Iterator[Citation]:
    document = one.passage.document
    return (Citation.of(document, piece) for piece in one.sentence.pieces if piece.of(document.text).strip())
