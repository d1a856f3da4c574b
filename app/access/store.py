"""The file in the home that says who may sign in: `access.db`, SQLite, readable by the server's own user alone.

Several processes may have it open (a server, and `onrecord users` beside it); what one changes holds for the others
with their next request. No secret lies in it: passwords as Argon2 hashes, session ids and tokens as SHA-256.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from indexing.errors import HomeError
from indexing.transaction import transaction

FILE = "access.db"
VERSION = 1
SECRET_BYTES = 32  # 256 bits, which nobody guesses
PATIENCE = 10.0  # seconds to wait while another process writes

SCHEMA = """
CREATE TABLE accounts (key TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, password TEXT, subject TEXT UNIQUE,
  created REAL NOT NULL);
CREATE TABLE sessions (id BLOB PRIMARY KEY, account TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
  form TEXT NOT NULL, created REAL NOT NULL, seen REAL NOT NULL);
CREATE INDEX sessions_of ON sessions (account);
CREATE TABLE tokens (id TEXT PRIMARY KEY, secret BLOB NOT NULL UNIQUE,
  account TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE, label TEXT NOT NULL, role TEXT NOT NULL,
  created REAL NOT NULL, expires REAL, used REAL);
CREATE INDEX tokens_of ON tokens (account);
CREATE TABLE attempts (key BLOB PRIMARY KEY, failures INTEGER NOT NULL, last REAL NOT NULL);
CREATE TABLE flows (state BLOB PRIMARY KEY, browser BLOB NOT NULL, nonce TEXT NOT NULL, verifier TEXT NOT NULL,
  goal TEXT NOT NULL, created REAL NOT NULL);
CREATE TABLE audit (at REAL NOT NULL, account TEXT NOT NULL, address TEXT NOT NULL, action TEXT NOT NULL,
  target TEXT NOT NULL, outcome TEXT NOT NULL);
CREATE INDEX audit_at ON audit (at);
"""


class Store:
    """One open connection, shared by the threads of a process. Close it, or use it in a `with`."""

    def __init__(self, home: Path, clock: Callable[[], float] = time.time) -> None:
        """Opens `home/access.db`, and makes it where there is none. Raises HomeError."""
        self.path = home / FILE
        self.now = clock
        self._lock = threading.RLock()
        try:
            home.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            self._line = sqlite3.connect(
                self.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False, cached_statements=64
            )
            self._line.execute("PRAGMA journal_mode=WAL")
            self._line.execute("PRAGMA synchronous=NORMAL")
            self._line.execute("PRAGMA foreign_keys=ON")
            self._made()
        except (OSError, sqlite3.Error) as error:
            raise HomeError(
                f"{self.path}, which says who may sign in, cannot be opened ({error}); see to its folder, its "
                "permissions and the disk"
            ) from error

    def _made(self) -> None:
        with self.writing() as line:
            (found,) = line.execute("PRAGMA user_version").fetchone()
            if found > VERSION:
                raise HomeError(f"{self.path} was made by a newer Onrecord; use that one")
            if not found:
                for statement in SCHEMA.split(";\n"):
                    line.execute(statement)
                line.execute(f"PRAGMA user_version={VERSION}")

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._line.execute(statement, values).fetchall()

    def row(self, statement: str, *values: Any) -> tuple[Any, ...] | None:
        found = self.rows(statement, *values)
        return found[0] if found else None

    def write(self, statement: str, *values: Any) -> int:
        """Executes one statement; returns how many rows it changed."""
        with self._lock:
            return self._line.execute(statement, values).rowcount

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Several statements that hold together or not at all; nobody else writes meanwhile."""
        with self._lock, transaction(self._line) as line:
            yield line

    def close(self) -> None:
        with self._lock:
            self._line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def new_secret() -> str:
    return secrets.token_urlsafe(SECRET_BYTES)


def digest(secret: str) -> bytes:
    """What is kept of a secret that nobody could guess: no salt and no slowness are needed for 256 random bits."""
    return hashlib.sha256(secret.encode()).digest()
