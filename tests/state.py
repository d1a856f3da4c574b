"""What two collections must agree in to be the same: their documents, their passages, what searches find."""

from __future__ import annotations

from dataclasses import dataclass

from indexing.collection import Collection
from indexing.documents import Document, Passage
from indexing.spans import Span

QUESTIONS = ("council bridge repairs", "sentence 7", "heading", "mill burnt", "document number 3", "edited", "June")
Place = tuple[str, str, Span]


@dataclass(frozen=True, slots=True)
class State:
    """Equal for collections that no search can tell apart (chunk ids, which grow with every edit, are left out)."""

    documents: dict[str, Document]
    passages: frozenset[Place]
    found: tuple[tuple[frozenset[tuple[Place, float]], frozenset[Place]], ...]


def place(passage: Passage) -> Place:
    return passage.document.name, passage.document.version, passage.span


def three_stores_agree(collection: Collection) -> None:
    current = set(collection.catalogue.chunk_ids(current=True))
    assert collection.vectors.ids() == current
    assert collection.words.ids() == current
    assert list(collection.catalogue.chunk_ids(current=False)) == []
    assert collection.in_step()


def state(collection: Collection) -> State:
    ids = sorted(collection.catalogue.chunk_ids(current=True))
    passages = collection.passages(ids)
    places = [place(passage) for passage in passages.values()]
    assert len(set(places)) == len(places), "no passage is there twice"
    found = []
    for question in QUESTIONS:
        meaning = collection.by_meaning(collection.embedder.question(question), len(ids))
        near = collection.passages([chunk_id for chunk_id, _ in meaning])
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
        documents[entry.name] = document
        rows = collection.catalogue.sentence_vectors(entry.id)
        assert len(rows) >= max(p.first + len(p.sentences) for p in passages.values() if p.document.id == entry.id)
    return State(documents, frozenset(places), tuple(found))
