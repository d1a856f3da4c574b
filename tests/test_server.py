"""The web application: what it answers, what it refuses, and where it may be served."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import urllib.request
import warnings
from collections.abc import Iterator
from typing import cast
from unittest.mock import ANY
from urllib.parse import quote

import pytest

from app.address import check_address
from app.assistant import Assistant
from app.settings import Settings
from app.web import assets
from app.web.policy import STRICT, page_policy
from indexing.errors import OnrecordError
from tests.browser import ROOT, free_port, wait_until_healthy
from tests.fake_assistant import DOCUMENTS, FakeAssistant

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the frameworks, while they are imported
    from starlette.testclient import TestClient

    from app.web.server import build_app

# Gradio leaves the event loop unclosed that it makes for its queue.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

VOTE = DOCUMENTS[0]
SOURCE = f"/source/{quote(VOTE.id, safe='')}/{VOTE.version}"


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    app = build_app(cast(Assistant, FakeAssistant()), Settings())
    with TestClient(app, base_url="http://127.0.0.1:7860") as client:
        yield client


def test_the_page_is_served_with_the_policy_and_without_other_hosts(client: TestClient) -> None:
    response = client.get("/")
    assert response.status_code == 200
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-frame-options"] == "DENY"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert "fonts.googleapis.com" not in response.text
    assert "googleapis" not in client.get("/theme.css").text


def test_only_the_scripts_that_came_with_the_page_are_let_run_and_each_answer_has_its_own_number(
    client: TestClient,
) -> None:
    numbers = set()
    for _ in range(2):
        response = client.get("/")
        opened = re.findall("<script[^>]*>", response.text)
        found = {number for tag in opened for number in re.findall(r'nonce="([\w-]{22})"', tag)}
        assert len(opened) > 3 and len(found) == 1
        assert all(f'nonce="{min(found)}"' in tag for tag in opened)
        policy = response.headers["content-security-policy"]
        assert policy == page_policy(min(found)) and "'unsafe-inline'" not in policy.partition("style-src")[0]
        numbers |= found
    assert len(numbers) == 2
    assert '<link rel="icon" href="favicon.ico"' in client.get("/").text
    assert int(client.get("/").headers["content-length"]) == len(client.get("/").content)


def test_health_counts_the_documents(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok", "documents": 2, "started": ANY}


def test_our_own_style_script_and_icon_are_served(client: TestClient) -> None:
    kinds = [(f"/{name}", "text/css" if name.endswith(".css") else "text/javascript") for name in assets.FILES]
    for path, kind in (*kinds, ("/favicon.ico", "image/svg+xml")):
        response = client.get(path)
        assert response.status_code == 200
        assert response.headers["content-type"].startswith(kind)


def test_a_source_comes_as_a_fragment_and_as_a_page_of_its_own(client: TestClient) -> None:
    start = VOTE.text.index("Ninety-three")
    places = {"start": [start, 10], "end": [start + 12, 15]}
    fragment = client.get(SOURCE, params={**places, "fragment": "1"})
    assert fragment.status_code == 200
    assert (
        f'<mark id="mark-2" data-start="{start}" data-end="{start + 12}">{VOTE.text[start : start + 12]}</mark>'
        in fragment.text
    )
    assert "<html" not in fragment.text
    page = client.get(SOURCE, params=places)
    assert page.text.startswith("<!doctype html>")
    assert re.findall("<script[^>]*>", page.text) == ['<script src="/reading.js" defer>']
    assert fragment.text in page.text
    assert page.headers["content-security-policy"] == STRICT and "unsafe" not in STRICT


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/source/nowhere/0", "", 404),
        (f"/source/{VOTE.id}/another-version", "start=1&end=2", 404),
        (SOURCE, "start=1&end=99999", 422),
        (SOURCE, "start=9&end=1", 422),
        (SOURCE, "start=-1&end=1", 422),
        (SOURCE, "start=1", 422),
        (SOURCE, "start=a&end=b", 422),
        (SOURCE, "&".join("start=1&end=2" for _ in range(101)), 422),
    ],
)
def test_a_source_or_place_that_is_not_there_is_refused(client: TestClient, path: str, query: str, status: int) -> None:
    response = client.get(f"{path}?{query}&fragment=1")
    assert response.status_code == status
    assert response.headers["content-security-policy"] == STRICT


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=pyproject.toml",
        f"/gradio_api/file={ROOT / 'pyproject.toml'}",
        "/gradio_api/file/pyproject.toml",
        "/file=pyproject.toml",
        "/gradio_api/proxy=https://example.org/",
        "/gradio_api/info",
        "/gradio_api/openapi.json",
        "/gradio_api/vibe-code",
        "/gradio_api/runs",
        "/gradio_api//file=pyproject.toml",
        "/static/../../pyproject.toml",
        "/static/%2e%2e/%2e%2e/pyproject.toml",
        "/assets/%2e%2e/%2e%2e/%2e%2e/__init__.py",
        "/monitoring",
        "/docs",
        "/redoc",
    ],
)
def test_no_file_and_no_route_that_the_page_does_not_need_is_reachable(client: TestClient, path: str) -> None:
    response = client.get(path)
    assert response.status_code in (400, 403, 404, 405)
    assert "requires-python" not in response.text


def test_an_upload_comes_from_our_own_page_and_is_bounded(client: TestClient) -> None:
    file = {"files": ("a.txt", b"x")}
    assert client.post("/gradio_api/upload", files=file, headers={"Origin": "https://evil.example"}).status_code == 403
    huge = {"content-length": str(11 * 20_000_000)}
    assert client.post("/gradio_api/upload", content=b"", headers=huge).status_code == 413


@pytest.mark.parametrize("path", ["run/predict", "call/answer", "api/answer", "vibe-edit", "component_server"])
def test_events_cannot_be_posted_past_the_page(client: TestClient, path: str) -> None:
    assert client.post(f"/gradio_api/{path}", json={"data": []}).status_code == 404


def test_other_names_for_this_machine_are_not_answered(client: TestClient) -> None:
    """DNS rebinding: a page of another site whose name resolves to 127.0.0.1."""
    assert client.get("/healthz", headers={"host": "evil.example:7860"}).status_code == 400
    assert client.get("/healthz", headers={"host": "localhost:7860"}).status_code == 200
    assert client.get("/healthz", headers={"host": "[::1]:7860"}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9"},
        {"sec-fetch-site": "cross-site"},
    ],
)
def test_requests_from_other_sites_are_refused(client: TestClient, headers: dict[str, str]) -> None:
    assert client.post("/gradio_api/queue/join", headers=headers, json={}).status_code == 403
    assert client.get("/healthz", headers=headers).status_code == 403


def test_following_a_link_from_elsewhere_is_allowed(client: TestClient) -> None:
    headers = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    assert client.get("/", headers=headers).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_a_host_that_others_can_reach_is_refused(host: str) -> None:
    with pytest.raises(OnrecordError, match="`onrecord chat` has no login"):
        check_address(Settings(host=host, port=free_port()))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.2"])
def test_a_loopback_host_with_a_free_port_is_fine(host: str) -> None:
    check_address(Settings(host=host, port=free_port()))


def test_a_busy_port_is_named_with_the_flag_that_changes_it() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(OnrecordError, match=f"port {port} is already in use.*--port"):
            check_address(Settings(port=port))


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGINT to send to another process")
def test_it_says_where_it_is_once_it_listens_and_ends_quietly_on_ctrl_c() -> None:
    port = free_port()
    command = [sys.executable, "-m", "tests.fake_assistant", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stderr
        first = process.stderr.readline().decode()
        assert first == f"Onrecord is at http://127.0.0.1:{port}  (Ctrl-C stops it)\n"
        wait_until_healthy(f"http://127.0.0.1:{port}", process, seconds=5)
        listening = urllib.request.urlopen(f"http://127.0.0.1:{port}/gradio_api/heartbeat/page", timeout=20)
        process.send_signal(signal.SIGINT)
        rest = process.stderr.read().decode()
        assert process.wait(timeout=15) == 0
        listening.close()
    assert not re.search("Traceback|Error|Exception", rest)
