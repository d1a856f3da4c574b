"""What readers are compared by: arms without a part, figures over questions, and whether probabilities hold."""

from __future__ import annotations

import math
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eval.report import plots
from eval.training import ablations
from eval.training.ablations import ARMS, constructed, table
from eval.training.data import by_model, divided
from eval.training.make import kept_pairs
from eval.training.pairs import Pair, Task
from eval.training.questions import BY_MODEL, Reading
from eval.training.reliability import _undone, error, picture
from eval.training.worth import Outcome, figures, measured
from indexing.errors import UsageError

SCORED = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


def pair(task: str, source: str, label: str = "yes") -> Pair:
    return Pair(task, "read", "judged", label, source, "group", marks=((0, 2),))  # type: ignore[arg-type]


PAIRS = [
    pair("answers", "written"),
    pair("answers", "written vague", "no"),
    pair("supports", "constructed name", "contradicted"),
    pair("supports", "wice"),
]


def test_each_arm_goes_without_what_its_name_says() -> None:
    assert ARMS["full"].of(PAIRS) == PAIRS
    assert not any(map(constructed, ARMS["no-synthetic"].of(PAIRS))) and len(ARMS["no-synthetic"].of(PAIRS)) == 2
    for head in ("answers", "supports"):
        assert {one.task for one in ARMS[f"only-{head}"].of(PAIRS)} == {head}
    assert [name for name, arm in ARMS.items() if not arm.hard] == ["no-hard"]
    assert [name for name, arm in ARMS.items() if arm.asked] == ["asked"] and ARMS["asked"].of(PAIRS) == PAIRS


def test_arms_learn_from_their_own_pairs_and_are_measured_on_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def about(source: str, head: Task) -> list[Pair]:
        return [Pair(head, "q", source, "yes", source, f"g{number}") for number in range(60)]

    base, asked = [*about("written", "answers"), *about("wice", "supports")], about(BY_MODEL, "answers")
    for name, pairs in [("pairs", base), ("pairs-no-hard", base[::-1]), ("pairs-asked", asked)]:
        kept_pairs(tmp_path / f"{name}.jsonl", lambda pairs=pairs: pairs)  # type: ignore[misc]
    given: dict[str, tuple[list[Pair], list[Pair], list[Pair]]] = {}

    def made_of(parts: tuple[list[Pair], list[Pair], list[Pair]], weights: Path, out: Path, **plan: object) -> None:
        given[out.name] = parts

    monkeypatch.setattr(ablations, "made_of", made_of)
    monkeypatch.setattr(ablations, "base_weights", lambda base: base)
    ablations.trained(None, tmp_path, None)
    assert given.keys() == ARMS.keys()
    full, _, _ = divided(base)
    assert given["full"][0] == full and sorted(map(repr, given["no-hard"][0])) == sorted(map(repr, full))
    assert given["asked"][0] == [*full, *divided(asked)[0]] != full
    assert all(parts[1:] == divided(base)[1:] for parts in given.values())
    groups = [{one.group for one in part} for part in given["asked"]]
    assert all(groups) and not groups[0] & (groups[1] | groups[2])
    with pytest.raises(UsageError, match="train questions"):
        by_model(Reading([]), tmp_path / "none.jsonl")


def test_pairs_are_made_once_and_read_again_as_they_were(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> list[Pair]:
        made.append(1)
        return PAIRS

    path = tmp_path / "pairs.jsonl"
    assert kept_pairs(path, make) == PAIRS == kept_pairs(path, make)
    assert made == [1]


@settings(max_examples=60)
@given(SCORED)
def test_an_error_of_calibration_is_a_share_and_nothing_where_probabilities_hold(
    scored: list[tuple[float, bool]],
) -> None:
    assert 0 <= error(scored) <= 1
    assert error([(float(held), held) for _, held in scored]) == 0
    assert (
        error([(float(not held), held) for _, held in scored]) == pytest.approx(1, abs=1e-3)
        or len({held for _, held in scored}) == 2
    )  # a bin that holds both is nearer


@given(st.floats(0.01, 0.99), st.floats(0.5, 2), st.floats(-1, 1))
def test_a_calibration_is_undone(value: float, temperature: float, shift: float) -> None:
    calibrated = 1 / (1 + math.exp(-(math.log(value / (1 - value)) / temperature + shift)))
    assert _undone(calibrated, temperature, shift) == pytest.approx(value, abs=1e-6)


def test_figures_count_shown_evidence_and_tell_near_misses() -> None:
    yes = [Outcome(f"d{at}", "answerable", 0.5 + at / 40, at % 2 == 0) for at in range(10)]
    near = [Outcome(f"d{at}", "near", at / 40, None) for at in range(10)]
    assert figures([*yes, *near]) == {"first_3": 0.5, "auroc_near": 1.0, "near_refused": 1.0}
    assert figures(near) == {"first_3": None, "auroc_near": None, "near_refused": 0.0}
    (found,) = measured({"ours": [*yes, *near]}).values()
    assert found["n"] == {"first_3": 10, "answerable": 10, "near": 10}
    shown = found["first_3"]
    assert isinstance(shown, list) and shown[1] <= shown[0] <= shown[2] and found["auroc_near"] == [1.0, 1.0, 1.0]


def test_the_table_has_a_row_an_arm_and_leaves_out_heads_that_were_not_taught() -> None:
    asked = {"ours": {"n": {"first_3": 2, "answerable": 3, "near": 1}, "first_3": [0.5, 0.2, 0.8], "auroc_near": None}}
    arms = {"without": {"questions": asked}, "only-answers": {"answers": [0.9, 0.8, 1.0], "questions": asked}}
    lines = table({"steps": 5, "reported_pairs": 7, "arms": arms}).splitlines()
    assert lines[0].startswith("5 steps of 32 pairs an arm; heads: 7 reported pairs; ours n 2 (evidence), 3 and 1")
    assert lines[-1] == "| only-answers | 0.900 [0.800, 1.000] |  | 0.500 [0.200, 0.800] |  |"
    assert len({line.count("|") for line in lines[2:]}) == 1


def test_the_picture_is_a_file_of_its_own_with_a_plot_for_each_head_and_split() -> None:
    part = [{"score": 0.1, "held": 0.2, "n": 5}, {"score": 0.9, "held": 0.8, "n": 5}]
    one = {"n": 10, "ece_after": 0.1, "bins": part}
    root = ElementTree.fromstring(picture({"answers, kept aside": one, "supports, reported": one}))
    assert len(root.findall(".//{*}polyline")) == 2 and "http" not in "".join(root.itertext())
    assert plots.curve([(0.0, 0.0), (1.0, 1.0)], "a", "b", "c").count("<polyline") == 1
