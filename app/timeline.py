"""When a topic is spoken of: its mentions and the statements about it, by source and date, each an exact span."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from app.quotes.said import Said, said_by, said_in
from app.quotes.speaker import NOBODY, Aliases
from indexing.collection import Collection
from indexing.documents import Document
from indexing.errors import UsageError
from indexing.spans import Span
from indexing.words import stems

MOST = 5_000  # chunks looked through for a topic; beyond that the timeline says that it is not whole
Unit = Literal["day", "week", "month", "year"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One document: what it quotes people with about the topic, and the other sentences in which it is mentioned."""

    document: Document
    mentions: tuple[Span, ...]
    statements: tuple[Said, ...]

    @property
    def day(self) -> datetime.date | None:
        return day_of(self.document.metadata.date)

    @property
    def source(self) -> str:
        return self.document.metadata.source or "No source given"

    def as_json(self) -> dict[str, Any]:
        about, text = self.document.metadata, self.document.text
        return {
            "date": about.date,
            "source": about.source,
            "title": about.title,
            "file": self.document.name,
            "document": self.document.id,
            "version": self.document.version,
            "mentions": [{"start": one.start, "end": one.end, "quote": one.of(text)} for one in self.mentions],
            "statements": [
                {
                    "speaker": one.speaker, "start": one.start, "end": one.end, "quote": one.text,
                    "in_marks": one.in_marks,
                }
                for one in self.statements
            ],
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Timeline:
    """The documents in order of their dates, those without one last; `whole` is false where there were too many."""

    topic: str
    speaker: str
    entries: tuple[Entry, ...]
    whole: bool = True

    @property
    def mentions(self) -> int:
        return sum(len(one.mentions) for one in self.entries)

    @property
    def statements(self) -> int:
        return sum(len(one.statements) for one in self.entries)

    @property
    def dated(self) -> tuple[Entry, ...]:
        return tuple(one for one in self.entries if one.day)

    def as_json(self) -> dict[str, Any]:
        return {
            "topic": self.topic,
            "speaker": self.speaker,
            "documents": len(self.entries),
            "mentions": self.mentions,
            "statements": self.statements,
            "without_date": len(self.entries) - len(self.dated),
            "complete": self.whole,
            "entries": [one.as_json() for one in self.entries],
        }


def timeline(collection: Collection, topic: str = "", speaker: str = "", aliases: Aliases = NOBODY) -> Timeline:
    """Of a topic: the sentences that hold all its words, and the statements of paragraphs that do.

    With a speaker: only that person's statements, about the topic if one is named. Raises UsageError where neither is
    named or a topic has no word to look for, and OnrecordError where nobody of that name is quoted.
    """
    topic, speaker = " ".join(topic.split()), " ".join(speaker.split())
    if not topic and not speaker:
        raise UsageError("name a topic, a speaker, or both")
    if topic and not stems(topic):
        raise UsageError(f"“{topic}” has no word to look for; name the topic in other words")
    if speaker:
        of_speaker = said_by(collection.catalogue, speaker, topic, aliases)
        return Timeline(topic, speaker, _in_order(_by_document(collection, of_speaker)))
    chunks = collection.holding(topic, MOST + 1)
    documents, mentions = _mentions(collection, chunks[:MOST], set(stems(topic)))
    statements = said_in(collection.catalogue, documents, topic)
    entries = []
    for key, document in documents.items():
        said = tuple(statements.get(key, ()))
        spoken = [Span(one.start, one.end) for one in said]
        told = tuple(sorted(span for span in mentions[key] if not any(span.overlaps(one) for one in spoken)))
        if said or told:
            entries.append(Entry(document, told, said))
    return Timeline(topic, "", _in_order(entries), len(chunks) <= MOST)


def _mentions(
    collection: Collection, chunk_ids: Sequence[int], wanted: set[str]
) -> tuple[dict[str, Document], dict[str, set[Span]]]:
    """The documents of these chunks, and in each the sentences that hold all wanted stems."""
    documents: dict[str, Document] = {}
    found: dict[str, set[Span]] = {}
    for passage in collection.passages(chunk_ids).values():
        document = documents.setdefault(passage.document.id, passage.document)
        spans = found.setdefault(document.id, set())
        for sentence in passage.sentences:
            if sentence.kind == "text" and wanted <= set(stems(sentence.visible(document.text))):
                spans.add(sentence.span)
    return documents, found


def _by_document(collection: Collection, said: Iterable[Said]) -> Iterator[Entry]:
    statements: dict[tuple[str, str], list[Said]] = {}
    for one in said:
        statements.setdefault((one.document, one.version), []).append(one)
    for (document_id, version), spoken in statements.items():
        document = collection.document(document_id, version)
        if document is not None:
            yield Entry(document, (), tuple(spoken))


def _in_order(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(entries, key=lambda one: (one.day or datetime.date.max, one.source, one.document.name)))


def day_of(text: str) -> datetime.date | None:
    """The day of a document's date, the first of one that is a month or a year; None for what is no date."""
    parts = text[:10].split("-")
    try:
        return datetime.date(*(int(part) for part in [*parts, "1", "1"][:3]))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Bar:
    """What one source has in one stretch of time, `[first, last]`; `entry` numbers its first document there."""

    first: datetime.date
    last: datetime.date
    mentions: int
    statements: int
    entry: int

    @property
    def size(self) -> int:
        return self.mentions + self.statements


@dataclass(frozen=True, slots=True)
class Row:
    """One source's bars, in order of time; those that are empty are left out."""

    source: str
    bars: tuple[Bar, ...]

    @property
    def mentions(self) -> int:
        return sum(one.mentions for one in self.bars)

    @property
    def statements(self) -> int:
        return sum(one.statements for one in self.bars)


def unit_of(first: datetime.date, last: datetime.date) -> Unit:
    """The stretch that one bar covers, so that there are at most about sixty in all."""
    days = (last - first).days
    return "day" if days < 60 else "week" if days < 420 else "month" if days < 1_900 else "year"


def beginning(day: datetime.date, unit: Unit) -> datetime.date:
    """The first day of the stretch that a day falls into; weeks begin on Monday."""
    if unit == "week":
        return day - datetime.timedelta(days=day.weekday())
    return day if unit == "day" else day.replace(day=1) if unit == "month" else day.replace(month=1, day=1)


def following(day: datetime.date, unit: Unit) -> datetime.date:
    """The first day of the next stretch, for the first day of one."""
    if unit == "year":
        return day.replace(year=day.year + 1)
    if unit == "month":
        return (day + datetime.timedelta(days=31)).replace(day=1)
    return day + datetime.timedelta(days=7 if unit == "week" else 1)


def rows(entries: Sequence[Entry], most: int) -> tuple[Row, ...]:
    """Dated entries by source, the source with the most first; beyond `most` of them the rest is one row."""
    days = [one.day for one in entries if one.day]
    if not days:
        return ()
    unit = unit_of(min(days), max(days))
    weight: dict[str, int] = {}
    for one in entries:
        if one.day:
            weight[one.source] = weight.get(one.source, 0) + len(one.mentions) + len(one.statements)
    ranked = sorted(weight, key=lambda name: (-weight[name], name))
    shown = ranked if len(ranked) <= most else ranked[: most - 1]
    rest = f"{len(ranked) - len(shown)} other sources"
    bars: dict[tuple[str, datetime.date], list[int]] = {}
    for number, one in enumerate(entries):
        if one.day:
            place = one.source if one.source in shown else rest, beginning(one.day, unit)
            counts = bars.setdefault(place, [0, 0, number])
            counts[0] += len(one.mentions)
            counts[1] += len(one.statements)
    return tuple(
        Row(name, tuple(_bar(at, unit, bars[name, at]) for source, at in sorted(bars) if source == name))
        for name in [*shown, *([rest] if len(shown) < len(ranked) else [])]
    )


def _bar(first: datetime.date, unit: Unit, counts: Sequence[int]) -> Bar:
    mentions, statements, entry = counts
    return Bar(first, following(first, unit) - datetime.timedelta(days=1), mentions, statements, entry)
