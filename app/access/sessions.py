"""Sessions of people who signed in: a random id in a cookie, and only its hash here."""

from __future__ import annotations

from dataclasses import dataclass

from app.access.accounts import key_of
from app.access.roles import Role
from app.access.store import Store, digest, new_secret

NOTED_EVERY = 60.0  # seconds between two notes of when a session was last used
AT_ONCE = 50  # sessions of one account; the oldest end where there are more


@dataclass(frozen=True, slots=True)
class Session:
    """Who it is, as of now. `form` is what forms of this session carry against requests forged elsewhere."""

    name: str
    role: Role
    form: str


class Sessions:
    """All sessions of a home; `idle` and `age` are how many seconds one lasts unused, and at all."""

    def __init__(self, store: Store, idle: float, age: float) -> None:
        self._store = store
        self._idle = idle
        self._age = age

    def start(self, name: str) -> str:
        """A new session's secret, which goes into the cookie and nowhere else."""
        secret, now, account = new_secret(), self._store.now(), key_of(name)
        with self._store.writing() as line:
            line.execute("DELETE FROM sessions WHERE seen < ? OR created < ?", (now - self._idle, now - self._age))
            line.execute(
                "DELETE FROM sessions WHERE id IN "
                "(SELECT id FROM sessions WHERE account = ? ORDER BY created DESC LIMIT -1 OFFSET ?)",
                (account, AT_ONCE - 1),
            )
            line.execute(
                "INSERT INTO sessions (id, account, form, created, seen) VALUES (?, ?, ?, ?, ?)",
                (digest(secret), account, new_secret(), now, now),
            )
        return secret

    def find(self, secret: str) -> Session | None:
        """The session that a cookie names, unless it has ended."""
        found = self._store.row(
            "SELECT name, role, form, sessions.created, seen FROM sessions JOIN accounts ON account = key WHERE id = ?",
            digest(secret),
        )
        if found is None:
            return None
        name, role, form, created, seen = found
        now = self._store.now()
        if now - seen > self._idle or now - created > self._age:
            self.end(secret)
            return None
        if now - seen > NOTED_EVERY:
            self._store.write("UPDATE sessions SET seen = ? WHERE id = ?", now, digest(secret))
        return Session(name, role, form)

    def end(self, secret: str) -> None:
        self._store.write("DELETE FROM sessions WHERE id = ?", digest(secret))

    def end_all(self, name: str) -> int:
        """How many ended."""
        return self._store.write("DELETE FROM sessions WHERE account = ?", key_of(name))
