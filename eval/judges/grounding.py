"""The grounding gate against people's labels, beside its floors, and how long it takes."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from app.commands.ground_command import source_of
from app.grounding.judgement import Opinion
from app.judging.check import Checker
from eval.judges.gate_judge import overlap
from eval.judges.human_labels import Kind, Labelled, read_labelled
from eval.stats import DRAWS, FEWEST, SEED, auroc

HEAD = (
    f"{'part':<14}{'n':>6}{'held':>6}{'sources':>9}  {'balanced accuracy':<25}{'by label':>9}  "
    f"{'AUROC':<25}{'overlap':>8}"
)
COUNTED = 0.5  # a score from which an answer counts as supported


@dataclass(frozen=True, slots=True)
class Scored:
    """One labelled answer with the gate's score and its share of words that the sources have."""

    item: Labelled
    score: float
    supported: bool
    overlap: float


def measure(path: Path, kind: Kind | None, split: str | None, opinion: Opinion | None = None) -> dict[str, Any]:
    """Balanced accuracy and AUROC a part and over all, their floors, and milliseconds a statement.

    `opinion` is asked about every statement, too.
    """
    items = [one for one in read_labelled(path, kind) if split in (None, one.split)]
    scored, claims, seconds = _scored(items, opinion)
    parts: dict[str, list[Scored]] = defaultdict(list)
    for one in scored:
        parts[one.item.part].append(one)
    if len(parts) > 1:
        parts["all"] = scored
    return {
        "file": path.name,
        "split": split or "all",
        "items": len(items),
        "without_claims": len(items) - len(scored),
        "parts": {name: _part(those) for name, those in parts.items()},
        "statements": claims,
        "ms_per_statement": round(seconds * 1000 / max(1, claims), 2),
    }


def _scored(items: Sequence[Labelled], opinion: Opinion | None) -> tuple[list[Scored], int, float]:
    found, claims, seconds = [], 0, 0.0
    sources: tuple[str, ...] = ()
    checker = Checker([])
    for item in items:
        began = time.perf_counter()
        if item.sources != sources:
            sources = item.sources
            checker = Checker([source_of(text, "source") for text in sources], opinion)
        checked = checker.check(item.answer)
        seconds += time.perf_counter() - began
        claims += sum(one.support != "not_a_claim" for one in checked.statements)
        if checked.score is not None:
            shared = overlap(item.answer, " ".join(item.sources))
            found.append(Scored(item, checked.score, checked.status == "supported", shared))
    return found, claims, seconds


def _part(scored: Sequence[Scored]) -> dict[str, Any]:
    def balanced(those: Sequence[Scored]) -> float | None:
        return _balanced(those, lambda one: one.score >= COUNTED)

    def ranked(those: Sequence[Scored]) -> float | None:
        return _auroc(those, lambda one: one.score)

    return {
        "n": len(scored),
        "supported": sum(one.item.supported for one in scored),
        "sources": len({one.item.group for one in scored}),
        "balanced_accuracy": {**_with_interval(scored, balanced), "floors": {"always": 0.5, "never": 0.5}},
        "labels_balanced_accuracy": _balanced(scored, lambda one: one.supported),
        "auroc": {
            **_with_interval(scored, ranked),
            "floors": {"chance": 0.5, "word_overlap": _auroc(scored, lambda one: one.overlap)},
        },
        "spearman": _correlated(scored),
    }


def _correlated(scored: Sequence[Scored]) -> dict[str, Any] | None:
    """Spearman's correlation with people's ratings, where they gave some; None where not."""
    from scipy.stats import spearmanr

    if any(one.item.rating is None for one in scored):
        return None

    def with_ratings(those: Sequence[Scored], score: Callable[[Scored], float]) -> float | None:
        ratings = [one.item.rating for one in those]
        return float(spearmanr([score(one) for one in those], ratings).statistic) if len(set(ratings)) > 1 else None

    value = _with_interval(scored, lambda those: with_ratings(those, lambda one: one.score))
    return {**value, "floors": {"chance": 0.0, "word_overlap": with_ratings(scored, lambda one: one.overlap)}}


