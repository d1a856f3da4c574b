"""How much a trained reader's word counts: as much as it is worth on the items that it is fitted on."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from app.evidence.answerability import threshold
from app.evidence.understanding import likely_with
from eval.training.seams import Read, fitted_on


def items(*, right: bool, seed: int) -> list[Read]:
    """Items in which the other measures know little, and a reader that is always right, or knows nothing."""
    rng = random.Random(seed)
    made = []
    for number in range(60):
        answerable = number % 2 == 0
        gold = rng.randrange(4) if answerable else -1
        read = tuple((0.9 if place == gold else 0.1) if right else rng.random() for place in range(4))
        scores = tuple(rng.random() for _ in range(4))
        before = rng.uniform(0.3, 0.7)
        made.append(
            Read("answerable" if answerable else "near", before, scores, tuple(p == gold for p in range(4)), read)
        )
    return made


@settings(max_examples=12)
@given(st.integers(0, 1000))
def test_a_reader_that_is_right_counts_and_one_that_guesses_counts_less(seed: int) -> None:
    good, bad = fitted_on(items(right=True, seed=seed)), fitted_on(items(right=False, seed=seed))
    assert good.rank > bad.rank >= 0 and good.best > bad.best >= 0
    assert good.best > 0.2 and good.rank > 1


@settings(max_examples=12)
@given(st.integers(0, 1000), st.booleans())
def test_at_the_threshold_that_there_is_most_of_the_answerable_are_answered(seed: int, right: bool) -> None:
    given = items(right=right, seed=seed)
    seams = fitted_on(given)
    wanted = [likely_with(one.before, one.read, seams) >= threshold() for one in given if one.kind == "answerable"]
    assert sum(wanted) / len(wanted) >= 0.9
