"""Attacks on a server with a login, each refused: forged, guessed, fixed, crossed, climbing, oversized and slow."""

from __future__ import annotations

import json
import socket
import sys
import urllib.request
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis.errors import Unsatisfiable

from app.access.forwarded import networks
from app.access.limits import Pages, Rates
from app.assistant import Assistant
from app.settings import Settings
from app.web import bounded
from indexing.errors import UsageError
from tests.access_server import BASE, SECRET, Server, form_of, server, sign_in
from tests.attacks import EVIL, PAYLOADS
from tests.browser import free_port, served

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the frameworks, while they are imported
    import schemathesis

    from app.web.server import build_app

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

FORGED: tuple[dict[str, str], ...] = (
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": "https://127.0.0.1:7860"},  # another scheme
    {"origin": "http://127.0.0.1"},  # another port
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {},  # silence, as from a form of an old browser
)
EXAMPLES = 6  # of each operation and kind; more were tried by hand
CHANGING = ("/api/ask", "/api/conversations", "/gradio_api/queue/join", "/gradio_api/cancel", "/gradio_api/upload")
FORMS = ("/logout", "/account/password", "/account/token", "/account/signout", "/users/add", "/users/role")


@pytest.fixture(name="made", scope="module")
def made_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with server(tmp_path_factory.mktemp("home"), trusted_proxies="10.0.0.0/8") as one:
        yield one


@pytest.fixture(name="own")
def own_fixture(made: Server) -> Server:
    return made.fresh()


# Requests forged by other sites


@pytest.mark.parametrize("headers", FORGED)
def test_no_other_site_changes_anything_with_a_readers_cookie(own: Server, headers: dict[str, str]) -> None:
    client = own.signed_in("admin")
    form = form_of(client.get("/account"))
    del client.headers["origin"]
    for path in (*CHANGING, *FORMS):
        assert client.post(path, data={"form": form}, headers=headers).status_code == 403, path
    assert client.post("/login", data={"form": form}, headers=headers).status_code == 403
    assert client.get("/account").status_code == 200


def test_a_form_needs_the_token_of_its_own_session(own: Server) -> None:
    client, other = own.signed_in("admin"), form_of(own.signed_in("reader").get("/account"))
    for form in ("", "x", other):
        for path in FORMS:
            assert client.post(path, data={"form": form, "name": "x", "role": "admin"}).status_code == 422
    assert client.get("/account").status_code == 200
    victim = own.client()
    victim.get("/login")
    for form in ("", "x", form_of(own.client().get("/login"))):  # a login forced upon somebody
        assert victim.post("/login", data={"form": form, "name": "admin", "password": SECRET}).status_code == 403


# Names and headers that lie


def test_only_a_trusted_proxy_says_who_asks_and_how(own: Server) -> None:
    lie = {"x-forwarded-for": "198.51.100.9", "x-forwarded-proto": "https", "x-forwarded-host": "evil.example"}
    lie |= {"forwarded": "for=198.51.100.9", "x-real-ip": "198.51.100.9", "x-gradio-server": "https://evil.example"}
    stranger = own.client(address="203.0.113.9")
    sign_in(stranger, "reader")
    page = stranger.get("/", headers=lie)
    assert page.status_code == 200 and "evil.example" not in page.text
    assert "strict-transport-security" not in page.headers
    own.fresh()
    for address, said in (("203.0.113.9", "203.0.113.9"), ("10.1.2.3", "192.0.2.5")):
        client = own.client("https://127.0.0.1:7860" if address == "10.1.2.3" else BASE, address)
        client.headers["x-forwarded-for"] = "198.51.100.9, 192.0.2.5, 10.9.9.9"  # the nearest that is no proxy
        if address == "10.1.2.3":
            client.headers["x-forwarded-proto"] = "https"
        sign_in(client, "reader")
        assert own.access.audit.records()[-1].address == said
    with pytest.raises(UsageError, match="trusted_proxies"):
        networks(("everybody",))


def test_a_request_cannot_name_its_user(own: Server) -> None:
    client = own.client()
    for headers in ({"x-user": "admin"}, {"onrecord.user": "admin"}, {"authorization": "Basic YWRtaW46eA=="}):
        assert client.get("/api/conversations", headers=headers).status_code == 401
    assert client.get("/api/conversations?user=admin&onrecord.user=admin").status_code == 401


# Guessing


