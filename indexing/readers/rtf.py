"""Rich text by striprtf; hidden text (`\\v`) is taken out before."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import striprtf.striprtf

from indexing.clean import plain_blocks
from indexing.documents import Metadata
from indexing.errors import LoadError
from indexing.extraction import Extraction, ReadOptions, excerpts, one_line, tidy, title_of, within
from indexing.readers import damaged, read_limited
from indexing.readers.dates import iso_date

TOKEN = re.compile(r"\\([a-z]{1,32})(-?\d{1,10})? ?|\\'[0-9a-fA-F]{2}|\\[^a-z]|[{}]|[^\\{}]+|\\")
CREATED = re.compile(r"\\creatim\\yr(\d{4})\\mo(\d{1,2})\\dy(\d{1,2})")


def read_rtf(path: Path, options: ReadOptions) -> Iterator[Extraction]:
    """One document; every paragraph is a line of the canonical text."""
    data = read_limited(path, 10 * options.max_bytes)  # pictures are written out in hexadecimal digits
    if not data.lstrip().startswith(b"{\\rtf"):
        raise damaged(".rtf", "it does not begin like rich text")
    page = re.search(rb"\\ansicpg(\d{3,5})", data)
    encoding = f"cp{page[1].decode()}" if page else "cp1252"
    try:
        source = data.decode(encoding, "replace")
    except LookupError:
        encoding, source = "cp1252", data.decode("cp1252", "replace")
    shown, hidden = _without_hidden(source)
    text = tidy(_plain(shown, encoding).replace("|\n", "\n").replace("|", "\t"))
    blocks = plain_blocks(within(text, options))
    if not blocks:
        raise LoadError("it holds no text", "nothing to do, or put its text back", skipped=True)
    created = CREATED.search(source)
    date = iso_date("-".join(created.groups())) if created else ""
    metadata = Metadata(
        title=_said(source, "title", encoding) or title_of(text, blocks, path),
        author=_said(source, "author", encoding),
        date=date,
        about=_said(source, "subject", encoding),
    )
    found = "document properties" if date else ""
    yield Extraction(text, blocks, metadata, encoding=encoding, date_found=found, hidden=excerpts(hidden))


def _said(source: str, name: str, encoding: str) -> str:
    match = re.search(rf"{{\\{name}\b((?:[^{{}}\\]|\\[^\n])*)}}", source[:100_000])
    return one_line(_plain(f"{{\\rtf1 {match[1]}}}", encoding)) if match else ""


def _without_hidden(source: str) -> tuple[str, list[str]]:
    """The source without the text that `\\v` hides, and those texts; groups and other control words stay."""
    if "\\v" not in source:
        return source, []
    kept: list[str] = []
    hidden: list[str] = []
    stack: list[bool] = []
    off = False
    for match in TOKEN.finditer(source):
        token = match[0]
        if token == "{":
            stack.append(off)
        elif token == "}":
            off = stack.pop() if stack else False
        elif match[1] in ("v", "plain", "webhidden"):
            off = match[1] != "plain" and match[2] != "0"
        elif off and not (match[1] and match[1] != "u"):
            hidden.append(token)
            continue
        kept.append(token)
    return "".join(kept), [_plain(f"{{\\rtf1 {''.join(hidden)}}}")] if hidden else []


def _plain(source: str, encoding: str = "cp1252") -> str:
    return str(striprtf.striprtf.rtf_to_text(source, encoding=encoding, errors="replace"))  # type: ignore[no-untyped-call]
