"""The report of a run: complete, exact about what is cited, safe to open, and quiet in a real browser."""

from __future__ import annotations

import base64
import csv
import html
import json
import re
import tracemalloc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page, expect

from eval.__main__ import main
from eval.report import write_report
from eval.report.page import PLAIN
from eval.report.plots import roc, scatter
from indexing.errors import OnrecordError

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the shipped suite over the seeds, as a user makes it."""
    folder = tmp_path_factory.mktemp("run") / "out"
    assert main(["run", "eval/suites/seeds.jsonl", "--documents", "seeds", "--out", str(folder)]) == 0
    return folder


def records_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "records.jsonl").read_text(encoding="utf-8").splitlines()]


def test_every_item_and_every_cited_span_is_in_the_report(run: Path) -> None:
    page = (run / "report.html").read_text(encoding="utf-8")
    marks = [html.unescape(mark) for mark in re.findall(r"<mark>(.*?)</mark>", page, re.DOTALL)]
    cited = []
    for record in records_of(run):
        assert f'id="{record["id"]}"' in page
        assert html.escape(record["question"]) in page
        if record["output"]["status"] == "answered":
            cited += [one["quote"] for said in record["output"]["statements"] for one in said["citations"]]
    assert marks == cited


def test_the_report_asks_no_host_for_anything(run: Path) -> None:
    page = (run / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"""(?:src|href)\s*=|url\(|@import|fetch\(|https?://(?!www\.w3)""", page)


def test_the_table_has_a_row_an_item(run: Path) -> None:
    with (run / "items.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    records = records_of(run)
    assert [row["id"] for row in rows] == [record["id"] for record in records]
    assert {row["status"] for row in rows} == {record["output"]["status"] for record in records}


def test_hostile_words_and_failed_items_are_shown_as_words(run: Path, tmp_path: Path) -> None:
    records = records_of(run)
    records[0]["question"] = HOSTILE
    records[1] = {**records[1], "output": None, "error": HOSTILE}
    records[2]["output"]["answer"] = "=HYPERLINK(1)"
    (tmp_path / "records.jsonl").write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
    (tmp_path / "metrics.json").write_bytes((run / "metrics.json").read_bytes())
    page = write_report(tmp_path).read_text(encoding="utf-8")
    assert page.count("<script>") == 1 and "<img" not in page
    assert 'data-outcome="failed"' in page
    assert "'=HYPERLINK(1)" in (tmp_path / "items.csv").read_text(encoding="utf-8")


def test_a_folder_without_a_run_is_refused_in_words(tmp_path: Path) -> None:
    with pytest.raises(OnrecordError, match=r"metrics\.json is missing"):
        write_report(tmp_path)
    (tmp_path / "metrics.json").write_text("{}", encoding="utf-8")
    (tmp_path / "records.jsonl").write_text("", encoding="utf-8")
    with pytest.raises(OnrecordError, match="no report can be made"):
        write_report(tmp_path)


scores = st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), min_size=1, max_size=12)


@given(scores, scores)
def test_the_area_is_the_share_of_pairs_in_the_right_order(positive: list[float], negative: list[float]) -> None:
    found = roc(positive, negative)
    assert found is not None
    points, area = found
    pairs = [(one > other) + (one == other) / 2 for one in positive for other in negative]
    assert area == pytest.approx(sum(pairs) / len(pairs))
    assert points[0] == (0, 0) and points[-1] == (1, 1)


def test_without_one_of_the_sides_there_is_no_curve() -> None:
    assert roc([], [0.5]) is None
    assert roc([0.5], []) is None


names = st.text("abcdefghij", min_size=1, max_size=8)


@given(st.lists(st.tuples(names, st.floats(0, 1e6), st.floats(0, 1)), min_size=1, max_size=15))
def test_no_two_names_of_a_scatter_lie_on_one_another(dots: list[tuple[str, float, float]]) -> None:
    figure = scatter(dots, "Cost against quality", "money", "share right")
    labels = re.findall(r'<text class="tick" x="476" y="([\d.]+)">([a-j]+) ', figure)
    assert sorted(name for _, name in labels) == sorted(name for name, _, _ in dots)
    heights = [float(height) for height, _ in labels]
    assert all(below - above >= 13.9 for above, below in pairwise(heights))


def test_the_report_draws_calibration_and_cost(run: Path) -> None:
    page = (run / "report.html").read_text(encoding="utf-8")
    assert "Calibration: the score by which an answer is given" in page
    assert "Cost against quality: time and share right, by type" in page


@pytest.fixture(scope="module")
def long_run(run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same items five times over: more than a page holds as elements."""
    folder = tmp_path_factory.mktemp("long")
    lines = [
        json.dumps(
            {**record, "id": f"{record['id']}-{turn}", "question": f"{record['question']} {HOSTILE * (turn == 4)}"}
        )
        for turn in range(5)
        for record in records_of(run)
    ]
    (folder / "records.jsonl").write_text("\n".join(lines), encoding="utf-8")
    (folder / "metrics.json").write_bytes((run / "metrics.json").read_bytes())
    write_report(folder)
    return folder


def test_a_long_run_is_packed_whole_and_in_order(long_run: Path) -> None:
    page = (long_run / "report.html").read_text(encoding="utf-8")
    chunks = [
        json.loads(zlib.decompress(base64.b64decode(one))) for one in re.findall(r'class="packed">([^<]*)<', page)
    ]
    heads = [head for one in re.findall(r'class="heads">(.*?)</script>', page) for head in json.loads(one)]
    items = [item for chunk in chunks for item in chunk]
    records = records_of(long_run)
    assert len(records) > PLAIN and [head[0] for head in heads] == [record["id"] for record in records]
    assert all(f'id="{head[0]}"' in item for head, item in zip(heads, items, strict=True))
    assert (
        page.count("alert(1)") == 2 * len(records) // 5 and "<script>alert" not in page and "<img" not in "".join(items)
    )
    assert len(page) < sum(map(len, items))


def test_memory_does_not_grow_with_the_run(long_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eval.report.page.PLAIN", 0)
    lines = (long_run / "records.jsonl").read_text(encoding="utf-8").split("\n")[:100]
    (tmp_path / "metrics.json").write_bytes((long_run / "metrics.json").read_bytes())
    peaks = []
    for times in (1, 3):
        (tmp_path / "records.jsonl").write_text("\n".join(lines * times), encoding="utf-8")
        tracemalloc.start()
        write_report(tmp_path)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


@contextmanager
def opened(run: Path, chromium: Browser, width: int) -> Iterator[Page]:
    """A report in a browser; at the end nothing was complained of, nothing else was asked for, nothing is too wide."""
    context = chromium.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.goto((run / "report.html").as_uri())
    yield page
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not said and asked == [(run / "report.html").as_uri()]
    context.close()


@pytest.mark.browser
def test_a_long_run_is_searched_and_turned_over_in_a_browser(long_run: Path, chromium: Browser) -> None:
    with opened(long_run, chromium, 390) as page:
        total = len(records_of(long_run))
        shown = expect(page.locator("#shown"))
        shown.to_have_text(f"{total} of {total} items, 1 to 50 shown")
        assert page.locator(".item").count() == 50 and page.is_disabled("#back")
        page.click("#next")
        shown.to_have_text(f"{total} of {total} items, 51 to 100 shown")
        # Words of a citation's footing, which stand in no head, and a mark that is escaped in the page.
        record = next(one for one in records_of(long_run) if one["output"]["status"] == "answered")
        place = record["output"]["statements"][0]["citations"][0]
        page.fill("#words", f"{place['file']}:{place['start']}-{place['end']} <SCRIPT>")
        shown.to_have_text(re.compile(rf"^[1-9]\d? of {total} items, 1 to"))
        assert 0 < page.locator(".item").count() < 50
        assert all("-4" in str(one.get_attribute("id")) for one in page.locator(".item").all())
        page.fill("#words", "no such words anywhere")
        shown.to_have_text(f"0 of {total} items")


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_it_opens_in_a_browser_and_filters_its_items(run: Path, chromium: Browser, width: int) -> None:
    with opened(run, chromium, width) as page:
        total = page.locator(".item").count()
        assert total == len(records_of(run))
        page.select_option("#outcome", "wrong")
        shown = page.locator(".item:visible").count()
        assert 0 < shown < total
        assert page.inner_text("#shown") == f"{shown} of {total} items"
        page.fill("#words", "no such words anywhere")
        assert page.locator(".item:visible").count() == 0
