"""Tokens for programs: shown once, kept as a hash, limited to a role, ended at any time."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any, Literal

from app.access.accounts import key_of
from app.access.roles import ROLES, Role
from app.access.sessions import NOTED_EVERY
from app.access.store import Store, digest, new_secret
from indexing.errors import OnrecordError, UsageError

PREFIX = "onr_"  # so that a token which got into a text is recognised
LONGEST_LABEL = 80
DAY = 86_400.0
COLUMNS = "id, accounts.name, label, tokens.role, accounts.role, tokens.created, expires, used"

Reach = Literal["metrics", "reader", "editor", "admin"]
"""What a token may do: as the role of that name, or read the counters and nothing else."""


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token; times in seconds. It never may do more than its account."""

    id: str
    name: str
    label: str
    reach: Reach
    role: Role
    created: float
    expires: float | None
    used: float | None


class Tokens:
    """All tokens of a home."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, name: str, label: str, reach: Reach, days: float | None = None) -> tuple[str, str]:
        """A new token's id, and its secret, which cannot be shown again. Raises UsageError."""
        if not label.strip() or len(label) > LONGEST_LABEL:
            raise UsageError(f"a token's label has 1 to {LONGEST_LABEL} characters and says what it is for")
        if days is not None and not 0 < days <= 3650:
            raise UsageError("a token lasts at most 3650 days")
        now, token, secret = self._store.now(), secrets.token_hex(4), PREFIX + new_secret()
        self._store.write(
            "INSERT INTO tokens (id, secret, account, label, role, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?)",
            *(token, digest(secret), key_of(name), label, reach, now, now + days * DAY if days is not None else None),
        )
        return token, secret

    def all(self, name: str | None = None) -> list[Token]:
        rows = self._store.rows(f"SELECT {COLUMNS} FROM tokens JOIN accounts ON account = key ORDER BY tokens.created")
        found = [_token(row) for row in rows]
        return [one for one in found if name is None or key_of(one.name) == key_of(name)]

    def find(self, secret: str) -> Token | None:
        """The token that a request carries, unless it has ended; notes that it was used."""
        row = self._store.row(
            f"SELECT {COLUMNS} FROM tokens JOIN accounts ON account = key WHERE secret = ?", digest(secret)
        )
        if row is None:
            return None
        found, now = _token(row), self._store.now()
        if found.expires is not None and now >= found.expires:
            return None
        if found.used is None or now - found.used > NOTED_EVERY:
            self._store.write("UPDATE tokens SET used = ? WHERE id = ?", now, found.id)
        return found

    def revoke(self, token: str, name: str | None = None) -> None:
        """Of this account, or of any. Raises OnrecordError where there is none."""
        whose, values = ("", ()) if name is None else (" AND account = ?", (key_of(name),))
        if not self._store.write(f"DELETE FROM tokens WHERE id = ?{whose}", token, *values):
            raise OnrecordError(f"there is no token {token!r}; `onrecord users tokens` lists them")


def _token(row: tuple[Any, ...]) -> Token:
    token, name, label, reach, role, created, expires, used = row
    allowed = reach if reach == "metrics" else ROLES[min(ROLES.index(reach), ROLES.index(role))]
    return Token(token, name, label, allowed, role, created, expires, used)
