"""The doctor: what is wrong with a home is found, put right from the catalogue, or said."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from indexing.collection import CATALOGUE, Collection
from indexing.doctor import Examination, compare, examine
from indexing.errors import HomeError
from indexing.ingest import index
from tests.conftest import Opener
from tests.folders import B, write
from tests.hashing import HashingEmbedder
from tests.state import State, state, three_stores_agree


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, State]:
    """A home, closed, and what it holds."""
    made = tmp_path_factory.mktemp("healthy")
    docs = write(made / "docs", {f"{n}.md": f"# Heading {n}\n\nDocument number {n}. {B}" for n in range(30)})
    with Collection(made / "home", HashingEmbedder(), create=True) as collection:
        index(collection, [docs])
        return made / "home", state(collection)


@pytest.fixture
def home(tmp_path: Path, healthy: tuple[Path, State]) -> Path:
    """A copy of it to be damaged, at a place of its own, since Chroma remembers places."""
    return Path(shutil.copytree(healthy[0], tmp_path / "home"))


def stores(result: Examination) -> list[str]:
    return [finding.store for finding in result.findings]


def check(home: Path) -> Examination:
    return examine(home, HashingEmbedder(), repair=False)


def repair_and_look(home: Path, expected: State, opened: Opener) -> Examination:
    """Repair, examine again, and see that nothing is lost."""
    result = examine(home, HashingEmbedder(), repair=True)
    assert result.findings and result.healthy, result
    again = check(home)
    assert again.findings == () and again.healthy and again.documents == 30
    collection = opened(home)
    three_stores_agree(collection)
    assert state(collection) == expected
    return result


def test_a_healthy_home_is_healthy(home: Path, healthy: tuple[Path, State]) -> None:
    for repair in (False, True):
        result = examine(home, HashingEmbedder(), repair=repair)
        assert (result.findings, result.healthy, result.documents, result.chunks) == ((), True, 30, 30)
        assert result.as_json() == {"findings": [], "documents": 30, "chunks": 30, "healthy": True}


def test_an_empty_home_is_healthy_and_none_is_an_error(tmp_path: Path, opened: Opener) -> None:
    opened(tmp_path / "home").close()
    assert check(tmp_path / "home").healthy
    with pytest.raises(HomeError, match="there is no index in"):
        check(tmp_path / "elsewhere")


def test_missing_vectors_and_extra_words_are_counted_then_mended(
    home: Path, healthy: tuple[Path, State], opened: Opener
) -> None:
    collection = opened(home)
    collection.vectors.remove(sorted(collection.vectors.ids())[:7])
    collection.words.change({99_999: "a passage that is not in the catalogue"}, [])
    collection.close()
    result = check(home)
    assert [(one.store, one.problem, one.repaired) for one in result.findings] == [
        ("vectors", "7 passages are missing, 0 should not be there", False),
        ("words", "0 passages are missing, 1 should not be there", False),
        ("vectors", "a passage is not found by its own text; run `onrecord rebuild`", False),
    ]
    assert not result.healthy
    assert stores(repair_and_look(home, healthy[1], opened)) == ["vectors", "words"]


def test_a_run_that_was_broken_off_is_named_and_finished(
    home: Path, healthy: tuple[Path, State], opened: Opener
) -> None:
    collection = opened(home)
    collection.catalogue.set_meta({"generation": "77"})
    collection.close()
    result = check(home)
    assert [(one.store, one.problem) for one in result.findings] == [("home", "a run was broken off")]
    repair_and_look(home, healthy[1], opened)


def overwrite(path: Path, at: int = 0) -> None:
    """Damage in the middle of a file, or all of a short one."""
    data = bytearray(path.read_bytes())
    data[at : at + 4000] = b"\x99" * min(4000, len(data) - at)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("store", "file", "at"),
    [
        ("vectors", "chroma.sqlite3", 0),
        ("vectors", "chroma.sqlite3", 4096 * 3),
        ("words", "meta.json", 0),
        ("texts", "meta.json", 0),
    ],
)
def test_a_corrupted_index_is_named_and_made_anew(
    home: Path, healthy: tuple[Path, State], opened: Opener, store: str, file: str, at: int
) -> None:
    overwrite(home / store / file, at)
    result = check(home)
    assert not result.healthy and set(stores(result)) == {store}
    assert stores(repair_and_look(home, healthy[1], opened))[0] == store
    left = {path.name.split("-")[0] for path in home.iterdir() if path.is_dir()}
    assert left == {"vectors", "words", "texts"} and len([path for path in home.iterdir() if path.is_dir()]) == 3


@pytest.mark.parametrize("store", ["vectors", "words", "texts"])
def test_an_index_whose_folder_is_lost_is_made_anew(
    home: Path, healthy: tuple[Path, State], opened: Opener, store: str
) -> None:
    shutil.rmtree(home / store)
    assert not check(home).healthy
    repair_and_look(home, healthy[1], opened)


@pytest.mark.parametrize("at", [0, 4096 * 4])
def test_a_corrupted_catalogue_is_reported_and_left_alone(home: Path, at: int) -> None:
    for journal in home.glob(f"{CATALOGUE}-*"):
        journal.unlink()
    overwrite(home / CATALOGUE, at)
    before = (home / CATALOGUE).read_bytes()
    for repair in (False, True):
        result = examine(home, HashingEmbedder(), repair=repair)
        assert stores(result) == ["catalogue"] and not result.healthy
        assert "back from a backup" in result.findings[0].problem
    assert (home / CATALOGUE).read_bytes() == before


def test_many_copies_of_one_text_do_not_alarm(tmp_path: Path, opened: Opener) -> None:
    docs = write(tmp_path / "docs", {f"{n}.txt": B for n in range(25)} | {"stop.txt": "It is what it is."})
    collection = opened(tmp_path / "home")
    index(collection, [docs])
    with collection.lock:
        assert compare(collection, repair=False).findings == ()


def test_a_home_in_use_is_left_alone(home: Path, opened: Opener) -> None:
    collection = opened(home)
    with collection.lock, pytest.raises(HomeError, match="in use by"):
        check(home)
