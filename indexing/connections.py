"""One SQLite file opened by many threads: each has a connection of its own, closed when the thread ends."""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from indexing.transaction import sealed

PATIENCE = 30  # seconds to wait while another process writes
CACHE_KIB = 512  # of pages that a connection keeps


class _Held:
    """A thread's connection, closed when the thread ends: a server's threads come and go."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()


class Connections:
    """The connections to one file; where its folder cannot be written they only read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._held: weakref.WeakSet[_Held] = weakref.WeakSet()

    @property
    def mine(self) -> sqlite3.Connection:
        """This thread's connection; it begins no transaction by itself. Raises HomeError, sqlite3.Error."""
        held: _Held | None = getattr(self._local, "held", None)
        if held is None:
            held = self._local.held = _Held(self._opened())
            self._held.add(held)
        return held.connection

    def _opened(self) -> sqlite3.Connection:
        target = sealed(self.path) or self.path
        connection = sqlite3.connect(
            target, timeout=PATIENCE, isolation_level=None, check_same_thread=False, uri=isinstance(target, str)
        )
        if target is self.path:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")  # what was committed survives a power cut
        # KiB: a server has a hundred threads, each with its connection; the system keeps the file's pages for all.
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        return connection

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Several reads of one moment."""
        db = self.mine
        db.execute("BEGIN")
        try:
            yield db
        finally:
            db.execute("COMMIT")

    def close(self) -> None:
        """Close those of all threads; whoever asks again gets a new one."""
        for held in [*self._held]:
            held.connection.close()
        self._held.clear()
        self._local = threading.local()
