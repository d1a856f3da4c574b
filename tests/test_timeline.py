"""Timelines of a topic or a speaker: exact spans, sums that agree, and the same by command line and on the page."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.cli import main
from app.timeline import Entry, beginning, day_of, following, rows, timeline, unit_of
from app.web.timeline_view import ROWS, as_html, speakers_as_html
from indexing.collection import Collection
from indexing.documents import Document, Metadata
from indexing.errors import OnrecordError, UsageError
from indexing.ingest import index
from indexing.quoted import Speaker
from indexing.spans import Span
from tests.folders import write
from tests.hashing import HashingEmbedder

FILES = {
    "a.md": '---\ndate: 2016-01-02\nsource: Post\n---\n\nThe ferry is old. "We will mend the ferries," Ann Lee said.\n',
    "b.md": "---\ndate: 2016-03-04\nsource: <Herald> & Sons\n---\n\nA new ferry came. Ferry number 2 is late. Rain.\n",
    "c.md": '---\nsource: Post\n---\n\nNobody knows when the last ferry sails.\n\n"Never mind," Bob Lee said.\n',
    "d.md": "---\ndate: 2016-03-04\nsource: Post\n---\n\nThe bridge is shut.\n",
}
DAYS = some.dates(datetime.date(1990, 1, 1), datetime.date(2030, 12, 31))


@pytest.fixture(name="collection", scope="module")
def collection_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Collection]:
    home = tmp_path_factory.mktemp("timeline")
    with Collection(home / "home", HashingEmbedder(), create=True) as collection:
        index(collection, [write(home / "docs", FILES)])
        yield collection


def entry(day: str, source: str, mentions: int) -> Entry:
    text = "x" * mentions
    document = Document(f"{day} {source}", "v", "name", text, Metadata(date=day, source=source))
    return Entry(document, tuple(Span(at, at + 1) for at in range(mentions)), ())


@given(some.lists(some.tuples(DAYS, some.sampled_from("abcdefghijkl"), some.integers(1, 9)), min_size=1, max_size=40))
def test_the_bars_hold_every_mention_once_and_each_on_its_day(made: list[tuple[datetime.date, str, int]]) -> None:
    entries = [entry(day.isoformat(), source, mentions) for day, source, mentions in made]
    shown = rows(entries, ROWS)
    assert sum(row.mentions for row in shown) == sum(mentions for *_, mentions in made)
    assert len(shown) == min(ROWS, len({source for _, source, _ in made}))
    for row in shown:
        assert all(one.last < two.first for one, two in zip(row.bars, row.bars[1:], strict=False))
        for bar in row.bars:
            assert bar.first <= (entries[bar.entry].day or datetime.date.min) <= bar.last


@given(DAYS, DAYS)
def test_stretches_of_time_partition_it(one: datetime.date, two: datetime.date) -> None:
    first, last = sorted((one, two))
    unit = unit_of(first, last)
    begin = beginning(first, unit)
    assert begin <= first < following(begin, unit)
    assert beginning(following(begin, unit), unit) == following(begin, unit)
    assert (last - first).days / {"day": 1, "week": 7, "month": 31, "year": 365}[unit] < 62


def test_dates_that_are_no_whole_days() -> None:
    assert day_of("2016") == datetime.date(2016, 1, 1)
    assert day_of("2016-03") == datetime.date(2016, 3, 1)
    assert day_of("2016-03-04T10:00:00") == datetime.date(2016, 3, 4)
    assert day_of("") is day_of("soon") is day_of("2016-13-40") is None


def test_a_topic_is_found_in_any_form_by_source_and_date_with_exact_spans(collection: Collection) -> None:
    found = timeline(collection, "ferry")
    assert [one.document.name for one in found.entries] == ["a.md", "b.md", "c.md"]
    words = [[span.of(one.document.text) for span in one.mentions] for one in found.entries]
    assert words == [
        ["The ferry is old."],
        ["A new ferry came.", "Ferry number 2 is late."],
        ["Nobody knows when the last ferry sails."],
    ]
    statements = [(each.speaker, each.text) for one in found.entries for each in one.statements]
    assert statements == [("Ann Lee", "We will mend the ferries,")]
    told = found.as_json()
    assert (told["documents"], told["mentions"], told["statements"], told["without_date"]) == (3, 4, 1, 1)
    assert told["complete"] is True
    for one in told["entries"]:
        text = FILES[one["file"]]
        for place in (*one["mentions"], *one["statements"]):
            assert text[place["start"] : place["end"]] == place["quote"]


def test_all_words_of_a_topic_stand_in_one_sentence(collection: Collection) -> None:
    assert [one.document.name for one in timeline(collection, "late ferry").entries] == ["b.md"]
    assert timeline(collection, "ferry bridge").entries == ()


def test_a_speaker_has_statements_and_no_mentions(collection: Collection) -> None:
    found = timeline(collection, speaker="Lee")
    assert [(one.document.name, len(one.mentions), len(one.statements)) for one in found.entries] == [
        ("a.md", 0, 1),
        ("c.md", 0, 1),
    ]
    assert [one.document.name for one in timeline(collection, "ferries", "Lee").entries] == ["a.md"]
    with pytest.raises(OnrecordError, match="nobody called"):
        timeline(collection, speaker="Zoe")


@pytest.mark.parametrize(("topic", "says"), [("", "name a topic"), ("the of", "no word to look for")])
def test_what_names_nothing_is_refused(collection: Collection, topic: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        timeline(collection, topic)


def test_the_plot_is_well_formed_escaped_and_told_in_words(collection: Collection) -> None:
    shown = as_html(timeline(collection, "ferry"))
    assert "<Herald" not in shown
    svg = ElementTree.fromstring(shown[shown.index("<svg") : shown.index("</svg>") + 6])
    assert "<Herald> & Sons: 2 mentions" in str(svg.get("aria-label"))
    bars = svg.findall(".//g[@class='bar']")
    assert len(bars) == 2
    for bar in bars:
        assert f'id="entry-{bar.get("data-entry")}"' in shown
    assert "1 document without a date" in shown
    assert "Nothing on “submarine”" in as_html(timeline(collection, "submarine"))


def test_names_of_speakers_are_escaped_and_narrowed_down() -> None:
    people = [Speaker('Ann "<i>" Lee', 1, 2, "2016-01-02", "2016-01-02"), Speaker("Bob Cray", 1, 1, "", "")]
    shown = speakers_as_html(people)
    assert "<i>" not in shown
    assert 'data-speaker="Ann &quot;&lt;i&gt;&quot; Lee"' in shown
    assert "1 of 2 speakers" in speakers_as_html(people, "cray")
    assert "Nobody of that name" in speakers_as_html(people, "zoe")


def test_the_command_tells_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = tmp_path / "home"
    assert main(["index", str(write(tmp_path / "docs", FILES)), "--home", str(home)]) == 0
    capsys.readouterr()
    assert main(["timeline", "ferry", "--json", "--home", str(home)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["mentions"], told["statements"]) == (4, 1)
    assert main(["timeline", "ferry", "--home", str(home)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("week of 2015-12-28  ###")
    assert "  Ann Lee: “We will mend the ferries,” [58:83]" in lines
    assert lines[-1] == "4 mentions and 1 statement in 3 documents."
    assert main(["timeline", "submarine", "--home", str(home)]) == 3
