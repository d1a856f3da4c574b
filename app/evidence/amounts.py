"""Figures and dates in a sentence: what each is worth, what it is a figure of, and of which place and year."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from app.grounding.figures import FIGURE, value_of
from app.questions.short import MONTHS, NAME, PATTERNS, Kind, counts
from indexing.spans import Span
from indexing.words import stems

WINDOW = 12  # words on each side of a figure that tell what it is a figure of
ROUGHLY = 0.1  # share by which figures may differ of which one is said to be about so much
VAGUE = re.compile(
    r"\b(?:about|around|almost|nearly|more than|over|at least|up to|roughly|some|approximately|as much as|fewer than|"
    r"less than)\s+$",
    re.IGNORECASE,
)
CLAUSE = re.compile(r"[;:()—–]|,\s|\b(?:while|although|though|but|whereas|compared with|against|up from|down from)\b")
FULL_DATE = re.compile(
    rf"(?:(\d{{1,2}})\s)?({MONTHS})(?:\s(\d{{1,2}})(?!\d))?(?:,?\s((?:1[5-9]|20)\d\d))?|\b((?:1[5-9]|20)\d\d)\b"
)
PARTS = {"half": 2, "third": 3, "quarter": 4, "fifth": 5, "tenth": 10}
PART = re.compile(rf"\b(?:(a|one|two|three|four)[\s-])?({'|'.join(PARTS)})s?\b", re.IGNORECASE)
ATTACHED = re.compile(r"(?<=\d)(?=(?:hundred|thousand|million|billion|trillion)\b)", re.IGNORECASE)
WHERE = re.compile(rf"\b(?:in|of|at|from|near|across|throughout|over)\s(?:the\s)?({NAME.pattern})")
YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")


@dataclass(frozen=True, slots=True)
class Amount:
    """A figure or a date in a sentence: its value, its unit, and the stems around it that tell what it is of.

    `places` are the stems of places that it is said to be of, `years` of which year; empty where that is not said.
    """

    span: Span
    value: float | str
    unit: str
    about: frozenset[str]
    vague: bool
    places: frozenset[str]
    years: frozenset[str]


def amounts(kind: Kind, text: str) -> Iterator[Amount]:
    """Those of one kind in a text, in order; dates as `year-month-day`, with `?` for what is not said."""
    for match in (FULL_DATE if kind == "time" else PATTERNS[kind]).finditer(text):
        span = Span(*match.span())
        if kind == "count" and not counts(span, text):
            continue
        figure = span.of(text)
        value = _date(match) if kind == "time" else _value(figure) if _of_kind(kind, figure) else None
        if value is None:
            continue
        before = CLAUSE.split(text[: span.start])[-1].split()[-WINDOW:]
        after = CLAUSE.split(text[span.end :])[0].split()[:WINDOW]
        beside = [" ".join(before), " ".join(after)]
        yield Amount(
            span,
            value,
            _unit(kind, figure, after),
            frozenset(stems(" ".join(beside))),
            bool(VAGUE.search(text[: span.start]) or (kind == "percent" and PART.fullmatch(figure))),
            frozenset(stem for each in beside for name in WHERE.findall(each) for stem in stems(name)),
            frozenset(() if kind == "time" else (year for each in beside for year in YEAR.findall(each))),
        )


def differs(one: Amount, other: Amount) -> bool:
    """Whether the values cannot both be so."""
    if isinstance(one.value, str) or isinstance(other.value, str):
        return not _compatible(str(one.value), str(other.value))
    if one.vague or other.vague:
        return abs(one.value - other.value) > ROUGHLY * max(abs(one.value), abs(other.value))
    return one.value != other.value


def same_value(kind: Kind, one: str, other: str) -> bool:
    """Whether two texts are one figure or date of a kind: `54 percent` and `54 per cent`."""
    first, second = ([each.value for each in amounts(kind, text)] for text in (one, other))
    return len(first) == 1 and first == second


def elsewhere(one: Amount, other: Amount, known: frozenset[str]) -> bool:
    """Whether they are figures of different places or years by what both say; `known` are the question's stems."""
    for ours, theirs in ((one.places - known, other.places - known), (one.years, other.years)):
        if ours and theirs and not ours & theirs:
            return True
    return False


def _compatible(one: str, other: str) -> bool:
    """Whether two dates can be the same: what both of them state is equal."""
    return all(a == b or "?" in (a, b) for a, b in zip(one.split("-"), other.split("-"), strict=True))


def _unit(kind: Kind, figure: str, after: Sequence[str]) -> str:
    if kind == "money":
        return next((sign for sign in "$€£¥" if sign in figure), figure.rsplit(maxsplit=1)[-1].rstrip("s").lower())
    if kind == "duration":
        return figure.rsplit(maxsplit=1)[-1].rsplit("-", maxsplit=1)[-1].rstrip("s").lower()
    if kind == "count":
        return (stems(" ".join(after[:2])) or [""])[-1]
    if kind == "percent" and "point" in figure.lower():
        return "points"  # between two shares
    return kind


def _of_kind(kind: Kind, figure: str) -> bool:
    """Whether a figure says itself that it is a share, where one is compared: a score or a measure may be none."""
    return kind != "percent" or re.search(r"%|per\s?cent|point", figure) is not None or PART.search(figure) is not None


def _value(figure: str) -> float | None:
    """What a figure is worth, in digits or in words; none where that cannot be told, as of `45-40`."""
    if re.search(r"\d[-–]\d", figure):
        return None
    if part := PART.search(figure):
        many = (part[1] or "a").lower()
        return 100.0 * (1.0 if many == "a" else value_of(many)) / PARTS[part[2].lower()]
    found = FIGURE.search(ATTACHED.sub(" ", figure))
    return value_of(found["number"]) if found else None


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
