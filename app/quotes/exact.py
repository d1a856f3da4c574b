"""The one exact matcher: where the very words of a quote stand in a text, whatever marks and spaces they are set in."""

from __future__ import annotations

from collections.abc import Iterator

from indexing.spans import Span
from indexing.tokens import Tokens, tokens_of


def verbatim_spans(words: str, document_text: str, tokens: Tokens | None = None) -> Iterator[Span]:
    """Every place where these words stand in a row, in the same case, with the same marks between them, as far as the
    presentation fold goes; each from its first to its last letter or digit. `tokens` are those of the text, where the
    caller has them.

    It is what the desk calls verbatim, without its rules for capitals at the beginning and questions at the end.
    """
    quote = tokens_of(words)
    if not len(quote):
        return
    text = tokens or tokens_of(document_text)
    for at in text.find(quote.keys):
        if all(
            quote.word(index) == text.word(at + index) and (not index or quote.gap(index) == text.gap(at + index))
            for index in range(len(quote))
        ):
            yield text.source(at, at + len(quote))
