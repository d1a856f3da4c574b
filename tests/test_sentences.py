"""Sentences: every visible word in exactly one of them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexing.clean import Block, plain_blocks
from indexing.documents import Sentence
from indexing.markdown import markdown_blocks
from indexing.sentences import LONGEST, WIDEST, count_words, sentences_of
from indexing.spans import Span, hull
from tests.texts import any_text


def split(text: str) -> list[str]:
    return [sentence.visible(text) for sentence in sentences_of(text, plain_blocks(text))]


def places(text: str, pieces: list[Span]) -> list[int]:
    """The places of all characters that are not white space, in order."""
    return [at for piece in pieces for at in range(piece.start, piece.end) if not text[at].isspace()]


@pytest.mark.parametrize("blocks_of", [plain_blocks, markdown_blocks])
@given(text=any_text)
def test_every_visible_character_is_in_exactly_one_sentence(blocks_of: type, text: str) -> None:
    blocks: tuple[Block, ...] = blocks_of(text)
    sentences = sentences_of(text, blocks)
    covered = places(text, [piece for sentence in sentences for piece in sentence.pieces])
    assert covered == places(text, [piece for block in blocks for piece in block.pieces])
    _check(text, sentences, blocks)


def _check(text: str, sentences: tuple[Sentence, ...], blocks: tuple[Block, ...]) -> None:
    assert all(before.span.end <= after.span.start for before, after in pairwise(sentences)), "in reading order"
    for sentence in sentences:
        assert sentence.span == hull(sentence.pieces)
        assert sentence.visible(text) == sentence.visible(text).strip() != ""
        assert all(len(piece) for piece in sentence.pieces)
        assert sentence.kind == blocks[sentence.paragraph].kind
        assert count_words(sentence.visible(text)) <= LONGEST
        assert count_words(sentence.span.of(text)) <= WIDEST


@given(st.integers(1, 700), st.sampled_from(["word ", "漢", "word, ", "word\u00a0", "a.b "]), st.booleans())
def test_text_without_sentence_ends_is_cut_between_words(count: int, unit: str, heading: bool) -> None:
    text = unit * count
    blocks = (Block("heading" if heading else "text", (Span(0, len(text)),)),)
    sentences = sentences_of(text, blocks)
    assert "".join("".join(sentence.visible(text).split()) for sentence in sentences) == "".join(text.split())
    _check(text, sentences, blocks)
    sizes = [count_words(sentence.visible(text)) for sentence in sentences]
    assert all(size >= LONGEST // 2 for size in sizes[:-1]), "no shorter than needed"
    if unit.isspace() or unit == "word, ":
        assert all(sentence.visible(text).endswith(",") for sentence in sentences)


def test_a_long_sentence_is_cut_after_a_clause_where_there_is_one() -> None:
    text = " ".join(["one"] * 100 + ["end;"] + ["two"] * 60)
    assert [part.split()[-1] for part in split(text)] == ["end;", "two"]


def test_words_out_of_view_do_not_stretch_a_sentence_beyond_what_a_passage_may_hold() -> None:
    text = "It began here <i title='" + "hidden " * 300 + "'> and it ended there."
    sentences = sentences_of(text, markdown_blocks(text))
    assert [sentence.visible(text) for sentence in sentences] == ["It began here", "and it ended there."]


@pytest.mark.parametrize(
    "sentence",
    [
        "Mr. Smith met Dr. Jones on Jan. 3 at the U.S. embassy.",
        "It rose by 3.5 per cent, i.e. more than in No. 10 Downing St. was hoped.",
        "Gen. Mark A. Milley disagreed with Sen. Lee.",
        "He works for Acme Inc. and lives in Washington, D.C., with his wife.",
    ],
)
def test_abbreviations_and_figures_do_not_end_a_sentence(sentence: str) -> None:
    assert split(f"{sentence} Then it rained. Nobody came.") == [sentence, "Then it rained.", "Nobody came."]


@pytest.mark.parametrize("ahead", ["said Sen. Ann Lee (D-Conn.", "wrote Bob Ray [of Mass."])
@pytest.mark.parametrize("rest", ["), who voted against it.", "], who left."])
def test_what_stands_in_brackets_does_not_end_a_sentence(ahead: str, rest: str) -> None:
    assert split(f"“We will go,” {ahead}{rest} They stayed.") == [f"“We will go,” {ahead}{rest}", "They stayed."]


def test_questions_quotations_and_exclamations_end_where_a_reader_ends_them() -> None:
    assert split("Who came? Nobody! “We stayed at home.” She left.") == [
        "Who came?",
        "Nobody!",
        "“We stayed at home.”",
        "She left.",
    ]


def test_a_heading_is_one_sentence_of_its_kind() -> None:
    text = "# What now? Nobody knows\n\nA sentence. Another."
    found = sentences_of(text, markdown_blocks(text))
    assert [(s.visible(text), s.kind, s.paragraph) for s in found] == [
        ("What now? Nobody knows", "heading", 0),
        ("A sentence.", "text", 1),
        ("Another.", "text", 1),
    ]


def test_markup_in_the_middle_of_a_sentence_leaves_it_one_sentence() -> None:
    text = "He **never** said [so](http://x.example). They laughed at it."
    first, second = sentences_of(text, markdown_blocks(text))
    assert first.visible(text) == "He never said so."
    assert first.span.of(text) == "He **never** said [so](http://x.example)."
    assert [piece.of(text) for piece in first.pieces] == ["He ", "never", " said ", "so", "."]
    assert second.visible(text) == "They laughed at it."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("  \n", 0),
        ("one", 1),
        ("one two\nthree", 3),
        ("東京", 2),
        ("in 東京 now", 4),
        ("x東y", 3),
        ("한국어", 3),
    ],
)
def test_words_are_counted_between_white_space_and_by_character_in_east_asian_scripts(text: str, words: int) -> None:
    assert count_words(text) == words
