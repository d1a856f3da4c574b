"""The catalogue's tables, and the rows that go in and come out as values."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from indexing.documents import Chunk, Document, Metadata, Page, Passage, Sentence
from indexing.quotations import Quotation
from indexing.spans import Span

SCHEMA_VERSION = "3"
# `passing` holds the versions on their way in or out: the only ones whose chunks are not current.
# A document's version_id is NULL once its file is gone; its versions stay, so that what was cited can still be opened.
SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE roots (path TEXT PRIMARY KEY, options TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE files (path TEXT PRIMARY KEY, fingerprint TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE documents (
    id TEXT PRIMARY KEY, path TEXT NOT NULL, member TEXT NOT NULL, root TEXT NOT NULL, name TEXT NOT NULL,
    version_id INTEGER, UNIQUE (path, member)
) WITHOUT ROWID;
CREATE INDEX documents_version ON documents (version_id);
CREATE INDEX documents_name ON documents (name);
CREATE TABLE versions (
    id INTEGER PRIMARY KEY AUTOINCREMENT, document_id TEXT NOT NULL, version TEXT NOT NULL, fingerprint TEXT NOT NULL,
    shown INTEGER NOT NULL DEFAULT 0, text TEXT NOT NULL, metadata TEXT NOT NULL, day INTEGER, facts TEXT NOT NULL,
    likeness BLOB, indexed_at TEXT NOT NULL
);
CREATE INDEX versions_document ON versions (document_id, version);
CREATE INDEX versions_text ON versions (version);
CREATE INDEX versions_day ON versions (day);
CREATE TABLE passing (version_id INTEGER PRIMARY KEY);
CREATE TABLE sentences (
    version_id INTEGER NOT NULL, ordinal INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,
    kind TEXT NOT NULL, paragraph INTEGER NOT NULL, pieces TEXT, PRIMARY KEY (version_id, ordinal)
) WITHOUT ROWID;
CREATE TABLE sentence_vectors (
    version_id INTEGER NOT NULL, embedder TEXT NOT NULL, vectors BLOB NOT NULL, PRIMARY KEY (version_id, embedder)
);
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, version_id INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,
    first INTEGER NOT NULL, last INTEGER NOT NULL, heading TEXT NOT NULL, text TEXT NOT NULL
);
CREATE INDEX chunks_version ON chunks (version_id);
CREATE TABLE quotations (
    version_id INTEGER NOT NULL, ordinal INTEGER NOT NULL, start INTEGER NOT NULL, end INTEGER NOT NULL,
    inner TEXT NOT NULL, kind TEXT NOT NULL, depth INTEGER NOT NULL, speaker TEXT NOT NULL, named INTEGER NOT NULL,
    speaker_start INTEGER, speaker_end INTEGER, cue_start INTEGER, cue_end INTEGER,
    pattern TEXT NOT NULL, explicit INTEGER NOT NULL, PRIMARY KEY (version_id, ordinal)
) WITHOUT ROWID;
CREATE INDEX quotations_speaker ON quotations (speaker) WHERE named;
CREATE TABLE linked (document_id TEXT PRIMARY KEY, version_id INTEGER NOT NULL, signature TEXT) WITHOUT ROWID;
CREATE INDEX linked_signature ON linked (signature);
CREATE TABLE signatures (id TEXT PRIMARY KEY, likeness BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE bands (band INTEGER NOT NULL, signature TEXT NOT NULL, PRIMARY KEY (band, signature)) WITHOUT ROWID;
CREATE INDEX bands_signature ON bands (signature);
CREATE TABLE copies (first TEXT NOT NULL, second TEXT NOT NULL, PRIMARY KEY (first, second)) WITHOUT ROWID;
CREATE INDEX copies_second ON copies (second);
CREATE TABLE problems (
    path TEXT NOT NULL, member TEXT NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL, remedy TEXT NOT NULL,
    seen_at TEXT NOT NULL, PRIMARY KEY (path, member)
) WITHOUT ROWID;
"""

DOCUMENT = "d.id, v.version, d.name, v.text, v.metadata, json_extract(v.facts, '$.pages')"
CURRENT = "chunks JOIN documents ON documents.version_id = chunks.version_id"

Place = tuple[str, str]
"""Where a document lies: the path of its file, and which member of it (empty for the file itself)."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of how a version was read; see `indexing.extraction.Extraction`."""

    encoding: str = ""
    date_found: str = ""
    language: str = ""
    pages: tuple[Page, ...] = ()
    hidden: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    language_found: str = ""  # how the language is known: "file" (it says so), "script", "function words"


