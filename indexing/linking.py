"""Joins signatures that are alike, keeping a tree of links for each group: near copies of one text cost the same each.

Which signatures hang together is as if all pairs that share a band were compared, whatever the order they came in.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from indexing.duplicates import ALIKE, bands, shares

GROWN = (
    "WITH RECURSIVE grown(id) AS (SELECT ? UNION SELECT c.second FROM grown JOIN copies c ON c.first = grown.id "
    "UNION SELECT c.first FROM grown JOIN copies c ON c.second = grown.id) SELECT id FROM grown"
)
LINKS = "SELECT (SELECT count(*) FROM copies WHERE first = ?) + (SELECT count(*) FROM copies WHERE second = ?)"
FASTER = 8  # times as many of a group are compared at a time when the ones before were not alike


def top_of(parents: dict[str, str], key: str) -> str:
    """The key that `key` is joined to in the end; what was passed on the way is joined to it directly."""
    path = []
    while (above := parents.setdefault(key, key)) != key:
        path.append(key)
        key = above
    parents.update(dict.fromkeys(path, key))
    return key


class Linker:
    """Links within one transaction. A signature is compared with a group only until one of its members is alike."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._parents: dict[str, str] = {}
        # Of a band its signatures, by the top of their group when it was looked at last.
        self._bands: dict[int, dict[str, list[str]]] = {}

    def add(self, signature: str, likeness: bytes) -> None:
        """A signature, if it is new."""
        if self._db.execute("INSERT OR IGNORE INTO signatures VALUES (?, ?)", [signature, likeness]).rowcount:
            self.join(signature, likeness)
            rows = [(key, signature) for key in bands(likeness)]
            self._db.executemany("INSERT OR IGNORE INTO bands VALUES (?, ?)", rows)
            for key in {key for key, _ in rows if key in self._bands}:
                self._bands[key].setdefault(self._top(signature), []).append(signature)

    def join(self, signature: str, likeness: bytes) -> None:
        """Link a signature to each group that has one like it in a band of its own."""
        for key in bands(likeness):
            for members in list(self._band(key).values()):
                if self._top(members[0]) == self._top(signature):
                    continue
                other = self._first_alike(likeness, members)
                if other is not None:
                    self._db.execute("INSERT OR IGNORE INTO copies VALUES (?, ?)", sorted((signature, other)))
                    self._parents[self._top(signature)] = self._top(other)

    def _band(self, key: int) -> dict[str, list[str]]:
        found = self._bands.get(key)
        if found is None:
            rows = self._db.execute("SELECT signature FROM bands WHERE band = ?", [key])
            found = {row[0]: [row[0]] for row in rows}
        if not all(self._top(one) == one for one in found):
            grouped: dict[str, list[str]] = {}
            for one, members in found.items():
                grouped.setdefault(self._top(one), []).extend(members)
            found = grouped
        if found:
            self._bands[key] = found
        return found

    def _top(self, signature: str) -> str:
        if signature not in self._parents:
            for row in self._db.execute(GROWN, [signature]).fetchall():
                self._parents[row[0]] = signature
        return top_of(self._parents, signature)

    def _first_alike(self, likeness: bytes, members: list[str]) -> str | None:
        at, size = 0, 1
        while at < len(members):
            rows = self._db.execute(
                "SELECT id, likeness FROM signatures WHERE id IN (SELECT value FROM json_each(?))",
                [json.dumps(members[at : at + size])],
            ).fetchall()
            alike = shares(likeness, [theirs for _, theirs in rows]) >= ALIKE
            if alike.any():
                return str(rows[int(alike.argmax())][0])
            at, size = at + size, size * FASTER
        return None


def unlink(db: sqlite3.Connection, signatures: Iterable[str]) -> None:
    """Forget signatures; what one of them held together is compared again."""
    again: set[str] = set()
    for signature in signatures:
        links = db.execute(LINKS, [signature, signature]).fetchone()[0]
        members = {row[0] for row in db.execute(GROWN, [signature])} if links > 1 else {signature}
        again |= members if links > 1 else set()
        again.discard(signature)
        for side in ("first", "second"):
            db.executemany(f"DELETE FROM copies WHERE {side} = ?", [[member] for member in members])
        db.execute("DELETE FROM bands WHERE signature = ?", [signature])
        db.execute("DELETE FROM signatures WHERE id = ?", [signature])
    linker = Linker(db)
    for signature in sorted(again):
        likeness = db.execute("SELECT likeness FROM signatures WHERE id = ?", [signature]).fetchone()[0]
        linker.join(signature, likeness)
