"""A timeline as the page shows it: bars by source and date in an SVG of our own, and behind them every place in words.

Widths and places are percents, heights are pixels: so it fits any window, and its lettering keeps its size.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence

from app.counts import counted
from app.quotes.said import Said
from app.timeline import Bar, Entry, Row, Timeline, beginning, following, rows, unit_of
from app.web.hypertext import MONTHS, attribute, day_of, escape, name_of, source_page
from indexing.documents import Document
from indexing.quoted import Speaker
from indexing.spans import Span

ROWS = 8  # sources with a row of their own, the last of which stands for the others where there are more
LABEL, PLOT, AXIS = 26, 34, 22  # pixels: a row's name above its bars, their greatest height, the dates at the bottom
LISTED = 200  # documents in the table
STATEMENTS, MENTIONS = 4, 2  # of one document, before the rest is folded away
LONGEST = 280  # characters of a quotation in the table
TICKS = 8
SPEAKERS = 200


def as_html(found: Timeline) -> str:
    """The whole timeline: what there is in a sentence, the plot, and the table."""
    subject = _subject(found)
    if not found.entries:
        words = "No document mentions it in these words; try fewer or others." if found.topic else ""
        return f'<div class="empty-shelf" role="status"><h2>Nothing on {subject}</h2><p>{words}</p></div>'
    parts = [counted(found.mentions, "mention")] if not found.speaker else []
    parts.append(counted(found.statements, "statement"))
    undated = len(found.entries) - len(found.dated)
    notes = f" {counted(undated, 'document')} without a date: at the end of the table." if undated else ""
    notes += "" if found.whole else " There is more than is shown; name the topic more closely."
    return (
        f'<section class="timeline"><h2>{subject}</h2><p class="count" role="status">{" and ".join(parts)} in '
        f"{counted(len(found.entries), 'document')}{_period(found)}.{notes}</p>{_figure(found)}{_table(found.entries)}"
        "</section>"
    )


def _subject(found: Timeline) -> str:
    topic, speaker = f"“{escape(found.topic)}”", escape(found.speaker)
    return f"{speaker} on {topic}" if found.topic and found.speaker else speaker or topic


def _period(found: Timeline) -> str:
    days = [one.day for one in found.entries if one.day]
    if not days:
        return ""
    first, last = min(days), max(days)
    return f", {_day(first)}" if first == last else f", {_day(first)} to {_day(last)}"


def _day(day: datetime.date) -> str:
    return day_of(day.isoformat())


def _figure(found: Timeline) -> str:
    shown = rows(found.entries, ROWS)
    if not shown:
        return ""
    days = [one.day for one in found.entries if one.day]
    unit = unit_of(min(days), max(days))
    begin, end = beginning(min(days), unit), following(beginning(max(days), unit), unit)
    tallest = max(bar.size for row in shown for bar in row.bars)
    height = len(shown) * (LABEL + PLOT) + AXIS
    drawn = "".join(_row(row, at * (LABEL + PLOT), begin, end, tallest) for at, row in enumerate(shown))
    told = "; ".join(f"{row.source}: {_counts(row.mentions, row.statements)}" for row in shown)
    label = attribute(f"Bars by source, a bar for each {unit}. {told}. The table below has every place.")
    key = "" if found.speaker else '<span class="mentions">mentions</span>'
    return (
        f'<figure><svg width="100%" height="{height}" role="img" aria-label="{label}">'
        f"{_axis(begin, end, height)}{drawn}</svg>"
        f'<figcaption>{key}<span class="statements">statements of somebody named</span>'
        f"<span>a bar for each {unit}; the tallest stands for {tallest:,}. A bar leads to its documents.</span>"
        "</figcaption></figure>"
    )


def _axis(begin: datetime.date, end: datetime.date, height: int) -> Iterator[str] | str:
    """Lines and dates: at the beginnings of days, months or years, as many as can be read."""
    marks = _ticks(begin, end)
    lines = []
    for at, (day, words) in enumerate(marks):
        x, odd = _share(day, begin, end), " odd" if at % 2 else ""
        anchor = "start" if x < 8 else "end" if x > 92 else "middle"
        lines.append(f'<line class="grid" x1="{x:.2f}%" x2="{x:.2f}%" y1="0" y2="{height - AXIS}"/>')
        lines.append(f'<text class="tick{odd}" x="{x:.2f}%" y="{height - 6}" text-anchor="{anchor}">{words}</text>')
    return "".join(lines)


def _ticks(begin: datetime.date, end: datetime.date) -> list[tuple[datetime.date, str]]:
    days = (end - begin).days
    if days <= 62:
        step = max(1, -(-days // TICKS))
        found = [begin + datetime.timedelta(days=at) for at in range(0, days, step)]
        return [(day, f"{day.day} {MONTHS[day.month - 1][:3]}") for day in found]
    months = [
        datetime.date(year, month, 1) for year in range(begin.year, end.year + 1) for month in range(1, 13)
        if begin <= datetime.date(year, month, 1) < end
    ]  # fmt: skip
    if len(months) > 30:
        years = [day for day in months if day.month == 1]
        return [(day, str(day.year)) for day in years[:: max(1, -(-len(years) // TICKS))]]
    few = months[:: max(1, -(-len(months) // TICKS))]
    return [(day, f"{MONTHS[day.month - 1][:3]} {day.year}") for day in few]


def _share(day: datetime.date, begin: datetime.date, end: datetime.date) -> float:
    """Where a day stands between two, in percent."""
    return 100 * (day - begin).days / (end - begin).days


def _row(row: Row, top: int, begin: datetime.date, end: datetime.date, tallest: int) -> str:
    floor = top + LABEL + PLOT
    bars = "".join(_bar(bar, row.source, floor, begin, end, tallest) for bar in row.bars)
    return (
        f'<text class="source" x="0" y="{top + LABEL - 6}">{escape(row.source)}</text>{bars}'
        f'<line class="floor" x1="0" x2="100%" y1="{floor}" y2="{floor}"/>'
    )


def _bar(bar: Bar, source: str, floor: int, begin: datetime.date, end: datetime.date, tallest: int) -> str:
    """One bar: statements solid at its foot, mentions as an outline on top of them."""
    x = _share(bar.first, begin, end)
    width = max(0.4, _share(bar.last + datetime.timedelta(days=1), begin, end) - x)
    whole = max(3.0, (PLOT - 4) * bar.size / tallest)
    foot = whole * bar.statements / bar.size
    days = bar.first.isoformat() if bar.first == bar.last else f"{bar.first.isoformat()} to {bar.last.isoformat()}"
    place = f'x="{x:.2f}%" width="{width:.2f}%"'
    upper = f'<rect class="mentions" {place} y="{floor - whole:.1f}" height="{whole - foot:.1f}"/>'
    lower = f'<rect class="statements" {place} y="{floor - foot:.1f}" height="{foot:.1f}"/>'
    return (
        f'<g class="bar" data-entry="{bar.entry}"><title>{escape(source)}, {days}: '
        f'{_counts(bar.mentions, bar.statements)}</title><rect class="reach" {place} y="{floor - PLOT}" '
        f'height="{PLOT}"/>{upper if bar.mentions else ""}{lower if bar.statements else ""}</g>'
    )


def _counts(mentions: int, statements: int) -> str:
    parts = [counted(mentions, "mention")] if mentions else []
    return " and ".join([*parts, *([counted(statements, "statement")] if statements else [])])


def _table(entries: Sequence[Entry]) -> str:
    body = "".join(_entry(number, one) for number, one in enumerate(entries[:LISTED]))
    more = len(entries) - LISTED
    rest = f'<p class="more">and {counted(more, "document")} more: <code>onrecord timeline</code> lists all</p>'
    head = "".join(f"<th scope=col>{words}</th>" for words in ("Published", "Document", "Its words"))
    return (
        f'<table><caption class="hidden">Every document, the oldest first</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>{rest if more > 0 else ''}"
    )


def _entry(number: int, one: Entry) -> str:
    document, about = one.document, one.document.metadata
    said = [_statement(document, each) for each in one.statements]
    told = [_mention(document, each) for each in one.mentions]
    shown = [*said[:STATEMENTS], *told[: MENTIONS if said else MENTIONS + 1]]
    rest = [*said[STATEMENTS:], *told[MENTIONS if said else MENTIONS + 1 :]]
    more = f"<details><summary>{len(rest):,} more</summary><ul>{''.join(rest)}</ul></details>" if rest else ""
    title = escape(name_of(document))
    link = source_page(document.id, document.version, (*one.mentions, *(_span(each) for each in one.statements)))
    return (
        f'<tr id="entry-{number}" tabindex="-1"><td>{day_of(about.date) or "no date"}<br><span>{escape(about.source)}'
        f'</span></td><td><a href="{link}" target="_blank" rel="noopener">{title}</a></td>'
        f"<td><ul>{''.join(shown)}</ul>{more}</td></tr>"
    )


def _statement(document: Document, one: Said) -> str:
    opening, closing = ("“", "”") if one.in_marks else ("", "")
    link = source_page(document.id, document.version, (_span(one),))
    return (
        f'<li class="quoted"><b>{escape(one.speaker)}</b>: <a href="{link}" target="_blank" rel="noopener">'
        f"{opening}{escape(_cut(one.text))}{closing}</a></li>"
    )


def _mention(document: Document, span: Span) -> str:
    link = source_page(document.id, document.version, (span,))
    words = escape(_cut(span.of(document.text)))
    return f'<li class="mention"><a href="{link}" target="_blank" rel="noopener">{words}</a></li>'


def _cut(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= LONGEST else f"{words[:LONGEST].rsplit(maxsplit=1)[0]} …"


def _span(one: Said) -> Span:
    return Span(one.start, one.end)


def speakers_as_html(people: Sequence[Speaker], wanted: str = "") -> str:
    """Who is quoted by name, the most quoted first; each name is a button that asks for what they said."""
    words = wanted.casefold().split()
    kept = [one for one in people if all(word in one.name.casefold() for word in words)]
    if not people:
        return '<div class="empty-shelf"><h2>Nobody is quoted by name</h2><p>in the documents there are.</p></div>'
    if not kept:
        return '<p role="status">Nobody of that name is quoted.</p>'
    head = "".join(f"<th scope=col>{each}</th>" for each in ("Speaker", "Statements", "Documents", "First and last"))
    body = "".join(
        f'<tr><td><button type="button" class="speaker" data-speaker="{attribute(one.name)}">{escape(one.name)}'
        f"</button></td><td>{one.quotations:,}</td><td>{one.documents:,}</td><td>{_days(one)}</td></tr>"
        for one in kept[:SPEAKERS]
    )
    more = len(kept) - SPEAKERS
    rest = f'<p class="more">and {more:,} more; search to narrow them down</p>' if more > 0 else ""
    found = f"{len(kept):,} of {len(people):,} speakers" if words else f"{len(people):,} speakers"
    return (
        f'<p class="count" role="status">{found}</p><table class="speakers"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>{rest}"
    )


def _days(one: Speaker) -> str:
    return " – ".join(map(day_of, dict.fromkeys(day for day in (one.first, one.last) if day)))
