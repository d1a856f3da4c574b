"""Progress of long work on standard error: a bar on a terminal, lines or JSON for programs."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from typing import Any, Literal, Self

from app.terminal import plain
from indexing.ingest import Progress

Style = Literal["auto", "json", "none"]
BETWEEN = 1.0  # seconds between lines where there is no terminal
SHOWN = ("added", "changed", "moved", "removed", "skipped", "failed")


class Display:
    """Shows how far a run is. `verbose` adds a line for every file that something became of."""

    def __init__(self, style: Style = "auto", *, verbose: bool = False) -> None:
        self._style = style
        self._verbose = verbose
        self._bar: Any = None
        self._task: Any = None
        self._last = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def show(self, progress: Progress) -> None:
        if self._style == "json":
            print(json.dumps(asdict(progress), ensure_ascii=False), file=sys.stderr, flush=True)
        elif self._style == "auto":
            if self._verbose and progress.outcome in SHOWN:
                self._say(f"{progress.outcome}: {plain(progress.name)}")
            if sys.stderr.isatty():
                self._draw(progress)
            elif not self._verbose and time.monotonic() - self._last >= BETWEEN:
                self._last = time.monotonic()
                share = progress.done / progress.total if progress.total else 1.0
                self._say(f"{share:.0%}, at {plain(progress.name)}")

    def _say(self, line: str) -> None:
        if self._bar is not None:
            self._bar.console.print(line, markup=False, highlight=False)
        else:
            print(line, file=sys.stderr, flush=True)

    def _draw(self, progress: Progress) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
        from rich.progress import Progress as Bar

        if self._bar is None:
            parts = BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()
            self._bar = Bar(TextColumn("indexing"), *parts, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("indexing", total=progress.total)
            self._bar.start()
        self._bar.update(self._task, completed=progress.done, total=progress.total)
