"""What a server logs and traces: every request and stage, and nothing that anybody asked, wrote or keeps secret."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import traceback
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app import logs, tracing
from app.assistant import Assistant
from app.web.request_log import REQUEST_ID, Requests
from app.web.stopping import DoorState, Server
from indexing.errors import UsageError
from tests.openai_server import OpenAIServer, Reply, Request, Says, Status
from tests.processes import PATIENCE, command, environment, folder, free_port, onrecord, until

PLANTED = "quicksilver"  # in everything that a person or a document says
SECRET = "sk-quicksilver-key"
FIXED = ("request", "ask", "started", "stopping", "stopped")


@contextmanager
def logging_to(form: logs.Format, *, content: bool = False) -> Iterator[io.StringIO]:
    """Logging set up anew, and afterwards as it was."""
    root, stream = logging.getLogger(), io.StringIO()
    before = root.handlers[:], root.level, logs.LOG.level, traceback.print_exc, threading.excepthook
    try:
        logs.set_up(form, "debug", content=content, stream=stream)
        yield stream
    finally:
        root.handlers[:], root.level, logs.LOG.level = before[:3]
        traceback.print_exc, threading.excepthook = before[3:]
        logging.captureWarnings(capture=False)


words = st.text("abcdefghijklmnop", min_size=14, max_size=20)


@given(words, st.sampled_from(["text", "json"]), st.booleans())
def test_messages_of_libraries_and_defects_are_logged_only_when_wanted(
    said: str, form: logs.Format, content: bool
) -> None:
    with logging_to(form, content=content) as stream:
        logging.getLogger("httpx.client").warning("sent %s", said)
        try:
            try:
                raise KeyError(said)
            except KeyError as error:
                raise RuntimeError(f"about {said}") from error
        except RuntimeError:
            logging.getLogger("app.ui.ask").exception("while a question was answered")
            traceback.print_exc()
        nothing: dict[str, str] = {}
        thread = threading.Thread(target=lambda: nothing[said])
        thread.start()
        thread.join()
        written = stream.getvalue()
    assert (said in written) == content
    assert "KeyError" in written and "test_logs.py" in written and "while a question was answered" in written
    if form == "json":
        assert all(json.loads(line)["time"] for line in written.splitlines())


@given(st.lists(st.one_of(words, st.sampled_from(["source", "api", "documents", "", "..", "%2e"])), max_size=6))
def test_a_path_is_logged_without_what_somebody_put_into_it(parts: list[str]) -> None:
    middleware = Requests(None, lambda: ["/source/{document:path}/{version}", "/api/documents/{document}"])  # type: ignore[arg-type]
    shown = middleware.masked("/" + "/".join(parts)).split("/")
    assert set(shown) <= {"", "*", "source", "api", "documents"}
    assert len(shown) == len(parts) + 1 if parts else shown == ["", ""]


def test_every_stage_is_a_span_without_content(seeds: Assistant) -> None:
    exporter = InMemorySpanExporter()
    tracing.set_up(exporter=exporter)
    try:
        question = "How many Ukrainians trust Zelensky?"
        answer = seeds.ask(question)
        with pytest.raises(UsageError):
            seeds.ask(" ")
        walk = seeds.walk(question)
        next(walk)
        walk.close()  # type: ignore[attr-defined]
    finally:
        tracing.shut_down()
    spans = exporter.get_finished_spans()
    roots = [span for span in spans if span.name == "ask"]
    assert [dict(root.attributes or {})["onrecord.outcome"] for root in roots] == ["answered", "stopped"]
    first = [span for span in spans if span.parent and span.parent.span_id == roots[0].context.span_id]
    assert {span.name for span in first} == {"rewrite", "retrieve", "find", "answer", "ground"}
    assert sum(span.name == "ground" for span in first) == len(answer.statements)
    told = " ".join(span.to_json() for span in spans)
    assert not any(word in told for word in ("Ukrainians", "Zelensky", answer.statements[0].text[:30]))
    assert tracing.running() == 0


def test_without_an_address_for_traces_nothing_is_imported(tmp_path: Path) -> None:
    script = (
        "import sys; from app.tracing import Trace\n"
        "with Trace() as one, one.stage('answer'): pass\n"
        "assert not any(name.startswith('opentelemetry') for name in sys.modules); print(sorted(one.ms))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment(), check=False)
    assert (ran.returncode, ran.stdout) == (0, "['answer']\n"), ran.stderr


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    with pytest.raises(UsageError, match=r"onrecord\[otel\]"):
        tracing.set_up("http://127.0.0.1:4317")


# -- a whole session ---------------------------------------------------------------------------------------------------


def slow_or_failing(request: Request) -> Reply:
    if "slowly" in request.prompt:
        return Says(f"Nobody knows the {PLANTED} [1.1].", piece=4, delay=0.15)
    if "failing" in request.prompt:
        return Status(500, f"no {PLANTED} for {SECRET}")
    return Says(f"It was {PLANTED} [1.1]. “{PLANTED} everywhere” [1.2].")


class Session:
    """A server of its own, spoken to by HTTP."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.statuses: list[int] = []

    def send(self, path: str, body: object = None, method: str = "", **headers: str) -> bytes:
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        given = {"Content-Type": "application/json", **{key.replace("_", "-"): value for key, value in headers.items()}}
        request = urllib.request.Request(self.url + path, data, given, method=method or None)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as response:
                self.statuses.append(response.status)
                return bytes(response.read())
        except urllib.error.HTTPError as error:
            self.statuses.append(error.code)
            return bytes(error.read())

    def ask(self, words: str, **more: Any) -> Any:
        return json.loads(self.send("/api/ask", {"question": f"Where is the {PLANTED} {words}?", **more}))


