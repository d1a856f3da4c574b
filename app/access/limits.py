"""How much one caller may ask for: buckets that fill steadily, kept in memory, and whose page a page's events are."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

KEPT = 20_000  # keys; the one unused longest is forgotten first, and its bucket would be full by then


class Rates:
    """Lets each key do `per_minute` things a minute, and a minute's worth at once."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = float(per_minute)
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, key: str, cost: float = 1.0) -> float:
        """Seconds until there is room for `cost`; 0: there is, and it is taken."""
        now = self._clock()
        with self._lock:
            left, then = self._left.pop(key, (self._most, now))
            left = min(self._most, left + (now - then) * self._most / 60)
            enough = left >= cost
            self._left[key] = (left - cost if enough else left, now)
            if len(self._left) > KEPT:
                self._left.popitem(last=False)
        return 0.0 if enough else (cost - left) * 60 / self._most


class Pages:
    """Which user an open page belongs to. A page names itself in each request; nobody else may use its name."""

    def __init__(self) -> None:
        self._owners: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def claim(self, page: str, user: str) -> bool:
        """Whether the page is this user's: it is whose it was first."""
        with self._lock:
            owner = self._owners.setdefault(page, user)
            self._owners.move_to_end(page)
            if len(self._owners) > KEPT:
                self._owners.popitem(last=False)
        return owner == user
