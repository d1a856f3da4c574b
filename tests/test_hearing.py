"""The reader beside the gate: it moves a score, may lower a support and never raises one; asked only where set."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.commands.ground_command import source_of
from app.evidence.reader_model import Stance
from app.evidence.understanding import SHIPPED, reading
from app.grounding import calibration
from app.grounding.judgement import Judgement
from app.judging.check import Checked, Checker
from app.judging.hearing import USUAL, Hearing, one_after_the_other, opinions
from app.settings import Settings
from indexing.errors import ModelError

SOURCE = (
    "The council of Varn voted on 3 May to close the old bridge. Repairs will cost 4 million dollars and last a year. "
    "Mayor Ilse Brandt said the bridge had been unsafe since the flood."
)
ANSWER = (
    "Varn's council voted to close the old bridge. The repairs last a year. "
    "The mayor called the bridge unsafe. Residents were delighted with the decision."
)
SUPPORTS = ("unsupported", "partly", "supported")


def saying(supported: float) -> Hearing:
    return Hearing(lambda _said, _sentences: Stance(supported, 1 - supported, 0.0))


def checked(hearing: Hearing | None, answer: str = ANSWER) -> Checked:
    return Checker([source_of(SOURCE, "source")], hearing).check(answer)


@given(
    st.sampled_from(SUPPORTS), st.floats(0, 1), st.booleans(), st.floats(0, 1),
    st.floats(0, 1),
)  # fmt: skip
def test_it_never_raises_a_support_and_what_it_likes_better_scores_no_less(
    support: str, score: float, hard: bool, one: float, other: float
) -> None:
    judged = Judgement(support, "its own reason", score, hard=hard)  # type: ignore[arg-type]
    low, high = (saying(value)("So.", ["So it is."], judged) for value in sorted((one, other)))
    assert low.score <= high.score and low.heard <= high.heard
    for after in (low, high):
        assert SUPPORTS.index(after.support) in (SUPPORTS.index(support), max(0, SUPPORTS.index(support) - 1))
        assert (after.support == support) or (after.score < 0.5 and "the reader" in after.reason)
        assert not (score < 0.5 <= after.score) and (score < 1 or after.score == 1)


@settings(max_examples=20)
@given(st.floats(0, 1), st.floats(0, 1), st.integers(1, 4))
def test_an_answer_that_it_likes_better_scores_no_less(one: float, other: float, sentences: int) -> None:
    answer = ". ".join(ANSWER.split(". ")[:sentences])
    low, high = (checked(saying(value), answer).score for value in sorted((one, other)))
    assert low is not None and high is not None and low <= high + 1e-12


def test_what_it_usually_says_changes_no_score() -> None:
    usual = calibration.probability(USUAL)
    assert checked(saying(usual)).score == pytest.approx(checked(None).score)


def test_the_sources_own_words_stay_supported() -> None:
    found = checked(saying(0.0), "The council of Varn voted on 3 May to close the old bridge.")
    assert [(one.support, one.score) for one in found.statements] == [("supported", 1.0)]


def test_a_reader_that_fails_leaves_the_judgement_and_says_so() -> None:
    def broken(_said: str, _sentences: Sequence[str]) -> Stance:
        raise ModelError("no memory")

    after = Hearing(broken)("So.", ["So it is."], Judgement("partly", "its own reason", 0.4))
    assert (after.support, after.score) == ("partly", 0.4) and "no memory" in after.reason


def test_without_the_setting_or_without_a_reader_nobody_is_asked() -> None:
    assert opinions(Settings()) is None
    assert opinions(Settings(gate_reader=True, reader="")) is None
    assert opinions(Settings(gate_reader=True)) is not None


def test_each_opinion_is_asked_about_what_the_one_before_left() -> None:
    def lowers(_said: str, _sentences: Sequence[str], judged: Judgement) -> Judgement:
        return judged.lowered("partly", f"{judged.reason}; doubted")

    after = one_after_the_other([lowers, lowers])("So.", [], Judgement("supported", "there", 0.9))
    assert after.reason == "there; doubted; doubted"


def test_the_shipped_reader_hears_a_changed_name() -> None:
    hearing = Hearing(reading(SHIPPED).supports)
    judged = Judgement("supported", "there", 0.8)
    sentences = ["Mayor Ilse Brandt said the bridge had been unsafe since the flood."]
    same = hearing("The mayor, Ilse Brandt, called the bridge unsafe.", sentences, judged)
    other = hearing("The bishop, Otto Krull, called the bridge safe.", sentences, judged)
    assert other.heard < same.heard and other.score < same.score


def test_the_command_asks_it_where_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from app.cli import main

    (tmp_path / "answer.txt").write_text(ANSWER)
    (tmp_path / "source.txt").write_text(SOURCE)
    call = ["ground", "--answer", str(tmp_path / "answer.txt"), "--sources", str(tmp_path / "source.txt"), "--json"]
    scores = []
    for flags in ([], ["--no-gate-reader"], ["--gate-reader"], ["--gate-reader", "--no-reader"]):
        main([*call, *flags])
        scores.append(json.loads(capsys.readouterr().out)["score"])
    assert scores[0] == scores[1] == scores[3] != scores[2]
