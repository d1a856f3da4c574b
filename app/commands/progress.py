"""Progress of long work on standard error: a bar on a terminal, lines or JSON for programs."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from typing import Any, Literal, Self

from app.commands.terminal import plain
from indexing.ingest import Progress

Style = Literal["auto", "json", "none"]
Work = Literal["indexing", "rebuilding", "backing up", "unpacking", "restoring"]
BY_BYTES = ("indexing", "backing up", "unpacking")
BETWEEN = 2.0  # seconds between lines where there is no terminal; what takes less is quiet
SHOWN = ("added", "changed", "moved", "removed", "skipped", "failed")


class Display:
    """Shows how far a run is. `verbose` adds a line for every file that something became of."""

    def __init__(self, style: Style = "auto", *, verbose: bool = False, work: Work = "indexing") -> None:
        self._style = style
        self._verbose = verbose
        self._work = work
        self._bar: Any = None
        self._task: Any = None
        self._last: float | None = None  # when the last line was said, or the work begun

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()

    def show(self, progress: Progress) -> None:
        if self._style == "json":
            print(json.dumps(asdict(progress), ensure_ascii=False), file=sys.stderr, flush=True)
            return
        if self._style == "none":
            return
        now = time.monotonic()
        self._last = now if self._last is None else self._last
        if sys.stderr.isatty():
            self._draw(progress)
        elif not self._verbose and now - self._last >= BETWEEN:
            self._last = now
            share = progress.done / progress.total if progress.total else 1.0
            self._print(f"{self._work}: {share:.0%}, at {plain(progress.name)}")
        if self._verbose and progress.outcome in SHOWN:
            self._print(f"{progress.outcome}: {plain(progress.name)}")

    def say(self, notice: str) -> None:
        """A line about the work itself, whatever the style."""
        if self._style == "json":
            print(json.dumps({"notice": notice}, ensure_ascii=False), file=sys.stderr, flush=True)
        else:
            self._print(plain(notice))

    def finish(self) -> None:
        """Take the bar away; the next `show` begins another."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
        self._last = None

    def _print(self, line: str) -> None:
        if self._bar is not None:
            self._bar.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            print(line, file=sys.stderr, flush=True)

    def _draw(self, progress: Progress) -> None:
        from rich import progress as rich
        from rich.console import Console

        if self._bar is None:
            by_bytes = rich.DownloadColumn(), rich.TransferSpeedColumn()
            by_number = rich.MofNCompleteColumn(), rich.TextColumn("passages")
            self._bar = rich.Progress(
                rich.TextColumn(self._work),
                rich.BarColumn(),
                *(by_bytes if self._work in BY_BYTES else by_number),
                rich.TimeRemainingColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._bar.add_task(self._work, total=progress.total)
            self._bar.start()
        self._bar.update(self._task, completed=progress.done, total=progress.total)
