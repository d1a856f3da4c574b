"""The audit log: who did what to what, when, from where, with what outcome. Never a word of a question or draft."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.access.store import Store

LONGEST = 200  # characters of a target
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
NOBODY = "-"


@dataclass(frozen=True, slots=True)
class Record:
    """`at` in seconds; `outcome` is `done`, `refused` or `failed`."""

    at: float
    account: str
    address: str
    action: str
    target: str
    outcome: str


class Audit:
    """The log of a home; records older than `days` are forgotten."""

    def __init__(self, store: Store, days: float = 365) -> None:
        self._store = store
        self._kept = days * 86_400
        self._pruned = 0.0

    def note(self, account: str, address: str, action: str, target: str = "", outcome: str = "done") -> None:
        now = self._store.now()
        if now - self._pruned > 3600:
            self._pruned = now
            self._store.write("DELETE FROM audit WHERE at < ?", now - self._kept)
        values = (now, account or NOBODY, address or NOBODY, action, target, outcome)
        plain = [CONTROL.sub("\ufffd", one)[:LONGEST] if isinstance(one, str) else one for one in values]
        self._store.write("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?)", *plain)

    def records(self, since: float = 0.0, account: str = "", last: int = 1000) -> list[Record]:
        """The `last` newest, oldest of them first."""
        rows = self._store.rows(
            "SELECT at, account, address, action, target, outcome FROM audit "
            "WHERE at >= ? AND (? = '' OR account = ?) ORDER BY at DESC, rowid DESC LIMIT ?",
            *(since, account, account, last),
        )
        return [Record(*row) for row in reversed(rows)]
