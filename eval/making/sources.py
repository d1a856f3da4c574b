"""What items are made from: documents with their sentences and who is quoted in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from indexing.collection import Collection
from indexing.documents import Document, Sentence
from indexing.quotations import Quotation
from indexing.spans import Span
from indexing.words import stems

WORD = re.compile(r"[^\W_]+(?:[’'-][^\W_]+)*")
SHORTEST, LONGEST = 8, 45  # words of a sentence that a question is made of


@dataclass(frozen=True, slots=True)
class Page:
    """One document. `sentences` are those a question may be made of: whole, of one visible piece, of some length."""

    document: Document
    sentences: tuple[Sentence, ...]
    quotations: tuple[Quotation, ...]
    weights: Mapping[str, float]  # of its stems: how rare each is in the collection

    def topic(self, text: str) -> str:
        """The rarest plain word of some length; empty where there is none."""
        known = [(self.weights.get(stem, 0.0), word) for word in words(text) for stem in stems(word)]
        plain = [(weight, word) for weight, word in known if len(word) >= 5 and word.isalpha() and word.islower()]
        return max(plain, default=(0.0, ""))[1]

    def around(self, span: Span) -> Sentence | None:
        """The sentence that holds a span whole."""
        return next((one for one in self.sentences if one.span.contains(span)), None)

    def text(self, sentence: Sentence) -> str:
        return sentence.pieces[0].of(self.document.text).strip()


def pages(collection: Collection) -> Iterator[Page]:
    """Every current document, by name."""
    catalogue = collection.catalogue
    for entry in catalogue.entries():
        document = catalogue.document(entry.id)
        if document is None:
            continue
        usable = tuple(
            one
            for one in catalogue.sentences(entry.id)
            if one.kind == "text"
            and len(one.pieces) == 1
            and SHORTEST <= len(words(one.pieces[0].of(document.text))) <= LONGEST
            and "\n\n" not in one.pieces[0].of(document.text)
        )
        weights = collection.words.weights(stems(document.text))
        yield Page(document, usable, catalogue.quotations(entry.id), weights)


def words(text: str) -> list[str]:
    return WORD.findall(text)
