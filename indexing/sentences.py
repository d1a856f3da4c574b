"""Sentences of a document as spans of its canonical text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nupunkt import sent_spans

from indexing.clean import Block, View
from indexing.documents import Sentence
from indexing.spans import Span, hull

LONGEST = 120  # words; what has no sentence ends (tables, minutes, scraped lists) is cut between words
CJK = r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]"
WORD = re.compile(rf"{CJK}|[^\s]+?(?={CJK}|\s|$)")
CLAUSE_END = re.compile(r"[;:.!?…,)\]]['\"”’»]*$")


def count_words(text: str) -> int:
    """Words between white space; a Chinese, Japanese or Korean character counts as one."""
    return sum(1 for _ in WORD.finditer(text))


def sentences_of(text: str, blocks: tuple[Block, ...]) -> tuple[Sentence, ...]:
    """Every sentence of every block, in reading order; together they cover all visible words."""
    return tuple(
        Sentence(hull(pieces), pieces, block.kind, paragraph)
        for paragraph, block in enumerate(blocks)
        for pieces in _split(View.of(text, block.pieces), heading=block.kind == "heading")
    )


def _split(view: View, *, heading: bool) -> Iterator[tuple[Span, ...]]:
    ends = [(0, len(view.text))] if heading else sent_spans(view.text)
    for start, end in ends:
        for span in _short_enough(view.text, Span(start, end)):
            body = span.of(view.text)
            first = span.start + len(body) - len(body.lstrip())
            last = first + len(body.strip())
            if first < last:
                yield view.source(Span(first, last))


def _short_enough(text: str, span: Span) -> Iterator[Span]:
    """The span itself, or parts of at most LONGEST words that end at the last clause mark in reach."""
    words = [Span(span.start + m.start(), span.start + m.end()) for m in WORD.finditer(span.of(text))]
    start = span.start
    while len(words) > LONGEST:
        marks = [n for n in range(LONGEST // 2, LONGEST) if CLAUSE_END.search(words[n].of(text))]
        cut = (marks[-1] if marks else LONGEST - 1) + 1
        yield Span(start, words[cut].start)
        start, words = words[cut].start, words[cut:]
    yield Span(start, span.end)
