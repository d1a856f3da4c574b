"""Rich text by striprtf; hidden text (`\\v`) is taken out before, footnotes stand at the end."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

import striprtf.striprtf

from indexing.clean import plain_blocks
from indexing.documents import Metadata
from indexing.errors import LoadError
from indexing.extraction import Extraction, ReadOptions, excerpts, one_line, tidy, title_of, within
from indexing.readers import damaged, read_limited
from indexing.readers.dates import iso_date

TOKEN = re.compile(r"\\([a-z]{1,32})(-?\d{1,10})? ?|\\'[0-9a-fA-F]{2}|\\[^a-z]|[{}]|[^\\{}]+|\\")
NOTE = re.compile(r"\{\s*\\footnote\b(?:\\ftnalt\b)? ?")
HIDING = ("v", "webhidden")
DELETING = ("deleted",)
CREATED = re.compile(r"\\creatim\\yr(\d{4})\\mo(\d{1,2})\\dy(\d{1,2})")


def read_rtf(path: Path, options: ReadOptions) -> Iterator[Extraction]:
    """One document; every paragraph is a line of the canonical text, as it reads with all changes accepted."""
    data = read_limited(path, 10 * options.max_bytes)  # pictures are written out in hexadecimal digits
    if not data.lstrip().startswith(b"{\\rtf"):
        raise damaged(".rtf", "it does not begin like rich text")
    page = re.search(rb"\\ansicpg(\d{3,5})", data)
    encoding = f"cp{page[1].decode()}" if page else "mac_roman" if re.search(rb"\\mac\b", data[:200]) else "cp1252"
    try:
        source = data.decode(encoding, "replace")
    except LookupError:
        encoding, source = "cp1252", data.decode("cp1252", "replace")
    body, notes = _without_notes(source)
    shown, hidden = _without_hidden(body, HIDING)
    shown, deleted = _without_hidden(shown, DELETING)
    read = [_plain(part, encoding) for part in (shown, *(f"{{\\rtf1 {note}}}" for note in notes))]
    text = tidy("\n".join(read).replace("|\n", "\n").replace("|", "\t"))
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
    told = ("it has tracked changes, whose deletions are not read",) if deleted else ()
    yield Extraction(
        text, blocks, metadata, encoding=encoding, date_found=found, hidden=excerpts(hidden), warnings=told
    )


def _said(source: str, name: str, encoding: str) -> str:
    match = re.search(rf"{{\\{name}\b((?:[^{{}}\\]|\\[^\n])*)}}", source[:100_000])
    return one_line(_plain(f"{{\\rtf1 {match[1]}}}", encoding)) if match else ""


def _without_notes(source: str) -> tuple[str, list[str]]:
    """The source without its footnotes, and what is in each."""
    kept: list[str] = []
    notes: list[str] = []
    at = 0
    for opening in NOTE.finditer(source):
        if opening.start() < at:
            continue  # a note in a note
        depth, end = 1, len(source)
        for match in TOKEN.finditer(source, opening.end()):
            depth += {"{": 1, "}": -1}.get(match[0], 0)
            if not depth:
                end = match.end()
                break
        kept.append(source[at : opening.start()])
        notes.append(source[opening.end() : end - 1])
        at = end
    return "".join([*kept, source[at:]]), notes


def _without_hidden(source: str, words: Collection[str]) -> tuple[str, list[str]]:
    """The source without the text that these control words take away; groups and other control words stay."""
    if not any(f"\\{word}" in source for word in words):
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
        elif match[1] in words or match[1] == "plain":
            off = match[1] != "plain" and match[2] != "0"
        elif off and not (match[1] and match[1] != "u"):
            hidden.append(token)
            continue
        kept.append(token)
    return "".join(kept), [_plain(f"{{\\rtf1 {''.join(hidden)}}}")] if hidden else []


def _plain(source: str, encoding: str = "cp1252") -> str:
    return str(striprtf.striprtf.rtf_to_text(source, encoding=encoding, errors="replace"))  # type: ignore[no-untyped-call]
