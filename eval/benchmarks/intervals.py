"""`bench intervals`: whether the statistics keep their promises, on simulated runs whose truth is known.

Runs have few clusters of uneven sizes, in one world of very uneven ones; items of a cluster share its difficulty. Told
are how often a 95 % interval holds the truth, beside it a percentile bootstrap, and how often two runs of one system
are called different.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from eval.paired import mcnemar, paired
from eval.stats import Floats, draws, interval

Sizes = NDArray[np.int64]
CLUSTERS = (10, 20, 40)
ALPHA = 0.05
SIZE = 5.0  # items a cluster, on average; Poisson, and one more
UNEVEN = (
    0.8,
    1.2,
)  # mean and spread of the logarithm of very uneven sizes: half of the items are in a sixth of clusters


def _yes_no(mean: float, spread: float) -> Callable[[Generator, int], Floats]:
    """Chances of clusters: beta with this mean; a larger spread makes them less alike."""
    return lambda random, count: random.beta(mean / spread, (1 - mean) / spread, count)


def _even(random: Generator, count: int) -> Sizes:
    return random.poisson(SIZE - 1, count) + 1


def _uneven(random: Generator, count: int) -> Sizes:
    return np.maximum(1, np.exp(random.normal(*UNEVEN, count)).round()).astype(np.int64)


@dataclass(frozen=True, slots=True)
class World:
    """What is simulated: yes-or-no items, as refusals or supported statements, and the true share of yes."""

    truth: float
    chances: Callable[[Generator, int], Floats]
    sizes: Callable[[Generator, int], Sizes] = _even


WORLDS: Mapping[str, World] = {
    "half right": World(0.5, _yes_no(0.5, 0.25)),
    "mostly right": World(0.8, _yes_no(0.8, 0.25)),
    "nearly all right": World(0.93, _yes_no(0.93, 0.17)),
    "very uneven": World(0.8, _yes_no(0.8, 0.25), _uneven),
}


def bench_intervals(simulations: int, seed: int) -> dict[str, Any]:
    """Shares of simulations, by world and number of clusters."""
    random = np.random.default_rng(seed)
    rows = [
        {"world": name, "clusters": count, **_simulated(random, world, count, simulations)}
        for name, world in WORLDS.items()
        for count in CLUSTERS
    ]
    return {"simulations": simulations, "seed": seed, "rows": rows}


def _simulated(random: Generator, world: World, clusters: int, simulations: int) -> dict[str, float]:
    held = percentile = alarms = exact = 0
    for _ in range(simulations):
        sizes = world.sizes(random, clusters)
        of_cluster = np.repeat(np.arange(clusters), sizes)
        chance = world.chances(random, clusters)[of_cluster]
        first, second = ((random.random(len(chance)) < chance).astype(np.float64) for _ in range(2))
        counts = sizes.astype(np.float64)
        totals = np.bincount(of_cluster, first, clusters).astype(np.float64)
        bounds = interval(totals, counts)
        assert bounds is not None, "there are enough clusters"
        held += bounds.low <= world.truth <= bounds.high
        low, high = np.quantile(draws(totals, counts), [0.025, 0.975])
        percentile += bool(low <= world.truth <= high)
        others = np.bincount(of_cluster, second, clusters).astype(np.float64)
        found = paired((totals, counts), (others, counts), len(chance))
        alarms += found is not None and found.p is not None and found.p <= ALPHA
        split = mcnemar(list(zip(first.tolist(), second.tolist(), strict=True)))
        exact += split is not None and split.p <= ALPHA
    return {
        "coverage": held / simulations,
        "percentile_coverage": percentile / simulations,
        "false_alarms": alarms / simulations,
        "mcnemar_false_alarms": exact / simulations,
    }


def intervals_report(result: Mapping[str, Any]) -> str:
    """For people."""
    error = 1.96 * (0.05 * 0.95 / result["simulations"]) ** 0.5
    head = f"{'world':<20}{'clusters':>9}{'95 % holds':>12}{'(percentile)':>14}{'A/A differ':>12}{'(McNemar)':>11}"
    lines = [
        f"{result['simulations']} simulations each (seed {result['seed']}), so 0.95 means 0.95 ± {error:.3f}",
        head,
    ]
    lines += [
        f"{row['world']:<20}{row['clusters']:>9}{row['coverage']:>12.3f}{row['percentile_coverage']:>14.3f}"
        f"{row['false_alarms']:>12.3f}{row['mcnemar_false_alarms']:>11.3f}"
        for row in result["rows"]
    ]
    return "\n".join(lines)
