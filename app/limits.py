"""What a question is limited to: days, sources, authors, as the asker gives them or as the question itself says.

What the asker gives is kept to. A time that the question names (`app/when.py`) is a preference: passages from then come
first, but an answer that stands elsewhere is not lost for it.
"""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from indexing.documents import Metadata
from indexing.errors import UsageError
from indexing.filters import Filter

Origin = Literal["given", "question"]
NAMED = 8  # names that a refusal gives of those there are
DAY = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")


@dataclass(frozen=True, slots=True)
class Period:
    """Days `[first, last]`, both included; None where it is open. `words` are those that say so."""

    first: datetime.date | None
    last: datetime.date | None
    words: str = ""
    note: str = ""

    def holds(self, day: str) -> bool:
        """Whether an ISO day lies in it; a document without a known day lies in no period."""
        try:
            date = datetime.date.fromisoformat(day)
        except ValueError:
            return False
        return (self.first is None or self.first <= date) and (self.last is None or date <= self.last)

    @property
    def filter(self) -> Filter:
        return Filter(since=_number(self.first), until=_number(self.last))

    def as_json(self, origin: Origin) -> dict[str, Any]:
        since, until = (day.isoformat() if day else None for day in (self.first, self.last))
        return {"since": since, "until": until, "from": origin, "words": self.words, "note": self.note}


@dataclass(frozen=True, slots=True)
class Limits:
    """`dates`: whether a time that the question names is heeded. Empty otherwise: all of the collection."""

    period: Period | None = None
    sources: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    dates: bool = True

    @property
    def filter(self) -> Filter | None:
        """What the asker gave, as the indexes take it; None when that is nothing."""
        days = self.period.filter if self.period else Filter()
        return replace(days, sources=self.sources, authors=self.authors) or None

    def as_json(self, read: Period | None) -> dict[str, Any]:
        """The `filters` of `ask --json`; `read` is the time that the question names, where it is heeded."""
        periods = [] if self.period is None else [self.period.as_json("given")]
        periods += [] if read is None else [read.as_json("question")]
        return {"dates": periods, "sources": list(self.sources), "authors": list(self.authors)}


EVERYTHING = Limits()


def limits_of(
    since: str | None = None,
    until: str | None = None,
    sources: tuple[str, ...] = (),
    authors: tuple[str, ...] = (),
    *,
    dates: bool = True,
) -> Limits:
    """Limits from words; days as `2015`, `2015-11` or `2015-11-24`. Raises UsageError that says what is expected."""
    first, last = day_of(since, last=False) if since else None, day_of(until, last=True) if until else None
    if first and last and first > last:
        raise UsageError(f"--since {since} is after --until {until}")
    names = [tuple(name.strip() for name in given if name.strip()) for given in (sources, authors)]
    return Limits(Period(first, last) if first or last else None, names[0], names[1], dates)


def searched_in(filters: Mapping[str, Any]) -> Iterator[str]:
    """What an answer was limited to, a line each; from `Limits.as_json`."""
    for one in filters.get("dates", ()):
        days = " to ".join((one["since"] or "the beginning", one["until"] or "today"))
        if one["from"] == "given":
            yield f"Searched: {days}."
        else:
            note = f"; {one['note']}" if one["note"] else ""
            yield f"Preferred: {days} (“{one['words']}”{note})."
    for key in ("sources", "authors"):
        if filters.get(key):
            yield f"Searched: {key} {', '.join(filters[key])}."


def limited(filters: Mapping[str, Any]) -> bool:
    """Whether the asker left a part of the collection out; from `Limits.as_json`."""
    given = any(one["from"] == "given" for one in filters.get("dates", ()))
    return given or bool(filters.get("sources") or filters.get("authors"))


def nothing_within(limits: Limits, known: Iterable[Metadata]) -> str:
    """Why limits leave no document of a collection, in words: a source or an author that it does not have, with those
    of a like name that it has."""
    documents = list(known)
    for what, given in (("source", limits.sources), ("author", limits.authors)):
        names = sorted({getattr(one, what) for one in documents} - {""}, key=str.casefold)
        folded = {name.casefold() for name in names}
        for unknown in given:
            if unknown.casefold() not in folded and names:
                like = [name for name in names if unknown.casefold() in name.casefold()] or names
                more = "" if len(like) <= NAMED else f" and {len(like) - NAMED:,} more"
                return f"No document has the {what} “{unknown}”; there are: {', '.join(like[:NAMED])}{more}."
    return "No document lies within the limits of the search."


def day_of(text: str, *, last: bool) -> datetime.date:
    """The first or last day of a year, a month or a day."""
    found = DAY.fullmatch(text.strip())
    try:
        if not found:
            raise ValueError(text)
        year, month, day = (int(part) if part else None for part in found.groups())
        assert year is not None
        return whole(year, month, day)[1 if last else 0]
    except ValueError:
        raise UsageError(f"{text!r} is no date; write 2015, 2015-11 or 2015-11-24") from None


def whole(year: int, month: int | None = None, day: int | None = None) -> tuple[datetime.date, datetime.date]:
    """The first and the last day of a year, a month or a day; ValueError where there is no such one."""
    if day is not None:
        assert month is not None
        return (datetime.date(year, month, day),) * 2
    if month is not None:
        first = datetime.date(year, month, 1)
        return first, first.replace(day=calendar.monthrange(year, month)[1])
    return datetime.date(year, 1, 1), datetime.date(year, 12, 31)


def _number(day: datetime.date | None) -> int | None:
    return None if day is None else day.year * 10_000 + day.month * 100 + day.day
