"""Who asks: the name that the server's login put on a request, read without knowing the login or the framework."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.access.roles import Role, allows, role_named
from indexing.errors import OnrecordError

USER = "onrecord.user"  # key of a request's ASGI scope
ROLE = "onrecord.role"
NOTE = "onrecord.note"
LOCAL = "local"  # whoever sits at this machine, where there is no login

Note = Callable[[str, str, str], None]


def user_of(request_or_scope: object) -> str:
    """The account's name for a Starlette request, a Gradio request, an ASGI scope or None; `LOCAL` without a login.

    Nothing that a client sends is read: headers, cookies and bodies cannot name a user here.
    """
    name = _scope(request_or_scope).get(USER, LOCAL)
    if not isinstance(name, str) or not name:
        raise TypeError(f"the scope's {USER} is no name: {name!r}")
    return name


def signed_in(request_or_scope: object) -> bool:
    """Whether there is a login, and whoever asks has passed it."""
    return USER in _scope(request_or_scope)


def role_of(request_or_scope: object) -> Role:
    """What whoever asks may do; everything at this machine, where there is no login."""
    return role_named(_scope(request_or_scope).get(ROLE, "admin"))


def require(request_or_scope: object, needed: Role) -> None:
    """Raises OnrecordError where the asker's role does not allow what needs `needed`."""
    if not allows(role_of(request_or_scope), needed):
        raise OnrecordError(f"this needs the role {needed}; an admin of this server can give it to you")


def noted(request_or_scope: object, action: str, target: str = "", outcome: str = "done") -> None:
    """Write into the server's audit log that whoever asks did this; nothing where there is no login.

    `target` names what was changed; it never holds a word of a question or a draft.
    """
    note: Note | None = _scope(request_or_scope).get(NOTE)
    if note is not None:
        note(action, target, outcome)


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
