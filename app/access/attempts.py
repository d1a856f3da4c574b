"""How often somebody may be wrong: a few times at once, then ever more slowly, for each account and each address."""

from __future__ import annotations

import ipaddress

from app.access.accounts import key_of
from app.access.store import Store, digest

FREE = {"account": 5, "address": 20, "programs": 20}  # failures before the first wait
FIRST_WAIT, LONGEST_WAIT = 2.0, 900.0  # seconds
FORGOTTEN = 86_400.0  # seconds without a failure


class Attempts:
    """Failures are kept by the hash of what failed, so that mistyped names (or passwords as names) are not kept."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def begin(self, name: str | None, address: str) -> float:
        """Seconds to wait before a try is looked at; 0: now, and it counts as failed until `succeeded` is told.

        Counted beforehand, so that many tries at once are not looked at together. The same for names nobody has.
        Without a name it is a token that is tried; those of an address are counted apart from its people's tries.
        """
        now = self._store.now()
        with self._store.writing() as line:
            line.execute("DELETE FROM attempts WHERE last < ?", (now - FORGOTTEN,))
            keys = _keys(name, address)
            for kind, key in keys:
                found = line.execute("SELECT failures, last FROM attempts WHERE key = ?", (key,)).fetchone()
                if found is not None and (over := found[0] - FREE[kind]) >= 0:
                    until = found[1] + min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(over, 20))
                    if until > now:
                        return float(until - now)
            for _, key in keys:
                line.execute(
                    "INSERT INTO attempts (key, failures, last) VALUES (?, 1, ?) "
                    "ON CONFLICT (key) DO UPDATE SET failures = failures + 1, last = excluded.last",
                    (key, now),
                )
        return 0.0

    def succeeded(self, name: str, address: str) -> None:
        """Forgets the account's failures, not the address's others: one right password buys no guesses at others."""
        (_, account), (_, place) = _keys(name, address)
        with self._store.writing() as line:
            line.execute("DELETE FROM attempts WHERE key = ?", (account,))
            line.execute("UPDATE attempts SET failures = MAX(0, failures - 1) WHERE key = ?", (place,))


def network(address: str) -> str:
    """An address, or for IPv6 the /64 that one customer has as a whole."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(known, ipaddress.IPv6Address):
        if known.ipv4_mapped is not None:
            return str(known.ipv4_mapped)
        return str(ipaddress.ip_network((known, 64), strict=False))
    return str(known)


def _keys(name: str | None, address: str) -> list[tuple[str, bytes]]:
    kinds = {"programs": network(address)}
    if name is not None:
        kinds = {"account": key_of(name[:200]), "address": network(address)}
    return [(kind, digest(f"{kind} {key}")) for kind, key in kinds.items()]
