"""The gate: every request passes it, is told who it is from, and goes on only where its sender may go."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import parse_qs, quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.access import cookies
from app.access.access import Access
from app.access.attempts import network
from app.access.pages import not_allowed
from app.access.rules import ASKING, FOR_PROGRAMS, may, needs
from app.access.sessions import Session
from app.access.tokens import PREFIX, Reach
from app.counts import counted
from app.identity import NOTE, ROLE, USER
from app.web.api import problem

SAFE = ("GET", "HEAD", "OPTIONS")
SESSION = "onrecord.session"  # key of the scope: the Session, for the forms of our own pages
PAGE_EVENTS = ("/gradio_api/queue/join", "/gradio_api/cancel", "/gradio_api/reset")
JOIN = PAGE_EVENTS[0]
JOINS_OF_AN_ASK = 0.25  # most events of a page only move it


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: a user in a browser (`session`), or a program with a token."""

    name: str
    reach: Reach
    session: Session | None = None


class Gate:
    """Middleware. What it puts into the scope is the only source of who a request is from."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        self.access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope, receive)
        caller, refusal = self._caller(request)
        refusal = refusal or self._slowed(request, caller) or self._refused(request, caller)
        send, doing = _unkept(scope["path"], send), None
        if refusal is None and caller is not None:
            note = partial(self.access.audit.note, caller.name, address_of(request))
            scope = {**scope, USER: caller.name, ROLE: caller.reach, SESSION: caller.session, NOTE: note}
            if request.method not in SAFE and FOR_PROGRAMS.fullmatch(scope["path"]):
                doing = partial(note, f"{request.method} {scope['path']}", "")  # ids, never a word of what is asked
            if scope["path"].startswith("/gradio_api/"):
                mine, receive = await self._page_is_mine(request, caller)
                refusal = None if mine else PlainTextResponse("This page is somebody else's.", status_code=403)
        await _noting(refusal or self.app, doing)(scope, receive, send)

    def _caller(self, request: Request) -> tuple[Caller | None, Response | None]:
        kind, _, secret = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return self._program(request, secret.strip())
        secret = cookies.read(request, "session")
        session = self.access.sessions.find(secret) if secret else None
        return (Caller(session.name, session.role, session) if session else None), None

    def _program(self, request: Request, secret: str) -> tuple[Caller | None, Response | None]:
        token = self.access.tokens.find(secret) if secret.startswith(PREFIX) else None
        if token is None:
            address = address_of(request)
            if wait := self.access.attempts.begin(None, address):
                return None, _later(wait)
            self.access.audit.note("", address, "token", "", "failed")
            return None, _unknown("this token is not known, has ended or was revoked")
        if not FOR_PROGRAMS.fullmatch(request.scope["path"]):
            return None, problem("a token opens /api, /v1, /source and /metrics; sign in for the page", 403)
        return Caller(token.name, token.reach), None

    def _slowed(self, request: Request, caller: Caller | None) -> Response | None:
        who = f"user {caller.name}" if caller else f"address {network(address_of(request))}"
        wait = self.access.requests.wait(who)
        if not wait and caller and request.method == "POST" and ASKING.fullmatch(request.scope["path"]):
            wait = self.access.asks.wait(who, JOINS_OF_AN_ASK if request.scope["path"] == JOIN else 1.0)
        return _later(wait) if wait else None

    def _refused(self, request: Request, caller: Caller | None) -> Response | None:
        path = request.scope["path"]
        needed = needs(request.method, path)
        if needed == "open":
            return None if request.method in SAFE or same_origin(request) else _forged()
        if caller is None:
            if _is_navigation(request):
                query = request.scope["query_string"].decode("latin-1")
                goal = quote(f"{path}?{query}" if query else path, safe="")
                return RedirectResponse(f"{self.access.root}/login" + (f"?next={goal}" if goal != "%2F" else ""), 303)
            return _unknown("sign in first, or send a token: Authorization: Bearer onr_...")
        if caller.session is not None and request.method not in SAFE and not same_origin(request):
            return _forged()
        if not may(caller.reach, needed):
            self.access.audit.note(caller.name, address_of(request), f"{request.method} {path}", "", "refused")
            words = f"this needs the role {'admin' if needed == 'metrics' else needed}"
            return HTMLResponse(not_allowed(words), 403) if _is_navigation(request) else problem(words, 403)
        return None

    async def _page_is_mine(self, request: Request, caller: Caller) -> tuple[bool, Receive]:
        """Whether the page that the request names is the caller's; what was read of the body can be read again."""
        path, names = request.scope["path"], []
        query = parse_qs(request.scope["query_string"].decode("latin-1"))
        names += [f"page {one}" for one in query.get("session_hash", ())]
        names += [f"upload {one}" for one in query.get("upload_id", ())]
        if path.startswith("/gradio_api/heartbeat/"):
            names.append(f"page {path.rpartition('/')[2]}")
        receive: Receive = request.receive
        if path in PAGE_EVENTS:
            body = await request.body()
            receive = _again(body, request.receive)
            names += [f"page {one}" for one in _page_named(body)]
        return all(self.access.pages.claim(name, caller.name) for name in names), receive


def same_origin(request: HTTPConnection) -> bool:
    """Whether a browser says that one of our own pages sent this; silence is no."""
    headers: Headers = request.headers
    if (origin := headers.get("origin")) is not None:
        return origin == f"{request.scope['scheme']}://{headers.get('host')}"
    return headers.get("sec-fetch-site") == "same-origin"


def _is_navigation(request: Request) -> bool:
    """Whether a person goes to a page, rather than a program or a script that reads the answer."""
    return request.method == "GET" and "text/html" in request.headers.get("accept", "")


def address_of(request: HTTPConnection) -> str:
    return request.client.host if request.client else ""


def _unkept(path: str, send: Send) -> Send:
    """Answers are for who asked: no cache keeps them, but for the parts of the page that are the same for all."""
    if path.startswith(("/assets/", "/static/")):
        return send

    async def unkept(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).setdefault("Cache-Control", "no-store")
        await send(message)

    return unkept


def _noting(app: ASGIApp, note: Callable[[str], None] | None) -> ASGIApp:
    """`app`, which notes how what it did went."""
    if note is None:
        return app

    async def noting(scope: Scope, receive: Receive, send: Send) -> None:
        status = 500

        async def seen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await app(scope, receive, seen)
        finally:
            note("done" if status < 400 else "failed")

    return noting


def _again(body: bytes, rest: Receive) -> Receive:
    told = False

    async def receive() -> Message:
        nonlocal told
        if told:
            return await rest()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _page_named(body: bytes) -> list[str]:
    """The page that a body names; Gradio answers itself where there is none."""
    try:
        given: Any = json.loads(body)
    except (ValueError, RecursionError):
        return []
    page = given.get("session_hash") if isinstance(given, dict) else None
    return [page] if isinstance(page, str) else []


def _later(wait: float) -> Response:
    seconds = math.ceil(wait)
    refusal = problem(f"too many requests; try again in {counted(seconds, 'second')}", 429)
    refusal.headers["Retry-After"] = str(seconds)
    return refusal


def _unknown(words: str) -> Response:
    refusal = problem(words, 401)
    refusal.headers["WWW-Authenticate"] = "Bearer"
    return refusal


def _forged() -> Response:
    return problem("only pages of this server may send this", 403)
