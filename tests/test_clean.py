"""The cleaned view: every piece a slice, web residue out of view, nothing else."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexing.clean import Block, View, is_residue, plain_blocks, without_residue
from indexing.spans import Span
from tests.texts import any_text, composed

STORY = "The council voted on Tuesday to close the bridge for repairs, and drivers will have to go round by the mill."
MORE = "Work begins in June. Nobody could say what it will cost, though the last repair took three years to pay off."


def shown(text: str) -> list[str]:
    """What a reader sees of each block."""
    return ["".join(piece.of(text) for piece in block.pieces) for block in plain_blocks(text)]


def page(*lines: str) -> str:
    return "\n\n".join(lines)


@st.composite
def views(draw: st.DrawFn) -> tuple[str, tuple[Span, ...]]:
    """A text and ordered, disjoint, non-empty pieces of it."""
    text = draw(st.text(min_size=1, max_size=60))
    cuts = sorted(draw(st.sets(st.integers(0, len(text)), min_size=2, max_size=12)))
    pieces = [Span(start, end) for start, end in pairwise(cuts)]
    kept = draw(st.lists(st.booleans(), min_size=len(pieces), max_size=len(pieces)))
    return text, tuple(piece for piece, keep in zip(pieces, kept, strict=True) if keep)


@given(views(), st.data())
def test_every_part_of_a_view_leads_back_to_the_same_characters(
    made: tuple[str, tuple[Span, ...]], data: st.DataObject
) -> None:
    text, pieces = made
    view = View.of(text, pieces)
    assert view.text == "".join(piece.of(text) for piece in pieces)
    if not view.text:
        return
    start = data.draw(st.integers(0, len(view.text) - 1))
    span = Span(start, data.draw(st.integers(start + 1, len(view.text))))
    back = view.source(span)
    assert "".join(piece.of(text) for piece in back) == span.of(view.text)
    assert all(len(piece) for piece in back)
    assert all(before.end < after.start for before, after in pairwise(back)), "adjacent pieces are joined"
    assert all(any(piece.contains(part) for piece in _joined(pieces)) for part in back), "only what is in view"


def _joined(pieces: tuple[Span, ...]) -> list[Span]:
    found: list[Span] = []
    for piece in pieces:
        if found and found[-1].end == piece.start:
            found[-1] = Span(found[-1].start, piece.end)
        else:
            found.append(piece)
    return found


@given(any_text)
def test_pieces_of_a_plain_text_are_ordered_disjoint_and_not_empty(text: str) -> None:
    pieces = [piece for block in plain_blocks(text) for piece in block.pieces]
    assert all(piece.of(text).strip() for piece in pieces)
    assert all(before.end <= after.start for before, after in pairwise(pieces))


@given(
    st.lists(st.text("abc ÄÖ漢.,!?\u0301", min_size=1, max_size=60), max_size=8),
    st.sampled_from(["\n", "\r\n", "\u2028"]),
)
def test_every_line_that_is_not_residue_is_shown_whole(lines: list[str], end: str) -> None:
    text = end.join(lines)
    expected = [line.strip() for line in lines if line.strip() and not is_residue(line)]
    assert "".join("".join(shown(text)).split()) == "".join("".join(expected).split())


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\x85", "\u2028", "\u2029"])
def test_lines_end_where_any_system_ends_them(end: str) -> None:
    text = f"{STORY}{end}{end}{MORE}"
    assert shown(text) == [STORY, MORE]
    assert shown(f"{STORY}{end}{MORE}") == [STORY, MORE], "a line of prose is a paragraph"


WRAPPED = """The council voted on Tuesday to close the bridge
for repairs, and drivers will have to go round by
the mill. Work begins in June, and nobody could say
what it will cost."""


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_paragraph_wrapped_by_hand_is_one(end: str) -> None:
    text = WRAPPED.replace("\n", end)
    assert shown(text) == [text]
    assert shown(f"{text}{end}{end}{text}") == [text, text]


def test_a_list_is_not_a_wrapped_paragraph_and_its_bullets_are_out_of_view() -> None:
    text = f"- {STORY[:70]}\n- {STORY[10:80]}\n2) {MORE[:60]}\n• {MORE[30:90]}"
    assert shown(text) == [STORY[:70], STORY[10:80].strip(), MORE[:60], MORE[30:90].strip()]


@pytest.mark.parametrize(
    "residue",
    [
        "Advertisement",
        "ADVERTISEMENT",
        "Advertisement - story continues below",
        "Story continues below advertisement",
        "Sponsored content",
        "Subscribe now",
        "Sign up for our weekly letter on the economy",
        "Already a subscriber? Sign in here",
        "Get the morning newsletter in your inbox",
        "Enter your email address",
        "Share on Facebook",
        "Share this article",
        "Facebook | Twitter | WhatsApp | Email",
        "Tweet",
        "Follow us on Instagram",
        "Read more:",
        "Related stories",
        "You may also like",
        "Back to top",
        "Load more comments",
        "Copyright 2024 The Example Company",
        "© 2024 The Example Company",
        "All rights reserved.",
        "Photo by Getty Images",
        "----------",
        "* * *",
    ],
)
def test_web_residue_is_out_of_view(residue: str) -> None:
    assert shown(page(STORY, residue, MORE)) == [STORY, MORE]
    assert shown(f"{STORY}\n{residue}\n{MORE}") == [STORY, MORE]


@pytest.mark.parametrize(
    "line",
    [
        "The advertisement was withdrawn.",
        "Advertisement spending fell by a third, the group said.",
        "He asked readers to subscribe to his view of the war.",
        "Share prices fell.",
        "Share this burden, he told the allies.",
        "Register of Voters",
        "Register for the vote by Monday, officials told residents.",
        "Copyright law protects authors for seventy years.",
        "Related parties must declare their interests.",
        "Recommended doses were halved.",
        "Comment was not available.",
        "Follow the money, the prosecutor said.",
        "Reuters reported the story first.",
        "More on this in a moment, she said, and left.",
        "Sign language interpreters were present.",
        "Read the letter again, she said.",
        "The email alert came too late.",
        "X marks the spot.",
        "Bloomberg withdrew from the race.",
        "Print runs were cut.",
        "Save the bridge!",
        "Trending upwards since May, prices rose again.",
    ],
)
def test_sentences_that_only_look_like_residue_stay(line: str) -> None:
    assert shown(page(STORY, line, MORE)) == [STORY, line, MORE]


def test_a_teaser_of_another_story_goes_with_its_label_headline_and_summary() -> None:
    headline, summary = (
        "Mill reopens after the flood",
        "The old mill has reopened two years after the flood destroyed it.",
    )
    text = page(STORY, headline, "Other Topics of Interest", headline, summary, MORE)
    assert shown(text) == [STORY, MORE]


def test_a_label_without_a_repeated_headline_takes_nothing_else_along() -> None:
    text = page(STORY, "Other Topics of Interest", "Mill reopens after the flood, owners say.", MORE)
    assert shown(text) == [STORY, "Mill reopens after the flood, owners say.", MORE]


@given(composed)
def test_dropping_residue_drops_whole_blocks_and_keeps_the_order(text: str) -> None:
    blocks = [Block("text", (Span(m, m + 1),)) for m in range(len(text)) if not text[m].isspace()]
    kept = without_residue(text, blocks)
    assert [block for block in blocks if block in set(kept)] == kept


def test_a_short_line_without_a_stop_before_prose_is_a_heading() -> None:
    kinds = [block.kind for block in plain_blocks(page("The bridge", STORY, "He said so.", MORE, "The mill"))]
    assert kinds == ["heading", "text", "text", "text", "text"]
