"""A judged share with the judge's errors taken out (Rogan and Gladen, 1978):
(share + specificity - 1) / (sensitivity + specificity - 1); and the difference of two of them.

Intervals are drawn: the share and the judge's two rates, each with the spread that its own interval over clusters has.
A judge that calls more supported than it should even if all held must be better on these answers than on those it was
held against: no share can lie beyond sensitivity and 1 - specificity. Its rates are then taken to be as good as that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from eval.stats import Floats

DRAWS, SEED = 2000, 1
CHANCE = 1.02  # sensitivity and specificity together, of a judge that is hardly better than chance
NARROWEST = 1e-3  # of what a drawn judge tells apart
NORMAL = 1.96  # standard errors to an end of an interval

Found = Mapping[str, Any]  # a judge's `agreement` with people
Rates = tuple[Floats, Floats]  # draws of its sensitivity and specificity


@dataclass(frozen=True, slots=True)
class Bounded:
    """A corrected number. Without a value its judge is hardly better than chance: nothing can be corrected by it;
    without bounds it, or one of the judge's rates, has too few clusters for an interval."""

    value: float | None
    low: float | None = None
    high: float | None = None
    fits: bool = True  # False: what was judged lies beyond all that the judge said where it was held against people

    def as_json(self) -> dict[str, float | bool | None]:
        bounds = {"value": _rounded(self.value), "low": _rounded(self.low), "high": _rounded(self.high)}
        return {**bounds, "fits": self.fits}


def corrected(metric: Mapping[str, Any], found: Found) -> Bounded:
    """A judged share (`value`, `low`, `high` and `n`), and a 95 % interval with the judge's own doubt in it."""
    share, units = metric["value"], metric["n"]
    if not units or _by_chance(found):
        return Bounded(None)
    fits, found = _fits(metric, found), fitting(found, share)
    value = _straight(share, found)
    rng = np.random.default_rng(SEED)
    drawn, rates = _drawn(metric, units, rng), _rates(found, rng)
    if drawn is None or rates is None:
        return Bounded(value, fits=fits)
    low, high = (float(end) for end in np.quantile(np.clip(_undone(drawn, rates), 0, 1), [0.025, 0.975]))
    # At its end a drawn share spreads less than its interval says: never narrower than that, on the scale of the truth.
    below, above = ((metric[end] - share) / _width(found) for end in ("low", "high"))
    return Bounded(value, max(0.0, min(low, value + below)), min(1.0, max(high, value + above)), fits)


def fitting(found: Found, *shares: float) -> Found:
    """What is known of a judge, its rates at least so good that it can have called these shares supported."""
    right, wrong = _raised(found["sensitivity"], max(shares)), _raised(found["specificity"], 1 - min(shares))
    return {**found, "sensitivity": right, "specificity": wrong}


def _raised(rate: Mapping[str, Any], least: float) -> dict[str, Any]:
    return {key: value if value is None else max(value, least) for key, value in rate.items()}


def _fits(metric: Mapping[str, Any], found: Found) -> bool:
    """Whether the share may be one of answers like those that people judged, by the near ends of the intervals."""
    low, high = (metric["value"] if metric[end] is None else metric[end] for end in ("low", "high"))
    right, wrong = (
        found[rate]["value"] if found[rate]["high"] is None else found[rate]["high"]
        for rate in ("sensitivity", "specificity")
    )
    return bool(low <= right and high >= 1 - wrong)


@dataclass(frozen=True, slots=True)
class Shares:
    """A judged share in two runs: their standard errors, and half the width of the interval of the paired difference,
    None where there is none. All three are 0 for a sample that is taken as it is."""

    first: float
    second: float
    half: float | None = 0.0
    first_error: float = 0.0
    second_error: float = 0.0


@dataclass(frozen=True, slots=True)
class Difference:
    """Two corrected shares, and the second less the first.

    `scale` is how much larger a difference is than it was judged. `p` is given where two different judges judged: one
    and the same turns both shares by one line, which changes no test.
    """

    first: float
    second: float
    difference: Bounded
    scale: float
    p: float | None = None


