"""A quote desk over a few documents, for tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from app.quotes.desk import QuoteDesk
from indexing.collection import Collection
from indexing.ingest import index
from tests.folders import write
from tests.hashing import HashingEmbedder


@contextmanager
def desk_over(folder: Path, files: Mapping[str, str]) -> Iterator[QuoteDesk]:
    """The files are written into `folder` and indexed there."""
    with Collection(folder / "home", HashingEmbedder(), create=True) as collection:
        index(collection, [write(folder / "docs", files)])
        yield QuoteDesk(collection)
