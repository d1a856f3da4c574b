"""How far a run is: a line on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

EVERY = 30.0  # seconds between two lines where nobody watches


class Progress:
    """Items done of `total`, of which `kept` were answered before; failures, money, and the time that is left."""

    def __init__(self, total: int, kept: int, what: str = "items") -> None:
        self._total, self._kept, self._what = total, kept, what
        self._done = self._failed = 0
        self._cost = 0.0
        self._began = self._said = time.perf_counter()
        self._watched = sys.stderr.isatty()

    def __enter__(self) -> Self:
        if self._kept:
            print(f"{self._kept} of {self._total} {self._what} were answered before and are kept", file=sys.stderr)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._watched and self._done:
            print(file=sys.stderr)

    def step(self, *, failed: bool, cost: float | None) -> None:
        self._done += 1
        self._failed += failed
        self._cost += cost or 0.0
        now = time.perf_counter()
        if self._watched and (now - self._said > 0.1 or self._left == 0):
            print(f"\r{self._line(now)} ", end="", file=sys.stderr, flush=True)
            self._said = now
        elif not self._watched and now - self._said > EVERY:
            print(self._line(now), file=sys.stderr, flush=True)
            self._said = now

    @property
    def _left(self) -> int:
        return self._total - self._kept - self._done

    def _line(self, now: float) -> str:
        seconds = round((now - self._began) / self._done * self._left)
        failed = f", {self._failed} failed" if self._failed else ""
        cost = f", {self._cost:.4f} spent" if self._cost else ""
        left = f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        return f"{self._kept + self._done} of {self._total} {self._what}{failed}{cost}, {left} left"
