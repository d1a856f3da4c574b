"""Chunks: whole sentences, none left out, short enough to be shown."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexing.chunks import TARGET, chunks_of
from indexing.clean import plain_blocks
from indexing.documents import Chunk, Metadata, Sentence
from indexing.markdown import markdown_blocks
from indexing.sentences import count_words, sentences_of
from indexing.spans import hull
from tests.texts import SEEDS, any_text

SHOWN_AT_MOST = 250  # words: what `ask --json` promises of a passage

sized = st.lists(
    st.one_of(
        st.integers(1, 40).map(lambda size: "Word " + "word " * (size - 1) + "end. "),
        st.sampled_from([60, 119, 120, 121, 240, 500]).map(lambda size: "Long " + "long " * (size - 2) + "end. "),
        st.sampled_from(
            ["\n\nA heading of it\n\n", "\n\n", "漢字。" * 90, "\n\nAdvertisement\n\n", "a. b. ", "...\n\n" * 50]
        ),
    ),
    max_size=25,
).map("".join)
marked = st.lists(
    st.one_of(
        st.integers(1, 150).map(lambda size: "Word " + "word " * (size - 1) + "end. "),
        st.integers(1, 400).map(lambda size: f"![{'alt ' * size}](x.png) "),
        st.integers(1, 400).map(lambda size: f"<!-- {'hidden ' * size} --> "),
        st.integers(1, 3).map(lambda level: f"\n\n{'#' * level} Heading\n\n"),
        st.just("\n\n"),
    ),
    max_size=15,
).map("".join)


def check(text: str, sentences: tuple[Sentence, ...], chunks: tuple[Chunk, ...]) -> None:
    held = [range(chunk.first, chunk.last) for chunk in chunks]
    assert {index for inside in held for index in inside} == set(range(len(sentences))), "every sentence is in one"
    assert all(inside for inside in held)
    for before, after in pairwise(held):
        assert before.start < after.start
        assert before.stop - 1 <= after.start <= before.stop, "none left out, at most one sentence twice"
        assert before.stop < after.stop, "each brings something new"
    for chunk in chunks:
        inside = sentences[chunk.first : chunk.last]
        assert chunk.span == hull(tuple(sentence.span for sentence in inside))
        assert count_words(chunk.span.of(text)) <= SHOWN_AT_MOST
        kinds = [sentence.kind for sentence in inside]
        assert kinds == sorted(kinds), "headings stand at the beginning only"
        assert chunk.text.endswith(" ".join(sentence.visible(text) for sentence in inside))


@given(st.one_of(any_text, sized))
def test_chunks_of_any_plain_text_keep_the_laws(text: str) -> None:
    sentences = sentences_of(text, plain_blocks(text))
    check(text, sentences, chunks_of(text, sentences, Metadata()))


@given(st.one_of(any_text, marked))
def test_chunks_of_any_markdown_keep_the_laws(text: str) -> None:
    sentences = sentences_of(text, markdown_blocks(text))
    check(text, sentences, chunks_of(text, sentences, Metadata(title="Title")))


def cut(text: str, title: str = "") -> tuple[Chunk, ...]:
    return chunks_of(text, sentences_of(text, markdown_blocks(text)), Metadata(title=title))


def prose(count: int) -> str:
    return " ".join(f"Sentence number {n} says something about the bridge." for n in range(count))


def test_chunks_of_prose_are_about_as_long_as_meant_and_overlap_by_one_sentence() -> None:
    text = prose(100)
    chunks = cut(text)
    assert len(chunks) > 5
    assert all(TARGET * 0.8 <= count_words(chunk.span.of(text)) <= TARGET * 1.4 for chunk in chunks[:-1])
    assert all(before.last - 1 == after.first for before, after in pairwise(chunks))


def test_a_short_rest_joins_the_chunk_before_it() -> None:
    assert len(cut(prose(18))) == 1  # 144 words


def test_no_text_has_no_chunks_and_one_sentence_has_one() -> None:
    assert cut("") == ()
    (chunk,) = cut("One sentence.")
    assert (chunk.first, chunk.last, chunk.text) == (0, 1, "One sentence.")


def test_title_and_heading_are_context_for_the_embedding_and_not_part_of_the_span() -> None:
    text = f"# The bridge\n\n{prose(40)}\n\n## The mill\n\nIt burnt."
    chunks = cut(text, title="News")
    assert all(chunk.text.startswith("News\n") for chunk in chunks)
    assert [chunk.heading for chunk in chunks] == ["The bridge"] * (len(chunks) - 1) + ["The mill"]
    assert chunks[0].text.startswith("News\nThe bridge Sentence number 0")
    assert chunks[1].text.startswith("News\nThe bridge\nSentence number")
    assert chunks[-1].text == "News\nThe mill It burnt."
    assert "News" not in "".join(chunk.span.of(text) for chunk in chunks)


def test_a_title_that_is_the_heading_stands_there_once() -> None:
    assert [chunk.text.count("The bridge\n") for chunk in cut(f"# The bridge\n\n{prose(40)}", "The bridge")[1:]] == [
        1
    ] * 2


@pytest.mark.parametrize("path", sorted(SEEDS.glob("*.md")), ids=lambda path: path.stem)
def test_our_own_documents_keep_the_laws(path: object) -> None:
    text = SEEDS.joinpath(str(path)).read_text(encoding="utf-8")
    sentences = sentences_of(text, markdown_blocks(text))
    chunks = chunks_of(text, sentences, Metadata())
    assert len(chunks) >= 3
    check(text, sentences, chunks)
