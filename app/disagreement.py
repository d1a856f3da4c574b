"""Where sources differ: the same thing said with another figure or date, each side with its source and its day."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from app.evidence import Candidate, Evidence
from app.short import MONTHS, PATTERNS, Kind, _counts
from indexing.spans import Span
from indexing.words import stems

LOOKED_AT = 12  # sentences, best first
NEAR = 2.5  # how much lower than the best a sentence may score and still speak of the same
SHARED = 2  # content words about a figure that both sides must have, of them so many of the question's
ALIKE = 0.5  # ... and what share of the fewer of the two
COVERED = 0.3  # share of the question's words that must stand about a figure
WINDOW = 12  # words on each side of a figure that tell what it is a figure of
SIDES = 4
SCALES = {
    "hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "dozen": 12,
    "k": 1e3, "m": 1e6, "mn": 1e6, "b": 1e9, "bn": 1e9,
}  # fmt: skip
NAMED = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
).split()
VALUES: dict[str, float] = {word: float(number) for number, word in enumerate(NAMED)} | {
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "half": 50,
}  # fmt: skip
COMPARED: tuple[Kind, ...] = ("percent", "money", "count", "duration", "age", "time")
VAGUE = re.compile(
    r"\b(?:about|around|almost|nearly|more than|over|at least|up to|roughly|some|approximately|as much as|fewer than|"
    r"less than)\s+$",
    re.IGNORECASE,
)
CLAUSE = re.compile(r"[;:()—–]|,\s|\b(?:while|although|though|but|whereas|compared with|against|up from|down from)\b")
FULL_DATE = re.compile(
    rf"(?:(\d{{1,2}})\s)?({MONTHS})(?:\s(\d{{1,2}}))?(?:,?\s((?:1[5-9]|20)\d\d))?|\b((?:1[5-9]|20)\d\d)\b"
)


@dataclass(frozen=True, slots=True)
class Amount:
    """A figure or a date in a sentence: its value, its unit, and the stems around it that tell what it is of."""

    span: Span
    value: float | str
    unit: str
    about: frozenset[str]
    vague: bool


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
    kind = evidence.asked.kind
    kinds: tuple[Kind, ...] = ("count", "percent") if kind == "count" else ()  # of how many, often the share is told
    kinds = kinds or ((kind,) if kind in COMPARED else COMPARED if kind in ("thing", "manner", "yes_no") else ())
    ranked = [one for one in evidence.ranked[:LOOKED_AT] if one.score >= evidence.ranked[0].score - NEAR]
    for each in kinds:
        sides = _sides(each, ranked, evidence)
        if len(sides) > 1:
            return (Difference(each, tuple(sorted(sides, key=_newest_first))),)
    return ()


def _newest_first(side: Side) -> tuple[int, str]:
    day = side.candidate.passage.document.metadata.date
    return (-int(re.sub(r"\D", "", day)[:8].ljust(8, "0") or 0), side.candidate.passage.document.name)


def _sides(kind: Kind, ranked: Sequence[Candidate], evidence: Evidence) -> list[Side]:
    """The best sentence's figure of this kind and those of other documents that differ from it."""
    amounts = [(one, amount) for one in ranked for amount in _amounts(kind, one.text)]
    for first, amount in amounts:
        if not _asked_for(amount, evidence):
            continue
        sides = [_side(first, amount)]
        for other, another in amounts:
            known = {side.candidate.place[0] for side in sides}
            if other.place[0] in known or _copies(first, other, evidence):
                continue
            if not (_asked_for(another, evidence) and _same_thing(amount, another, evidence)):
                continue
            if all(_differs(another, each) for each in _values(kind, sides)) and not _holds(other, amount, kind):
                sides.append(_side(other, another))
        if len(sides) > 1:
            return sides[:SIDES]
    return []


def _side(one: Candidate, amount: Amount) -> Side:
    return Side(" ".join(amount.span.of(one.text).split()), amount.span, one)


def _values(kind: Kind, sides: Sequence[Side]) -> Iterator[Amount]:
    for side in sides:
        yield from (amount for amount in _amounts(kind, side.candidate.text) if amount.span == side.span)


def _holds(one: Candidate, amount: Amount, kind: Kind) -> bool:
    """Whether a sentence has the same figure as well: then it sets figures side by side itself."""
    return any(not _differs(each, amount) for each in _amounts(kind, one.text))


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
    return one.unit == other.unit and len(shared) >= SHARED and len(shared) >= ALIKE * fewer and len(asked) >= SHARED


def _differs(one: Amount, other: Amount) -> bool:
    if isinstance(one.value, str) or isinstance(other.value, str):
        return not _compatible(str(one.value), str(other.value))
    if one.vague or other.vague:
        return abs(one.value - other.value) > 0.1 * max(abs(one.value), abs(other.value))
    return one.value != other.value


def _compatible(one: str, other: str) -> bool:
    """Whether two dates can be the same: what both of them state is equal."""
    return all(a == b or "?" in (a, b) for a, b in zip(one.split("-"), other.split("-"), strict=True))


def _amounts(kind: Kind, text: str) -> Iterator[Amount]:
    for match in (FULL_DATE if kind == "time" else PATTERNS[kind]).finditer(text):
        span = Span(*match.span())
        if kind == "count" and not _counts(span, text):
            continue
        value = _date(match) if kind == "time" else _value(span.of(text))
        if value is None:
            continue
        before = CLAUSE.split(text[: span.start])[-1].split()[-WINDOW:]
        after = CLAUSE.split(text[span.end :])[0].split()[:WINDOW]
        about = frozenset(stems(" ".join([*before, *after])))
        yield Amount(span, value, _unit(kind, span.of(text), after), about, bool(VAGUE.search(text[: span.start])))


def _unit(kind: Kind, figure: str, after: Sequence[str]) -> str:
    if kind == "money":
        return next((sign for sign in "$€£¥" if sign in figure), figure.rsplit(maxsplit=1)[-1].rstrip("s").lower())
    if kind == "duration":
        return figure.rsplit(maxsplit=1)[-1].rsplit("-", maxsplit=1)[-1].rstrip("s").lower()
    if kind == "count":
        return (stems(" ".join(after[:2])) or [""])[-1]
    return kind


def _value(figure: str) -> float | None:
    """What a figure is worth, in digits or in words; none where that cannot be told."""
    found = re.search(r"\d[\d,]*(?:\.\d+)?", figure)
    words = re.findall(r"[a-z]+", figure.lower())
    if found:
        number = float(found[0].replace(",", ""))
    else:
        number = next((VALUES[word] for word in words if word in VALUES), -1.0)
    for word in words:
        if word in SCALES:
            number = (number if number >= 0 else 1.0) * SCALES[word]
    return number if number >= 0 else None


def _date(match: re.Match[str]) -> str | None:
    """`year-month-day` with `?` for what is not stated; none where only a month is."""
    day, month, later, year, alone = match.groups()
    if alone:
        return f"{alone}-?-?"
    if not (day or later or year):
        return None
    name = month[:3].title()
    number = [f"{date(2000, each, 1):%b}" for each in range(1, 13)].index(name) + 1
    return f"{year or '?'}-{number}-{day or later or '?'}"