def a_day_of(session: Session) -> None:
    """Everything that the interfaces offer, well and badly."""
    said = f"the {PLANTED} was found in the well"
    assert session.ask("now")["status"]
    session.ask("failing")
    session.ask("later", history=[{"role": "user", "content": said}])
    session.send("/api/ask", {"question": f"stream {PLANTED}"}, Accept="text/event-stream")
    message = {"role": "user", "content": said}
    for stream in (True, False):
        session.send("/v1/chat/completions", {"model": "onrecord", "messages": [message], "stream": stream})
    session.send("/v1/chat/completions", {"model": PLANTED, "messages": [message]})
    session.send("/api/quote", {"quote": said, "speaker": PLANTED})
    session.send("/api/check", {"text": f"He said “{said}”.", "name": PLANTED})
    session.send("/api/ask", {"question": 7, PLANTED: PLANTED})
    session.send("/api/ask", f"{{{PLANTED}".encode())
    listed = json.loads(session.send("/api/documents"))["documents"]
    session.send(f"/api/documents/{listed[0]['document']}")
    session.send(f"/source/{listed[0]['document']}/{listed[0]['version']}?start=0&end=9")
    for path in (
        f"/{PLANTED}",
        f"/source/{PLANTED}/{PLANTED}?start={PLANTED}",
        f"/api/documents/{PLANTED}",
        "/",
        "/metrics",
    ):
        session.send(path, **{REQUEST_ID: "mine-1"})
    session.send(
        f"/api/ask?q={PLANTED}", method="DELETE", X_Request_ID=f"{PLANTED} {SECRET}", Authorization=f"Bearer {SECRET}"
    )
    assert not {500, 0} & {*session.statuses}


def test_a_whole_session_leaves_no_content_in_the_log_and_ends_when_its_answers_have(tmp_path: Path) -> None:
    home, port = tmp_path / "home", free_port()
    docs = folder(
        tmp_path, PLANTED, f"The {PLANTED} was found in the well. “{PLANTED} everywhere,” said Ada {PLANTED}."
    )
    assert onrecord("index", docs, "--home", home).returncode == 0
    with OpenAIServer(slow_or_failing) as model:
        line = command(
            "chat", "--no-browser", "--port", str(port), "--home", home, "--llm", "m", "--llm-url", model.url
        )
        given = {"ONRECORD_LLM_KEY": SECRET, "ONRECORD_SHUTDOWN_SECONDS": "60", "ONRECORD_LLM_RETRIES": "0"}
        with subprocess.Popen(
            [*line, "--log-format", "json", "--log-level", "debug"],
            env={**environment(), **given},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        ) as process:
            lines: list[str] = []
            assert process.stdout is not None
            reader = threading.Thread(target=lambda: lines.extend(process.stdout or ()))
            reader.start()
            try:
                until(lambda: any("Onrecord is at" in one for one in lines) or process.poll() is not None, "it listens")
                session = Session(f"http://127.0.0.1:{port}")
                a_day_of(session)
                ends_when_its_answers_have(process, session, model)
            finally:
                process.kill()
                reader.join()
    told = "".join(lines)
    assert PLANTED not in told.lower().replace(str(home).lower(), ""), [one for one in lines if PLANTED in one]
    events = [json.loads(one) for one in lines if one.startswith("{")]
    assert {*FIXED} <= {one["event"] for one in events}
    asked = [one for one in events if one["event"] == "ask"]
    assert {"rewrite", "retrieve", "find", "answer", "ground"} <= asked[0]["stages_ms"].keys()
    assert all(one.get("request") for one in asked)
    assert "mine-1" in {one.get("request") for one in events}
    assert {"/*", "/source/*/*", "/api/documents/*", "/"} <= {
        one["path"] for one in events if one["event"] == "request"
    }


def ends_when_its_answers_have(process: subprocess.Popen[str], session: Session, model: OpenAIServer) -> None:
    """SIGTERM while an answer is written: it is written to its end, nothing new begins, and then the process ends."""
    answers: list[Any] = []
    running = threading.Thread(target=lambda: answers.append(session.ask("slowly")))
    running.start()
    until(lambda: any("slowly" in one.prompt for one in model.requests), "the model is asked")
    os.kill(process.pid, signal.SIGTERM)
    ready = Session(session.url)
    until(lambda: b"stopping" in ready.send("/readyz"), "it says that it is being stopped")
    refused = Session(session.url)
    assert b"being stopped" in refused.send("/api/ask", {"question": f"One more {PLANTED}?"})
    assert refused.statuses == [503]
    assert b'"ok"' in refused.send("/healthz")
    running.join(PATIENCE)
    assert answers and answers[0]["statements"][0]["text"] == f"Nobody knows the {PLANTED}."
    assert process.wait(PATIENCE) == 128 + signal.SIGTERM


def test_what_does_not_end_is_cut_when_the_time_is_up() -> None:
    import uvicorn

    def ticked(server: Server) -> bool:
        """In a thread of its own: a browser of another test may keep a loop running in this one."""
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: asyncio.run(server.on_tick(1))).result()

    doors = DoorState()
    doors.inside = 1
    server = Server(uvicorn.Config(lambda *_: None), "", doors, 0.0, open_browser=False)
    server.handle_exit(signal.SIGTERM, None)
    assert doors.closed and not server.should_exit
    assert ticked(server)
    again = Server(uvicorn.Config(lambda *_: None), "", doors, 60.0, open_browser=False)
    again.handle_exit(signal.SIGTERM, None)
    assert not ticked(again)
    again.handle_exit(signal.SIGTERM, None)
    assert again.should_exit
