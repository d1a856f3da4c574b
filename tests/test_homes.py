"""Homes: one writer at a time, one embedder, and what is wrong with a home is said."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from indexing.collection import Collection
from indexing.errors import HomeError
from indexing.ingest import index
from indexing.lock import OwnerLock
from tests.conftest import Opener
from tests.folders import B, counts, names, texts_found, write
from tests.hashing import HashingEmbedder
from tests.state import state, three_stores_agree


def test_a_home_that_is_in_use_names_its_owner(collection: Collection, docs: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from indexing.lock import OwnerLock\n"
        "lock = OwnerLock(Path(sys.argv[1])); assert lock.try_acquire(); print('held', flush=True); input()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "home")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent,
    )
    with holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(HomeError, match=rf"in use by `.*` \(process {holder.pid}, since .*\); stop that first"):
            index(collection, [docs])
        assert names(collection) == []
        holder.kill()
    assert counts(index(collection, [docs])) == {"added": 3}, "the system frees the lock of a killed process"


def test_a_run_under_a_lock_that_the_caller_holds_does_not_take_it_again(
    collection: Collection, docs: Path, tmp_path: Path
) -> None:
    with collection.lock:
        assert counts(index(collection, [docs], locked=True)) == {"added": 3}
        assert not OwnerLock(tmp_path / "home").try_acquire(), "still held"
    other = OwnerLock(tmp_path / "home")
    assert other.try_acquire()
    other.release()


def test_two_open_collections_of_one_process_take_turns(
    collection: Collection, docs: Path, tmp_path: Path, opened: Opener
) -> None:
    index(collection, [docs])
    other = opened(tmp_path / "home")
    write(docs, {"b.txt": "The ferry runs twice a day."})
    assert counts(index(other, [docs])) == {"changed": 1, "unchanged": 2}
    write(docs, {"d.txt": "A tunnel is planned."})
    assert counts(index(collection, [docs])) == {"added": 1, "unchanged": 3}
    assert B not in texts_found(collection, "mill burnt")
    assert {"A tunnel is planned.", "The ferry runs twice a day."} <= texts_found(collection, "tunnel ferry")


def test_another_embedder_is_refused_with_both_names(collection: Collection, docs: Path, tmp_path: Path) -> None:
    index(collection, [docs])
    collection.close()
    for other in (HashingEmbedder(name="other"), HashingEmbedder(dimension=32)):
        with pytest.raises(HomeError, match=f"made with the embedder hashing-1, the settings name {other.name}"):
            Collection(tmp_path / "home", other, create=True)


def test_a_missing_index_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(HomeError, match=r"there is no index in .*; make one with: onrecord index PATH --home"):
        Collection(tmp_path / "home", HashingEmbedder())
    assert not (tmp_path / "home").exists()


def test_a_home_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(HomeError, match="cannot be made"):
        Collection(tmp_path / "file" / "home", HashingEmbedder(), create=True)


@pytest.mark.parametrize("lost", ["vectors", "words", "texts"])
def test_a_derived_index_that_was_lost_is_made_again_from_the_catalogue(
    collection: Collection, docs: Path, tmp_path: Path, opened: Opener, lost: str
) -> None:
    index(collection, [docs])
    before = state(collection)
    collection.close()
    (tmp_path / "home" / lost).rename(tmp_path / "aside")
    again = opened(tmp_path / "home")
    three_stores_agree(again)
    assert state(again) == before
