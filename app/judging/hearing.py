"""The trained reader as one more signal of the grounding gate: what it makes of a statement beside its sentences.

It moves a score and can lower a support by one step. It never raises one: on answers that people judged it knows no
better than the gate's other measures (docs/grounding.md), so it is asked only where the setting `gate_reader` says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.evidence.understanding import Supports, reading
from app.grounding import calibration
from app.grounding.judgement import BELOW_EVEN, EVEN, Judgement, Opinion
from app.judging.second_opinion import second_opinion
from app.settings import Settings
from indexing.errors import ModelError

COUNTS = 0.23  # of the reader's logit: from 0.6 on the tuning documents that it did not learn from rank worse
USUAL = 0.54  # its mean logit for statements of people's sets, at which it changes nothing
DOUBT = "the reader finds less in the cited sentences"


class Hearing:
    """Asks the reader about one statement at a time."""

    def __init__(self, supports: Supports) -> None:
        self._supports = supports

    def __call__(self, said: str, sentences: Sequence[str], judged: Judgement) -> Judgement:
        """The judgement with what the reader adds to its logit; where it fails, as it was."""
        if not sentences:
            return judged
        try:
            stance = self._supports(said, sentences)
        except ModelError as error:
            return replace(judged, reason=f"{judged.reason} (the reader was not heard: {error})")
        heard = COUNTS * (calibration.logit_of(stance.supported) - USUAL)
        if judged.score >= 1.0:  # the source's own words
            return replace(judged, heard=max(0.0, heard))
        score = calibration.probability(judged.logit + heard)
        if judged.score < EVEN:
            return replace(judged, heard=heard, score=min(score, BELOW_EVEN))
        if judged.support == "supported" and score < EVEN:
            return replace(judged, heard=heard, score=score).lowered("partly", DOUBT)
        return replace(judged, heard=heard, score=score)


def opinions(settings: Settings) -> Opinion | None:
    """All that is asked beside the gate's own measures: the reader, then a language model; None where neither is."""
    asked: list[Opinion] = []
    if settings.gate_reader and settings.reader:
        asked.append(Hearing(reading(settings.reader).supports))
    if (second := second_opinion(settings)) is not None:
        asked.append(second)
    return one_after_the_other(asked) if asked else None


def one_after_the_other(those: Sequence[Opinion]) -> Opinion:
    """Opinions as one, each asked about what the one before it left."""

    def ask(said: str, sentences: Sequence[str], judged: Judgement) -> Judgement:
        for each in those:
            judged = each(said, sentences, judged)
        return judged

    return ask
