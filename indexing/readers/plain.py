"""Plain text and Markdown as `indexing.load` reads them, for the members of archives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from indexing.errors import LoadError
from indexing.extraction import Extraction, ReadOptions
from indexing.readers import read_limited


def read_plain(path: Path, options: ReadOptions) -> Iterator[Extraction]:
    """One document; the decoded file is the canonical text."""
    from indexing.load import READERS

    loaded = READERS[path.suffix.lower()](read_limited(path, options.max_bytes), path)
    if not loaded.blocks:
        raise LoadError("it holds no text", "nothing to do, or put its text back", skipped=True)
    found = "front matter" if loaded.metadata.date else ""
    yield Extraction(loaded.text, loaded.blocks, loaded.metadata, loaded.encoding, found)