@dataclass(frozen=True, slots=True)
class Entry:
    """A document as listed: where it came from and what is current; no text."""

    id: str
    path: str
    member: str
    root: str
    name: str
    version: str
    fingerprint: str
    metadata: Metadata
    facts: Facts
    indexed_at: str

    @property
    def place(self) -> Place:
        return self.path, self.member


@dataclass(frozen=True, slots=True)
class Extent:
    """How far a collection reaches: its current documents, its sources with how many documents each has (the largest
    first), and the first and the last day, ISO, of a document whose day is known; empty where none is."""

    documents: int
    sources: tuple[tuple[str, int], ...]
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class Prepared:
    """One document ready to be stored. `fingerprint` changes with anything that would change what is stored."""

    place: Place
    root: str
    fingerprint: str
    document: Document
    facts: Facts
    sentences: tuple[Sentence, ...]
    chunks: tuple[Chunk, ...]
    likeness: bytes | None = None
    quotations: tuple[Quotation, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """What did not go in: `skipped` (by rule) or `failed` (something is wrong with it), why, and the remedy."""

    path: str
    kind: str
    reason: str
    remedy: str
    member: str = ""


@dataclass(frozen=True, slots=True)
class Changes:
    """What becomes true in one moment: versions that become current, documents that go or lie elsewhere now, and
    the files that were read whole."""

    current: dict[str, int] = field(default_factory=dict)  # document id: version id
    gone: tuple[str, ...] = ()
    moved: dict[str, tuple[Place, str]] = field(default_factory=dict)  # document id: where to, and its root there
    files: dict[str, str] = field(default_factory=dict)  # path: fingerprint


Standing = Literal["current", "superseded", "removed"]


def document_of(row: Sequence[Any]) -> Document:
    document_id, version, name, text, about, pages = row
    return Document(
        document_id, version, name, text, Metadata(**json.loads(about)), pages_of(json.loads(pages or "[]"))
    )


def pages_of(rows: Iterable[tuple[str, int, int]]) -> tuple[Page, ...]:
    return tuple(Page(label, Span(start, end)) for label, start, end in rows)


def day_of(date: str) -> int | None:
    """An ISO date as yyyymmdd, of a month or a year its first day; None where no year is known."""
    match = re.fullmatch(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?(?:\D.*)?", date)
    return int(f"{match[1]}{match[2] or '01'}{match[3] or '01'}") if match else None


def iso_of(day: int | None) -> str:
    """The ISO date of yyyymmdd; empty where the day is not known."""
    return f"{day // 10_000:04}-{day // 100 % 100:02}-{day % 100:02}" if day else ""


def facts_text(facts: Facts) -> str:
    values = asdict(facts)
    values["pages"] = [(page.label, page.span.start, page.span.end) for page in facts.pages]
    return json.dumps({key: value for key, value in values.items() if value}, ensure_ascii=False)


def facts_of(text: str) -> Facts:
    values: dict[str, Any] = json.loads(text)
    pages = pages_of(values.pop("pages", ()))
    return Facts(
        encoding=values.get("encoding", ""),
        date_found=values.get("date_found", ""),
        language=values.get("language", ""),
        pages=pages,
        hidden=tuple(values.get("hidden", ())),
        warnings=tuple(values.get("warnings", ())),
        language_found=values.get("language_found", ""),
    )


def entry_of(row: Sequence[Any]) -> Entry:
    key, path, member, root, name, version, fingerprint, about, facts, indexed_at = row
    metadata = Metadata(**json.loads(about))
    return Entry(key, path, member, root, name, version, fingerprint, metadata, facts_of(facts), indexed_at)


def insert_version(db: sqlite3.Connection, item: Prepared, indexed_at: str) -> int:
    document = item.document
    row_id = db.execute(
        "INSERT INTO versions (document_id, version, fingerprint, text, metadata, day, facts, likeness, indexed_at) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            document.id,
            document.version,
            item.fingerprint,
            document.text,
            json.dumps(asdict(document.metadata), ensure_ascii=False),
            day_of(document.metadata.date),
            facts_text(item.facts),
            item.likeness,
            indexed_at,
        ],
    ).lastrowid
    assert row_id is not None
    return row_id


def insert_chunk(db: sqlite3.Connection, version_id: int, chunk: Chunk) -> int:
    row_id = db.execute(
        "INSERT INTO chunks (version_id, start, end, first, last, heading, text) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [version_id, chunk.span.start, chunk.span.end, chunk.first, chunk.last, chunk.heading, chunk.text],
    ).lastrowid
    assert row_id is not None
    return row_id


def sentence_rows(version_id: int, sentences: Sequence[Sentence]) -> Iterator[tuple[object, ...]]:
    for ordinal, sentence in enumerate(sentences):
        whole = sentence.pieces == (sentence.span,)
        pieces = None if whole else json.dumps([(piece.start, piece.end) for piece in sentence.pieces])
        yield version_id, ordinal, sentence.span.start, sentence.span.end, sentence.kind, sentence.paragraph, pieces


def sentence_of(row: Sequence[Any]) -> Sentence:
    start, end, kind, paragraph, pieces = row
    whole = Span(start, end)
    return Sentence(whole, tuple(Span(*pair) for pair in json.loads(pieces)) if pieces else (whole,), kind, paragraph)


def read_sentences(db: sqlite3.Connection, version_id: int, first: int = 0, last: int = 2**31) -> Iterator[Sentence]:
    rows = db.execute(
        "SELECT start, end, kind, paragraph, pieces FROM sentences "
        "WHERE version_id = ? AND ordinal >= ? AND ordinal < ? ORDER BY ordinal",
        [version_id, first, last],
    )
    return map(sentence_of, rows)


def read_passages(db: sqlite3.Connection, chunk_ids: Sequence[int]) -> Iterator[tuple[int, Passage]]:
    """Those of the chunks that are current; call it inside one transaction."""
    marks = ",".join("?" * len(chunk_ids))
    rows = db.execute(
        f"SELECT chunks.id, chunks.version_id, start, end, first, last FROM {CURRENT} WHERE chunks.id IN ({marks})",
        list(chunk_ids),
    ).fetchall()
    inside: dict[int, list[Sentence]] = {row[0]: [] for row in rows}
    marks = ",".join("?" * len(inside))
    for chunk_id, *row in db.execute(
        "SELECT c.id, s.start, s.end, s.kind, s.paragraph, s.pieces FROM chunks c JOIN sentences s "
        "ON s.version_id = c.version_id AND s.ordinal >= c.first AND s.ordinal < c.last "
        f"WHERE c.id IN ({marks}) ORDER BY c.id, s.ordinal",
        list(inside),
    ):
        inside[chunk_id].append(sentence_of(row))
    documents: dict[int, Document] = {}
    for chunk_id, version_id, start, end, first, _ in rows:
        if version_id not in documents:
            row = db.execute(
                f"SELECT {DOCUMENT} FROM versions v JOIN documents d ON d.id = v.document_id WHERE v.id = ?",
                [version_id],
            ).fetchone()
            documents[version_id] = document_of(row)
        yield chunk_id, Passage(chunk_id, documents[version_id], Span(start, end), first, tuple(inside[chunk_id]))


def put_at(db: sqlite3.Connection, document_id: str, place: Place) -> None:
    """Make room: a document that lay at this place before, and is gone, keeps its versions under a place of its own."""
    db.execute(
        "UPDATE documents SET path = path || char(10) || id WHERE path = ? AND member = ? AND id <> ?",
        [*place, document_id],
    )


def switch(db: sqlite3.Connection, prepared: Sequence[Prepared], changes: Changes) -> None:
    """Let documents point at their new versions and places, those that are gone at none."""
    leaving = [[key] for key in (*changes.current, *changes.gone)]
    db.executemany(
        "INSERT OR IGNORE INTO passing SELECT version_id FROM documents WHERE id = ? AND version_id IS NOT NULL",
        leaving,
    )
    # A file of which only a part is in, or which is gone, counts as read no more.
    touched = [[key] for key in (*changes.current, *changes.gone, *changes.moved)]
    db.executemany("DELETE FROM files WHERE path IN (SELECT path FROM documents WHERE id = ?)", touched)
    db.executemany("DELETE FROM files WHERE path = ?", [[item.place[0]] for item in prepared])
    for item in prepared:
        version_id = changes.current[item.document.id]
        db.execute("DELETE FROM passing WHERE version_id = ?", [version_id])
        put_at(db, item.document.id, item.place)
        db.execute(
            "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET "
            "version_id = excluded.version_id, root = excluded.root, path = excluded.path, member = excluded.member",
            [item.document.id, *item.place, item.root, item.document.name, version_id],
        )
        db.execute("UPDATE versions SET shown = 1 WHERE id = ?", [version_id])
    for document_id, (place, root) in changes.moved.items():
        put_at(db, document_id, place)
        db.execute("UPDATE documents SET path = ?, member = ?, root = ? WHERE id = ?", [*place, root, document_id])
    gone = [[document_id] for document_id in changes.gone]
    db.executemany("UPDATE documents SET version_id = NULL WHERE id = ?", gone)
    db.executemany("INSERT OR REPLACE INTO files VALUES (?, ?)", changes.files.items())
    db.execute("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'generation'")
