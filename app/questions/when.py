"""The time that a question names: `in November 2015`, `since 2016`, `the last week of March 2016`, `last month`."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator

from app.questions.limits import Period, whole

MONTHS = {
    name.casefold(): number
    for number, name in enumerate(
        "January February March April May June July August September October November December".split(), 1
    )
}
SHORT = {name[:3]: number for name, number in MONTHS.items()} | {"sept": 9}
SEASONS = {"spring": (3, 5), "summer": (6, 8), "autumn": (9, 11), "fall": (9, 11), "winter": (12, 2)}
ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}
PARTS = {"early": (0.0, 0.4), "mid": (0.3, 0.7), "the middle of": (0.3, 0.7), "late": (0.6, 1.0)}

_MONTH = rf"(?P<month>{'|'.join(MONTHS)}|(?:{'|'.join(SHORT)})\b\.?)"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_TO = r"\s*(?:and|or|to|until|till|through|[-–&])\s*"
_BEGIN = _MONTH.replace("<month>", "<begin>")
_FROM_DAY = _DAY.replace("<day>", "<beginday>")
_PART = rf"(?P<part>{'|'.join(PARTS)})[\s-]+"
# Longest first: what one form takes, a later one does not see.
_FORMS = [
    r"(?P<year>(?:19|20)\d\d)-(?P<monthnumber>\d\d)-(?P<day>\d\d)",
    rf"{_BEGIN}(?:\s+{_FROM_DAY})?{_TO}{_MONTH}(?:\s+{_DAY})?,?\s+(?:of\s+)?{_YEAR}",
    rf"{_MONTH}\s+{_FROM_DAY}{_TO}{_DAY},?\s+{_YEAR}",
    rf"{_FROM_DAY}{_TO}{_DAY}\s+(?:of\s+)?{_MONTH},?\s+{_YEAR}",
    rf"{_MONTH}\s+{_DAY},?\s+{_YEAR}",
    rf"{_DAY}\s+(?:of\s+)?{_MONTH},?\s+{_YEAR}",
    rf"(?:the\s+)?(?P<nth>{'|'.join(ORDINALS)}|last)\s+week\s+(?:of|in)\s+{_MONTH},?\s+{_YEAR}",
    rf"(?:the\s+)?(?P<half>first|second)\s+half\s+of\s+(?:{_MONTH},?\s+)?{_YEAR}",
    rf"(?:{_PART})?{_MONTH},?\s+(?:of\s+)?{_YEAR}",
    rf"(?:{_PART})?(?:the\s+)?(?P<season>{'|'.join(SEASONS)})\s+(?:of\s+)?{_YEAR}",
    rf"(?:{_PART})?{_YEAR}(?![-–]?\d|\w)",
]  # fmt: skip
_NAMED = re.compile(r"P<([a-z]+)>")
# A group's name may stand but once in a pattern, so each form's names get a letter in front.
_TIME = re.compile(
    r"(?<!\w)(?:"
    + "|".join("(?:" + _NAMED.sub(rf"P<{chr(97 + at)}_\1>", form) + ")" for at, form in enumerate(_FORMS))
    + ")",
    re.IGNORECASE,
)
# `The 2016 election` and `2000 people` name a thing, not a time: a year alone stands after one of these words, or
# before one that goes on with the sentence.
_DATING = re.compile(
    r"(?:^|\b(?:in|during|since|until|till|before|after|from|between|and|or|to|through|throughout|year))\W*$", re.I
)
_GOES_ON = re.compile(
    r"\s*(?:$|[^\w\s]|(?:in|on|at|for|from|to|of|by|with|about|and|or|but|until|till|through|as|than|"
    r"is|are|was|were|did|does|do|has|had|have|will|would|can|could|who|what|which|when|where|why|how|that|the|"
    r"he|she|it|they|leave|left|be)\b)",
    re.I,
)
# `Today` with a capital within a question is a newspaper, `Last Week` a programme; `the last week of the strike` is not
# last week.
_RELATIVE = re.compile(
    r"\b(?:(?P<day>today|yesterday)|(?P<which>this|last|past|(?<!the )previous)\s+(?P<unit>week|month|year))\b"
    r"(?!\s+(?:of|before)\b)"
)
_BEFORE = re.compile(r"\b(?:before|until|till|up to|prior to|by|no later than)\s+(?:the\s+)?(?:end\s+of\s+)?$", re.I)
_NOT_IN_IT = re.compile(r"\b(?:before|prior to)\s+(?:the\s+)?$", re.I)
_AFTER = re.compile(r"\b(?:after|since|following|from)\s+(?:the\s+)?(?:end\s+of\s+|start\s+of\s+)?$", re.I)
_STRICT = re.compile(r"\b(?:(?:after|following)\s+(?:the\s+)?|end\s+of\s+)$", re.I)
_ONWARDS = re.compile(r"\s*(?:on\s*(?:$|\W)|onwards?\b|forward\b|to\b|until\b|till\b|through\b)", re.I)
_RANGE = re.compile(r"\s*(?:and|to|until|till|through|[-–])\s*(?:the\s+)?", re.I)
_EVENT = re.compile(
    r"\b(?P<side>before|after|since|until|during|following|ahead of|at)\s+(?P<event>(?:the\s+)?(?:[\w'’.-]+\s+){0,4}?"
    r"(?:conventions?|elections?|debates?|primar(?:y|ies)|caucus(?:es)?|summits?|vote|referendum|hearings?|trial|"
    r"inauguration|strike|attacks?|shootings?|flood|fire|storm|opening|final|festival|conference))\b",
    re.IGNORECASE,
)
WIDE = datetime.timedelta(days=31)  # a report of what happened then may come so much later

EventDay = Callable[[str], datetime.date | None]
"""When something took place, as the collection tells; None where it does not."""


def period_of(question: str, newest: str = "", event_day: EventDay | None = None) -> Period | None:
    """The time that a question names, None where it names none or more than one that do not belong together.

    `newest` is the ISO day of the newest document, which `last month` is counted from.
    """
    times = list(_times(question))
    if len(times) == 2 and _RANGE.fullmatch(question[times[0][1] : times[1][0]]):
        (start, _, *one), (_, end, *other) = times
        return Period(min(one + other), max(one + other), question[start:end])
    if len(times) == 1:
        start, end, first, last = times[0]
        return _sided(question[:start], first, last, question[start:end], question[end:])
    if times:
        return None
    return _relative(question, newest) or (_event(question, event_day) if event_day else None)


def _sided(before: str, first: datetime.date, last: datetime.date, words: str, behind: str) -> Period:
    """`A survey from March` is one of that month; `from March on` is everything since."""
    if found := _BEFORE.search(before):
        return Period(None, first if _NOT_IN_IT.search(before) else last, found[0] + words)
    found = _AFTER.search(before)
    if found and (not found[0].casefold().startswith("from") or _ONWARDS.match(behind)):
        return Period(last if _STRICT.search(before) else first, None, found[0] + words)
    return Period(first, last, words)


def _times(question: str) -> Iterator[tuple[int, int, datetime.date, datetime.date]]:
    """Where a time is named, and its first and last day."""
    for found in _TIME.finditer(question):
        parts = {key[2:]: value.casefold() for key, value in found.groupdict().items() if value}
        if parts.keys() == {"year"} and not _dates(question[: found.start()], question[found.end() :]):
            continue
        try:
            yield *found.span(), *_days(parts)
        except ValueError:
            continue  # the 31st of February


def _dates(before: str, behind: str) -> bool:
    """Whether a year that stands alone says when: it is not put before a thing, as in `the 2016 election`."""
    return bool(_DATING.search(before)) or (
        bool(_GOES_ON.match(behind)) and not re.search(r"(?:\b(?:the|an?)|['’]s?)\s+$", before, re.I)
    )


def _days(parts: dict[str, str]) -> tuple[datetime.date, datetime.date]:
    year = int(parts["year"])
    name = parts.get("month", "").rstrip(".")
    month = int(parts["monthnumber"]) if "monthnumber" in parts else MONTHS.get(name) or SHORT.get(name)
    if "season" in parts:
        begin, end = SEASONS[parts["season"]]
        first, last = whole(year, begin)[0], whole(year + (end < begin), end)[1]
    else:
        first, last = whole(year, month, int(parts["day"]) if "day" in parts else None)
    if "begin" in parts or "beginday" in parts:
        begun = parts.get("begin", name).rstrip(".")
        begin = MONTHS.get(begun) or SHORT[begun]
        day = int(parts["beginday"]) if "beginday" in parts else None
        first = whole(year - (begin > last.month), begin, day)[0]
        return min(first, last), max(first, last)
    if "nth" in parts:
        week = datetime.timedelta(days=7)
        if parts["nth"] == "last":
            return last - week + datetime.timedelta(days=1), last
        first += week * (ORDINALS[parts["nth"]] - 1)
        return first, first + week - datetime.timedelta(days=1)
    if "half" in parts:
        middle = first + (last - first) // 2
        return (first, middle) if parts["half"] == "first" else (middle, last)
    if "part" in parts:
        begin_share, end_share = PARTS[parts["part"]]
        length = (last - first).days
        return first + datetime.timedelta(int(length * begin_share)), first + datetime.timedelta(
            int(length * end_share)
        )
    return first, last


def _relative(question: str, newest: str) -> Period | None:
    """`Last month` and its like, counted from the newest document."""
    found = _RELATIVE.search(question[:1].lower()[:1] + question[1:])
    try:
        today = datetime.date.fromisoformat(newest)
    except ValueError:
        return None
    if not found:
        return None
    note = f"counted from the newest document, {newest}"
    words = question[found.start() : found.end()]
    if found["day"]:
        day = today - datetime.timedelta(days=found["day"] == "yesterday")
        return Period(day, day, words, note)
    unit, this = found["unit"], found["which"] == "this"
    if unit == "week":
        monday = today - datetime.timedelta(days=today.weekday() + (0 if this else 7))
        return Period(monday, monday + datetime.timedelta(days=6), words, note)
    if unit == "month":
        day = today.replace(day=1) - datetime.timedelta(days=0 if this else 1)
        return Period(*whole(day.year, day.month), words, note)
    return Period(*whole(today.year - (not this)), words, note)


def _event(question: str, event_day: EventDay) -> Period | None:
    """`Before the convention`: before the day around which the documents speak of it most."""
    found = _EVENT.search(question)
    if not found or not (day := event_day(found["event"])):
        return None
    side, note = found["side"].casefold(), f"the documents speak of it most around {day.isoformat()}"
    if side in ("before", "until", "ahead of"):
        return Period(None, day, found[0], note)
    if side in ("after", "since", "following"):
        return Period(day, None, found[0], note)
    near = datetime.timedelta(days=7)
    return Period(day - near, day + near, found[0], note)


def widened(period: Period) -> Period:
    """With the weeks after it, in which reports of that time still come."""
    try:
        last = period.last + WIDE if period.last and period.first else period.last
    except OverflowError:
        last = period.last
    return Period(period.first, last, period.words, period.note)
