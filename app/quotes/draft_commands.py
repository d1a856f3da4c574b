"""`onrecord check`, `onrecord speakers` and `onrecord said`."""

from __future__ import annotations

import contextlib
import json as jsonlib
import shutil
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, cast

from app.counts import counted
from app.settings import Settings
from indexing.errors import OnrecordError, UsageError

if TYPE_CHECKING:
    from app.quotes.draft import Checked, DraftReport
    from app.quotes.said import Said
    from app.quotes.speaker import Aliases

REPORTS = (".html", ".htm", ".csv", ".json")


def check(settings: Settings, draft: Path, report: Path | None, json: bool, profile: str) -> bool:
    """Check every quote of a draft; whether all are green."""
    from app.assistant import build
    from app.quotes.desk import QuoteDesk
    from app.quotes.draft import check_draft, read_draft
    from app.quotes.result import Profile

    if report is not None and report.suffix.lower() not in REPORTS:
        raise UsageError(f"--report writes {', '.join(REPORTS)}; give {report.name} one of these endings")
    read = read_draft(draft, int(settings.max_document_mb * 1_000_000))
    with build(settings.model_copy(update={"llm": ""})).collection as collection:
        desk = QuoteDesk(collection, aliases_of(settings))
        found = check_draft(desk.check, read, cast(Profile, profile))
    if report is not None:
        write_report(found, report)
    print(_json([one.as_json() for one in found.checked]) if json else for_terminal(found))
    return found.green


def write_report(found: DraftReport, path: Path) -> None:
    """The report as the ending says; whoever may read the folder may read it, nobody else. Raises OnrecordError."""
    from app.quotes.export import annotations_of, csv_of, page_of

    ending = path.suffix.lower()
    text = csv_of(found) if ending == ".csv" else _json(annotations_of(found)) if ending == ".json" else page_of(found)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="")
    except OSError as error:
        raise OnrecordError(f"the report {path} cannot be written ({error}); give another place") from error


def speakers(settings: Settings, json: bool) -> None:
    """List everybody who is quoted by name."""
    from dataclasses import asdict

    from app.indexer import open_catalogue
    from app.quotes.said import quoted_people

    with contextlib.closing(open_catalogue(settings)) as catalogue:
        found = quoted_people(catalogue)
    if json:
        print(_json([asdict(one) for one in found]))
        return
    for one in found:
        days = "–".join(dict.fromkeys(day for day in (one.first, one.last) if day))
        print(f"{one.quotations:6,}  {one.name}  ({counted(one.documents, 'document')}{', ' + days if days else ''})")
    if not found:
        print("Nobody is quoted by name in the index.")


def said(settings: Settings, name: str, about: str, json: bool) -> bool:
    """List what a person said; whether there is anything."""
    from app.indexer import open_catalogue
    from app.quotes.said import said_by

    with contextlib.closing(open_catalogue(settings)) as catalogue:
        found = said_by(catalogue, name, about, aliases_of(settings))
    if json:
        print(_json([one.as_json() for one in found]))
    else:
        print("\n\n".join(_entry(one) for one in found) or f"Nothing that {name} said is about {about}.")
    return bool(found)


def aliases_of(settings: Settings) -> Aliases:
    """Who is also called what, from the file that the settings name."""
    from app.quotes.speaker import NOBODY, read_aliases

    return read_aliases(settings.aliases) if settings.aliases else NOBODY


def for_terminal(found: DraftReport) -> str:
    """A line for every quote, the worst in words; then the sum."""
    lines = [_line(number, one) for number, one in enumerate(found.checked, 1)]
    judged = [one for one in found.checked if one.verdict is not None]
    green = sum(one.verdict is not None and one.verdict.green for one in found.checked)
    skipped = len(found.checked) - len(judged)
    if not found.checked:
        return f"There are no quotes in {found.draft.name}."
    return "\n".join(
        [*lines, f"{green} of {counted(len(judged), 'quote')} green" + (f", {skipped} skipped." if skipped else ".")]
    )


def _line(number: int, one: Checked) -> str:
    from app.quotes.export import TONES

    said = one.verdict.sentence if one.verdict else f"skipped: {one.quote.skipped}"
    name = f"{one.verdict.headline}: " if one.verdict else ""
    words = textwrap.shorten(one.quote.text, 70, placeholder=" …")
    return f"{TONES[one.tone][0]} {number}. “{words}” [{one.quote.span.start}:{one.quote.span.end}]\n     {name}{said}"


def _entry(one: Said) -> str:
    width = shutil.get_terminal_size().columns
    marks = ("“", "”") if one.in_marks else ("", " (not in quotation marks)")
    words = f"{marks[0]}{' '.join(one.text.split())}{marks[1]}"
    about = ", ".join(part for part in (one.speaker, one.source, one.date) if part)
    return f"{textwrap.fill(words, width)}\n  {about} [{one.citation}]"


def _json(value: object) -> str:
    return jsonlib.dumps(value, ensure_ascii=False)
