"""The one exact matcher: where the very words of a quote stand in a text, whatever marks and spaces they are set in."""

from __future__ import annotations

from collections.abc import Iterator

from indexing.fold import fold
from indexing.spans import Span
from indexing.tokens import Tokens, tokens_of


def verbatim_spans(words: str, document_text: str, tokens: Tokens | None = None) -> Iterator[Span]:
    """Every place where these words stand in a row, in the same case, with the same marks between them and at their
    edges, as far as the presentation fold goes. `tokens` are those of the text, where the caller has them.

    It is what the desk calls verbatim, without its leave for capitals at the beginning and other marks at the edges.
    """
    quote = tokens_of(words)
    if not len(quote):
        return
    text = tokens or tokens_of(document_text)
    lead = fold(quote.shown[: quote.starts[0]]).text.lstrip()
    rest = fold(quote.shown[quote.ends[-1] :]).text.rstrip()
    for at in text.find(quote.keys):
        end = at + len(quote)
        same = all(
            quote.word(index) == text.word(at + index) and (not index or quote.gap(index) == text.gap(at + index))
            for index in range(len(quote))
        )
        start = _before(text, at, lead) if same else None
        stop = _behind(text, end, rest) if same else None
        if start is not None and stop is not None:
            yield text.place(start, stop)


def _before(text: Tokens, at: int, lead: str) -> int | None:
    """Where these folded marks begin right before a word; None where others stand there."""
    begin = text.ends[at - 1] if at else 0
    marks = fold(text.shown[begin : text.starts[at]])
    if not marks.text.endswith(lead):
        return None
    return begin + marks.origins[len(marks.text) - len(lead)][0] if lead else text.starts[at]


def _behind(text: Tokens, end: int, rest: str) -> int | None:
    """Where these folded marks end right behind a word; None where others stand there."""
    begin = text.ends[end - 1]
    marks = fold(text.shown[begin : text.starts[end] if end < len(text) else len(text.shown)])
    if not marks.text.startswith(rest) or (rest and marks.text[len(rest) :].startswith(rest[-1])):
        return None  # one full stop is no part of three
    return begin + marks.origins[len(rest) - 1][1] if rest else begin
