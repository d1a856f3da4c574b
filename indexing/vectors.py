"""Chunk vectors in Chroma, derived from the catalogue: rebuilt at any time. The only file that imports chromadb.

A search that is limited to a part of the chunks does not use Chroma's metadata filters (at 100,000 vectors they take
over a hundred times as long as a plain query): when few chunks pass, all of them are scored, from `indexing.rows`;
when many do, more neighbours than wanted are fetched and those that do not pass are left out.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import numpy as np

from indexing.embed import Vectors
from indexing.errors import HomeError
from indexing.filters import Passing
from indexing.rows import ABSENT, Ids, Rows

if TYPE_CHECKING:
    from chromadb.api import ClientAPI

COLLECTION = "chunks"
# Of a node in the graph. With the default of 16 up to a fifth of 60 copies of one text could not be reached; with 32
# all were, in 12 of 12 builds.
NEIGHBOURS = 32
BATCH = 5461  # Chroma's largest batch; more in one call fails
EACH = 40  # chunks scored one by one in the time that Chroma takes for one more neighbour
SPARE = 2.0  # times as many neighbours are fetched as the share that passes asks for


class VectorIndex:
    """Cosine neighbours among chunk vectors, keyed by chunk id. Its metadata names model, dimension and generation."""

    def __init__(self, folder: Path, embedder: str, dimension: int, *, url: str = "") -> None:
        """Embedded in `folder`; with `url` on a Chroma server, in a collection named after the folder."""
        import chromadb.errors
        import httpx

        self._facts = {"embedder": embedder, "dimension": dimension}
        self._place = f"at {url}" if url else f"in {folder}"
        broken = (chromadb.errors.ChromaError, ValueError, OSError, RuntimeError, AttributeError)
        self._failures = (*broken, httpx.HTTPError)  # the last: of a server that goes away later
        self._remedy = "is the Chroma server running there?" if url else "run `onrecord doctor`, which makes them anew"
        try:
            self._client = _server(url) if url else _embedded(folder)
            self._collection = self._client.get_or_create_collection(
                _collection_name(folder) if url else COLLECTION,
                configuration={"hnsw": {"space": "cosine", "max_neighbors": NEIGHBOURS}},
                metadata={**self._facts, "generation": 0},
                embedding_function=None,
            )
            # Chroma ignores a differing configuration of an existing collection, so what it has is compared.
            found = dict(self._collection.metadata or {})
            space = str((self._collection.configuration_json.get("hnsw") or {}).get("space"))
        except self._failures as error:
            raise HomeError(f"the vectors {self._place} cannot be opened ({error}); {self._remedy}") from error
        try:
            self._refuse_others(found, space)
        except HomeError:
            self.close()
            raise
        self._generation = int(found.get("generation", 0))
        self.rows = Rows(folder / "rows.f16", dimension)

    def _refuse_others(self, found: Mapping[str, object], space: str) -> None:
        if any(found.get(key) != value for key, value in self._facts.items()):
            raise HomeError(
                f"the vectors {self._place} were made with {found.get('embedder')} "
                f"({found.get('dimension')} dimensions), the settings name {self._facts['embedder']} "
                f"({self._facts['dimension']}); set `embed` back, or index into another --home"
            )
        if space != "cosine":
            raise HomeError(f"the vectors {self._place} are compared by {space}, not by cosine; run `onrecord doctor`")

    @property
    def generation(self) -> int:
        """The catalogue generation that this index has reached."""
        return self._generation

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A disk that is full or fails, a server that is gone: HomeError, and the next run goes on."""
        try:
            yield
        except self._failures as error:
            raise HomeError(
                f"the vectors {self._place} cannot be written ({error}); see to the disk or the server, then run again"
            ) from error

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """An index that is damaged, a server that is gone: HomeError."""
        try:
            yield
        except self._failures as error:
            raise HomeError(f"the vectors {self._place} cannot be read ({error}); {self._remedy}") from error

    def reach(self, generation: int) -> None:
        with self._writing():
            self._collection.modify(metadata={**self._facts, "generation": generation})
        self._generation = generation

    def add(self, chunk_ids: Sequence[int], vectors: Vectors) -> None:
        """`vectors` is `(len(chunk_ids), dimension)`; an id that is there already is replaced."""
        for at in range(0, len(chunk_ids), BATCH):
            part, rows = chunk_ids[at : at + BATCH], np.asarray(vectors[at : at + BATCH], dtype=np.float32)
            with self._writing():
                self.rows.write(part, rows)  # first: whatever Chroma holds has its row
                self._collection.upsert(ids=[str(chunk_id) for chunk_id in part], embeddings=rows)

    def remove(self, chunk_ids: Sequence[int]) -> None:
        for at in range(0, len(chunk_ids), BATCH):
            with self._writing():
                self._collection.delete(ids=[str(chunk_id) for chunk_id in chunk_ids[at : at + BATCH]])
                self.rows.remove(chunk_ids[at : at + BATCH])

    def ids(self) -> set[int]:
        """All chunk ids it holds."""
        found: set[int] = set()
        with self._reading():
            while page := self._collection.get(include=[], limit=50_000, offset=len(found))["ids"]:
                found.update(map(int, page))
        return found

    def nearest(self, vector: Vectors, count: int, passing: Passing | None = None) -> list[tuple[int, float]]:
        """`(chunk id, cosine similarity)`, nearest first, at most `count`, of all chunks or of those that pass."""
        if passing is None:
            return self._neighbours(vector, count)
        count = min(count, len(passing.ids))
        fetched = round(count * SPARE / passing.share) if count else 0
        while fetched * EACH < len(passing.ids):
            found = [pair for pair in self._neighbours(vector, fetched) if pair[0] in passing]
            if len(found) >= count:
                return found[:count]
            fetched *= 4
        return self._scored(vector, count, passing)

    def _neighbours(self, vector: Vectors, count: int) -> list[tuple[int, float]]:
        """By Chroma's graph: nearly always the nearest."""
        if count < 1:
            return []
        # More than there are may be asked for. (Counting them takes Chroma time in proportion to their number.)
        query = np.asarray([vector], dtype=np.float32)
        with self._reading():
            found = self._collection.query(query_embeddings=query, n_results=count, include=["distances"])
        distances = (found["distances"] or [[]])[0]
        return [
            (int(chunk_id), 1.0 - float(distance))
            for chunk_id, distance in zip(found["ids"][0], distances, strict=True)
        ]

    def _scored(self, vector: Vectors, count: int, passing: Passing) -> list[tuple[int, float]]:
        """Every chunk that passes is compared: exact."""
        if count < 1:
            return []
        scores, missing = self.rows.scores(vector, passing.ids)
        for at in range(0, len(missing), BATCH):  # of an index made before rows were kept, or whose file was lost
            self._restore(passing.ids[missing[at : at + BATCH]])
        if len(missing):
            scores, _ = self.rows.scores(vector, passing.ids)
        best = np.argpartition(-scores, count - 1)[:count] if count < len(scores) else np.arange(len(scores))
        best = best[np.argsort(-scores[best], kind="stable")]
        return [(int(passing.ids[at]), float(scores[at])) for at in best if scores[at] > ABSENT]

    def _restore(self, chunk_ids: Ids) -> None:
        """Copy from Chroma the rows that it holds."""
        found = self._collection.get(ids=[str(chunk_id) for chunk_id in chunk_ids], include=["embeddings"])
        with suppress(OSError):  # a home that is read only: these chunks are not found
            self.rows.write([int(one) for one in found["ids"]], np.asarray(found["embeddings"], dtype=np.float32))

    def close(self) -> None:
        self._client.close()  # type: ignore[attr-defined]  # not in the interface, in every client


