"""Fits the grounding gate's weights on human labels: `python -m eval.fitting.gate SUMMEDITS.jsonl RAGTRUTH.jsonl`.

Regularised logistic regressions, the first two over the measures of `app.grounding.alignment`. `support`: a SummEdits
item is as good as its weakest statement; RAGTruth's spans say of each statement whether it holds; every part counts the
same, and in each the supported and the others. `pure`: RAGTruth's statements alone, which models wrote freely and which
therefore add. `few`: of both sets' answers. `many`: of RAGTruth's, each statement's `pure` told by weights that were
fitted on other sources. Only the `tune` split is used. There is no chance in it: the same files give the same weights.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.commands.ground_command import source_of
from app.grounding import calibration
from app.grounding.wording import WORD, is_claim
from app.judging.check import Checker, statements_of
from eval.judges.human_labels import Labelled, read_labelled

Floats = NDArray[np.float64]
PENALTY = 0.003  # of the squared weights of standardised measures
RAGTRUTH = 0.05  # how much a part of RAGTruth counts beside one of SummEdits
PURE_PENALTY = 0.01
FOLDS = 4


@dataclass(frozen=True, slots=True)
class Group:
    """Statements that a label is about together: all must hold where it says so."""

    rows: Floats
    supported: bool
    part: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim's measures, whether it holds where the item has spans, and how many words it has."""

    measures: dict[str, float]
    holds: bool | None
    words: int


def measured(items: Sequence[Labelled]) -> list[tuple[Labelled, list[Claim]]]:
    """Each item with its claims; those that claim nothing are left out."""
    checkers: dict[tuple[str, ...], Checker] = {}
    found = []
    for item in items:
        if item.sources not in checkers:
            checkers = {item.sources: Checker([source_of(text, "source") for text in item.sources])}
        claims = []
        for text, span, _ in statements_of(item.answer):
            if is_claim(text):
                holds = None
                if item.spans is not None:
                    holds = not any(start < span.end and end > span.start for start, end in item.spans)
                claims.append(Claim(checkers[item.sources].measures(text), holds, len(WORD.findall(text))))
        if claims:
            found.append((item, claims))
    return found


def fit(groups: Sequence[Group], names: Sequence[str], penalty: float = PENALTY) -> calibration.Linear:
    """Bias and weights of the raw measures."""
    from scipy.optimize import minimize

    rows = np.concatenate([group.rows for group in groups])
    owner = np.repeat(np.arange(len(groups)), [len(group.rows) for group in groups])
    middle, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    scaled = (rows - middle) / spread
    wanted = np.array([group.supported for group in groups], dtype=float)
    counts = Counter((group.part, group.supported) for group in groups)
    shares = np.array([group.weight / counts[group.part, group.supported] for group in groups])
    shares /= shares.sum()

    def loss(weights: Floats) -> tuple[float, Floats]:
        each = scaled @ weights[:-1] + weights[-1]
        least = np.full(len(groups), np.inf)
        np.minimum.at(least, owner, each)
        near = np.exp(-calibration.STEEP * (each - least[owner]))
        total = np.bincount(owner, near, len(groups))
        together = least - np.log(total) / calibration.STEEP
        miss = wanted * np.logaddexp(0, -together) + (1 - wanted) * np.logaddexp(0, together)
        slope = ((1 / (1 + np.exp(-together)) - wanted) * shares)[owner] * near / total[owner]
        value = float(shares @ miss + penalty * (weights[:-1] ** 2).sum())
        return value, np.append(scaled.T @ slope + 2 * penalty * weights[:-1], slope.sum())

    found = minimize(loss, np.zeros(len(names) + 1), jac=True, method="L-BFGS-B").x
    raw = found[:-1] / spread
    return calibration.Linear(float(found[-1] - raw @ middle), dict(zip(names, map(float, raw), strict=True)))


def fitted(summedits: Sequence[Labelled], ragtruth: Sequence[Labelled]) -> calibration.Weights:
    """The weights from these items, whatever their split."""
    edits, answers = measured(summedits), measured(ragtruth)
    names = list(edits[0][1][0].measures)
    groups = [Group(_rows(claims), item.supported, item.part) for item, claims in edits]
    support = fit([*groups, *_statements(answers, RAGTRUTH)], names)
    pure = fit(_statements(answers), names, PURE_PENALTY)
    folds = [_fold(item) for item, _ in answers]
    unseen = [
        fit(_statements([one for one, where in zip(answers, folds, strict=True) if where != fold]), names, PURE_PENALTY)
        for fold in range(FOLDS)
    ]
    both = [*edits, *answers]
    terms = [_terms(claims, support) for _, claims in both]
    few = fit([_answer(row, item) for row, (item, _) in zip(terms, both, strict=True)], list(terms[0]))
    few = replace(few, bias=0.0)  # a short answer of which nothing is known is as likely to hold as not
    added = [_added(claims, unseen[at]) for at, (_, claims) in zip(folds, answers, strict=True)]
    many = fit([_answer(row, item) for row, (item, _) in zip(added, answers, strict=True)], list(added[0]))
    return calibration.Weights(support, pure, few, many)


def _answer(terms: dict[str, float], item: Labelled) -> Group:
    return Group(np.array([list(terms.values())]), item.supported, item.part)


def _rows(claims: Sequence[Claim]) -> Floats:
    return np.array([list(one.measures.values()) for one in claims])


def _statements(answers: Sequence[tuple[Labelled, Sequence[Claim]]], weight: float = 1.0) -> list[Group]:
    """Each statement that people looked at by itself."""
    return [Group(_rows([one]), bool(one.holds), item.part, weight) for item, claims in answers for one in claims]


def _fold(item: Labelled) -> int:
    return int(hashlib.sha256(item.group.encode()).hexdigest()[:8], 16) % FOLDS


def _terms(claims: Sequence[Claim], support: calibration.Linear) -> dict[str, float]:
    rows = [one.measures for one in claims]
    return calibration.answer_terms(
        [calibration.logit(row, support) for row in rows], [row["new_words"] for row in rows]
    )


def _added(claims: Sequence[Claim], pure: calibration.Linear) -> dict[str, float]:
    rows = [one.measures for one in claims]
    novelties = [row["new_words"] for row in rows]
    return calibration.addition_terms(
        [calibration.logit(row, pure) for row in rows], novelties, [one.words for one in claims]
    )


def _rounded(weights: calibration.Linear) -> dict[str, Any]:
    named = {name: round(value, 5) for name, value in weights.measures.items()}
    return {"bias": round(weights.bias, 5), "measures": named}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m eval.fitting.gate", description=__doc__)
    parser.add_argument("summedits", type=Path)
    parser.add_argument("ragtruth", type=Path)
    parser.add_argument("--out", type=Path, help="write the weights here (default: standard output)")
    given = parser.parse_args(arguments)
    summedits = [item for item in read_labelled(given.summedits, "summedits") if item.split == "tune"]
    ragtruth = [item for item in read_labelled(given.ragtruth, "ragtruth") if item.split == "tune"]
    weights = fitted(summedits, ragtruth)
    told = f"{len(summedits)} SummEdits and {len(ragtruth)} RAGTruth items, split tune"
    text = json.dumps(
        {"fitted_on": told, **{one.name: _rounded(getattr(weights, one.name)) for one in fields(weights)}}, indent=1
    )
    if given.out:
        given.out.write_text(text + "\n", encoding="utf-8")
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
