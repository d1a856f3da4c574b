"""The library: what is in the collection and what is not, and the documents that were given to it through the page.

Those lie in the home's `uploads` folder and are indexed like any other folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any, BinaryIO
from urllib.parse import quote

from app.commands.progress import Display
from app.counts import counted
from app.indexer import run_index
from app.settings import Settings
from app.web.hypertext import byline, escape
from app.web.links import link
from indexing.catalogue import Catalogue
from indexing.copies import all_groups
from indexing.errors import OnrecordError, TooLargeError, UsageError
from indexing.files import MEGABYTE
from indexing.ingest import Options, Progress
from indexing.schema import Entry, Problem

UPLOADS = "uploads"
SHOWN = 200  # documents listed at once
FEW = 5  # problems that are not folded away
PIECE = 1 << 20  # bytes copied at once
LONGEST_NAME = 120  # characters of a file's name that are kept
UNSAFE = re.compile(r"[^\w .,()+&'’-]+")


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the library shows: the documents that a search leaves, how many there are, and what did not go in."""

    documents: tuple[Entry, ...]
    total: int
    copies: Mapping[str, int]  # of each document's group, by document id
    problems: tuple[Problem, ...]
    wanted: str = ""


def shelf(catalogue: Catalogue, wanted: str = "") -> Shelf:
    """The documents all of whose `wanted` words stand in their name, title, source, author or date."""
    entries = catalogue.entries()
    words = wanted.casefold().split()
    kept = tuple(one for one in entries if all(word in _described(one) for word in words))
    copies = {key: len(group) for group in all_groups(catalogue) for key in group}
    return Shelf(kept, len(entries), copies, tuple(catalogue.problems()), wanted)


def _described(entry: Entry) -> str:
    about = entry.metadata
    return f"{entry.name} {about.title} {about.source} {about.author} {about.date}".casefold()


def as_html(shown: Shelf) -> str:
    """The shelf as HTML: what is not in the index, with remedies; then newest first, each with a link to its text."""
    if not shown.total and not shown.problems:
        return (
            '<div class="empty-shelf"><h2>The library is empty</h2><p>Add files above, or run '
            "<code>onrecord index FOLDER</code> in a terminal; this page then has them at once.</p></div>"
        )
    entries = sorted(shown.documents, key=lambda one: (one.metadata.date, one.name), reverse=True)
    rows = "".join(_row(one, shown.copies.get(one.id, 1)) for one in entries[:SHOWN])
    more = len(entries) - SHOWN
    rest = f'<p class="more">and {more:,} more; search to narrow them down</p>' if more > 0 else ""
    found = (
        f"{len(entries):,} of {counted(shown.total, 'document')}" if shown.wanted else counted(shown.total, "document")
    )
    head = "<tr><th scope=col>Document</th><th scope=col>Published</th><th scope=col>File</th></tr>"
    table = f"<table><thead>{head}</thead><tbody>{rows}</tbody></table>" if rows else "<p>Nothing matches.</p>"
    return f'{_problems(shown.problems)}<p class="count" role="status">{found}</p>{table}{rest}'


def _row(entry: Entry, copies: int) -> str:
    about, facts = entry.metadata, entry.facts
    href = link(f"/source/{quote(entry.id, safe='')}/{quote(entry.version, safe='')}")
    notes = [f"one of {copies} copies"] if copies > 1 else []
    notes += [f"note: {text}" for text in facts.warnings[:3]]
    notes += ["holds text hidden from readers, left out"] if facts.hidden else []
    said = "".join(f'<span class="note">{escape(note)}</span>' for note in notes)
    title = escape(about.title or entry.name)
    by = byline("", about.source, about.date)
    return (
        f'<tr><td><a href="{href}" target="_blank" rel="noopener">{title}</a>{said}'
        f"</td><td>{by}</td><td><code>{escape(entry.name)}</code></td></tr>"
    )


def _problems(problems: Sequence[Problem]) -> str:
    if not problems:
        return ""
    rows = [
        f"<li><strong>{escape(one.kind)}</strong> <code>{escape(Path(one.path).name)}"
        f"{escape('/' + one.member) if one.member else ''}</code>: {escape(one.reason)}; {escape(one.remedy)}</li>"
        for one in problems[:SHOWN]
    ]
    rest = f"<li>and {len(problems) - SHOWN:,} more: onrecord status</li>" if len(problems) > SHOWN else ""
    folded = f"<details><summary>{len(problems) - FEW:,} more</summary><ul>{''.join(rows[FEW:])}{rest}</ul></details>"
    return (
        f'<section class="problems"><h2>Not in the index ({len(problems):,})</h2><ul>{"".join(rows[:FEW])}</ul>'
        f"{folded if len(problems) > FEW else ''}</section>"
    )


