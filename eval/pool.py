"""Items asked by a few threads at a time, each within its time; what hangs is left behind and counted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[R]):
    """What asking came to: a value, or the error of the last attempt. `seconds` is the time of all attempts."""

    value: R | None
    error: Exception | None
    attempts: int
    seconds: float


class _Worker(Generic[T, R]):
    """A thread that asks what it is given; one that was left behind finishes for nobody."""

    def __init__(self, ask: Callable[[T], R], again: Callable[[Exception], bool], retries: int, pause: float) -> None:
        self._ask, self._again, self._retries, self._pause = ask, again, retries, pause
        self.inbox: SimpleQueue[T | None] = SimpleQueue()
        self.outbox: SimpleQueue[tuple[_Worker[T, R], Outcome[R]]] | None = None
        self.item: T | None = None
        self.began = 0.0
        threading.Thread(target=self._run, daemon=True).start()

    def give(self, item: T, outbox: SimpleQueue[tuple[_Worker[T, R], Outcome[R]]]) -> None:
        self.item, self.began, self.outbox = item, time.perf_counter(), outbox
        self.inbox.put(item)

    def _run(self) -> None:
        while (item := self.inbox.get()) is not None:
            outcome = self._attempted(item)
            if (outbox := self.outbox) is not None:
                outbox.put((self, outcome))

    def _attempted(self, item: T) -> Outcome[R]:
        began = time.perf_counter()
        for attempt in range(1, self._retries + 2):
            try:
                return Outcome(self._ask(item), None, attempt, time.perf_counter() - began)
            except Exception as error:  # noqa: BLE001  # whatever breaks one item is its result, and the run goes on
                if attempt > self._retries or not self._again(error):
                    return Outcome(None, error, attempt, time.perf_counter() - began)
            time.sleep(self._pause * 2 ** (attempt - 1))
        raise AssertionError("a loop of attempts ends with an outcome")


def ask_all(
    items: Iterable[T],
    ask: Callable[[T], R],
    *,
    jobs: int,
    timeout: float,
    retries: int,
    again: Callable[[Exception], bool],
    pause: float = 0.5,
) -> Iterator[tuple[T, Outcome[R]]]:
    """Every item with its outcome, as they come; never more than `jobs` are being asked.

    After `timeout` seconds, retries counted in, an item's outcome is a TimeoutError, and its thread is left behind.
    """
    waiting = iter(items)
    outbox: SimpleQueue[tuple[_Worker[T, R], Outcome[R]]] = SimpleQueue()
    idle = [_Worker(ask, again, retries, pause) for _ in range(jobs)]
    busy: list[_Worker[T, R]] = []
    try:
        while True:
            while idle and (item := next(waiting, None)) is not None:
                busy.append(idle.pop())
                busy[-1].give(item, outbox)
            if not busy:
                return
            left = min(worker.began for worker in busy) + timeout - time.perf_counter()
            try:
                worker, outcome = outbox.get(timeout=max(0.0, left))
            except Empty:
                for worker in [one for one in busy if time.perf_counter() - one.began >= timeout]:
                    worker.outbox = None
                    worker.inbox.put(None)
                    busy.remove(worker)
                    idle.append(_Worker(ask, again, retries, pause))
                    assert worker.item is not None
                    error = TimeoutError(f"no answer within {timeout:g} s")
                    yield worker.item, Outcome(None, error, 1, time.perf_counter() - worker.began)
                continue
            if worker not in busy:
                continue  # it answered in the moment it was left behind
            busy.remove(worker)
            idle.append(worker)
            assert worker.item is not None
            yield worker.item, outcome
    finally:
        for worker in (*idle, *busy):
            worker.inbox.put(None)
