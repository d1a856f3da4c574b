"""Fit what ranks sentences and what tells answerable questions from others, on the tuning parts of suites.

`python -m eval fit` writes the constants that `candidates.py` and `answerability.py` in `app/evidence/` read. Four
steps, all convex, begun at zero, so that the same questions give the same constants:

1. a conditional logistic regression ranks the sentences of an item: the likelihood of those that are its evidence;
   a second one orders the best of them by how their words match, too;
2. a logistic regression tells off-topic items from others by how alike and how well covered the question is;
3. another over `app.evidence.signals.SIGNALS` tells answerable items from near misses, all of these together weighing
   as much as all of those; a signal that speaks for an answer may not weigh against it, nor the other way round;
4. the threshold is the highest at which the wanted share of the answerable items is answered.

Items without a split are divided by their place: the 1st, 3rd, ... are for tuning, the others for reporting.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from app.assistant import Assistant, build
from app.evidence.answerability import likelihood, on_topic, topical
from app.evidence.candidates import DEPTH, RANKED, RERANKED, Candidate, Evidence, Tokens, fitted, weigh
from app.evidence.signals import AGAINST, SIGNALS, signals
from app.evidence.understanding import Reading, likely_with, reading, understood
from app.indexer import run_index
from app.settings import load_settings
from eval.locate import Located, locate
from eval.stats import auroc
from eval.suite import FOLDER, Item, load_suite
from indexing.spans import Span

Array = npt.NDArray[np.float64]
Bounds = list[tuple[float | None, float | None]]
Part = Literal["tune", "report"]

SEEDS = FOLDER.parent.parent / "seeds"
SHIPPED = [FOLDER / f"{name}.jsonl" for name in ("seeds", "off_topic", "collection")]

SPREAD = 1.0  # how strongly weights are held near zero
TOPIC_SPREAD = 0.05  # ... of the three that tell the topic, which hardly overlap
WANTED = 0.96  # share of the answerable tuning items that the threshold must let through; of others it lets fewer
ANSWERABLE = "single_fact who_said numeric temporal why_how list comparison disagreement".split()
START = {"similarity": 1.0, "coverage": 0.4, "passage": 0.4}


@dataclass(frozen=True, slots=True)
class Weighed:
    """An item of a suite with all its sentences, and which of them are its evidence."""

    collection: str
    part: Part
    item: Item
    evidence: Evidence
    gold: frozenset[tuple[str, Span]]
    tokens: Tokens | None

    def again(self, fit: Mapping[str, Any]) -> Evidence:
        """The same, weighed by other constants."""
        return weigh(self.evidence.query, self.evidence.found, self.tokens, fit)

    @property
    def kind(self) -> str:
        """`answerable`, `near`, `off`, or nothing for what is neither (false premises, follow-ups)."""
        kinds = {"unanswerable_near": "near", "unanswerable_off": "off"} | dict.fromkeys(ANSWERABLE, "answerable")
        return kinds.get(self.item.type, "")


def weighed(path: Path, assistant: Assistant, collection: str) -> list[Weighed]:
    """Every item of a suite, searched in the collection of `assistant`."""
    suite = load_suite(path)
    located = locate(suite.items, assistant.collection.catalogue.find_document)
    found = []
    for place, one in enumerate(located):
        tokens = getattr(assistant.collection.embedder, "words", None)
        evidence = weigh(*assistant.look_up(one.item.question, one.item.turns()), fit={"rank": START})
        part: Part = ("tune", "report")[place % 2] if not one.item.split else _part(one.item.split)
        gold = frozenset(each.place for each in evidence.ranked if _is_gold(each, one))
        found.append(Weighed(collection, part, one.item, evidence, gold, tokens))
    return found


def _part(split: str) -> Part:
    return "tune" if split == "tune" else "report"


def _is_gold(candidate: Candidate, located: Located) -> bool:
    document, span = candidate.passage.document, candidate.sentence.span
    return any(
        evidence.file == document.name and any(span.contains(place) or place.contains(span) for place in places)
        for evidence, places in zip(located.item.evidence, located.places, strict=True)
    )


def fit(items: Sequence[Weighed], *, keep_ranking: bool = False) -> dict[str, Any]:
    """The constants, from the tuning items alone; those that rank sentences as they are shipped, if they are kept."""
    tuned = [one for one in items if one.part == "tune"]
    found = {name: fitted()[name] for name in ("rank", "rerank")} if keep_ranking else _fit_ranking(tuned)
    found["topic"] = topic = _fit_topic([one for one in tuned if one.kind])
    again = [(one, one.again(found)) for one in tuned if one.kind]
    rated = [(one, on_topic(each, topic), signals(each)) for one, each in again]
    answer = _fit_answer([(one, each) for one, _, each in rated])
    threshold = _threshold([(one, likelihood(likely, each, answer)) for one, likely, each in rated])
    return {**found, "answer": {**answer, "threshold": threshold}}


def _fit_ranking(tuned: Sequence[Weighed]) -> dict[str, Any]:
    with_gold = [one for one in tuned if one.gold]
    found: dict[str, Any] = {"rank": _fit_rank(RANKED, [(one.evidence.ranked, one.gold) for one in with_gold])}
    found["rerank"] = _fit_rank(
        RERANKED, [(one.again(found).ranked[:DEPTH], one.gold) for one in with_gold if one.tokens is not None]
    )
    return found


def _fit_rank(
    names: Sequence[str], items: Sequence[tuple[Sequence[Candidate], frozenset[tuple[str, Span]]]]
) -> dict[str, float]:
    data = []
    for ranked, places in items:
        gold = np.array([one.place in places for one in ranked])
        if gold.any():
            data.append((np.array([[getattr(one.features, name) for name in names] for one in ranked]), gold))

    def loss(weights: Array) -> tuple[float, Array]:
        total, slope = SPREAD * float(weights @ weights) / 2, SPREAD * weights
        for rows, gold in data:
            scores = np.exp(rows @ weights - (rows @ weights).max())
            chance, right = scores / scores.sum(), scores * gold / (scores * gold).sum()
            total -= float(np.log((scores * gold).sum() / scores.sum()))
            slope = slope + rows.T @ (chance - right)
        return total, slope

    found = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B", bounds=[(0, None)] * len(names))
    return {name: round(float(weight), 3) for name, weight in zip(names, found.x, strict=True)}


def _fit_topic(items: Sequence[Weighed]) -> dict[str, Any]:
    found = [topical(one.evidence) for one in items]
    names = list(found[0])
    rows = np.array([[*each.values(), 1.0] for each in found])
    wanted = np.array([one.kind != "off" for one in items], dtype=float)
    bounds: Bounds = [(None, 0) if name == "unknown" else (0, None) for name in names]
    *weights, bias = _logistic(rows, wanted, bounds, spread=TOPIC_SPREAD)
    return {"weights": dict(zip(names, weights, strict=True)), "bias": bias}


def _fit_answer(rated: Sequence[tuple[Weighed, Mapping[str, float]]]) -> dict[str, Any]:
    rated = [(one, found) for one, found in rated if one.kind != "off"]
    rows = np.array([[found[name] for name in SIGNALS] + [1.0] for _, found in rated])
    wanted = np.array([one.kind == "answerable" for one, _ in rated], dtype=float)
    bounds: Bounds = [(None, 0) if name in AGAINST else (0, None) for name in SIGNALS]
    *weights, bias = _logistic(rows, wanted, bounds)
    return {"weights": dict(zip(SIGNALS, weights, strict=True)), "bias": bias}


def _logistic(rows: Array, wanted: Array, bounds: Bounds, spread: float = SPREAD) -> list[float]:
    """The weights of a logistic regression, the constant last; both classes weigh the same."""
    counted = np.where(wanted, 1.0, wanted.sum() / max(1.0, (1 - wanted).sum()))

    def loss(weights: Array) -> tuple[float, Array]:
        odds, free = rows @ weights, np.append(weights[:-1], 0.0)
        slope = rows.T @ (counted * (1 / (1 + np.exp(-odds)) - wanted))
        total = float((counted * (np.logaddexp(0, odds) - wanted * odds)).sum())
        return total + spread * float(free @ free) / 2, slope + spread * free

    found = minimize(loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B", bounds=[*bounds, (None, None)])
    return [round(float(weight), 3) for weight in found.x]


def _threshold(rated: Sequence[tuple[Weighed, float]]) -> float:
    """The highest with which the WANTED share of the answerable is answered."""
    values = sorted(value for one, value in rated if one.kind == "answerable")
    return round(values[int(len(values) * (1 - WANTED))] - 0.0005, 3) if values else 0.5


# -- what it is worth --------------------------------------------------------------------------------------------------


def worth(items: Sequence[Weighed], constants: dict[str, Any], reading: Reading | None = None) -> list[dict[str, Any]]:
    """For each collection and part: AUROC, beside that of the highest similarity, and shares at the threshold.

    With `reading` a trained reader's word counts, too.
    """
    answer = constants["answer"]
    rows = []
    for name, part in sorted(
        {(one.collection, one.part) for one in items}, key=lambda pair: (pair[1] != "tune", pair[0])
    ):
        chosen = [one for one in items if (one.collection, one.part) == (name, part) and one.kind]
        again = [one.again(constants) for one in chosen]
        values = [likelihood(on_topic(each, constants["topic"]), signals(each), answer) for each in again]
        if reading is not None:
            read = [understood(each, reading) for each in again]
            again = [each.evidence for each in read]
            values = [likely_with(one, each.read, reading.seams) for one, each in zip(values, read, strict=True)]
        alike = [max((match.similarity for row in each.found.matches for match in row), default=0.0) for each in again]
        single = [(one, each) for one, each in zip(chosen, again, strict=True) if len(one.item.evidence) == 1]
        rows.append(
            {"collection": name, "part": part} | _row(chosen, values, alike, answer["threshold"], _shown(single))
        )
    return rows


def _row(
    items: Sequence[Weighed], values: Sequence[float], alike: Sequence[float], threshold: float, shown: float | None
) -> dict[str, Any]:
    def of(kind: str, given: Iterable[float]) -> list[float]:
        return [value for one, value in zip(items, given, strict=True) if one.kind == kind]

    def share(kind: str, holds: Callable[[float], bool]) -> float | None:
        found = of(kind, values)
        return sum(map(holds, found)) / len(found) if found else None

    answerable, near, off = (of(kind, values) for kind in ("answerable", "near", "off"))
    return {
        "answerable": len(answerable),
        "near": len(near),
        "off": len(off),
        "auroc_near": auroc(answerable, near),
        "auroc_near_similarity": auroc(of("answerable", alike), of("near", alike)),
        "auroc_off": auroc(answerable, off),
        "answered": share("answerable", lambda value: value >= threshold),
        "near_refused": share("near", lambda value: value < threshold),
        "off_refused": share("off", lambda value: value < threshold),
        "gold_in_top_3": shown,
    }


def _shown(items: Sequence[tuple[Weighed, Evidence]]) -> float | None:
    """How often one of the three best sentences is the evidence, of items with one."""
    hits = [any(each.place in one.gold for each in again.ranked[:3]) for one, again in items]
    return sum(hits) / len(hits) if hits else None


def report(rows: Sequence[dict[str, Any]]) -> str:
    """The rows as a table for people."""
    names = list(rows[0])
    head = f"{'collection':<18}{'part':<8}" + "".join(f"{name:>{len(name) + 2}}" for name in names[2:])
    lines = [head]
    for row in rows:
        cells = "".join(f"{_cell(row[name]):>{len(name) + 2}}" for name in names[2:])
        lines.append(f"{row['collection']:<18}{row['part']:<8}{cells}")
    return "\n".join(lines)


def _cell(value: float | None) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.3f}"


# -- the command -------------------------------------------------------------------------------------------------------


def calibrate(also: Sequence[tuple[Path, Path]], out: Path | None, *, keep_ranking: bool = False) -> dict[str, Any]:
    """Fit on the shipped suites and on `also`, pairs of a suite and the home of its collection; write to `out`.

    Returns the constants with what they are worth on both parts of every collection.
    """
    items = all_items(also)
    constants = fit(items, keep_ranking=keep_ranking)
    constants["about"] = {
        "made_by": "python -m eval fit"
        + " --keep-ranking" * keep_ranking
        + "".join(f" --also {suite.name} HOME" for suite, _ in also),
        "tuned_on": dict(Counter(f"{one.collection} {one.kind}" for one in items if one.part == "tune" and one.kind)),
    }
    if out is not None:
        out.write_text(json.dumps(constants, indent=1) + "\n", encoding="utf-8", newline="\n")
    return {**constants, "worth": worth(items, constants)}


def shipped_worth(also: Sequence[tuple[Path, Path]], reader: str = "") -> list[dict[str, Any]]:
    """What the shipped constants are worth on the same suites, with a reader (as in the settings) or without."""
    return worth(all_items(also), fitted(), reading(reader) if reader else None)


def all_items(also: Sequence[tuple[Path, Path]]) -> list[Weighed]:
    """Every item of the shipped suites and of `also`, with what retrieval finds for it."""
    items: list[Weighed] = []
    with ExitStack() as stack:
        homes: dict[tuple[Path, ...], Assistant] = {}
        for path in filter(Path.is_file, SHIPPED):
            documents = load_suite(path).documents() or (SEEDS,)
            if documents not in homes:
                home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="onrecord-eval-")))
                run_index(load_settings({"home": home}), list(documents))
                homes[documents] = _opened(home, stack)
            items += weighed(path, homes[documents], documents[0].name)
        for path, home in also:
            items += weighed(path, _opened(home, stack), home.name)
    return items


def tuning_items() -> list[Weighed]:
    """The tuning items of the shipped suites, with what our own retrieval ranks best for each."""
    return [one for one in all_items(()) if one.part == "tune"]


def _opened(home: Path, stack: ExitStack) -> Assistant:
    assistant = build(load_settings({"home": home, "reader": ""}))
    stack.enter_context(assistant.collection)
    return assistant
