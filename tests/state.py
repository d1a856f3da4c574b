"""What two collections must agree in to be the same: their documents, their passages, what searches find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from indexing.collection import Collection
from indexing.copies import all_groups
from indexing.documents import Document, Passage
from indexing.filters import Passing
from indexing.spans import Span

QUESTIONS = ("council bridge repairs", "sentence 7", "heading", "mill burnt", "document number 3", "edited", "June")
Place = tuple[str, str, Span]


@dataclass(frozen=True, slots=True)
class State:
    """Equal for collections that no search can tell apart.

    Left out: chunk ids, which grow with every edit, and document ids, which a file keeps when it is renamed.
    """

    documents: dict[str, Document]
    passages: frozenset[Place]
    copies: frozenset[frozenset[str]]
    found: tuple[tuple[frozenset[tuple[Place, float]], frozenset[Place]], ...]


def place(passage: Passage) -> Place:
    return passage.document.name, passage.document.version, passage.span


def three_stores_agree(collection: Collection) -> None:
    current = set(collection.catalogue.chunk_ids(current=True))
    assert collection.vectors.ids() == current
    assert collection.words.ids() == current
    assert collection.texts.ids() == collection.text_ids()
    assert list(collection.catalogue.chunk_ids(current=False)) == []
    assert collection.in_step()


def state(collection: Collection, questions: Sequence[str] = QUESTIONS) -> State:
    ids = sorted(collection.catalogue.chunk_ids(current=True))
    passages = collection.passages(ids)
    places = [place(passage) for passage in passages.values()]
    assert len(set(places)) == len(places), "no passage is there twice"
    found = []
    mask = np.zeros(max(ids, default=0) + 1, dtype=np.bool_)
    mask[ids] = True
    every = Passing(np.asarray(ids, dtype=np.int64), mask)
    for question in questions:
        vector = collection.embedder.question(question)
        meaning = collection.vectors.nearest(vector, len(ids), every)
        near = collection.passages([chunk_id for chunk_id, _ in meaning])
        # Chroma's own graph may have lost its way to some of many texts that are nearly the same.
        assert {one for one, _ in collection.by_meaning(vector, len(ids))} <= set(ids)
        words = collection.passages([chunk_id for chunk_id, _ in collection.by_words(question, len(ids) + 1)])
        found.append(
            (
                frozenset((place(near[chunk_id]), round(cosine, 3)) for chunk_id, cosine in meaning),
                frozenset(place(passage) for passage in words.values()),
            )
        )
    documents = {}
    for entry in collection.catalogue.entries():
        document = collection.document(entry.id, entry.version)
        assert document is not None
        documents[entry.name] = replace(document, id="")
        rows = collection.catalogue.sentence_vectors(entry.id)
        assert len(rows) >= max(p.first + len(p.sentences) for p in passages.values() if p.document.id == entry.id)
    names = {entry.id: entry.name for entry in collection.catalogue.entries()}
    copies = frozenset(frozenset(names[one] for one in group) for group in all_groups(collection.catalogue))
    return State(documents, frozenset(places), copies, tuple(found))
