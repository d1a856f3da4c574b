"""Sentences of a document as spans of its canonical text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from nupunkt import sent_spans

from indexing.clean import Block, View
from indexing.documents import Sentence
from indexing.spans import Span, hull

LONGEST = 120  # words; what has no sentence ends (tables, minutes, scraped lists) is cut between words
WIDEST = 240  # words of the source between a sentence's first and last character, markup and residue included
CJK = r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]"
WORD = re.compile(rf"{CJK}|[^\s]+?(?={CJK}|\s|$)")
IDEOGRAPH = re.compile(CJK)
CLOSING = (")", "]")
CLAUSE_END = re.compile(r"[;:.!?…,)\]]['\"”’»]*$")


def count_words(text: str) -> int:
    """Words between white space; a Chinese, Japanese or Korean character counts as one."""
    return sum(1 for _ in WORD.finditer(text)) if IDEOGRAPH.search(text) else len(text.split())


def sentences_of(text: str, blocks: tuple[Block, ...]) -> tuple[Sentence, ...]:
    """Every sentence of every block, in reading order; together they cover all visible words."""
    return tuple(
        Sentence(hull(pieces), pieces, block.kind, paragraph)
        for paragraph, block in enumerate(blocks)
        for pieces in _split(text, View.of(text, block.pieces), heading=block.kind == "heading")
    )


def _split(text: str, view: View, *, heading: bool) -> Iterator[tuple[Span, ...]]:
    ends = [(0, len(view.text))] if heading else _unbroken(view.text, sent_spans(view.text))
    for start, end in ends:
        for span in _short_enough(view.text, Span(start, end)):
            body = span.of(view.text)
            first = span.start + len(body) - len(body.lstrip())
            last = first + len(body.strip())
            if first < last:
                yield from filter(None, _near_enough(text, view.source(Span(first, last))))


def _unbroken(text: str, ends: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Sentences, each with what follows it without a blank and begins with a bracket that closes: `Lee (D-Conn.` ends
    none where `), who` comes behind it."""
    begun: tuple[int, int] | None = None
    for start, end in ends:
        if begun is None:
            begun = start, end
        elif text[start : start + 1] in CLOSING and not text[start - 1].isspace():
            begun = begun[0], end
        else:
            yield begun
            begun = start, end
    if begun is not None:
        yield begun


def _near_enough(text: str, pieces: tuple[Span, ...]) -> Iterator[tuple[Span, ...]]:
    """The pieces of a sentence, cut where so much is out of view between them that its span would be too long."""
    begin = 0
    for index in range(1, len(pieces)):
        if count_words(text[pieces[begin].start : pieces[index].end]) > WIDEST:
            yield _stripped(text, pieces[begin:index])
            begin = index
    yield _stripped(text, pieces[begin:])


def _stripped(text: str, pieces: tuple[Span, ...]) -> tuple[Span, ...]:
    """The pieces without white space at their outer ends."""
    view = View.of(text, pieces)
    start = len(view.text) - len(view.text.lstrip())
    end = len(view.text.rstrip())
    return view.source(Span(start, end)) if start < end else ()


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
