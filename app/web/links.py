"""Links to our own pages, which a reverse proxy may serve below a prefix."""

from __future__ import annotations

_served = {"below": ""}  # one process serves one page at one place


def serve_below(prefix: str) -> None:
    """Have links lead below `prefix`, which is "" or begins with a slash and ends without one."""
    _served["below"] = prefix


def link(path: str) -> str:
    """The address, within our host, of a page of ours whose path begins with a slash."""
    return _served["below"] + path
