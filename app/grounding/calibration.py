"""From measures to a probability of support. The weights are fitted by `python -m eval.ground_fit` on human labels.

The probability is that of a statement which is as likely to be supported as not before one looks at it.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

from app.grounding.alignment import Measures

STEEP = 3.0  # how far an answer's score follows its weakest statement
ENOUGH = 4  # statements from which on what an answer adds of its own counts in full


@dataclass(frozen=True, slots=True)
class Weights:
    """A statement's logit is `bias + sum(weight * measure)`; an answer's: see `answer_terms`."""

    bias: float
    measures: dict[str, float]
    answer: dict[str, float]


@functools.cache
def shipped() -> Weights:
    found = json.loads(resources.files("app.grounding").joinpath("weights.json").read_text("utf-8"))
    return Weights(found["bias"], found["measures"], found["answer"])


def logit(measures: Measures, weights: Weights | None = None) -> float:
    weights = weights or shipped()
    return weights.bias + sum(weight * measures[name] for name, weight in weights.measures.items())


def probability(value: float) -> float:
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, value))))


def logit_of(value: float) -> float:
    value = min(max(value, 0.001), 0.999)
    return math.log(value / (1 - value))


def answer_terms(logits: Sequence[float], novelties: Sequence[float]) -> dict[str, float]:
    """What an answer's logit is made of: its weakest statement, and in longer answers how much of it is new."""
    least = min(logits)
    weakest = least - math.log(sum(math.exp(-STEEP * (value - least)) for value in logits)) / STEEP
    long = min(1.0, (len(logits) - 1) / (ENOUGH - 1))
    mean = sum(novelties) / len(novelties)
    return {"weakest": weakest, "long": long, "long_and_new": long * mean, "all_new": long * math.log1p(sum(novelties))}


def answer_probability(logits: Sequence[float], novelties: Sequence[float], weights: Weights | None = None) -> float:
    """How likely it is that everything an answer says is supported; its statements' logits and shares of new words."""
    weights = weights or shipped()
    terms = answer_terms(logits, novelties)
    return probability(sum(weights.answer[name] * value for name, value in terms.items()))
