"""What the numbers mean: pure functions over records, each metric with its n, unmeasured items and trivial floors.

An item that failed is unmeasured: it is counted beside the mean, never in it as 0. What nothing measured has no value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from eval.records import Gold, Record

CUTOFFS = (1, 3, 5, 10)
DIGITS = 6
Floors = tuple[tuple[str, float | None], ...]  # what each trivial system would score, by its name


@dataclass(frozen=True, slots=True)
class Metric:
    """A mean over `n` measured values, None without any. `low` and `high` bound its interval, where one is known.

    `unmeasured` items belong to the metric's population and gave no value; `floors` are the scores of trivial systems.
    """

    value: float | None
    n: int
    unmeasured: int = 0
    floors: Floors = ()
    low: float | None = None
    high: float | None = None

    def as_json(self) -> dict[str, object]:
        return {
            "value": _rounded(self.value),
            "low": _rounded(self.low),
            "high": _rounded(self.high),
            "n": self.n,
            "unmeasured": self.unmeasured,
            "floors": {name: _rounded(floor) for name, floor in self.floors},
        }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)


def mean(values: Iterable[float | None], floors: Floors = ()) -> Metric:
    """The mean of what was measured; the sum is exact (fsum), so the order of the values does not matter."""
    given = list(values)
    measured = [value for value in given if value is not None]
    value = math.fsum(measured) / len(measured) if measured else None
    return Metric(value, len(measured), len(given) - len(measured), floors if given else ())


def compute(records: Sequence[Record]) -> dict[str, Metric]:
    """Every metric over these records, by name, in the order of a report."""
    answerable = [record for record in records if record.answerable]
    metrics = _retrieval([record for record in answerable if record.evidence])
    metrics |= _answers(records, answerable)
    metrics |= _refusal(records)
    metrics["failed"] = mean([float(record.output is None) for record in records])
    return metrics


def by_type(records: Sequence[Record]) -> dict[str, dict[str, Metric]]:
    """The same for each question type; what does not apply to a type is left out."""
    types = sorted({record.type for record in records})
    return {
        name: {
            key: metric
            for key, metric in compute([record for record in records if record.type == name]).items()
            if metric.n or metric.unmeasured
        }
        for name in types
    }


# -- retrieval ---------------------------------------------------------------------------------------------------------


def _retrieval(records: Sequence[Record]) -> dict[str, Metric]:
    metrics = {}
    for k in CUTOFFS:
        random = mean([_random_recall(record, k) for record in records]).value
        metrics[f"recall_at_{k}"] = mean([recall_at(record, k) for record in records], (("random", random),))
    metrics["mrr_at_10"] = mean([reciprocal_rank(record, 10) for record in records])
    return metrics


def recall_at(record: Record, k: int) -> float | None:
    """The share of the item's evidence that a single one of the first k passages holds whole."""
    if record.output is None:
        return None
    first = record.output.retrieved[:k]
    return _share([any(gold.is_in(place) for place in first) for gold in record.evidence])


def reciprocal_rank(record: Record, k: int) -> float | None:
    """1 / the place of the first passage that holds any of the item's evidence whole; 0 when none of k does."""
    if record.output is None:
        return None
    for place, passage in enumerate(record.output.retrieved[:k], 1):
        if any(gold.is_in(passage) for gold in record.evidence):
            return 1 / place
    return 0.0


def _random_recall(record: Record, k: int) -> float | None:
    """What k passages drawn at random would be expected to find."""
    total = record.collection_passages
    if not total:
        return None
    drawn = min(k, total)
    misses = [math.comb(total - gold.passages, drawn) / math.comb(total, drawn) for gold in record.evidence]
    return 1 - math.fsum(misses) / len(misses)


def _share(values: Sequence[bool]) -> float:
    return sum(values) / len(values)


# -- answers -----------------------------------------------------------------------------------------------------------


def _answers(records: Sequence[Record], answerable: Sequence[Record]) -> dict[str, Metric]:
    """`citation_validity` counts citations, the others items."""
    valid = [float(valid) for record in records for valid in record.citations_valid]
    failed = sum(record.output is None for record in records)
    with_evidence = [record for record in answerable if record.evidence]
    single = [record for record in with_evidence if len(record.evidence) == 1]
    said = [record for record in records if not record.refused]
    return {
        "citation_validity": Metric(mean(valid).value, len(valid), failed),
        "answered": mean(
            [_not(record.refused) for record in answerable], (("always_refuse", 0.0), ("never_refuse", 1.0))
        ),
        "gold_sentence_shown": mean([gold_sentence_shown(record) for record in single], (("always_refuse", 0.0),)),
        "evidence_shown": mean([evidence_shown(record) for record in with_evidence], (("always_refuse", 0.0),)),
        "statements_per_answer": mean([_statements(record) for record in said]),
    }


def gold_sentence_shown(record: Record) -> float | None:
    """1 when a citation holds an evidence quote whole, or is a sentence of a longer one; 0 for a refusal."""
    if record.output is None:
        return None
    pairs = [(place, gold) for place in record.output.citations for gold in record.evidence]
    return float(not record.refused and any(gold.is_in(place) or gold.holds(place) for place, gold in pairs))


def evidence_shown(record: Record) -> float | None:
    """The share of the item's evidence of which every letter and digit is cited by the answer; 0 for a refusal."""
    if record.output is None:
        return None
    if record.refused:
        return 0.0
    return _share([_is_shown(record, gold) for gold in record.evidence])


def _is_shown(record: Record, gold: Gold) -> bool:
    assert record.output is not None
    cited = [place for place in record.output.citations if place.file == gold.file]
    letters = [offset for offset, character in enumerate(gold.quote) if character.isalnum()]
    return any(
        all(any(place.start <= start + offset < place.end for place in cited) for offset in letters)
        for start, _ in gold.spans
    )


def _statements(record: Record) -> float | None:
    return None if record.output is None else float(len(record.output.statements))


def _not(value: bool | None) -> float | None:
    return None if value is None else float(not value)


# -- refusal -----------------------------------------------------------------------------------------------------------


def _refusal(records: Sequence[Record]) -> dict[str, Metric]:
    """A refusal is right where the collection holds no answer. A failed item is no refusal; it may have been one."""
    base = mean([float(not record.answerable) for record in records if record.output is not None]).value
    floors = (("always_refuse", 1.0), ("never_refuse", 0.0))
    refused = [record for record in records if record.refused is not False]

    def share(chosen: Callable[[Record], bool]) -> Metric:
        return mean([_refused(record) for record in records if chosen(record)], floors)

    return {
        "refusal_precision": mean(
            [None if record.output is None else float(not record.answerable) for record in refused],
            (("always_refuse", base), ("never_refuse", None)),
        ),
        "refusal_recall": share(lambda record: not record.answerable),
        "near_miss_refused": share(lambda record: record.type == "unanswerable_near"),
        "off_topic_refused": share(lambda record: record.type == "unanswerable_off"),
    }


def _refused(record: Record) -> float | None:
    return None if record.refused is None else float(record.refused)
