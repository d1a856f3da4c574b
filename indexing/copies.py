"""Which documents are copies of one text, kept in the catalogue: linked as they come, unlinked as they go."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from indexing.catalogue import Catalogue
from indexing.duplicates import ALIKE, bands, share


def link_copies(catalogue: Catalogue) -> None:
    """Find the copies among documents that changed since the last call, and forget those of documents that went.

    Two documents are linked when their texts share four fifths of their shingles; the order of calls does not matter.
    """
    with catalogue.writing() as db:
        gone = (
            "(SELECT key FROM linked WHERE NOT EXISTS "
            "(SELECT 1 FROM documents d WHERE d.version_id = linked.version_id AND d.id = linked.key))"
        )
        for table, column in (("bands", "document_id"), ("copies", "first"), ("copies", "second"), ("linked", "key")):
            db.execute(f"DELETE FROM {table} WHERE {column} IN {gone}")
        fresh = db.execute(
            "SELECT d.id, d.version_id, v.likeness FROM documents d JOIN versions v ON v.id = d.version_id "
            "LEFT JOIN linked ON linked.key = d.id WHERE linked.key IS NULL ORDER BY d.id"
        ).fetchall()
        for document_id, version_id, signature in fresh:
            db.execute("INSERT INTO linked VALUES (?, ?)", [document_id, version_id])
            if signature is not None:
                _link(db, document_id, signature)


def _link(db: sqlite3.Connection, document_id: str, signature: bytes) -> None:
    """Link a document to the documents before it that are its copies; of those exactly alike, to one."""
    keys = list(bands(signature))
    marks = ",".join("?" * len(keys))
    near = db.execute(
        "SELECT DISTINCT v.likeness, b.document_id FROM bands b JOIN documents d ON d.id = b.document_id "
        f"JOIN versions v ON v.id = d.version_id WHERE b.band IN ({marks})",
        keys,
    )
    for other_id in {likeness: other for likeness, other in near if share(likeness, signature) >= ALIKE}.values():
        db.execute("INSERT OR IGNORE INTO copies VALUES (?, ?)", sorted([document_id, other_id]))
    db.executemany("INSERT OR IGNORE INTO bands VALUES (?, ?)", [(key, document_id) for key in keys])


def groups(catalogue: Catalogue, document_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """For each document that has copies all documents of its group, itself included, by id."""
    found: dict[str, tuple[str, ...]] = {}
    for document_id in document_ids:
        if document_id not in found:
            group = _group(catalogue, document_id)
            if len(group) > 1:
                found.update(dict.fromkeys(group, tuple(sorted(group))))
    return found


def all_groups(catalogue: Catalogue) -> list[tuple[str, ...]]:
    """All groups of copies, each by document id."""
    members = [row[0] for row in catalogue.query("SELECT first FROM copies UNION SELECT second FROM copies")]
    return sorted(set(groups(catalogue, members).values()))


def _group(catalogue: Catalogue, document_id: str) -> set[str]:
    """A document and all that are linked to it, directly or through others."""
    rows = catalogue.query(
        "WITH RECURSIVE grown(id) AS (SELECT ? UNION SELECT CASE c.first WHEN g.id THEN c.second ELSE c.first END "
        "FROM grown g JOIN copies c ON c.first = g.id OR c.second = g.id) SELECT id FROM grown",
        [document_id],
    )
    return {str(row[0]) for row in rows}
