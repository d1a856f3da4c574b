"""A collection in its home folder: the catalogue, and the two indexes derived from it, opened and kept in step."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Self

from indexing.catalogue import Catalogue
from indexing.documents import Document, Passage
from indexing.embed import Embedder, Vectors
from indexing.errors import HomeError
from indexing.lock import OwnerLock
from indexing.vectors import VectorIndex
from indexing.words import WordIndex

CATALOGUE = "catalogue.sqlite"
MEND_BATCH = 512  # chunks embedded at a time when an index has lost some


class Collection:
    """What is indexed, and how to search it. What it returns is current in the catalogue at the time of reading."""

    def __init__(self, home: Path, embedder: Embedder, *, create: bool = False) -> None:
        if not (home / CATALOGUE).is_file() and not create:
            raise HomeError(f"there is no index in {home}; make one with: onrecord index PATH --home {home}")
        try:
            home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HomeError(f"{home} cannot be made ({error.strerror}); choose another --home") from error
        self.home = home
        self.embedder = embedder
        self.lock = OwnerLock(home)
        self.catalogue = Catalogue(home / CATALOGUE, create=create)
        self._claim()
        self.vectors = VectorIndex(home / "vectors", embedder.name, embedder.dimension)
        self.words = WordIndex(home / "words")
        if not self.in_step() and self.lock.try_acquire():
            try:
                self.sweep()
            finally:
                self.words.release()
                self.lock.release()

    def _claim(self) -> None:
        """Record the embedder on first use; refuse vectors of another one, which would compare as noise."""
        recorded = self.catalogue.meta("embedder")
        if not recorded:
            self.catalogue.set_meta({"embedder": self.embedder.name, "dimension": str(self.embedder.dimension)})
        elif (recorded, self.catalogue.meta("dimension")) != (self.embedder.name, str(self.embedder.dimension)):
            raise HomeError(
                f"the index in {self.home} was made with the embedder {recorded}, the settings name "
                f"{self.embedder.name}; set `embed` back, or index into another --home"
            )

    def close(self) -> None:
        self.words.release()
        self.vectors.close()
        self.catalogue.close()
        self.lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- searching -----------------------------------------------------------------------------------------------------

    def count(self) -> int:
        """How many documents are searched."""
        return self.catalogue.count_documents()

    def document(self, document_id: str, version: str = "") -> Document | None:
        return self.catalogue.document(document_id, version)

    def by_meaning(self, vector: Vectors, count: int) -> list[tuple[int, float]]:
        """`(chunk id, cosine)`, nearest first; may name chunks that are no longer current."""
        return self.vectors.nearest(vector, count)

    def by_words(self, question: str, count: int) -> list[tuple[int, float]]:
        """`(chunk id, BM25)`, best first; may name chunks that are no longer current."""
        return self.words.search(question, count)

    def passages(self, chunk_ids: Sequence[int]) -> dict[int, Passage]:
        """Those of the chunks that are current, read from the catalogue."""
        return self.catalogue.passages(chunk_ids)

    # -- keeping in step -----------------------------------------------------------------------------------------------

    def in_step(self) -> bool:
        """Whether both indexes have reached the catalogue's generation and nothing half-done is left."""
        generation = self.catalogue.generation
        stale = next(iter(self.catalogue.chunk_ids(current=False)), None) is not None
        return not stale and self.vectors.generation == generation == self.words.generation

    def retire(self) -> None:
        """Clear what is no longer current from both indexes and the catalogue, and mark the generation reached."""
        stale = list(self.catalogue.chunk_ids(current=False))
        self.vectors.remove(stale)
        if stale:
            self.words.change({}, stale)
        generation = self.catalogue.generation
        self.vectors.reach(generation)
        self.words.reach(generation)
        self.catalogue.forget_stale()

    def sweep(self) -> None:
        """Finish what a killed run began, whatever it was. Only the holder of the lock may call it."""
        generation = self.catalogue.generation
        if self.vectors.generation != generation:
            self._mend_vectors()
        if self.words.generation != generation:
            self._mend_words()
        self.retire()

    def _mend_vectors(self) -> None:
        current, held = set(self.catalogue.chunk_ids(current=True)), self.vectors.ids()
        self.vectors.remove(sorted(held - current))
        missing = sorted(current - held)
        for at in range(0, len(missing), MEND_BATCH):
            texts = self.catalogue.chunk_texts(missing[at : at + MEND_BATCH])
            self.vectors.add([chunk_id for chunk_id, _ in texts], self.embedder.passages([text for _, text in texts]))

    def _mend_words(self) -> None:
        current, held = set(self.catalogue.chunk_ids(current=True)), self.words.ids()
        self.words.change(dict(self.catalogue.chunk_texts(sorted(current - held))), sorted(held - current))
