"""Runs that end early: killed at any byte, hanging, failing; none of it changes the numbers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eval.__main__ import main
from eval.journal import read_records
from eval.pool import ask_all
from tests.eval_runs import ANSWERED, item, jsonl, recorded

ROOT = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run over twelve recorded answers; beside it are its suite and answers."""
    folder = tmp_path_factory.mktemp("whole")
    suite, answers = recorded(folder, [number % 3 > 0 for number in range(12)])
    assert main(["run", str(suite), "--answers", str(answers), "--out", str(folder / "run")]) == 0
    return folder


def again(whole: Path, out: Path, *more: str) -> int:
    arguments = ["run", str(whole / "suite.jsonl"), "--answers", str(whole / "answers.jsonl"), "--out", str(out)]
    return main([*arguments, "--no-report", *more])


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1))
def test_a_run_killed_at_any_byte_ends_with_the_same_metrics(whole: Path, tmp_path: Path, share: float) -> None:
    records = (whole / "run" / "records.jsonl").read_bytes()
    out = tmp_path / "killed"
    out.mkdir(exist_ok=True)
    (out / "records.jsonl").write_bytes(records[: round(share * len(records))])
    (out / "config.json").write_bytes((whole / "run" / "config.json").read_bytes())
    assert again(whole, out) == 0
    assert (out / "metrics.json").read_bytes() == (whole / "run" / "metrics.json").read_bytes()
    assert [record.id for record in read_records(out)] == [f"i{number}" for number in range(12)]


def test_a_real_process_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    program = tmp_path / "answer.py"
    program.write_text(
        "import json, sys, time\n"
        "for line in sys.stdin:\n"
        "    time.sleep(0.05)\n"
        "    open(sys.argv[1], 'a').write(json.loads(line)['id'] + '\\n')\n"
        f"    print(json.dumps({ANSWERED!r}), flush=True)\n",
        encoding="utf-8",
    )
    suite = jsonl(tmp_path / "s.jsonl", [item(number) for number in range(30)])
    asked = tmp_path / "asked.txt"
    target = f"cmd:{sys.executable} {program} {asked}"
    command = [sys.executable, "-m", "eval", "run", str(suite), "--target", target, "--out", str(tmp_path / "run")]
    records = tmp_path / "run" / "records.jsonl"
    for kill in range(2):
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            while not records.is_file() or records.read_bytes().count(b"\n") < 6 * (kill + 1):
                assert process.poll() is None, process.stderr.read() if process.stderr else ""
                time.sleep(0.01)
            os.kill(process.pid, signal.SIGKILL)
    assert main(["run", str(suite), "--target", target, "--out", str(tmp_path / "run")]) == 0
    assert [record.id for record in read_records(tmp_path / "run")] == [f"i{number}" for number in range(30)]
    assert 30 <= len(asked.read_text(encoding="utf-8").split()) <= 32  # an item in the air is asked again, no other


