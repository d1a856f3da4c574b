"""The numbers of a run: every metric over its items, with interval, n, unmeasured items and trivial floors.

An item that failed is unmeasured: it is counted beside the mean, never in it as 0. What nothing measured has no value.
"""

from __future__ import annotations

import math
import sys
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eval.judges.identity import Judge
from eval.measures import answers, citations, claims, cost, refusal, retrieval
from eval.measures.parts import Definition, Part
from eval.records import Record
from eval.stats import Floats, interval

DIGITS = 6
Chosen = Sequence[bool]  # for each item whether it counts
Floors = tuple[tuple[str, float | None], ...]  # what each trivial system would score, by its name

DEFINITIONS: tuple[Definition, ...] = (
    *retrieval.definitions(),
    *citations.definitions(),
    *claims.definitions(),
    *answers.definitions(),
    *refusal.definitions(),
    *retrieval.followups(),
    *answers.followups(),
    *cost.definitions(),
    *claims.costs(),
)
BY_NAME: Mapping[str, Definition] = {definition.name: definition for definition in DEFINITIONS}


@dataclass(frozen=True, slots=True)
class Metric:
    """A ratio over `n` measured units, None without any. `low` and `high` bound its 95 % interval over `clusters`;
    with fewer than 8 clusters there is none.

    `unmeasured` items belong to the metric's population and gave no value; `floors` are the scores of trivial systems.
    """

    value: float | None
    n: int
    unmeasured: int = 0
    floors: Floors = ()
    low: float | None = None
    high: float | None = None
    clusters: int = 0

    def as_json(self) -> dict[str, object]:
        return {
            "value": _rounded(self.value),
            "low": _rounded(self.low),
            "high": _rounded(self.high),
            "n": self.n,
            "unmeasured": self.unmeasured,
            "floors": {name: _rounded(floor) for name, floor in self.floors},
            "clusters": self.clusters,
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS) + 0.0  # no -0.0


class Column:
    """What each item contributes to one metric; items are numbered in the order they came in.

    Kept are bare numbers of those that contribute, and sums by type of what is only ever summed, so that many thousand
    items take little memory.
    """

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self._items, self._totals, self._counts = array("I"), array("d"), array("d")
        self._missing = array("I")  # items that should have a value and have none, as often as they lack one
        self._units: dict[str, float] = {}  # by type; whole numbers, so that their sum is exact
        self._lost: dict[str, int] = {}
        self._floors: dict[tuple[str, str], tuple[Exact, Exact]] = {}  # by type and trivial system

    def add(self, item: int, part: Part, kind: str = "") -> None:
        """What an item of a type contributes."""
        if part.count:
            self._items.append(item)
            self._totals.append(part.total)
            self._counts.append(part.count)
        self._missing.extend([item] * part.missing)
        self._units[kind] = self._units.get(kind, 0.0) + part.n
        self._lost[kind] = self._lost.get(kind, 0) + part.missing
        for name, (total, count) in part.floors.items():
            sums = self._floors.setdefault((kind, name), (Exact(), Exact()))
            sums[0].add(total)
            sums[1].add(count)

    def sums(self, clusters: Sequence[str], chosen: Chosen | None = None) -> tuple[list[str], Floats, Floats]:
        """Totals and counts of each cluster that has any, in the order of the clusters' names."""
        totals: dict[str, list[float]] = {}
        counts: dict[str, list[float]] = {}
        for item, total, count in zip(self._items, self._totals, self._counts, strict=True):
            if chosen is None or chosen[item]:
                totals.setdefault(clusters[item], []).append(total)
                counts.setdefault(clusters[item], []).append(count)
        names = sorted(totals)
        return names, np.array([math.fsum(totals[n]) for n in names]), np.array([math.fsum(counts[n]) for n in names])

    def values(self) -> dict[int, tuple[float, float]]:
        """Total and count by item."""
        rows = zip(self._items, self._totals, self._counts, strict=True)
        return {item: (total, count) for item, total, count in rows}

    def missing(self) -> frozenset[int]:
        """Items that should have a value and have none."""
        return frozenset(self._missing)

    def metric(self, clusters: Sequence[str], kind: str | None = None, chosen: Chosen | None = None) -> Metric:
        """Over all items, or over those whose type is `kind`, which are the chosen ones."""
        kinds = [one for one in self._units if kind in (None, one)]
        n, missing = round(math.fsum(self._units[one] for one in kinds)), sum(self._lost[one] for one in kinds)
        _, totals, counts = self.sums(clusters, chosen)
        whole = math.fsum(counts)
        floors = tuple((name, self._floor(name, kinds)) for name in self.definition.floors) if kinds else ()
        if not whole:
            return Metric(None, 0, missing, floors)
        bounds = interval(totals, counts, self.definition.share)
        return Metric(
            math.fsum(totals) / whole,
            n,
            missing,
            floors,
            bounds.low if bounds else None,
            bounds.high if bounds else None,
            len(totals),
        )

    def _floor(self, name: str, kinds: Sequence[str]) -> float | None:
        known = [self._floors[kind, name] for kind in kinds if (kind, name) in self._floors]
        total, count = (math.fsum(part for sums in known for part in sums[at].parts) for at in (0, 1))
        return total / count if count else None