def corrected_difference(shares: Shares, first: Found, second: Found, *, same: bool) -> Difference | None:
    """With what is known of the judge of either run; `same` says that one and the same judged both. None where one is
    hardly better than chance."""
    if _by_chance(first) or _by_chance(second):
        return None
    first, second = fitting_both(shares, first, second, same=same)
    before, after = _straight(shares.first, first), _straight(shares.second, second)
    scale = 1 / min(_width(first), _width(second))
    value = after - before
    rng = np.random.default_rng(SEED)
    rates = _rates(first, rng), _rates(second, rng)
    if shares.half is None or rates[0] is None or rates[1] is None:
        return Difference(before, after, Bounded(value), scale)
    if same:
        drawn = (shares.second - shares.first + shares.half / NORMAL * rng.standard_normal(DRAWS)) / _apart(rates[0])
    else:
        one, other = _drawn_together(shares, shares.half / NORMAL, rng)
        drawn = _undone(other, rates[1]) - _undone(one, rates[0])
    low, high = (float(end) for end in np.quantile(drawn, [0.025, 0.975]))
    bounded = Bounded(value, min(low, value), max(high, value))
    return Difference(before, after, bounded, scale, None if same else _p(value, float(drawn.std())))


def fitting_both(shares: Shares, first: Found, second: Found, *, same: bool) -> tuple[Found, Found]:
    """What is known of the judge of either run, fitting to what it said there; of one and the same to what it said in
    both."""
    if same:
        return (both := fitting(first, shares.first, shares.second)), both
    return fitting(first, shares.first), fitting(second, shares.second)


def _drawn_together(shares: Shares, error: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Both shares as normal, as far together as the standard error of their paired difference says."""
    one, other = rng.standard_normal(DRAWS), rng.standard_normal(DRAWS)
    common = (shares.first_error**2 + shares.second_error**2 - error**2) / 2
    slope = common / shares.first_error if shares.first_error else 0.0
    alone = math.sqrt(max(0.0, shares.second_error**2 - slope**2))
    return shares.first + shares.first_error * one, shares.second + slope * one + alone * other


def _by_chance(found: Found) -> bool:
    rates = found["sensitivity"]["value"], found["specificity"]["value"]
    return None in rates or sum(rates) <= CHANCE


def _straight(share: float, found: Found) -> float:
    """Of a judge that fits to the share: cut to 0 and 1 are only errors of rounding."""
    return min(1.0, max(0.0, float((share + found["specificity"]["value"] - 1) / _width(found))))


def _width(found: Found) -> float:
    return float(found["sensitivity"]["value"] + found["specificity"]["value"] - 1)


def _rates(found: Found, rng: np.random.Generator) -> Rates | None:
    """None where one has no interval."""
    held = round(found["n"] * found["base_rate"])
    right = _drawn(found["sensitivity"], held, rng)
    wrong = _drawn(found["specificity"], found["n"] - held, rng)
    return None if right is None or wrong is None else (right, wrong)


def _apart(rates: Rates) -> Floats:
    return np.maximum(rates[0] + rates[1] - 1, NARROWEST)


def _undone(share: Floats, rates: Rates) -> Floats:
    return (share + rates[1] - 1) / _apart(rates)


def _drawn(one: Mapping[str, Any], units: int, rng: np.random.Generator) -> Floats | None:
    """Draws of a share that spread as its interval says: as over so many independent units as would have one as wide,
    at most those there are. None without an interval."""
    value, low, high = one["value"], one["low"], one["high"]
    if low is None or high is None:
        return None
    error = max(value - low, high - value) / NORMAL
    alike = value in (0, 1) or error == 0
    independent = units if alike else max(1.0, min(units, value * (1 - value) / error**2))
    return rng.beta(value * independent + 0.5, (1 - value) * independent + 0.5, DRAWS)


def _p(value: float, error: float) -> float:
    return math.erfc(abs(value) / error / math.sqrt(2)) if error else float(value == 0)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4) + 0.0
