"""Full disks, homes that cannot be written, two writers: a clear error, nothing lost, and the next run finishes."""

from __future__ import annotations

import resource
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from indexing.backup import write_backup
from indexing.collection import Collection
from indexing.doctor import examine
from indexing.errors import HomeError
from indexing.ingest import index
from tests.conftest import Opener
from tests.folders import counts, names, write
from tests.forked import run, start
from tests.hashing import HashingEmbedder
from tests.state import State, state, three_stores_agree

DOCUMENTS = 100
SIZES = (0, 100, 40_000, 160_000, 300_000, 800_000)


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Enough that every store outgrows the sizes above at some time."""
    texts = {
        f"{n}.md": f"# Heading {n}\n\n" + " ".join(f"Word {n * k} of document {n} was counted." for k in range(40))
        for n in range(DOCUMENTS)
    }
    return write(tmp_path_factory.mktemp("full") / "docs", texts)


@pytest.fixture(scope="module")
def fresh(docs: Path) -> State:
    with Collection(docs.parent / "fresh", HashingEmbedder(), create=True) as collection:
        index(collection, [docs])
        return state(collection)


def work(pipe: Connection, home: Path, docs: Path, size: int) -> None:
    """Index while no file may grow beyond a size, as when a disk is full; tell how it ended."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        with Collection(home, HashingEmbedder(), create=True) as collection:
            index(collection, [docs])
    except HomeError as error:
        pipe.send(f"error: {error}")
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is told
        pipe.send(f"a traceback: {error!r}")
    else:
        pipe.send("done")


@pytest.mark.parametrize("size", SIZES)
def test_a_disk_that_fills_up_is_said_and_the_next_run_finishes(
    tmp_path: Path, docs: Path, fresh: State, size: int
) -> None:
    home = tmp_path / "home"
    _, sent = run(work, home, docs, size)
    assert len(sent) == 1 and sent[0].startswith("error: "), sent
    assert "cannot be" in sent[0] and str(home) in sent[0], sent
    with Collection(home, HashingEmbedder(), create=True) as collection:
        for entry in collection.catalogue.entries():
            assert collection.document(entry.id) is not None
        assert index(collection, [docs]).documents == DOCUMENTS
        three_stores_agree(collection)
        assert state(collection) == fresh


def test_a_disk_that_fills_up_while_an_edit_goes_in_leaves_what_was(tmp_path: Path, opened: Opener) -> None:
    docs = write(tmp_path / "docs", {f"{n}.md": f"Document number {n} is short." for n in range(20)})
    collection = opened(tmp_path / "home")
    index(collection, [docs])
    before = state(collection)
    collection.close()
    write(docs, {f"{n}.md": f"Document number {n} is edited. " * 300 for n in range(20)})
    size = (tmp_path / "home" / "catalogue.sqlite").stat().st_size
    _, sent = run(work, tmp_path / "home", docs, size)
    assert sent[0].startswith("error: "), sent
    again = opened(tmp_path / "home")
    assert state(again) == before
    assert counts(index(again, [docs])) == {"changed": 20}
    three_stores_agree(again)


def test_a_home_that_is_a_file_or_below_one_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"file": "x"})
    for home in (tmp_path / "file", tmp_path / "file" / "home"):
        with pytest.raises(HomeError, match=r"cannot be made .*; choose another --home"):
            Collection(home, HashingEmbedder(), create=True)


@pytest.mark.parametrize("store", ["catalogue.sqlite", "vectors", "words", "texts"])
def test_a_store_whose_place_is_taken_by_something_else_is_named(tmp_path: Path, store: str) -> None:
    home = tmp_path / "home"
    if store == "catalogue.sqlite":
        (home / store).mkdir(parents=True)
    else:
        write(home, {store: "x"})
    with pytest.raises(HomeError, match=rf"{store} cannot be (used|opened) \("):
        Collection(home, HashingEmbedder(), create=True)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc and /sys take no files even from root")
@pytest.mark.parametrize("home", ["/proc/onrecord", "/sys/onrecord", "/proc", "/sys"])
def test_a_home_that_cannot_be_written_is_said(home: str) -> None:
    with pytest.raises(HomeError, match=rf"{home}.* cannot be (made|used|written) \("):
        Collection(Path(home), HashingEmbedder(), create=True)


def hold(pipe: Connection, home: Path) -> None:
    """Be a writer until killed."""
    with Collection(home, HashingEmbedder(), create=True) as collection, collection.lock:
        pipe.send("held")
        signal.pause()


def test_a_second_writer_is_refused_and_told_who_is_first(collection: Collection, tmp_path: Path, docs: Path) -> None:
    process, pipe = start(hold, tmp_path / "home")
    with pipe:
        assert pipe.recv() == "held"
        with pytest.raises(HomeError, match=rf"in use by `.*` \(process {process.pid}, since .*\); stop that first"):
            index(collection, [docs])
        assert names(collection) == []
        process.kill()
        process.join()
    assert index(collection, [docs]).added == DOCUMENTS


def test_a_home_that_is_read_only_says_so_and_what_still_works(
    opened: Opener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    collection = opened(home)
    index(collection, [write(tmp_path / "few", {"a.md": "The bridge is closed.", "b.md": "The market is open."})])
    collection.close()
    monkeypatch.setattr("os.access", lambda *_: False)  # the tests may run as root, who may write everywhere
    for use in (lambda: opened(home), lambda: examine(home, HashingEmbedder(), repair=False)):
        with pytest.raises(HomeError, match=r"cannot be written, which a search needs, too.*`backup` work as it is"):
            use()
    assert write_backup(home, tmp_path / "copy.zip").documents == 2