def _embedded(folder: Path) -> ClientAPI:
    import chromadb
    from chromadb.config import Settings

    folder.mkdir(parents=True, exist_ok=True)
    return chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))


def _server(url: str) -> ClientAPI:
    import chromadb
    from chromadb.config import Settings

    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{url!r} is not like http://127.0.0.1:8000")
    return chromadb.HttpClient(
        host=parts.hostname,
        port=parts.port or (443 if parts.scheme == "https" else 8000),
        ssl=parts.scheme == "https",
        settings=Settings(anonymized_telemetry=False),
    )


def drop(folder: Path, url: str) -> None:
    """Remove an index that nobody uses: its collection on the server, then its folder, which names the collection.

    A server that cannot be reached keeps the folder, so that the next writer tries again.
    """
    if url:
        import chromadb.errors
        import httpx

        try:
            client = _server(url)
            with suppress(chromadb.errors.NotFoundError):
                client.delete_collection(_collection_name(folder))
            client.close()  # type: ignore[attr-defined]
        except (chromadb.errors.ChromaError, httpx.HTTPError, ValueError, OSError):
            return
    shutil.rmtree(folder, ignore_errors=True)


def _collection_name(folder: Path) -> str:
    """Of a home's making on a server that serves many homes: the same for every process that opens this home."""
    return f"onrecord-{hashlib.sha256(str(folder.absolute()).encode()).hexdigest()[:16]}"
