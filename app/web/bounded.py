"""What a request may cost before anybody looks at it: bytes and time."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import HTTPException
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from app.web.api import problem

LARGEST_BODY = 4_000_000  # bytes
UPLOADS = ("/gradio_api/upload", "/api/documents")
HEAD_WITHIN = 15.0  # seconds for the lines before a body
PIECE_WITHIN = 20.0  # seconds until the next piece of a body
SLOWEST = 10_000  # bytes a second that a body must come with on the whole, after PIECE_WITHIN


class Bounded:
    """Middleware: a request's body may have `LARGEST_BODY` bytes, that of an upload more, and must keep coming."""

    def __init__(self, app: ASGIApp, largest_upload: int) -> None:
        self.app = app
        self.largest_upload = largest_upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        largest = self.largest_upload if scope["path"] in UPLOADS else LARGEST_BODY
        too_large = f"the request is too large; send at most {largest:,} bytes"
        announced = Headers(scope=scope).get("content-length", "0")
        if not (announced.isascii() and announced.isdecimal()) or int(announced[:20]) > largest:
            await problem(too_large, 413)(scope, receive, send)
            return
        begun = asyncio.get_running_loop().time()
        came, whole, answering = 0, False, False

        async def bounded() -> Message:
            nonlocal came, whole
            if whole:
                return await receive()
            left = begun + PIECE_WITHIN + came / SLOWEST - asyncio.get_running_loop().time()
            try:
                message = await asyncio.wait_for(receive(), max(0.01, min(PIECE_WITHIN, left)))
            except TimeoutError:
                raise HTTPException(408, "the request came too slowly") from None
            came += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if came > largest:
                raise HTTPException(413, too_large)
            return message

        async def noting(message: Message) -> None:
            nonlocal answering
            answering = True
            await send(message)

        try:
            await self.app(scope, bounded, noting)
        except HTTPException as error:  # raised where a middleware reads the body
            if answering:
                raise
            await problem(str(error.detail), error.status_code)(scope, receive, send)


class PatientProtocol(AutoHTTPProtocol):  # type: ignore[misc,valid-type] # one of two, whichever is installed
    """uvicorn's, which waits for a request's first lines without end; this one hangs up."""

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is not None and not self.cycle.response_complete:
            self._stop()
        elif self._waiting is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(HEAD_WITHIN, self.transport.close)

    def _stop(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