def uploaded(settings: Settings) -> list[str]:
    """The names of the files that were added through the page."""
    folder = settings.home / UPLOADS
    return sorted(path.name for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []


def add(settings: Settings, files: Sequence[tuple[str, Path]]) -> Iterator[Progress | dict[str, Any]]:
    """Keep files, each with the name it is to have, and index them: progress, and last the report of `index --json`.

    A file whose name is taken replaces the older one, which then is a superseded version. Raises OnrecordError.
    """
    with ExitStack() as opened:
        try:
            sent = [(name, opened.enter_context(path.open("rb"))) for name, path in files]
        except FileNotFoundError as error:  # somebody else sent the very same file, and its copy went with that one
            raise OnrecordError("what was sent is not here any more; send it again") from error
        keep(settings, sent)
    yield from _indexed(settings, settings.home / UPLOADS)


def keep(settings: Settings, files: Sequence[tuple[str, BinaryIO]]) -> list[str]:
    """Put files into the folder of uploads, all of them or none, and say how they are called there.

    Raises TooLargeError for a file over `max_document_mb`, UsageError for two of one name, OnrecordError for the disk.
    """
    folder, names = settings.home / UPLOADS, [safe_name(name) for name, _ in files]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise UsageError(f"two of these files are called {twice}; give one of them another name")
    parts = [folder / f".{name}.part" for name in names]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for part, (name, source) in zip(parts, files, strict=True):
            _copy(source, part, name, settings.max_document_mb)
        for part, name in zip(parts, names, strict=True):
            part.replace(folder / name)
    except OSError as error:
        raise OnrecordError(f"the files cannot be kept in {folder} ({error.strerror}); see to the disk") from error
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
    return names


def _copy(source: BinaryIO, part: Path, name: str, most: float) -> None:
    left = int(most * MEGABYTE)
    with part.open("wb") as target:
        while piece := source.read(PIECE):
            left -= len(piece)
            if left < 0:
                raise TooLargeError(f"{name} is larger than {most:g} MB; split it, or raise max_document_mb")
            target.write(piece)


def remove(settings: Settings, names: Sequence[str]) -> Iterator[Progress | dict[str, Any]]:
    """Take files that were added through the page away again; what was cited from them can still be opened."""
    discard(settings, names)
    yield from _indexed(settings, settings.home / UPLOADS)


def discard(settings: Settings, names: Sequence[str]) -> None:
    """Delete files from the folder of uploads. Raises UsageError for what is not there."""
    for name in names:
        if name not in uploaded(settings):
            raise UsageError(f"{name} was not added here, so it is not removed here; remove it from its folder")
        (settings.home / UPLOADS / name).unlink(missing_ok=True)


def safe_name(name: str) -> str:
    """A file name without folders, controls or a leading dot, that keeps its ending."""
    bare = UNSAFE.sub("_", name.replace("\\", "/").rpartition("/")[2]).strip(" .") or "document"
    stem, dot, ending = bare.rpartition(".")
    return f"{stem[: LONGEST_NAME - len(ending) - 1]}.{ending}" if dot and len(ending) < 12 else bare[:LONGEST_NAME]


class _Heard(Display):
    """Progress that is put into a queue instead of on a terminal."""

    def __init__(self, queue: Queue[Progress | dict[str, Any] | Exception]) -> None:
        super().__init__("none")
        self._queue = queue

    def show(self, progress: Progress) -> None:
        self._queue.put(replace(progress))


def _indexed(settings: Settings, folder: Path) -> Iterator[Progress | dict[str, Any]]:
    """Index a folder by the process that owns the home, which is this one while its page is open."""
    queue: Queue[Progress | dict[str, Any] | Exception] = Queue()

    def work() -> None:
        try:
            queue.put(run_index(settings, [folder], Options(prune=True), _Heard(queue)))
        except Exception as error:  # noqa: BLE001 - handed over to whoever waits
            queue.put(error)

    Thread(target=work, name="upload", daemon=True).start()
    while True:
        heard = queue.get()
        if isinstance(heard, Exception):
            raise heard
        yield heard
        if isinstance(heard, dict):
            return
