"""What readers are worth to the answer chain: the same questions read by each, with intervals drawn over documents."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.evidence.answerability import answerability
from app.evidence.candidates import Evidence, fitted
from app.evidence.reader_model import Reader, Stance, Told
from app.evidence.understanding import LOOKED_AT, Reading, Seams, context, likely_with, understood
from eval.fitting.answers import Weighed
from eval.stats import auroc
from eval.training.questions import group_of, learned
from eval.training.seams import Read, fitted_on

SEED = 20260
TIMES = 300  # draws of documents
ANSWERED = 0.9  # share of the answerable that is answered where refusals of near misses are counted

Figures = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its evidence as it is weighed without a reader, and how likely that has an answer."""

    item: Weighed
    evidence: Evidence
    before: float

    @classmethod
    def of(cls, item: Weighed) -> Asked:
        evidence = item.again(fitted())
        return cls(item, evidence, answerability(evidence))

    @property
    def best(self) -> list[tuple[str, str]]:
        """The sentences that a reader reads, each with what it is read with."""
        return [(one.text, context(one)) for one in self.evidence.ranked[:LOOKED_AT]]

    def read(self, values: Sequence[float]) -> Read:
        """With what a reader said, as its weights are fitted on it."""
        best = self.evidence.ranked[:LOOKED_AT]
        gold = tuple(one.place in self.item.gold for one in best)
        return Read(self.item.kind, self.before, tuple(one.score for one in best), gold, tuple(values))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a question; `shown` is None where it has no single evidence."""

    cluster: str
    kind: str
    likely: float
    shown: bool | None


def read_all(asked: Sequence[Asked], reader: Reader, kept: Path) -> list[list[float]]:
    """What the reader says of the best sentences of each question, from the file `kept` where it said so before."""
    texts = [[one.evidence.question, *one.best] for one in asked]
    name = hashlib.sha256(json.dumps(texts).encode()).hexdigest()
    if kept.exists() and (found := json.loads(kept.read_text(encoding="utf-8")))["questions"] == name:
        return list(found["values"])
    values = []
    for one in asked:
        best = one.best
        values.append(reader.answers(one.evidence.question, [text for text, _ in best], [beside for _, beside in best]))
    kept.write_text(json.dumps({"questions": name, "values": values}) + "\n", encoding="utf-8")
    return values


def outcomes(asked: Sequence[Asked], values: Sequence[Sequence[float]] | None) -> dict[str, list[Outcome]]:
    """What becomes of the reported questions of each collection, without a reader or with what one said.

    How much its word counts is fitted on the tuning questions about documents that no reader learnt from; collections
    beside the shipped ones are reported whole.
    """
    if values is None:
        return _grouped([(one, one.evidence, one.before) for one in asked])
    both = list(zip(asked, values, strict=True))
    tuned = [one.read(said) for one, said in both if said and _tunes(one.item)]
    seams = fitted_on(tuned)
    return _grouped([_with(one, said, seams) for one, said in both])


def _tunes(item: Weighed) -> bool:
    return item.collection in OURS and item.part == "tune" and not learned(group_of(item))


OURS = ("seeds", "collection")


def _with(one: Asked, said: Sequence[float], seams: Seams) -> tuple[Asked, Evidence, float]:
    if not said:
        return one, one.evidence, one.before
    again = understood(one.evidence, Reading(lambda *_: list(map(Told, said)), seams, lambda *_: Stance(0.0, 0.0, 1.0)))
    return one, again.evidence, likely_with(one.before, said, seams)


def _grouped(given: Sequence[tuple[Asked, Evidence, float]]) -> dict[str, list[Outcome]]:
    found: dict[str, list[Outcome]] = {}
    for one, evidence, likely in given:
        item = one.item
        if item.collection in OURS and item.part == "tune":
            continue
        single = len(item.item.evidence) == 1
        shown = any(each.place in item.gold for each in evidence.ranked[:3]) if single else None
        cluster = item.item.cluster or item.item.id
        found.setdefault(item.collection, []).append(Outcome(cluster, item.kind, likely, shown))
    return found


def figures(given: Sequence[Outcome]) -> Figures:
    """How often evidence is among the first three sentences, and how well near misses are told."""
    shown = [one.shown for one in given if one.shown is not None and one.kind == "answerable"]
    yes, near = ([one.likely for one in given if one.kind == kind] for kind in ("answerable", "near"))
    limit = sorted(yes)[int((1 - ANSWERED) * len(yes))] if yes else 0.0
    return {
        "first_3": sum(shown) / len(shown) if shown else None,
        "auroc_near": auroc(yes, near),
        "near_refused": sum(one < limit for one in near) / len(near) if near else None,
    }


def spread(given: Sequence[Outcome], of: Callable[[Sequence[Outcome]], Figures] = figures) -> dict[str, list[float]]:
    """95 % intervals of the same, drawn over documents."""
    rng, clusters = np.random.default_rng(SEED), dict[str, list[Outcome]]()
    for one in given:
        clusters.setdefault(one.cluster, []).append(one)
    groups, drawn = list(clusters.values()), dict[str, list[float]]()
    for _ in range(TIMES):
        for name, value in of([one for at in rng.integers(0, len(groups), len(groups)) for one in groups[at]]).items():
            if value is not None:
                drawn.setdefault(name, []).append(value)
    return {name: [float(np.quantile(some, at)) for at in (0.025, 0.975)] for name, some in drawn.items()}


def measured(given: Mapping[str, Sequence[Outcome]]) -> dict[str, dict[str, object]]:
    """For each collection how many questions, and each figure with its interval."""
    found: dict[str, dict[str, object]] = {}
    for name, some in sorted(given.items()):
        values, limits = figures(some), spread(some)
        found[name] = {
            "n": {
                "first_3": sum(one.shown is not None and one.kind == "answerable" for one in some),
                "answerable": sum(one.kind == "answerable" for one in some),
                "near": sum(one.kind == "near" for one in some),
            },
            **{
                key: None if value is None else [round(one, 3) for one in (value, *limits[key])]
                for key, value in values.items()
            },
        }
    return found
