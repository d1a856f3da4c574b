"""Making the indexes anew while searches go on, with the same embedder or another, and when it is broken off."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from indexing import collection as collections
from indexing.collection import Collection
from indexing.embed import Vectors
from indexing.errors import EmbedError, HomeError
from indexing.ingest import index
from tests.conftest import Opener
from tests.folders import write
from tests.forked import run
from tests.hashing import HashingEmbedder
from tests.state import QUESTIONS, state, three_stores_agree

OTHERS = [HashingEmbedder(), HashingEmbedder("hashing-2"), HashingEmbedder("hashing-3", 48)]


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """More than one batch of a rebuild."""
    return write(
        tmp_path / "docs",
        {f"{n:02}.md": f"# Heading {n}\n\nDocument number {n} tells of the council bridge in June." for n in range(60)},
    )


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collections, "BATCH", 16)


def folders(home: Path) -> set[str]:
    return {path.name for path in home.iterdir() if path.is_dir()}


@contextmanager
def searching(collection: Collection) -> Iterator[list[int]]:
    """Search in two other threads all the while; how many passages each search showed. Fails with what they raised."""
    shown: list[int] = []
    failures: list[BaseException] = []
    done = threading.Event()

    def search() -> None:
        try:
            while not done.is_set():
                for question in QUESTIONS:
                    shown.append(len(searched(collection, question)))
        except BaseException as error:  # noqa: BLE001 - a thread's failure is the test's
            failures.append(error)

    threads = [threading.Thread(target=search) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield shown
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert not failures, failures


def searched(collection: Collection, question: str) -> set[str]:
    with collection.steady():
        near = collection.by_meaning(collection.embedder.question(question), 5)
        hits = [*near, *collection.by_words(question, 5)]
        passages = collection.passages([chunk_id for chunk_id, _ in hits])
        assert len(near) == 5
        for passage in passages.values():
            assert collection.document(passage.document.id) == passage.document
            rows = collection.catalogue.sentence_vectors(passage.document.id)
            assert rows.shape[1] == collection.embedder.dimension and len(rows) >= len(passage.sentences)
    return {passage.text for passage in passages.values()}


@pytest.mark.parametrize("embedder", OTHERS, ids=lambda one: one.name)
def test_searches_go_on_while_the_indexes_are_made_anew(
    collection: Collection, docs: Path, tmp_path: Path, embedder: HashingEmbedder
) -> None:
    index(collection, [docs])
    before = state(collection)
    steps: list[tuple[int, int]] = []
    with searching(collection) as shown:
        with collection.lock:
            collection.rebuild(embedder, lambda done, total: steps.append((done, total)))
        during = len(shown)
        while len(shown) < during + 10:
            pass
    assert during > 0 and min(shown) > 0
    assert steps[-1] == (60, 60) and steps[0] == (16, 60)
    assert collection.embedder is embedder
    three_stores_agree(collection)
    after = state(collection)
    assert (after.documents, after.passages) == (before.documents, before.passages)
    if embedder.name == "hashing-1":
        assert after == before
    assert folders(tmp_path / "home") == {"vectors-2", "words-2", "texts-2"}
    write(docs, {"00.md": "Edited after the rebuild."})
    assert index(collection, [docs]).changed == 1
    three_stores_agree(collection)
    with collection.lock:
        collection.rebuild(embedder)
    assert folders(tmp_path / "home") == {"vectors-3", "words-3", "texts-3"}
    collection.close()
    with Collection(tmp_path / "home", embedder) as again:
        three_stores_agree(again)
        assert again.catalogue.query("SELECT DISTINCT embedder FROM sentence_vectors") == [(embedder.name,)]


def test_a_vector_of_the_embedder_before_finds_nothing_and_breaks_nothing(collection: Collection, docs: Path) -> None:
    index(collection, [docs])
    old = collection.embedder.question("bridge")
    with collection.lock:
        collection.rebuild(HashingEmbedder("hashing-3", 48))
    assert collection.by_meaning(old, 5) == []


def test_another_embedder_is_refused_with_the_command_that_moves_over(
    collection: Collection, docs: Path, tmp_path: Path
) -> None:
    index(collection, [docs])
    collection.close()
    with pytest.raises(HomeError, match=r"hashing-1, the settings name hashing-2; .* onrecord rebuild --embed SPEC"):
        Collection(tmp_path / "home", HashingEmbedder("hashing-2"))


def test_a_rebuild_that_fails_leaves_what_was_and_can_be_done_again(
    collection: Collection, docs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index(collection, [docs])
    before = state(collection)
    other = HashingEmbedder("hashing-2")
    for calls in (2, 6):  # while chunks are embedded, while sentences are
        with monkeypatch.context() as patch:
            patch.setattr(other, "passages", failing(other, calls))
            with collection.lock, pytest.raises(EmbedError):
                collection.rebuild(other)
        assert state(collection) == before
        three_stores_agree(collection)
    with collection.lock:
        collection.rebuild(other)
    assert state(collection).documents == before.documents
    three_stores_agree(collection)
    assert len(folders(tmp_path / "home")) == 3


def failing(embedder: HashingEmbedder, calls: int) -> object:
    original, left = embedder.passages, [calls]

    def fail(texts: list[str]) -> object:
        left[0] -= 1
        if left[0] < 0:
            raise EmbedError("the endpoint failed")
        return original(texts)

    return fail


@pytest.mark.parametrize("at", ["chunks", "sentences", "changed over"])
def test_a_rebuild_that_is_killed_leaves_the_old_indexes_and_the_next_open_clears_up(
    docs: Path, tmp_path: Path, opened: Opener, at: str
) -> None:
    home = tmp_path / "home"
    first = opened(home)
    index(first, [docs])
    before = state(first)
    first.close()
    assert run(work, home, at)[0] == 99
    assert len(folders(home)) == 6
    with Collection(home, HashingEmbedder("hashing-2" if at == "changed over" else "hashing-1")) as again:
        assert len(folders(home)) == 3
        three_stores_agree(again)
        assert state(again).documents == before.documents
        assert state(again).passages == before.passages
        assert again.catalogue.query("SELECT DISTINCT embedder FROM sentence_vectors") == [(again.embedder.name,)]


def work(_pipe: Connection, home: Path, at: str) -> None:
    """Rebuild with another embedder, and end without any cleaning up."""
    collections.BATCH = 16

    def end(*_: object) -> None:
        os._exit(99)

    def progress(done: int, total: int) -> None:
        if at == "chunks" and done > total // 2:
            end()

    with Collection(home, HashingEmbedder()) as collection, collection.lock:
        catalogue = collection.catalogue
        add, change_over, left = catalogue.add_sentence_vectors, catalogue.change_over, [20]

        def add_some(version_id: int, embedder: str, vectors: Vectors) -> None:
            left[0] -= 1
            if at == "sentences" and not left[0]:
                end()
            add(version_id, embedder, vectors)

        def change_over_and_end(label: str, embedder: str, dimension: int) -> None:
            change_over(label, embedder, dimension)
            end()

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(catalogue, "add_sentence_vectors", add_some)
            patch.setattr(catalogue, "change_over", change_over_and_end)
            collection.rebuild(HashingEmbedder("hashing-2"), progress)
