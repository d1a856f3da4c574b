"""Conversations on disk: one SQLite file in the home, beside the catalogue, for all readers of a server.

Every method that reads or changes a conversation takes the reader's name, and every statement asks for it: what belongs
to somebody else is as absent as what does not exist. What is deleted is overwritten, in the file and in what the search
remembers of it. The file is made with the first question that is kept.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.conversations.schema import MIGRATIONS, opened
from app.conversations.values import Conversation, Feedback, Given, Kept, Summary, Wrong, title_of
from indexing.collection import now
from indexing.errors import HomeError
from indexing.tokens import indexed_words, tokens_of
from indexing.transaction import transaction

FILE = "conversations.sqlite"
WORDS_AT_MOST = 20  # of a search; the others are not asked for
OWN = "SELECT key FROM conversations WHERE id = :id AND user = :user"
LISTED = """
SELECT c.id, c.title, c.created_at, c.updated_at,
(SELECT count(*) FROM exchanges e WHERE e.conversation = c.key AND NOT e.replaced_by), {found}
FROM conversations c WHERE c.user = :user
"""
FOUND = """coalesce((SELECT e.question FROM words JOIN exchanges e ON e.key = words.rowid
WHERE words MATCH :words AND e.conversation = c.key ORDER BY e.place LIMIT 1), '')"""
MATCHING = """ AND (c.key IN (SELECT e.conversation FROM words JOIN exchanges e ON e.key = words.rowid
WHERE words MATCH :words) OR {title})"""
EXCHANGES = """
SELECT e.place, e.question, e.stage, e.asked_at, e.record, e.made_with, e.replaced_by,
f.verdict, f.wrong, f.note, f.given_at
FROM conversations c JOIN exchanges e ON e.conversation = c.key LEFT JOIN feedback f ON f.exchange = e.key
"""


class Conversations:
    """The conversations of one home; safe to use from several threads, and beside other processes."""

    def __init__(self, home: Path, migrations: Sequence[str] = MIGRATIONS) -> None:
        self.home = home
        self._path = home / FILE
        self._migrations = migrations
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    # -- keeping -----------------------------------------------------------------------------------------------------

    def begin(self, user: str, question: str, conversation: str = "", replacing: int | None = None) -> tuple[str, int]:
        """Keep that a question was asked, in a conversation of this user or, where there is none such, in a new one.

        `replacing` is the place of the question that it takes the place of, and with it of all that follows. Returns
        the conversation's id and the place of the exchange.
        """
        moment, question = now(), _clean(question)
        with self._writing() as db:
            key = _own(db, user, conversation)
            if key is None:
                conversation, title = secrets.token_hex(12), title_of(question)
                key = db.execute(
                    "INSERT INTO conversations (id, user, title, title_words, created_at, updated_at) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    [conversation, user, title, _searched(title), moment, moment],
                ).lastrowid
            assert key is not None
            place = db.execute("SELECT max(place) FROM exchanges WHERE conversation = ?", [key]).fetchone()[0] or 0
            place += 1
            if replacing is not None:
                _replace(db, key, replacing, place, question)
            exchange = db.execute(
                "INSERT INTO exchanges (conversation, place, question, stage, asked_at) VALUES (?, ?, ?, 'asked', ?)",
                [key, place, question, moment],
            ).lastrowid
            db.execute("INSERT INTO words (rowid, text) VALUES (?, ?)", [exchange, _searched(question)])
            db.execute("UPDATE conversations SET updated_at = ? WHERE key = ?", [moment, key])
        return conversation, place

    def finish(
        self,
        user: str,
        conversation: str,
        place: int,
        stage: str,
        record: Mapping[str, Any],
        made_with: Mapping[str, Any],
    ) -> bool:
        """Keep what came of a question; false where the conversation is there no more."""
        said = (record.get("answer") or {}).get("answer", "")
        with self._writing() as db:
            exchange = _exchange(db, user, conversation, place)
            if exchange is None:
                return False
            key, question, replaced_by = exchange
            db.execute(
                "UPDATE exchanges SET stage = ?, record = ?, made_with = ? WHERE key = ?",
                [stage, _json(record), _json(made_with), key],
            )
            if not replaced_by:
                db.execute("UPDATE words SET text = ? WHERE rowid = ?", [_searched(f"{question}\n{said}"), key])
            db.execute("UPDATE conversations SET updated_at = ? WHERE id = ?", [now(), conversation])
        return True

    def give(self, user: str, conversation: str, place: int, feedback: Feedback) -> bool:
        """Keep what a reader says of an answer, in place of what was said before; false where there is none such."""
        with self._writing() as db:
            exchange = _exchange(db, user, conversation, place)
            if exchange is None:
                return False
            wrong = _json([one.as_json() for one in feedback.wrong])
            db.execute(
                "INSERT OR REPLACE INTO feedback (exchange, verdict, wrong, note, given_at) VALUES (?, ?, ?, ?, ?)",
                [exchange[0], feedback.verdict, wrong, _clean(feedback.note), feedback.given_at or now()],
            )
        return True

    def rename(self, user: str, conversation: str, title: str) -> bool:
        """False where this user has no such conversation."""
        title = _clean(" ".join(title.split()))
        with self._writing() as db:
            changed = db.execute(
                "UPDATE conversations SET title = ?, title_words = ? WHERE id = ? AND user = ?",
                [title, _searched(title), conversation, user],
            ).rowcount
        return changed > 0

    def delete(self, user: str, conversation: str) -> bool:
        """Delete a conversation with all that was said in it and of it; false where this user has none such."""
        with self._writing() as db:
            key = _own(db, user, conversation)
            if key is None:
                return False
            _forget(db, [key])
        self._settle()
        return True

    def delete_all(self, user: str) -> int:
        """Delete every conversation of a user; how many there were."""
        if not self._path.is_file():
            return 0
        with self._writing() as db:
            keys = [key for (key,) in db.execute("SELECT key FROM conversations WHERE user = ?", [user])]
            _forget(db, keys)
        self._settle()
        return len(keys)

    # -- reading -----------------------------------------------------------------------------------------------------

    def listed(self, user: str, search: str = "", limit: int = 50, offset: int = 0) -> tuple[Summary, ...]:
        """A user's conversations, the latest first; with `search` those in which all its words stand, in one question
        with its answer or in the title, as they are or as beginnings of words."""
        words = _searched(search).split()[:WORDS_AT_MOST]
        if search.strip() and not words:
            return ()
        given: dict[str, Any] = {"user": user, "limit": limit, "offset": offset}
        statement = LISTED.format(found=FOUND if words else "''")
        if words:
            given["words"] = " ".join(f'"{word}"*' for word in words)
            given |= {f"title{number}": f"% {word}%" for number, word in enumerate(words)}
            statement += MATCHING.format(
                title=" AND ".join(f"' ' || c.title_words LIKE :title{number}" for number in range(len(words)))
            )
        rows = self._read(f"{statement} ORDER BY c.updated_at DESC, c.key DESC LIMIT :limit OFFSET :offset", given)
        found = (Summary(*row) for row in rows)
        return tuple(one if one.found != one.title else _plain(one) for one in found)

    def count(self, user: str) -> int:
        """How many conversations a user has."""
        rows = self._read("SELECT count(*) FROM conversations WHERE user = :user", {"user": user})
        return int(rows[0][0]) if rows else 0

    def conversation(self, user: str, conversation: str) -> Conversation | None:
        """A conversation as it stands now; None where this user has none such."""
        given = {"user": user, "id": conversation}
        rows = self._read(LISTED.format(found="''") + " AND c.id = :id", given)
        if not rows:
            return None
        kept = self._read(
            f"{EXCHANGES} WHERE c.user = :user AND c.id = :id AND NOT e.replaced_by ORDER BY e.place", given
        )
        return Conversation(Summary(*rows[0]), tuple(map(_kept, kept)))

    def exchange(self, user: str, conversation: str, place: int) -> Kept | None:
        """One exchange, also one that was replaced; None where this user has none such."""
        given = {"user": user, "id": conversation, "place": place}
        rows = self._read(f"{EXCHANGES} WHERE c.user = :user AND c.id = :id AND e.place = :place", given)
        return _kept(rows[0]) if rows else None

    def judged(self) -> Iterator[Given]:
        """Of all users, for whoever runs this home: each answer of which something was said, with what was asked and
        answered before it."""
        for key, place in self._read(
            "SELECT e.conversation, e.place FROM feedback f JOIN exchanges e ON e.key = f.exchange ORDER BY e.key", {}
        ):
            rows = self._read(
                f"{EXCHANGES} WHERE c.key = :key AND e.place <= :place ORDER BY e.place", {"key": key, "place": place}
            )
            *before, last = map(_kept, rows)
            yield Given(last, tuple(one for one in before if one.replaced_by == 0 or one.replaced_by > place))

    # -- the file ----------------------------------------------------------------------------------------------------

    def _read(self, statement: str, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        if self._connection is None and not self._path.is_file():
            return []
        with self._used() as db:
            return db.execute(statement, given).fetchall()

    @contextmanager
    def _used(self) -> Iterator[sqlite3.Connection]:
        """The connection, one thread at a time. Raises HomeError that says what to do about a file that fails."""
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = opened(self._path, self._migrations)
                yield self._connection
            except sqlite3.OperationalError as error:
                raise HomeError(
                    f"{self._path} cannot be used ({error}); see to the disk and its permissions"
                ) from error
            except sqlite3.DatabaseError as error:
                raise HomeError(
                    f"{self._path} is damaged ({error}); put it back from a backup, or remove it"
                ) from error
            except OSError as error:
                raise HomeError(f"{self._path} cannot be made ({error.strerror}); see to its folder") from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it or nothing."""
        with self._used() as db, transaction(db):
            yield db

    def _settle(self) -> None:
        """Let nothing of what was deleted stand in the write-ahead log either."""
        with self._used() as db:
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _own(db: sqlite3.Connection, user: str, conversation: str) -> int | None:
    row = db.execute(OWN, {"id": conversation, "user": user}).fetchone()
    return int(row[0]) if row else None


