"""A server with a login: who gets in, how far, and what ends it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.routing import APIRoute
from hypothesis import given
from hypothesis import strategies as st

from app.access.attempts import FREE
from app.access.routes import local
from app.access.rules import RULES, needs
from app.address import check_address
from app.settings import Settings
from indexing.errors import OnrecordError
from tests.access_server import BASE, SECRET, Server, form_of, server, sign_in
from tests.browser import ROOT, free_port
from tests.fake_assistant import DOCUMENTS

# Gradio leaves the event loop unclosed that it makes for its queue.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

SOURCE = f"/source/{quote(DOCUMENTS[0].id, safe='')}/{DOCUMENTS[0].version}"
HTML = {"accept": "text/html"}


@pytest.fixture(name="served", scope="module")
def served_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with server(tmp_path_factory.mktemp("home")) as made:
        yield made


@pytest.fixture(name="own")
def own_fixture(served: Server) -> Server:
    """For tests that change who may do what."""
    return served.fresh()


# Signing in and out


def test_without_a_session_only_health_and_the_login_are_answered(served: Server) -> None:
    nobody = served.client()
    for path in ("/healthz", "/login", "/page.css", "/favicon.ico"):
        assert nobody.get(path).status_code == 200
    paths = ["/", "/config", SOURCE, "/api/documents", "/openapi.json", "/api/docs", "/metrics", "/page.js", "/users"]
    paths += ["/runs/x/report", "/gradio_api/queue/data?session_hash=x", "/gradio_api/heartbeat/x", "/theme.css", "/no"]
    paths += ["/gradio_api/upload_progress?upload_id=x", "/gradio_api/startup-events", "/assets/index.js", "/v1/models"]
    for path in paths:
        answer = nobody.get(path)
        assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer", path
        away = nobody.get(path, headers=HTML)
        assert away.status_code == 303 and away.headers["location"].startswith("/login"), path
    for path in ("/api/ask", "/v1/chat/completions", "/gradio_api/queue/join", "/gradio_api/upload", "/logout"):
        assert nobody.post(path, json={}).status_code == 401, path


def test_a_right_password_opens_the_page_and_leads_to_where_one_wanted_to_go(own: Server) -> None:
    client = own.client()
    away = client.get(f"{SOURCE}?start=1&end=4", headers=HTML)
    goal = re.search(r'name="next" value="([^"]*)"', client.get(away.headers["location"]).text)
    assert goal
    answer = sign_in(client, "reader", goal=goal[1].replace("&amp;", "&"))
    assert answer.headers["location"] == f"{SOURCE}?start=1&end=4"
    assert client.get(SOURCE).status_code == 200
    assert client.get("/").status_code == 200
    assert client.get("/login").headers["location"] == "/"
    assert own.actions() == [("reader", "sign in", "done")]


@pytest.mark.parametrize(("name", "password"), [("reader", "wrong password"), ("nobody", SECRET), ("", "")])
def test_a_wrong_name_and_a_wrong_password_look_the_same(own: Server, name: str, password: str) -> None:
    client = own.client()
    answer = sign_in(client, name, password)
    assert answer.status_code == 401 and "Name or password is wrong." in answer.text
    assert password not in answer.text or not password
    assert client.get("/api/documents").status_code == 401
    known = name if name == "reader" else "-"  # a password may have been typed as the name
    assert own.actions() == [(known, "sign in", "failed")]


def test_the_cookie_is_not_for_scripts_nor_for_other_sites_and_behind_https_for_this_host_alone(own: Server) -> None:
    cookie = sign_in(own.client(), "reader").headers["set-cookie"]
    assert cookie.startswith("onrecord-session=") and "HttpOnly" in cookie and "SameSite=lax" in cookie
    assert "Secure" not in cookie and "Domain" not in cookie
    answer = sign_in(own.client("https://127.0.0.1"), "reader")
    secure = answer.headers["set-cookie"]
    assert secure.startswith("__Host-onrecord-session=") and "; Secure" in secure and "; Path=/;" in secure
    assert answer.headers["strict-transport-security"]


def test_the_id_changes_at_every_sign_in_and_the_old_one_is_worth_nothing(own: Server) -> None:
    client = own.client()
    client.cookies.set("onrecord-session", "fixed-by-somebody-else-0123456789abcdef0123456789")
    assert client.get("/api/documents").status_code == 401
    client.cookies.clear()
    sign_in(client, "reader")
    first = client.cookies["onrecord-session"]
    sign_in_again = own.client()
    sign_in_again.cookies.set("onrecord-session", first)
    form = form_of(own.client().get("/login"))
    sign_in_again.cookies.set("onrecord-form", form)
    answer = sign_in_again.post("/login", data={"form": form, "name": "reader", "password": SECRET})
    assert answer.status_code == 303 and first not in answer.headers["set-cookie"]
    assert client.get("/api/documents").status_code == 401


def test_signing_out_ends_the_session_and_not_only_the_cookie(own: Server) -> None:
    client, copy = own.signed_in(), own.client()
    copy.cookies.set("onrecord-session", client.cookies["onrecord-session"])
    assert copy.get("/api/documents").status_code == 200
    page = client.get("/account")
    assert client.post("/logout", data={"form": form_of(page)}).status_code == 303
    assert copy.get("/api/documents").status_code == client.get("/api/documents").status_code == 401


def test_sessions_end_idle_and_old(own: Server) -> None:
    client = own.signed_in()
    own.clock.now += 11 * 3600
    assert client.get("/api/documents").status_code == 200
    own.clock.now += 13 * 3600
    assert client.get("/api/documents").status_code == 401
    client = own.signed_in()
    for _ in range(15):
        own.clock.now += 11.1 * 3600
        assert client.get("/api/documents").status_code == 200
    own.clock.now += 3 * 3600
    assert client.get("/api/documents").status_code == 401


def test_guesses_are_slowed_down_by_account_and_address_and_say_for_how_long(own: Server) -> None:
    client = own.client()
    for _ in range(FREE["account"]):
        assert sign_in(client, "reader", "wrong password").status_code == 401
    waits = sign_in(client, "reader")
    assert waits.status_code == 429 and int(waits.headers["retry-after"]) >= 1
    assert "Too many tries" in waits.text
    unknown = own.client(address="198.51.100.1")
    for _ in range(FREE["account"]):
        assert sign_in(unknown, "nobody").status_code == 401
    assert sign_in(unknown, "nobody").status_code == 429
    own.clock.now += 10
    assert sign_in(client, "reader").status_code == 303


# Accounts


def test_changing_the_password_needs_the_old_one_and_ends_every_session(own: Server) -> None:
    client, elsewhere = own.signed_in(), own.signed_in()
    form = form_of(client.get("/account"))

    def change(old: str, new: str) -> int:
        return client.post("/account/password", data={"form": form, "old": old, "new": new}).status_code

    assert change("wrong", "another good password") == 422
    assert change(SECRET, "short") == 422
    assert elsewhere.get("/account").status_code == 200
    assert change(SECRET, "another good password") == 303
    assert elsewhere.get("/api/documents").status_code == client.get("/api/documents").status_code == 401
    assert sign_in(own.client(), "reader", "another good password").status_code == 303
    assert ("reader", "change password", "done") in own.actions()


def test_a_token_is_shown_once_works_for_programs_alone_and_is_revoked(own: Server) -> None:
    client = own.signed_in()
    form = form_of(client.get("/account"))
    made = client.post("/account/token", data={"form": form, "label": "press <b>", "role": "reader"})
    found = re.search(r"onr_[\w-]{43}", made.text)
    assert found and found[0] not in client.get("/account").text
    program = own.client()
    program.headers["authorization"] = f"Bearer {found[0]}"
    assert program.get("/api/documents").status_code == 200
    assert program.get("/").status_code == program.get("/account").status_code == 403
    assert program.post("/api/quote", json={"quote": "x"}, headers={"origin": ""}).status_code != 401
    ident = re.search(r'name="token" value="(\w+)"', client.get("/account").text)
    assert ident and "press &lt;b&gt;" in made.text
    assert client.post("/account/revoke", data={"form": form, "token": ident[1]}).status_code == 200
    assert program.get("/api/documents").status_code == 401
    for role in ("editor", "admin", "metrics", "king"):
        assert client.post("/account/token", data={"form": form, "label": "x", "role": role}).status_code == 422


def test_nobody_revokes_anothers_token(own: Server) -> None:
    token, secret = own.access.tokens.add("admin", "x", "admin")
    client = own.signed_in()
    form = form_of(client.get("/account"))
    assert client.post("/account/revoke", data={"form": form, "token": token}).status_code == 422
    assert own.access.tokens.find(secret)


def test_admins_manage_users_and_nobody_else_does(own: Server) -> None:
    admin = own.signed_in("admin")
    form = form_of(admin.get("/users"))
    new = {"form": form, "name": "new", "role": "editor", "password": "a first password"}
    assert admin.post("/users/add", data=new).status_code == 200
    assert admin.post("/users/add", data=new).status_code == 422
    fresh = own.client()
    assert sign_in(fresh, "new", "a first password").status_code == 303
    assert fresh.get("/users").status_code == 403
    told = fresh.get("/users", headers=HTML)
    assert told.status_code == 403
    assert "This needs the role admin" in told.text
    assert told.headers["content-type"].startswith("text/html")
    assert admin.post("/users/role", data={"form": form, "name": "new", "role": "admin"}).status_code == 200
    assert fresh.get("/users").status_code == 200
    assert admin.post("/users/role", data={"form": form, "name": "new", "role": "king"}).status_code == 422
    assert admin.post("/users/remove", data={"form": form, "name": "new"}).status_code == 200
    assert fresh.get("/users").status_code == 401
    for name in ("reader", "editor"):
        client = own.signed_in(name)
        for path in ("add", "role", "remove"):
            given = {"form": form_of(client.get("/account")), "name": name, "role": "admin"}
            assert client.post(f"/users/{path}", data=given).status_code == 403
    assert [one.role for one in own.access.accounts.all()] == ["admin", "editor", "reader"]


# Roles


def test_every_route_is_named_in_the_rules(served: Server) -> None:
    """A route that somebody adds is for readers only if somebody said so."""
    catch_all = {RULES[-1], RULES[-2]}
    known_by_catch_all = {"/openapi.json", "/page.js", SOURCE}
    for route in served.app.routes:
        if not isinstance(route, APIRoute):
            continue
        path = re.sub(r"\{[^}]*\}", "x", route.path)
        for method in route.methods or ():
            fits = next(
                rule
                for rule in RULES
                if (rule[0] == ".*" or method in rule[0].split()) and re.fullmatch(rule[1], path, re.DOTALL)
            )
            if method in ("GET", "HEAD"):
                continue  # reading is for readers, but for what the rules keep
            assert fits not in catch_all or path in known_by_catch_all, f"{method} {path} is in no rule"


@pytest.mark.parametrize(
    ("method", "path", "needed"),
    [
        ("GET", "/healthz", "open"),
        ("GET", "/metrics", "metrics"),
        ("POST", "/metrics", "admin"),
        ("GET", "/users", "admin"),
        ("POST", "/users/add", "admin"),
        ("POST", "/api/ask", "reader"),
        ("POST", "/api/ask/", "admin"),
        ("GET", "/api/documents", "reader"),
        ("POST", "/api/documents", "editor"),
        ("DELETE", "/api/documents/x%2f/y", "editor"),
        ("POST", "/api/jobs", "editor"),
        ("GET", "/api/jobs", "editor"),
        ("DELETE", "/api/conversations/1", "reader"),
        ("POST", "/gradio_api/queue/join", "reader"),
        ("POST", "/healthz", "admin"),
        ("POST", "/login\n", "admin"),
        ("PATCH", "/", "admin"),
        ("TRACE", "/", "admin"),
    ],
)
def test_what_a_route_needs(method: str, path: str, needed: str) -> None:
    assert needs(method, path) == needed


def test_counters_are_for_admins_and_for_tokens_made_for_them(own: Server) -> None:
    assert own.signed_in("admin").get("/metrics").status_code == 200
    assert own.signed_in("editor").get("/metrics").status_code == 403
    monitor = own.program("admin", "metrics")
    assert monitor.get("/metrics").status_code == 200
    assert monitor.get("/api/documents").status_code == monitor.post("/api/ask", json={}).status_code == 403
    assert own.program("admin", "reader").get("/metrics").status_code == 403
    assert own.program("admin", "admin").get("/metrics").status_code == 200


def test_readers_ask_and_change_no_library(own: Server) -> None:
    for client in (own.signed_in("reader"), own.program("editor", "reader")):
        assert client.post("/api/ask", json={"question": "Who voted?"}).status_code == 200
        for method in ("POST", "PUT", "DELETE"):
            assert client.request(method, "/api/documents/x").status_code == 403
        assert client.post("/api/documents", files={"files": ("a.md", b"A.")}).status_code == 403
    assert own.signed_in("editor").request("DELETE", "/api/documents/x").status_code in (404, 405)
    assert ("reader", "DELETE /api/documents/x", "refused") in own.actions()


# Limits


def test_one_user_may_ask_so_often_and_others_are_not_slowed_by_it(tmp_path: Path) -> None:
    with server(tmp_path, asks_per_minute=3, requests_per_minute=30) as made:
        one, other = made.program("reader"), made.program("editor")
        codes = [one.post("/api/ask", json={"question": "Who voted?"}).status_code for _ in range(5)]
        assert codes == [200, 200, 200, 429, 429]
        assert other.post("/api/ask", json={"question": "Who voted?"}).status_code == 200
        assert one.get("/api/documents").status_code == 200
        flood = [made.client(address="203.0.113.5").get("/login").status_code for _ in range(40)]
        assert flood.count(429) >= 8 and made.client().get("/login").status_code == 200


# The log


def test_the_log_holds_no_word_of_what_was_asked(own: Server) -> None:
    client = own.program("reader")
    client.post("/api/ask", json={"question": "Whose turquoise pier?"})
    client.post("/api/check", json={"text": "A draft “with a turquoise quote” in it."})
    client.get("/api/conversations?search=turquoise")
    assert [one[1:] for one in own.actions()] == [("POST /api/ask", "done"), ("POST /api/check", "failed")]
    assert b"turquoise" not in b"".join(path.read_bytes() for path in own.store.path.parent.glob("access.db*"))


# Where it may be served


@pytest.mark.parametrize("command", ["chat", "serve"])
def test_a_server_without_users_and_a_chat_for_others_end_at_once_and_say_what_to_do(
    tmp_path: Path, command: str
) -> None:
    host = ["--host", "0.0.0.0"] if command == "chat" else []
    line = [sys.executable, "-m", "app.cli", command, "--home", str(tmp_path), *host, "--port", str(free_port())]
    done = subprocess.run(line, check=False, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stderr.startswith("error: ") and "onrecord users add NAME" in done.stderr


def test_beyond_loopback_a_server_needs_names_that_it_is_called_by() -> None:
    port = free_port()
    for host in ("0.0.0.0", "::"):
        with pytest.raises(OnrecordError, match="--hosts"):
            check_address(Settings(host=host, port=port), login=True)
        with pytest.raises(OnrecordError, match="no login"):
            check_address(Settings(host=host, port=port, hosts=("news.example",)))
    check_address(Settings(host="0.0.0.0", port=port, hosts=("news.example",)), login=True)


def test_only_its_names_are_answered(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"host": "0.0.0.0", "hosts": "news.example, 192.0.2.7"}
    with server(tmp_path, **settings) as made:
        for host, status in (("news.example", 200), ("192.0.2.7:8080", 200), ("evil.example", 400), ("0.0.0.0", 400)):
            assert made.client(f"http://{host}").get("/healthz").status_code == status


# Where one goes after signing in


@given(st.text(max_size=40) | st.sampled_from(["//evil.example", "/\\evil.example", "https://evil.example", "/\t/x"]))
def test_nobody_is_led_away_after_signing_in(goal: str) -> None:
    led = local(goal)
    assert led.startswith("/") and not led.startswith("//") and "\\" not in led and led.isprintable()
    assert local(led) == led


def test_a_link_to_the_login_leads_nowhere_else(own: Server) -> None:
    for goal in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"):
        client = own.client()
        assert sign_in(client, "reader", goal=goal).headers["location"] == "/"
    assert BASE not in own.client().get("/login?next=//evil.example").text
