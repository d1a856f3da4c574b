"""The catalogue (SQLite, WAL): the truth about every document, version, sentence, chunk and problem.

A version is current when its document points at it. Everything else in the file is on its way in or out: a kill leaves
versions that no document points at, and the next writer clears them from all stores (`Collection.sweep`). Chunk ids
are never used twice, so an entry that a derived index still holds can only be dropped, never mistaken for another text.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from indexing.documents import Chunk, Document, Metadata, Passage, Sentence
from indexing.embed import Vectors
from indexing.errors import HomeError
from indexing.spans import Span

SCHEMA_VERSION = "1"
SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    id TEXT PRIMARY KEY, path TEXT NOT NULL UNIQUE, root TEXT NOT NULL, name TEXT NOT NULL, version_id INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX documents_version ON documents (version_id);
CREATE INDEX documents_name ON documents (name);
CREATE TABLE versions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, document_id TEXT NOT NULL, version TEXT NOT NULL, fingerprint TEXT NOT NULL,
    encoding TEXT NOT NULL, text TEXT NOT NULL, metadata TEXT NOT NULL, indexed_at TEXT NOT NULL
);
CREATE INDEX versions_document ON versions (document_id);
CREATE TABLE sentences (
    version_id INTEGER NOT NULL, ordinal INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,
    kind TEXT NOT NULL, paragraph INTEGER NOT NULL, pieces TEXT, PRIMARY KEY (version_id, ordinal)
) WITHOUT ROWID;
CREATE TABLE sentence_vectors (version_id INTEGER PRIMARY KEY, vectors BLOB NOT NULL);
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, heading TEXT NOT NULL, text TEXT NOT NULL
);
CREATE INDEX chunks_version ON chunks (version_id);
CREATE TABLE problems (
    path TEXT PRIMARY KEY, kind TEXT NOT NULL, reason TEXT NOT NULL, remedy TEXT NOT NULL, seen_at TEXT NOT NULL
) WITHOUT ROWID;
"""
DOCUMENT = "d.id, v.version, d.name, v.text, v.metadata"
CURRENT = "chunks JOIN documents ON documents.version_id = chunks.version_id"
IN_LIMIT = 500  # values of one IN (...): well under SQLite's limit


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as listed: where it came from and what is current; no text."""

    id: str
    path: str
    root: str
    name: str
    version: str
    fingerprint: str
    encoding: str
    metadata: Metadata
    indexed_at: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """One file ready to be stored: its document, its sentences, its chunks."""

    path: str
    root: str
    fingerprint: str
    encoding: str
    document: Document
    sentences: tuple[Sentence, ...]
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """A file that did not go in: `skipped` (by rule) or `failed` (something is wrong with it), why, and the remedy."""

    path: str
    kind: str
    reason: str
    remedy: str


class Catalogue:
    """Reads and writes of one `catalogue.sqlite`; safe to use from several threads, one connection each."""

    def __init__(self, path: Path, *, create: bool) -> None:
        self._path = path
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        try:
            if create and not self._has_schema():
                self._create()
            found = self.meta("schema")
        except sqlite3.Error as error:
            raise HomeError(
                f"the catalogue {path} cannot be used ({error}); "
                "put it back from a backup, or remove its folder and index again"
            ) from error
        if found != SCHEMA_VERSION:
            raise HomeError(
                f"{path} was made by another version of Onrecord (schema {found or 'none'}); "
                "remove its folder and index again"
            )

    def _has_schema(self) -> bool:
        return bool(self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'problems'").fetchone())

    def _create(self) -> None:
        with self.writing() as db:
            for statement in SCHEMA.split(";\n"):
                db.execute(statement)
            db.execute("INSERT INTO meta VALUES ('schema', ?), ('generation', '0')", [SCHEMA_VERSION])

    @property
    def _db(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            # Autocommit: transactions are begun where they are meant. FULL: what was committed survives a power cut.
            connection = sqlite3.connect(self._path, timeout=30, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            self._local.connection = connection
            self._connections.append(connection)
        return connection

    def close(self) -> None:
        for connection in self._connections:
            connection.close()
        self._connections.clear()
        self._local = threading.local()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it or nothing."""
        db = self._db
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
        except BaseException:
            db.execute("ROLLBACK")
            raise
        db.execute("COMMIT")

    # -- what the collection is ----------------------------------------------------------------------------------------

    def meta(self, key: str) -> str:
        """A recorded fact about the whole collection; empty when there is none."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", [key]).fetchone()
        return str(row[0]) if row else ""

    def set_meta(self, values: Mapping[str, str]) -> None:
        with self.writing() as db:
            db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())

    @property
    def generation(self) -> int:
        return int(self.meta("generation"))

    def count_documents(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM documents").fetchone()[0])

    def count_chunks(self) -> int:
        return int(self._db.execute(f"SELECT count(*) FROM {CURRENT}").fetchone()[0])

    def entries(self) -> list[Entry]:
        """Every document, by name."""
        rows = self._db.execute(
            "SELECT d.id, d.path, d.root, d.name, v.version, v.fingerprint, v.encoding, v.metadata, v.indexed_at "
            "FROM documents d JOIN versions v ON v.id = d.version_id ORDER BY d.name"
        )
        return [
            Entry(row[0], row[1], row[2], row[3], row[4], row[5], row[6], Metadata(**json.loads(row[7])), row[8])
            for row in rows
        ]

    def headings(self, most: int) -> list[str]:
        """Different headings of current chunks, at most `most`, the longest sections' first."""
        rows = self._db.execute(
            f"SELECT heading FROM {CURRENT} WHERE length(heading) BETWEEN 8 AND 60 "
            "GROUP BY heading ORDER BY count(*) DESC, heading LIMIT ?",
            [most],
        )
        return [str(row[0]) for row in rows]

    def problems(self) -> list[Problem]:
        return [
            Problem(*row) for row in self._db.execute("SELECT path, kind, reason, remedy FROM problems ORDER BY path")
        ]

    # -- reading -------------------------------------------------------------------------------------------------------

    def document(self, document_id: str, version: str = "") -> Document | None:
        """The current text of a document; None when it is gone, or not current in the version asked for."""
        row = self._db.execute(
            f"SELECT {DOCUMENT} FROM documents d JOIN versions v ON v.id = d.version_id WHERE d.id = ?",
            [document_id],
        ).fetchone()
        if row is None or (version and row[1] != version):
            return None
        return _document(row)

    def find_document(self, name: str) -> Document | None:
        """By its name as citations give it."""
        row = self._db.execute("SELECT id FROM documents WHERE name = ?", [name]).fetchone()
        return self.document(row[0]) if row else None

    def passages(self, chunk_ids: Sequence[int]) -> dict[int, Passage]:
        """The chunks among these that are current, by id; the others are left out. One consistent read."""
        db = self._db
        db.execute("BEGIN")
        try:
            return dict(self._passages(db, chunk_ids))
        finally:
            db.execute("COMMIT")

    def _passages(self, db: sqlite3.Connection, chunk_ids: Sequence[int]) -> Iterator[tuple[int, Passage]]:
        marks = ",".join("?" * len(chunk_ids))
        rows = db.execute(
            f"SELECT chunks.id, chunks.version_id, start, end, first, last FROM {CURRENT} WHERE chunks.id IN ({marks})",
            list(chunk_ids),
        ).fetchall()
        documents: dict[int, Document] = {}
        for chunk_id, version_id, start, end, first, last in rows:
            if version_id not in documents:
                row = db.execute(
                    f"SELECT {DOCUMENT} FROM versions v JOIN documents d ON d.id = v.document_id WHERE v.id = ?",
                    [version_id],
                ).fetchone()
                documents[version_id] = _document(row)
            inside = tuple(self._sentences(db, version_id, first, last))
            yield chunk_id, Passage(chunk_id, documents[version_id], Span(start, end), first, inside)

    def _sentences(self, db: sqlite3.Connection, version_id: int, first: int, last: int) -> Iterator[Sentence]:
        rows = db.execute(
            "SELECT start, end, kind, paragraph, pieces FROM sentences "
            "WHERE version_id = ? AND ordinal >= ? AND ordinal < ? ORDER BY ordinal",
            [version_id, first, last],
        )
        for start, end, kind, paragraph, pieces in rows:
            whole = Span(start, end)
            yield Sentence(
                whole, tuple(Span(*pair) for pair in json.loads(pieces)) if pieces else (whole,), kind, paragraph
            )

    def sentence_vectors(self, document_id: str) -> Vectors:
        """`(sentences of the document, dimension)` in reading order, float32 (kept as float16); none when gone."""
        row = self._db.execute(
            "SELECT vectors FROM sentence_vectors s JOIN documents d ON d.version_id = s.version_id WHERE d.id = ?",
            [document_id],
        ).fetchone()
        dimension = int(self.meta("dimension") or 1)
        return np.frombuffer(row[0] if row else b"", dtype=np.float16).reshape(-1, dimension).astype(np.float32)

    def chunk_ids(self, *, current: bool) -> Iterator[int]:
        """Ids of all chunks that are current, or of those that are not."""
        sign = "IN" if current else "NOT IN"
        rows = self._db.execute(f"SELECT id FROM chunks WHERE version_id {sign} (SELECT version_id FROM documents)")
        return (row[0] for row in rows)

    def chunk_texts(self, chunk_ids: Iterable[int]) -> list[tuple[int, str]]:
        """`(id, embedded text)` of the chunks that exist among these."""
        wanted = list(chunk_ids)
        found: list[tuple[int, str]] = []
        for at in range(0, len(wanted), IN_LIMIT):
            part = wanted[at : at + IN_LIMIT]
            marks = ",".join("?" * len(part))
            found += self._db.execute(f"SELECT id, text FROM chunks WHERE id IN ({marks})", part).fetchall()
        return found

    # -- writing -------------------------------------------------------------------------------------------------------

    def add(
        self, prepared: Sequence[Prepared], sentence_vectors: Vectors | None, indexed_at: str
    ) -> dict[str, tuple[int, list[int]]]:
        """Write versions that nothing points at yet; returns `{path: (version id, chunk ids)}`.

        `sentence_vectors` has a row for every sentence of all of them, in order.
        """
        written: dict[str, tuple[int, list[int]]] = {}
        row = 0
        with self.writing() as db:
            for item in prepared:
                version_id = _insert_version(db, item, indexed_at)
                db.executemany(
                    "INSERT INTO sentences VALUES (?, ?, ?, ?, ?, ?, ?)", _sentence_rows(version_id, item.sentences)
                )
                if sentence_vectors is not None:
                    rows = sentence_vectors[row : row + len(item.sentences)].astype(np.float16)
                    db.execute("INSERT INTO sentence_vectors VALUES (?, ?)", [version_id, rows.tobytes()])
                    row += len(item.sentences)
                written[item.path] = (version_id, [_insert_chunk(db, version_id, chunk) for chunk in item.chunks])
        return written

    def make_current(self, prepared: Sequence[Prepared], version_ids: Mapping[str, int], removed: Sequence[str]) -> int:
        """The moment of truth: documents point at their new versions, removed ones are gone. The new generation."""
        with self.writing() as db:
            for item in prepared:
                db.execute(
                    "INSERT INTO documents VALUES (?, ?, ?, ?, ?) "
                    "ON CONFLICT (id) DO UPDATE SET version_id = excluded.version_id, root = excluded.root",
                    [item.document.id, item.path, item.root, item.document.name, version_ids[item.path]],
                )
            db.executemany("DELETE FROM documents WHERE id = ?", [[document_id] for document_id in removed])
            db.execute("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'generation'")
        return self.generation

    def rename(self, names: Mapping[str, tuple[str, str]]) -> None:
        """Set `{document id: (root, name)}`."""
        with self.writing() as db:
            db.executemany(
                "UPDATE documents SET root = ?, name = ? WHERE id = ?",
                [(root, name, key) for key, (root, name) in names.items()],
            )

    def forget_stale(self) -> None:
        """Delete every version that no document points at, with its sentences and chunks."""
        with self.writing() as db:
            for table in ("sentences", "sentence_vectors", "chunks"):
                db.execute(f"DELETE FROM {table} WHERE version_id NOT IN (SELECT version_id FROM documents)")
            db.execute("DELETE FROM versions WHERE id NOT IN (SELECT version_id FROM documents)")

    def record_problems(self, looked_at: Iterable[str], problems: Sequence[Problem], seen_at: str) -> None:
        """Replace what was known of the paths of this run by what it found."""
        with self.writing() as db:
            db.executemany("DELETE FROM problems WHERE path = ?", [[path] for path in looked_at])
            db.executemany(
                "INSERT OR REPLACE INTO problems VALUES (?, ?, ?, ?, ?)",
                [[problem.path, problem.kind, problem.reason, problem.remedy, seen_at] for problem in problems],
            )