def _exchange(db: sqlite3.Connection, user: str, conversation: str, place: int) -> tuple[int, str, int] | None:
    """Key, question and whether it is replaced, of an exchange of this user."""
    row: tuple[int, str, int] | None = db.execute(
        f"SELECT key, question, replaced_by FROM exchanges WHERE conversation = ({OWN}) AND place = :place",
        {"id": conversation, "user": user, "place": place},
    ).fetchone()
    return row


def _replace(db: sqlite3.Connection, key: int, since: int, place: int, question: str) -> None:
    """Let an exchange stand for all from `since` on; a title that was the first question becomes the new one."""
    gone = "conversation = ? AND place >= ? AND NOT replaced_by"
    first = db.execute(f"SELECT question FROM exchanges WHERE {gone} ORDER BY place LIMIT 1", [key, since]).fetchone()
    db.execute(f"DELETE FROM words WHERE rowid IN (SELECT key FROM exchanges WHERE {gone})", [key, since])
    db.execute(f"UPDATE exchanges SET replaced_by = ? WHERE {gone}", [place, key, since])
    left = db.execute("SELECT count(*) FROM exchanges WHERE conversation = ? AND NOT replaced_by", [key]).fetchone()[0]
    if first and not left:
        db.execute(
            "UPDATE conversations SET title = ?, title_words = ? WHERE key = ? AND title = ?",
            [title_of(question), _searched(title_of(question)), key, title_of(first[0])],
        )


