"""Real processes of the command line: ran to their end, read from while they run, or a chat that serves its page."""

from __future__ import annotations

import json
import os
import queue
import random
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parent.parent
PATIENCE = 120.0  # seconds for what is waited for, also on a machine that has much else to do


def environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ONRECORD_", "OPENAI_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "GRADIO_ANALYTICS_ENABLED": "False"}


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "app.cli", *map(str, arguments)]


def onrecord(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(*arguments), capture_output=True, encoding="utf-8", check=False, timeout=PATIENCE, env=environment()
    )


def reported(*arguments: str | Path) -> Any:
    """What a command that succeeds prints as JSON."""
    ran = onrecord(*arguments, "--json")
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def until(true: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """What `true` says once it says something; fails when it does not in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = true()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} seconds: {what}")


class Running:
    """A command that runs; its lines are read as they come."""

    def __init__(self, *arguments: str | Path) -> None:
        self.process = subprocess.Popen(
            command(*arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=environment(),
            start_new_session=True,
        )
        assert self.process.stdout is not None and self.process.stderr is not None
        self.out: queue.Queue[str] = queue.Queue()
        self.err: queue.Queue[str] = queue.Queue()
        self._readers = [
            threading.Thread(target=self._read, args=pair, daemon=True)
            for pair in ((self.process.stdout, self.out), (self.process.stderr, self.err))
        ]
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _read(stream: IO[str], lines: queue.Queue[str]) -> None:
        for line in stream:
            lines.put(line)

    def ended(self, signal: int) -> int:
        """Its exit code after that signal to it and its children, as a terminal sends it; what it said is queued."""
        os.killpg(self.process.pid, signal)
        code = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join(PATIENCE)
        return code

    def said(self, lines: queue.Queue[str]) -> str:
        return "".join(lines.get() for _ in range(lines.qsize()))


@contextmanager
def running(*arguments: str | Path) -> Iterator[Running]:
    """A command that is killed in the end, if it still runs."""
    started = Running(*arguments)
    with started.process:
        try:
            yield started
        finally:
            started.process.kill()


@dataclass
class Chat:
    """An `onrecord chat` that serves its page."""

    process: subprocess.Popen[bytes]
    url: str

    def documents(self) -> int:
        with urllib.request.urlopen(f"{self.url}/healthz", timeout=30) as response:
            return int(json.load(response)["documents"])


def free_port() -> int:
    """One that nobody listens on, below those that the system gives to connections and to whoever binds to none: until
    the server that is started listens on it, seconds later, none of them shall have taken it."""
    while True:
        port = random.SystemRandom().randrange(11_000, 32_000)  # browsers refuse 10080
        with socket.socket() as free:
            free.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # one that a server only just left will do
            try:
                free.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port


@contextmanager
def chatting(home: Path, *arguments: str) -> Iterator[Chat]:
    port = free_port()
    line = command("chat", "--no-browser", "--port", str(port), "--home", home, *arguments)
    with subprocess.Popen(line, env=environment(), stderr=subprocess.PIPE) as process:
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
    """A new folder with one document of the same name."""
    made = parent / name
    made.mkdir()
    (made / f"{name}.txt").write_text(text, encoding="utf-8")
    return made
