"""One process owns a home: a chat that is open works for others, and its death leaves nothing locked."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.assistant import Assistant
from app.cli import DONE, ERROR
from app.indexer import worker
from app.owner import Beside, Owner, OwnerEndedError, ask_owner, is_owned
from app.retrieval.retrieve import Retriever
from app.settings import Settings
from indexing.collection import Collection
from indexing.errors import HomeError, OnrecordError
from indexing.filters import Filter
from indexing.ingest import index
from tests.hashing import HashingEmbedder
from tests.processes import chatting, environment, folder, free_port, onrecord, reported, running, until

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="the owner listens on a Unix socket")

BRIDGE = "The old bridge at Wexcombe was closed in May. A lorry had struck one of its piers.\n"
PIER = "The pier at Southwold was painted turquoise by Wilhelmina Quist in the summer of 1911.\n"


@pytest.fixture(scope="module")
def long_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose path is longer than a socket's may be, with one document in it."""
    parent = tmp_path_factory.mktemp("owner")
    home = parent / ("h" * 100) / "home"
    assert onrecord("index", folder(parent, "bridge", BRIDGE), "--home", home).returncode == DONE
    return home


def test_an_open_chat_does_the_indexing_of_others_and_its_death_leaves_the_home_usable(tmp_path: Path) -> None:
    home, docs = tmp_path / "home", folder(tmp_path, "bridge", BRIDGE)
    assert onrecord("index", docs, "--home", home).returncode == DONE
    assert not (home / "owner.json").exists() and not (home / "owner.socket").exists()
    with chatting(home) as chat:
        assert chat.documents() == 1
        mode = (home / "owner.socket").stat().st_mode
        assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600
        owner = json.loads((home / "owner.json").read_text(encoding="utf-8"))
        assert owner["pid"] == chat.process.pid and owner["socket"] == str(home / "owner.socket")

        indexed = onrecord("index", folder(tmp_path, "pier", PIER), "--home", home, "--json")
        assert indexed.returncode == DONE, indexed.stderr
        report = json.loads(indexed.stdout)
        assert (report["documents"], report["added"]) == (2, 1)
        assert chat.documents() == 2

        asked = onrecord("ask", "Who painted the pier at Southwold?", "--json", "--home", home)
        assert asked.returncode == DONE and "Wilhelmina Quist" in json.loads(asked.stdout)["answer"]

        refused = onrecord("index", tmp_path / "nowhere", "--home", home)
        assert (refused.returncode, refused.stdout) == (ERROR, "") and "does not exist" in refused.stderr

        second = onrecord("chat", "--no-browser", "--port", str(free_port()), "--home", home)
        assert second.returncode == ERROR
        assert "in use by" in second.stderr and f"process {chat.process.pid}" in second.stderr
        assert chat.documents() == 2

        chat.process.send_signal(signal.SIGKILL)
        chat.process.wait(30)
    assert (home / "owner.json").exists(), "the test needs a chat that left its traces behind"
    (tmp_path / "pier" / "pier.txt").unlink()
    (tmp_path / "bridge" / "bridge.txt").write_text(BRIDGE + PIER, encoding="utf-8")
    after = onrecord("index", docs, "--home", home, "--json")
    assert after.returncode == DONE, after.stderr
    assert json.loads(after.stdout)["changed"] == 1
    assert not (home / "owner.json").exists()


def test_a_home_with_a_very_long_path_works_and_its_socket_goes_with_the_chat(long_home: Path, tmp_path: Path) -> None:
    with chatting(long_home) as chat:
        place = Path(json.loads((long_home / "owner.json").read_text(encoding="utf-8"))["socket"])
        assert not place.is_relative_to(long_home)
        assert stat.S_IMODE(place.stat().st_mode) == 0o600 and stat.S_IMODE(place.parent.stat().st_mode) == 0o700
        indexed = onrecord("index", folder(tmp_path, "pier", PIER), "--home", long_home, "--json")
        assert indexed.returncode == DONE and json.loads(indexed.stdout)["documents"] == 2
        assert chat.documents() == 2
        chat.process.send_signal(signal.SIGINT)
        assert chat.process.wait(30) == DONE
        assert not place.exists() and not place.parent.exists()
        assert not (long_home / "owner.json").exists()


def test_an_index_run_beside_another_is_refused_naming_it(long_home: Path, tmp_path: Path) -> None:
    from indexing.lock import OwnerLock

    with OwnerLock(long_home):
        ran = onrecord("index", folder(tmp_path, "late", PIER), "--home", long_home)
    assert (ran.returncode, ran.stdout) == (ERROR, "")
    assert "in use by" in ran.stderr and f"process {os.getpid()}" in ran.stderr


# -- real processes beside an open chat --------------------------------------------------------------------------------

PAINTER, ANSWER = "Who painted the pier at Southwold?", "Wilhelmina Quist"


def answer(home: Path, question: str = PAINTER) -> str:
    return str(reported("ask", question, "--home", home)["answer"])


