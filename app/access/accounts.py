"""Accounts: a name, a role, and a password, or the identity that a provider vouches for."""

from __future__ import annotations

import re
import unicodedata
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from app.access.passwords import LONGEST, Passwords, check_password
from app.access.roles import Role
from app.access.store import Store
from app.identity import LOCAL
from indexing.errors import OnrecordError, UsageError

NAME = re.compile(r"[\w.@+-]{1,64}")
COLUMNS = "name, role, password IS NOT NULL, subject, created"


@dataclass(frozen=True, slots=True)
class Account:
    """`subject` is the provider's `issuer subject` for accounts that sign in there; `created` in seconds."""

    name: str
    role: Role
    has_password: bool
    subject: str | None
    created: float


class Accounts:
    """All accounts of a home."""

    def __init__(self, store: Store, passwords: Passwords | None = None) -> None:
        self._store = store
        self._given = passwords

    @property
    def _passwords(self) -> Passwords:
        if self._given is None:
            self._given = Passwords()
        return self._given

    def all(self) -> list[Account]:
        return [Account(*row) for row in _typed(self._store.rows(f"SELECT {COLUMNS} FROM accounts ORDER BY key"))]

    def find(self, name: str) -> Account | None:
        found = self._store.rows(f"SELECT {COLUMNS} FROM accounts WHERE key = ?", key_of(name))
        return Account(*_typed(found)[0]) if found else None

    def known(self, name: str) -> Account:
        """Raises OnrecordError where there is none."""
        if (found := self.find(name)) is None:
            raise OnrecordError(f"there is no user {name!r}; `onrecord users list` names them")
        return found

    def of_subject(self, subject: str) -> Account | None:
        found = self._store.rows(f"SELECT {COLUMNS} FROM accounts WHERE subject = ?", subject)
        return Account(*_typed(found)[0]) if found else None

    def add(self, name: str, role: Role, password: str | None, subject: str | None = None) -> Account:
        """Raises UsageError for a name or password that cannot be, OnrecordError for a name that is taken."""
        name = unicodedata.normalize("NFKC", name)
        if not NAME.fullmatch(name) or name.casefold() == LOCAL:
            raise UsageError(f"{name!r} cannot be a name; use up to 64 letters, digits and . @ + - _ (not {LOCAL!r})")
        kept = None
        if password is not None:
            check_password(password, name)
            kept = self._passwords.hashed(password)
        added = self._store.write(
            "INSERT OR IGNORE INTO accounts (key, name, role, password, subject, created) VALUES (?, ?, ?, ?, ?, ?)",
            *(key_of(name), name, role, kept, subject, self._store.now()),
        )
        if not added:
            raise OnrecordError(f"there already is a user {name!r}")
        return self.known(name)

    def remove(self, name: str) -> None:
        """With its sessions, tokens and conversations: whoever gets the name next finds nothing of it."""
        from app.conversations.store import Conversations

        gone = self.known(name)
        self._store.write("DELETE FROM accounts WHERE key = ?", key_of(name))
        with closing(Conversations(self._store.path.parent)) as kept:
            kept.delete_all(gone.name)

    def set_role(self, name: str, role: Role) -> None:
        """Holds from the next request on, for sessions and tokens too."""
        self.known(name)
        self._store.write("UPDATE accounts SET role = ? WHERE key = ?", role, key_of(name))

    def set_password(self, name: str, password: str) -> None:
        """Ends all sessions of the account. Raises UsageError for a password that nobody should have."""
        self.known(name)
        check_password(password, name)
        kept = self._passwords.hashed(password)
        with self._store.writing() as line:
            line.execute("UPDATE accounts SET password = ? WHERE key = ?", (kept, key_of(name)))
            line.execute("DELETE FROM sessions WHERE account = ?", (key_of(name),))

    def check(self, name: str, password: str) -> Account | None:
        """The account whose password this is. A name that nobody has takes the same work as a wrong password."""
        known = self._store.row("SELECT password FROM accounts WHERE key = ?", key_of(name[:200]))
        kept = known[0] if known else None
        if not self._passwords.matches(kept, password[: LONGEST + 1]):
            return None
        assert kept is not None
        if self._passwords.outdated(kept):
            again = self._passwords.hashed(password)
            values = (again, key_of(name), kept)
            self._store.write("UPDATE accounts SET password = ? WHERE key = ? AND password = ?", *values)
        return self.find(name)


def key_of(name: str) -> str:
    """What tells accounts apart: `Ada` and `ada` are one."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def _typed(rows: list[tuple[Any, ...]]) -> list[tuple[str, Role, bool, str | None, float]]:
    return [(name, role, bool(password), subject, created) for name, role, password, subject, created in rows]
