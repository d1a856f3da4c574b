"""The Evaluations tab's reading of runs: real runs, side by side, and nothing outside the runs' folder."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from starlette.testclient import TestClient

from app.assistant import Assistant
from app.settings import Settings
from app.web import evaluations
from app.web.server import build_app
from eval.__main__ import main
from tests.fake_assistant import FakeAssistant

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two runs of a shipped suite, the second over fewer items."""
    home = tmp_path_factory.mktemp("home")
    common = ["run", "eval/suites/off_topic.jsonl", "--home", str(home)]
    assert main([*common, "--documents", "seeds", "--split", "tune", "--out", str(home / "runs" / "a-1")]) == 0
    assert main([*common, "--split", "report", "--out", str(home / "runs" / "b-2")]) == 0
    (home / "runs" / "broken").mkdir()
    (home / "runs" / "broken" / "metrics.json").write_text("{}", encoding="utf-8")
    return home


def test_runs_are_listed_and_read(home: Path) -> None:
    assert set(evaluations.names(home)) == {"a-1", "b-2", "broken"}
    run = evaluations.read(home, "a-1")
    assert run is not None and run.suite == "off_topic"
    page = evaluations.one(run)
    assert "off_<wbr>topic_<wbr>refused" in page and "/runs/a-1/report" in page
    assert evaluations.read(home, "broken") is None
    assert evaluations.names(home / "nowhere") == []


def test_two_runs_stand_side_by_side_with_what_flipped(home: Path) -> None:
    first, second = evaluations.read(home, "a-1"), evaluations.read(home, "b-2")
    assert first is not None and second is not None
    assert "0 items of 0 came out otherwise" in evaluations.two(first, second)
    key = next(iter(first.items))
    changed = {**first.items, key: {**first.items[key], "outcome": "wrong", "answer": "<b>No</b>"}}
    page = evaluations.two(first, evaluations.Run("c", first.metrics, changed))
    assert f"1 item of {len(first.items)} came out otherwise" in page
    assert "right → wrong" in page and "&lt;b&gt;No&lt;/b&gt;" in page


@pytest.mark.parametrize("name", ["..", "../a-1", "a-1/..", "", ".", "a/b", "%2e%2e"])
def test_no_name_leads_out_of_the_runs_folder(home: Path, name: str) -> None:
    assert evaluations.report_path(home, name) is None
    assert evaluations.read(home, name) is None


def test_a_report_is_served_as_it_lies(home: Path) -> None:
    with TestClient(
        build_app(cast(Assistant, FakeAssistant()), Settings(home=home)), base_url="http://127.0.0.1:7860"
    ) as client:
        served = client.get("/runs/a-1/report")
        assert served.status_code == 200
        assert served.text == (home / "runs" / "a-1" / "report.html").read_text(encoding="utf-8")
        assert client.get("/runs/none/report").status_code == 404
        assert client.get("/runs/..%2f..%2fcatalogue.sqlite/report").status_code == 404
