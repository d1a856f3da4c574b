"""How SQLite is used: one transaction on a connection that begins none by itself, and a file that cannot be written."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from indexing.errors import HomeError


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All of it or nothing, with the right to write from the start."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield db
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def sealed(path: Path) -> str:
    """How to open a file where nothing can be written beside it, which SQLite wants even to read; else empty.

    Raises HomeError where its last changes stand beside it still.
    """
    if os.access(path.parent, os.W_OK) or not path.is_file():
        return ""
    log = path.with_name(f"{path.name}-wal")
    if log.exists() and log.stat().st_size:
        raise HomeError(f"{path.parent} cannot be written, and its last changes were not finished; copy it elsewhere")
    return f"{path.absolute().as_uri()}?mode=ro&immutable=1"
