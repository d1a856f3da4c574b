"""Keep an index in step with folders and files for as long as a process runs."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from app.commands.progress import Display
from app.indexer import run_index
from app.settings import Settings
from indexing.errors import OnrecordError
from indexing.ingest import Options

TICK = 500  # milliseconds between looks at whether the paths are still there
AGAIN = 5.0  # seconds until a run that failed is tried again
CHANGES = ("added", "changed", "moved", "removed")

Run = Callable[[], dict[str, Any]]


def watch(settings: Settings, paths: Sequence[Path], options: Options, display: Display) -> Iterator[dict[str, Any]]:
    """Index now, and again whenever something at the paths changes; a report of each run that found a change.

    A path that vanishes is waited for, and nothing of it is removed. Raises OnrecordError only where the first run
    fails. Ends with Ctrl-C.
    """
    watched = _Watched(lambda: run_index(settings, paths, options, display), display)
    first = watched.run(strict=True)
    assert first is not None
    yield first
    while True:
        seen = _wait_for(paths, display)
        watched.due = True  # whatever happened while nobody looked
        for changed in _changes(paths, settings.home):
            if changed or watched.due:
                report = watched.run()
                if report is not None:
                    yield report
            if _identities(paths) != seen:
                break  # gone, or another folder or file has taken its place: look at that one


class _Watched:
    """The runs of one watch: what the last one found, and when one is due."""

    def __init__(self, run: Run, display: Display) -> None:
        self._run = run
        self._display = display
        self._failed_at = 0.0
        self._said = ""
        self._problems: list[Any] = []
        self._due = False

    @property
    def due(self) -> bool:
        return self._due and time.monotonic() - self._failed_at >= AGAIN

    @due.setter
    def due(self, due: bool) -> None:
        self._due = due

    def run(self, *, strict: bool = False) -> dict[str, Any] | None:
        """One run; None when it found nothing new, or failed, which is said once and tried again."""
        try:
            report = self._run()
        except OnrecordError as error:
            if strict:
                raise
            self._due, self._failed_at = True, time.monotonic()
            if str(error) != self._said:
                self._said = str(error)
                self._display.say(f"not indexed: {error}")
            return None
        finally:
            self._display.finish()
        self._due, self._said = False, ""
        news = strict or any(report[key] for key in CHANGES) or report["problems"] != self._problems
        self._problems = report["problems"]
        return report if news else None


def _wait_for(paths: Sequence[Path], display: Display) -> list[tuple[int, ...]]:
    """What lies at the paths, once all of them are there."""
    missing = [str(path) for path in paths if not path.exists()]
    if missing:
        display.say(f"{', '.join(missing)} is not there; what is indexed from there is kept. Waiting for it.")
        while not all(path.exists() for path in paths):
            time.sleep(TICK / 1000)
        display.say("It is there again.")
    return _identities(paths)


def _identities(paths: Sequence[Path]) -> list[tuple[int, ...]]:
    """What tells a folder or file from another that takes its place; of a file also whether it was written."""
    found: list[tuple[int, ...]] = []
    for path in paths:
        try:
            status = path.stat()
        except OSError:
            found.append(())
            continue
        written = () if path.is_dir() else (status.st_mtime_ns, status.st_size)
        found.append((status.st_dev, status.st_ino, *written))
    return found


def _changes(paths: Sequence[Path], home: Path) -> Iterator[set[Any]]:
    """What changed at the paths, at least every `TICK` milliseconds, which may be nothing; ends when it cannot look."""
    from watchfiles import Change
    from watchfiles import watch as changes

    roots = [Path(os.path.realpath(path)) for path in paths]
    own = Path(os.path.realpath(home))

    def matters(_: Change, name: str) -> bool:
        path = Path(name)
        around = [root for root in roots if path.is_relative_to(root)]
        hidden = around and all(_hidden(path.relative_to(root)) for root in around)
        return not hidden and not path.is_relative_to(own)

    try:
        yield from changes(
            *roots,
            watch_filter=matters,
            debounce=800,
            step=200,
            rust_timeout=TICK,
            yield_on_timeout=True,
            raise_interrupt=True,
            ignore_permission_denied=True,
        )
    except FileNotFoundError:
        return  # it went in this moment
    except OSError as error:
        raise OnrecordError(
            f"the folders cannot be watched ({error}); raise fs.inotify.max_user_watches, or set "
            "WATCHFILES_FORCE_POLLING=1"
        ) from error


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)