def test_beside_an_open_chat_everything_works_and_it_ends_cleanly_when_told_to(tmp_path: Path) -> None:
    home, docs = tmp_path / "home", folder(tmp_path, "bridge", BRIDGE)
    assert onrecord("index", docs, "--home", home).returncode == DONE
    with chatting(home) as chat:
        (docs / "pier.txt").write_text(PIER, encoding="utf-8")
        assert reported("index", docs, "--home", home)["added"] == 1
        assert ANSWER in answer(home)  # what the owner put in a moment ago
        (docs / "pier.txt").write_text(PIER.replace(ANSWER, "Ottoline Bream"), encoding="utf-8")
        assert reported("index", docs, "--home", home)["changed"] == 1
        assert "Ottoline Bream" in answer(home)

        status = reported("status", "--home", home)
        assert {one["file"]: one["versions"] for one in status["files"]} == {"bridge.txt": 1, "pier.txt": 2}
        assert onrecord("show", "pier.txt", "--home", home).stdout.startswith("The pier at Southwold")
        assert reported("doctor", "--check", "--home", home)["healthy"]
        assert onrecord("doctor", "--home", home).stdout.endswith("2 documents in 2 passages: all is well.\n")

        assert reported("rebuild", "--home", home)["chunks"] == 2
        assert sorted(one.name for one in home.iterdir() if one.is_dir()) == ["texts-2", "vectors-2", "words-2"]
        assert "Ottoline Bream" in answer(home) and chat.documents() == 2
        assert evaluated(home, tmp_path) == 1.0

        chat.process.send_signal(signal.SIGTERM)
        assert chat.process.wait(30) in (DONE, 128 + signal.SIGTERM)
        assert chat.process.stderr is not None and b"Traceback" not in chat.process.stderr.read()
    assert not (home / "owner.json").exists() and not (home / "owner.socket").exists()
    assert "Ottoline Bream" in answer(home)


def evaluated(home: Path, tmp_path: Path) -> float:
    """The share of answerable questions that an eval run over the home answers."""
    evidence = [{"file": "pier.txt", "quote": "painted turquoise by Ottoline Bream"}]
    item = {"id": "1", "question": PAINTER, "type": "single_fact", "evidence": evidence}
    (tmp_path / "suite.jsonl").write_text(json.dumps(item) + "\n", encoding="utf-8")
    line = [sys.executable, "-m", "eval", "run", "suite.jsonl", "--home", str(home), "--out", "run"]
    ran = subprocess.run(
        line, capture_output=True, encoding="utf-8", cwd=tmp_path, check=False, timeout=120, env=environment()
    )
    assert ran.returncode == DONE, ran.stderr
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text(encoding="utf-8"))["metrics"]
    return float(metrics["recall_at_5"]["value"])


def test_a_chat_that_is_closed_stops_the_work_of_others_which_goes_on_by_the_same_command(tmp_path: Path) -> None:
    home, docs = tmp_path / "home", folder(tmp_path, "bridge", BRIDGE)
    assert onrecord("index", docs, "--home", home).returncode == DONE
    many(docs, 420, long_from=280)
    with chatting(home) as chat, running("index", docs, "--home", home, "--progress", "json") as run:
        until(lambda: run.err.qsize() > 300, "the chat indexes")
        chat.process.send_signal(signal.SIGINT)
        assert chat.process.wait(60) == DONE
        assert run.process.wait(60) == ERROR
        until(lambda: "run the same command again" in run.said(run.err), "what to do", 10)
    many(docs, 420)
    report = reported("index", docs, "--home", home)
    assert report["documents"] == 421 and report["unchanged"] > 1 and report["added"] > 0


def many(parent: Path, count: int, long_from: int = 1000) -> None:
    """Documents of a sentence; those from `long_from` on take seconds to embed."""
    for number in range(count):
        text = f"The lamp number {number} stands in the street.\n" * (1 if number < long_from else 25)
        (parent / f"{number:03}.txt").write_text(text, encoding="utf-8")


# -- the owner itself --------------------------------------------------------------------------------------------------


@pytest.fixture
def owned(tmp_path: Path) -> Iterator[Collection]:
    """A collection that has an owner in this process, which works for others."""
    with Collection(tmp_path / "home", HashingEmbedder(), create=True) as collection:
        docs = folder(tmp_path, "bridge", BRIDGE)
        many(docs, 30)
        index(collection, [docs])
        with Owner(collection, worker(Settings(home=collection.home))):
            yield collection


def told(home: Path, request: dict[str, Any]) -> list[dict[str, Any]]:
    replies = ask_owner(home, request)
    assert replies is not None
    return list(replies)


def test_neighbours_are_the_owners_to_the_last_bit(owned: Collection) -> None:
    vector = owned.embedder.question("the bridge at Wexcombe")
    with Beside(owned.home, HashingEmbedder(), mend=False) as beside:
        assert beside.by_meaning(vector, 7) == owned.by_meaning(vector, 7)
        assert beside.by_meaning(vector, 0) == []
        since = Filter(since=20250101, sources=("The Wexcombe Herald",))
        assert beside.by_meaning(vector, 7, since) == owned.by_meaning(vector, 7, since) == []


