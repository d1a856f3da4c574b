"""Plain text and Markdown: from bytes to the canonical text, its blocks, and what it says about itself."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import charset_normalizer

from indexing.clean import Block, plain_blocks
from indexing.documents import Metadata
from indexing.errors import LoadError
from indexing.extraction import title_of
from indexing.markdown import front_matter, markdown_blocks
from indexing.sentences import sentences_of

MAX_VALUE = 1_000  # characters of one front-matter value
MAX_LISTED = 50  # items of a front-matter list
MAX_DIGITS = 100  # of a number in front matter: Python refuses to write out one of thousands
BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A file's canonical text, what it says about itself, how it was decoded, and the blocks a reader sees."""

    text: str
    metadata: Metadata
    encoding: str
    blocks: tuple[Block, ...]


Reader = Callable[[bytes, Path], Loaded]


def load(data: bytes, path: Path) -> Loaded:
    """Decode and read one file by its ending; raises LoadError."""
    loaded = READERS[path.suffix.lower()](data, path)
    if not any(piece for block in loaded.blocks for piece in block.pieces):
        raise LoadError("it holds no text", "nothing to do, or put its text back", skipped=True)
    return loaded


def decode(data: bytes) -> tuple[str, str]:
    """`(text, encoding)`: by byte order mark, else UTF-8, else the likeliest legacy encoding; newlines are kept."""
    for mark, encoding in BYTE_ORDER_MARKS:
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding), encoding
            except UnicodeDecodeError as error:
                raise LoadError(f"it begins like {encoding} but is not ({error.reason})", "save it as UTF-8") from error
    if b"\0" in data:
        raise LoadError("it holds binary data, not text", "convert it to text and save it as UTF-8")
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        guess = charset_normalizer.from_bytes(data).best()
    if guess is None:
        raise LoadError("its encoding is not known", "save it as UTF-8")
    try:
        return data.decode(guess.encoding), guess.encoding
    except UnicodeDecodeError as error:
        raise LoadError(f"it looks like {guess.encoding} but is not ({error.reason})", "save it as UTF-8") from error


def _read_plain(data: bytes, path: Path) -> Loaded:
    text, encoding = decode(data)
    blocks = plain_blocks(text)
    return Loaded(text, Metadata(title=_title(text, blocks, path)), encoding, blocks)


def _read_markdown(data: bytes, path: Path) -> Loaded:
    text, encoding = decode(data)
    blocks = markdown_blocks(text)
    given, _ = front_matter(text)
    values = {key: _plain(given.get(key)) for key in Metadata.__dataclass_fields__}
    values["title"] = values["title"] or _title(text, blocks, path)
    return Loaded(text, Metadata(**values), encoding, blocks)


def _plain(value: object) -> str:
    """A front-matter value as one line of text; dates become ISO, lists are joined, anything deeper is left out."""
    # Only one level of lists: aliases can nest them without end, and a few lines can stand for billions of items.
    values = value[:MAX_LISTED] if isinstance(value, list) else [value]
    return ", ".join(filter(None, map(_scalar, values)))[:MAX_VALUE]


def _scalar(value: object) -> str:
    if isinstance(value, datetime.datetime):
        return value.date().isoformat()
    if isinstance(value, datetime.date):
        return value.isoformat()
    if not isinstance(value, str | int | float) or (isinstance(value, int) and abs(value) >= 10**MAX_DIGITS):
        return ""
    # An escape such as "\ud800" makes half a character, which no index can store.
    return " ".join(str(value).encode("utf-8", "replace").decode("utf-8").replace("\0", " ").split())[:MAX_VALUE]


def _title(text: str, blocks: tuple[Block, ...], path: Path) -> str:
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
