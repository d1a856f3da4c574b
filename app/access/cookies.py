"""The server's cookies: not for scripts, not sent by other sites, and bound to this host behind https."""

from __future__ import annotations

from typing import Literal

from starlette.requests import HTTPConnection
from starlette.responses import Response

Kind = Literal["session", "form", "flow"]


def read(request: HTTPConnection, kind: Kind) -> str:
    """The cookie's value, or ""."""
    return request.cookies.get(_name(request, kind), "")


def put(request: HTTPConnection, response: Response, kind: Kind, value: str, seconds: float) -> None:
    response.set_cookie(
        _name(request, kind),
        value,
        max_age=int(seconds),
        path="/" if _secure(request) else (request.scope.get("root_path") or "/"),
        secure=_secure(request),
        httponly=True,
        samesite="lax",  # strict would have links from elsewhere end at the login
    )


def drop(request: HTTPConnection, response: Response, kind: Kind) -> None:
    put(request, response, kind, "", 0)


def _secure(request: HTTPConnection) -> bool:
    return bool(request.scope.get("scheme") == "https")


def _name(request: HTTPConnection, kind: Kind) -> str:
    """`__Host-` has browsers refuse it from another host, over plain http, and from a subdomain."""
    return f"__Host-onrecord-{kind}" if _secure(request) else f"onrecord-{kind}"