def test_asking_goes_on_while_the_owner_rebuilds(owned: Collection) -> None:
    assistants = [
        Assistant(collection, Retriever(collection, 10), None, Settings(home=owned.home))
        for collection in (owned, Beside(owned.home, HashingEmbedder(), mend=False))
    ]
    over = threading.Event()
    failures: list[BaseException] = []
    asked = [0, 0]

    def ask(who: int) -> None:
        try:
            while not over.is_set():
                assert "Wexcombe" in assistants[who].ask("When was the old bridge at Wexcombe closed?").text
                asked[who] += 1
        except BaseException as failure:
            failures.append(failure)
            raise

    def further(before: int) -> bool:
        return sum(asked) > before + 4 or bool(failures)

    threads = [threading.Thread(target=ask, args=(who,)) for who in (0, 1)]
    for thread in threads:
        thread.start()
    for _ in range(5):
        before = sum(asked)
        owned.rebuild(HashingEmbedder())
        until(partial(further, before), "questions are answered")
    over.set()
    for thread in threads:
        thread.join(30)
    assistants[1].collection.close()
    assert not failures and all(asked)


def test_a_reader_with_another_embedder_than_the_owners_is_told_so(owned: Collection) -> None:
    with Beside(owned.home, HashingEmbedder(), mend=False) as beside:
        vector = beside.embedder.question("bridge")
        owned.rebuild(HashingEmbedder("hashing-2", 32))
        with pytest.raises(OnrecordError, match="moved over to the embedder hashing-2"):
            beside.by_meaning(vector, 3)


def test_an_owner_that_does_no_work_for_others_names_itself_and_still_tells_neighbours(tmp_path: Path) -> None:
    with Collection(tmp_path / "home", HashingEmbedder(), create=True) as collection:
        with Owner(collection):
            assert is_owned(collection.home)
            with pytest.raises(OnrecordError, match=f"in use by .*process {os.getpid()}"):
                told(collection.home, {"work": "doctor", "repair": False})
        assert not is_owned(collection.home)
        assert ask_owner(collection.home, {"work": "greet"}) is None


@pytest.mark.parametrize("line", [b"{not json\n", b"\n", b"", b"{}", b"[]", b'{"work": 3}', b"\xff\n"])
def test_what_is_no_request_is_answered_and_the_owner_lives_on(owned: Collection, line: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.connect(str(owned.home / "owner.socket"))
        stranger.sendall(line)
        stranger.shutdown(socket.SHUT_WR)
        assert "not understood" in json.loads(stranger.makefile().readline())["error"]
    assert is_owned(owned.home)


def test_who_asks_and_goes_away_stops_the_work_and_harms_nobody(owned: Collection, tmp_path: Path) -> None:
    late = tmp_path / "late"
    late.mkdir()
    many(late, 50)
    options = {"max_bytes": 1_000_000, "prune": False, "keep_missing": False, "columns": None, "metadata": None}
    request = {"work": "index", "paths": [str(late)], "options": options}
    replies = ask_owner(owned.home, request)
    assert replies is not None and "progress" in next(replies)
    replies.close()  # type: ignore[attr-defined]  # a generator
    report = told(owned.home, request)[-1]["report"]  # waits until the other work has stopped
    assert report["added"] + report["unchanged"] == 50 and owned.in_step()


def test_an_owner_that_ends_tells_those_it_works_for(owned: Collection, tmp_path: Path) -> None:
    def slowly(collection: Collection, _: dict[str, Any], note: Any) -> dict[str, Any]:
        while True:
            note({"done": 0, "total": 1, "name": "x", "outcome": "added"})
            time.sleep(0.01)

    home = tmp_path / "other"
    with Collection(home, HashingEmbedder(), create=True) as collection:
        with Owner(collection, slowly):
            replies = ask_owner(home, {"work": "index"})
            assert replies is not None and "progress" in next(replies)
        with pytest.raises(OnrecordError, match="run the same command again"):
            list(replies)
        assert not collection.lock.owner()


def test_an_owner_that_is_killed_in_the_middle_of_a_line_is_an_error_and_no_traceback(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
        listener.listen()
        (tmp_path / "owner.json").write_text(json.dumps({"socket": str(tmp_path / "socket")}), encoding="utf-8")
        replies = ask_owner(tmp_path, {"work": "doctor"})
        assert replies is not None
        line, _ = listener.accept()
        line.sendall(b'{"progress": {"done"')
        line.close()
        with pytest.raises(OwnerEndedError):
            list(replies)
        silent = ask_owner(tmp_path, {"work": "doctor"}, timeout=0.1)
        assert silent is not None
        with pytest.raises(HomeError, match="does not answer"):
            list(silent)
