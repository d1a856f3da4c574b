"""Chunk vectors in a real Chroma: more than one batch, another embedder refused, nothing left behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import chromadb
import chromadb.config
import numpy as np
import pytest

from indexing.embed import Vectors
from indexing.errors import HomeError
from indexing.vectors import BATCH, COLLECTION, VectorIndex

Opener = Callable[..., VectorIndex]


@pytest.fixture
def open_vectors(tmp_path: Path) -> Iterator[Opener]:
    with ExitStack() as stack:
        yield lambda embedder="e", dimension=3: stack.enter_context(
            closing(VectorIndex(tmp_path / "vectors", embedder, dimension))
        )


def rows(*values: tuple[float, float, float]) -> Vectors:
    return np.asarray(values, dtype=np.float32)


X, Y, Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


def test_neighbours_come_nearest_first_with_their_cosine(open_vectors: Opener) -> None:
    vectors = open_vectors()
    vectors.add([7, 8, 9], rows(X, Y, (0.6, 0.8, 0.0)))
    found = vectors.nearest(rows(X)[0], 2)
    assert [chunk_id for chunk_id, _ in found] == [7, 9]
    assert [cosine for _, cosine in found] == pytest.approx([1.0, 0.6], abs=1e-5)
    assert len(vectors.nearest(rows(X)[0], 100)) == 3
    assert vectors.nearest(rows(X)[0], 0) == []


def test_an_empty_index_has_no_neighbours_and_no_ids(open_vectors: Opener) -> None:
    vectors = open_vectors()
    assert vectors.nearest(rows(X)[0], 5) == []
    assert vectors.ids() == set()
    vectors.add([], np.zeros((0, 3), dtype=np.float32))
    vectors.remove([])
    assert vectors.ids() == set()


def test_what_was_removed_is_gone_and_removing_it_again_is_nothing(open_vectors: Opener) -> None:
    vectors = open_vectors()
    vectors.add([1, 2, 3], rows(X, Y, Z))
    vectors.remove([2, 77])
    vectors.remove([2])
    assert vectors.ids() == {1, 3}
    assert {chunk_id for chunk_id, _ in vectors.nearest(rows(Y)[0], 10)} == {1, 3}


def test_an_id_that_is_added_again_has_its_new_vector_only(open_vectors: Opener) -> None:
    vectors = open_vectors()
    vectors.add([1, 2], rows(X, Y))
    vectors.add([1], rows(Z))
    ((chunk_id, cosine),) = vectors.nearest(rows(Z)[0], 1)
    assert chunk_id == 1
    assert cosine == pytest.approx(1.0, abs=1e-5)
    assert vectors.ids() == {1, 2}


def test_more_than_one_batch_goes_in_and_out(open_vectors: Opener) -> None:
    vectors = open_vectors()
    count = BATCH + 10
    random = np.random.default_rng(1).normal(size=(count, 3)).astype(np.float32)
    vectors.add(range(count), random)
    assert vectors.ids() == set(range(count))
    vectors.remove(range(5, count))
    assert vectors.ids() == set(range(5))


def test_vectors_and_generation_are_there_after_reopening(open_vectors: Opener) -> None:
    vectors = open_vectors()
    assert vectors.generation == 0
    vectors.add([4], rows(Y))
    vectors.reach(12)
    assert vectors.generation == 12
    vectors.close()
    again = open_vectors()
    assert (again.generation, again.ids()) == (12, {4})
    again.reach(13)
    again.close()
    assert open_vectors().generation == 13


@pytest.mark.parametrize(("embedder", "dimension"), [("other", 3), ("e", 4)])
def test_vectors_of_another_embedder_are_refused_with_both_names(
    open_vectors: Opener, embedder: str, dimension: int
) -> None:
    open_vectors().close()
    with pytest.raises(HomeError, match=rf"made with e \(3 dimensions\), the settings name {embedder} \({dimension}\)"):
        open_vectors(embedder, dimension)
    assert open_vectors().ids() == set(), "the refusal changed nothing"


def test_a_collection_that_compares_otherwise_is_refused(tmp_path: Path, open_vectors: Opener) -> None:
    client = chromadb.PersistentClient(str(tmp_path / "vectors"), chromadb.config.Settings(anonymized_telemetry=False))
    client.create_collection(COLLECTION, metadata={"embedder": "e", "dimension": 3}, embedding_function=None)
    client.close()  # type: ignore[attr-defined]
    with pytest.raises(HomeError, match="compared by l2, not by cosine; run `onrecord doctor`"):
        open_vectors()
