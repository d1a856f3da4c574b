"""`bench load`: many readers at one server over HTTP, what it can take, and whether a slow model holds up the others.

The server is `onrecord chat` in a process of its own; the readers are threads of this one. Three parts: readers who ask
and think, readers who ask without a pause, and conversations with a slow model while somebody opens the page.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from app.assistant import OWN_WORDS
from eval.benchmarks.machine import describe, machine, quantiles
from eval.configuration import ROOT, versions
from eval.suite import load_suite
from indexing.errors import OnrecordError

PATIENCE = 120.0  # seconds for an answer, and for the server to listen
WARM = 0.2  # share of the time after which memory is first looked at
PAUSE = 0.5  # seconds between two looks at the page while conversations stream
PAGE = ("/", "/page.css", "/healthz", "/api/documents")


@dataclass(slots=True)
class Heard:
    """What readers saw: milliseconds of each answer, and what went wrong."""

    ms: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def timed(self, work: Callable[[], None]) -> None:
        began = time.perf_counter()
        try:
            work()
        except (OSError, http.client.HTTPException, ValueError) as error:
            with self.lock:
                self.errors.append(f"{type(error).__name__}: {error}")
            return
        with self.lock:
            self.ms.append((time.perf_counter() - began) * 1000)

    def told(self, seconds: float) -> dict[str, Any]:
        times = quantiles(self.ms) if self.ms else {"n": 0}
        per_second = round(len(self.ms) / seconds, 2)
        return {**times, "errors": len(self.errors), "kinds": sorted({*self.errors})[:5], "per_second": per_second}


def bench_load(
    home: Path, questions: Path, readers: int, seconds: float, every: float, streams: int, saturate: float, seed: int
) -> dict[str, Any]:
    """All parts; `every` are the seconds between a reader's questions on average, `saturate` those of part two."""
    asked = [item.question for item in load_suite(questions).items]
    facts = machine()
    with serving(home) as server:
        with server.connection() as line:
            for question in asked[:20]:
                server.ask(line, question)
        calm, memory = _reading(server, asked, readers, seconds, every, seed)
        full, busy = _saturated(server, asked, saturate, seed) if saturate else (None, 0.0)
    slow = _streaming(home, asked, streams) if streams else None
    return {
        "machine": facts,
        "versions": versions(),
        "readers": readers,
        "seconds": seconds,
        "every": every,
        "asking": calm.told(seconds),
        "memory_mb": memory,
        "saturation": None if full is None else {**full.told(saturate), "processor_ms": round(busy, 1)},
        "streaming": slow,
    }


class Served:
    """A server that listens."""

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port

    @contextmanager
    def connection(self) -> Iterator[http.client.HTTPConnection]:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            yield line
        finally:
            line.close()

    def ask(self, line: http.client.HTTPConnection, question: str) -> None:
        line.request("POST", "/api/ask", json.dumps({"question": question}), {"Content-Type": "application/json"})
        answer = _whole(line)
        if answer["status"] not in ("answered", "refused"):
            raise ValueError(f"status {answer['status']!r}")

    def stream(self, question: str) -> None:
        with self.connection() as line:
            given = {"Content-Type": "application/json", "Accept": "text/event-stream"}
            line.request("POST", "/api/ask", json.dumps({"question": question}), given)
            response = line.getresponse()
            text = response.read().decode()
            # What the slow model says holds for some questions only; for the others the documents' own words follow it.
            heard = '"mode": "llm"' in text or OWN_WORDS in text
            if response.status != 200 or "event: done" not in text or not heard:
                raise ValueError(f"status {response.status}, or the model was not heard to its end")

    def get(self, path: str) -> None:
        with self.connection() as line:
            line.request("GET", path)
            response = line.getresponse()
            response.read()
            if response.status != 200:
                raise ValueError(f"{path}: {response.status}")

    def memory_mb(self) -> float:
        """Memory of its own, files that it maps left out."""
        status = Path(f"/proc/{self.process.pid}/status")
        if not status.is_file():
            return float("nan")
        found = next((one for one in status.read_text(encoding="utf-8").splitlines() if one.startswith("RssAnon")), "")
        return round(int(found.split()[1]) * 1024 / 1e6, 1) if found else float("nan")

    def processor_seconds(self) -> float:
        """Processor time that it has used."""
        stat = Path(f"/proc/{self.process.pid}/stat")
        if not stat.is_file():
            return float("nan")
        fields = stat.read_text(encoding="utf-8").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _whole(line: http.client.HTTPConnection) -> dict[str, Any]:
    response = line.getresponse()
    body = response.read()
    if response.status != 200:
        raise ValueError(f"HTTP {response.status}")
    answer: dict[str, Any] = json.loads(body)
    return answer


