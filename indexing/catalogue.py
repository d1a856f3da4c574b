"""The catalogue (SQLite, WAL): the truth about every document, version, sentence, chunk and problem.

A version is current when its document points at it. Versions that were current once keep their text, so that what was
cited can be opened; their sentences and chunks go. A version that never was current is what a killed run left, and the
next writer clears it from all stores (`Collection.sweep`). Chunk ids are never used twice, so an entry that a derived
index still holds can only be dropped, never mistaken for another text.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from indexing.connections import Connections
from indexing.documents import Document, Passage, Sentence
from indexing.embed import Vectors
from indexing.errors import HomeError
from indexing.quotations import Quotation
from indexing.quoted import PART_NAMED, QUOTED, quotation_of, quotation_rows
from indexing.schema import (
    CURRENT,
    DOCUMENT,
    SCHEMA,
    SCHEMA_VERSION,
    Changes,
    Entry,
    Extent,
    Facts,
    Place,
    Prepared,
    Problem,
    Standing,
    document_of,
    entry_of,
    facts_of,
    insert_chunk,
    insert_version,
    iso_of,
    read_passages,
    read_sentences,
    sentence_rows,
    switch,
)
from indexing.sentence_vectors import read_vectors, read_vectors_of
from indexing.spans import Span
from indexing.transaction import transaction

IN_LIMIT = 500  # values of one IN (...): well under SQLite's limit


class Catalogue:
    """Reads and writes of one `catalogue.sqlite`; safe to use from several threads, one connection each."""

    def __init__(self, path: Path, *, create: bool) -> None:
        self._path = path
        self._connections = Connections(path)
        self._counted = -1, 0  # a generation, and how many documents it has
        try:
            if create and not self._has_schema():
                self._create()
            found = self.meta("schema")
        except (sqlite3.Error, HomeError) as error:
            remedy = "see to the disk and its permissions"
            if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
                remedy = "put it back from a backup, or remove its folder and index again"
            raise HomeError(f"the catalogue {path} cannot be used ({error}); {remedy}") from error
        if found != SCHEMA_VERSION:
            raise HomeError(
                f"{path} was made by another version of Onrecord (schema {found or 'none'}); "
                "move catalogue.sqlite and the folders vectors, words and texts out of there and index again; "
                "conversations and users that lie beside them stay"
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
        return self._connections.mine

    def close(self) -> None:
        self._connections.close()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it or nothing. A disk that is full or fails gives HomeError; nothing is lost then."""
        try:
            with transaction(self._db) as db:
                yield db
        except sqlite3.OperationalError as error:
            raise HomeError(f"{self._path} cannot be written ({error}); see to the disk, then run again") from error

    def query(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of one read."""
        return self._db.execute(statement, values).fetchall()

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

    def integrity(self) -> str:
        """What SQLite finds wrong with the file; empty when nothing is."""
        try:
            found = [str(row[0]) for row in self._db.execute("PRAGMA integrity_check(5)")]
        except sqlite3.DatabaseError as error:
            return str(error)
        return "" if found == ["ok"] else "; ".join(found)

    def count_documents(self) -> int:
        """How many are current; counted once for each generation, as counting takes time in proportion to them."""
        generation = self.generation
        if self._counted[0] != generation:
            count = self._db.execute("SELECT count(*) FROM documents WHERE version_id IS NOT NULL").fetchone()[0]
            self._counted = generation, int(count)
        return self._counted[1]

    def count_chunks(self) -> int:
        return int(self._db.execute(f"SELECT count(*) FROM {CURRENT}").fetchone()[0])

    def entries(self) -> list[Entry]:
        """Every current document, by name."""
        rows = self._db.execute(
            "SELECT d.id, d.path, d.member, d.root, d.name, v.version, v.fingerprint, v.metadata, v.facts, "
            "v.indexed_at FROM documents d JOIN versions v ON v.id = d.version_id ORDER BY d.name"
        )
        return [entry_of(row) for row in rows]

    def places(self) -> dict[Place, str]:
        """The ids of all documents there ever were, by where they lie or lay."""
        rows = self._db.execute("SELECT path, member, id FROM documents")
        return {(path, member): document_id for path, member, document_id in rows}

    def read_files(self) -> dict[str, str]:
        """`{path: fingerprint}` of the files that were read whole."""
        return dict(self._db.execute("SELECT path, fingerprint FROM files").fetchall())

    def roots(self) -> dict[str, dict[str, object]]:
        """`{folder: how it is indexed}`."""
        return {path: json.loads(options) for path, options in self._db.execute("SELECT path, options FROM roots")}

    def set_root(self, path: str, options: Mapping[str, object]) -> None:
        with self.writing() as db:
            db.execute("INSERT OR REPLACE INTO roots VALUES (?, ?)", [path, json.dumps(options)])

    def newest_day(self) -> str:
        """The latest known day of a version, ISO; empty where none is known."""
        day = self._db.execute("SELECT max(day) FROM versions INDEXED BY versions_day WHERE day > 0").fetchone()[0]
        return iso_of(day)

    def extent(self) -> Extent:
        """How far the current documents reach."""
        current = "FROM documents d JOIN versions v ON v.id = d.version_id"
        sources = self._db.execute(
            f"SELECT json_extract(v.metadata, '$.source') AS source, count(*) {current} GROUP BY source "
            "ORDER BY count(*) DESC, source"
        ).fetchall()
        first, last = self._db.execute(f"SELECT min(v.day), max(v.day) {current} WHERE v.day > 0").fetchone()
        named = tuple((str(source), int(count)) for source, count in sources if source)
        return Extent(self.count_documents(), named, iso_of(first), iso_of(last))

    def families(self, chunk_ids: Sequence[int]) -> Iterator[list[int]]:
        """For each version among these chunks, in their order, the ids of all its chunks; one at a time."""
        seen: set[int] = set()
        for chunk_id in chunk_ids:
            if chunk_id not in seen:
                rows = self._db.execute(
                    "SELECT b.id FROM chunks a JOIN chunks b ON b.version_id = a.version_id WHERE a.id = ?", [chunk_id]
                )
                family = [int(row[0]) for row in rows]
                seen.update(family)
                if family:
                    yield family

    def headings(self, most: int) -> list[str]:
        """Different headings of current chunks, at most `most`, the longest sections' first."""
        rows = self._db.execute(
            f"SELECT heading FROM {CURRENT} WHERE length(heading) BETWEEN 8 AND 60 "
            "GROUP BY heading ORDER BY count(*) DESC, heading LIMIT ?",
            [most],
        )
        return [str(row[0]) for row in rows]

    def problems(self) -> list[Problem]:
        rows = self._db.execute("SELECT path, kind, reason, remedy, member FROM problems ORDER BY path, member")
        return [Problem(*row) for row in rows]

    # -- reading -------------------------------------------------------------------------------------------------------

    def document(self, document_id: str, version: str = "") -> Document | None:
        """A document's current text, or that of a version it once had; None where there is no such thing."""
        chosen = (
            "v.document_id = d.id AND v.version = ? AND v.shown ORDER BY v.id = d.version_id DESC, v.id DESC LIMIT 1"
            if version
            else "v.id = d.version_id AND ? = ''"
        )
        row = self._db.execute(
            f"SELECT {DOCUMENT} FROM documents d JOIN versions v WHERE d.id = ? AND {chosen}", [document_id, version]
        ).fetchone()
        return document_of(row) if row else None

    def quotations(self, document_id: str, version: str = "") -> tuple[Quotation, ...]:
        """Who is quoted where in a document's current text, or in that of a version it once had; in order."""
        rows = self._db.execute(
            f"SELECT {QUOTED} FROM quotations q WHERE version_id = (SELECT v.id FROM documents d "
            "JOIN versions v ON v.document_id = d.id WHERE d.id = ? "
            "AND CASE ? WHEN '' THEN v.id = d.version_id ELSE v.version = ? AND v.shown END "
            "ORDER BY v.id = d.version_id DESC, v.id DESC LIMIT 1) ORDER BY ordinal",
            [document_id, version, version],
        )
        return tuple(map(quotation_of, rows))

    def standing(self, document_id: str, version: str) -> Standing | None:
        """Whether a version is what its document says today; None where there is no such version."""
        row = self._db.execute(
            "SELECT d.version_id IS NULL, max(v.id = d.version_id) "
            "FROM documents d JOIN versions v ON v.document_id = d.id "
            "WHERE d.id = ? AND v.version = ? AND v.shown GROUP BY d.id",
            [document_id, version],
        ).fetchone()
        if row is None:
            return None
        return "removed" if row[0] else "current" if row[1] else "superseded"

    def versions(self, document_id: str) -> list[tuple[str, str]]:
        """`(version, indexed at)` of everything a document ever said, oldest first."""
        rows = self._db.execute(
            "SELECT version, indexed_at FROM versions WHERE document_id = ? AND shown ORDER BY id", [document_id]
        )
        return [(str(version), str(indexed_at)) for version, indexed_at in rows]

    def facts(self, document_id: str, version: str = "") -> Facts:
        """How the current version of a document was read, or that version."""
        row = self._db.execute(
            "SELECT v.facts FROM documents d JOIN versions v ON v.document_id = d.id WHERE d.id = ? "
            "AND CASE ? WHEN '' THEN v.id = d.version_id ELSE v.version = ? AND v.shown END "
            "ORDER BY v.id = d.version_id DESC, v.id DESC LIMIT 1",
            [document_id, version, version],
        ).fetchone()
        return facts_of(row[0]) if row else Facts()

    def find_document(self, name: str) -> Document | None:
        """By its name as citations give it."""
        row = self._db.execute("SELECT id FROM documents WHERE name = ? ORDER BY version_id IS NULL", [name]).fetchone()
        return self.document(row[0]) if row else None

    def names_like(self, name: str, count: int) -> list[str]:
        """Names of current documents that end with the same file name, or hold it, in alphabetical order."""
        last = name.replace("\\", "/").rsplit("/", 1)[-1].casefold()
        rows = self._db.execute("SELECT name FROM documents WHERE version_id IS NOT NULL ORDER BY name")
        names = [row[0] for row in rows]
        same = [one for one in names if one.rsplit("/", 1)[-1].casefold() == last]
        return (same or [one for one in names if last and last in one.casefold()])[:count]

    def passages(self, chunk_ids: Sequence[int]) -> dict[int, Passage]:
        """The chunks among these that are current, by id; the others are left out. One consistent read."""
        with self._connections.reading() as db:
            return dict(read_passages(db, chunk_ids))

    def chunk_spans(self, name: str) -> list[Span]:
        """Where the current chunks of a document lie, by its name as citations give it."""
        rows = self._db.execute(
            "SELECT c.start, c.end FROM documents d JOIN chunks c ON c.version_id = d.version_id WHERE d.name = ?",
            [name],
        )
        return [Span(start, end) for start, end in rows]

    def sentences(self, document_id: str, first: int = 0, last: int = 2**31, version: str = "") -> tuple[Sentence, ...]:
        """Sentences `[first, last)` of a document's current version, in order; none when that is not `version`."""
        row = self._db.execute(
            "SELECT v.id FROM documents d JOIN versions v ON v.id = d.version_id "
            "WHERE d.id = ? AND ? IN (v.version, '')",
            [document_id, version],
        ).fetchone()
        return tuple(read_sentences(self._db, row[0], first, last)) if row else ()

    def sentence_vectors(self, document_id: str, first: int = 0, count: int | None = None) -> Vectors:
        """`(count, dimension)` from sentence `first` in reading order, float32 (kept as float16); none when gone."""
        with self._connections.reading() as db:
            return read_vectors(db, document_id, [(first, count)])[0]

    def vectors_of(self, passages: Sequence[Passage]) -> list[Vectors]:
        """The same for the sentences of each passage, at once; none where its document has just changed."""
        with self._connections.reading() as db:
            return read_vectors_of(db, passages)

    def chunk_ids(self, *, current: bool) -> Iterator[int]:
        """Ids of all chunks that are current, or of those that are not."""
        where = CURRENT if current else "chunks JOIN passing ON passing.version_id = chunks.version_id"
        return (row[0] for row in self._db.execute(f"SELECT chunks.id FROM {where}"))

    def settled(self) -> bool:
        """Whether no version is on its way in or out."""
        return self._db.execute("SELECT 1 FROM passing LIMIT 1").fetchone() is None

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
        """Write versions that nothing points at yet; returns `{document id: (version id, chunk ids)}`.

        `sentence_vectors` has a row for every sentence of all of them, in order.
        """
        written: dict[str, tuple[int, list[int]]] = {}
        row = 0
        embedder = self.meta("embedder")
        with self.writing() as db:
            for item in prepared:
                version_id = insert_version(db, item, indexed_at)
                db.execute("INSERT INTO passing VALUES (?)", [version_id])
                db.executemany(
                    "INSERT INTO sentences VALUES (?, ?, ?, ?, ?, ?, ?)", sentence_rows(version_id, item.sentences)
                )
                db.executemany(
                    f"INSERT INTO quotations VALUES ({PART_NAMED})", quotation_rows(version_id, item.quotations)
                )
                if sentence_vectors is not None:
                    rows = sentence_vectors[row : row + len(item.sentences)].astype(np.float16)
                    db.execute("INSERT INTO sentence_vectors VALUES (?, ?, ?)", [version_id, embedder, rows.tobytes()])
                    row += len(item.sentences)
                ids = [insert_chunk(db, version_id, chunk) for chunk in item.chunks]
                written[item.document.id] = (version_id, ids)
        return written

    def make_current(self, prepared: Sequence[Prepared], changes: Changes) -> int:
        """The moment of truth: documents point at their new versions, those that are gone at none; the generation."""
        with self.writing() as db:
            switch(db, prepared, changes)
        return self.generation

    def rename(self, names: Mapping[str, tuple[str, str]]) -> None:
        """Set `{document id: (root, name)}`."""
        with self.writing() as db:
            db.executemany(
                "UPDATE documents SET root = ?, name = ? WHERE id = ?",
                [(root, name, key) for key, (root, name) in names.items()],
            )

    def forget_stale(self) -> None:
        """Delete what is not current: its sentences and chunks, and the texts that never were current."""
        with self.writing() as db:
            for table in ("sentences", "sentence_vectors", "chunks"):
                db.execute(f"DELETE FROM {table} WHERE version_id IN (SELECT version_id FROM passing)")
            never = "SELECT id FROM versions WHERE NOT shown AND id IN (SELECT version_id FROM passing)"
            db.execute(
                f"DELETE FROM quotations WHERE version_id IN ({never})"
            )  # those of old versions stay, as texts do
            db.execute("DELETE FROM versions WHERE NOT shown AND id IN (SELECT version_id FROM passing)")
            db.execute("DELETE FROM passing")

    def shown_sentences(self) -> Iterator[tuple[int, list[str]]]:
        """`(version id, what a reader sees of each sentence)` of every current version."""
        version_ids = [
            row[0] for row in self._db.execute("SELECT version_id FROM documents WHERE version_id IS NOT NULL")
        ]
        for version_id in version_ids:
            text = self._db.execute("SELECT text FROM versions WHERE id = ?", [version_id]).fetchone()[0]
            yield version_id, [one.visible(text) for one in read_sentences(self._db, version_id)]

    def add_sentence_vectors(self, version_id: int, embedder: str, vectors: Vectors) -> None:
        """Vectors of another embedder beside those in use."""
        with self.writing() as db:
            packed = vectors.astype(np.float16).tobytes()
            db.execute("INSERT OR REPLACE INTO sentence_vectors VALUES (?, ?, ?)", [version_id, embedder, packed])

    def next_making(self) -> str:
        """The label of the indexes that are made after those in use: `-2`, `-3` and so on."""
        return f"-{int(self.meta('indexes').lstrip('-') or 1) + 1}"

    def change_over(self, label: str, embedder: str, dimension: int) -> None:
        """From now on the indexes of this making and the vectors of this embedder are the ones in use."""
        facts = {"indexes": label, "embedder": embedder, "dimension": str(dimension)}
        with self.writing() as db:
            db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", facts.items())
            db.execute("DELETE FROM sentence_vectors WHERE embedder <> ?", [embedder])

    def forget_other_embedders(self) -> None:
        """Delete the sentence vectors that a rebuild left which was broken off."""
        with self.writing() as db:
            db.execute("DELETE FROM sentence_vectors WHERE embedder <> ?", [self.meta("embedder")])

    def record_problems(self, settled: Iterable[str], problems: Sequence[Problem], seen_at: str) -> None:
        """Replace what was known of the paths of this run by what it found."""
        with self.writing() as db:
            db.executemany("DELETE FROM problems WHERE path = ?", [[path] for path in settled])
            db.executemany(
                "INSERT OR REPLACE INTO problems VALUES (?, ?, ?, ?, ?, ?)",
                [[one.path, one.member, one.kind, one.reason, one.remedy, seen_at] for one in problems],
            )
