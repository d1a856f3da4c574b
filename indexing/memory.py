"""Memory that was freed goes back to the system: glibc keeps it, in pieces, for each thread that ever ran."""

from __future__ import annotations

import ctypes
import functools
import os
import sys
from collections.abc import Callable

ARENAS = 2  # pools of freed memory that all threads share; glibc would make eight a core
M_ARENA_MAX = -8  # of glibc's malloc.h


@functools.cache
def _glibc(name: str) -> Callable[..., int] | None:
    """A function of glibc's; None with another C library or system."""
    if sys.platform != "linux":
        return None
    try:
        found: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError):
        return None
    return found


def give_back() -> None:
    """After each batch: some milliseconds, and a fifth of what indexing holds at its peak."""
    trim = _glibc("malloc_trim")
    if trim is not None:
        trim(0)


def share_freed() -> None:
    """For a server, before it starts its threads: what one thread has freed serves the others.

    Fifty answers at once would otherwise leave their largest moment behind in each of sixteen pools. Whoever has set
    `MALLOC_ARENA_MAX` is heeded.
    """
    option = _glibc("mallopt")
    if option is not None and "MALLOC_ARENA_MAX" not in os.environ:
        option(M_ARENA_MAX, ARENAS)