@contextmanager
def serving(home: Path, *flags: str) -> Iterator[Served]:
    """`onrecord chat` over a home, in a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [
        sys.executable,
        "-m",
        "app.cli",
        "chat",
        "--no-browser",
        "--port",
        str(port),
        "--home",
        str(home),
        *flags,
    ]
    given = {**os.environ, "PYTHONPATH": str(ROOT), "GRADIO_ANALYTICS_ENABLED": "False"}
    with tempfile.TemporaryFile() as said, subprocess.Popen(command, env=given, stderr=said) as process:
        try:
            server = Served(process, port)
            _wait(server)
            yield server
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(server: Served) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise OnrecordError("the server ended before it listened; does `onrecord chat` start over this home?")
        try:
            server.get("/healthz")
            return
        except (OSError, ValueError):
            time.sleep(0.2)
    raise OnrecordError("the server does not listen")


def _reading(
    server: Served, questions: Sequence[str], readers: int, seconds: float, every: float, seed: int
) -> tuple[Heard, dict[str, float]]:
    """Readers who ask every so often, at random moments; and the server's memory after warm-up and at the end."""
    heard, ends = Heard(), time.monotonic() + seconds

    def read(number: int) -> None:
        chance = random.Random(seed * 10_000 + number)
        while True:
            pause = chance.expovariate(1 / every)
            if time.monotonic() + pause >= ends:
                return
            time.sleep(pause)
            with server.connection() as line:  # a new one: the server closes those that are quiet for some seconds
                heard.timed(partial(server.ask, line, chance.choice(questions)))

    began = server.memory_mb()
    threads = _started(read, readers)
    time.sleep(seconds * WARM)
    warm = server.memory_mb()
    for thread in threads:
        thread.join()
    last = server.memory_mb()
    return heard, {"before": began, "warm": warm, "end": last, "growth": round(last - warm, 1)}


def _saturated(server: Served, questions: Sequence[str], seconds: float, seed: int) -> tuple[Heard, float]:
    """As many answers as it gives to readers who never pause; and milliseconds of processor time for each."""
    heard, ends, busy = Heard(), time.monotonic() + seconds, server.processor_seconds()

    def read(number: int) -> None:
        chance = random.Random(seed * 20_000 + number)
        with server.connection() as line:
            while time.monotonic() < ends:
                heard.timed(partial(server.ask, line, chance.choice(questions)))

    for thread in _started(read, 2 * (os.cpu_count() or 1)):
        thread.join()
    return heard, (server.processor_seconds() - busy) * 1000 / max(1, len(heard.ms))


def _streaming(home: Path, questions: Sequence[str], streams: int) -> dict[str, Any]:
    """Conversations with a slow model, and how long the page takes meanwhile."""
    talking, looking, done = Heard(), Heard(), threading.Event()
    with slow_model() as url, serving(home, "--llm", "slow", "--llm-url", url) as server:

        def look(_: int) -> None:
            while not done.is_set():
                for path in PAGE:
                    looking.timed(partial(server.get, path))
                done.wait(PAUSE)

        server.get("/")  # the first page is made once
        began = time.perf_counter()
        threads = _started(
            lambda number: talking.timed(lambda: server.stream(questions[number % len(questions)])), streams
        )
        looker = _started(look, 1)
        for thread in threads:
            thread.join()
        done.set()
        looker[0].join()
        seconds = time.perf_counter() - began
    return {"conversations": talking.told(seconds), "page": looking.told(seconds)}


def _started(work: Callable[[int], None], count: int) -> list[threading.Thread]:
    threads = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    return threads


@contextmanager
def slow_model() -> Iterator[str]:
    """An endpoint that speaks the OpenAI protocol and takes about ten seconds for an answer."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Slow)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()


class _Slow(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        words = "The first source says so [1.1]. Another passage has more of it [2.1].".split(" ")
        if not body.get("stream"):
            message = {"role": "assistant", "content": " ".join(words)}
            self._send(
                [json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})],
                "application/json",
            )
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for place, word in enumerate(words):
            time.sleep(10 / len(words))
            self._piece({"content": word + (" " if place < len(words) - 1 else "")}, None)
        self._piece({}, "stop")
        self.wfile.write(b"data: [DONE]\n\n")

    def _piece(self, delta: dict[str, str], finish: str | None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        told = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "slow", "choices": [choice]}
        self.wfile.write(f"data: {json.dumps(told)}\n\n".encode())
        self.wfile.flush()

    def _send(self, parts: list[str], kind: str) -> None:
        data = "".join(parts).encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Nothing."""


def load_report(result: dict[str, Any]) -> str:
    """The result for people."""
    memory, full, slow = result["memory_mb"], result["saturation"], result["streaming"]
    head = f"{result['readers']} readers, a question every {result['every']:g} s each, for {result['seconds']:g} s"
    kept = f"{memory['before']:.0f} MB before, {memory['warm']:.0f} MB after a fifth of the time"
    lines = [
        describe(result["machine"]),
        ", ".join(f"{name} {version}" for name, version in result["versions"].items()),
        "",
        _row(head, result["asking"]),
        f"memory of the server: {kept}, {memory['end']:.0f} MB at the end: {memory['growth']:+.0f} MB",
    ]
    if full:
        lines.append(_row("readers without a pause", full))
        lines.append(
            f"  {full['per_second']:.1f} answers a second, {full['processor_ms']:.0f} ms of processor time each"
        )
    if slow:
        lines.append(_row("conversations with a slow model", slow["conversations"]))
        lines.append(_row("  the page meanwhile", slow["page"]))
    return "\n".join(lines)


def _row(name: str, one: dict[str, Any]) -> str:
    times = (
        f"p50 {one['p50']:.0f} ms, p95 {one['p95']:.0f} ms, longest {one['max']:.0f} ms" if one["n"] else "no answer"
    )
    errors = f"{one['errors']} errors" + (f" ({'; '.join(one['kinds'])})" if one["errors"] else "")
    return f"{name}: n = {one['n']}, {errors}, {times}"
