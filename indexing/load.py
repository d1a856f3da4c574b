"""Plain text and Markdown: from bytes to the canonical text, its blocks, and what it says about itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from indexing.clean import Block, plain_blocks, shifted
from indexing.decoding import Decoded, decode
from indexing.documents import Metadata
from indexing.errors import LoadError
from indexing.extraction import USUAL_NAMES, title_of, usual_name
from indexing.front_matter import FrontMatter, front_matter
from indexing.markdown import markdown_blocks
from indexing.readers.dates import iso_date
from indexing.sentences import sentences_of
from indexing.values import value_text


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file's canonical text, what it says about itself, how it was decoded, and the blocks a reader sees."""

    text: str
    metadata: Metadata
    encoding: str
    blocks: tuple[Block, ...]
    notes: tuple[str, ...] = ()  # what to tell of how it was read


Reader = Callable[[bytes, Path], Loaded]


def load(data: bytes, path: Path) -> Loaded:
    """Decode and read one file by its ending; raises LoadError."""
    loaded = READERS[path.suffix.lower()](data, path)
    if not any(piece for block in loaded.blocks for piece in block.pieces):
        raise LoadError("it holds no text", "nothing to do, or put its text back", skipped=True)
    return loaded


def _read_plain(data: bytes, path: Path) -> Loaded:
    decoded = decode(data)
    front = front_matter(decoded.text)
    blocks = tuple(shifted(plain_blocks(decoded.text[front.span.end :]), front.span.end))
    return _described(decoded, blocks, front, path)


def _read_markdown(data: bytes, path: Path) -> Loaded:
    decoded = decode(data)
    return _described(decoded, markdown_blocks(decoded.text), front_matter(decoded.text), path)


def _described(decoded: Decoded, blocks: tuple[Block, ...], front: FrontMatter, path: Path) -> Loaded:
    """With what the front matter says under the usual names; of several for one thing the first that says something."""
    given = {usual_name(key): value for key, value in front.values.items()}
    values = {
        key: next(filter(None, (value_text(given.get(name)) for name in USUAL_NAMES[key].split())), "")
        for key in Metadata.__dataclass_fields__
    }
    notes = [*filter(None, [decoded.note]), *front.notes]
    if values["date"] and not (day := iso_date(values["date"])):
        notes.append(f"the date {values['date'][:40]!r} is not clear; write it as 2024-03-05")
    values["date"] = day or values["date"] if values["date"] else ""
    if re.match(r"https?://[^/\s]", values["source"]):  # programs that clip pages write the address there
        values["url"] = values["url"] or values["source"]
        values["source"] = re.sub(r"(?i)^https?://(?:www\.)?([^/:?#\s]+).*", r"\1", values["source"])
    values["title"] = values["title"] or opening_of(decoded.text, blocks, path)
    return Loaded(decoded.text, Metadata(**values), decoded.encoding, blocks, tuple(notes))


def opening_of(text: str, blocks: tuple[Block, ...], path: Path) -> str:
    """The heading or short line that opens a text, else its first words, else the file's name."""
    if not blocks:
        return path.stem
    if opening := title_of(text, blocks, Path()):
        return opening
    sentence = sentences_of(text, blocks[:1])[0].visible(text)
    words = " ".join(sentence.split())
    return words if len(words) <= 80 else re.sub(r"\W*\s\S*$", "", words[:80]) + "…"


READERS: dict[str, Reader] = {".txt": _read_plain, ".md": _read_markdown, ".markdown": _read_markdown}
"""The seam for formats: an ending and the function that reads it."""