def _balanced(scored: Iterable[Scored], says: Callable[[Scored], bool]) -> float | None:
    """The mean of the share of the supported that it accepts and of the others that it rejects."""
    right: dict[bool, list[bool]] = {True: [], False: []}
    for one in scored:
        right[one.item.supported].append(says(one) == one.item.supported)
    if not all(right.values()):
        return None
    return sum(sum(those) / len(those) for those in right.values()) / 2


def _auroc(scored: Sequence[Scored], score: Callable[[Scored], float]) -> float | None:
    """How often a supported answer scores above one that is not; ties count half."""
    sides: dict[bool, list[float]] = {True: [], False: []}
    for one in scored:
        sides[one.item.supported].append(score(one))
    return auroc(sides[True], sides[False])


def _with_interval(scored: Sequence[Scored], metric: Callable[[Sequence[Scored]], float | None]) -> dict[str, Any]:
    """The value and its 95 % interval: Student's t on the spread of seeded draws of sources.

    With fewer than 8 sources answers are drawn instead, and `over` says so: such an interval is too narrow.
    """
    from scipy.stats import t

    groups: dict[str, list[Scored]] = defaultdict(list)
    for one in scored:
        groups[one.item.group].append(one)
    over = "sources" if len(groups) >= FEWEST else "answers"
    units = list(groups.values()) if over == "sources" else [[one] for one in scored]
    value = metric(scored)
    if value is None or len(units) < FEWEST:
        return {"value": value, "low": None, "high": None, "over": over}
    random = np.random.default_rng([SEED, len(units)])
    drawn = []
    for _ in range(DRAWS // 4):
        found = metric([one for index in random.integers(0, len(units), len(units)) for one in units[index]])
        if found is not None:
            drawn.append(found)
    half = float(np.std(drawn)) * float(t.ppf(0.975, len(units) - 1))
    return {"value": value, "low": max(0.0, value - half), "high": min(1.0, value + half), "over": over}


def report(result: dict[str, Any]) -> str:
    """The same as a table for people."""
    lines = [
        f"{result['file']}, split {result['split']}: {result['items']} answers",
        f"{result['without_claims']} of them claim nothing and are left out",
        f"{result['statements']} statements, {result['ms_per_statement']} ms each, sources read included",
        "",
        HEAD,
    ]
    for name, part in result["parts"].items():
        lines.append(
            f"{name:<14}{part['n']:>6}{part['supported']:>6}{part['sources']:>9}  "
            f"{_interval(part['balanced_accuracy']):<25}{_number(part['labels_balanced_accuracy']):>9}  "
            f"{_interval(part['auroc']):<25}{_number(part['auroc']['floors']['word_overlap']):>8}"
        )
    for name, part in result["parts"].items():
        if found := part["spearman"]:
            lines.append(
                f"\n{name}: Spearman's correlation with people's ratings {_interval(found)}, "
                f"word overlap {_number(found['floors']['word_overlap'])}"
            )
    lines += [
        "",
        f"An answer counts as supported from a score of {COUNTED}; by label: where every claim is labelled supported.",
        "Floors: always or never supported 0.500 balanced accuracy; chance 0.500 AUROC; overlap: share of words.",
        "Intervals are 95 %, over sources; a * marks fewer than 8 sources, where answers were drawn.",
    ]
    return "\n".join(lines) + "\n"


def _number(value: float | None) -> str:
    return "unmeasured" if value is None else f"{value:.3f}"


def _interval(value: dict[str, Any]) -> str:
    if value["low"] is None:
        return _number(value["value"])
    shown: str = f"{_number(value['value'])} [{value['low']:.3f}, {value['high']:.3f}]" + "*" * (
        value["over"] == "answers"
    )
    return shown
