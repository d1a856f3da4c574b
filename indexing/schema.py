"""The catalogue's tables, and the rows that go in and come out as values."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from indexing.documents import Chunk, Document, Metadata, Sentence
from indexing.extraction import Page
from indexing.spans import Span

SCHEMA_VERSION = "2"
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
CREATE TABLE bands (band INTEGER NOT NULL, document_id TEXT NOT NULL, PRIMARY KEY (band, document_id)) WITHOUT ROWID;
CREATE INDEX bands_document ON bands (document_id);
CREATE TABLE copies (first TEXT NOT NULL, second TEXT NOT NULL, PRIMARY KEY (first, second)) WITHOUT ROWID;
CREATE TABLE linked (key TEXT PRIMARY KEY, version_id INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX copies_second ON copies (second);
CREATE TABLE problems (
    path TEXT NOT NULL, member TEXT NOT NULL, kind TEXT NOT NULL, reason TEXT NOT NULL, remedy TEXT NOT NULL,
    seen_at TEXT NOT NULL, PRIMARY KEY (path, member)
) WITHOUT ROWID;
"""

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
    """What becomes true in one moment: versions that become current, documents that go, files that were read whole."""

    current: dict[str, int] = field(default_factory=dict)  # document id: version id
    gone: tuple[str, ...] = ()
    files: dict[str, str] = field(default_factory=dict)  # path: fingerprint


Standing = Literal["current", "superseded", "removed"]


def document_of(row: Sequence[Any]) -> Document:
    document_id, version, name, text, about = row
    return Document(document_id, version, name, text, Metadata(**json.loads(about)))


def day_of(date: str) -> int | None:
    """An ISO date as yyyymmdd; None where the day is not known."""
    digits = date[:10].replace("-", "")
    return int(digits) if len(digits) == 8 and digits.isdigit() else None


def facts_text(facts: Facts) -> str:
    values = asdict(facts)
    values["pages"] = [(page.label, page.span.start, page.span.end) for page in facts.pages]
    return json.dumps({key: value for key, value in values.items() if value}, ensure_ascii=False)


def facts_of(text: str) -> Facts:
    values: dict[str, Any] = json.loads(text)
    pages = tuple(Page(label, Span(start, end)) for label, start, end in values.pop("pages", ()))
    return Facts(
        encoding=values.get("encoding", ""),
        date_found=values.get("date_found", ""),
        language=values.get("language", ""),
        pages=pages,
        hidden=tuple(values.get("hidden", ())),
        warnings=tuple(values.get("warnings", ())),
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
