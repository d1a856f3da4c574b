"""Comparing runs and deciding on them, through the command line, over recorded answers."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from eval.__main__ import main
from eval.compare import compare
from eval.gate import LEFT_OUT
from tests.eval_runs import ANSWERED, REFUSED, item, jsonl, recorded


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def made(folder: Path, right: list[bool]) -> Path:
    """A run over recorded answers; items i0, i1, ... lie in ten clusters."""
    suite, answers = recorded(folder, right)
    arguments = ["run", str(suite), "--answers", str(answers), "--out", str(folder / "run"), "--no-report"]
    assert main(arguments) == 0
    return folder / "run"


@pytest.fixture
def runs(tmp_path: Path) -> tuple[Path, Path]:
    """30 items: the first run gets all but three right; the second loses six of those and gains one."""
    first = [number not in (0, 1, 2) for number in range(30)]
    second = [number not in (1, 2, 5, 10, 15, 20, 25, 29) for number in range(30)]
    return made(tmp_path / "a", first), made(tmp_path / "b", second)


def test_differences_are_paired_and_told_with_what_could_have_been_seen(runs: tuple[Path, Path]) -> None:
    result = compare(*runs)
    found = result["metrics"]["contains_gold"]
    assert (found["first"], found["second"]) == (0.9, pytest.approx(22 / 30, abs=1e-6))
    assert found["mcnemar"] == {"only_first": 6, "only_second": 1, "p": pytest.approx(0.125)}
    assert (found["items"], found["clusters"]) == (30, 10)
    assert found["low"] < found["difference"] < found["high"]
    assert found["p_holm"] >= found["p"]
    assert found["detectable"] > 0
    assert found["items_needed"] > 0
    assert result["configuration"] == ["target.sha256"]


def test_an_item_that_asks_something_else_in_the_other_run_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = []
    for name, question in (("a", "When do repairs begin?"), ("b", "When do repairs end?")):
        suite = jsonl(tmp_path / name / "s.jsonl", [item(0), item(1, question=question)])
        answers = jsonl(tmp_path / name / "a.jsonl", [{"id": f"i{number}", **ANSWERED} for number in range(2)])
        folders.append(str(tmp_path / name / "run"))
        assert main(["run", str(suite), "--answers", str(answers), "--out", folders[-1], "--no-report"]) == 0
    assert main(["compare", *folders]) == 0
    assert "NOT THE SAME QUESTION OR GOLD in 1 of them, so no fair comparison: i1\n" in capsys.readouterr().out
    assert main(["compare", folders[0], folders[0]]) == 0
    assert "NOT THE SAME" not in capsys.readouterr().out


def test_flipped_items_come_worst_first_with_both_answers(
    runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    flipped = compare(*runs)["flipped"]
    assert [one["became"] for one in flipped] == ["wrong"] * 6 + ["right"]
    assert {one["id"] for one in flipped[:6]} == {"i5", "i10", "i15", "i20", "i25", "i29"}
    assert flipped[0]["first"] == {"status": "answered", "answer": ANSWERED["answer"]}
    assert flipped[0]["second"] == {"status": "refused", "answer": ""}
    assert flipped[0]["changes"]["contains_gold"] == -1.0
    assert main(["compare", *map(str, runs), "--flipped", "2"]) == 0
    shown = capsys.readouterr().out
    assert "7 items flipped: 6 became wrong, 1 became right" in shown
    assert "A: Repairs begin in June." in shown
    assert "... and 5 more" in shown


def test_a_run_against_itself_shows_nothing(runs: tuple[Path, Path]) -> None:
    result = compare(runs[0], runs[0])
    assert result["flipped"] == []
    assert all(one["difference"] == 0 and one["p"] == 1 for one in result["metrics"].values())


def test_runs_of_other_items_cannot_be_compared(runs: tuple[Path, Path], tmp_path: Path) -> None:
    suite = jsonl(tmp_path / "s.jsonl", [item(1, id="other")])
    answers = jsonl(tmp_path / "a.jsonl", [{"id": "other", **REFUSED}])
    assert main(["run", str(suite), "--answers", str(answers), "--out", str(tmp_path / "o")]) == 0
    assert main(["compare", str(runs[0]), str(tmp_path / "o")]) == 1
    assert main(["compare", str(runs[0]), str(runs[1]), "--metric", "nonsense"]) == 2


def test_a_failed_item_is_left_out_of_the_pair_and_told_apart(tmp_path: Path) -> None:
    suite, answers = recorded(tmp_path / "a", [True] * 12)
    part = tmp_path / "part.jsonl"
    part.write_text("".join(answers.read_text(encoding="utf-8").splitlines(keepends=True)[:9]), encoding="utf-8")
    for name, file in (("whole", answers), ("part", part)):
        main(["run", str(suite), "--answers", str(file), "--out", str(tmp_path / name), "--no-report"])
    found = compare(tmp_path / "whole", tmp_path / "part", ["contains_gold", "failed"])["metrics"]
    assert (found["contains_gold"]["items"], found["contains_gold"]["difference"]) == (9, 0.0)
    assert (found["failed"]["items"], found["failed"]["difference"]) == (12, 0.25)


# -- the gate ----------------------------------------------------------------------------------------------------------


def test_the_gate_decides_on_bounds_not_points(runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    first = str(runs[0])
    assert main(["gate", first, "--min", "contains_gold>=0.7"]) == 0
    assert main(["gate", first, "--min", "contains_gold>=0.89"]) == 1  # the point is 0.9, the bound is below
    assert "FAILS  contains_gold >= 0.89: 0.900, 95 % bound 0.7" in capsys.readouterr().out
    assert main(["gate", first, "--min", "failed <= 0.2", "--min", "contains_gold>=0.7"]) == 0
    assert main(["gate", first, "--min", "failed<=0.05"]) == 1  # none of 30 failed: up to 0.116 cannot be ruled out


def test_the_gate_holds_a_run_against_a_baseline(runs: tuple[Path, Path], tmp_path: Path) -> None:
    first, second = map(str, runs)
    assert main(["gate", first, "--baseline", first, "--no-worse", "contains_gold@0"]) == 0
    assert main(["gate", second, "--baseline", first, "--no-worse", "contains_gold@0.02"]) == 1
    assert main(["gate", first, "--baseline", second, "--no-worse", "contains_gold@0.1"]) == 0
    report = tmp_path / "gate.xml"
    arguments = ["gate", second, "--baseline", first, "--no-worse", "contains_gold@0.02", "--min", "answered>=0.4"]
    assert main([*arguments, "--junit", str(report)]) == 1
    suite = ElementTree.parse(report).getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert [case.find("failure") is not None for case in suite] == [False, True]


def test_with_few_clusters_the_worst_without_one_of_them_decides(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(made(tmp_path / "few", [True, True, True, False]))  # four clusters of one item
    assert main(["gate", run, "--min", "contains_gold>=0.66"]) == 0
    assert f"0.750, {LEFT_OUT} 0.667 (n 4, 4 clusters)" in capsys.readouterr().out
    assert main(["gate", run, "--min", "contains_gold>=0.7"]) == 1
    single = str(made(tmp_path / "single", [True]))
    assert main(["gate", single, "--min", "contains_gold>=0.1"]) == 1
    assert "from a single cluster: it cannot be decided" in capsys.readouterr().out


def test_what_was_not_measured_does_not_hold(runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gate", str(runs[0]), "--min", "near_miss_refused>=0"]) == 1
    assert "nothing was measured" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--min", "contains_gold"],
        ["--min", "contains_gold>0.5"],
        ["--min", "nonsense>=0.5"],
        ["--min", "contains_gold>=0.5.5"],
        ["--no-worse", "faithfulness@0.02"],
        ["--no-worse", "faithfulness"],
    ],
)
def test_a_gate_that_is_not_one_is_a_usage_error(runs: tuple[Path, Path], arguments: list[str]) -> None:
    assert main(["gate", str(runs[0]), *arguments]) == 2