def test_tokens_are_not_guessed(own: Server) -> None:
    _, secret = own.access.tokens.add("admin", "x", "admin")
    client, codes = own.client(address="203.0.113.7"), []
    for place in range(30):
        guess = secret[:-1] + ("A" if secret[-1] != "A" else "B") if place % 2 else f"onr_{place:043d}"
        codes.append(client.get("/api/documents", headers={"authorization": f"Bearer {guess}"}).status_code)
    assert set(codes) == {401, 429} and codes[-1] == 429
    assert client.get("/api/documents", headers={"authorization": f"Bearer {secret}"}).status_code == 200
    for odd in ("", "onr_", "' OR 1=1 --", "\u00e9" * 50, "x" * 5000, secret.upper()):
        encoded = {b"authorization": f"Bearer {odd}".encode("latin-1", "replace")}
        assert own.client().get("/api/documents", headers=encoded).status_code in (401, 429)


def test_cookies_that_are_no_sessions_open_nothing(own: Server) -> None:
    for value in ("", "x", "' OR 1=1 --", "a" * 4000, "..%2f..%2f", own.access.sessions.start("admin")[:-1]):
        client = own.client()
        client.cookies.set("onrecord-session", quote(value))
        assert client.get("/api/documents").status_code == 401


# What belongs to somebody else


def test_a_page_and_its_stream_are_for_the_user_who_opened_it(own: Server) -> None:
    reader, other = own.signed_in("reader"), own.signed_in("editor")
    join = {"data": [], "fn_index": 0, "session_hash": "page-of-reader", "event_data": None}
    assert reader.post("/gradio_api/queue/join", json=join).status_code != 403
    assert other.post("/gradio_api/queue/join", json=join).status_code == 403
    for path in ("queue/data?session_hash=page-of-reader", "heartbeat/page-of-reader"):
        assert other.get(f"/gradio_api/{path}").status_code == 403
    for path in ("cancel", "reset"):
        given = {"session_hash": "page-of-reader", "fn_index": 0, "event_id": "x"}
        assert other.post(f"/gradio_api/{path}", json=given).status_code == 403
    assert own.access.pages.claim("upload one", "reader")
    assert other.get("/gradio_api/upload_progress?upload_id=one").status_code == 403


def test_a_page_has_one_owner() -> None:
    pages = Pages()
    assert pages.claim("p", "ada") and not pages.claim("p", "bob") and pages.claim("p", "ada")


def test_conversations_of_others_are_not_there(own: Server) -> None:
    reader, other = own.program("reader"), own.program("editor")
    begun = reader.post("/api/conversations", json={"question": "Who voted?"})
    assert begun.status_code == 200
    mine = begun.json()["conversation"]
    assert reader.get(f"/api/conversations/{mine}").status_code == 200
    paths = [f"/api/conversations/{mine}", f"/api/conversations/{mine}/packet.json"]
    assert [other.get(path).status_code for path in paths] == [404, 404]
    assert other.patch(f"/api/conversations/{mine}", json={"title": "x"}).status_code == 404
    assert other.delete(f"/api/conversations/{mine}").status_code == 404
    assert other.get("/api/conversations").json() == {"conversations": []}


# Climbing out of folders


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/file=/etc/passwd",
        "/gradio_api/file=access.db",
        "/gradio_api/file/../../access.db",
        "/gradio_api/proxy=https://evil.example/",
        "/gradio_api/upload_progress/../file=/etc/passwd",
        "/file=/etc/passwd",
        "/static/../../../../etc/passwd",
        "/static/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
        "/assets/..%2f..%2f..%2f..%2fetc%2fpasswd",
        "/custom_component/x/client/component/../../../../etc/passwd",
        "/runs/..%2f..%2faccess.db/report",
        "/runs/..%5c..%5caccess.db/report",
        "/source/..%2f..%2faccess.db/0",
        "/api/documents/..%2f..%2faccess.db",
        "/page.css/../access.db",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/svelte/../../../../../../etc/passwd",
        "/api/conversations/..%2f..%2faccess.db",
    ],
)
def test_nobody_climbs_out_of_the_folders(own: Server, path: str) -> None:
    for client in (own.signed_in("admin"), own.client()):
        answer = client.get(path)
        assert answer.status_code in (303, 400, 401, 403, 404, 405, 422), answer.status_code
        assert "root:" not in answer.text and "SQLite format" not in answer.text


# Words that would be code


def test_what_people_type_is_shown_and_not_run(own: Server) -> None:
    client, admin = own.client(), own.signed_in("admin")
    form = form_of(admin.get("/users"))
    for payload in (*PAYLOADS, '"><script>alert(1)</script>', "' onfocus=alert(1) x='", "</form><form action=//evil>"):
        shown = sign_in(client, payload[:200], "wrong password", goal=f"/{payload}").text
        shown += admin.post(
            "/users/add", data={"form": form, "name": payload, "role": payload, "password": SECRET}
        ).text
        shown += admin.post("/account/token", data={"form": form, "label": payload[:80], "role": "reader"}).text
        shown += admin.get("/account").text
        assert "<script" not in shown and "<img" not in shown and "<iframe" not in shown and "<svg" not in shown
        assert f"//{EVIL}" not in [part.partition('"')[0] for part in shown.split('href="')]
        own.store.write("DELETE FROM attempts")


