"""Retrieval: whether the passages hold the gold evidence. A hit must hold a span whole."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Any, Literal

from eval.measures.parts import Definition, Part, one
from eval.records import Passage, Record

CUTOFFS = (1, 3, 5, 10)
DEEPEST = 10
MOST_QUOTES = 8  # of an item, for which the chance floor of nDCG is worked out
PATTERNS = 4096  # of what was found and missed, whose measures are kept
ANSWERABLE = "answerable items with evidence; a failed item is unmeasured"
RANDOM = {"random": "passages drawn at random, in expectation"}


def definitions() -> tuple[Definition, ...]:
    recalls = [
        Definition(
            f"recall_at_{k}",
            "retrieval",
            f"The share of an item's evidence quotes that a single one of the first {k} passages holds whole, from its "
            "first character to its last, at any place of the right file that has these characters.",
            ANSWERABLE,
            partial(_scored, partial(recall_at, k=k), partial(_random_recall, k=k)),
            RANDOM,
        )
        for k in CUTOFFS
    ]
    return (
        *recalls,
        Definition(
            "mrr_at_10",
            "retrieval",
            "1 / the place of the first passage that holds any of the item's evidence whole; 0 when none of ten does.",
            ANSWERABLE,
            partial(_scored, reciprocal_rank, _random_reciprocal),
            RANDOM,
            source="RR@10 of ir_measures",
        ),
        Definition(
            "ndcg_at_10",
            "retrieval",
            "Normalised discounted cumulative gain over ten passages. A passage gains as many points as it holds "
            "evidence quotes that no passage before it held, so a repeated passage gains nothing; the ideal order has "
            "what was found first and a passage for each quote that was not.",
            ANSWERABLE,
            partial(_scored, ndcg, _random_ndcg),
            RANDOM,
            source="nDCG@10 of ir_measures (trec_eval)",
        ),
        *(
            Definition(
                f"document_recall_at_{k}",
                "retrieval",
                f"Loose: the share of the files with evidence of which any passage is among the first {k}, whatever it "
                "holds. For benchmarks that mark documents, not spans.",
                ANSWERABLE,
                partial(_scored, partial(document_recall, k=k), None),
                source="R@k of ir_measures, over files",
            )
            for k in (5, 10)
        ),
    )


def followups() -> tuple[Definition, ...]:
    """The same over items that have a history."""
    chosen = [one for one in definitions() if one.name in ("recall_at_5", "mrr_at_10")]
    return tuple(
        Definition(
            f"followup_{metric.name}",
            "conversation",
            f"`{metric.name}` over questions that follow others. Compare with a run with `--no-history`.",
            "answerable items with evidence and a history",
            partial(_with_history, metric.score),
            metric.floors,
        )
        for metric in chosen
    )


def _with_history(score: Callable[[Record], Part | None], record: Record) -> Part | None:
    return score(record) if record.history else None


def _scored(
    value: Callable[[Record], float | None], floor: Callable[[Record], float | None] | None, record: Record
) -> Part | None:
    if not record.answerable or not record.evidence:
        return None
    if record.output is None:
        return one(None)
    return one(value(record), {"random": floor(record)} if floor else None)


def recall_at(record: Record, k: int) -> float | None:
    if record.output is None:
        return None
    first = record.output.retrieved[:k]
    found = [any(gold.is_in(place) for place in first) for gold in record.evidence]
    return sum(found) / len(found)


def reciprocal_rank(record: Record) -> float | None:
    return None if record.output is None else _measured("RR", *_gains(record, record.output.retrieved))


def ndcg(record: Record) -> float | None:
    return None if record.output is None else _measured("nDCG", *_gains(record, record.output.retrieved))


def _gains(record: Record, retrieved: Sequence[Passage]) -> tuple[tuple[int, ...], int]:
    """Of ten passages the number of quotes that each is the first to hold; and of quotes that none holds."""
    left, gains = list(record.evidence), []
    for passage in retrieved[:DEEPEST]:
        held = [gold for gold in left if gold.is_in(passage)]
        left = [gold for gold in left if gold not in held]
        gains.append(len(held))
    return tuple(gains), len(left)


# trec_eval's binding loses memory with every call, so each pattern is asked for once.
@lru_cache(maxsize=PATTERNS)
def _measured(measure: Literal["RR", "nDCG"], gains: tuple[int, ...], missed: int) -> float:
    """Passages that gain so much each, where so many that would gain 1 were not found."""
    import ir_measures

    qrels = [ir_measures.Qrel("q", str(place), gain) for place, gain in enumerate(gains) if gain]
    qrels += [ir_measures.Qrel("q", f"missed {number}", 1) for number in range(missed)]
    run = [ir_measures.ScoredDoc("q", str(place), -place) for place in range(len(gains))]
    if not run:
        return 0.0
    measures = [getattr(ir_measures, measure) @ DEEPEST]
    return float(next(iter(ir_measures.iter_calc(measures, qrels, run))).value)


def document_recall(record: Record, k: int) -> float | None:
    if record.output is None:
        return None
    found = {passage.file for passage in record.output.retrieved[:k]}
    wanted = {gold.file for gold in record.evidence}
    return _recall(k, len(found & wanted), len(wanted), len(found))


@lru_cache(maxsize=PATTERNS)
def _recall(k: int, right: int, wanted: int, found: int) -> float:
    """Of so many files wanted, where so many of those found are right."""
    import ir_measures

    qrels = [ir_measures.Qrel("q", str(file), 1) for file in range(wanted)]
    run = [ir_measures.ScoredDoc("q", str(file), 1.0) for file in range(right)]
    run += [ir_measures.ScoredDoc("q", f"other {number}", 1.0) for number in range(found - right)]
    if not run:
        return 0.0
    return float(next(iter(ir_measures.iter_calc([ir_measures.R @ k], qrels, run))).value)


# -- what chance would find --------------------------------------------------------------------------------------------


def _random_recall(record: Record, k: int) -> float | None:
    chances = [
        [_first_at(place, gold.passages, record.collection_passages) for place in range(1, k + 1)]
        for gold in record.evidence
    ]
    return math.fsum(map(math.fsum, chances)) / len(chances) if record.collection_passages else None


def _random_reciprocal(record: Record) -> float | None:
    total, held = record.collection_passages, sum(record.holders().values())
    if not total:
        return None
    return math.fsum(_first_at(place, min(held, total), total) / place for place in range(1, DEEPEST + 1))


def _random_ndcg(record: Record) -> float | None:
    total, quotes = record.collection_passages, len(record.evidence)
    if not total or quotes > MOST_QUOTES:
        return None
    return _shuffled_ndcg(tuple(sorted(record.holders().items())), quotes, total)


@lru_cache(maxsize=PATTERNS)
def _shuffled_ndcg(holders: tuple[tuple[tuple[int, ...], int], ...], quotes: int, total: int) -> float:
    """The mean over all orders of `total` passages, of which so many hold just these quotes each.

    What was found so far and what it gained is gone through place by place, with its chance and, as far as it came
    about, its cumulated gain.
    """
    states: dict[tuple[frozenset[int], tuple[int, ...]], tuple[float, float]] = {(frozenset(), ()): (1.0, 0.0)}
    for place in range(1, min(DEEPEST, total) + 1):
        after: dict[tuple[frozenset[int], tuple[int, ...]], tuple[float, float]] = {}
        for (found, gains), (chance, gained) in states.items():
            idle = total - place + 1
            for held, count in holders:
                if new := len(found.union(held)) - len(found):
                    idle -= count
                    drawn = count / (total - place + 1)
                    key = found.union(held), tuple(sorted((*gains, new), reverse=True))
                    part = drawn * (gained + chance * new / math.log2(place + 1))
                    _merge(after, key, drawn * chance, part)
            rest = idle / (total - place + 1)
            _merge(after, (found, gains), rest * chance, rest * gained)
        states = after
    return math.fsum(gained / _ideal(gains, quotes - len(found)) for (found, gains), (_, gained) in states.items())


def _merge(states: dict[Any, tuple[float, float]], key: object, chance: float, gained: float) -> None:
    before = states.get(key, (0.0, 0.0))
    states[key] = before[0] + chance, before[1] + gained


def _ideal(gains: Sequence[int], missed: int) -> float:
    """The cumulated gain of passages that gain so much, the most first, and then one for each quote that was missed."""
    best = (*gains, *(1,) * missed)[:DEEPEST]
    return math.fsum(gain / math.log2(place + 1) for place, gain in enumerate(best, 1))


def _first_at(place: int, held: int, total: int) -> float:
    """The chance that of `total` passages in random order the first of `held` ones stands at a place, from 1."""
    if held <= 0 or place > total - held + 1:
        return 0.0
    return math.comb(total - place, held - 1) / math.comb(total, held)
