"""What the reader makes of the evidence: the sentences in the order in which they answer, and how likely one does."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from pathlib import Path

from app.evidence.candidates import Candidate, Evidence
from app.evidence.denials import DENIAL
from app.evidence.premise import ABOUT, MOST
from app.evidence.reader_model import Stance, Told, known, opened
from app.retrieval.rerank import Likelihoods
from indexing.errors import ModelError
from indexing.spans import Span

SHIPPED = "shipped"
LOOKED_AT = 8  # of the best sentences: four more are right a little oftener and take half as long again
FIRST = 3  # sentences that an answer shows
LEAST = 0.001  # a probability is never surer than this

Reads = Callable[[str, Sequence[str], Sequence[str]], Sequence[Told]]
"""A question, sentences, and what each is read with; how likely each answers, and with which words."""
Supports = Callable[[str, Sequence[str]], Stance]
"""A claim and sentences, read together; what they say to it."""


@dataclass(frozen=True, slots=True)
class Understood:
    """The evidence in its new order; `read` is how likely each of the first sentences answers, in that order."""

    evidence: Evidence
    read: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Seams:
    """How much the reader's word counts beside what else is known; fitted by `python -m eval train seams`.

    `rank` is added to a sentence's score for each unit of its logit. The likelihood of an answer becomes that of
    `bias + before * its logit + best * the best sentence's logit`.
    """

    rank: float
    before: float
    best: float
    bias: float

    @classmethod
    def of(cls, given: Mapping[str, float]) -> Seams:
        return cls(given["rank"], given["before"], given["best"], given["bias"])


@dataclass(frozen=True, slots=True)
class Reading:
    """The reader as the answer chain and the grounding gate use it."""

    reads: Reads
    seams: Seams
    supports: Supports


def reading(spec: str) -> Reading:
    """The reader that is `shipped`, opened once a process, or the one in a folder.

    ModelError where it is missing, was altered, or nobody fitted how much it counts.
    """
    return _shipped() if spec == SHIPPED else _opened(Path(spec))


def likelihoods(spec: str) -> Likelihoods:
    """How likely sentences answer, by the reader that `spec` names; the shipped one where it names none."""
    reads = reading(spec or SHIPPED).reads
    return lambda *given: [one.likely for one in reads(*given)]


@cache
def _shipped() -> Reading:
    with resources.as_file(resources.files("app.evidence") / "trained") as folder:
        return _opened(folder)


def _opened(folder: Path) -> Reading:
    about = known(folder)
    if "seams" not in about:
        raise ModelError(f"nobody fitted what the reader in {folder} counts; run: python -m eval train seams")
    reader = opened(folder)
    return Reading(reader.read, Seams.of(about["seams"]), reader.supports)


def odds(value: float) -> float:
    """The logit of a probability."""
    value = min(1 - LEAST, max(LEAST, value))
    return math.log(value / (1 - value))


def understood(evidence: Evidence, reading: Reading) -> Understood:
    """The best sentences read one by one and ordered anew; those after them keep their place."""
    best, rest = evidence.ranked[:LOOKED_AT], evidence.ranked[LOOKED_AT:]
    if not best:
        return Understood(evidence, ())
    said = reading.reads(evidence.question, [one.text for one in best], [context(one) for one in best])
    values = [each.likely for each in said]
    middle = sum(map(odds, values)) / len(values)  # so that scores stay where thresholds expect them
    scored = [
        (
            replace(_told(one, each), score=one.score + reading.seams.rank * _lift(one, odds(each.likely) - middle)),
            each.likely,
        )
        for one, each in zip(best, said, strict=True)
    ]
    scored.sort(key=lambda pair: (-pair[0].score, pair[0].place))
    scored = _with_denials(best, scored)
    least = scored[-1][0].score
    after = [replace(one, score=min(one.score, least)) for one in rest]
    ranked = (*(one for one, _ in scored), *after)
    return Understood(replace(evidence, ranked=ranked), tuple(value for _, value in scored))


def _told(one: Candidate, said: Told) -> Candidate:
    """The sentence with how likely it answers, and how surely each of its short answers does: its surest token."""
    shorts = tuple(
        replace(
            short,
            told=max((told for start, end, told in said.tokens if short.span.overlaps(Span(start, end))), default=0.0),
        )
        for short in one.shorts
    )
    return replace(one, shorts=shorts if said.tokens else one.shorts, read=said.likely)


def heard(one: Candidate, evidence: Evidence, reading: Reading) -> Candidate:
    """A sentence of the evidence as the reader read it; it is read now where it was not among the best."""
    for other in evidence.ranked:
        if other.place == one.place and other.read is not None:
            return other
    (said,) = reading.reads(evidence.question, [one.text], [context(one)])
    return _told(one, said)


def _lift(one: Candidate, logit: float) -> float:
    """What is read of a sentence, beside the mean of all; what denies is not put back: to a question that supposes what
    is not so it is no answer, and yet what its asker must read."""
    return max(0.0, logit) if DENIAL.search(one.text) else logit


def _with_denials(before: Sequence[Candidate], scored: list[tuple[Candidate, float]]) -> list[tuple[Candidate, float]]:
    """The new order, in which a sentence that denies, speaks of what is asked and was among the first `FIRST` stays
    there, no farther from the best than it was: whoever reads the others must read it, too."""
    owed = {one.place: one.score - before[0].score for one in before[:FIRST] if _denies_it(one)}
    floor, top = scored[min(FIRST, len(scored)) - 1][0].score, scored[0][0].score
    raised = [
        (replace(one, score=max(one.score, floor, top + owed[one.place])) if one.place in owed else one, value)
        for one, value in scored
    ]
    return sorted(raised, key=lambda pair: (-pair[0].score, pair[0].place not in owed, pair[0].place))


def _denies_it(one: Candidate) -> bool:
    near = one.features.around >= ABOUT and one.features.names_around >= MOST
    return near and DENIAL.search(one.text) is not None


def likely_with(before: float, read: Sequence[float], seams: Seams) -> float:
    """How likely the documents answer, by all else and by what was read."""
    if not read or before == 0.0:
        return before
    total = seams.bias + seams.before * odds(before) + seams.best * odds(max(read))
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, total))))


def context(one: Candidate) -> str:
    """What a sentence is read with: the title of its document and the sentence before it."""
    before, title = one.before(), one.passage.document.metadata.title
    return " ".join(part for part in (f"{title}." if title else "", before.text if before else "") if part)
