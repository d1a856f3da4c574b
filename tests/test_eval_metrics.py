"""Metrics, each evaluated by hand from its definition on cases small enough to check on paper."""

from __future__ import annotations

import random
from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Any

import pytest

from eval.measures.pages import page
from eval.measures.parts import one, unmeasured
from eval.metrics import DEFINITIONS, Column, Metric, by_type, compute
from eval.records import Record

Spot = tuple[str, int, int]
QUOTE = "ten of 20."


def gold(file: str, *starts: int, passages: int = 1) -> dict[str, Any]:
    return {
        "file": file,
        "quote": QUOTE,
        "spans": [[start, start + len(QUOTE)] for start in starts],
        "passages": passages,
    }


def place(spot: Spot) -> dict[str, Any]:
    return {"file": spot[0], "start": spot[1], "end": spot[2], "text": "ignored"}


def record(
    kind: str,
    *,
    evidence: tuple[dict[str, Any], ...] = (),
    retrieved: tuple[Spot, ...] = (),
    cited: tuple[Spot, ...] | None = None,
    valid: tuple[bool, ...] | None = None,
    failed: bool = False,
) -> Record:
    """A record whose answer cites `cited`, one statement each; None is a refusal."""
    statements = [{"text": "s", "citations": [place(spot)]} for spot in cited or ()]
    output = {
        "status": "refused" if cited is None else "answered",
        "statements": statements,
        "retrieved": [place(spot) for spot in retrieved],
    }
    return Record.read(
        {
            "id": "x",
            "type": kind,
            "evidence": evidence,
            "collection_passages": 4,
            "output": None if failed else output,
            "citations_valid": valid if valid is not None else [True] * len(statements),
            "error": "it broke" if failed else "",
            "timings_ms": {},
        }
    )


def value(records: list[Record], name: str) -> tuple[float | None, int, int]:
    metric = compute(records)[name]
    return metric.value, metric.n, metric.unmeasured


def test_recall_is_strict_and_counts_the_share_of_evidence_found() -> None:
    short_of_one = record("list", evidence=(gold("a", 5),), retrieved=(("a", 6, 50), ("a", 0, 14), ("b", 0, 99)))
    second = record("list", evidence=(gold("a", 5),), retrieved=(("b", 0, 99), ("a", 5, 15)))
    half = record("list", evidence=(gold("a", 5), gold("b", 0)), retrieved=(("a", 0, 99),))
    records = [short_of_one, second, half]
    assert value(records, "recall_at_1") == ((0 + 0 + 0.5) / 3, 3, 0)
    assert value(records, "recall_at_3") == ((0 + 1 + 0.5) / 3, 3, 0)
    assert value(records, "mrr_at_10") == ((0 + 1 / 2 + 1) / 3, 3, 0)


def test_any_occurrence_of_a_quote_counts() -> None:
    assert value([record("list", evidence=(gold("a", 5, 100),), retrieved=(("a", 90, 120),))], "recall_at_1")[0] == 1


def test_the_tenth_place_counts_and_the_eleventh_does_not() -> None:
    elsewhere = (("b", 0, 9),)
    tenth = record("list", evidence=(gold("a", 0),), retrieved=elsewhere * 9 + (("a", 0, 10),))
    eleventh = record("list", evidence=(gold("a", 0),), retrieved=elsewhere * 10 + (("a", 0, 10),))
    assert value([tenth], "recall_at_10")[0] == 1
    assert value([tenth], "mrr_at_10")[0] == pytest.approx(0.1)
    assert value([eleventh], "recall_at_10")[0] == 0
    assert value([eleventh], "mrr_at_10")[0] == 0


def test_the_random_floor_is_the_chance_of_drawing_a_passage_that_holds_it() -> None:
    # 4 passages. One holds the first quote: 1 of 4 at k=1, 3 of 4 at k=3. Two hold the second: 1/2, and always at k=3.
    one = record("list", evidence=(gold("a", 0), gold("b", 0, passages=2)))
    metrics = compute([one])
    assert dict(metrics["recall_at_1"].floors) == {"random": pytest.approx((1 / 4 + 1 / 2) / 2)}
    assert dict(metrics["recall_at_3"].floors) == {"random": pytest.approx((3 / 4 + 1) / 2)}
    assert dict(metrics["recall_at_10"].floors) == {"random": pytest.approx(1)}


def test_citation_validity_counts_citations_of_all_items() -> None:
    records = [
        record("list", cited=(("a", 0, 9), ("a", 9, 12)), valid=(True, False)),
        record("unanswerable_off", cited=(("a", 0, 9),)),
        record("list"),
        record("list", failed=True),
    ]
    assert value(records, "citation_validity") == (2 / 3, 3, 1)


