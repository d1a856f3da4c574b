"""Which documents are copies of one text, kept in the catalogue: linked as they come, unlinked as they go.

Documents of one likeness share a signature, and signatures are linked, so that a text that lies there a thousand times
costs no more than once, and what is linked depends on which texts are there, not on the order in which they came.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable

from indexing.catalogue import Catalogue
from indexing.linking import Linker, top_of, unlink

SIGNATURE = "~"  # what their ids begin with: they sort behind those of documents
GONE = "NOT EXISTS (SELECT 1 FROM documents d WHERE d.id = linked.document_id AND d.version_id = linked.version_id)"


def link_copies(catalogue: Catalogue) -> None:
    """Find the copies among documents that changed since the last call, and forget those of documents that went.

    Two texts are linked when they share four fifths of their shingles.
    """
    with catalogue.writing() as db:
        left = db.execute(f"SELECT document_id, signature FROM linked WHERE {GONE}").fetchall()
        db.executemany("DELETE FROM linked WHERE document_id = ?", [[row[0]] for row in left])
        fresh = db.execute(
            "SELECT d.id, d.version_id FROM documents d LEFT JOIN linked ON linked.document_id = d.id "
            "WHERE d.version_id IS NOT NULL AND linked.document_id IS NULL"
        ).fetchall()
        linker = Linker(db)
        for document_id, version_id in fresh:
            likeness = db.execute("SELECT likeness FROM versions WHERE id = ?", [version_id]).fetchone()[0]
            signature = None if likeness is None else SIGNATURE + hashlib.sha256(likeness).hexdigest()[:32]
            db.execute("INSERT INTO linked VALUES (?, ?, ?)", [document_id, version_id, signature])
            if signature is not None:
                linker.add(signature, likeness)
        used = "SELECT 1 FROM linked WHERE signature = ?"
        unlink(
            db, [one for one in sorted({row[1] for row in left if row[1]}) if not db.execute(used, [one]).fetchone()]
        )


def groups(catalogue: Catalogue, document_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """For each document that has copies all documents of its group, itself included, by id."""
    found: dict[str, tuple[str, ...]] = {}
    for document_id in document_ids:
        if document_id not in found:
            group = _group(catalogue, document_id)
            if len(group) > 1:
                found.update(dict.fromkeys(group, tuple(sorted(group))))
    return found


def labels(catalogue: Catalogue, document_ids: Iterable[str]) -> dict[str, str]:
    """For each of the documents that has copies the smallest id of its group; one query for all of them."""
    pairs = catalogue.query(
        "WITH RECURSIVE grown(id) AS (SELECT l.signature FROM json_each(?) JOIN linked l ON l.document_id = value "
        "WHERE l.signature IS NOT NULL "
        "UNION SELECT c.second FROM grown JOIN copies c ON c.first = grown.id "
        "UNION SELECT c.first FROM grown JOIN copies c ON c.second = grown.id) "
        "SELECT c.first, c.second FROM grown JOIN copies c ON c.first = grown.id "
        "UNION ALL SELECT l.document_id, l.signature FROM grown JOIN linked l ON l.signature = grown.id "
        "JOIN documents d ON d.id = l.document_id AND d.version_id = l.version_id",
        [json.dumps(wanted := list(document_ids))],
    )
    parents: dict[str, str] = {}
    for pair in pairs:
        smaller, larger = sorted(top_of(parents, one) for one in pair)
        parents[larger] = parents[smaller] = smaller
    sizes = Counter(top_of(parents, one) for one in list(parents) if not one.startswith(SIGNATURE))
    tops = {document_id: top_of(parents, document_id) for document_id in wanted if document_id in parents}
    return {document_id: top for document_id, top in tops.items() if sizes[top] > 1}


def all_groups(catalogue: Catalogue) -> list[tuple[str, ...]]:
    """All groups of copies, each by document id."""
    members = catalogue.query(
        "SELECT document_id FROM linked WHERE signature IN (SELECT first FROM copies UNION SELECT second FROM copies) "
        "UNION SELECT min(document_id) FROM linked WHERE signature IS NOT NULL GROUP BY signature HAVING count(*) > 1"
    )
    return sorted(set(groups(catalogue, (row[0] for row in members)).values()))


def _group(catalogue: Catalogue, document_id: str) -> set[str]:
    """A document and all that are linked to it, directly or through others, as far as they are current."""
    rows = catalogue.query(
        "WITH RECURSIVE grown(id) AS (SELECT signature FROM linked WHERE document_id = ? AND signature IS NOT NULL "
        "UNION SELECT CASE c.first WHEN g.id THEN c.second ELSE c.first END "
        "FROM grown g JOIN copies c ON c.first = g.id OR c.second = g.id) "
        "SELECT d.id FROM grown JOIN linked ON linked.signature = grown.id "
        "JOIN documents d ON d.id = linked.document_id AND d.version_id = linked.version_id",
        [document_id],
    )
    return {str(row[0]) for row in rows}
