"""What the harness holds of each item while it runs is a few numbers, however long items and answers are."""

from __future__ import annotations

import json
import math
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.journal import Journal
from eval.metrics import Exact, Scores
from eval.records import Record
from eval.suite import Lines, SuiteError, load_suite
from eval.targets.recorded import RecordedTarget
from eval.targets.target import TargetError
from tests.eval_runs import ANSWERED, item, jsonl

ITEMS = 1000
LONG = "word " * 400


def held(make: Callable[[], object]) -> float:
    """Bytes an item that are still there when all is done."""
    make()  # what is loaded or kept once
    tracemalloc.start()
    kept = make()
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept is not None
    return size / ITEMS


def test_a_suite_of_lines_is_not_kept_but_read_again(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "s.jsonl", [item(number, question=LONG) for number in range(ITEMS)])
    assert held(lambda: load_suite(path)) < 100
    suite = load_suite(path)
    assert isinstance(suite.items, Lines) and len(suite.items) == ITEMS
    assert [one.id for one in suite.items] == [f"i{number}" for number in range(ITEMS)]
    assert suite.items[-1].id == f"i{ITEMS - 1}" and [one.id for one in suite.items[2:4]] == ["i2", "i3"]
    with pytest.raises(IndexError):
        suite.items[ITEMS]


def test_a_suite_that_is_changed_meanwhile_is_told(tmp_path: Path) -> None:
    path = jsonl(tmp_path / "s.jsonl", [item(number) for number in range(3)])
    suite = load_suite(path)
    path.write_text(path.read_text(encoding="utf-8").replace("When do", "Where do"), encoding="utf-8")
    with pytest.raises(SuiteError, match=r"s\.jsonl:1: changed while it was in use"):
        list(suite.items)
    path.unlink()
    with pytest.raises(SuiteError, match="cannot be read any more"):
        list(suite.items)


def test_of_recorded_answers_only_their_places_are_kept(tmp_path: Path) -> None:
    answers = [{"id": f"i{number}", **ANSWERED, "answer": f"{number} {LONG}"} for number in range(ITEMS)]
    path = jsonl(tmp_path / "a.jsonl", answers)
    assert held(lambda: RecordedTarget(path)) < 100
    target, suite = RecordedTarget(path), load_suite(jsonl(tmp_path / "s.jsonl", [item(7), item(ITEMS)]))
    assert target.ask(suite.items[0])["answer"] == f"7 {LONG}"
    with pytest.raises(TargetError, match="no recorded answer"):
        target.ask(suite.items[1])


def test_ids_of_one_hash_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eval.targets.recorded._hash", len)
    target = RecordedTarget(
        jsonl(tmp_path / "a.jsonl", [{"id": f"i{n}", **ANSWERED, "answer": str(n)} for n in range(5)])
    )
    items = load_suite(jsonl(tmp_path / "s.jsonl", [item(number) for number in range(6)])).items
    assert [target.ask(one)["answer"] for one in items[:5]] == list("01234")
    with pytest.raises(TargetError):
        target.ask(items[5])


def test_scores_are_a_few_numbers_an_item(tmp_path: Path) -> None:
    def record(number: int) -> Record:
        return Record.read({**item(number), "output": {**ANSWERED, "answer": LONG}, "citations_valid": [True]})

    assert held(lambda: Scores(record(number) for number in range(ITEMS))) < 700


def test_a_journal_keeps_a_place_an_item(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "f", lambda: (), fresh=True)
    tracemalloc.start()
    for number in range(ITEMS):
        journal.write(number, {"id": f"i{number}", "output": {"answer": LONG}, "config": "f"})
    assert tracemalloc.get_traced_memory()[0] / ITEMS < 50
    tracemalloc.stop()
    journal.close()
    again = Journal(tmp_path, "f", lambda: (f"i{number}" for number in range(ITEMS + 1)), fresh=False)
    assert again.count() == ITEMS and again.has(ITEMS - 1) and not again.has(ITEMS)
    again.write(3, {"id": "i3", "output": None, "config": "f"})
    again.write(ITEMS, {"id": f"i{ITEMS}", "output": {}, "config": "f"})
    assert not again.has(3)
    again.settle()
    lines = (tmp_path / "records.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == [f"i{number}" for number in range(ITEMS + 1)]
    assert json.loads(lines[3])["output"] is None


@given(st.lists(st.floats(-1e9, 1e9) | st.floats(-1e-9, 1e-9)), st.randoms())
def test_an_exact_sum_is_the_same_in_any_order_and_that_of_fsum(values: list[float], random: Random) -> None:
    sums = Exact(), Exact()
    for value in values:
        sums[0].add(value)
    random.shuffle(values)
    for value in values:
        sums[1].add(value)
    assert math.fsum(sums[0].parts) == math.fsum(sums[1].parts) == math.fsum(values)
