"""`onrecord backup` and `onrecord restore`: the home as one file, and a home from that file."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.assistant import build_embedder
from app.commands.progress import Display, Style
from app.commands.terminal import plain
from app.counts import counted
from app.indexer import Former
from app.settings import Settings
from indexing.backup import write_backup
from indexing.embed import Embedder
from indexing.ingest import Progress
from indexing.restore import restore_backup


def run_backup(settings: Settings, file: Path, display: Display) -> dict[str, Any]:
    """Write a backup; `{file, bytes, documents, chunks, databases, files, left_out, made_at}`.

    The process that owns the home is not asked: SQLite's online backup and the rows of vectors are read beside it.
    """
    made = write_backup(
        settings.home, file, lambda done, total, name: display.show(Progress(done, total, name, "unchanged"))
    )
    return {
        "file": str(file),
        "bytes": file.stat().st_size,
        "documents": made.documents,
        "chunks": made.chunks,
        "databases": sum(one.database for one in made.files),
        "files": len(made.files),
        "left_out": list(made.left_out),
        "made_at": made.made_at,
    }


def backup_for_terminal(report: dict[str, Any]) -> str:
    """The report for people."""
    held = counted(report["documents"], "document"), counted(report["databases"], "database")
    others = counted(report["files"] - report["databases"], "other file")
    place = f"{plain(report['file'])} ({report['bytes'] / 1e6:,.1f} MB)"
    lines = [f"{', '.join(held)} and {others} in {place}. It holds all that the home holds: keep it as safe."]
    lines += [f"left out, because it is a link: {plain(name)}" for name in report["left_out"]]
    return "\n".join(lines)


def passages_display(style: Style) -> Display:
    """Shows how far the indexes of a home that is restored have come."""
    return Display(style, work="restoring")


def run_restore(settings: Settings, file: Path, unpacking: Display, filling: Display, *, force: bool) -> dict[str, Any]:
    """Make a home from a backup; `{home, documents, chunks, embedded, files}`."""

    def embedding(name: str, dimension: int) -> Embedder:
        configured = build_embedder(settings)
        return configured if name in (configured.name, "") else Former(name, dimension)

    def passages(done: int, total: int) -> None:
        unpacking.finish()
        filling.show(Progress(done, total, "passages", "unchanged"))

    restored = restore_backup(
        file,
        settings.home,
        embedding,
        chroma_url=settings.chroma_url,
        force=force,
        progress=lambda done, total, name: unpacking.show(Progress(done, total, name, "unchanged")),
        passages=passages,
    )
    return {"home": str(settings.home), **asdict(restored)}


def restore_for_terminal(report: dict[str, Any]) -> str:
    """The report for people."""
    made = counted(report["embedded"], "passage")
    extra = f" {made} had no vector in the backup and were embedded." if report["embedded"] else ""
    return f"{counted(report['documents'], 'document')} restored to {plain(report['home'])}.{extra}"
