"""How far a judge can be believed: its labels beside people's.

Definitions: kappa is Cohen's (1960); balanced accuracy the mean of sensitivity (supported, and said to be) and
specificity (not supported, and said not to be). `correction.py` takes a judge's errors out of a judged share.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
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
    return bins([(one.score, one.held) for one in votes if one.score is not None])


def bins(scored: Sequence[tuple[float, bool]]) -> list[dict[str, float]]:
    """The same of scores, each with whether it holds."""
    rows = np.array(sorted(scored), dtype=float).reshape(-1, 2)
    parts = [part for part in np.array_split(rows, BINS) if len(part)]
    return [
        {"score": round(float(part[:, 0].mean()), 4), "held": round(float(part[:, 1].mean()), 4), "n": len(part)}
        for part in parts
    ]


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
