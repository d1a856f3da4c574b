"""Quotes of a draft: where they stand, whom they are given to, which are no speech, and what is written about them."""

from __future__ import annotations

import csv
import io
import json
import logging
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cli import main
from app.quotes.draft import SET_OFF, TITLE, Checked, DraftReport, check_draft, draft_of, read_draft
from app.quotes.export import annotations_of, csv_of, page_of
from app.quotes.result import Axes, Edit, Occurrence, Policy, Profile, Searched, Verdict
from indexing.errors import UsageError
from indexing.spans import Span
from tests.test_quotations import PIECES

HOSTILE = "<script>alert(1)</script> ${x} {{y}} \u202e"


def verdict_on(quote: str, speaker: str = "", profile: Profile = "strict") -> Verdict:
    """What a desk might say: green unless the quote has the word `bad`."""
    bad = "bad" in quote
    place = Occurrence(
        "id",
        "v",
        "a.txt",
        HOSTILE,
        "Post",
        "2016-01-02",
        "",
        Span(5, 9),
        "word",
        "b ",
        " a",
        5,
        9,
        (),
        "",
        voice="quoted",
    )
    return Verdict(
        quote,
        speaker,
        "altered" if bad else "verbatim",
        not bad,
        "critical" if bad else "",
        Axes("altered" if bad else "verbatim", speaker="confirmed" if speaker else "not_claimed"),
        f"Found {HOSTILE}",
        (place,),
        (Edit("negation", "critical", "=not", HOSTILE),) if bad else (),
        (),
        (),
        (),
        (),
        Policy(profile, "en", "en", "f"),
        Searched(3, "2026-01-01"),
    )


def quoted(text: str) -> list[tuple[str, str, str]]:
    return [(one.text, one.speaker, one.skipped) for one in draft_of(text).quotes]


@given(st.one_of(st.lists(st.sampled_from(PIECES), max_size=50).map("".join), st.text(max_size=200)))
def test_any_draft_is_read_and_every_quote_is_made_of_slices_of_it(text: str) -> None:
    draft = draft_of(text)
    assert draft.text == text
    for one in draft.quotes:
        assert one.spans
        assert " ".join(" ".join(span.of(text).split()) for span in one.spans) == one.text
        assert all(before.end <= after.start for before, after in pairwise(one.spans))
        assert one.speaker_span is None or one.speaker_span.of(text).strip()
    report = check_draft(verdict_on, draft)
    assert page_of(report).endswith("</html>")
    assert len(list(csv.reader(io.StringIO(csv_of(report), newline="")))) == len(draft.quotes) + 1
    for annotation in annotations_of(report)["items"]:
        for target in annotation["target"]:
            exact, position = target["selector"]
            assert text[position["start"] : position["end"]] == exact["exact"]


def test_a_broken_quote_is_one_and_whole_sentences_are_checked_each_by_itself() -> None:
    assert quoted('"We agreed," Ann Lee said, "to pay." "No," said Lee. "We never did that."') == [
        ("We agreed, to pay.", "Ann Lee", ""),
        ("No,", "Ann Lee", ""),
        ("We never did that.", "Ann Lee", ""),
    ]


def test_paragraphs_of_one_quote_are_joined_and_block_quotes_count() -> None:
    assert quoted("Ann Lee wrote:\n\n“One is here.\n\n“Two is too.”\n")[0] == (
        "One is here. Two is too.",
        "Ann Lee",
        "",
    )
    assert quoted("Ann Lee wrote:\n\n> We paid for the bridge.\n")[0] == ("We paid for the bridge.", "Ann Lee", "")


def test_titles_and_scare_quotes_are_skipped_with_the_reason() -> None:
    assert [one[2] for one in quoted('Ann Lee mentioned "The Long Way Down" again.')] == [TITLE]
    text = 'Her book "Bridges I knew" sold. "The Long Way Down" did not. The "deal" is off. She said it was "a deal."'
    assert quoted(text) == [
        ("Bridges I knew", "", TITLE),
        ("The Long Way Down", "", TITLE),
        ("deal", "", SET_OFF),
        ("a deal.", "", ""),
    ]


def test_a_speaker_who_is_not_named_is_nobody() -> None:
    assert quoted('"We paid for it," a spokesman said. "We paid for it," they said.') == [
        ("We paid for it,", "", ""),
        ("We paid for it,", "", ""),
    ]


def test_block_quotes_and_q_elements_of_a_page_are_quotes_of_the_draft(tmp_path: Path) -> None:
    page = "<p>Ann Lee said: <q>We paid for it.</q></p><p>Then Bo Day wrote:</p><blockquote><p>Nobody asked us to pay."
    (tmp_path / "d.html").write_text(f"<html><body>{page}</p></blockquote></body></html>", encoding="utf-8")
    draft = read_draft(tmp_path / "d.html")
    assert [one.text for one in draft.quotes] == ["We paid for it.", "Nobody asked us to pay."]
    assert all(one.spans[0].of(draft.text) == one.text for one in draft.quotes)