def _forget(db: sqlite3.Connection, keys: Sequence[int]) -> None:
    for key in keys:
        db.execute("DELETE FROM words WHERE rowid IN (SELECT key FROM exchanges WHERE conversation = ?)", [key])
        db.execute("DELETE FROM conversations WHERE key = ?", [key])
    # A deleted row's words stay in the index until its parts are merged; freed pages are overwritten.
    db.execute("INSERT INTO words (words) VALUES ('optimize')")


def _searched(text: str) -> str:
    """A text as words to search by, as documents are searched: folded, in lower case, ideographs one by one."""
    return indexed_words(tokens_of(text))


def _plain(one: Summary) -> Summary:
    return Summary(one.id, one.title, one.created_at, one.updated_at, one.exchanges)


def _clean(text: str) -> str:
    """Without halves of surrogate pairs, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _json(value: object) -> str:
    return json.dumps(value)


def _kept(row: Sequence[Any]) -> Kept:
    place, question, stage, asked_at, record, made_with, replaced_by, verdict, wrong, note, given_at = row
    feedback = Feedback()
    if given_at:
        feedback = Feedback(verdict, tuple(Wrong(**one) for one in json.loads(wrong)), note, given_at)
    return Kept(place, question, stage, asked_at, json.loads(record), json.loads(made_with), feedback, replaced_by)
