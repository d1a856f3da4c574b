"""One writer a home: a lock file held by the operating system, and beside it who holds it."""

from __future__ import annotations

import datetime
import json
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout

from indexing.errors import HomeError


class OwnerLock:
    """Held from `acquire` to `release`; the system frees it when its process dies, however it dies."""

    def __init__(self, home: Path) -> None:
        self._lock = FileLock(home / "lock", thread_local=False)
        self._owner = home / "owner.json"
        self._home = home

    def try_acquire(self) -> bool:
        """Take it if nobody holds it; raises HomeError where the folder cannot be written."""
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        except OSError as error:
            raise HomeError(
                f"{self._home} cannot be written ({error.strerror}); give write permission or choose another --home"
            ) from error
        try:
            self.announce()
        except OSError as error:
            self._lock.release()
            raise HomeError(f"{self._home} cannot be written ({error.strerror}); see to the disk") from error
        return True

    def announce(self, **facts: str) -> None:
        """Write down who holds it and, for other processes, how to reach the holder."""
        command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:2]])
        since = datetime.datetime.now().astimezone().isoformat(timespec="seconds")
        part = self._owner.with_suffix(".part")
        part.write_text(json.dumps({"pid": os.getpid(), "command": command, "since": since, **facts}), encoding="utf-8")
        part.replace(self._owner)

    def owner(self) -> str:
        """Who holds it, in words; empty when nobody says so."""
        try:
            held = json.loads(self._owner.read_text(encoding="utf-8"))
            return f"`{held['command']}` (process {held['pid']}, since {held['since']})"
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def release(self) -> None:
        if self._lock.is_locked:
            self._owner.unlink(missing_ok=True)
            self._lock.release()

    def __enter__(self) -> Self:
        if not self.try_acquire():
            raise HomeError(
                f"{self._home} is in use by {self.owner() or 'another process'}; "
                "stop that first, or try again when it has finished"
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


class ChangeOver:
    """Any number of threads use a thing at a time, or one puts another in its place; who uses it may use it again."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._users = 0
        self._changing = False
        self._thread = threading.local()

    @property
    def used_here(self) -> bool:
        """Whether this thread uses it already."""
        return bool(getattr(self._thread, "depth", 0))

    @contextmanager
    def using(self) -> Iterator[None]:
        depth = getattr(self._thread, "depth", 0)
        with self._condition:
            self._condition.wait_for(lambda: depth or not self._changing)
            self._users += 1
        self._thread.depth = depth + 1
        try:
            yield
        finally:
            self._thread.depth = depth
            with self._condition:
                self._users -= 1
                self._condition.notify_all()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Waits until nobody uses it any more; who comes meanwhile waits."""
        with self._condition:
            self._changing = True
            try:
                self._condition.wait_for(lambda: not self._users)
                yield
            finally:
                self._changing = False
                self._condition.notify_all()
