"""OpenDocument texts by odfdo: paragraphs, headings, lists, tables and notes as they read with all changes accepted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import odfdo

from indexing.documents import Metadata
from indexing.errors import LoadError
from indexing.extraction import Extraction, ReadOptions, Shown, TextBuilder, excerpts, one_line, title_of
from indexing.readers.dates import iso_date
from indexing.readers.packages import open_package

Element = Any  # odfdo's

NOT_SHOWN = frozenset(
    "text:tracked-changes office:annotation office:annotation-end text:sequence-decls text:variable-decls office:forms"
    " text:note-citation svg:title svg:desc".split()
)
BLOCKS = frozenset(("text:p", "text:h"))
MOST_BLANKS = 100


def read_odt(path: Path, options: ReadOptions) -> Iterator[Extraction]:
    """One document; its notes stand at the end, in their order."""
    with open_package(path, options) as package:
        if b"encryption-data" in package.read("META-INF/manifest.xml"):
            raise LoadError("it is encrypted with a password", "save a copy without the password", skipped=True)
    document = odfdo.Document(str(path))
    walk = _Walk(document)
    builder = TextBuilder(options)
    for kind, text in walk.blocks(document.body):
        builder.add(text, kind)
    while walk.notes:
        for _, text in walk.blocks(walk.notes.pop(0)):
            builder.add(text)
    text, blocks = builder.build()
    known = document.meta
    date = iso_date(known.creation_date or known.date)
    metadata = Metadata(
        title=one_line(known.title) or title_of(text, blocks, path),
        author=one_line(known.initial_creator or known.creator),
        date=date,
        about=one_line(known.subject),
    )
    found = "document properties" if date else ""
    language = one_line(known.language)
    changes = len(document.body.get_elements("descendant::text:changed-region"))
    told = (f"it has tracked changes ({changes}), which are read as accepted",) if changes else ()
    yield Extraction(
        text, blocks, metadata, date_found=found, language=language, hidden=excerpts(walk.hidden), warnings=told
    )


class _Walk:
    """Goes through the body; collects notes, and what it leaves out because it is hidden."""

    def __init__(self, document: Any) -> None:
        self.hidden: list[str] = []
        self.notes: list[Element] = []
        self._vanishing = {
            style.get_attribute("style:name") or style.get_attribute("text:name")
            for part in ("content", "styles")
            for style in document.get_part(part).root.get_elements("descendant::style:style")
            if any(_vanishes(item) for item in style.get_elements("style:text-properties"))
        }
        self._vanishing |= {
            style.get_attribute("style:name")
            for style in document.get_part("content").root.get_elements("descendant::style:style")
            if any(
                item.get_attribute("text:display") == "none" for item in style.get_elements("style:section-properties")
            )
        }

    def blocks(self, container: Element) -> Iterator[Shown]:
        """Every paragraph and table row in it."""
        for child in container.children:
            tag = child.tag
            if tag in NOT_SHOWN:
                continue
            if tag in BLOCKS:
                later: list[Element] = []
                text = "".join(self._words(child, later))
                if self._is_hidden(child):
                    self.hidden.append(text)
                else:
                    style = child.get_attribute("text:style-name")
                    heading = tag == "text:h" or style in ("Title", "Subtitle")
                    yield "heading" if heading else "quote" if style == "Quotations" else "text", text
                for box in later:
                    yield from self.blocks(box)
            elif tag == "table:table-row":
                cells = (" ".join(" ".join(text.split()) for _, text in self.blocks(cell)) for cell in child.children)
                yield "text", "\t".join(cells)
            elif self._is_hidden(child):
                self.hidden.append(" ".join(text for _, text in self.blocks(child)))
            else:
                yield from self.blocks(child)

    def _words(self, element: Element, later: list[Element]) -> Iterator[str]:
        yield " ".join((element.text or "").split("\n"))
        for child in element.children:
            tag = child.tag
            if tag == "text:note":
                self.notes.extend(child.get_elements("text:note-body"))
            elif tag == "draw:frame":
                later.append(child)
            elif tag == "text:s":
                yield " " * min(MOST_BLANKS, int(child.get_attribute("text:c") or 1))
            elif tag == "text:tab":
                yield " "
            elif tag == "text:line-break":
                yield "\n"
            elif tag not in NOT_SHOWN and self._is_hidden(child):
                self.hidden.append("".join(self._words(child, later)))
            elif tag not in NOT_SHOWN:
                yield from self._words(child, later)
            yield " ".join((child.tail or "").split("\n"))

    def _is_hidden(self, element: Element) -> bool:
        return (
            element.tag in ("text:hidden-text", "text:hidden-paragraph")
            or element.get_attribute("text:display") == "none"
            or element.get_attribute("text:style-name") in self._vanishing
        )


def _vanishes(properties: Element) -> bool:
    """Not displayed, smaller than print, or white on no colour."""
    size = properties.get_attribute("fo:font-size") or ""
    background = properties.get_attribute("fo:background-color") or "transparent"
    return bool(
        properties.get_attribute("text:display") == "none"
        or (size.endswith("pt") and size[:-2].replace(".", "", 1).isdigit() and float(size[:-2]) <= 1.5)
        or (str(properties.get_attribute("fo:color")).lower() == "#ffffff" and background in ("transparent", "#ffffff"))
    )
