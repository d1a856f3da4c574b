"""How much the reader's word counts beside what else is known, fitted on tuning items that it did not learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from app.evidence.answerability import answerability, threshold
from app.evidence.candidates import fitted
from app.evidence.reader_model import Reader
from app.evidence.understanding import LOOKED_AT, Seams, context, likely_with, odds
from eval.fitting.answers import WANTED, Weighed, tuning_items
from eval.training.questions import group_of, learned

SPREAD = 0.05  # how strongly weights are held near zero
MOST = 3.0  # of the weight in the order


@dataclass(frozen=True, slots=True)
class Read:
    """An item with what all else says of it and what the reader says of its best sentences."""

    kind: str
    before: float
    scores: tuple[float, ...]
    gold: tuple[bool, ...]
    read: tuple[float, ...]

    @classmethod
    def of(cls, item: Weighed, reader: Reader) -> Read:
        evidence = item.again(fitted())
        best = evidence.ranked[:LOOKED_AT]
        read = reader.answers(evidence.question, [one.text for one in best], [context(one) for one in best])
        gold = tuple(one.place in item.gold for one in best)
        return cls(item.kind, answerability(evidence), tuple(one.score for one in best), gold, tuple(read))


def fit(reader: Reader) -> Seams:
    """The weights; the threshold stays where it is, so the bias is set such that as many are answered at it."""
    items = [one for one in tuning_items() if one.kind and not learned(group_of(one))]
    return fitted_on([one for one in (Read.of(item, reader) for item in items) if one.read])


def fitted_on(given: Sequence[Read]) -> Seams:
    """The same of what was read."""
    rank = _rank([one for one in given if any(one.gold)])
    rows = [one for one in given if one.kind in ("answerable", "near") and one.before > 0]
    wanted = np.array([one.kind == "answerable" for one in rows], dtype=float)
    facts = np.array([[odds(one.before), odds(max(one.read)), 1.0] for one in rows])
    counted = np.where(wanted, 1.0, wanted.sum() / max(1.0, (1 - wanted).sum()))

    def loss(weights: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
        total = facts @ weights
        held = SPREAD * float(weights[:2] @ weights[:2])
        return held + float((counted * (np.logaddexp(0, total) - wanted * total)).mean())

    found = minimize(loss, np.array([1.0, 0.0, 0.0]), method="L-BFGS-B", bounds=[(0, None), (0, None), (None, None)]).x
    seams = Seams(rank, round(float(found[0]), 4), round(float(found[1]), 4), 0.0)
    values = sorted(odds(likely_with(one.before, one.read, seams)) for one in given if one.kind == "answerable")
    limit = values[int(len(values) * (1 - WANTED))] if values else 0.0
    return Seams(**{**asdict(seams), "bias": round(odds(threshold()) - limit + 0.001, 4)})


def _rank(given: Sequence[Read]) -> float:
    """The weight with which the sentences that are the evidence are likeliest to come first."""

    def loss(weight: float) -> float:
        total = 0.02 * weight
        for one in given:
            scores = np.array(one.scores) + weight * np.array(list(map(odds, one.read)))
            chance = np.exp(scores - scores.max())
            total -= float(np.log((chance * np.array(one.gold)).sum() / chance.sum()))
        return total

    return round(float(minimize_scalar(loss, bounds=(0.0, MOST), method="bounded").x), 4) if given else 0.0
