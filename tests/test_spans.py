"""Spans: half-open ranges that never reach past a text in silence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexing.spans import Span, hull


@st.composite
def spans(draw: st.DrawFn, most: int = 30) -> Span:
    start = draw(st.integers(0, most))
    return Span(start, draw(st.integers(start, most)))


@given(st.text(max_size=30), st.data())
def test_a_span_of_a_text_is_the_slice_and_has_its_length(text: str, data: st.DataObject) -> None:
    span = data.draw(spans(len(text)))
    assert span.of(text) == text[span.start : span.end]
    assert len(span.of(text)) == len(span)


@given(spans(), st.integers(0, 29))
def test_a_span_that_reaches_past_the_text_is_an_error(span: Span, length: int) -> None:
    text = "x" * length
    if span.end > length:
        with pytest.raises(ValueError, match="reaches past"):
            span.of(text)
    else:
        assert span.of(text) == "x" * len(span)


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (3, 2), (-2, -1)])
def test_what_is_not_a_span_cannot_be_made(start: int, end: int) -> None:
    with pytest.raises(ValueError, match="not a span"):
        Span(start, end)


@given(spans(), spans())
def test_overlap_and_containment_are_those_of_the_sets_of_characters(one: Span, other: Span) -> None:
    ours, theirs = set(range(one.start, one.end)), set(range(other.start, other.end))
    assert one.overlaps(other) == bool(ours & theirs)
    assert one.overlaps(other) == other.overlaps(one)
    if theirs:
        assert one.contains(other) == (theirs <= ours)


@given(st.lists(spans(), min_size=1, max_size=5))
def test_the_hull_is_the_smallest_span_that_contains_all(several: list[Span]) -> None:
    around = hull(tuple(several))
    assert all(around.contains(span) for span in several)
    assert around.start in {span.start for span in several}
    assert around.end in {span.end for span in several}


@given(spans(), st.integers(0, 50))
def test_a_shift_moves_both_ends(span: Span, offset: int) -> None:
    moved = span.shift(offset)
    assert (moved.start - span.start, moved.end - span.end) == (offset, offset)


def test_spans_are_values_that_sort_by_place() -> None:
    assert sorted([Span(4, 5), Span(1, 9), Span(1, 2)]) == [Span(1, 2), Span(1, 9), Span(4, 5)]
    assert len({Span(1, 2), Span(1, 2)}) == 1
