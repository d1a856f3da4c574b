"""Index runs as a person starts them: in this process, or by the one that owns the home because a chat is open."""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from app.assistant import build_embedder
from app.settings import Settings
from indexing.catalogue import Catalogue
from indexing.collection import CATALOGUE, Collection
from indexing.errors import HomeError, OnrecordError
from indexing.ingest import Progress, Report, index
from indexing.load import MEGABYTE

SOCKET = "owner.socket"
LONGEST_PATH = 100  # bytes; the system refuses longer socket paths
LONGEST_REQUEST = 1_000_000  # bytes


def run_index(settings: Settings, paths: Sequence[Path], *, prune: bool) -> dict[str, Any]:
    """Index with progress on standard error; returns the public report of `index --json`."""
    with _Display() as display:
        answer = _by_owner(settings, paths, prune, display)
        if answer is not None:
            return answer
        with Collection(settings.home, build_embedder(settings), create=True) as collection:
            max_bytes = int(settings.max_document_mb * MEGABYTE)
            return report_as_json(index(collection, paths, max_bytes=max_bytes, prune=prune, progress=display.show))


def report_as_json(report: Report) -> dict[str, Any]:
    """The contract of `index --json`, and the seconds that each stage took."""
    values = asdict(report)
    values["seconds"] = round(report.seconds, 3)
    values["stages"] = {stage: round(seconds, 3) for stage, seconds in report.stages.items()}
    values["problems"] = [asdict(problem) for problem in report.problems]
    return values


def open_catalogue(settings: Settings) -> Catalogue:
    """The catalogue alone: enough to list and show, and quick to open."""
    path = settings.home / CATALOGUE
    if not path.is_file():
        raise HomeError(
            f"there is no index in {settings.home}; make one with: onrecord index PATH --home {settings.home}"
        )
    return Catalogue(path, create=False)


def read_status(settings: Settings) -> dict[str, Any]:
    """What is indexed, with what, since when, and what did not go in."""
    with closing(open_catalogue(settings)) as catalogue:
        entries = catalogue.entries()
        return {
            "home": str(settings.home),
            "documents": len(entries),
            "chunks": catalogue.count_chunks(),
            "embedder": catalogue.meta("embedder"),
            "indexed_at": catalogue.meta("indexed_at"),
            "files": [
                {
                    "file": entry.name,
                    "path": entry.path,
                    "version": entry.version,
                    "encoding": entry.encoding,
                    **asdict(entry.metadata),
                }
                for entry in entries
            ],
            "problems": [asdict(problem) for problem in catalogue.problems()],
        }


class _Display:
    """Progress on standard error: a bar on a terminal, a line for every tenth of the way elsewhere."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None
        self._tenth = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, progress: Progress) -> None:
        if sys.stderr.isatty():
            self._draw(progress)
        elif progress.total and progress.done * 10 // progress.total > self._tenth:
            self._tenth = progress.done * 10 // progress.total
            print(f"indexing: {self._tenth * 10} % of {progress.total / MEGABYTE:.1f} MB", file=sys.stderr, flush=True)

    def _draw(self, progress: Progress) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        if self._bar is None:
            columns = TextColumn("indexing"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("indexing", total=progress.total)
            self._bar.start()
        self._bar.update(self._task, completed=progress.done)


def _by_owner(settings: Settings, paths: Sequence[Path], prune: bool, display: _Display) -> dict[str, Any] | None:
    """Have an open chat do the work, since one process owns a home; None when nobody owns it."""
    try:
        place = json.loads((settings.home / "owner.json").read_text(encoding="utf-8"))["socket"]
        line = socket.socket(socket.AF_UNIX)
    except (OSError, ValueError, KeyError, AttributeError):
        return None
    try:
        line.connect(place)
    except OSError:
        line.close()
        return None
    with line, line.makefile("rwb") as stream:
        request = {
            "paths": [str(path.absolute()) for path in paths],
            "prune": prune,
            "max_bytes": int(settings.max_document_mb * MEGABYTE),
        }
        stream.write(json.dumps(request).encode() + b"\n")
        stream.flush()
        for reply in stream:
            match json.loads(reply):
                case {"progress": values}:
                    display.show(Progress(**values))
                case {"report": dict(report)}:
                    return dict(report)
                case {"error": str(message)}:
                    raise OnrecordError(message)
    raise OnrecordError(
        "the open chat ended before the indexing did; run the same command again, it goes on where it stopped"
    )


class Owner:
    """Holds a home for as long as a chat is open, and does for other processes what only the owner may do.

    It listens on a socket that only this user can open, named in the home's owner.json.
    """

    def __init__(self, collection: Collection, settings: Settings) -> None:
        self._collection = collection
        self._settings = settings
        self._busy = threading.Lock()
        self._listener: socket.socket | None = None
        self._place = settings.home.absolute() / SOCKET

    def __enter__(self) -> Self:
        self._collection.lock.__enter__()
        if hasattr(socket, "AF_UNIX"):
            if len(os.fsencode(self._place)) > LONGEST_PATH:
                self._place = Path(tempfile.mkdtemp(prefix="onrecord-")) / SOCKET
            self._place.unlink(missing_ok=True)
            self._listener = socket.socket(socket.AF_UNIX)
            before = os.umask(0o177)
            try:
                self._listener.bind(str(self._place))
            finally:
                os.umask(before)
            self._listener.listen()
            self._collection.lock.announce(socket=str(self._place))
            threading.Thread(target=self._listen, args=(self._listener,), name="owner", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._listener is not None:
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept
            self._listener.close()
            self._place.unlink(missing_ok=True)
            if self._place.parent != self._settings.home.absolute():
                self._place.parent.rmdir()
        with self._busy:  # an index run that has begun is finished
            self._collection.lock.release()

    def _listen(self, listener: socket.socket) -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return  # closed: the chat is over
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        with line, line.makefile("rwb") as stream:

            def send(reply: dict[str, Any]) -> None:
                stream.write(json.dumps(reply).encode() + b"\n")
                stream.flush()

            try:
                request = json.loads(stream.readline(LONGEST_REQUEST))
                with self._busy:
                    send({"report": self._index(request, lambda progress: send({"progress": asdict(progress)}))})
            except OnrecordError as error:
                send({"error": str(error)})
            except (BrokenPipeError, ConnectionResetError):
                return  # whoever asked went away; the batches that were committed stay

    def _index(self, request: dict[str, Any], progress: Callable[[Progress], None]) -> dict[str, Any]:
        paths = [Path(path) for path in request["paths"]]
        report = index(
            self._collection,
            paths,
            max_bytes=request["max_bytes"],
            prune=request["prune"],
            progress=progress,
            locked=True,
        )
        return report_as_json(report)
