"""Chunk vectors in Chroma, derived from the catalogue: rebuilt at any time. The only file that imports chromadb."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from indexing.embed import Vectors
from indexing.errors import HomeError

COLLECTION = "chunks"
BATCH = 5461  # Chroma's largest batch; more in one call fails


class VectorIndex:
    """Cosine neighbours among chunk vectors, keyed by chunk id. Its metadata names model, dimension and generation."""

    def __init__(self, folder: Path, embedder: str, dimension: int) -> None:
        import chromadb
        import chromadb.config
        import chromadb.errors

        folder.mkdir(parents=True, exist_ok=True)
        self._facts = {"embedder": embedder, "dimension": dimension}
        try:
            self._client = chromadb.PersistentClient(str(folder), chromadb.config.Settings(anonymized_telemetry=False))
            self._collection = self._client.get_or_create_collection(
                COLLECTION,
                configuration={"hnsw": {"space": "cosine"}},
                metadata={**self._facts, "generation": 0},
                embedding_function=None,
            )
            # Chroma ignores a differing configuration of an existing collection, so what it has is compared.
            found = dict(self._collection.metadata or {})
            space = str((self._collection.configuration_json.get("hnsw") or {}).get("space"))
        except (chromadb.errors.ChromaError, ValueError) as error:
            raise HomeError(
                f"the vectors in {folder} cannot be opened ({error}); "
                "remove that folder, the next `onrecord index` makes it again"
            ) from error
        try:
            self._refuse_others(folder, found, space)
        except HomeError:
            self.close()
            raise
        self._generation = int(found.get("generation", 0))

    def _refuse_others(self, folder: Path, found: Mapping[str, object], space: str) -> None:
        if any(found.get(key) != value for key, value in self._facts.items()):
            raise HomeError(
                f"the vectors in {folder} were made with {found.get('embedder')} "
                f"({found.get('dimension')} dimensions), the settings name {self._facts['embedder']} "
                f"({self._facts['dimension']}); set `embed` back, or index into another --home"
            )
        if space != "cosine":
            raise HomeError(
                f"the vectors in {folder} are compared by {space}, not by cosine; "
                "remove that folder, the next `onrecord index` makes it again"
            )

    @property
    def generation(self) -> int:
        """The catalogue generation that this index has reached."""
        return self._generation

    def reach(self, generation: int) -> None:
        self._collection.modify(metadata={**self._facts, "generation": generation})
        self._generation = generation

    def add(self, chunk_ids: Sequence[int], vectors: Vectors) -> None:
        """`vectors` is `(len(chunk_ids), dimension)`; an id that is there already is replaced."""
        for at in range(0, len(chunk_ids), BATCH):
            ids = [str(chunk_id) for chunk_id in chunk_ids[at : at + BATCH]]
            self._collection.upsert(ids=ids, embeddings=np.asarray(vectors[at : at + BATCH], dtype=np.float32))

    def remove(self, chunk_ids: Sequence[int]) -> None:
        for at in range(0, len(chunk_ids), BATCH):
            self._collection.delete(ids=[str(chunk_id) for chunk_id in chunk_ids[at : at + BATCH]])

    def ids(self) -> set[int]:
        """All chunk ids it holds."""
        found: set[int] = set()
        while page := self._collection.get(include=[], limit=50_000, offset=len(found))["ids"]:
            found.update(map(int, page))
        return found

    def nearest(self, vector: Vectors, count: int) -> list[tuple[int, float]]:
        """`(chunk id, cosine similarity)`, nearest first, at most `count`."""
        count = min(count, self._collection.count())
        if count < 1:
            return []
        found = self._collection.query(
            query_embeddings=np.asarray([vector], dtype=np.float32), n_results=count, include=["distances"]
        )
        distances = (found["distances"] or [[]])[0]
        return [
            (int(chunk_id), 1.0 - float(distance))
            for chunk_id, distance in zip(found["ids"][0], distances, strict=True)
        ]

    def close(self) -> None:
        self._client.close()  # type: ignore[attr-defined]  # not in the interface, in every client
