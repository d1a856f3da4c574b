"""Documents as the quote desk reads them, and which of them may hold a quote. All texts come from the catalogue."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import cached_property

from app.quotes.align import shingles
from indexing.collection import Collection
from indexing.copies import labels
from indexing.documents import Document
from indexing.quotations import Quotation
from indexing.schema import document_of
from indexing.tokens import Tokens, document_tokens, indexed_words

KEPT = 20_000_000  # characters of documents whose words are remembered
MOST = 5_000  # documents in which every occurrence of the very words is looked up
CANDIDATES = 50  # documents that are compared with a quote that no document has word for word
RAREST = 8  # shingles of it that are searched


class Source:
    """One version of a document with what is read of it when it is needed."""

    def __init__(self, collection: Collection, version_id: int, document: Document, *, current: bool) -> None:
        self.version_id = version_id
        self.document = document
        self.current = current
        self._collection = collection

    @cached_property
    def tokens(self) -> Tokens:
        sentences = self._collection.catalogue.sentences(self.document.id) if self.current else ()
        return document_tokens(self.document.name, self.document.text, sentences)

    @cached_property
    def quotations(self) -> tuple[Quotation, ...]:
        return self._collection.catalogue.quotations(self.document.id, self.document.version)

    @cached_property
    def readings(self) -> tuple[Tokens, ...]:
        """Its words as they stand; then, where it has such, with words joined that a line's end divides, and without
        what breaks a turn (`," he said, "`)."""
        found = [self.tokens]
        if "-\n" in self.document.text or "-\r\n" in self.document.text:
            found.append(_undivided(self.tokens))
        broken = list(self._breaks())
        if broken:
            found.append(self.tokens.without(broken))
        return tuple(found)

    def _breaks(self) -> Iterator[tuple[int, int]]:
        """The words between the parts of a turn."""
        for one in self.quotations:
            if one.kind == "indirect" or one.depth:
                continue
            for before, after in zip(one.inner, one.inner[1:], strict=False):
                first, last = self.tokens.index_at(before.end), self.tokens.index_at(after.start)
                if first < last:
                    yield first, last


def _undivided(tokens: Tokens) -> Tokens:
    """With words that a hyphen at a line's end divides as one."""
    starts: list[int] = []
    ends: list[int] = []
    keys: list[str] = []
    for start, end, key in zip(tokens.starts, tokens.ends, tokens.keys, strict=True):
        gap = tokens.shown[ends[-1] : start] if ends else ""
        if gap[:1] in ("-", "\u2010", "\u00ad") and "\n" in gap and not gap[1:].strip() and key[0].isalpha():
            ends[-1], keys[-1] = end, keys[-1] + key
        else:
            starts.append(start)
            ends.append(end)
            keys.append(key)
    return Tokens(tokens.shown, starts, ends, keys, tokens.view)


class Shelf:
    """Finds and hands out documents; remembers the words of those it read last."""

    def __init__(self, collection: Collection) -> None:
        self.collection = collection
        self._read: OrderedDict[int, Source] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()  # the page and the API ask from several threads

    def exact(self, words: Sequence[str]) -> list[Source]:
        """All documents, and older versions of them, that hold these words in a row."""
        return self._sources(self.collection.texts.phrase(_asked(words), MOST))

    def near(self, words: Sequence[str]) -> list[Source]:
        """Documents that share rare runs of words with a quote, the likeliest first."""
        asked = _asked(words)
        texts = self.collection.texts
        counts = texts.frequencies(set(asked))
        known = [word for word in asked if counts[word]]
        found: dict[int, float] = {}
        for size in (3, 2):
            runs = [run for run in shingles(asked, size) if all(counts[word] for word in run)]
            runs.sort(key=lambda run: sum(counts[word] ** 0.5 for word in run))
            for number, score in texts.phrases(runs[:RAREST], CANDIDATES):
                found.setdefault(number, score)
            if len(found) >= CANDIDATES:
                break
        if not found and known:
            rare = sorted(set(known), key=lambda word: counts[word])[:3]
            found = dict(texts.phrases([[word] for word in rare], CANDIDATES))
        return self._sources(list(found)[:CANDIDATES])

    def holding(self, fragments: Sequence[Sequence[str]]) -> list[Source]:
        """Documents that hold at least one of these runs of words, those that hold the most first."""
        runs = [_asked(words) for words in fragments]
        return self._sources([number for number, _ in self.collection.texts.phrases(runs, CANDIDATES * 4)])

    def frequencies(self, words: Sequence[str]) -> dict[str, int]:
        """In how many documents each word stands, as the index splits it."""
        return self.collection.texts.frequencies(set(_asked(words)))

    def source(self, document_id: str) -> Source | None:
        """The current version of a document."""
        rows = self.collection.catalogue.query("SELECT version_id FROM documents WHERE id = ?", [document_id])
        return next(iter(self._sources([rows[0][0]])), None) if rows and rows[0][0] is not None else None

    def groups(self, sources: Sequence[Source]) -> dict[str, str]:
        """For each document the label of its group of copies; its own id where it has none."""
        ids = list(dict.fromkeys(source.document.id for source in sources))
        found = labels(self.collection.catalogue, ids)
        return {key: found.get(key, key) for key in ids}

    def _sources(self, version_ids: Sequence[int]) -> list[Source]:
        with self._lock:
            return self._remembered(version_ids)

    def _remembered(self, version_ids: Sequence[int]) -> list[Source]:
        missing = [number for number in version_ids if number not in self._read]
        for at in range(0, len(missing), 500):
            part = missing[at : at + 500]
            marks = ",".join("?" * len(part))
            rows = self.collection.catalogue.query(
                "SELECT v.id, d.id, v.version, d.name, v.text, v.metadata, json_extract(v.facts, '$.pages') "
                "FROM versions v JOIN documents d ON d.id = v.document_id "
                f"WHERE v.id IN ({marks}) AND v.shown",
                part,
            )
            for version_id, *row in rows:
                self._read[version_id] = Source(self.collection, version_id, document_of(row), current=True)
                self._size += len(row[3])
        current = self._current(version_ids)
        found: dict[tuple[str, str], Source] = {}
        for number in version_ids:
            source = self._read.get(number)
            if source is None or number not in current:
                continue
            self._read.move_to_end(number)
            source.current = current[number] == number
            key = source.document.id, source.document.version
            if key not in found or source.current:
                found[key] = source
        while self._size > KEPT and len(self._read) > len(version_ids):
            _, dropped = self._read.popitem(last=False)
            self._size -= len(dropped.document.text)
        return list(found.values())

    def _current(self, version_ids: Sequence[int]) -> dict[int, int]:
        """For each version whose document is still there the version that is current."""
        rows = self.collection.catalogue.query(
            "SELECT v.id, d.version_id FROM json_each(?) JOIN versions v ON v.id = value "
            "JOIN documents d ON d.id = v.document_id WHERE d.version_id IS NOT NULL",
            [json.dumps(list(version_ids))],
        )
        return dict(rows)


def _asked(words: Sequence[str]) -> list[str]:
    return indexed_words(Tokens("", (), (), words)).split()