class Exact:
    """A sum that does not hang on the order of what is added, and keeps none of it (Shewchuk, 1997)."""

    __slots__ = ("parts",)

    def __init__(self) -> None:
        self.parts: list[float] = []  # of which `math.fsum` is the sum of all

    def add(self, value: float) -> None:
        kept = 0
        for part in self.parts:
            larger, smaller = (value, part) if abs(value) >= abs(part) else (part, value)
            value = larger + smaller
            if rest := smaller - (value - larger):
                self.parts[kept] = rest
                kept += 1
        self.parts[kept:] = [value]


class Scores:
    """The parts of every item of a run; a record is let go of once it is scored."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.ids: list[str] = []
        self.types: list[str] = []
        self.clusters: list[str] = []
        self.asked = array("Q")  # a checksum of what each item asks and expects
        self.columns = {definition.name: Column(definition) for definition in DEFINITIONS}
        self._gate = False
        self._models: set[tuple[str, str]] = set()  # fingerprints and names of models that judged
        for record in records:
            self.add(record)

    def add(self, record: Record) -> None:
        item = len(self.ids)
        self.ids.append(record.id)
        self.types.append(sys.intern(record.type))  # names that come again and again are kept once
        self.clusters.append(sys.intern(record.group))
        self.asked.append(record.asked())
        self._gate = self._gate or record.judged is not None
        if record.opinion is not None:
            self._models.add((record.opinion.judge, record.opinion.model))
        for definition in DEFINITIONS:
            if (part := definition.score(record)) is not None:
                self.columns[definition.name].add(item, part, self.types[-1])

    def metrics(self) -> dict[str, Metric]:
        """Every metric, by name, in the order of a report."""
        return {name: column.metric(self.clusters) for name, column in self.columns.items()}

    def by_type(self) -> dict[str, dict[str, Metric]]:
        """The same for each question type; what does not apply to a type is left out."""
        found = {}
        for kind in sorted(set(self.types)):
            chosen = [one == kind for one in self.types]
            metrics = {name: column.metric(self.clusters, kind, chosen) for name, column in self.columns.items()}
            found[kind] = {name: metric for name, metric in metrics.items() if metric.n or metric.unmeasured}
        return found

    def judges(self, config: Mapping[str, Any]) -> list[Judge]:
        """Who judged these items; a fingerprint is empty where nobody wrote it down, or several models judged."""
        gate = [Judge("gate", str(config.get("gate_fingerprint", "")))] if self._gate else []
        models = sorted(self._models)
        if len(models) > 1:
            return [*gate, Judge("llm", "", ", ".join(sorted({name for _, name in models})))]
        return [*gate, *(Judge("llm", fingerprint, name) for fingerprint, name in models)]

    def as_json(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The object in metrics.json: the same for the same configuration, with no times and no paths in it."""
        return {
            "metrics": {name: metric.as_json() for name, metric in self.metrics().items()},
            "by_type": {
                kind: {
                    "items": self.types.count(kind),
                    "metrics": {name: metric.as_json() for name, metric in metrics.items()},
                }
                for kind, metrics in self.by_type().items()
            },
            "config": dict(config),
        }


def compute(records: Iterable[Record]) -> dict[str, Metric]:
    """Every metric over these records."""
    return Scores(records).metrics()


def by_type(records: Iterable[Record]) -> dict[str, dict[str, Metric]]:
    return Scores(records).by_type()
