"""The numbers of a run: every metric over its items, with interval, n, unmeasured items and trivial floors.

An item that failed is unmeasured: it is counted beside the mean, never in it as 0. What nothing measured has no value.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.judges import Judge
from eval.measures import answers, citations, claims, cost, refusal, retrieval
from eval.measures.parts import Definition, Part
from eval.records import Record
from eval.stats import Floats, interval

DIGITS = 6
Chosen = NDArray[np.bool_]  # for each item whether it counts
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

    Kept as bare numbers, so that many thousand items take little memory.
    """

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self._rows = array("d")  # item, total, count, units, missing; and so on
        self._floors = {name: array("d") for name in definition.floors}  # item, total, count

    def add(self, item: int, part: Part) -> None:
        self._rows.extend((item, part.total, part.count, part.n, part.missing))
        for name, (total, count) in part.floors.items():
            self._floors[name].extend((item, total, count))

    def sums(self, clusters: Sequence[str], chosen: Chosen | None = None) -> tuple[list[str], Floats, Floats]:
        """Totals and counts of each cluster that has any, in the order of the clusters' names."""
        totals: dict[str, list[float]] = {}
        counts: dict[str, list[float]] = {}
        for item, total, count, _, _ in _table(self._rows, 5, chosen).tolist():
            if count:
                totals.setdefault(clusters[int(item)], []).append(total)
                counts.setdefault(clusters[int(item)], []).append(count)
        names = sorted(totals)
        return names, np.array([math.fsum(totals[n]) for n in names]), np.array([math.fsum(counts[n]) for n in names])

    def values(self) -> dict[int, tuple[float, float]]:
        """Total and count by item."""
        return {int(item): (total, count) for item, total, count, _, _ in _table(self._rows, 5).tolist() if count}

    def missing(self) -> frozenset[int]:
        """Items that should have a value and have none."""
        return frozenset(int(row[0]) for row in _table(self._rows, 5).tolist() if row[4])

    def metric(self, clusters: Sequence[str], chosen: Chosen | None = None) -> Metric:
        rows = _table(self._rows, 5, chosen)
        n, missing = round(math.fsum(rows[:, 3])), round(math.fsum(rows[:, 4]))
        names, totals, counts = self.sums(clusters, chosen)
        whole = math.fsum(counts)
        floors = tuple((name, self._floor(name, chosen)) for name in self.definition.floors) if len(rows) else ()
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
            len(names),
        )

    def _floor(self, name: str, chosen: Chosen | None) -> float | None:
        rows = _table(self._floors[name], 3, chosen)
        count = math.fsum(rows[:, 2])
        return math.fsum(rows[:, 1]) / count if count else None


def _table(numbers: array[float], width: int, chosen: Chosen | None = None) -> Floats:
    """Rows of numbers; only those of chosen items."""
    rows = np.array(numbers, dtype=np.float64).reshape(-1, width)
    return rows if chosen is None else rows[chosen[rows[:, 0].astype(int)]]


class Scores:
    """The parts of every item of a run; a record is let go of once it is scored."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self.ids: list[str] = []
        self.types: list[str] = []
        self.clusters: list[str] = []
        self.columns = {definition.name: Column(definition) for definition in DEFINITIONS}
        self._gate = False
        self._models: set[tuple[str, str]] = set()  # fingerprints and names of models that judged
        for record in records:
            self.add(record)

    def add(self, record: Record) -> None:
        item = len(self.ids)
        self.ids.append(record.id)
        self.types.append(record.type)
        self.clusters.append(record.group)
        self._gate = self._gate or record.judged is not None
        if record.opinion is not None:
            self._models.add((record.opinion.judge, record.opinion.model))
        for definition in DEFINITIONS:
            if (part := definition.score(record)) is not None:
                self.columns[definition.name].add(item, part)

    def metrics(self) -> dict[str, Metric]:
        """Every metric, by name, in the order of a report."""
        return {name: column.metric(self.clusters) for name, column in self.columns.items()}

    def by_type(self) -> dict[str, dict[str, Metric]]:
        """The same for each question type; what does not apply to a type is left out."""
        found = {}
        for kind in sorted(set(self.types)):
            chosen = np.array([one == kind for one in self.types])
            metrics = {name: column.metric(self.clusters, chosen) for name, column in self.columns.items()}
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