@pytest.mark.parametrize("name", ["d.md", "d.txt", "d.html"])
def test_a_draft_is_read_from_a_file_of_its_kind(tmp_path: Path, name: str) -> None:
    body = "“We paid for it,” Ann Lee said."
    text = f"<html><body><p>{body}</p></body></html>" if name.endswith("html") else f"{body}\n"
    (tmp_path / name).write_text(text, encoding="utf-8")
    draft = read_draft(tmp_path / name)
    (one,) = draft.quotes
    assert (one.text, one.speaker) == ("We paid for it,", "Ann Lee")
    assert one.spans[0].of(draft.text) == one.text


def test_what_is_no_draft_is_refused_with_what_is(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"\.docx"):
        read_draft(tmp_path / "d.exe")


TEXT = f'Ann Lee said, "This is bad for us." {HOSTILE} "=We paid for it all," said Lee. The "deal" is off.'


@pytest.fixture(scope="module")
def report() -> DraftReport:
    return check_draft(verdict_on, draft_of(TEXT, HOSTILE))


def test_a_report_is_green_only_if_every_quote_is_and_tones_tell_why(report: DraftReport) -> None:
    assert [one.tone for one in report.checked] == ["red", "green", "grey"]
    assert not report.green
    assert DraftReport(report.draft, report.checked[1:]).green


def test_the_page_shows_everything_and_runs_nothing(report: DraftReport) -> None:
    page = page_of(report)
    assert "<script" not in page
    assert "${" not in page
    assert "{{y" not in page
    assert page.count("<mark ") == 3
    assert "Not checked: words set off" in page
    assert "negation (critical)" in page
    assert "http" not in page.replace("http-equiv", "")


def test_a_cell_is_never_a_formula(report: DraftReport) -> None:
    rows = list(csv.DictReader(io.StringIO(csv_of(report), newline="")))
    assert rows[1]["quote"] == "'=We paid for it all,"
    assert rows[2]["skipped"] == SET_OFF
    assert (rows[0]["headline"], rows[0]["file"], rows[0]["start"]) == ("altered", "a.txt", "5")


def test_annotations_select_the_quote_and_the_passage(report: DraftReport) -> None:
    page = json.loads(json.dumps(annotations_of(report)))
    assert page["type"] == "AnnotationPage"
    exact, position = page["items"][0]["target"][0]["selector"]
    assert exact["exact"] == "This is bad for us."
    assert TEXT[position["start"] : position["end"]] == exact["exact"]
    assert page["items"][0]["body"][2]["selector"][1] == {"type": "TextPositionSelector", "start": 5, "end": 9}


def test_a_skipped_quote_has_the_keys_of_a_verdict_and_its_reason(report: DraftReport) -> None:
    skipped = Checked(report.checked[2].quote, None).as_json()
    start = TEXT.index("deal")
    assert (skipped["headline"], skipped["skipped"]) == (None, SET_OFF)
    assert skipped["spans_in_draft"] == [[start, start + 4]]
    assert set(report.checked[2].as_json()) - {"skipped"} <= set(report.checked[0].as_json())


def test_nothing_logs_the_draft(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    (tmp_path / "d.txt").write_text('Ann Lee said, "This is bad for Zanzibar."', encoding="utf-8")
    with caplog.at_level(logging.DEBUG):
        annotations_of(check_draft(verdict_on, read_draft(tmp_path / "d.txt")))
    assert "Zanzibar" not in caplog.text


GOOD = (
    "Bridget A. Brink called it otherwise: “peace at any price is not peace at all — it is appeasement,” Brink said.\n"
)
BAD = "“peace at any price is peace at all — it is appeasement,” Brink said.\n"


def test_check_is_a_gate_that_ends_with_0_only_where_every_quote_is_green(
    seeds_home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad, page = tmp_path / "good.md", tmp_path / "bad.md", tmp_path / "out" / "page.html"
    good.write_text("“peace at any price is not peace at all — it is appeasement” was heard.\n", encoding="utf-8")
    bad.write_text(GOOD + "\n" + BAD, encoding="utf-8")
    assert main(["check", str(good), "--home", str(seeds_home)]) == 0
    assert "1 of 1 quote green." in capsys.readouterr().out
    assert main(["check", str(bad), "--json", "--report", str(page), "--home", str(seeds_home)]) == 3
    first, second = json.loads(capsys.readouterr().out)
    assert (first["headline"], second["headline"], second["severity"]) == ("verbatim", "altered", "critical")
    text = bad.read_text(encoding="utf-8")
    for one in (first, second):
        (span,) = one["spans_in_draft"]
        assert text[span[0] : span[1]] == one["quote"]
    assert "altered" in page.read_text(encoding="utf-8")
    assert main(["check", str(bad), "--report", "page.exe", "--home", str(seeds_home)]) == 2
