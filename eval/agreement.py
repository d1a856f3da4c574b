"""How far a judge can be believed: its labels beside people's, and a judged share corrected for its errors.

Definitions: kappa is Cohen's (1960); balanced accuracy the mean of sensitivity (supported, and said to be) and
specificity (not supported, and said not to be); the corrected share is Rogan and Gladen's (1978),
(share + specificity - 1) / (sensitivity + specificity - 1).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from eval import stats

DRAWS, SEED, BINS = 2000, 1, 10
FEWEST = 8  # clusters; with fewer no interval is given


@dataclass(frozen=True, slots=True)
class Vote:
    """One thing that was judged: what people say, the judge's labels over its repeats, and its score, if it has one.

    `group` is the source it is about: what is drawn together.
    """

    group: str
    held: bool
    labels: tuple[bool, ...]
    score: float | None = None

    @property
    def label(self) -> bool:
        """The first: a run asks once."""
        return self.labels[0]


def agreement(votes: Sequence[Vote]) -> dict[str, Any]:
    """Everything about a judge on one labelled set. None where a figure has no meaning (one side is empty)."""
    return {
        "n": len(votes),
        "sources": len({one.group for one in votes}),
        "base_rate": _share([one.held for one in votes]),
        "says_supported": _share([one.label for one in votes]),
        **{name: {"value": metric(votes), **_interval(votes, metric)} for name, metric in METRICS.items()},
        "self_consistency": _share([len(set(one.labels)) == 1 for one in votes]) if _repeated(votes) else None,
        "reliability": reliability(votes),
        "constant": len({one.label for one in votes}) < 2,
    }


def kappa(votes: Sequence[Vote]) -> float | None:
    agreed = _share([one.label == one.held for one in votes])
    held, said = _share([one.held for one in votes]), _share([one.label for one in votes])
    if agreed is None or held is None or said is None:
        return None
    chance = held * said + (1 - held) * (1 - said)
    return None if chance == 1 else (agreed - chance) / (1 - chance)


def sensitivity(votes: Sequence[Vote]) -> float | None:
    return _share([one.label for one in votes if one.held])


def specificity(votes: Sequence[Vote]) -> float | None:
    return _share([not one.label for one in votes if not one.held])


def balanced_accuracy(votes: Sequence[Vote]) -> float | None:
    right, left = sensitivity(votes), specificity(votes)
    return None if right is None or left is None else (right + left) / 2


def auroc(votes: Sequence[Vote]) -> float | None:
    """How often what holds scores above what does not; ties count half."""
    scored = [(one.held, one.score) for one in votes if one.score is not None]
    return stats.auroc([score for held, score in scored if held], [score for held, score in scored if not held])


METRICS: dict[str, Callable[[Sequence[Vote]], float | None]] = {
    "kappa": kappa,
    "balanced_accuracy": balanced_accuracy,
    "sensitivity": sensitivity,
    "specificity": specificity,
    "auroc": auroc,
}


def reliability(votes: Sequence[Vote]) -> list[dict[str, float]]:
    """Scores in up to ten parts of one size: the mean score, how often people agree that it holds, and how many."""
    scored = sorted((one.score, one.held) for one in votes if one.score is not None)
    parts = [part for part in np.array_split(np.array(scored, dtype=float).reshape(-1, 2), BINS) if len(part)]
    return [
        {"score": round(float(part[:, 0].mean()), 4), "held": round(float(part[:, 1].mean()), 4), "n": len(part)}
        for part in parts
    ]


def corrected(metric: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, float | None]:
    """A judged share with the judge's errors taken out, and a 95 % interval that has those errors' own doubt in it.

    `metric` has value, low, high, n; `found` is an `agreement`. Each of the three shares is drawn with the spread that
    its own interval over clusters has. None where the judge is no better than chance: nothing can be corrected by it;
    no bounds where one of the three has too few clusters for an interval.
    """
    share, n = metric["value"], metric["n"]
    right, wrong = found["sensitivity"]["value"], found["specificity"]["value"]
    if right is None or wrong is None or right + wrong <= 1.02 or not n:
        return {"value": None, "low": None, "high": None}
    value = min(1.0, max(0.0, (share + wrong - 1) / (right + wrong - 1)))
    held = round(found["n"] * found["base_rate"])
    rng = np.random.default_rng(SEED)
    shares = [
        _drawn(one, units, rng)
        for one, units in ((metric, n), (found["sensitivity"], held), (found["specificity"], found["n"] - held))
    ]
    if any(drawn is None for drawn in shares):
        return {"value": round(value, 4), "low": None, "high": None}
    drawn_share, drawn_right, drawn_wrong = shares
    width = np.maximum(drawn_right + drawn_wrong - 1, 1e-3)
    low, high = np.quantile(np.clip((drawn_share + drawn_wrong - 1) / width, 0, 1), [0.025, 0.975])
    return {"value": round(value, 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def _drawn(one: Mapping[str, Any], units: int, rng: np.random.Generator) -> Any:
    """Draws of a share that spread as its interval says: as over so many independent units as would have one as wide,
    at most those there are. None without an interval."""
    value, low, high = one["value"], one["low"], one["high"]
    if low is None or high is None:
        return None
    error = max(value - low, high - value) / 1.96
    alike = value in (0, 1) or error == 0
    units = units if alike else max(1.0, min(units, value * (1 - value) / error**2))
    return rng.beta(value * units + 0.5, (1 - value) * units + 0.5, DRAWS)


def _interval(votes: Sequence[Vote], metric: Callable[[Sequence[Vote]], float | None]) -> dict[str, float | None]:
    """By drawing sources with replacement, seeded, with Student's t over the draws' spread."""
    from scipy.stats import t

    groups: dict[str, list[Vote]] = defaultdict(list)
    for one in votes:
        groups[one.group].append(one)
    value = metric(votes)
    if len(groups) < FEWEST or value is None:
        return {"low": None, "high": None}
    members, rng = list(groups.values()), np.random.default_rng(SEED)
    drawn: list[float] = []
    for _ in range(DRAWS // 10):
        chosen = rng.integers(0, len(members), len(members))
        again = metric([vote for at in chosen for vote in members[at]])
        if again is not None:
            drawn.append(again)
    spread = float(np.std(drawn, ddof=1)) * float(t.ppf(0.975, len(groups) - 1))
    return {"low": round(max(-1.0, value - spread), 4), "high": round(min(1.0, value + spread), 4)}


def _repeated(votes: Sequence[Vote]) -> bool:
    return any(len(one.labels) > 1 for one in votes)


def _share(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None
