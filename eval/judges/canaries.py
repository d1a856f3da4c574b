"""Statements whose label nobody doubts: they show a judge who always says the same, or does not read at all.

Half are sentences copied from their own source, which hold; half are sentences of another source, which do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from app.judging.check import statements_of

MOST = 40
IN_RUN = 20  # of a run, whose judge is asked about them beside its answers
PASSED = 0.75  # of them that a judge must get right: who tosses a coin gets half
SENTENCE = 60  # characters that a canary has at least


@dataclass(frozen=True, slots=True)
class Canary:
    """A statement, the sources it is held against, and whether they support it."""

    sources: tuple[str, ...]
    text: str
    held: bool


def canaries(sources: Iterable[tuple[str, ...]], most: int = MOST) -> list[Canary]:
    """Of the first distinct sources of answers, at most so many."""
    known = list(dict.fromkeys(one for one in sources if one and one[0].strip()))[: most // 2 + 1]
    return list(_made(known))[:most]


def _made(sources: Sequence[tuple[str, ...]]) -> Iterator[Canary]:
    for one, other in pairwise(sources):
        for held, text in ((True, _sentence(one[0])), (False, _sentence(other[0]))):
            if text and (held or not any(text in source for source in one)):
                yield Canary(one, text, held)


def _sentence(text: str) -> str:
    """The first sentence of some length."""
    whole = (text[span.start : span.end] for _, span, _ in statements_of(text))
    return next((" ".join(one.split()) for one in whole if len(one) >= SENTENCE), "")


def counted(said: Sequence[tuple[bool, bool | None]]) -> dict[str, Any]:
    """Of canaries, each with whether it holds and what the judge says (None: no verdict, which is not right)."""
    return {
        "n": len(said),
        "right": sum(held == label for held, label in said),
        "constant": len(said) > 0 and len({label for _, label in said}) < 2,
    }


def failed(found: Mapping[str, Any] | None) -> bool:
    """Whether a judge is unmasked by them; without canaries it is not."""
    if not found or not found["n"]:
        return False
    return bool(found["constant"]) or found["right"] < PASSED * found["n"]


def told(found: Mapping[str, Any] | None) -> str:
    """For people; empty where there were none."""
    if not found or not found["n"]:
        return ""
    right = f"{found['right']} of {found['n']} canaries right"
    constant = ", ALWAYS THE SAME" if found["constant"] else ""
    return f"FAILED THE CANARIES ({right}{constant}): do not believe it" if failed(found) else right
