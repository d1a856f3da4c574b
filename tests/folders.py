"""Folders of documents for tests, and what a collection made of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from indexing.collection import Collection
from indexing.ingest import OUTCOMES, Report
from tests.hashing import HashingEmbedder

A = "# The bridge\n\nThe council closed the bridge for repairs. Work begins in June.\n"
B = "The mill burnt down two years ago. Nobody has rebuilt it since."
C = "Elections were held in June. The mayor was voted out."


def write(root: Path, files: Mapping[str, str | bytes]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


def counts(report: Report) -> dict[str, int]:
    """The outcomes that there were."""
    return {name: getattr(report, name) for name in OUTCOMES if getattr(report, name)}


def names(collection: Collection) -> list[str]:
    return [entry.name for entry in collection.catalogue.entries()]


def id_of(collection: Collection, name: str) -> str:
    """The id of the document that is called so today."""
    (found,) = [entry.id for entry in collection.catalogue.entries() if entry.name == name]
    return found


def texts_found(collection: Collection, question: str) -> set[str]:
    """What a search shows, by both ways."""
    hits = [*collection.by_meaning(collection.embedder.question(question), 50), *collection.by_words(question, 50)]
    return {passage.text for passage in collection.passages([chunk_id for chunk_id, _ in hits]).values()}


def asked(collection: Collection) -> int:
    """How many texts were embedded so far."""
    assert isinstance(collection.embedder, HashingEmbedder)
    return collection.embedder.asked
