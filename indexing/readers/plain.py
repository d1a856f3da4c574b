"""Plain text and Markdown, as `indexing.load` decodes and reads them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from indexing.extraction import Extraction, ReadOptions
from indexing.readers import read_limited


def read_plain(path: Path, options: ReadOptions) -> Iterator[Extraction]:
    """One document; the decoded file is the canonical text."""
    from indexing.load import load

    loaded = load(read_limited(path, options.max_bytes), path)
    found = "front matter" if loaded.metadata.date else ""
    yield Extraction(loaded.text, loaded.blocks, loaded.metadata, loaded.encoding, found, warnings=loaded.notes)
