"""What a question is limited to: days, sources, authors, as the asker gives them or as the question itself says.

What the asker gives is kept to. A time that the question names (`app/questions/when.py`) is a preference: passages from
then come first, but an answer that stands elsewhere is not lost for it.
"""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any, Literal

from indexing.errors import UsageError
from indexing.filters import Filter, Filters
from indexing.whose import meant

Origin = Literal["given", "question"]
Meant = Mapping[str, Mapping[str, tuple[str, ...]]]  # of "sources" and "authors" each given name: the names it means
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
    """`dates`: whether a time that the question names is heeded. Empty otherwise: all of the collection.

    `meant`: whom the given sources and authors name in a collection, once that is known (`resolved`).
    """

    period: Period | None = None
    sources: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    dates: bool = True
    meant: Meant = field(default_factory=dict, compare=False)

    def resolved(self, known: Filters) -> Limits:
        """With what the given names mean among those of a collection; see `indexing.whose`."""
        if not (self.sources or self.authors):
            return self
        given = {"sources": (self.sources, known.sources), "authors": (self.authors, known.authors)}
        found = {key: (names, there()) for key, (names, there) in given.items() if names}
        return replace(
            self, meant={key: {name: meant(name, there) for name in names} for key, (names, there) in found.items()}
        )

    def _named(self, key: str, given: tuple[str, ...]) -> tuple[str, ...]:
        """What is compared with the names of documents: of a name that nobody has itself, so that nothing passes."""
        return tuple(dict.fromkeys(one for name in given for one in self.meant.get(key, {}).get(name) or (name,)))

    @property
    def filter(self) -> Filter | None:
        """What the asker gave, as the indexes take it; None when that is nothing."""
        days = self.period.filter if self.period else Filter()
        sources, authors = self._named("sources", self.sources), self._named("authors", self.authors)
        return replace(days, sources=sources, authors=authors) or None

    def as_json(self, read: Period | None) -> dict[str, Any]:
        """The `filters` of `ask --json`; `read` is the time that the question names, where it is heeded."""
        periods = [] if self.period is None else [self.period.as_json("given")]
        periods += [] if read is None else [read.as_json("question")]
        meant = {key: {name: list(names) for name, names in found.items()} for key, found in self.meant.items()}
        return {"dates": periods, "sources": list(self.sources), "authors": list(self.authors), "meant": meant}


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
            found = filters.get("meant", {}).get(key, {})
            yield f"Searched: {key} {', '.join(_with_meaning(name, found.get(name)) for name in filters[key])}."


def _with_meaning(name: str, found: Sequence[str] | None) -> str:
    """A given name, and behind it those that it is taken for where they are not just that."""
    if found is None or [one.casefold() for one in found] == [name.casefold()]:
        return name
    return f"{name} ({_listed(found) or 'none'})"


def _listed(names: Sequence[str]) -> str:
    more = "" if len(names) <= NAMED else f" and {len(names) - NAMED:,} more"
    apart = "; " if any("," in name for name in names) else ", "  # a byline of several names is one
    return f"{apart.join(names[:NAMED])}{more}"


def limited(filters: Mapping[str, Any]) -> bool:
    """Whether the asker left a part of the collection out; from `Limits.as_json`."""
    given = any(one["from"] == "given" for one in filters.get("dates", ()))
    return given or bool(filters.get("sources") or filters.get("authors"))


def nothing_within(limits: Limits, known: Filters) -> str:
    """Why resolved limits leave no document of a collection, in words: a source or an author that it does not have,
    with those of a like name that it has."""
    for what, given in (("source", limits.sources), ("author", limits.authors)):
        for unknown in given:
            if limits.meant.get(f"{what}s", {}).get(unknown):
                continue
            names = known.sources() if what == "source" else known.authors()
            if names:
                like = [name for name in names if unknown.casefold() in name.casefold()]
                like = like or (get_close_matches(unknown, names, NAMED) if len(names) > NAMED else ()) or names
                return f"No document has the {what} “{unknown}”; there are: {_listed(like)}."
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