def _document(row: Sequence[Any]) -> Document:
    document_id, version, name, text, about = row
    return Document(document_id, version, name, text, Metadata(**json.loads(about)))


def _insert_version(db: sqlite3.Connection, item: Prepared, indexed_at: str) -> int:
    document = item.document
    about = json.dumps(asdict(document.metadata))
    row_id = db.execute(
        "INSERT INTO versions (document_id, version, fingerprint, encoding, text, metadata, indexed_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?)",
        [document.id, document.version, item.fingerprint, item.encoding, document.text, about, indexed_at],
    ).lastrowid
    assert row_id is not None
    return row_id


def _insert_chunk(db: sqlite3.Connection, version_id: int, chunk: Chunk) -> int:
    row_id = db.execute(
        "INSERT INTO chunks (version_id, start, end, first, last, heading, text) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [version_id, chunk.span.start, chunk.span.end, chunk.first, chunk.last, chunk.heading, chunk.text],
    ).lastrowid
    assert row_id is not None
    return row_id


def _sentence_rows(version_id: int, sentences: Sequence[Sentence]) -> Iterator[tuple[object, ...]]:
    for ordinal, sentence in enumerate(sentences):
        whole = sentence.pieces == (sentence.span,)
        pieces = None if whole else json.dumps([(piece.start, piece.end) for piece in sentence.pieces])
        yield version_id, ordinal, sentence.span.start, sentence.span.end, sentence.kind, sentence.paragraph, pieces
