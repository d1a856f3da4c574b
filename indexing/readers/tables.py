"""CSV and JSONL: every row is a document; which column is the text, the title, the date is mapped or guessed."""

from __future__ import annotations

import codecs
import csv
import html
import io
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import BinaryIO

from indexing.clean import Block, plain_blocks
from indexing.decoding import MENDED, decode
from indexing.documents import Metadata
from indexing.errors import LoadError
from indexing.extraction import (
    USUAL_NAMES,
    Extraction,
    Read,
    ReadOptions,
    TextBuilder,
    Unread,
    Working,
    excerpts,
    one_line,
    too_long,
    usual_name,
    within,
)
from indexing.load import opening_of
from indexing.readers.dates import iso_date
from indexing.readers.dialect import dialect_of
from indexing.readers.mail import tidy_lines
from indexing.values import ENTITY, value_text

SAMPLE = 1_000_000  # bytes from which encoding and dialect are told
SAMPLE_ROWS = 200  # from which the names of JSONL's columns are told
MOST_LINES = 1_000  # of a cell, before it is suspected to have run over its end
TOLD_EVERY = 64_000  # bytes read between two signs of how far the file is read
MARKUP = re.compile(r"</(?:p|div|span|a|b|i|em|strong|li|h\d)\s*>|<br\s*/?>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column each field of a document comes from."""

    names: Mapping[str, str]

    @classmethod
    def of(cls, found: list[str], asked: Mapping[str, str]) -> Columns:
        """As mapped, the rest by usual names; raises LoadError that names the columns where none is the text."""
        listed = ", ".join(found[:50]) or "none"
        wrong = [name for name in asked if name not in USUAL_NAMES]
        if wrong:
            raise LoadError(f"--map sets {', '.join(wrong)}", f"set only {', '.join(USUAL_NAMES)}")
        missing = [column for column in asked.values() if column not in found]
        if missing:
            raise LoadError(
                f"it has no column {', '.join(missing)} (its columns: {listed})",
                "write --map with its own, as in --map title=headline,text=body,date=published",
            )
        known = {usual_name(name): name for name in reversed(found)}
        names = dict(asked)
        for field, usual in USUAL_NAMES.items():
            guess = next((known[name] for name in usual.split() if name in known), None)
            if field not in names and guess is not None and guess not in names.values():
                names[field] = guess
        if "text" not in names:
            raise LoadError(
                f"none of its columns is known to be the text (its columns: {listed})",
                "say which, as in --map title=headline,text=body,date=published",
            )
        return cls(names)

    def value(self, row: Mapping[str, object], field: str) -> object:
        return row.get(self.names[field]) if field in self.names else None


def read_csv(path: Path, options: ReadOptions) -> Iterator[Read]:
    """A document for each row after the first, which names the columns. Memory holds one row."""
    with path.open("rb") as file:
        encoding, sample = _encoding(file)
        lines = io.TextIOWrapper(file, encoding, errors=_errors(encoding), newline="")
        before = csv.field_size_limit(options.max_bytes)
        try:
            rows = csv.reader(lines, dialect_of(lines, sample), strict=False)
            header = [name.strip() for name in next(rows, [])]
            columns = Columns.of(header, options.columns)
            yield from _telling(_csv_rows(rows, header, columns, encoding, options), file)
        except csv.Error as error:
            raise LoadError(f"its first line cannot be read ({error})", "check its quotation marks") from error
        finally:
            csv.field_size_limit(before)


def _csv_rows(
    rows: Iterator[list[str]], header: list[str], columns: Columns, encoding: str, options: ReadOptions
) -> Iterator[Read]:
    number = 0
    while True:
        number += 1
        try:
            cells = next(rows, None)
        except csv.Error as error:
            yield Unread(f"row {number}", LoadError(f"the row cannot be read ({error})", "check its quotation marks"))
            continue
        if cells is None:
            return
        if cells:
            value = _document(dict(zip(header, cells, strict=False)), f"row {number}", columns, encoding, options)
            yield _suspected(value, max(cell.count("\n") for cell in cells))


def _suspected(value: Extraction | Unread, lines: int) -> Extraction | Unread:
    """A quotation mark that is left open takes the rest of the file into one cell; say so where that is likely."""
    if lines <= MOST_LINES:
        return value
    told = f"a cell of the row has {lines} lines, as if a quotation mark were left open"
    if isinstance(value, Unread):
        return Unread(value.member, LoadError(f"{value.error.reason}; {told}", "check its quotation marks"))
    return replace(value, warnings=(*value.warnings, told))


def _telling(values: Iterator[Read], file: BinaryIO) -> Iterator[Read]:
    """The same, and now and then how far the file is read."""
    size, told = max(1, os.fstat(file.fileno()).st_size), 0
    for value in values:
        yield value
        if file.tell() - told >= TOLD_EVERY:
            told = file.tell()
            yield Working(share=told / size)


def read_jsonl(path: Path, options: ReadOptions) -> Iterator[Read]:
    """A document for each line, an object in JSON. Memory holds one line."""
    with path.open("rb") as file:
        encoding, sample = _encoding(file)
        if encoding.startswith(("utf-16", "utf-32")):
            raise LoadError(f"it is {encoding}", "save it as UTF-8, which JSON lines are written in")
        objects = (_object(line) for line in sample.splitlines()[:SAMPLE_ROWS])
        names = dict.fromkeys(name for row in objects if isinstance(row, dict) for name in row)
        columns = Columns.of(list(names), options.columns) if names else None
        yield from _telling(_json_rows(file, columns, encoding, options), file)


def _json_rows(file: BinaryIO, columns: Columns | None, encoding: str, options: ReadOptions) -> Iterator[Read]:
    for number, line in enumerate(_limited_lines(file, 4 * options.max_bytes), 1):
        if line is None:
            yield Unread(f"row {number}", too_long(options.max_bytes))
        elif line.strip():
            row = _object(line.decode(encoding, _errors(encoding)))
            if isinstance(row, dict):
                columns = columns or Columns.of(list(row), options.columns)
                yield _document(row, f"row {number}", columns, encoding, options)
            else:
                yield Unread(f"row {number}", LoadError(row, "write one object on each line"))


def _object(line: str) -> dict[str, object] | str:
    """The object on a line, else what is wrong with it."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        return f"the line is not JSON ({str(error)[:200]})"
    return value if isinstance(value, dict) else "the line is not an object"


def _limited_lines(file: BinaryIO, limit: int) -> Iterator[bytes | None]:
    """The lines of a file, None for one that is longer than the limit, which is passed over."""
    while line := file.readline(limit):
        if len(line) < limit or line.endswith(b"\n"):
            yield line
            continue
        while line and not line.endswith(b"\n"):
            line = file.readline(limit)
        yield None


def _errors(encoding: str) -> str:
    return MENDED if encoding == "utf-8" else "replace"


def _encoding(file: BinaryIO) -> tuple[str, str]:
    """`(encoding, sample)` from the head of a file; leaves the file behind a byte order mark."""
    data = file.read(SAMPLE)
    if not data.strip():
        raise LoadError("it is empty", "nothing to do, or put its text back", skipped=True)
    mark = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    whole = data if len(data) < SAMPLE else data[: data.rfind(b"\n") + 1] or data[: -4 - len(data) % 4]
    text, encoding, _ = decode(whole)
    if encoding.startswith("utf-") and encoding != "utf-8":
        encoding, mark = encoding.rsplit("-", 1)[0], 0  # the codec then takes the mark off itself
    file.seek(mark)
    return encoding, text


def _document(
    row: Mapping[str, object], place: str, columns: Columns, encoding: str, options: ReadOptions
) -> Extraction | Unread:
    """One row as a document, named by its id where it has one."""
    member = one_line(columns.value(row, "id")) or place
    try:
        text, blocks, hidden = _text(columns.value(row, "text"), options)
    except LoadError as error:
        return Unread(member, error)
    given = columns.value(row, "date")
    given = value_text(given) if isinstance(given, str | dict | list) else given
    values = {
        field.name: value_text(columns.value(row, field.name))
        for field in fields(Metadata)
        if field.name in columns.names
    }
    values["date"] = iso_date(given)
    values["title"] = values.get("title") or opening_of(text, blocks, Path(place))
    warnings = []
    if given not in (None, "") and not values["date"]:
        warnings.append(f"the date {one_line(given)[:40]!r} is not clear; write it as 2024-03-05")
    if "\ufffd" in text:
        warnings.append(f"some characters are not {encoding} and show as \ufffd")
    found = f"column {columns.names['date']}" if values["date"] else ""
    return Extraction(
        text,
        blocks,
        Metadata(**values),
        encoding=encoding,
        date_found=found,
        member=member,
        hidden=excerpts(hidden),
        warnings=tuple(warnings),
    )


def _text(value: object, options: ReadOptions) -> tuple[str, tuple[Block, ...], list[str]]:
    given = "\n\n".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    if MARKUP.search(within(given, options)):
        from indexing.readers.visible import blocks_of, take_out_hidden
        from indexing.readers.web import parse

        tree = parse(f"<div>{given}</div>")
        hidden = take_out_hidden(tree)
        builder = TextBuilder(options)
        for kind, shown in blocks_of(tree):
            builder.add(shown, kind)
        return *builder.build(), hidden
    text = tidy_lines(html.unescape(given) if ENTITY.search(given) else given)
    blocks = plain_blocks(text)
    if not blocks:
        raise LoadError("the row holds no text", "nothing to do, or put its text back", skipped=True)
    return text, blocks, []
