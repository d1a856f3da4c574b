"""What one item contributes to a metric, and what a metric is: name, meaning, and way from a record to a part."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from eval.records import Record


@dataclass(frozen=True, slots=True)
class Part:
    """A metric is `sum(total) / sum(count)` over the items that have a part; `units` of them were measured (default:
    `count`). An item that belongs to the population and gave no value is `missing` 1, with nothing else.

    `floors` has total and count of each trivial system.
    """

    total: float = 0.0
    count: float = 1.0
    missing: int = 0
    units: float | None = None
    floors: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def n(self) -> float:
        return self.count if self.units is None else self.units


def one(value: float | bool | None, floors: Mapping[str, float | None] | None = None) -> Part:
    """The part of an item that has one value; None: it should have, and has none. Then it counts for no floor either:
    trivial systems are scored on the items that were measured."""
    given = {name: (floor, 1.0) for name, floor in (floors or {}).items() if floor is not None}
    return unmeasured() if value is None else Part(float(value), floors=given)


def unmeasured() -> Part:
    return Part(0.0, 0.0, 1)


@dataclass(frozen=True, slots=True)
class Definition:
    """A metric. `score` gives None for an item outside its population."""

    name: str
    subject: str
    about: str  # what it is, for its page
    population: str
    score: Callable[[Record], Part | None]
    floors: Mapping[str, str] = field(default_factory=dict)  # the trivial systems, in words
    better: Literal["higher", "lower", "neither"] = "higher"
    share: bool = True  # a value between 0 and 1
    judge: Literal["", "gate", "llm"] = ""  # who judged it, where somebody did
    source: str = ""  # where the definition comes from
