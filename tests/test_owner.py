"""One process owns a home: a chat that is open does the indexing of others, and its death leaves nothing locked."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.cli import DONE, ERROR

ROOT = Path(__file__).parent.parent
PATIENCE = 120  # seconds for a page to be served, also on a machine that has much else to do

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="the owner listens on a Unix socket")


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ONRECORD_", "OPENAI_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "GRADIO_ANALYTICS_ENABLED": "False"}


def onrecord(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=PATIENCE,
        env=environment(),
    )


@dataclass
class Chat:
    """An `onrecord chat` that serves its page."""

    process: subprocess.Popen[bytes]
    url: str

    def documents(self) -> int:
        with urllib.request.urlopen(f"{self.url}/healthz", timeout=30) as response:
            return int(json.load(response)["documents"])


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def chatting(home: Path) -> Iterator[Chat]:
    port = free_port()
    command = [sys.executable, "-m", "app.cli", "chat", "--no-browser", "--port", str(port), "--home", str(home)]
    with subprocess.Popen(command, env=environment(), stderr=subprocess.PIPE) as process:
        chat = Chat(process, f"http://127.0.0.1:{port}")
        try:
            deadline = time.monotonic() + PATIENCE
            while process.poll() is None and time.monotonic() < deadline:
                try:
                    chat.documents()
                    break
                except (urllib.error.URLError, ConnectionError):
                    time.sleep(0.1)
            assert process.poll() is None, process.stderr.read().decode() if process.stderr else ""
            yield chat
        finally:
            process.kill()


def folder(parent: Path, name: str, text: str) -> Path:
    made = parent / name
    made.mkdir()
    (made / f"{name}.txt").write_text(text, encoding="utf-8")
    return made


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
        assert "indexing: 100 %" in indexed.stderr
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
