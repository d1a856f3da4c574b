"""Who asks: the name that the server's login put on a request, read without knowing the login or the framework."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

USER = "onrecord.user"  # key of a request's ASGI scope
LOCAL = "local"  # whoever sits at this machine, where there is no login


def user_of(request_or_scope: object) -> str:
    """The account's name for a Starlette request, a Gradio request, an ASGI scope or None; `LOCAL` without a login.

    Nothing that a client sends is read: headers, cookies and bodies cannot name a user here.
    """
    name = _scope(request_or_scope).get(USER, LOCAL)
    if not isinstance(name, str) or not name:
        raise TypeError(f"the scope's {USER} is no name: {name!r}")
    return name


def _scope(given: object) -> Mapping[str, Any]:
    if given is None:
        return {}
    fields = getattr(given, "__dict__", {})
    if "request" in fields:  # Gradio's: it wraps the request, and copies what is read through the wrapper
        return _scope(fields["request"])
    found = fields.get("scope", given)  # Starlette's requests are mappings themselves
    if not isinstance(found, Mapping):
        raise TypeError(f"a {type(given).__name__} is no request")
    return found
