"""Who is quoted where: marks, turns, speakers, and how the catalogue keeps them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexing.collection import Collection
from indexing.ingest import index
from indexing.marks import stretches_of
from indexing.quotations import Quotation
from indexing.quoted import quotations_of_speakers, speakers
from indexing.spans import Span
from indexing.turns import quotations_of
from tests.folders import id_of, write

PIECES = (
    *"\"'“”‘’„‚«»‹›「」『』",
    "``",
    "''",
    " ",
    "\n",
    "\n\n",
    ", ",
    ". ",
    "? ",
    "word",
    "don't",
    "’70s",
    "voters’",
    "6'2\"",
    "he said",
    "said Ann Lee",
    "Ann Lee, the mayor, told",
    "according to",
    "MR. LEE: ",
    "(LAUGHTER)",
    "> ",
    "— Ann Lee",
    "**",
    "\u0301",
    "\U0001f600",
)
PAIRS = (("“", "”"), ('"', '"'), ("«", "»"), ("»", "«"), ("„", "“"), ("„", "”"), ("「", "」"), ("``", "''"), ("‘", "’"))


def lines_of(text: str) -> list[Span]:
    """The lines with something in them."""
    spans, at = [], 0
    for line in text.split("\n"):
        if line.strip():
            spans.append(Span(at, at + len(line)))
        at += len(line) + 1
    return spans


def read(text: str) -> tuple[Quotation, ...]:
    return quotations_of(text, lines_of(text))


def said(text: str) -> list[tuple[str, str]]:
    """`(words, speaker)` of what is quoted, halves joined by a stroke."""
    return [(" | ".join(span.of(text) for span in one.inner), one.speaker) for one in read(text)]


@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_any_text_gives_spans_of_itself_in_order_and_outer_turns_do_not_overlap(text: str) -> None:
    found = read(text)
    for one in found:
        assert one.span.of(text)
        assert all(one.span.contains(span) and span.of(text).strip() for span in one.inner)
        assert all(before.end <= after.start for before, after in pairwise(one.inner))
        assert one.speaker_span is None or one.speaker_span.of(text).strip()
        assert bool(one.pattern) == (one.speaker_span is not None)
        assert not one.explicit or one.pattern
    outer = [one for one in found if one.kind == "marks" and not one.depth]
    assert all(before.span.end <= after.span.start for before, after in pairwise(outer))


@given(st.sampled_from(PAIRS), st.lists(st.sampled_from(("well", "I don't", "it's", "know", "two")), min_size=1))
def test_words_planted_between_marks_are_found_whatever_the_marks(pair: tuple[str, str], words: list[str]) -> None:
    quote = " ".join(words)
    text = f"The mayor spoke. {pair[0]}{quote}{pair[1]} was all."
    assert quote in [span.of(text) for one in stretches_of(text, lines_of(text)) for span in (one.inner,)]


def test_apostrophes_decades_and_inches_are_no_marks() -> None:
    text = "In the ’70s and '80s the voters’ rock 'n' roll didn't stand 6'2\" tall."
    assert said(text) == []


def test_nested_marks_are_entries_of_their_own() -> None:
    text = "“She told me, ‘Go home,’ and I went,” Ann Lee said."
    outer, inner = read(text)
    assert (outer.depth, inner.depth) == (0, 1)
    assert outer.speaker == "Ann Lee"
    assert inner.inner[0].of(text) == "Go home,"
    assert inner.speaker == ""


def test_a_broken_quote_is_one_turn() -> None:
    text = 'Mayor Ann Lee spoke. "We agreed," Lee said on Monday, "to pay." She left. "Never," said Bob Ray.'
    assert said(text) == [("We agreed, | to pay.", "Ann Lee"), ("Never,", "Bob Ray")]


def test_a_quote_over_paragraphs_is_one_turn_with_the_speaker_of_its_end() -> None:
    text = "“One.\n\n“Two.\n\n“Three,” said Ann Lee.\n\n“Four,” said Bob Ray."
    assert said(text) == [("One. | Two. | Three,", "Ann Lee"), ("Four,", "Bob Ray")]


def test_a_mark_that_is_never_closed_takes_no_more_than_its_paragraph() -> None:
    assert said("He said: “This is it.\n\nThe town is small.") == [("This is it.", "He")]
    assert [words for words, _ in said("“One. And “two” there.")] == ["One.", "two"]


@pytest.mark.parametrize(
    ("text", "speaker", "pattern"),
    [
        ('"We paid," said Ann Lee.', "Ann Lee", "after"),
        ('"We paid," Ann Lee, the town\'s mayor, said Monday.', "Ann Lee", "after"),
        ('"We paid," said Florida Republican Sen. Ann Lee, who left.', "Ann Lee", "after"),
        ('Ann Lee told reporters, "We paid."', "Ann Lee", "before"),
        ('On Monday, in a long interview, Ann Lee called it "a mess."', "Ann Lee", "before"),
        ('The mayor, Ann Lee, said: "We paid."', "Ann Lee", "before"),
        ('Ann Lee, who has called it "a mess," is back.', "Ann Lee", "before"),
        ('Ann Lee met Bob Ray on Monday, saying "we paid" twice.', "Ann Lee", "before"),
        ('Washington (AFP) – Ann Lee has met Bob Ray, saying that "bad remarks" do harm.', "Ann Lee", "before"),
        ('HOLM VALE, Nov 5 (Midland Wire) - The mayor, Ann Lee, said: "We paid."', "Ann Lee", "before"),
        ('According to Ann Lee, "we paid."', "Ann Lee", "according"),
        ('"We paid," according to Ann Lee.', "Ann Lee", "according"),
        ('"We paid!" a spokesman for Ann Lee said.', "a spokesman", "after"),
        ('They "paid" twice for the bridge, Ann Lee said Monday.', "Ann Lee", "after"),
        ("„Das ist gut“, sagte Anna Lehmann.", "Anna Lehmann", "after"),
        ("« C’est vrai », a déclaré Anne Leroy.", "Anne Leroy", "after"),
        ('The bridge is "a mess" and will stay one.', "", ""),
        ('The word "mess" was heard. Ann Lee said nothing.', "", ""),
        ('Ann Lee was told "we paid" by nobody.', "", ""),
    ],
)
def test_a_speaker_is_named_by_an_explicit_pattern_and_by_nothing_else(text: str, speaker: str, pattern: str) -> None:
    (one,) = [each for each in read(text) if each.kind == "marks"]
    assert (one.speaker, one.pattern) == (speaker, pattern)


def test_a_surname_stands_for_the_full_name_of_the_same_document_unless_two_bear_it() -> None:
    assert said("Ann Lee came. “Yes,” Lee said.")[0] == ("Yes,", "Ann Lee")
    assert said("Ann Lee and Bob Lee came. “Yes,” Lee said.")[0] == ("Yes,", "Lee")
    assert said("“Yes,” Lee said.")[0] == ("Yes,", "Lee")


def test_a_pronoun_is_somebody_only_where_nobody_else_can_be_meant() -> None:
    assert said("Hillary Lee came. “Yes,” she said.")[0][1] == "Hillary Lee"
    assert said("Hillary Lee met Mary Ray. “Yes,” she said.")[0][1] == "she"
    assert said("John Lee came. “Yes,” she said.")[0][1] == "she"


def test_a_transcript_gives_turns_without_what_stands_in_brackets() -> None:
    text = "MAYOR LEE: We paid. (LAUGHTER) Twice.\nIt was a mess.\nBOB RAY (press): Why?\nLEE: No more."
    assert said(text) == [("We paid. | Twice. | It was a mess.", "Lee"), ("Why?", "Bob Ray"), ("No more.", "Lee")]
    assert {(one.kind, one.pattern, one.explicit) for one in read(text)} == {("turn", "transcript", True)}
    assert said("Note: the bridge is closed.\nIt will open soon.") == []


def test_a_block_quote_belongs_to_whom_the_line_below_or_the_words_before_name() -> None:
    assert said("> We shall fight on.\n> — Winston Churchill") == [("We shall fight on.", "Winston Churchill")]
    assert said("Ann Lee wrote:\n> We paid for the bridge.") == [("We paid for the bridge.", "Ann Lee")]


def test_speech_without_marks_is_listed_as_such_where_a_pattern_gives_it_to_a_name() -> None:
    text = "Ann Lee told reporters that the town would pay. Taxes will rise, Lee said Monday. They say it may rain."
    assert said(text) == [("the town would pay", "Ann Lee"), ("Taxes will rise", "Ann Lee")]
    assert {one.kind for one in read(text)} == {"indirect"}


OLD = 'Ann Lee is mayor. "We paid for it," Lee said.\n'
NEW = 'Ann Lee is mayor. "We never paid," Lee said, "and never will."\n'


def test_the_catalogue_keeps_quotations_of_every_version_that_was_current(
    collection: Collection, tmp_path: Path
) -> None:
    docs = write(tmp_path / "docs", {"a.txt": OLD})
    index(collection, [docs])
    catalogue, key = collection.catalogue, id_of(collection, "a.txt")
    old = collection.document(key)
    assert old is not None
    assert catalogue.quotations(key) == quotations_of(OLD, [Span(0, len(OLD) - 1)])
    write(docs, {"a.txt": NEW})
    index(collection, [docs])
    assert [span.of(NEW) for span in catalogue.quotations(key)[0].inner] == ["We never paid,", "and never will."]
    assert catalogue.quotations(key, old.version)[0].inner[0].of(OLD) == "We paid for it,"
    assert catalogue.quotations("nobody") == ()
    (docs / "a.txt").unlink()
    write(docs, {"b.txt": 'Bob Ray said, "No."'})
    index(collection, [docs])
    assert catalogue.quotations(key) == ()
    assert len(catalogue.quotations(key, old.version)) == 1
    assert [(one.name, one.quotations) for one in speakers(catalogue)] == [("Bob Ray", 1)]
    assert [one.speaker for _, one in quotations_of_speakers(catalogue, ["Ann Lee", "Bob Ray"])] == ["Bob Ray"]
