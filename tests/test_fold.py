"""The presentation fold: what two printings of the same words may differ in, and the way back."""

from __future__ import annotations

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexing.fold import INVISIBLE, LIGATURES, REPLACED, fold
from indexing.spans import Span

MARKS = "\u0300\u0301\u0308\u0323\u030a\u0344\u09be\u1161\u11a8"
tricky = st.text(
    st.one_of(
        st.sampled_from(
            "".join(REPLACED)
            + MARKS
            + "aeiouAEOU nN09 \t\n\r\u00a0\u2003\x85.,-'\"e\u09c7\u1100\u212b\u1fef\u1ffd\u037e漢가"
        ),
        st.characters(),
    ),
    max_size=30,
)


@given(tricky)
def test_every_folded_character_comes_from_a_slice_of_the_source(text: str) -> None:
    folded = fold(text)
    assert len(folded.text) == len(folded.origins)
    for char, (start, end) in zip(folded.text, folded.origins, strict=True):
        assert 0 <= start < end <= len(text)
        assert char in fold(text[start:end]).text
    assert all(before == after or before[1] <= after[0] for before, after in pairwise(folded.origins))


@given(tricky)
def test_what_is_left_out_is_invisible_or_white(text: str) -> None:
    kept = {at for origin in fold(text).origins for at in range(*origin)}
    assert all(text[at] in INVISIBLE for at in range(len(text)) if at not in kept)


@given(tricky)
def test_folding_twice_is_folding_once(text: str) -> None:
    once = fold(text).text
    assert fold(once).text == once


@given(tricky)
def test_letters_digits_and_their_order_never_change(text: str) -> None:
    spelt_out = "".join(LIGATURES.get(char, char) for char in text if char not in INVISIBLE)
    expected = [char for char in unicodedata.normalize("NFC", spelt_out) if char.isalnum()]
    assert [char for char in fold(text).text if char.isalnum()] == expected


@given(tricky)
def test_composed_and_decomposed_text_fold_alike(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)).text == fold(unicodedata.normalize("NFC", text)).text


@given(tricky, tricky, tricky)
def test_what_stands_in_a_text_is_found_and_leads_back_to_it(before: str, needle: str, after: str) -> None:
    source = f"{before} {needle} {after}"
    folded, sought = fold(source), fold(needle).text.strip()
    found = list(folded.find_all(sought))
    if not sought or unicodedata.category(sought[0])[0] == "M":
        return
    assert found
    for span in found:
        assert span.of(folded.text) == sought
        assert fold(folded.source(span).of(source)).text == sought


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("“We’re here”", '"We\'re here"'),
        ("«oui»", '"oui"'),
        ("2019–2020 — now", "2019-2020 - now"),
        ("no\u00a0break\r\n  here", "no break here"),
        ("so\u00adft", "soft"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("wait…", "wait..."),
        ("o\ufb03ce", "office"),
        ("cafe\u0301", "café"),
        ("e\u00ad\u0301", "é"),
        ("\u1112\u1161\u11ab", "한"),
    ],
)
def test_printings_of_the_same_words_fold_alike(one: str, other: str) -> None:
    assert fold(one).text == fold(other).text


@pytest.mark.parametrize(
    ("one", "other"), [("resume", "résumé"), ("Kyiv", "kyiv"), ("1,000", "1.000"), ("İ", "I"), ("ß", "ss")]
)
def test_other_words_stay_other_words(one: str, other: str) -> None:
    assert fold(one).text != fold(other).text


def test_a_needle_is_found_at_word_boundaries_only() -> None:
    folded = fold("the art of party art")
    assert list(folded.find_all("art")) == [Span(4, 7), Span(17, 20)]
    assert list(folded.find_all("")) == []


def test_a_place_in_the_source_leads_to_the_place_in_the_folded_text() -> None:
    source = "a  \u00ad “b…”"
    folded = fold(source)
    assert folded.text == 'a "b..."'
    assert folded.text[folded.at_source(source.index("b") + 1)] == "b"
    assert folded.source(Span(4, 7)).of(source) == "…"
