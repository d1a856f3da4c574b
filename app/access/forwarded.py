"""Where a request really came from: proxies that are trusted are believed, nobody else is."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from indexing.errors import UsageError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

CLAIMS = (b"forwarded", b"x-real-ip", b"x-gradio-server")  # and every x-forwarded-...


class Forwarded:
    """Outermost middleware: sets client, scheme, host and path, and takes away every header that claims them.

    `root` is the prefix that a reverse proxy serves us below ("" or "/name"); paths come with or without it.
    """

    def __init__(self, app: ASGIApp, trusted: Sequence[Network] = (), root: str = "") -> None:
        self.app = app
        self.trusted = tuple(trusted)
        self.root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if len(headers.getlist("host")) != 1:
            await PlainTextResponse("One Host header is needed.", status_code=400)(scope, receive, send)
            return
        scope = dict(scope)
        if self._trusts(_client(scope)):
            self._believe(scope, headers)
        scope["headers"] = [
            (name, value)
            for name, value in scope["headers"]
            if name not in CLAIMS and not name.startswith(b"x-forwarded-")
        ]
        path = scope["path"]
        if self.root and (path == self.root or path.startswith(f"{self.root}/")):
            scope["path"] = path[len(self.root) :] or "/"
        scope["root_path"] = ""
        await self.app(scope, receive, send)

    def _believe(self, scope: Scope, headers: Headers) -> None:
        hops = [hop.strip() for line in headers.getlist("x-forwarded-for") for hop in line.split(",")]
        for hop in reversed(hops):  # from the nearest one on; the first that is no proxy of ours is the client
            try:
                ipaddress.ip_address(hop)
            except ValueError:
                break
            scope["client"] = (hop, 0)
            if not self._trusts(hop):
                break
        if headers.get("x-forwarded-proto", "").lower() in ("http", "https"):
            scope["scheme"] = headers["x-forwarded-proto"].lower()
        if (host := headers.get("x-forwarded-host", "")) and "," not in host:
            scope["headers"] = [(name, host.encode() if name == b"host" else value) for name, value in scope["headers"]]

    def _trusts(self, address: str) -> bool:
        try:
            known = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(known.version == network.version and known in network for network in self.trusted)


class Rooted:
    """Innermost middleware: puts the prefix back, as the interface between servers and applications has it."""

    def __init__(self, app: ASGIApp, root: str) -> None:
        self.app = app
        self.root = root

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.root:
            scope = {**scope, "root_path": self.root, "path": self.root + scope["path"]}
        await self.app(scope, receive, send)


def networks(names: Sequence[str]) -> tuple[Network, ...]:
    """Raises UsageError for what is neither an address nor a network."""
    try:
        return tuple(ipaddress.ip_network(name.strip(), strict=False) for name in names)
    except ValueError as error:
        raise UsageError(f"trusted_proxies takes addresses as 127.0.0.1 or networks as 10.0.0.0/8: {error}") from None


def _client(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""
