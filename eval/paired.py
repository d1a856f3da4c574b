"""Two runs on the same items: the difference of a metric, how sure it is, and what the sample could have shown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from eval.stats import FEWEST, LEVEL, POWER, Floats, Interval, degrees_of_freedom, draws, leave_one_out, quantile_t

Sums = tuple[Floats, Floats]  # totals and counts by cluster


@dataclass(frozen=True, slots=True)
class Paired:
    """`difference` is the second run's value less the first one's. With fewer than 8 clusters there is no interval.

    `detectable` is the smallest true difference that a sample like this shows in 80 % of cases; `needed` how many items
    it takes to show the difference seen as often.
    """

    first: float
    second: float
    difference: float
    interval: Interval | None
    p: float | None
    clusters: int
    items: int
    detectable: float | None = None
    needed: int | None = None


def paired(first: Sums, second: Sums, items: int, share: bool = True) -> Paired | None:
    """Compare a ratio of sums over the same clusters (rows of both). None where either has nothing to divide by.

    The standard error is the larger of the seeded bootstrap's over clusters and the jackknife's; interval and p come
    from Student's t with the degrees of freedom that clusters of these sizes have.
    """
    if not first[1].sum() or not second[1].sum():
        return None
    before, after = _ratio(first), _ratio(second)
    difference, size = after - before, len(first[0])
    same = all(np.array_equal(one, other) for one, other in zip(first, second, strict=True))
    if same:
        return Paired(before, after, 0.0, Interval(0.0, 0.0) if size >= FEWEST else None, 1.0, size, items)
    if size < FEWEST:
        return Paired(before, after, difference, None, None, size, items)
    error, degrees = _error(first, second), degrees_of_freedom(first[1] / first[1].sum() + second[1] / second[1].sum())
    if error == 0:  # every cluster moved alike: nothing can be drawn, the sign test is what is left
        slack = 1 - ((1 - LEVEL) / 2) ** (1 / items) if share else 0.0
        bounds = Interval(max(-1.0, difference - slack), min(1.0, difference + slack))
        return Paired(before, after, difference, bounds, 2 * 0.5**size if difference else 1.0, size, items)
    half = quantile_t(0.5 + LEVEL / 2, degrees) * error
    reach = (quantile_t(0.5 + LEVEL / 2, degrees) + quantile_t(POWER, degrees)) * error
    needed = math.ceil(items * (reach / abs(difference)) ** 2) if difference else None
    bounds = Interval(difference - half, difference + half)
    return Paired(before, after, difference, bounds, _p(difference / error, degrees), size, items, reach, needed)


def _ratio(sums: Sums) -> float:
    return math.fsum(sums[0]) / math.fsum(sums[1])


def _error(first: Sums, second: Sums) -> float:
    size = len(first[0])
    left_out = leave_one_out(*second) - leave_one_out(*first)
    left_out = left_out[np.isfinite(left_out)]
    jackknife = math.sqrt((size - 1) / size * float(((left_out - (_ratio(second) - _ratio(first))) ** 2).sum()))
    drawn = draws(*second) - draws(*first)
    drawn = drawn[np.isfinite(drawn)]
    return max(float(drawn.std()) * math.sqrt(size / (size - 1)), jackknife)


def _p(statistic: float, degrees: float) -> float:
    from scipy.special import stdtr

    return float(2 * stdtr(degrees, -abs(statistic)))


@dataclass(frozen=True, slots=True)
class McNemar:
    """Items that only the first or only the second run got right, and the exact two-sided p of such a split."""

    only_first: int
    only_second: int
    p: float


def mcnemar(pairs: Sequence[tuple[float, float]]) -> McNemar | None:
    """Of yes-or-no values; None where a value is neither 0 nor 1."""
    from scipy.stats import binomtest

    if not pairs or any(value not in (0.0, 1.0) for pair in pairs for value in pair):
        return None
    first, second = sum(a > b for a, b in pairs), sum(b > a for a, b in pairs)
    p = float(binomtest(first, first + second, 0.5).pvalue) if first + second else 1.0
    return McNemar(first, second, p)


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """Holm's step-down: each p such that the chance of any false alarm over all of them is what it says."""
    adjusted: dict[str, float] = {}
    least = 0.0
    for place, (name, p) in enumerate(sorted(p_values.items(), key=lambda pair: (pair[1], pair[0]))):
        least = max(least, min(1.0, p * (len(p_values) - place)))
        adjusted[name] = least
    return adjusted
