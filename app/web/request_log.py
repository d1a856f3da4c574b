"""A line in the log for every HTTP request, and the id by which its other lines are found."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable, Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app import logs

REQUEST_ID = "X-Request-ID"
GIVEN_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
# Asked for again and again by pages and probes: told at `debug` only.
OFTEN = re.compile(
    r"/(healthz|readyz|metrics|favicon\.ico|page\.(css|js)|gradio_api/.*|assets/.*|static/.*|theme\.css)"
)


class Requests:
    """Middleware: every request has an id, which its answer names and its logs carry, and a line when it is done."""

    def __init__(self, app: ASGIApp, paths: Callable[[], Iterable[str]]) -> None:
        """`paths` are the routes: a part of a request's path that stands in none of them is logged as `*`."""
        self.app = app
        self._paths = paths
        self._known: frozenset[str] = frozenset()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get(REQUEST_ID, "")
        name = given if GIVEN_ID.fullmatch(given) else uuid.uuid4().hex
        began, told = time.perf_counter(), {"status": 0, "bytes_out": 0}

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[REQUEST_ID] = name
                told["status"] = message["status"]
            told["bytes_out"] += len(message.get("body", b""))
            await send(message)

        token = logs.REQUEST.set(name)
        try:
            await self.app(scope, receive, noting)
        finally:
            level = logging.DEBUG if OFTEN.fullmatch(scope["path"]) and told["status"] < 500 else logging.INFO
            length = headers.get("content-length", "")
            logs.event(
                "request",
                level,
                method=scope["method"] if scope["method"].isalpha() else "?",
                path=self.masked(scope["path"]),
                **told,
                bytes_in=int(length) if length.isascii() and length.isdecimal() and len(length) < 15 else 0,
                ms=round((time.perf_counter() - began) * 1000, 1),
            )
            logs.REQUEST.reset(token)

    def masked(self, path: str) -> str:
        """A path without what somebody put into it: names of documents, users and runs."""
        if not self._known:
            parts = (part for route in self._paths() for part in route.split("/"))
            self._known = frozenset(part for part in parts if part and "{" not in part)
        return "/".join(part if not part or part in self._known else "*" for part in path.split("/"))
