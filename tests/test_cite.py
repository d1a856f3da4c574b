"""Citations to paste: what each form holds, and that an address finds the words again."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.answers import Citation, Statement
from app.cite import answer_markdown, answer_plain, text_fragment, variants
from app.exchange import numbered
from indexing.documents import Document, Metadata
from indexing.spans import Span

TEXT = "The mayor spoke. “It is *a-b*, he said,\nand nothing else that anybody could ever think of.” So it ended."
ABOUT = Metadata(
    title="The [old] bridge", source="Post", author="A. Lee", date="2025-02-24", url="https://post.example/a#top"
)
BRIDGE = Document("d", "v", "bridge.txt", TEXT, ABOUT)
WORDS = some.text("ab-,& \n“é", min_size=1, max_size=80)


def span(words: str) -> Span:
    start = TEXT.index(words)
    return Span(start, start + len(words))


def test_each_form_names_the_words_the_source_and_the_place() -> None:
    forms = dict(variants(BRIDGE, span("The mayor spoke.")))
    assert forms == {
        "Plain": "“The mayor spoke.” (A. Lee, “The [old] bridge”, Post, 24 February 2025; bridge.txt:0-16)",
        "Markdown": "> The mayor spoke.\n>\n"
        "> — [The \\[old\\] bridge](https://post.example/a#top), A. Lee, Post, 24 February 2025",
        "Footnote": "[^1]: [The \\[old\\] bridge](https://post.example/a#top), A. Lee, Post, 24 February 2025: "
        "“The mayor spoke.” (bridge.txt:0-16)",
        "Address of the words": "https://post.example/a#:~:text=The%20mayor%20spoke.",
    }


def test_a_document_can_be_cited_without_words_and_without_an_address() -> None:
    document = Document("d", "v", "notes.txt", "Nothing.", Metadata())
    assert dict(variants(document, Span(0, 0))) == {
        "Plain": "“notes.txt” (notes.txt)",
        "Markdown": "notes.txt",
        "Footnote": "[^1]: notes.txt (notes.txt)",
    }


@pytest.mark.parametrize("url", ["javascript:alert(1)", "file:///etc/passwd", ""])
def test_only_web_addresses_are_given(url: str) -> None:
    document = Document("d", "v", "n", "Some words.", Metadata(title="T", url=url))
    assert not any("(javascript" in text or "file:///" in text for _, text in variants(document, Span(0, 4)))


def test_a_long_quotation_is_found_by_its_ends_none_of_which_crosses_a_line() -> None:
    address = text_fragment(
        "https://post.example/a#top", TEXT, span("It is *a-b*, he said,\nand nothing else that any")
    )
    assert (
        address
        == "https://post.example/a#:~:text=It%20is%20%2Aa%2Db%2A%2C%20he%20said%2C,and%20nothing%20else%20that%20any"
    )


@given(WORDS, some.data())
def test_what_an_address_names_stands_in_the_text_and_has_no_bare_signs(text: str, data: some.DataObject) -> None:
    start = data.draw(some.integers(0, len(text)))
    part = Span(start, data.draw(some.integers(start, len(text))))
    address = text_fragment("https://x.example/", text, part)
    _, named, directive = address.partition("#:~:text=")
    if not named:
        assert not part.of(text).strip()
        return
    ends = directive.split(",")
    assert len(ends) <= 2
    for end in ends:
        assert not set(end) & set("-& \n")
        assert unquote(end) in " ".join(part.of(text).split())


def test_an_answer_is_copied_with_its_numbers_and_its_doubts() -> None:
    one, two = Citation.of(BRIDGE, span("The mayor spoke.")), Citation.of(BRIDGE, span("So it ended."))
    said = (
        Statement("He *spoke*.", (one,), "supported"),
        Statement("It ended well.", (two, one), "partly"),
        Statement("All were glad.", (), "unsupported"),
    )
    note = "“The [old] bridge”, Post, 24 February 2025 (bridge.txt"
    assert answer_plain("What?", said, numbered(said)) == (
        "What?\n\nHe *spoke*. [1]\nIt ended well. (partly supported) [2] [1]\n"
        f"All were glad. (not supported by the sources)\n\n[1] {note}:0-16): “The mayor spoke.”\n"
        f"[2] {note}:{two.span.start}-{two.span.end}): “So it ended.”"
    )
    marked = answer_markdown("What?", said, numbered(said))
    assert marked.startswith("**What?**\n\nHe \\*spoke\\*.[^1]\n\nIt ended well. (partly supported)[^2][^1]")
    assert f"[^2]: “The \\[old\\] bridge”, Post, 24 February 2025 (bridge.txt:{two.span.start}-" in marked
