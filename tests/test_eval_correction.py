"""Judged numbers in comparisons and gates: a judge's known errors are taken out, and its doubt is in the bounds."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web import evaluations
from eval.__main__ import main
from eval.compare import compare
from eval.journal import read_config, write_json
from eval.judges import calibrations
from eval.judges.correction import Shares, corrected, corrected_difference
from tests.eval_runs import jsonl, recorded

rates = st.floats(0.6, 0.99)


def about(value: float, n: int = 300) -> dict[str, float]:
    """A share over so many independent units, with its interval."""
    half = 1.96 * math.sqrt(value * (1 - value) / n)
    return {"value": value, "low": value - half, "high": value + half}


def people(right: float, wrong: float, n: int = 600) -> dict[str, Any]:
    """A judge's agreement with people on so many statements, half of which hold."""
    return {"n": n, "base_rate": 0.5, "sensitivity": about(right, n // 2), "specificity": about(wrong, n // 2)}


@given(rates, rates, st.floats(0, 1), st.floats(-1, 1))
def test_a_corrected_difference_is_that_of_the_truth_and_keeps_its_sign(
    right: float, wrong: float, truth: float, change: float
) -> None:
    """Judged shares are made of true ones by the judge's errors, which the correction undoes."""
    after = min(1.0, max(0.0, truth + change))
    judged = [share * right + (1 - share) * (1 - wrong) for share in (truth, after)]
    found = people(right, wrong)
    result = corrected_difference(Shares(judged[0], judged[1], half=0.05), found, found, same=True)
    assert result is not None and result.p is None
    assert result.first == pytest.approx(truth, abs=1e-6) and result.second == pytest.approx(after, abs=1e-6)
    assert result.difference.value == pytest.approx(after - truth, abs=1e-6)
    assert result.difference.low is not None and result.difference.high is not None
    assert result.difference.low <= after - truth + 1e-6 and after - truth - 1e-6 <= result.difference.high
    width = 0.1 / (right + wrong - 1)  # of what was judged, on the scale of the truth
    assert result.difference.high - result.difference.low > 0.9 * width


def test_a_corrected_interval_holds_the_truth_as_often_as_it_says() -> None:
    """200 simulated runs, each with a judge that was calibrated on 200 statements of its own."""
    random = np.random.default_rng(11)
    truth, right, wrong, held = 0.8, 0.85, 0.75, 0
    for _ in range(200):
        said = random.binomial(300, truth * right + (1 - truth) * (1 - wrong)) / 300
        known = people(random.binomial(100, right) / 100, random.binomial(100, wrong) / 100, 200)
        bounds = corrected({**about(said), "n": 300}, known)
        held += bounds.low is not None and bounds.high is not None and bounds.low <= truth <= bounds.high
    assert 0.91 <= held / 200 <= 0.99


def test_two_judges_are_each_corrected_for_their_own_errors_and_the_p_is_that_of_both() -> None:
    strict, lenient = people(0.7, 0.95), people(0.95, 0.7)
    judged = [0.8 * 0.7 + 0.2 * 0.05, 0.8 * 0.95 + 0.2 * 0.3]  # the same truth, seen by either
    shares = Shares(judged[0], judged[1], half=0.05, first_error=0.02, second_error=0.02)
    result = corrected_difference(shares, strict, lenient, same=False)
    assert result is not None and result.difference.value == pytest.approx(0, abs=1e-6)
    assert result.p is not None and result.p > 0.9
    assert corrected_difference(shares, strict, people(0.5, 0.5), same=False) is None


# -- through the command line ------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ONRECORD_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(calibrations, "SHIPPED", tmp_path / "nowhere")


def judged_run(folder: Path, wrong: set[int], clusters: int = 10) -> Path:
    """A run over 40 recorded answers, of which the gate supports all but some."""
    suite, answers = recorded(folder, [True] * 40)
    items = [json.loads(line) for line in suite.read_text(encoding="utf-8").splitlines()]
    jsonl(suite, [{**one, "cluster": f"c{number % clusters}"} for number, one in enumerate(items)])
    lines = [json.loads(line) for line in answers.read_text(encoding="utf-8").splitlines()]
    for number in wrong:
        lines[number]["statements"][0]["text"] = "Repairs begin in August."
    jsonl(answers, lines)
    arguments = ["run", str(suite), "--answers", str(answers), "--out", str(folder / "run"), "--no-report"]
    assert main(arguments) == 0
    return folder / "run"


def calibration(run: Path, found: dict[str, Any]) -> None:
    """Keep what is known of the run's gate, as `calibrate` does."""
    figures = {"kappa": about(0.6), "balanced_accuracy": about(0.8), "sources": 60, "constant": False}
    calibrations.keep(
        {
            "judge": "gate",
            "model": "",
            "fingerprint": read_config(run)["gate_fingerprint"],
            "data": {"file": f"{run.parent.name}.jsonl", "split": "all"},
            "answers": {},
            "statements": {**found, **figures, "self_consistency": None},
            "canaries": {"n": 0, "right": 0, "constant": False},
        }
    )


def test_comparisons_and_gates_take_out_the_errors_of_a_calibrated_judge(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = judged_run(tmp_path / "a", {1, 13}), judged_run(tmp_path / "b", {1, 3, 14, 15, 20, 27, 38})
    raw = compare(first, second)["metrics"]["faithfulness"]
    capsys.readouterr()
    assert raw["first"] == 0.95 and "as_judged" not in raw
    assert raw["judge"] == {"note": "as judged by the gate, UNCALIBRATED", "same": True, "corrected": False}
    assert main(["gate", str(first), "--min", "faithfulness>=0.75", "--min", "answered>=0.8"]) == 0
    out = capsys.readouterr().out
    assert "(n 40, 10 clusters); as judged by the gate, UNCALIBRATED" in out and out.count("judged") == 1
    calibration(first, people(0.9, 0.9))
    found = compare(first, second)["metrics"]["faithfulness"]
    assert found["as_judged"] == {key: raw[key] for key in ("first", "second", "difference", "low", "high")}
    width = 0.95 + 0.9 - 1  # who called 0.95 supported must call so much of what holds
    assert (found["first"], found["difference"]) == (1.0, pytest.approx(raw["difference"] / width, abs=1e-5))
    assert found["high"] - found["low"] > raw["high"] - raw["low"]
    assert (found["p"], found["items_needed"]) == (raw["p"], raw["items_needed"])
    assert found["judge"]["note"] == "corrected for the errors of the gate"
    assert "as_judged" not in compare(first, second)["metrics"]["contains_gold"]
    assert main(["compare", str(first), str(second)]) == 0
    shown = capsys.readouterr().out
    assert "corrected for the errors of the gate: citation_precision, citation_recall, faithfulness" in shown
    assert "faithfulness as judged: 0.950 0.825 -0.125" in shown
    bounds = corrected({**about(0.95, 40), "n": 40}, people(0.9, 0.9))
    assert bounds.low is not None
    assert main(["gate", str(first), "--min", "faithfulness>=0.6"]) == 0
    assert "1.000, 95 % bound 0." in (said := capsys.readouterr().out)
    assert "corrected for the errors of the gate (0.950 as judged)" in said
    assert main(["gate", str(second), "--baseline", str(first), "--no-worse", "faithfulness@0.2"]) == 1
    assert "corrected for the errors of the gate (0.950 to 0.825 as judged)" in capsys.readouterr().out


def test_a_judge_hardly_better_than_chance_decides_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = judged_run(tmp_path / "a", {1})
    calibration(run, people(0.5, 0.5))
    assert main(["gate", str(run), "--min", "faithfulness>=0"]) == 1
    assert main(["gate", str(run), "--baseline", str(run), "--no-worse", "faithfulness@1"]) == 1
    assert capsys.readouterr().out.count("hardly better than chance") == 2
    assert compare(run, run)["metrics"]["faithfulness"]["judge"]["corrected"] is False


def test_with_few_clusters_a_corrected_gate_looks_at_the_worst_without_one_of_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = judged_run(tmp_path / "a", {1, 2}, 4), judged_run(tmp_path / "b", {1, 2, 3, 5, 9}, 4)
    calibration(first, people(0.95, 0.95))
    assert main(["gate", str(first), "--min", "faithfulness>=0.8"]) == 0
    assert main(["gate", str(first), "--min", "faithfulness>=0.98"]) == 1
    arguments = ["gate", str(second), "--baseline", str(first), "--no-worse"]
    assert main([*arguments, "faithfulness@0.3"]) == 0
    assert main([*arguments, "faithfulness@0.1"]) == 1
    assert main(["gate", str(first), "--baseline", str(first), "--no-worse", "faithfulness@0"]) == 0
    assert capsys.readouterr().out.count("too few clusters; the worst with one of them left out") == 4


def test_runs_that_two_judges_judged_say_so(tmp_path: Path) -> None:
    first, second = judged_run(tmp_path / "a", {1}), judged_run(tmp_path / "b", {1})
    write_json(second / "config.json", {**read_config(second), "gate_fingerprint": "another"})
    calibration(first, people(0.9, 0.9))
    found = compare(first, second)["metrics"]["faithfulness"]
    told = "as judged by the gate, UNCALIBRATED; TWO JUDGES, part of the difference may be theirs"
    assert found["judge"] == {"note": told, "same": False, "corrected": False}
    calibration(second, people(0.8, 0.8))
    found = compare(first, second)["metrics"]["faithfulness"]
    assert found["judge"]["note"] == "corrected for the errors of the gate (two versions)"
    assert found["judge"]["corrected"] and found["as_judged"]["difference"] == 0.0
    assert (found["first"], found["second"], found["difference"]) == (1.0, 1.0, 0.0)


def test_the_page_shows_what_is_corrected_and_what_is_not(tmp_path: Path) -> None:
    first, second = judged_run(tmp_path / "home" / "runs" / "a", {1}), judged_run(tmp_path / "home" / "runs" / "b", {1})
    calibration(first, people(0.9, 0.9))
    runs = []
    for folder in (first, second):
        assert main(["report", str(folder)]) == 0
        numbers = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
        runs.append(evaluations.Run(folder.parent.name, numbers, {}))
    shown = evaluations.one(runs[0])
    assert "corrected for the errors of the gate, 0.975 as judged" in shown and ">1.000<" in shown
    for one in runs[1].metrics["metrics"].values():
        if "judge" in one:
            one["judge"] |= {"calibrated": False, "corrected": None}
    both = evaluations.two(*runs)
    assert "as judged by the gate, uncalibrated" in both and "<td></td></tr>" in both