def test_the_pages_of_the_login_run_no_script_at_all(own: Server) -> None:
    policy = own.client().get("/login").headers["content-security-policy"]
    assert policy.startswith("default-src 'none'") and "script" not in policy and "unsafe" not in policy


# Too much, too slow


def test_a_body_that_is_too_large_is_refused_before_and_after_the_login(own: Server) -> None:
    large = b"{" + b" " * bounded.LARGEST_BODY + b"}"
    for client in (own.client(), own.signed_in(), own.program()):
        for path in ("/api/ask", "/gradio_api/queue/join", "/login"):
            assert client.post(path, content=large).status_code in (413, 401, 403)
            announced = client.post(path, content=b"{}", headers={"content-length": "9" * 400})
            assert announced.status_code in (400, 413)
        pieces = (b" " * 1_000_000 for _ in range(6))
        assert client.post("/api/ask", content=pieces).status_code in (401, 413)


def in_pieces(content: bytes, field: str) -> dict[str, Any]:
    """A form with one file, sent without a length that announces it."""
    head = f'--B\r\nContent-Disposition: form-data; name="{field}"; filename="big.txt"\r\n\r\n'.encode()
    whole = head + content + b"\r\n--B--\r\n"
    pieces = (whole[at : at + 10_000] for at in range(0, len(whole), 10_000))
    return {"content": pieces, "headers": {"content-type": "multipart/form-data; boundary=B"}}


def test_an_upload_that_is_too_large_is_told_the_limit_with_413(tmp_path: Path) -> None:
    with server(tmp_path, max_document_mb=0.02) as small:
        editor = small.signed_in("editor")
        for path, limit in (("/api/documents", "larger than 0.02 MB"), ("/gradio_api/upload", "of 20000 bytes")):
            for size, said in ((30_000, limit), (300_000, "at most 200,000 bytes")):
                for sent in ({"files": {"files": ("big.txt", b"x" * size)}}, in_pieces(b"x" * size, "files")):
                    answer = editor.post(path, **sent)
                    assert answer.status_code == 413 and said in answer.text, (path, size, answer.text)
        assert not [*tmp_path.glob("uploads/*")]


@pytest.fixture(name="address", scope="module")
def address_fixture() -> Iterator[str]:
    port = free_port()
    with served([sys.executable, "-c", PATIENTLESS, str(port)], port) as address:
        yield address


# The real server, whose patience is cut from many seconds to a few tenths so that the test is quick.
PATIENTLESS = """
import app.web.bounded
app.web.bounded.HEAD_WITHIN = app.web.bounded.PIECE_WITHIN = 0.4
import tests.access_server
tests.access_server.main()
"""


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"GET / HT",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ",
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET /he",
        b"POST /login HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\nContent-Length: 500\r\n\r\nname=",
    ],
)
def test_whoever_stops_in_the_middle_of_a_request_is_hung_up_on(address: str, said: bytes) -> None:
    port = int(address.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(said)
        came = b""
        while piece := line.recv(65_536):  # ends, or the test does by its time limit
            came += piece
            if b"408" in came:
                break
    with urllib.request.urlopen(f"{address}/healthz", timeout=10) as answer:
        assert json.load(answer)["status"] == "ok"


def test_one_who_asks_without_end_is_slowed_down_alone() -> None:
    now = [0.0]
    rates = Rates(60, lambda: now[0])
    assert [rates.wait("a") for _ in range(60)] == [0.0] * 60
    assert 0 < rates.wait("a") <= 1 and rates.wait("b") == 0
    now[0] += 1.0
    assert rates.wait("a") == 0 < rates.wait("a")


# Inputs that nobody thought of


def test_no_input_that_the_interface_describes_or_not_makes_it_fail(seeds: Assistant, tmp_path: Path) -> None:
    """Schemathesis makes requests from the OpenAPI document, right and wrong ones, over real documents."""
    app, failed = build_app(seeds, Settings(home=tmp_path)), []
    modes = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, headers={"host": "127.0.0.1"})

    def attacked(case: Any) -> None:
        answer = case.call(base_url=BASE)
        if answer.status_code >= 500:
            failed.append(f"{case.method} {case.formatted_path} {case.body!r:.200} {answer.status_code}")

    few = hypothesis_settings(
        max_examples=EXAMPLES,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    operations = 0
    for result in schema.get_all_operations():
        operation: Any = result
        for mode in modes:
            with suppress(Unsatisfiable):  # nothing can be wrong in a request that has no parts
                few(given(case=operation.ok().as_strategy(generation_mode=mode))(attacked))()
        operations += 1
    assert operations >= 12
    assert not failed, failed[:5]
