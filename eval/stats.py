"""Intervals and comparisons over clusters: items about one document stand or fall together, so documents are drawn.

A metric is a ratio of sums: `sum(totals) / sum(counts)`, each sum over clusters. All draws are seeded.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
FEWEST = 8  # clusters; with fewer there is no interval
LEVEL = 0.95
POWER = 0.8
DRAWS = 1999
SEED = 20_251
CHUNK = 1_000_000  # numbers drawn at a time


@dataclass(frozen=True, slots=True)
class Interval:
    low: float
    high: float


def interval(totals: Sequence[float] | Floats, counts: Sequence[float] | Floats, share: bool = True) -> Interval | None:
    """The 95 % interval of `sum(totals) / sum(counts)` over clusters; None with fewer than 8 of them (`too few`).

    The standard error comes from a seeded bootstrap over clusters and, where that is larger, from leaving out each
    cluster in turn; the quantile from Student's t with one degree of freedom less than clusters. A share (a value
    between 0 and 1) is bounded on the logit scale, which keeps its coverage near 0 and 1; where all clusters agree on 0
    or 1 nothing can be drawn, and the bound is the exact binomial one of as many units as were counted.
    """
    total, count = np.asarray(totals, dtype=float), np.asarray(counts, dtype=float)
    total, count = total[count > 0], count[count > 0]
    if len(total) < FEWEST:
        return None
    value = math.fsum(total) / math.fsum(count)
    if share and (value <= 0 or value >= 1):
        return _all_alike(value, math.fsum(count))
    error = standard_error(total, count) * _t(0.5 + LEVEL / 2, len(total) - 1)
    if not share:
        return Interval(value - error, value + error)
    middle, half = math.log(value / (1 - value)), min(error / (value * (1 - value)), 700.0)
    return Interval(_logistic(middle - half), _logistic(middle + half))


def _all_alike(value: float, count: float) -> Interval:
    bound = ((1 - LEVEL) / 2) ** (1 / count)
    return Interval(bound, 1.0) if value >= 1 else Interval(0.0, 1 - bound)


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-max(min(value, 700.0), -700.0)))


def standard_error(total: Floats, count: Floats) -> float:
    """Of a ratio of sums over clusters: the larger of the bootstrap's and the jackknife's."""
    size = len(total)
    left_out = count.sum() - count
    ratios = np.divide(total.sum() - total, left_out, out=np.zeros(size), where=left_out > 0)
    value = total.sum() / count.sum()
    jackknife = math.sqrt((size - 1) / size * float(((ratios - value) ** 2).sum()))
    drawn = draws(total, count)
    return max(float(drawn.std()) * math.sqrt(size / (size - 1)), jackknife)


def draws(*sums: Floats) -> Floats:
    """The ratio of the first two sums in each seeded draw of as many clusters as there are, with replacement."""
    total, count = sums
    size = len(total)
    ratios = []
    for weights in _weights(size):
        ratios.append((weights @ total) / (weights @ count))
    return np.concatenate(ratios)


def _weights(size: int) -> Sequence[Floats]:
    """How often each cluster is drawn, a row a draw; kept for small sizes, which come again for every metric."""
    return _kept_weights(size) if size * DRAWS <= CHUNK else _fresh_weights(size)


@functools.lru_cache(maxsize=16)
def _kept_weights(size: int) -> tuple[Floats, ...]:
    return tuple(_fresh_weights(size))


def _fresh_weights(size: int) -> Any:
    random = np.random.default_rng([SEED, size])
    fewer = min(DRAWS, max(200, 20_000_000 // size))  # with many clusters fewer draws tell as much
    rows = max(1, CHUNK // size)
    for at in range(0, fewer, rows):
        drawn = random.multinomial(size, np.full(size, 1 / size), min(rows, fewer - at))
        yield drawn.astype(float)


def _t(quantile: float, degrees: int) -> float:
    from scipy.stats import t

    return float(t.ppf(quantile, degrees))
