"""The words of a text with their places: what quotes are found by and compared with."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexing.clean import View
from indexing.spans import Span
from indexing.tokens import document_tokens, indexed_words, key_of, tokens_of
from indexing.words import TextIndex
from tests.texts import PARTS


def keys(text: str) -> list[str]:
    return list(tokens_of(text).keys)


@given(
    st.one_of(st.text(), st.lists(st.sampled_from(PARTS)).map("".join), st.text("a1 .,'’-$%\u00ad\u0301(LAUGHTER)中\n"))
)
def test_words_are_slices_in_order_that_hold_every_letter_and_digit_once(text: str) -> None:
    tokens = tokens_of(text)
    reach = 0
    for index in range(len(tokens)):
        span = tokens.source(index, index + 1)
        assert reach <= span.start < span.end <= len(text)
        assert key_of(span.of(text)) == tokens.keys[index]
        reach = span.end
    outside = tokens.without([]).shown
    for start, end in zip(tokens.starts, tokens.ends, strict=True):
        outside = outside[:start] + "\x00" * (end - start) + outside[end:]
    if "(" not in text and "[" not in text:
        assert not any(char.isalnum() for char in outside)


@given(st.lists(st.sampled_from(PARTS)).map("".join), st.data())
def test_any_run_of_words_is_found_where_it_stands(text: str, data: st.DataObject) -> None:
    tokens = tokens_of(text)
    if len(tokens):
        first = data.draw(st.integers(0, len(tokens) - 1))
        last = data.draw(st.integers(first + 1, len(tokens)))
        assert first in list(tokens.find(tokens.keys[first:last]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I don’t, can't; the voters’ anger", ["i", "don't", "can't", "the", "voters", "anger"]),
        ("$1,200.50 or 5% of -3, 5-10", ["$1,200.50", "or", "5%", "of", "-3", "5", "10"]),
        ("The U.S. won. Then", ["the", "u.s", "won", "then"]),
        ("end.Start", ["end", "start"]),
        ("the ’70s and '80s", ["the", "70s", "and", "80s"]),
        ("co\u00adop cafe\u0301 o\ufb03ce", ["coop", "café", "office"]),
        ("We won. (LAUGHTER) Again [applause] (NYSE)", ["we", "won", "again", "nyse"]),
        ("他说中文 ok", ["他", "说", "中", "文", "ok"]),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert keys(text) == expected


def test_markup_is_no_word_and_places_are_those_of_the_text() -> None:
    text = "# Head\n\nWe **will** [never](http://x.example/a) gi*v*e up.\n\n- One &amp; two\n"
    tokens = document_tokens("a.md", text)
    assert list(tokens.keys) == ["head", "we", "will", "never", "give", "up", "one", "two"]
    assert tokens.source(1, 6).of(text) == "We **will** [never](http://x.example/a) gi*v*e up"
    assert tokens.gap(2) == " " and tokens.gap(5) == " "
    assert tokens.index_at(text.index("never")) == 3
    assert list(document_tokens("a.txt", "a_b **c**").keys) == ["a", "b", "c"]


def test_an_empty_place_of_a_view_is_where_the_next_character_stands() -> None:
    text = "ab--cd"
    tokens = tokens_of("abcd", View.of(text, (Span(0, 2), Span(4, 6))))
    assert tokens.place(2, 2) == Span(4, 4)
    assert tokens.place(4, 4) == Span(6, 6)


def test_whole_texts_are_found_by_phrases_over_any_distance(tmp_path: Path) -> None:
    texts = TextIndex(tmp_path / "texts")
    first = "We will not, I repeat, raise taxes. " * 3
    texts.change({1: indexed_words(tokens_of(first)), 2: indexed_words(tokens_of("Taxes we raise."))}, [])
    try:
        assert texts.phrase(["not", "i", "repeat", "raise"], 10) == [1]
        assert texts.phrase(["raise", "taxes", "we"], 10) == [1]
        assert texts.phrase(["taxes"], 10) in ([1, 2], [2, 1])
        assert texts.phrase(["will", "raise"], 10) == [] and texts.phrase([], 10) == []
        assert [number for number, _ in texts.phrases([["taxes", "we"], ["will", "not"]], 10)] == [1, 2]
        assert texts.phrases([], 10) == []
        assert texts.frequencies(["we", "not", "zebra"]) == {"we": 2, "not": 1, "zebra": 0}
        assert texts.count() == 2 and texts.ids() == {1, 2}
        texts.change({}, [1])
        assert texts.phrase(["will", "not"], 10) == []
    finally:
        texts.release()
