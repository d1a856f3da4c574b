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

    The standard error is CR2's, the quantile Student's t with the degrees of freedom that clusters of such sizes have:
    in simulations (`bench intervals`) that kept its promise better than bootstraps over clusters, above all where
    clusters are very uneven. A share (a value between 0 and 1) is bounded on the logit scale, which keeps its coverage
    near 0 and 1; where all clusters agree on 0 or 1 nothing varies, and the bound is the exact binomial one of as many
    units as were counted.
    """
    total, count = np.asarray(totals, dtype=float), np.asarray(counts, dtype=float)
    total, count = total[count > 0], count[count > 0]
    if len(total) < FEWEST:
        return None
    value = math.fsum(total) / math.fsum(count)
    if share and (value <= 0 or value >= 1):
        return _all_alike(value, math.fsum(count))
    error = standard_error(total, count) * quantile_t(0.5 + LEVEL / 2, degrees_of_freedom(count))
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
    """CR2's, of a ratio of sums over clusters: it makes up for a large cluster pulling the ratio its way and so lying
    too near to it (Bell and McCaffrey, 2002)."""
    whole = math.fsum(count)
    beside = total - math.fsum(total) / whole * count
    return math.sqrt(math.fsum(beside**2 / (1 - count / whole))) / whole


def degrees_of_freedom(count: Floats) -> float:
    """Of that error over clusters of these sizes, by Satterthwaite's two moments (Imbens and Kolesár, 2016): clusters
    less one where all are of one size, fewer the more uneven they are."""
    share = count / math.fsum(count)
    squares = share**2 / (1 - share)
    return 1 / float((share**2).sum() + squares.sum() ** 2 - (squares**2).sum())


def leave_one_out(total: Floats, count: Floats) -> Floats:
    """The ratio without each cluster in turn; infinite where nothing is left."""
    left = count.sum() - count
    without = np.full(len(total), np.inf)
    np.divide(total.sum() - total, left, out=without, where=left > 0)
    return without


def draws(total: Floats, count: Floats) -> Floats:
    """The ratio in each seeded draw of as many clusters as there are, with replacement; infinite where it has no count.

    The same draws for the same number of clusters, so two runs over the same clusters are drawn alike.
    """
    ratios = []
    for weights in _weights(len(total)):
        drawn = weights @ count
        ratios.append(np.divide(weights @ total, drawn, out=np.full(len(drawn), np.inf), where=drawn > 0))
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


def quantile_t(quantile: float, degrees: float) -> float:
    from scipy.special import stdtrit  # scipy.stats takes two seconds to import

    return float(stdtrit(degrees, quantile))


def auroc(higher: Sequence[float], lower: Sequence[float]) -> float | None:
    """The chance that one of the first is above one of the second, ties as half; None where one side is empty."""
    from scipy.stats import rankdata

    if not higher or not lower:
        return None
    ranks, first = rankdata([*higher, *lower]), len(higher)
    return float((ranks[:first].sum() - first * (first + 1) / 2) / (first * len(lower)))
