"""What a role may do: a reader asks and checks, an editor also changes the library, an admin also manages users."""

from __future__ import annotations

from typing import Literal, get_args

from indexing.errors import UsageError

Role = Literal["reader", "editor", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)  # each may do all that those before it may


def role_named(text: str) -> Role:
    """Raises UsageError for a word that is no role."""
    for role in ROLES:
        if text == role:
            return role
    raise UsageError(f"{text!r} is no role; the roles are {', '.join(ROLES)}")


def allows(role: Role, needed: Role) -> bool:
    return ROLES.index(role) >= ROLES.index(needed)


def lesser(one: Role, other: Role) -> Role:
    return min(one, other, key=ROLES.index)
