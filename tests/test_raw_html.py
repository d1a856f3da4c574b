"""HTML within Markdown: its words are in view, its tags are not, and nothing runs together."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexing.markdown import markdown_blocks
from indexing.raw_html import raw_html_blocks
from indexing.spans import Span

WORD = st.text("abcxyz", min_size=1, max_size=6)
GAPS = ("", " ", "\n", "<br>", "<!-- n -->")
TAGS = ("p", "div", "b", "td", "li", "span", "h2", "x-y")


def shown(text: str) -> list[str]:
    return ["".join(piece.of(text) for piece in block.pieces) for block in markdown_blocks(text)]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(TAGS), WORD, st.sampled_from(GAPS)), min_size=1))
def test_every_word_between_tags_is_shown_once_and_in_order(made: list[tuple[str, str, str]]) -> None:
    text = "<div>" + "".join(f"<{tag} title='a > b'>{word}</{tag}>{gap}" for tag, word, gap in made) + "</div>"
    blocks = list(raw_html_blocks(text, Span(0, len(text))))
    seen = "".join(piece.of(text) for _, pieces in blocks for piece in pieces)
    assert "".join(seen.split()) == "".join(word for _, word, _ in made)
    flat = [piece for _, pieces in blocks for piece in pieces]
    assert all(before.end <= after.start for before, after in pairwise(flat))
    assert all(len(piece) for piece in flat)


@settings(deadline=None)
@given(st.text("<>/!-\"'= \nabpdivbrscriptstyle&;", max_size=80))
def test_any_text_has_ordered_pieces(text: str) -> None:
    flat = [piece for _, pieces in raw_html_blocks(text, Span(0, len(text))) for piece in pieces]
    assert all(len(piece) for piece in flat)
    assert all(before.end <= after.start for before, after in pairwise(flat))


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ("<p>One.</p>\n<p>Two <b>bold</b> words.</p>\n", ["One.", "Two bold words."]),
        ("# Head\n\n<div>Some text</div>\n\nMore.", ["Head", "Some text", "More."]),
        ("<table><tr><td>one</td><td>two</td></tr>\n<tr><td>3</td> <td>4</td></tr></table>", ["one", "two", "3 4"]),
        ("<details>\n<summary>More</summary>\n\nInner words.\n\n</details>\n", ["More", "Inner words."]),
        ("> <div>quoted\n> lines</div>\n", ["quoted\nlines"]),
        ("- item\n\n  <div>in a list</div>\n", ["item", "in a list"]),
        ("<h2>Head</h2>\n<p>one<br>two<br>\nthree</p>", ["Head", "one", "two\nthree"]),
        ("<pre>\nA: x\n\nB: y\n</pre>", ["A: x\n\nB: y"]),
        ("<p title='a > b'>it's</p>", ["it's"]),
        ("<div>left open <b>here", ["left open here"]),
        ("<!-- a\n\nb -->\n\nText", ["Text"]),
        ("<script>\nlet a = '<p>no</p>'\n\nx\n</script>\n<style>\np{}\n</style>\n<p>yes</p>", ["yes"]),
        ("<div style='display: none'>no <div>no</div> no</div>\n<p>yes <i hidden>no</i></p>", ["yes"]),
        ("one<br>two and one <br>two", ["one<br>two and one two"]),
    ],
)  # fmt: skip
def test_html_in_markdown_is_read_as_it_is_seen(source: str, seen: list[str]) -> None:
    assert shown(source) == seen


def test_a_heading_in_html_is_a_heading() -> None:
    assert [block.kind for block in markdown_blocks("<h2>Head</h2>\n<p>Text</p>")] == ["heading", "text"]


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["<a ", '<a "', "<!--", "<p ", "<![CDATA[", "<div style='"])
def test_broken_html_takes_no_time(piece: str) -> None:
    text = "<div>" + piece * 20_000
    list(raw_html_blocks(text, Span(0, len(text))))
