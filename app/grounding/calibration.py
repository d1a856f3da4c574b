"""From measures to probabilities. The weights are fitted by `python -m eval.fitting.gate` on human labels.

A statement's probability is that of one which is as likely to be supported as not before one looks at it. Beside it
stands how likely it is that a statement adds nothing of its own, as models' answers do: the more statements an answer
has, the more there is to be wrong about, and one addition is enough. Beside that counts how much of an answer is in
words of its own: who says much in other words says other things sooner, even where none can be pointed at.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from importlib import resources

from app.grounding.alignment import Measures

STEEP = 3.0  # how far an answer's score follows its weakest statement
ENOUGH = 4  # statements from which on what an answer adds of its own counts in full
MANY = 3  # statements from which on an answer is judged by what it adds, not by its weakest statement


@dataclass(frozen=True, slots=True)
class Linear:
    """A statement's logit is `bias + sum(weight * measure)`."""

    bias: float
    measures: dict[str, float]


@dataclass(frozen=True, slots=True)
class Weights:
    """`support` of a statement, `pure` that it adds nothing; `few` and `many` of answers with so many statements."""

    support: Linear
    pure: Linear
    few: Linear
    many: Linear


@functools.cache
def shipped() -> Weights:
    found = json.loads(resources.files("app.grounding").joinpath("weights.json").read_text("utf-8"))
    return Weights(*(Linear(found[one.name]["bias"], found[one.name]["measures"]) for one in fields(Weights)))


def logit(measures: Measures, weights: Linear | None = None) -> float:
    """A weighted sum of measures, by the shipped weights of support where none are given."""
    weights = weights or shipped().support
    return weights.bias + sum(weight * measures[name] for name, weight in weights.measures.items())


def probability(value: float) -> float:
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, value))))


def logit_of(value: float) -> float:
    value = min(max(value, 0.001), 0.999)
    return math.log(value / (1 - value))


def answer_terms(logits: Sequence[float], novelties: Sequence[float]) -> Measures:
    """What a short answer's logit is made of: its weakest statement, and, the longer it is, how much of it is new."""
    long = min(1.0, (len(logits) - 1) / (ENOUGH - 1))
    mean = sum(novelties) / len(novelties)
    return {
        "weakest": _least(logits, STEEP),
        "long": long,
        "long_and_new": long * mean,
        "all_new": long * math.log1p(sum(novelties)),
    }


def nothing_added(pure: Sequence[float]) -> float:
    """The logit of no statement adding anything: the odds of each are summed, since one addition is enough.

    For small odds that is the chance of at least one among independent ones; with more statements it only falls.
    """
    return _least(pure, 1.0)


def addition_terms(pure: Sequence[float], novelties: Sequence[float], words: Sequence[int]) -> Measures:
    """What a longer answer's logit is made of: that no statement adds anything, and the share of its words that is new.

    `words` is how many each statement has.
    """
    new = sum(novelty * count for novelty, count in zip(novelties, words, strict=True))
    return {"pure": nothing_added(pure), "new": new / max(1, sum(words))}


def _least(values: Sequence[float], steep: float) -> float:
    least = min(values)
    return least - math.log(sum(math.exp(-steep * (value - least)) for value in values)) / steep


def answer_probability(
    logits: Sequence[float],
    novelties: Sequence[float],
    pure: Sequence[float],
    words: Sequence[int],
    heard: float = 0.0,
) -> float:
    """How likely it is that everything an answer says is supported: of each statement the logit of support, the share
    of new words, the logit of its adding nothing, and how many words it has.

    `heard` is the mean of what the reader added to the logits of support; a short answer's have it in them.
    """
    weights = shipped()
    if len(logits) >= MANY:
        return probability(logit(addition_terms(pure, novelties, words), weights.many) + heard)
    return probability(logit(answer_terms(logits, novelties), weights.few))