def test_what_failed_is_asked_again_and_what_did_not_is_kept(whole: Path, tmp_path: Path) -> None:
    answers = (whole / "answers.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    part = tmp_path / "answers.jsonl"
    part.write_text("".join(answers[:4]), encoding="utf-8")
    out = tmp_path / "run"
    assert main(["run", str(whole / "suite.jsonl"), "--answers", str(part), "--out", str(out)]) == 1
    assert again(whole, out) == 1  # other answers are another configuration
    assert again(whole, out, "--fresh") == 0
    assert (out / "metrics.json").read_bytes() == (whole / "run" / "metrics.json").read_bytes()


def test_another_configuration_is_refused_and_named(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert again(whole, out) == 0
    assert again(whole, out, "--no-gate") == 1
    assert "another configuration (gate); choose another --out, or say --fresh" in capsys.readouterr().err


def test_records_without_their_configuration_are_told_by_their_fingerprint(
    whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Someone copied records.jsonl alone: it is gone on with only where it is of this configuration."""
    out = tmp_path / "run"
    out.mkdir()
    (out / "records.jsonl").write_bytes((whole / "run" / "records.jsonl").read_bytes())
    assert again(whole, out, "--no-gate") == 1
    assert f"{out / 'records.jsonl'}:1: made with another configuration" in capsys.readouterr().err


def test_jobs_change_neither_order_nor_numbers(whole: Path, tmp_path: Path) -> None:
    assert again(whole, tmp_path / "run", "--jobs", "4") == 0
    assert (tmp_path / "run" / "metrics.json").read_bytes() == (whole / "run" / "metrics.json").read_bytes()
    assert [record.id for record in read_records(tmp_path / "run")] == [f"i{number}" for number in range(12)]


def test_a_cache_answers_for_the_same_configuration_only(whole: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    assert again(whole, tmp_path / "first", "--cache", str(cache)) == 0
    kept = sorted(cache.rglob("*.json"))
    assert len(kept) == 12
    for path in kept:
        path.write_text(json.dumps({**ANSWERED, "answer": "From the cache."}), encoding="utf-8")
    assert again(whole, tmp_path / "second", "--cache", str(cache)) == 0
    assert {one.output.answer for one in read_records(tmp_path / "second") if one.output} == {"From the cache."}
    assert again(whole, tmp_path / "third", "--cache", str(cache), "--no-history") == 0
    assert "From the cache." not in (tmp_path / "third" / "records.jsonl").read_text(encoding="utf-8")


def test_a_dry_run_asks_nothing(whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["run", str(whole / "suite.jsonl"), "--out", str(tmp_path / "run"), "--dry-run"]
    assert main([*arguments, "--llm", "m", "--price-in", "1", "--price-out", "2"]) == 0
    said = capsys.readouterr().out
    assert "12 items (single_fact 12), 10 clusters" in said
    assert "m: at most 36,864 tokens read and 12,288 written\nat most 0.06 at the given prices" in said
    assert main([*arguments, "--judge", "j", "--judge-price-in", "1", "--judge-price-out", "2"]) == 0
    said = capsys.readouterr().out
    assert "judge j: two calls a statement and one an answer, so for 3 statements each" in said
    assert "canaries, 124 calls, at most" in said  # 7 an item, and 2 for each of the 20
    assert "judging costs at most 0.63 at the given prices" in said
    assert not (tmp_path / "run").exists()


# -- the pool ----------------------------------------------------------------------------------------------------------


def outcomes(ask: Any, items: list[int], **given: Any) -> dict[int, Any]:
    how = {"jobs": 1, "timeout": 10.0, "retries": 0, "again": lambda error: True, "pause": 0.0, **given}
    return dict(ask_all(items, ask, **how))


def test_what_hangs_is_left_behind_and_the_others_are_asked() -> None:
    release = threading.Event()
    found = outcomes(lambda n: release.wait(30) if n == 1 else n, [0, 1, 2, 3], timeout=0.2)
    release.set()
    assert [found[n].value for n in (0, 2, 3)] == [0, 2, 3]
    assert isinstance(found[1].error, TimeoutError)
    assert "no answer within 0.2 s" in str(found[1].error)


@settings(max_examples=30)
@given(fails=st.lists(st.integers(0, 4), max_size=6), retries=st.integers(0, 3), jobs=st.integers(1, 4))
def test_every_item_has_one_outcome_and_is_tried_as_often_as_it_may(fails: list[int], retries: int, jobs: int) -> None:
    tries = [0] * len(fails)

    def ask(number: int) -> int:
        tries[number] += 1
        if tries[number] <= fails[number]:
            raise ValueError(number)
        return number

    found = outcomes(ask, list(range(len(fails))), retries=retries, jobs=jobs)
    assert sorted(found) == list(range(len(fails)))
    for number, failures in enumerate(fails):
        assert (found[number].error is None) == (failures <= retries)
        assert found[number].attempts == tries[number] == min(failures, retries) + 1


def test_no_more_items_are_asked_at_a_time_than_jobs() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def ask(number: int) -> int:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.005)
        with lock:
            running -= 1
        return number

    assert len(outcomes(ask, list(range(30)), jobs=3)) == 30
    assert most == 3


def test_an_error_that_will_not_pass_is_not_tried_again() -> None:
    def ask(number: int) -> int:
        raise ValueError(number)

    assert outcomes(ask, [0], retries=3, again=lambda error: False)[0].attempts == 1
