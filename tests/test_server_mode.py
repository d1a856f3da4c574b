"""Vectors on a real Chroma server: several processes with one home share them, the catalogue decides what counts."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from app.cli import DONE, ERROR
from indexing.backup import write_backup
from indexing.collection import Collection
from indexing.errors import HomeError
from indexing.ingest import index
from indexing.restore import restore_backup
from tests.hashing import HashingEmbedder
from tests.processes import PATIENCE, environment, folder, free_port, reported
from tests.state import state, three_stores_agree

PIER = "The pier at Southwold was painted turquoise by Wilhelmina Quist in the summer of 1911.\n"
LAMP = "The lamp in Mill Lane was lit by Ottoline Bream every evening of the winter.\n"
PAINTER = "Who painted the pier at Southwold?"


# Chroma's client over HTTP leaves a connection to the collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <socket.socket:ResourceWarning")


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    yield
    gc.collect()


@contextmanager
def serving(folder: Path, port: int) -> Iterator[str]:
    """The address of a Chroma server that only this machine can reach."""
    folder.mkdir(exist_ok=True)
    chroma = str(Path(sys.executable).parent / "chroma")
    line = [chroma, "run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(
        line, cwd=folder, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait_for(f"http://127.0.0.1:{port}", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("chroma"), free_port()) as url:
        yield url


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert process.poll() is None, "the Chroma server ended before it answered"
        try:
            with urllib.request.urlopen(f"{url}/api/v2/heartbeat", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise TimeoutError(url)


def test_two_processes_see_each_others_work_and_chroma_lies_on_the_server(server: str, tmp_path: Path) -> None:
    home = ("--home", tmp_path / "home", "--chroma-url", server)
    docs = folder(tmp_path, "lamp", LAMP)
    assert reported("index", docs, *home)["added"] == 1
    (docs / "pier.txt").write_text(PIER, encoding="utf-8")
    assert reported("index", docs, *home)["added"] == 1
    assert "Wilhelmina Quist" in reported("ask", PAINTER, *home)["answer"]
    assert reported("doctor", "--check", *home)["healthy"]
    assert not list((tmp_path / "home").rglob("chroma.sqlite3"))
    assert reported("rebuild", *home)["chunks"] == 2


def test_a_process_that_is_open_sees_what_another_puts_in_and_never_what_is_not_current(
    server: str, tmp_path: Path
) -> None:
    docs, home = folder(tmp_path, "lamp", LAMP), tmp_path / "home"
    (docs / "pier.txt").write_text(PIER, encoding="utf-8")
    with (
        Collection(home, HashingEmbedder(), create=True, chroma_url=server) as first,
        Collection(home, HashingEmbedder(), create=True, chroma_url=server) as second,
    ):
        index(first, [docs])
        vector = second.embedder.question(PAINTER)
        (best, cosine), *_ = second.by_meaning(vector, 5)
        assert second.passages([best])[best].document.name == "pier.txt" and cosine > 0.3
        (docs / "pier.txt").write_text(PIER.replace("turquoise", "green"), encoding="utf-8")
        index(first, [docs])
        # What is put back into the server behind the catalogue's back is found there, and dropped here.
        second.vectors.add([best, 999_999], second.embedder.passages([PIER, PIER]))
        found = [chunk_id for chunk_id, _ in first.by_meaning(vector, 5)]
        assert {best, 999_999} < set(found)
        current = {passage.document.text for passage in first.passages(found).values()}
        assert current == {PIER.replace("turquoise", "green"), LAMP}


def collections_on(url: str) -> set[str]:
    with urllib.request.urlopen(
        f"{url}/api/v2/tenants/default_tenant/databases/default_database/collections", timeout=5
    ) as answer:
        return {one["name"] for one in json.load(answer)}


def test_what_a_rebuild_replaces_leaves_the_server_and_an_open_process_follows(server: str, tmp_path: Path) -> None:
    docs, home, before = folder(tmp_path, "lamp", LAMP), tmp_path / "home", collections_on(server)
    with (
        Collection(home, HashingEmbedder(), create=True, chroma_url=server) as first,
        Collection(home, HashingEmbedder(), create=True, chroma_url=server) as second,
    ):
        index(first, [docs])
        assert [cosine > 0 for _, cosine in second.by_meaning(second.embedder.question(LAMP), 5)] == [True]
        made = ""
        for _ in range(2):
            with first.lock:
                first.rebuild(first.embedder)
            (made,) = collections_on(server) - before
            assert {path.name for path in home.iterdir() if path.is_dir()} == {
                f"{store}{first.catalogue.meta('indexes')}" for store in ("texts", "vectors", "words")
            }
        (docs / "pier.txt").write_text(PIER, encoding="utf-8")
        index(first, [docs])
        for found in (second.by_meaning(second.embedder.question(PAINTER), 1), second.by_words(PAINTER, 1)):
            assert second.passages([found[0][0]])[found[0][0]].document.name == "pier.txt"
        with first.lock:
            first.rebuild(HashingEmbedder("hashing-2"))
        assert made not in collections_on(server)
        with pytest.raises(HomeError, match="hashing-2"):
            second.by_words(PAINTER, 1)


def test_two_homes_on_one_server_do_not_mix(server: str, tmp_path: Path) -> None:
    docs = folder(tmp_path, "pier", PIER)
    with (
        Collection(tmp_path / "one", HashingEmbedder(), create=True, chroma_url=server) as one,
        Collection(tmp_path / "two", HashingEmbedder(), create=True, chroma_url=server) as two,
    ):
        index(one, [docs])
        assert len(one.vectors.ids()) == 1 and not two.vectors.ids()


def test_a_server_that_dies_is_an_error_in_the_middle_of_work_which_goes_on_later(tmp_path: Path) -> None:
    docs, home, port = folder(tmp_path, "lamp", LAMP), tmp_path / "home", free_port()
    with ExitStack() as stack:
        with serving(tmp_path / "chroma", port) as url:
            shared = stack.enter_context(Collection(home, HashingEmbedder(), create=True, chroma_url=url))
            index(shared, [docs])
        (docs / "pier.txt").write_text(PIER, encoding="utf-8")
        for work in (lambda: shared.by_meaning(shared.embedder.question(PAINTER), 3), lambda: index(shared, [docs])):
            with pytest.raises(HomeError, match=f"at {url} cannot be .*server"):
                work()
        with serving(tmp_path / "chroma", port):
            assert index(shared, [docs]).added == 1
            assert len(shared.vectors.ids()) == 2


@pytest.mark.parametrize("command", [["ask", PAINTER], ["index", "docs"], ["doctor"]])
@pytest.mark.parametrize("url", ["dead", "ftp://127.0.0.1", "nonsense"])
def test_a_server_that_is_not_there_is_an_error_that_says_so(
    tmp_path: Path, command: list[str], url: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from app.cli import main

    monkeypatch.chdir(tmp_path)
    folder(tmp_path, "docs", PIER)
    assert main(["index", "docs", "--home", "home"]) == DONE
    capfd.readouterr()
    address = f"http://127.0.0.1:{free_port()}" if url == "dead" else url
    assert main([*command, "--home", "home", "--chroma-url", address]) == ERROR
    out, err = capfd.readouterr()
    assert out == "" and err.startswith("error: ") and err.count("\n") == 1
    assert address in err and "is the Chroma server running there?" in err


def test_a_home_whose_vectors_are_on_the_server_comes_back_from_a_backup(tmp_path: Path, server: str) -> None:
    home, file = tmp_path / "home", tmp_path / "backup"
    with Collection(home, HashingEmbedder(), create=True, chroma_url=server) as collection:
        index(collection, [folder(tmp_path, "pier", PIER)])
        before = state(collection)
    write_backup(home, file)
    with Collection(home, HashingEmbedder(), chroma_url=server) as collection:
        index(collection, [folder(tmp_path, "lamp", LAMP)])
    restored = restore_backup(file, home, lambda *_: HashingEmbedder(), chroma_url=server, force=True)
    assert (restored.documents, restored.embedded) == (1, 0)
    with Collection(home, HashingEmbedder(), chroma_url=server) as collection:
        three_stores_agree(collection)
        assert state(collection) == before
