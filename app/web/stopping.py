"""How a server ends: told to stop, it takes no new questions and lets those that are being answered end, in time."""

from __future__ import annotations

import logging
import re
import signal
import socket
import sys
import time
import webbrowser
from types import FrameType

import anyio.to_thread
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from app import logs, tracing
from app.web.api import problem

WORK = re.compile(r"/api/.+|/v1/.+|/gradio_api/(queue/join|upload)")
# Every answer that waits for a model holds a thread, and what only reads needs one as well. Starlette has 40.
THREADS = 120


class Doors:
    """Middleware that stands open until the server is told to stop; then new work is refused with 503."""

    def __init__(self, app: ASGIApp, state: DoorState) -> None:
        self.app = app
        self.state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD") or not WORK.fullmatch(scope["path"]):
            await self.app(scope, receive, send)
        elif self.state.closed:
            refusal = problem("the server is being stopped; ask again in a moment", 503)
            refusal.headers["Retry-After"] = "5"
            refusal.headers["Connection"] = "close"
            await refusal(scope, receive, send)
        else:
            self.state.inside += 1
            try:
                await self.app(scope, receive, send)
            finally:
                self.state.inside -= 1


class DoorState:
    """Whether new work is taken, and how many requests with work are inside."""

    def __init__(self) -> None:
        self.closed = False
        self.inside = 0

    @property
    def busy(self) -> bool:
        """Whether anything is being answered: for a request, or for a page, which asks through a queue."""
        return self.inside > 0 or tracing.running() > 0


class Server(uvicorn.Server):
    """Says where it is once it really listens. SIGTERM lets answers end, a second one or Ctrl-C does not."""

    def __init__(
        self, config: uvicorn.Config, where: str, doors: DoorState, patience: float, *, open_browser: bool
    ) -> None:
        """`patience` are the seconds that answers have once the server is told to stop."""
        super().__init__(config)
        self.where = where
        self.doors = doors
        self.patience = patience
        self.open_browser = open_browser
        self._told: float | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        anyio.to_thread.current_default_thread_limiter().total_tokens = THREADS
        await super().startup(sockets)
        if self.started:
            print(f"Onrecord is at {self.where}  (Ctrl-C stops it)", file=sys.stderr, flush=True)
            logs.event("started")
            if self.open_browser:
                webbrowser.open(self.where)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.doors.closed = True
        if sig == signal.SIGTERM and self._told is None and self.doors.busy:
            self._told = time.monotonic()
            self._captured_signals.append(sig)
            logs.event("stopping", answers=max(self.doors.inside, tracing.running()))
            return
        super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        waited = time.monotonic() - self._told if self._told is not None else 0.0
        if self._told is not None and (not self.doors.busy or waited > self.patience):
            self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Ends also what open pages still listen to, without a traceback for each of them."""
        logs.event("stopped", answers_cut=max(self.doors.inside, tracing.running()))
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL + 1)
        await super().shutdown(sockets)