def test_shown_evidence_must_be_cited_to_its_last_letter() -> None:
    whole = record("list", evidence=(gold("a", 5),), cited=(("a", 5, 15),))
    without_its_stop = record("list", evidence=(gold("a", 5),), cited=(("a", 0, 14),))
    in_two = record("list", evidence=(gold("a", 5),), cited=(("a", 5, 9), ("a", 9, 15)))
    other_file = record("list", evidence=(gold("a", 5),), cited=(("b", 5, 15),))
    half = record("list", evidence=(gold("a", 5), gold("a", 50)), cited=(("a", 0, 20),))
    refused = record("list", evidence=(gold("a", 5),))
    records = [whole, without_its_stop, in_two, other_file, half, refused]
    assert value(records, "evidence_shown") == ((1 + 1 + 1 + 0 + 0.5 + 0) / 6, 6, 0)
    # Single evidence only. A sentence within the quote counts; one that breaks off inside it does not.
    assert value(records, "gold_sentence_shown") == ((1 + 0 + 1 + 0 + 0) / 5, 5, 0)


def test_answers_and_refusals_are_counted_by_hand() -> None:
    records = [
        record("numeric", cited=(("a", 0, 9), ("a", 9, 12))),
        record("numeric"),
        record("numeric", failed=True),
        record("unanswerable_near", cited=(("a", 0, 9),)),
        record("unanswerable_near"),
        record("unanswerable_off"),
        record("unanswerable_off", failed=True),
    ]
    assert value(records, "answered") == (1 / 2, 2, 1)
    assert value(records, "refusal_precision") == (2 / 3, 3, 2)
    assert value(records, "refusal_recall") == (2 / 3, 3, 1)
    assert value(records, "near_miss_refused") == (1 / 2, 2, 0)
    assert value(records, "off_topic_refused") == (1, 1, 1)
    assert value(records, "statements_per_answer") == (1.5, 2, 2)
    assert value(records, "failed") == (2 / 7, 7, 0)
    floors = {name: dict(metric.floors) for name, metric in compute(records).items()}
    assert floors["answered"] == {"always_refuse": 0, "never_refuse": 1}
    assert floors["refusal_precision"] == {"always_refuse": 3 / 5, "never_refuse": None}
    assert floors["refusal_recall"] == {"always_refuse": 1, "never_refuse": 0}


def test_what_nothing_measured_has_no_value() -> None:
    assert all(metric.value is None and metric.n == 0 for metric in compute([]).values())
    never_refused = compute([record("numeric", cited=(("a", 0, 9),))])
    assert never_refused["refusal_precision"].value is None
    assert never_refused["recall_at_5"] == Metric(None, 0)  # an item without evidence says nothing about retrieval
    failed = compute([record("numeric", evidence=(gold("a", 0),), failed=True)])
    assert (failed["recall_at_5"].value, failed["recall_at_5"].unmeasured) == (None, 1)
    assert failed["failed"].value == 1
    column = Column(DEFINITIONS[0])
    column.add(0, unmeasured())
    column.add(1, one(0.5))
    half = column.metric(["a", "b"])
    assert (half.value, half.n, half.unmeasured) == (0.5, 1, 1)
    assert Metric(None, 0).as_json()["value"] is None


def test_each_type_has_only_what_applies_to_it() -> None:
    types = by_type([record("numeric", evidence=(gold("a", 0),)), record("unanswerable_off")])
    assert types["numeric"]["answered"].n == 1
    assert "refusal_recall" not in types["numeric"]
    assert "recall_at_5" not in types["unanswerable_off"]


def test_the_order_of_the_items_changes_nothing() -> None:
    records = [
        record("list", evidence=(gold("a", n), gold("b", 0)), retrieved=(("b", 1, 9),) * n + (("a", 0, 99),))
        for n in range(12)
    ]
    records += [record("unanswerable_near"), record("numeric", failed=True), record("numeric", cited=(("a", 0, 9),))]
    expected = compute(records)
    for seed in range(20):
        shuffled = records.copy()
        random.Random(seed).shuffle(shuffled)
        assert compute(shuffled) == expected
        assert by_type(shuffled) == by_type(records)


def test_metrics_are_values() -> None:
    metric = Metric(0.5, 2)
    with pytest.raises(FrozenInstanceError):
        metric.value = 0.9  # type: ignore[misc]
    assert metric == Metric(0.5, 2)
    assert hash(metric) == hash(Metric(0.5, 2))


def test_the_definition_page_is_that_of_the_code() -> None:
    shown = (Path(__file__).parent.parent / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert shown == page(), "write it anew: python -m eval metrics --definitions > docs/metrics.md"
    assert len({definition.name for definition in DEFINITIONS}) == len(DEFINITIONS)
