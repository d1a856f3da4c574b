"""Where sources differ: the same thing said with another figure or date, each side with its source and its day."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from app.evidence.amounts import Amount, amounts, differs, elsewhere
from app.evidence.candidates import Candidate, Evidence
from app.questions.short import AMOUNTS, NEARLY, TOLD, Kind, is_age_of
from indexing.spans import Span

LOOKED_AT = 12  # sentences, best first
NEAR = 2.5  # how much lower than the best a sentence may score and still speak of the same
SHARED = 2  # content words about a figure that both sides must have, of them so many of the question's
ALIKE = 0.5  # ... and what share of the fewer of the two
COVERED = 0.3  # share of the question's words that must stand about a figure
SIDES = 4
SURE = 0.5  # how surely a sentence must answer, whatever words stand about its figure,
NAMED = 0.5  # ... and what share of the question's names it must have around it
COMPARED: tuple[Kind, ...] = ("percent", "money", "count", "duration", "age", "time")


@dataclass(frozen=True, slots=True)
class Side:
    """One source's figure, and the sentence that has it."""

    value: str
    span: Span
    candidate: Candidate


@dataclass(frozen=True, slots=True)
class Difference:
    """Sides that differ, newest source first."""

    unit: str
    sides: tuple[Side, ...]


def differences(evidence: Evidence) -> tuple[Difference, ...]:
    """Where sources differ about what is asked: at most one difference, about the figure or date that would answer."""
    ranked = [one for one in evidence.ranked[:LOOKED_AT] if one.score >= evidence.ranked[0].score - NEAR]
    return _first(evidence, lambda kind: _sides(kind, ranked, evidence))


def differences_read(evidence: Evidence) -> tuple[Difference, ...]:
    """The same in other words ("It costs", "the price is"), where the reader is sure that each sentence answers, and
    with its figure; none where no reader was asked."""
    sure = [
        one
        for one in evidence.ranked[:LOOKED_AT]
        if one.read is not None and one.read >= SURE and one.features.names_around >= NAMED
    ]
    return _first(evidence, lambda kind: _told_sides(kind, sure, evidence))


def _first(evidence: Evidence, sides_of: Callable[[Kind], Sequence[Side]]) -> tuple[Difference, ...]:
    """The difference in the first kind of figure that would answer of which there are two sides."""
    kind = evidence.asked.kind
    # Of how many, often the share is told; how much may be told in money, too.
    kinds: tuple[Kind, ...] = {"count": ("count", "percent"), "amount": AMOUNTS}.get(kind, ())
    kinds = kinds or ((kind,) if kind in COMPARED else COMPARED if kind in ("thing", "manner", "yes_no") else ())
    for each in kinds:
        sides = sides_of(each)
        if len(sides) > 1:
            return (Difference(each, tuple(sorted(sides, key=_newest_first))),)
    return ()


def _newest_first(side: Side) -> tuple[int, str]:
    day = side.candidate.passage.document.metadata.date
    return (-int(re.sub(r"\D", "", day)[:8].ljust(8, "0") or 0), side.candidate.passage.document.name)


def _sides(kind: Kind, ranked: Sequence[Candidate], evidence: Evidence) -> list[Side]:
    """The best sentence's figure of this kind and those of other documents that differ from it."""
    found = [(one, amount) for one in ranked for amount in _of_those_asked_for(kind, one, evidence)]
    for first, amount in found:
        if not _asked_for(amount, evidence):
            continue
        sides = [_side(first, amount)]
        for other, another in found:
            known = {side.candidate.place[0] for side in sides}
            if other.place[0] in known or _copies(first, other, evidence):
                continue
            if not (_asked_for(another, evidence) and _same_thing(amount, another, evidence)):
                continue
            if not all(differs(another, each) for each in _values(kind, sides)):
                continue
            if not (_holds(other, amount, kind) or _holds(first, another, kind)):
                sides.append(_side(other, another))
        if len(sides) > 1:
            return sides[:SIDES]
    return []


def _told_sides(kind: Kind, sure: Sequence[Candidate], evidence: Evidence) -> list[Side]:
    """The surest sentence's figure, and those of other documents that differ from it and from each other."""
    found: list[tuple[Candidate, Amount]] = []
    for one in sorted(sure, key=lambda each: each.read or 0.0, reverse=True):
        told = [(one.told(amount.span), amount) for amount in _of_those_asked_for(kind, one, evidence)]
        likely, amount = max(told, key=lambda each: each[0], default=(0.0, None))
        if amount is None or likely < TOLD:
            continue
        if sum(each.unit == amount.unit for nearly, each in told if nearly > likely - NEARLY) > 1:
            continue  # nobody can tell which it is
        if all(
            not _copies(other, one, evidence)
            and other.place[0] != one.place[0]
            and each.unit == amount.unit
            and not elsewhere(each, amount, frozenset(evidence.query.weights))
            and not (_holds(one, each, kind) or _holds(other, amount, kind))
            for other, each in found
        ):
            found.append((one, amount))
    return [_side(*each) for each in found[:SIDES]]


def _of_those_asked_for(kind: Kind, one: Candidate, evidence: Evidence) -> Iterator[Amount]:
    """The figures of a sentence; ages are not those of others."""
    for amount in amounts(kind, one.text):
        if kind != "age" or is_age_of(evidence.asked.aged, amount.span, one.text):
            yield amount


def _side(one: Candidate, amount: Amount) -> Side:
    return Side(" ".join(amount.span.of(one.text).split()), amount.span, one)


def _values(kind: Kind, sides: Sequence[Side]) -> Iterator[Amount]:
    for side in sides:
        yield from (amount for amount in amounts(kind, side.candidate.text) if amount.span == side.span)


def _holds(one: Candidate, amount: Amount, kind: Kind) -> bool:
    """Whether a sentence has the same figure as well: then it sets figures side by side itself."""
    return any(not differs(each, amount) for each in amounts(kind, one.text))


def _asked_for(amount: Amount, evidence: Evidence) -> bool:
    weights = evidence.query.weights
    return sum(weights.get(stem, 0.0) for stem in amount.about) >= COVERED * sum(weights.values())


def _copies(one: Candidate, other: Candidate, evidence: Evidence) -> bool:
    """Whether their documents are copies of one text; of its versions one supersedes the other."""
    groups = evidence.found.groups
    label = groups.get(one.place[0])
    return label is not None and label == groups.get(other.place[0])


def _same_thing(one: Amount, other: Amount, evidence: Evidence) -> bool:
    shared = one.about & other.about
    asked = shared & frozenset(evidence.query.weights)
    fewer = min(len(one.about), len(other.about)) or 1
    if one.unit != other.unit or elsewhere(one, other, frozenset(evidence.query.weights)):
        return False
    return len(shared) >= SHARED and len(shared) >= ALIKE * fewer and len(asked) >= SHARED
