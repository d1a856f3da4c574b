"""What a search may be limited to, and which chunks pass: worked out from the catalogue, kept as arrays in memory.

A chunk's version, and a version's day, source and author, are written once and never change; ids only grow, and the
chunks of a version have ids in a row. So what was read is never read again: a filtered search reads on from the last
version that is known.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexing.catalogue import Catalogue
from indexing.rows import Ids

KEPT = 8  # filters whose chunks are kept at hand
# Both are answered from an index alone: the rows of versions hold whole texts, and reading past those takes long.
NEW_CHUNKS = "SELECT version_id, min(id), max(id) FROM chunks WHERE version_id > ? GROUP BY version_id"
NEW_DAYS = "SELECT id, day FROM versions INDEXED BY versions_day WHERE day > 0 AND +id > ?"
NEW_NAMES = """
SELECT id, json_extract(metadata, '$.source'), json_extract(metadata, '$.author') FROM versions WHERE id > ?
"""
CURRENT_VERSIONS = "SELECT version_id FROM documents INDEXED BY documents_version WHERE version_id > 0"

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Filter:
    """Days as yyyymmdd, both included; what has no known day passes no filter by date, and of a month or a year the
    first day counts. Empty: not limited by that.

    Sources and authors are compared whole, without regard to case; what a reader's words for one mean says `whose.py`.
    """

    since: int | None = None
    until: int | None = None
    sources: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether it limits anything."""
        return self != Filter()


@dataclass(frozen=True, slots=True)
class Passing:
    """The chunks that pass a filter: their ids, ascending, and the same as a mask over all ids up to the largest."""

    ids: Ids
    mask: Mask

    @property
    def share(self) -> float:
        """About which part of all chunks passes, 0 to 1."""
        return len(self.ids) / max(1, len(self.mask))

    def __contains__(self, chunk_id: int) -> bool:
        return 0 <= chunk_id < len(self.mask) and bool(self.mask[chunk_id])


class Filters:
    """Works out the chunks that pass a filter; safe to use from several threads.

    Chunks that are no longer current may be among them: as everywhere, the catalogue is asked before one is shown.
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._lock = threading.Lock()
        # Versions, ascending, and of each its first chunk, its last, its day (0 where not known).
        self._columns: npt.NDArray[np.int64] = np.zeros((4, 0), dtype=np.int64)
        # Of the first so many versions also source and author, as numbers: read when a filter first asks for one.
        self._named: npt.NDArray[np.int64] = np.zeros((2, 0), dtype=np.int64)
        self._names: dict[str, int] = {"": 0}
        self._spelled: list[dict[str, None]] = [{}]  # of each number the names that have it, as they are written
        self._kept: dict[Filter, Passing] = {}

    def passing(self, wanted: Filter) -> Passing:
        """The chunks that pass now."""
        with self._lock:
            self._read_on()
            if wanted.sources or wanted.authors:
                self._read_names()
            found = self._kept.pop(wanted, None) or self._work_out(wanted)
            self._kept[wanted] = found
            if len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
            return found

    def sources(self) -> list[str]:
        """The sources of what is current, each as it is written once, in alphabetical order."""
        return self._current_names(0)

    def authors(self) -> list[str]:
        """The same of authors; a byline of several names is one."""
        return self._current_names(1)

    def _current_names(self, row: int) -> list[str]:
        with self._lock:
            self._read_on()
            self._read_names()
            current = [version for (version,) in self._catalogue.query(CURRENT_VERSIONS, [])]
            numbers = np.unique(self._named[row][np.isin(self._columns[0], current)]).tolist()
            spelled = (self._spelled[number] for number in numbers)
            return sorted(
                (min(names, key=lambda name: (name.isupper(), name)) for names in spelled if names), key=str.casefold
            )

    def _read_on(self) -> None:
        """Add the versions that were written since the last call."""
        known = int(self._columns[0, -1]) if self._columns.size else 0
        rows = self._catalogue.query(NEW_CHUNKS, [known])
        if not rows:
            return
        days = dict(self._catalogue.query(NEW_DAYS, [known]))
        new = [(version, first, last, days.get(version, 0)) for version, first, last in rows]
        self._columns = np.concatenate([self._columns, np.asarray(new, dtype=np.int64).T], axis=1)
        self._kept.clear()

    def _read_names(self) -> None:
        """Add the sources and authors of the versions that have none yet."""
        new = self._columns[0, self._named.shape[1] :].tolist()
        if new:
            rows = self._catalogue.query(NEW_NAMES, [new[0] - 1])
            names = {version: (self._number(source), self._number(author)) for version, source, author in rows}
            more = np.asarray([names.get(version, (0, 0)) for version in new], dtype=np.int64).T
            self._named = np.concatenate([self._named, more], axis=1)

    def _number(self, name: object) -> int:
        number = self._names.setdefault(str(name or "").casefold(), len(self._names))
        if number == len(self._spelled):
            self._spelled.append({})
        if name:
            self._spelled[number][str(name)] = None
        return number

    def _work_out(self, wanted: Filter) -> Passing:
        _, first, last, day = self._columns
        passes = np.ones(len(first), dtype=np.bool_)
        if wanted.since is not None or wanted.until is not None:
            passes &= (day > 0) & (day >= (wanted.since or 0))
        if wanted.until is not None:
            passes &= day <= wanted.until
        for names, column in zip((wanted.sources, wanted.authors), self._named, strict=True):
            if names:
                passes &= np.isin(column, [self._names.get(name.casefold(), -1) for name in names])
        # +1 where a version's chunks begin, -1 behind their end: the running sum is the mask.
        steps = np.zeros(int(last.max(initial=-1)) + 2, dtype=np.int8)
        steps[first[passes]] += 1
        steps[last[passes] + 1] -= 1
        mask = np.cumsum(steps[:-1], dtype=np.int8).astype(np.bool_)
        return Passing(np.flatnonzero(mask), mask)
