"""What questions to a model beside the answer's own take: the rewriting of a follow-up, second opinions."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.answers import Usage


@dataclass(slots=True)
class Spent:
    """Tokens as we count them."""

    asked: int = 0
    told: int = 0


_here = threading.local()


@contextmanager
def spending(spent: Spent) -> Iterator[None]:
    """Adds to `spent` what this thread spends within the block; blocks within each other each count."""
    around = getattr(_here, "open", ())
    _here.open = (*around, spent)
    try:
        yield
    finally:
        _here.open = around


def spend(asked: int, told: int) -> None:
    """One request with so many tokens was made, and so many came back."""
    for spent in getattr(_here, "open", ()):
        spent.asked += asked
        spent.told += told


def cost(asked: int, told: int, prices: tuple[float, float] | None) -> float | None:
    """Dollars for so many tokens in and out; None where no prices are set (dollars per million in and out)."""
    return None if prices is None else round((asked * prices[0] + told * prices[1]) / 1_000_000, 8)


def with_spent(usage: Usage, spent: Spent, prices: tuple[float, float] | None) -> Usage:
    """The usage of an answer with what was spent beside it; as it was where that is nothing."""
    if not (spent.asked or spent.told):
        return usage
    asked = int(usage.get("prompt_tokens") or 0) + spent.asked
    told = int(usage.get("answer_tokens") or 0) + spent.told
    return {**usage, "prompt_tokens": asked, "answer_tokens": told, "cost_usd": cost(asked, told, prices)}
