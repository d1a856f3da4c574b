"""EPUB books by lxml: the chapters of the spine in their order, and what the package says of the book."""

from __future__ import annotations

import posixpath
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lxml import etree  # type: ignore[import-untyped]

from indexing.documents import Metadata
from indexing.errors import LoadError
from indexing.extraction import Extraction, ReadOptions, TextBuilder, excerpts, one_line, title_of
from indexing.readers import damaged
from indexing.readers.dates import iso_date
from indexing.readers.packages import open_package
from indexing.readers.visible import blocks_of, take_out_hidden
from indexing.readers.web import decode_html, parse

Element = Any  # an lxml element

CONTAINER = "META-INF/container.xml"
VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
SELF_CLOSED = re.compile(r"<([a-zA-Z][\w:-]*)((?:\s[^<>]*)?)/>")


def read_epub(path: Path, options: ReadOptions) -> Iterator[Extraction]:
    """One document: the whole book."""
    with open_package(path, options) as package:
        names = set(package.namelist())
        if "META-INF/encryption.xml" in names and re.search(
            rb"URI=[\"'][^\"']*\.x?html?[\"']", package.read("META-INF/encryption.xml")
        ):
            raise LoadError("it is protected against reading (DRM)", "get a copy without protection", skipped=True)
        opf = _opf_name(package, names)
        book = _xml(package.read(opf))
        builder = TextBuilder(options)
        hidden: list[str] = []
        warnings: list[str] = []
        encoding = ""
        for name in _chapters(book, opf):
            if name not in names:
                warnings.append(f"{name} is missing from the book")
                continue
            text, encoding = decode_html(package.read(name))
            tree = parse(SELF_CLOSED.sub(_opened, text))
            hidden += take_out_hidden(tree)
            for kind, shown in blocks_of(tree):
                builder.add(shown, kind)
    yield _book(book, builder, encoding, path, hidden, warnings)


def _book(
    book: Element, builder: TextBuilder, encoding: str, path: Path, hidden: list[str], warnings: list[str]
) -> Extraction:
    text, blocks = builder.build()
    date = next(filter(None, (iso_date(one_line(value)) for value in _said(book, "date"))), "")
    metadata = Metadata(
        title=next(_said(book, "title"), "") or title_of(text, blocks, path),
        source=next(_said(book, "publisher"), ""),
        author=", ".join(_said(book, "creator")),
        date=date,
        url=next((value for value in _said(book, "identifier") if re.match(r"https?://", value)), ""),
        about=re.sub(r"<[^>]{0,200}>", "", next(_said(book, "description"), "")),
    )
    return Extraction(
        text,
        blocks,
        metadata,
        encoding=encoding,
        date_found="package metadata" if date else "",
        language=next(_said(book, "language"), ""),
        hidden=excerpts(hidden),
        warnings=tuple(warnings),
    )


def _xml(data: bytes) -> Element:
    try:
        return etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False))
    except etree.XMLSyntaxError as error:
        raise damaged(".epub", str(error)) from error


def _opf_name(package: zipfile.ZipFile, names: set[str]) -> str:
    if CONTAINER in names:
        for root in _xml(package.read(CONTAINER)).iter("{*}rootfile"):
            if root.get("full-path") in names:
                return str(root.get("full-path"))
    raise damaged(".epub", "its package document is missing")


def _chapters(book: Element, opf: str) -> Iterator[str]:
    """The names of the spine's documents; the table of contents is not part of the text."""
    items = {item.get("id"): item for item in book.iterfind(".//{*}manifest/{*}item")}
    for reference in book.iterfind(".//{*}spine/{*}itemref"):
        item = items.get(reference.get("idref"))
        if item is None or "html" not in (item.get("media-type") or "html"):
            continue
        if "nav" not in (item.get("properties") or "").split():
            yield posixpath.normpath(posixpath.join(posixpath.dirname(opf), unquote(item.get("href") or "")))


def _said(book: Element, name: str) -> Iterator[str]:
    for element in book.iterfind(f".//{{http://purl.org/dc/elements/1.1/}}{name}"):
        if value := one_line("".join(element.itertext())):
            yield value


def _opened(match: re.Match[str]) -> str:
    """`<title/>` is an element without content in XHTML, but one without an end to a parser of HTML."""
    return match[0] if match[1].lower() in VOID else f"<{match[1]}{match[2]}></{match[1]}>"
