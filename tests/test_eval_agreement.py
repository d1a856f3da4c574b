"""Judges beside people: figures by hand, corrections that undo known errors, canaries that show who always agrees."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.settings import Settings
from eval.__main__ import main
from eval.journal import write_json
from eval.judges import calibrations, canaries
from eval.judges.agreement import Vote, agreement, auroc, balanced_accuracy, kappa, reliability
from eval.judges.beside_people import calibrate
from eval.judges.correction import Bounded, corrected
from eval.judges.human_labels import read_labelled
from eval.judges.identity import Judge
from indexing.errors import OnrecordError, UsageError
from tests.eval_runs import jsonl, recorded
from tests.honest_judge import honest
from tests.openai_server import OpenAIServer, Says

BRIDGE = (
    "The council of Torvik voted on Monday to close the old bridge. The repair will cost 40 million crowns. "
    "Mayor Ann Lee said that buses would take the road by the river until May."
)
MILL = (
    "The mill at Harrow burned down on Friday night. Nobody was hurt, the fire service said. "
    "The owner, Ian Ross, wants to build it again within two years."
)


def votes(pairs: str) -> list[Vote]:
    """`+` and `-` are what people say, then what the judge says."""
    return [Vote(str(at), pair[0] == "+", (pair[1] == "+",)) for at, pair in enumerate(pairs.split())]


def test_kappa_and_balanced_accuracy_by_hand() -> None:
    given_votes = votes("++ ++ ++ +- -- -+")  # agreed 4/6; chance (4/6)(4/6) + (2/6)(2/6) = 5/9
    assert kappa(given_votes) == pytest.approx((4 / 6 - 5 / 9) / (4 / 9))
    assert balanced_accuracy(given_votes) == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert kappa(votes("++ ++")) is None and balanced_accuracy(votes("++ +-")) is None


def test_auroc_by_hand() -> None:
    scored = [Vote("a", True, (True,), 0.9), Vote("b", True, (True,), 0.4), Vote("c", False, (True,), 0.4)]
    assert auroc(scored) == pytest.approx((1 + 0.5) / 2)
    assert auroc([Vote("a", True, (True,))]) is None


def test_self_consistency_counts_who_changes_their_mind() -> None:
    changing = [Vote("a", True, (True, False)), Vote("b", False, (False, False))]
    assert agreement(changing)["self_consistency"] == 0.5
    assert agreement(votes("++ --"))["self_consistency"] is None


def test_a_judge_who_always_says_the_same_is_shown() -> None:
    assert agreement(votes("++ -+ ++"))["constant"]
    assert not agreement(votes("++ --"))["constant"]


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=40))
def test_the_reliability_s_parts_hold_everything_once_in_order(given_votes: list[tuple[bool, float]]) -> None:
    parts = reliability([Vote("a", held, (held,), score) for held, score in given_votes])
    assert sum(part["n"] for part in parts) == len(given_votes)
    scores = [part["score"] for part in parts]
    assert scores == sorted(scores)


@given(st.permutations(range(8)))
def test_the_order_of_votes_does_not_matter(order: list[int]) -> None:
    given_votes = votes("++ +- -- -+ ++ -- +- ++")
    assert kappa([given_votes[at] for at in order]) == pytest.approx(kappa(given_votes))


def about(value: float, n: int) -> dict[str, float]:
    """A share over so many independent units, with its interval."""
    half = 1.96 * math.sqrt(value * (1 - value) / n)
    return {"value": value, "low": value - half, "high": value + half}


def test_a_correction_undoes_known_errors_and_is_wider_than_the_judged_share() -> None:
    truth, right, wrong = 0.7, 0.8, 0.9
    found = {"n": 1000, "base_rate": 0.5, "sensitivity": about(right, 500), "specificity": about(wrong, 500)}
    judged = truth * right + (1 - truth) * (1 - wrong)
    result = corrected({**about(judged, 400), "n": 400}, found)
    assert result.value == pytest.approx(truth, abs=0.001)
    assert result.low is not None and result.high is not None
    assert result.low < truth < result.high
    alone = 1.96 * np.sqrt(judged * (1 - judged) / 400)
    assert result.high - result.low > 2 * alone
    of_few_clusters = corrected({**about(judged, 60), "n": 400}, found)
    assert of_few_clusters.value == result.value
    assert of_few_clusters.high - of_few_clusters.low > 1.5 * (result.high - result.low)  # type: ignore[operator]
    without = corrected({"value": judged, "low": None, "high": None, "n": 400}, found)
    assert without == Bounded(result.value)
    useless = {**found, "specificity": about(0.2, 500)}
    assert corrected({**about(judged, 400), "n": 400}, useless).value is None


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Calibrations are kept here, and none is shipped."""
    monkeypatch.setenv("ONRECORD_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(calibrations, "SHIPPED", tmp_path / "nowhere")


@pytest.fixture(name="labelled")
def labelled_fixture(tmp_path: Path) -> Path:
    """A small set of our own in SummEdits' shape."""
    rows = [
        (BRIDGE, "The council voted to close the old bridge. The repair will cost 40 million crowns.", 1),
        (BRIDGE, "The repair of the bridge will cost 90 million crowns.", 0),
        (BRIDGE, "The council of Torvik voted to sell the old airport to Ian Ross.", 0),
        (MILL, "The mill at Harrow burned down on Friday night.", 1),
        (MILL, "Nobody was hurt, the fire service said.", 1),
        (MILL, "Fourteen people died when the mill burned down.", 0),
    ]
    path = tmp_path / "labelled.jsonl"
    lines = [
        {"id": str(at), "domain": "news", "doc": doc, "summary": summary, "label": label}
        for at, (doc, summary, label) in enumerate(rows)
    ]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def test_our_gate_agrees_with_people_on_plain_cases_and_passes_the_canaries(labelled: Path) -> None:
    found = calibrate(labelled, "gate", Settings(), repeats=2)
    assert found["answers"]["n"] == 6
    assert found["answers"]["balanced_accuracy"]["value"] >= 0.8
    assert found["answers"]["self_consistency"] == 1.0
    assert not found["canaries"]["constant"] and found["canaries"]["right"] == found["canaries"]["n"] > 0


@pytest.mark.parametrize("name", ["always", "never"])
def test_a_constant_judge_is_worth_nothing_and_the_canaries_say_so(labelled: Path, name: Any) -> None:
    found = calibrate(labelled, name, Settings())
    assert found["answers"]["balanced_accuracy"]["value"] == 0.5
    assert found["answers"]["constant"] and found["canaries"]["constant"]


def test_canaries_hold_by_construction(labelled: Path) -> None:
    made = canaries.canaries(one.sources for one in read_labelled(labelled))
    assert {one.held for one in made} == {True, False}
    for one in made:
        assert (one.text in one.sources[0]) == one.held


@pytest.mark.parametrize(
    ("said", "failed", "told"),
    [
        ([(True, True), (False, False)] * 4, False, "8 of 8 canaries right"),
        ([(True, True), (False, True)] * 4, True, "FAILED THE CANARIES (4 of 8 canaries right, ALWAYS THE SAME)"),
        ([(True, False), (False, True), (True, True)], True, "FAILED THE CANARIES (1 of 3 canaries right)"),
        ([(True, None), (False, None)], True, "FAILED THE CANARIES (0 of 2 canaries right, ALWAYS THE SAME)"),
        ([], False, ""),
    ],
)
def test_who_gets_canaries_wrong_or_always_says_the_same_fails(
    said: list[tuple[bool, bool | None]], failed: bool, told: str
) -> None:
    found = canaries.counted(said)
    assert canaries.failed(found) == failed and canaries.told(found).startswith(told)


@given(st.floats(0.5, 1.0), st.floats(0.5, 1.0), st.floats(0, 1), st.integers(20, 400))
def test_a_corrected_interval_is_never_narrower_than_what_was_judged_and_holds_its_value(
    right: float, wrong: float, judged: float, units: int
) -> None:
    found = {"n": 1000, "base_rate": 0.5, "sensitivity": about(right, 500), "specificity": about(wrong, 500)}
    known = {name: min(1.0, max(0.0, value)) for name, value in about(judged, units).items()}
    result = corrected({**known, "n": units}, found)
    if result.value is None or result.low is None or result.high is None:
        assert right + wrong <= 1.02
        return
    assert 0 <= result.low <= result.value <= result.high <= 1
    if 0.05 < judged < 0.95:  # where what was judged is not itself cut at its end
        cut = result.low == 0 or result.high == 1
        assert result.high - result.low > 0.9 * (known["high"] - known["low"]) or cut


def test_what_is_judged_better_than_the_judge_judges_anything_is_not_corrected_into_certainty() -> None:
    """All of 300 copies called supported by a judge that calls 0.7 of what holds so."""
    found = {"n": 1000, "base_rate": 0.9, "sensitivity": about(0.7, 900), "specificity": about(0.6, 100)}
    result = corrected({"value": 1.0, "low": 0.987, "high": 1.0, "n": 300}, found)
    assert result.value == 1.0 and not result.fits
    assert result.low is not None and result.low < 1 - 0.013 / 0.61
    assert corrected({**about(0.65, 300), "n": 300}, found).fits


def test_a_language_model_is_a_judge_too(labelled: Path, tmp_path: Path) -> None:
    with OpenAIServer(Says("SUPPORTED because it says so")) as server:
        settings = Settings(llm="m", llm_url=server.url, llm_retries=0)
        found = calibrate(labelled, "second_opinion", settings)
        assert found["answers"]["constant"] and found["canaries"]["constant"]
        unheard = calibrate(labelled, "llm", settings)  # which asks for JSON
        assert unheard["answers"]["n"] == 0 and unheard["unmeasured"] == {"answers": 6, "statements": 0}
    with OpenAIServer(honest) as server:
        kept = tmp_path / "replies.jsonl"
        found = calibrate(labelled, "llm", settings.model_copy(update={"llm_url": server.url}), jobs=3, replies=kept)
        assert found["answers"]["n"] == 6 and found["answers"]["sensitivity"]["value"] == 2 / 3  # one is reworded
        assert found["answers"]["specificity"]["value"] == 1.0
        assert found["canaries"]["right"] == found["canaries"]["n"] > 0
        asked = len(server.requests)
        again = calibrate(labelled, "llm", settings.model_copy(update={"llm_url": server.url}), replies=kept)
        assert again == found and len(server.requests) == asked
    with pytest.raises(UsageError, match="needs a language model"):
        calibrate(labelled, "llm", Settings())


@pytest.fixture(name="judged_run")
def judged_run_fixture(tmp_path: Path) -> Path:
    """Recorded answers over ten clusters, all but one of which the gate supports."""
    suite, answers = recorded(tmp_path, [True] * 20)
    lines = [json.loads(line) for line in answers.read_text(encoding="utf-8").splitlines()]
    lines[3]["statements"][0]["text"] = "Repairs begin in August."
    jsonl(answers, lines)
    assert main(["run", str(suite), "--answers", str(answers), "--out", str(tmp_path / "run"), "--no-report"]) == 0
    return tmp_path / "run"


def numbers(run: Path) -> dict[str, Any]:
    return dict(json.loads((run / "metrics.json").read_text(encoding="utf-8")))


def test_a_judged_number_says_that_its_judge_is_uncalibrated_until_it_is_and_then_carries_it(
    labelled: Path, judged_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["metrics", str(judged_run)]) == 0
    before = numbers(judged_run)
    told = {"kind": "gate", "calibrated": False, "unmasked": False, "corrected": None}
    assert before["metrics"]["faithfulness"]["judge"] == told and "judge" not in before["metrics"]["recall_at_5"]
    assert before["by_type"]["single_fact"]["metrics"]["faithfulness"]["judge"] == told
    assert "UNCALIBRATED" in capsys.readouterr().out
    assert main(["calibrate", str(labelled)]) == 0
    assert "kept in" in capsys.readouterr().err
    assert main(["metrics", str(judged_run)]) == 0
    assert "calibrated on labelled.jsonl (n 6 answers" in capsys.readouterr().out
    after = numbers(judged_run)
    assert after["judges"]["gate"]["calibrated"] and after["judges"]["gate"]["kappa"]["value"] is not None
    assert after["metrics"]["faithfulness"]["judge"]["corrected"]["value"] is not None
    assert after["metrics"]["over_citation"]["judge"] == {
        "kind": "gate",
        "calibrated": True,
        "unmasked": False,
        "corrected": None,
    }
    assert after["metrics"]["faithfulness"]["value"] == before["metrics"]["faithfulness"]["value"]


def test_a_calibration_of_another_version_of_the_judge_is_none(labelled: Path, judged_run: Path) -> None:
    assert main(["calibrate", str(labelled)]) == 0
    config = json.loads((judged_run / "config.json").read_text(encoding="utf-8"))
    write_json(judged_run / "config.json", {**config, "gate_fingerprint": "another"})
    assert main(["report", str(judged_run)]) == 0
    assert not numbers(judged_run)["judges"]["gate"]["calibrated"]


def test_a_calibration_can_be_named_and_is_drawn(labelled: Path, judged_run: Path, tmp_path: Path) -> None:
    kept, page = tmp_path / "gate.json", tmp_path / "reliability.html"
    assert main(["calibrate", str(labelled), "--out", str(kept), "--diagram", str(page)]) == 0
    assert "<svg" in page.read_text(encoding="utf-8")
    assert main(["metrics", str(judged_run), "--calibration", str(kept)]) == 0
    assert numbers(judged_run)["judges"]["gate"]["balanced_accuracy"]["value"] >= 0.8
    assert main(["metrics", str(judged_run)]) == 0  # none is kept
    assert not numbers(judged_run)["judges"]["gate"]["calibrated"]
    assert main(["metrics", str(judged_run), "--calibration", str(labelled)]) == 1


def test_of_several_calibrations_the_one_on_most_statements_is_taken(tmp_path: Path) -> None:
    judge = Judge("gate", "f" * 64)
    one = {name: {"value": 0.9} for name in ("kappa", "balanced_accuracy", "sensitivity", "specificity")}
    for name, answers, statements in (("a", 900, None), ("b", 10, 50), ("c", 10, 70)):
        found = {"answers": {**one, "n": answers}, "statements": statements and {**one, "n": statements}}
        about = {"judge": "gate", "model": "", "fingerprint": judge.fingerprint}
        calibrations.keep({**found, **about, "data": {"file": f"{name}.jsonl", "split": "all"}})
    taken = calibrations.find(judge)
    assert taken is not None and taken["data"]["file"] == "c.jsonl"
    assert calibrations.find(Judge("gate", "e" * 64)) is None
    assert calibrations.find(Judge("llm", judge.fingerprint, "m")) is None


def test_what_is_no_calibration_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "no.json"
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(OnrecordError, match="is no calibration"):
        calibrations.read(path)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["not json"], r"labels\.jsonl:1: not valid JSON"),
        (
            ['{"id": 1, "doc": "d", "summary": "s", "label": 1, "domain": "news"}', "", '{"id": 2}'],
            r":3: .* there is no doc",
        ),
        (["[]"], r":1: not a labelled set"),
        (["", " "], "holds no item"),
    ],
)
def test_what_is_wrong_with_a_labelled_set_is_told_by_file_and_line(
    tmp_path: Path, lines: list[str], told: str
) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(UsageError, match=told):
        read_labelled(path)
