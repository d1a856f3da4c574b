"""The vectors of sentences, as the catalogue keeps them: one blob a version and embedder, float16, in reading order."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import numpy as np

from indexing.documents import Passage
from indexing.embed import Vectors

WIDTH = np.dtype(np.float16).itemsize
OF_DOCUMENT = """
SELECT s.rowid FROM documents d JOIN versions v ON v.id = d.version_id
JOIN sentence_vectors s ON s.version_id = d.version_id
AND s.embedder = coalesce((SELECT value FROM meta WHERE key = 'embedder'), '') WHERE d.id = ? AND ? IN (v.version, '')
"""


def read_vectors(
    db: sqlite3.Connection, document_id: str, ranges: Sequence[tuple[int, int | None]], version: str = ""
) -> list[Vectors]:
    """For each `(first, count)` a `(count, dimension)` array in float32; without rows where the version is gone.

    Only what is asked for is read: a document may have a hundred thousand sentences.
    """
    kept = db.execute("SELECT value FROM meta WHERE key = 'dimension'").fetchone()
    dimension = int((kept and kept[0]) or 1)
    row = db.execute(OF_DOCUMENT, [document_id, version]).fetchone()
    if row is None:
        return [np.zeros((0, dimension), dtype=np.float32) for _ in ranges]
    packed = []
    with db.blobopen("sentence_vectors", "vectors", row[0], readonly=True) as blob:
        for first, count in ranges:
            blob.seek(min(first * dimension * WIDTH, len(blob)))
            packed.append(blob.read(-1 if count is None else count * dimension * WIDTH))
    return [np.frombuffer(one, dtype=np.float16).reshape(-1, dimension).astype(np.float32) for one in packed]


def read_vectors_of(db: sqlite3.Connection, passages: Sequence[Passage]) -> list[Vectors]:
    """The vectors of each passage's sentences; without rows where its document has just changed."""
    places: dict[tuple[str, str], list[int]] = {}
    for place, one in enumerate(passages):
        places.setdefault((one.document.id, one.document.version), []).append(place)
    found: dict[int, Vectors] = {}
    for (document_id, version), inside in places.items():
        ranges = [(passages[place].first, len(passages[place].sentences)) for place in inside]
        found.update(zip(inside, read_vectors(db, document_id, ranges, version), strict=True))
    return [found[place] for place in range(len(passages))]
