"""What a browser may do with what we serve: a Content-Security-Policy for each kind of page.

Gradio's page has scripts within it. They are let run by a number that is new with every answer, so that a script which
something else brought into the page has none and does not run, nor does any `onerror=` and the like.
"""

from __future__ import annotations

import re
import secrets

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# For everything that does not say otherwise: sources, lists, errors, JSON.
STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# A run's report holds its style and its script, and works in a place of its own: no cookie, no request.
REPORT = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; sandbox allow-scripts allow-downloads allow-popups"
)
SCRIPT = re.compile(rb"<script(?=[\s>])")
ICON = b'<link rel="icon" href="favicon.ico" type="image/svg+xml">'  # browsers else ask the root, beside our prefix
MANIFEST = re.compile(rb'<link rel="manifest"[^>]*>')  # there is none; it too is asked for at the root


def page_policy(nonce: str) -> str:
    """Of Gradio's page, which compiles the templates of its parts and writes styles into itself."""
    return (
        f"default-src 'self'; script-src 'self' 'nonce-{nonce}' 'unsafe-eval'; script-src-attr 'none'; "
        "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; "
        "object-src 'none'; frame-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    )


class Policies:
    """Middleware: a policy on every response that has none."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif scope["path"] == "/" and scope["method"] == "GET":
            await self.app(scope, receive, _dressing(send))
        else:

            async def with_policy(message: Message) -> None:
                if message["type"] == "http.response.start":
                    MutableHeaders(scope=message).setdefault("Content-Security-Policy", STRICT)
                await send(message)

            await self.app(scope, receive, with_policy)


def _dressing(send: Send) -> Send:
    """Sends the page once it is whole, because its length changes."""
    nonce, parts, begun = secrets.token_urlsafe(16), list[bytes](), list[Message]()

    async def dressing(message: Message) -> None:
        if message["type"] == "http.response.start":
            begun.append(message)
            return
        if message["type"] != "http.response.body":  # what Starlette's own test client is told besides
            return
        parts.append(message.get("body", b""))
        if message.get("more_body"):
            return
        (start,), body = begun, b"".join(parts)
        headers = MutableHeaders(scope=start)
        if headers.get("content-type", "").startswith("text/html"):
            body = dressed(body, nonce)
            headers["content-length"] = str(len(body))
        headers.setdefault("Content-Security-Policy", page_policy(nonce))
        await send(start)
        await send({"type": "http.response.body", "body": body})

    return dressing


def dressed(html: bytes, nonce: str) -> bytes:
    """Gradio's page with the number at its scripts and our icon. Data within it has no `<` (Gradio escapes it)."""
    html = SCRIPT.sub(b'<script nonce="' + nonce.encode("ascii") + b'"', MANIFEST.sub(b"", html))
    return html.replace(b"</head>", ICON + b"</head>", 1)
