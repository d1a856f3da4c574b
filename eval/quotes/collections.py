"""Collections for the bank: one that is there, or one made of documents, without meaning, which no bar rests on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.assistant import build
from app.settings import Settings
from indexing.collection import Collection
from indexing.documents import Document
from indexing.embed import Vectors
from indexing.ingest import index

DIMENSION = 8


class NoMeaning:
    """Stands for an embedder where only words count: every text is as near as any other."""

    name = "no-meaning"
    dimension = DIMENSION

    def passages(self, texts: Sequence[str]) -> Vectors:
        return np.full((len(texts), DIMENSION), DIMENSION**-0.5, dtype=np.float32)

    def question(self, text: str) -> Vectors:
        return np.full(DIMENSION, DIMENSION**-0.5, dtype=np.float32)


def collection_of(home: Path, documents: Path | None) -> Collection:
    """The collection of a home; made of documents there where some are given."""
    if documents is None:
        return build(Settings(home=home)).collection
    collection = Collection(home / "home", NoMeaning(), create=True)
    try:
        index(collection, [documents])
    except BaseException:
        collection.close()
        raise
    return collection


def documents_of(collection: Collection, part: str = "all") -> list[Document]:
    """Every document, or every second one by name (`even`, `odd`)."""
    keys = [entry.id for entry in collection.catalogue.entries()]
    keys = keys if part == "all" else keys[part == "odd" :: 2]
    found = (collection.document(key) for key in keys)
    return [document for document in found if document is not None]
