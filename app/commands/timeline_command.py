"""`onrecord timeline`: a topic's mentions and statements, as lines."""

from __future__ import annotations

import textwrap

from app.assistant import build
from app.commands.terminal import plain
from app.counts import counted
from app.quotes.draft_commands import aliases_of
from app.settings import Settings
from app.timeline import Entry, Timeline, beginning, timeline, unit_of

BAR = 40  # columns of the longest bar
LONGEST = 200  # characters of a statement


def timeline_of(settings: Settings, topic: str, speaker: str) -> Timeline:
    """The timeline over the home that the settings name. Raises OnrecordError."""
    with build(settings.model_copy(update={"llm": ""})).collection as collection:
        return timeline(collection, topic, speaker, aliases_of(settings))


def for_terminal(found: Timeline) -> str:
    """A bar for each stretch of time, then each document with what it quotes people with."""
    if not found.entries:
        return f"No document mentions {found.topic!r} in these words." if found.topic else "Nothing to show."
    lines = [*_bars(found), ""]
    for one in found.entries:
        lines += _entry(one)
    mentions = "" if found.speaker else f"{counted(found.mentions, 'mention')} and "
    whole = "" if found.whole else " There is more; name the topic more closely."
    statements, documents = counted(found.statements, "statement"), counted(len(found.entries), "document")
    return "\n".join([*lines, f"{mentions}{statements} in {documents}.{whole}"])


def _bars(found: Timeline) -> list[str]:
    days = [one.day for one in found.entries if one.day]
    if not days:
        return []
    unit = unit_of(min(days), max(days))
    sums: dict[str, int] = {}
    for one in found.entries:
        if one.day:
            day = beginning(one.day, unit).isoformat()[: {"month": 7, "year": 4}.get(unit, 10)]
            at = f"week of {day}" if unit == "week" else day
            sums[at] = sums.get(at, 0) + len(one.mentions) + len(one.statements)
    tallest = max(sums.values())
    return [f"{at}  {'#' * max(1, round(BAR * size / tallest))} {size:,}" for at, size in sorted(sums.items())]


def _entry(one: Entry) -> list[str]:
    about = one.document.metadata
    known = ", ".join(filter(None, (about.date or "no date", about.source, about.title)))
    mentions = f", {counted(len(one.mentions), 'mention')}" if one.mentions else ""
    lines = [plain(f"{known} [{one.document.name}]{mentions}")]
    for each in one.statements:
        marks = ("“", "”") if each.in_marks else ("", "")
        words = f"{marks[0]}{textwrap.shorten(plain(each.text), LONGEST, placeholder=' …')}{marks[1]}"
        lines.append(f"  {plain(each.speaker)}: {words} [{each.start}:{each.end}]")
    return lines
