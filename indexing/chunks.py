"""Chunks: whole consecutive sentences, about 130 words, one sentence of overlap, never across a heading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from indexing.documents import Chunk, Metadata, Sentence
from indexing.sentences import count_words
from indexing.spans import hull

TARGET = 130  # words
HARD = 240  # words between a chunk's first and last character, residue in its middle included
TAIL = 40  # words; a shorter rest joins the chunk before it
RECIPE = "chunks-2"  # changes when the same text would be cut otherwise, so that everything is indexed again


def chunks_of(text: str, sentences: Sequence[Sentence], metadata: Metadata) -> tuple[Chunk, ...]:
    """The chunks of one document in order; every sentence is in at least one of them."""
    return tuple(
        _chunk(text, sentences, first, last, metadata)
        for start, end in _sections(sentences)
        for first, last in _cuts(text, sentences, start, end)
    )


def _sections(sentences: Sequence[Sentence]) -> Iterator[tuple[int, int]]:
    """Runs of sentences that begin at a heading (several headings in a row begin one run)."""
    start = 0
    for index in range(1, len(sentences)):
        if sentences[index].kind == "heading" and sentences[index - 1].kind != "heading":
            yield start, index
            start = index
    if sentences:
        yield start, len(sentences)


def _cuts(text: str, sentences: Sequence[Sentence], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut `[start, end)` into chunks `[first, last)`; each but the first repeats the sentence before it."""
    sizes = [count_words(sentence.visible(text)) for sentence in sentences[start:end]]
    first, fresh = start, start  # `fresh` is the first sentence that no chunk holds yet
    while fresh < end:
        last = fresh + 1
        while last < end and _fits(
            text, sentences, first, last, sum(sizes[first - start : last - start]), sizes[last - start]
        ):
            last += 1
        rest = sum(sizes[last - start :])
        if last < end and rest < TAIL and _reach(text, sentences, first, end) <= HARD:
            last = end
        yield first, last
        fresh = last
        repeat = last - 1 > first and sizes[last - 1 - start] <= TARGET // 2 and sentences[last - 1].kind != "heading"
        first = last - 1 if repeat and fresh < end and _reach(text, sentences, last - 1, last + 1) <= HARD else last


def _fits(text: str, sentences: Sequence[Sentence], first: int, last: int, size: int, more: int) -> bool:
    """Whether the sentence `last` still belongs to a chunk of `size` words that began at `first`."""
    near = size + more <= TARGET or size < TARGET // 2
    return near and _reach(text, sentences, first, last + 1) <= HARD


def _reach(text: str, sentences: Sequence[Sentence], first: int, last: int) -> int:
    return count_words(text[sentences[first].span.start : sentences[last - 1].span.end])


def _chunk(text: str, sentences: Sequence[Sentence], first: int, last: int, metadata: Metadata) -> Chunk:
    inside = sentences[first:last]
    heading = next((s.visible(text) for s in reversed(sentences[: first + 1]) if s.kind == "heading"), "")
    context = [metadata.title] if metadata.title else []
    if heading and inside[0].kind != "heading" and heading != metadata.title:
        context.append(heading)
    body = " ".join(sentence.visible(text) for sentence in inside)
    return Chunk(hull(tuple(s.span for s in inside)), first, last, heading, "\n".join([*context, body]))
