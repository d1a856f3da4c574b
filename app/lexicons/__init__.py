"""Lists of English words that tell what a question asks for and what a sentence says; plain text, one entry a line."""

from __future__ import annotations

from functools import cache
from importlib import resources


@cache
def lexicon(name: str) -> tuple[str, ...]:
    """The lines of `name.txt` without blank ones and those that begin with `#`."""
    text = resources.files(__name__).joinpath(f"{name}.txt").read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line.strip() and not line.startswith("#"))
