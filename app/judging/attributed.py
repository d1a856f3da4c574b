"""Whether the words that a statement quotes are given to whom the source gives them to."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from app.quotes.exact import verbatim_spans
from app.quotes.speaker import Relation, relation_of, speaker_of, speaker_status
from indexing.documents import Document
from indexing.quotations import Quotation
from indexing.spans import Span
from indexing.turns import quotations_of

Quoted = Callable[[Document], Sequence[Quotation]]
"""Who is quoted where in a document."""
PLACES = 8  # of the same words in a document that are looked at
SHOWN = 60  # characters of the words that a reason repeats


def misattributed(text: str, documents: Sequence[Document], quoted: Quoted) -> Iterator[str]:
    """One line for people about each quotation that a statement gives to somebody by explicit words, where every place
    at which the documents have it gives it to somebody else by explicit words."""
    for one in quotations_of(text, [Span(0, len(text))]):
        if not (one.kind == "marks" and one.named and one.explicit):
            continue
        relations: list[Relation] = []
        others: list[str] = []
        words = [inner.of(text).strip(" .,;:!?") for inner in one.inner]
        for document, place in _places(words, documents):
            there = speaker_of(document, quoted(document), place)
            relations.append(relation_of(one.speaker, document, there))
            others += [there.speaker] if there is not None else []
        if speaker_status(one.speaker, relations) == "contradicted":
            told = words[0] if len(words[0]) <= SHOWN else f"{words[0][:SHOWN].rstrip()} …"
            yield f"the source gives the words “{told}” to {others[0]}, not to {one.speaker}"


def _places(words: Sequence[str], documents: Sequence[Document]) -> Iterator[tuple[Document, Span]]:
    for document in documents:
        for each in words:
            yield from ((document, place) for place in islice(verbatim_spans(each, document.text), PLACES))


def quoted_in(document: Document) -> Sequence[Quotation]:
    """Who is quoted where, read from the text by its lines, for a document that no catalogue has."""
    return _read(document.text)


@functools.lru_cache(maxsize=64)
def _read(text: str) -> tuple[Quotation, ...]:
    lines = (Span(match.start(), match.end()) for match in re.finditer(r"[^\n]+", text))
    return quotations_of(text, [line for line in lines if line.of(text).strip()])
