"""From files to documents: find them, decode them, read what they say about themselves."""

from __future__ import annotations

import datetime
import hashlib
import os
import re
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import charset_normalizer

from indexing.clean import Block, plain_blocks
from indexing.documents import Metadata
from indexing.errors import LoadError, UnreadableError
from indexing.markdown import front_matter, markdown_blocks
from indexing.sentences import sentences_of

MEGABYTE = 1_000_000
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


def find_files(path: Path) -> Iterator[Path]:
    """The path itself, or every visible file below a folder in a steady order; links to folders are not followed."""
    if not path.is_dir():
        yield path
        return
    for folder, folders, files in os.walk(path, onerror=_unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith("."):
                yield Path(folder) / name


def _unreadable(error: OSError) -> None:
    raise LoadError(
        f"the folder {error.filename} cannot be read ({error.strerror})", "give read permission or leave it out"
    )


def read_bytes(path: Path, max_bytes: int) -> bytes:
    """The bytes of a regular file; raises LoadError that says what is in the way and what to do."""
    if path.suffix.lower() not in READERS:
        kinds = " ".join(sorted(READERS))
        raise LoadError(
            f"{path.suffix or 'a file without ending'} is not a format Onrecord reads",
            f"convert it to one of: {kinds}",
            skipped=True,
        )
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise LoadError("it is not a regular file", "leave it out", skipped=True)
        if status.st_size > max_bytes:
            raise LoadError(
                f"it has {status.st_size / MEGABYTE:,.1f} MB, over the limit of {max_bytes / MEGABYTE:g} MB",
                "split it, or raise max_document_mb",
                skipped=True,
            )
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableError(
            f"it cannot be read ({error.strerror or error})", "check that it exists and that you may read it"
        ) from error
    if not data.strip():
        raise LoadError("it is empty", "nothing to do, or put its text back", skipped=True)
    return data


def load(data: bytes, path: Path) -> Loaded:
    """Decode and read one file by its ending; raises LoadError."""
    loaded = READERS[path.suffix.lower()](data, path)
    if not any(piece for block in loaded.blocks for piece in block.pieces):
        raise LoadError("it holds no text", "nothing to do, or put its text back", skipped=True)
    return loaded


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


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
    """The first heading if it opens the text, else its first line if that is short, else its first words."""
    if not blocks:
        return path.stem
    first = "".join(piece.of(text) for piece in blocks[0].pieces)
    line = " ".join(first.split())
    if blocks[0].kind == "heading" or (len(line) <= 150 and len(blocks) > 1):
        return line
    sentence = sentences_of(text, blocks[:1])[0].visible(text)
    words = " ".join(sentence.split())
    return words if len(words) <= 80 else re.sub(r"\W*\s\S*$", "", words[:80]) + "…"


READERS: dict[str, Reader] = {".txt": _read_plain, ".md": _read_markdown, ".markdown": _read_markdown}
"""The seam for formats: an ending and the function that reads it."""
