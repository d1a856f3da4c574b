"""Passages close in meaning to a quote that was not found: a machine's guess, never more than advice."""

from __future__ import annotations

from dataclasses import dataclass

from app.quotes.occurrences import occurrence
from app.quotes.result import Occurrence
from indexing.collection import Collection

ALIKE = 0.68  # cosine from which a sentence is called close in meaning: of 200 sentences about other things none
PASSAGES = 10


@dataclass(frozen=True, slots=True)
class Guess:
    """A sentence, how near it is to the quote, and whether that is near enough to be called close."""

    occurrence: Occurrence
    cosine: float

    @property
    def alike(self) -> bool:
        return self.cosine >= ALIKE


def close_in_meaning(collection: Collection, text: str, count: int) -> list[Guess]:
    """The sentences nearest in meaning, the best first, one a passage."""
    vector = collection.embedder.question(text)
    hits = collection.by_meaning(vector, PASSAGES)
    passages = collection.passages([chunk_id for chunk_id, _ in hits])
    found: dict[tuple[str, int], Guess] = {}
    for passage in passages.values():
        rows = collection.catalogue.sentence_vectors(passage.document.id, passage.first, len(passage.sentences))
        if not len(rows):
            continue
        cosines = rows @ vector
        index = int(cosines.argmax())
        sentence = passage.sentences[index]
        if sentence.kind == "suspect":
            continue
        place = occurrence(passage.document, sentence.span, sentence.pieces, passage.document.id)
        found[passage.document.id, sentence.span.start] = Guess(place, float(cosines[index]))
    return sorted(found.values(), key=lambda one: -one.cosine)[:count]
