"""The tables of kept conversations, how an older file is brought up to date, and how it is opened."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

from indexing.errors import HomeError
from indexing.transaction import transaction

# Each brings a file one version further; the version of a file is how many it has seen (`PRAGMA user_version`).
# What is written here once is never changed: add another.
MIGRATIONS: tuple[str, ...] = (
    """
CREATE TABLE conversations (
    key INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, user TEXT NOT NULL, title TEXT NOT NULL,
    title_words TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL
);
CREATE INDEX conversations_user ON conversations (user, updated_at);
CREATE TABLE exchanges (
    key INTEGER PRIMARY KEY AUTOINCREMENT, conversation INTEGER NOT NULL REFERENCES conversations ON DELETE CASCADE,
    place INTEGER NOT NULL, question TEXT NOT NULL, stage TEXT NOT NULL, asked_at TEXT NOT NULL,
    record TEXT NOT NULL DEFAULT '{}', made_with TEXT NOT NULL DEFAULT '{}', replaced_by INTEGER NOT NULL DEFAULT 0,
    UNIQUE (conversation, place)
);
CREATE TABLE feedback (
    exchange INTEGER PRIMARY KEY REFERENCES exchanges ON DELETE CASCADE, verdict TEXT NOT NULL, wrong TEXT NOT NULL,
    note TEXT NOT NULL, given_at TEXT NOT NULL
);
CREATE VIRTUAL TABLE words USING fts5(text, tokenize = 'unicode61 remove_diacritics 2')
""",
)


def opened(path: Path, migrations: Sequence[str] = MIGRATIONS) -> sqlite3.Connection:
    """The file, made where it is not there yet and brought up to date; only its owner can read it.

    Raises HomeError for a file of a later version, and sqlite3.Error for one that cannot be used.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    # Autocommit: transactions are begun where they are meant. FULL: what was committed survives a power cut.
    db = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA secure_delete = ON")  # what is deleted is overwritten with zeros
        db.execute("PRAGMA foreign_keys = ON")
        _migrate(db, path, migrations)
    except BaseException:
        db.close()
        raise
    return db


def _migrate(db: sqlite3.Connection, path: Path, migrations: Sequence[str]) -> None:
    def version() -> int:
        return int(db.execute("PRAGMA user_version").fetchone()[0])

    if version() == len(migrations):
        return
    with transaction(db):  # of two processes that open an old file, one waits and finds it done
        if version() > len(migrations):
            raise HomeError(
                f"{path} was made by a later version of Onrecord (schema {version()}); update Onrecord, or move it away"
            )
        for number, script in enumerate(migrations[version() :], version() + 1):
            for statement in script.split(";\n"):
                db.execute(statement)
            db.execute(f"PRAGMA user_version = {number}")
