"""Markdown: what a reader of the rendered page sees, as slices of the source; syntax and front matter never."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexing.markdown import markdown_blocks
from indexing.spans import Span
from tests.texts import SEEDS, any_text


def shown(text: str) -> list[str]:
    return ["".join(piece.of(text) for piece in block.pieces) for block in markdown_blocks(text)]


def words(text: str) -> list[list[str]]:
    """The words of each block: line ends and blanks of the source are as good as each other."""
    return [block.split() for block in shown(text)]


@given(any_text)
def test_pieces_of_any_text_are_ordered_disjoint_and_not_empty(text: str) -> None:
    for block in markdown_blocks(text):
        assert all(len(piece) for piece in block.pieces)
        assert all(before.end <= after.start for before, after in pairwise(block.pieces))
        assert "".join(piece.of(text) for piece in block.pieces).strip()


word = st.text("abcdefghijklmnopqrstuvwxyzäé漢0123456789", min_size=1, max_size=6)
plain = st.lists(word, min_size=1, max_size=4).map(" ".join)


def _link(text: str, target: str) -> str:
    return f"[{text}](https://TARGET.example/{target}_(x) 'TARGET {target}')"


inline = st.recursive(
    plain.map(lambda text: (text, text)),
    lambda inner: st.one_of(
        inner.map(lambda pair: (f"**{pair[0]}**", pair[1]) if "**" not in pair[0] else pair),
        plain.map(lambda text: (f"*{text}*", text)),
        plain.map(lambda text: (f"~~{text}~~", text)),
        plain.map(lambda text: (f"`{text}`", text)),
        plain.map(lambda text: (f"`` {text} ` ``", f"{text} `")),
        st.tuples(inner, word).map(
            lambda p: (_link(p[0][0], p[1]), p[0][1]) if "](" not in p[0][0] and "][" not in p[0][0] else p[0]
        ),
        st.tuples(plain, word).map(lambda p: (f"[{p[0]}](<https://TARGET.example/{p[1]}>)", p[0])),
        plain.map(lambda text: (f"[{text}][TARGET]", text)),
        st.tuples(plain, word).map(lambda p: (f"![TARGET [{p[0]}]]({p[1]}.png)", "")),
        word.map(lambda text: (f"<span title='TARGET {text}'>", "")),
        st.just(("<!-- TARGET -->", "")),
        st.just((r"\*", "*")),
        st.lists(inner, min_size=2, max_size=4).map(
            lambda pairs: (" ".join(p[0] for p in pairs), " ".join(p[1] for p in pairs))
        ),
    ),
    max_leaves=8,
)
DEFINITION = "[TARGET]: https://TARGET.example 'TARGET'"
Built = tuple[str, list[str]]


def _prefixed(prefix: str, built: Built) -> Built:
    return "\n".join(prefix + line for line in built[0].split("\n")), built[1]


def _table(cells: list[tuple[str, str]]) -> Built:
    row = "| " + " | ".join(pair[0] for pair in cells) + " |"
    shown = " ".join(pair[1] for pair in cells)
    return f"{row}\n|{'---|' * len(cells)}\n{row}", [shown, shown]


block: st.SearchStrategy[Built] = st.recursive(
    st.one_of(
        inline.map(lambda pair: (f"lead {pair[0]}", [f"lead {pair[1]}"])),
        st.tuples(inline, inline).map(
            lambda p: (f"lead {p[0][0]}\nthen {p[1][0]}", [f"lead {p[0][1]} then {p[1][1]}"])
        ),
        st.tuples(inline, st.integers(1, 6)).map(lambda p: (f"{'#' * p[1]} lead {p[0][0]} #", [f"lead {p[0][1]}"])),
        inline.map(lambda pair: (f"lead {pair[0]}\n===", [f"lead {pair[1]}"])),
        plain.map(lambda text: (f"```python\nlead {text}\n```", [f"lead {text}"])),
        st.lists(inline, min_size=1, max_size=3).map(
            lambda pairs: ("\n".join(f"- lead {p[0]}" for p in pairs), [f"lead {p[1]}" for p in pairs])
        ),
        st.lists(inline.map(lambda p: (f"lead {p[0]}", f"lead {p[1]}")), min_size=1, max_size=3).map(_table),
        plain.map(lambda text: (f"<div class='TARGET'>\nlead {text}\n<script>TARGET</script></div>", [f"lead {text}"])),
    ),
    lambda inner: st.one_of(
        inner.map(lambda built: _prefixed("> ", built)),
        inner.map(lambda built: (_prefixed("  ", built)[0].replace("  ", "- ", 1), built[1])),
    ),
    max_leaves=3,
)


@given(st.lists(block, min_size=1, max_size=4), st.booleans(), st.sampled_from(["\n", "\r\n"]))
def test_generated_markdown_shows_its_words_and_none_of_its_markup(built: list[Built], head: bool, end: str) -> None:
    source = "\n\n<!-- TARGET -->\n\n".join(text for text, _ in built) + f"\n\n{DEFINITION}\n"
    source = (("---\ntitle: TARGET\n---\n" if head else "") + source).replace("\n", end)
    expected = [line.split() for _, lines in built for line in lines]
    assert words(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("Read [the `a b` *report*](http://x.example/a_(b)) now.", ["Read the a b report now."]),
        ("[](http://a.example/b)b", ["b"]),
        (r"[a](u\)v) v", ["a v"]),
        ("[a] and [b][] and [c][d].\n\n[a]: /x\n[b]: /y\n[d]: /z 'title'", ["a and b and c."]),
        ("[not a link] stays", ["[not a link] stays"]),
        ("a ![alt](x.png 'title') b", ["a  b"]),
        ("[![alt](x.png)](http://x.example) b", [" b"]),
        ("a <b>bold</b> word<br/>", ["a bold word"]),
        ("see <https://x.example/%20y> there", ["see https://x.example/%20y there"]),
        ("fish &amp; chips", ["fish &amp; chips"]),
        ("a\\\nb  \nc", ["a\nb\nc"]),
        ("`two\nlines` of code", ["two\nlines of code"]),
        ("# 1 #", ["1"]),
        ("1. 1\n2. 2", ["1", "2"]),
        ("> > deep\n> shallow\nlazy", ["deep\nshallow\nlazy"]),
        ("> ```\n> code\n> ```", ["code"]),
        ("```\nnever closed\nlast", ["never closed", "last"]),
        ("    indented\n    code", ["indented", "code"]),
        ("- one\n\n  more\n  - two", ["one", "more", "two"]),
        ("![a](b)\n![c](d)", []),
        ("<script>\nalert(1)\n</script>", []),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_markup_is_out_of_view(source: str, expected: list[str], end: str) -> None:
    assert words(source.replace("\n", end)) == [block.split() for block in expected]


def test_cells_with_the_same_words_are_different_places() -> None:
    source = "| b | [x](http://b) | b |\n|---|---|---|\n| 1 | 11 | `p\\|q` |\n"
    assert shown(source) == ["b x b", "1 11 p|q"]
    places = [piece.start for block in markdown_blocks(source) for piece in block.pieces if piece.of(source) == "b"]
    assert places == [source.index("| b |") + 2, source.rindex("| b |") + 2]


def test_the_number_of_a_list_is_not_taken_for_its_text() -> None:
    (block,) = markdown_blocks("1. 1")
    assert block.pieces == (Span(3, 4),)


def test_headings_are_known_as_such() -> None:
    source = "# One\n\ntext\n\nTwo\n---\n\n> ## Three\n"
    assert [block.kind for block in markdown_blocks(source)] == ["heading", "text", "heading", "heading"]


def test_marks_of_footnotes_are_out_of_view_and_their_texts_are_not() -> None:
    source = "He said no.[^1] And **left**[^b], they say.[^c]\n\n[^1]: In an interview.\n[^b]: On Monday.\n"
    assert shown(source) == ["He said no. And left, they say.[^c]", "In an interview.\nOn Monday."]


def test_our_own_documents_show_no_markup() -> None:
    for path in SEEDS.glob("*.md"):
        text = path.read_text(encoding="utf-8")
        seen = "\n".join(shown(text))
        assert "source: Onrecord" not in seen
        assert "**" not in seen and "](" not in seen and "## " not in seen
        assert len(seen) > 0.7 * len(text)
