"""A collection in its home folder: the catalogue, and the indexes derived from it, opened and kept in step."""

from __future__ import annotations

import datetime
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import numpy as np

from indexing.catalogue import Catalogue
from indexing.copies import link_copies
from indexing.documents import Document, Passage
from indexing.embed import Embedder, Vectors
from indexing.errors import HomeError
from indexing.filters import Filter, Filters, Passing
from indexing.lock import ChangeOver, OwnerLock
from indexing.rows import ABSENT
from indexing.schema import Prepared
from indexing.tokens import indexed_text
from indexing.vectors import VectorIndex, drop
from indexing.words import TextIndex, WordIndex

CATALOGUE = "catalogue.sqlite"
BATCH = 512  # chunks embedded at a time when an index has lost some, or is made anew
TEXTS = 100  # whole texts read at a time


def now() -> str:
    """This moment as it is recorded: ISO, UTC, whole seconds."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def refuse_unwritable(home: Path) -> None:
    """Raise HomeError for a home on a read-only disk or of somebody else."""
    if not os.access(home, os.W_OK):
        raise HomeError(
            f"{home} cannot be written, which a search needs, too; give write permission, or copy it elsewhere "
            "(`onrecord status`, `show`, `verify` and `backup` work as it is)"
        )


class Collection:
    """What is indexed, and how to search it. What it returns is current in the catalogue at the time of reading."""

    def __init__(
        self, home: Path, embedder: Embedder, *, create: bool = False, chroma_url: str = "", mend: bool = True
    ) -> None:
        """Open a home; what a killed run left undone is finished first, unless `mend` is false or another owns it."""
        if not (home / CATALOGUE).is_file() and not create:
            raise HomeError(f"there is no index in {home}; make one with: onrecord index PATH --home {home}")
        try:
            home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise HomeError(f"{home} cannot be made ({error.strerror}); choose another --home") from error
        refuse_unwritable(home)
        self.home = home
        self.embedder = embedder
        self.chroma_url = chroma_url
        self.lock = OwnerLock(home)
        self.catalogue = Catalogue(home / CATALOGUE, create=create)
        self.filters = Filters(self.catalogue)
        self._claim()
        self._indexes, self._swapping = ChangeOver(), threading.Lock()
        self._beside = ThreadPoolExecutor(1, thread_name_prefix="onrecord-words")
        self._writers = ThreadPoolExecutor(3, thread_name_prefix="onrecord-indexes")
        self._label = self.catalogue.meta("indexes")
        self.vectors, self.words, self.texts = self._open_indexes(self._label, embedder)
        if mend and not (self.in_step() and not self._leftovers()) and self.lock.try_acquire():
            try:
                self.sweep()
            finally:
                self.release()
                self.lock.release()

    def _claim(self) -> None:
        """Record the embedder on first use; refuse vectors of another one, which would compare as noise."""
        recorded = self.catalogue.meta("embedder")
        if not recorded:
            self.catalogue.set_meta({"embedder": self.embedder.name, "dimension": str(self.embedder.dimension)})
        elif (recorded, self.catalogue.meta("dimension")) != (self.embedder.name, str(self.embedder.dimension)):
            raise HomeError(
                f"the index in {self.home} was made with the embedder {recorded}, the settings name "
                f"{self.embedder.name}; set `embed` back, or move over with: onrecord rebuild --embed SPEC"
            )

    def _open_indexes(self, label: str, embedder: Embedder) -> tuple[VectorIndex, WordIndex, TextIndex]:
        """The derived indexes of one making; each making has a label, so that a new one can grow beside the old."""
        vectors = VectorIndex(self.home / f"vectors{label}", embedder.name, embedder.dimension, url=self.chroma_url)
        return vectors, WordIndex(self.home / f"words{label}"), TextIndex(self.home / f"texts{label}")

    def release(self) -> None:
        """Let go of what only one process at a time can hold to write; searches go on."""
        self.words.release()
        self.texts.release()

    def close(self) -> None:
        self._beside.shutdown()
        self._writers.shutdown()
        self.release()
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
        """The current text, or that of an older version; None where there is none."""
        return self.catalogue.document(document_id, version)

    @contextmanager
    def steady(self) -> Iterator[None]:
        """Inside, embedder and indexes stay those that belong together: a rebuild that is ready waits to take over."""
        if not self._indexes.used_here and self.catalogue.meta("indexes") != self._label:
            self._follow()
        with self._indexes.using():
            yield

    def _follow(self) -> None:
        """Change over to the indexes that another process has made anew."""
        with self._swapping, self._indexes.changing():
            label = self.catalogue.meta("indexes")
            if label == self._label:  # a rebuild of this very process
                return
            self._claim()
            before = self.vectors, self.words, self.texts
            self.vectors, self.words, self.texts = self._open_indexes(label, self.embedder)
            self._label = label
        before[2].release()
        before[1].release()
        before[0].close()

    def by_meaning(self, vector: Vectors, count: int, filter: Filter | None = None) -> list[tuple[int, float]]:
        """`(chunk id, cosine)`, nearest first, of what passes; may name chunks that are no longer current."""
        with self.steady():
            if len(vector) != self.embedder.dimension:
                return []  # made just before a rebuild with another embedder took over
            return self.vectors.nearest(vector, count, self.filters.passing(filter) if filter else None)

    def by_words(self, question: str, count: int, filter: Filter | None = None) -> list[tuple[int, float]]:
        """`(chunk id, BM25)`, best first, of what passes; may name chunks that are no longer current."""
        with self.steady():
            return self.words.search(question, count, self.filters.passing(filter) if filter else None)

    def holding(self, words: str, count: int) -> list[int]:
        """Chunks that hold every one of these words, at most `count`; may name chunks that are no longer current."""
        with self.steady():
            return self.words.holding(words, count)

    def by_both(
        self, vector: Vectors, question: str, count: int, filter: Filter | None = None
    ) -> tuple[list[tuple[int, float]], list[tuple[int, float]]]:
        """`by_meaning` and `by_words` at the same time: neither holds the interpreter while it searches."""
        with self.steady():
            passing = self.filters.passing(filter) if filter else None
            words = self._beside.submit(self.words.search, question, count, passing)
            try:
                meaning = self.by_meaning(vector, count, filter)
            finally:
                found = words.result()  # inside: a rebuild must not close what is being searched
            return meaning, found

    def scores(
        self, vector: Vectors, question: str, chunk_ids: Sequence[int]
    ) -> tuple[dict[int, float], dict[int, float]]:
        """Of these chunks, exactly: `{chunk id: cosine}`, and `{chunk id: BM25}` of those that share a word."""
        ids = np.unique(np.asarray(chunk_ids, dtype=np.int64))
        if not len(ids) or len(vector) != self.embedder.dimension:
            return {}, {}
        found, _ = self.vectors.rows.scores(vector, ids)
        mask = np.zeros(int(ids[-1]) + 1, dtype=np.bool_)
        mask[ids] = True
        words = self.words.search(question, len(ids), Passing(ids, mask)) if question else []
        meaning = {int(key): float(score) for key, score in zip(ids, found, strict=True) if score > ABSENT}
        return meaning, dict(words)

    def passages(self, chunk_ids: Sequence[int]) -> dict[int, Passage]:
        """Those of the chunks that are current, read from the catalogue."""
        return self.catalogue.passages(chunk_ids)

    # -- keeping in step -----------------------------------------------------------------------------------------------

    def in_step(self) -> bool:
        """Whether all indexes have reached the catalogue's generation and nothing half-done is left."""
        generation = self.catalogue.generation
        reached = {self.vectors.generation, self.words.generation, self.texts.generation}
        return self.catalogue.settled() and reached == {generation}

    def retire(self) -> None:
        """Clear what is no longer current from the indexes and the catalogue, and mark the generation reached.

        Texts that were current once stay in the index of whole texts as they stay in the catalogue.
        """
        stale = list(self.catalogue.chunk_ids(current=False))
        if stale:
            self._at_once(lambda: self.vectors.remove(stale), lambda: self.words.change({}, stale))
        never_shown = self.catalogue.query(  # CROSS: or SQLite goes through all versions, of which passing has few
            "SELECT version_id FROM passing CROSS JOIN versions ON versions.id = version_id WHERE NOT shown"
        )
        if never_shown:
            self.texts.change({}, [row[0] for row in never_shown])
        generation = self.catalogue.generation
        for index in (self.vectors, self.words, self.texts):
            index.reach(generation)
        self.catalogue.forget_stale()

    def sweep(self) -> None:
        """Finish what a killed run began, whatever it was. Only the holder of the lock may call it."""
        generation = self.catalogue.generation
        if self.vectors.generation != generation:
            self.mend_vectors()
        if self.words.generation != generation:
            self.mend_words()
        if self.texts.generation != generation:
            self.mend_texts()
        self.retire()
        self.link_copies()
        self._clear_makings()

    def link_copies(self) -> None:
        """Group the copies among the documents that have come, gone or changed."""
        link_copies(self.catalogue)

    def mend_vectors(self) -> int:
        """Give the vectors what they lack and take what they should not have; how many chunks that were."""
        current, held = set(self.catalogue.chunk_ids(current=True)), self.vectors.ids()
        self.vectors.remove(sorted(held - current))
        missing = sorted(current - held)
        for at in range(0, len(missing), BATCH):
            texts = self.catalogue.chunk_texts(missing[at : at + BATCH])
            self.vectors.add([chunk_id for chunk_id, _ in texts], self.embedder.passages([text for _, text in texts]))
        return len(held ^ current)

    def mend_words(self) -> int:
        """The same for the words."""
        current, held = set(self.catalogue.chunk_ids(current=True)), self.words.ids()
        missing = sorted(current - held)
        for at in range(0, len(missing), BATCH):
            self.words.change(dict(self.catalogue.chunk_texts(missing[at : at + BATCH])), [])
        if held - current:
            self.words.change({}, sorted(held - current))
        return len(held ^ current)

    def add(self, chunks: Mapping[int, str], vectors: Vectors | None, prepared: Mapping[int, Prepared]) -> None:
        """Give all indexes what is new: `{chunk id: text}`, a row for each, and documents by their version."""
        work = [lambda: self.add_texts(prepared)] if prepared else []
        if vectors is not None:
            work += [lambda: self.words.change(chunks, []), lambda: self.vectors.add(list(chunks), vectors)]
        self._at_once(*work)

    def _at_once(self, *work: Callable[[], object]) -> None:
        """Write to several indexes side by side: each mostly waits for the disk. All have ended when it returns."""
        begun = [self._writers.submit(one) for one in work]
        wait(begun)
        for one in begun:
            one.result()

    def add_texts(self, prepared: Mapping[int, Prepared]) -> None:
        """Add the whole texts of documents, by the version that the catalogue gave them, to the index of phrases."""
        documents = ((version_id, item.document, item.sentences) for version_id, item in prepared.items())
        self.texts.change({key: indexed_text(one.name, one.text, inside) for key, one, inside in documents}, [])

    def mend_texts(self) -> int:
        """The same for the whole texts; how many documents' versions that were."""
        current, held = self.text_ids(), self.texts.ids()
        missing = sorted(current - held)
        for at in range(0, len(missing), TEXTS):
            self.texts.change(self._texts(missing[at : at + TEXTS]), [])
        if held - current:
            self.texts.change({}, sorted(held - current))
        return len(held ^ current)

    def text_ids(self) -> set[int]:
        """The versions whose whole text is searched for phrases: all that are current or were once."""
        return {row[0] for row in self.catalogue.query("SELECT id FROM versions WHERE shown")}

    def _texts(self, version_ids: Sequence[int]) -> dict[int, str]:
        marks = ",".join("?" * len(version_ids))
        rows = self.catalogue.query(
            "SELECT v.id, d.name, v.text FROM versions v JOIN documents d ON d.id = v.document_id "
            f"WHERE v.id IN ({marks})",
            version_ids,
        )
        return {version_id: indexed_text(name, text) for version_id, name, text in rows}

    # -- making the indexes anew ---------------------------------------------------------------------------------------

    def rebuild(self, embedder: Embedder, progress: Callable[[int, int], None] = lambda _done, _total: None) -> None:
        """Make the indexes anew beside the old, with this embedder, then change over in one moment.

        Searches go on over the old ones meanwhile. `progress` hears chunks done and in all. The caller holds the lock.
        """
        generation = self.catalogue.generation
        if self.vectors.generation == self.words.generation == self.texts.generation == generation:
            self.retire()
        else:
            self.catalogue.forget_stale()  # these indexes are out of step and stay so until they are mended or replaced
        self._clear_makings()
        label = self.catalogue.next_making()
        made = vectors, words, texts = self._open_indexes(label, embedder)
        try:
            self._fill(*made, embedder, progress)
            with self._swapping, self._indexes.changing():
                self.catalogue.change_over(label, embedder.name, embedder.dimension)
                before = self.vectors, self.words, self.texts
                self.embedder, self.vectors, self.words, self.texts = embedder, *made
                self._label = label
        except BaseException:
            words.release()
            texts.release()
            vectors.close()
            raise
        before[2].release()
        before[1].release()
        before[0].close()
        self._clear_makings()

    def _fill(
        self,
        vectors: VectorIndex,
        words: WordIndex,
        texts: TextIndex,
        embedder: Embedder,
        progress: Callable[[int, int], None],
    ) -> None:
        """Fill new indexes with everything that is current, and give sentences their vectors of this embedder."""
        chunk_ids = sorted(self.catalogue.chunk_ids(current=True))
        for at in range(0, len(chunk_ids), BATCH):
            chunks = dict(self.catalogue.chunk_texts(chunk_ids[at : at + BATCH]))
            vectors.add(list(chunks), embedder.passages(list(chunks.values())))
            words.change(chunks, [])
            progress(min(at + BATCH, len(chunk_ids)), len(chunk_ids))
        if embedder.name != self.catalogue.meta("embedder"):
            for version_id, shown in self.catalogue.shown_sentences():
                self.catalogue.add_sentence_vectors(version_id, embedder.name, embedder.passages(shown))
        version_ids = sorted(self.text_ids())
        for at in range(0, len(version_ids), TEXTS):
            texts.change(self._texts(version_ids[at : at + TEXTS]), [])
        generation = self.catalogue.generation
        for index in (vectors, words, texts):
            index.reach(generation)
        words.release()
        texts.release()

    def _clear_makings(self) -> None:
        """Remove index folders that are not in use: of an earlier making, or of one that was broken off."""
        leftovers = self._leftovers()
        if leftovers:
            self.catalogue.forget_other_embedders()
        for folder in leftovers:
            if folder.name.startswith("vectors"):
                drop(folder, self.chroma_url)
            else:
                shutil.rmtree(folder, ignore_errors=True)

    def _leftovers(self) -> list[Path]:
        label = self.catalogue.meta("indexes")
        used = {f"vectors{label}", f"words{label}", f"texts{label}"}
        return [
            folder
            for folder in self.home.iterdir()
            if folder.is_dir()
            and folder.name.split("-")[0] in ("vectors", "words", "texts")
            and folder.name not in used
        ]
