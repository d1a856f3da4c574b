"""`onrecord quote`: one quote, or a file of them in one process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from app.quotes.desk import QuoteDesk
from app.commands.lines import run_lines
from app.counts import counted
from app.quotes.draft_commands import aliases_of
from app.quotes.result import Profile, Verdict
from app.settings import Settings
from indexing.errors import UsageError


class Item(BaseModel):
    """One quote as it comes in; other keys are ignored."""

    model_config = ConfigDict(frozen=True)

    id: str | int
    query: str
    speaker: str | None = None


def quote(
    settings: Settings, quote: str | None, speaker: str, profile: str, json: bool, batch: Path | None, out: Path | None
) -> bool:
    """The command; whether the quote is green, or the batch is done."""
    if (quote is None) == (batch is None):
        raise UsageError('check one quote (onrecord quote "..."), or many with --batch FILE')
    if out is not None and batch is None:
        raise UsageError("--out goes with --batch; a single verdict is printed")
    from app.assistant import build
    from app.quotes.desk import QuoteDesk

    rules = cast(Profile, profile)
    with build(settings.model_copy(update={"llm": ""})).collection as collection:
        desk = QuoteDesk(collection, aliases_of(settings))
        if batch is not None:
            run_quotes(desk, batch, out, rules)
            return True
        verdict = desk.check(quote or "", speaker, rules, variants=True)
    print(line(verdict.as_json()) if json else verdict_for_terminal(verdict), end="\n" if json else "")
    return verdict.green


def run_quotes(desk: QuoteDesk, source: Path, out: Path | None, profile: Profile) -> None:
    """Check every line `{"id", "query", "speaker"}` of `source` into `out`, or to standard output.

    A line that cannot be checked gets one that says why; the others go on.
    """

    def check(raw: object) -> dict[str, Any]:
        item = Item.model_validate(raw)
        return {"id": item.id, **desk.check(item.query, item.speaker or "", profile).as_json()}

    for _ in run_lines(source, out, check):
        pass


def verdict_for_terminal(verdict: Verdict) -> str:
    """A verdict as a person reads it in a terminal."""
    mark = "OK" if verdict.green else "NO"
    lines = [f"{mark}  {verdict.headline.replace('_', ' ')}: {verdict.sentence}"]
    for edit in verdict.edits:
        grave = f", {edit.severity}" if edit.severity else ""
        change = f"source “{edit.before}”, quote “{edit.after}”"
        lines.append(f"  {edit.kind}{grave}: {change}{f' ({edit.note})' if edit.note else ''}")
    for place in verdict.occurrences[:5]:
        said = ", ".join(filter(None, (place.source, place.date, place.speaker and f"speaker: {place.speaker}")))
        lines += [f"  {place.file} [{place.span.start}:{place.span.end}] {said}", f"    “{_line(place.text)}”"]
    if len(verdict.occurrences) > 5:
        lines.append(f"  and {len(verdict.occurrences) - 5} more")
    for variant in verdict.variants:
        where = variant.occurrences[0]
        lines.append(f"  elsewhere ({variant.count}), {where.file}: “{_line(variant.text)}”")
    for place in verdict.closest:
        lines += [f"  closest: {place.file} [{place.span.start}:{place.span.end}]", f"    “{_line(place.text)}”"]
    lines += [f"  note: {note}" for note in verdict.notes]
    lines.append(
        f"Searched {counted(verdict.searched.documents, 'document')}, as of {verdict.searched.indexed_at[:10]}."
    )
    return "".join(f"{line}\n" for line in lines)


def _line(text: str) -> str:
    return " ".join(text.split())


def line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
