"""Memory that was freed goes back to the system: glibc keeps it, in pieces, for each thread that ever ran."""

from __future__ import annotations

import ctypes
import functools
import sys
from collections.abc import Callable


@functools.cache
def _trim() -> Callable[[int], int] | None:
    """glibc's `malloc_trim`; None with another C library or system."""
    if sys.platform != "linux":
        return None
    try:
        trim: Callable[[int], int] = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return None
    return trim


def give_back() -> None:
    """After each batch: some milliseconds, and a fifth of what indexing holds at its peak."""
    trim = _trim()
    if trim is not None:
        trim(0)
