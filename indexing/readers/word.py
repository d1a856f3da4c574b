"""Word documents by python-docx: paragraphs, headings, tables and notes as they read with all changes accepted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
from docx.oxml import parse_xml
from docx.oxml.ns import qn

from indexing.documents import Metadata
from indexing.extraction import Extraction, ReadOptions, Shown, TextBuilder, excerpts, one_line, title_of
from indexing.readers.dates import iso_date
from indexing.readers.packages import open_package

Element = Any  # an element of the document's XML; python-docx hands out lxml's

NOT_SHOWN = frozenset(map(qn, ("w:del", "w:moveFrom", "w:pPr", "w:rPr", "w:instrText", "w:delText", "w:rt")))
TEXTS = frozenset((qn("w:t"), "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"))
CHANGES = {"deletions": ("w:del", "w:moveFrom"), "insertions": ("w:ins", "w:moveTo")}
LIBRARY = "python-docx"  # programs that write documents with it leave its own name and day in the properties
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
BOX = qn("w:txbxContent")
CHARACTERS = {qn("w:tab"): " ", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "\u2011"}
CHARACTERS[qn("w:softHyphen")] = "\u00ad"
NOTES = ("/footnotes", "/endnotes")


def read_docx(path: Path, options: ReadOptions) -> Iterator[Extraction]:
    """One document; its notes stand at the end, in their order."""
    with open_package(path, options):
        document = docx.Document(str(path))
    walk = _Walk(document)
    builder = TextBuilder(options)
    for kind, text in walk.blocks(document.element.body):
        builder.add(text, kind)
    for relation in document.part.rels.values():
        if not relation.is_external and relation.reltype.endswith(NOTES):
            for note in parse_xml(relation.target_part.blob):
                if note.get(qn("w:type")) in (None, "normal"):
                    for _, text in walk.blocks(note):
                        builder.add(text)
    text, blocks = builder.build()
    known = document.core_properties
    made = one_line(known.author) == LIBRARY
    date = "" if made else iso_date(known.created or known.modified)
    metadata = Metadata(
        title=one_line(known.title) or title_of(text, blocks, path),
        author="" if made else one_line(known.author),
        date=date,
        about=one_line(known.subject),
    )
    yield Extraction(
        text,
        blocks,
        metadata,
        date_found="document properties" if date else "",
        language=one_line(known.language),
        hidden=excerpts(walk.hidden),
        warnings=tuple(_told(document.element.body)),
    )


def _told(body: Element) -> Iterator[str]:
    """What a reader of the paper does not see and an archivist wants to know."""
    counts = {name: sum(1 for _ in body.iter(*map(qn, tags))) for name, tags in CHANGES.items()}
    if any(counts.values()):
        listed = " and ".join(f"{count} {name}" for name, count in counts.items() if count)
        yield f"it has tracked changes ({listed}), which are read as accepted"
    if comments := sum(1 for _ in body.iter(qn("w:commentReference"))):
        yield f"it has {comments} comments, which are not read"


class _Walk:
    """Goes through the body; collects what it leaves out because it is hidden."""

    def __init__(self, document: Any) -> None:
        self.hidden: list[str] = []
        self._headings: set[str] = set()
        self._quotes: set[str] = set()
        self._vanishing: set[str] = set()
        for style in document.styles.element.iter(qn("w:style")):
            name = style.find(qn("w:name"))
            named = (name.get(qn("w:val")) or "").lower() if name is not None else ""
            if named.startswith("heading") or named in ("title", "subtitle"):
                self._headings.add(style.get(qn("w:styleId")))
            elif named in ("quote", "intense quote"):
                self._quotes.add(style.get(qn("w:styleId")))
            if _on(style.find(f"{qn('w:rPr')}/{qn('w:vanish')}")):
                self._vanishing.add(style.get(qn("w:styleId")))

    def blocks(self, container: Element) -> Iterator[Shown]:
        """Every paragraph and table row in it."""
        for child in container:
            if child.tag == qn("w:p"):
                yield from self._paragraph(child)
            elif child.tag == qn("w:tbl"):
                for row in child.iter(qn("w:tr")):
                    if next(row.iterancestors(qn("w:tbl"))) is child:  # rows of nested tables are in their cell's text
                        cells = (
                            self._cell(cell)
                            for cell in row.iter(qn("w:tc"))
                            if next(cell.iterancestors(qn("w:tr"))) is row
                        )
                        yield "text", "\t".join(cells)
            elif child.tag in (qn("w:sdt"), qn("w:sdtContent"), qn("w:ins"), qn("w:moveTo"), qn("w:customXml")):
                yield from self.blocks(child)

    def _cell(self, cell: Element) -> str:
        return " ".join(" ".join(text.split()) for _, text in self.blocks(cell)).strip()

    def _paragraph(self, paragraph: Element) -> Iterator[Shown]:
        properties = paragraph.find(qn("w:pPr"))
        style = outline = None
        if properties is not None:
            style, outline = properties.find(qn("w:pStyle")), properties.find(qn("w:outlineLvl"))
        named = "" if style is None else style.get(qn("w:val"))
        boxes: list[Element] = []
        text = "".join(self._words(paragraph, boxes))
        if named in self._vanishing:
            self.hidden.append(text)
        else:
            heading = named in self._headings or (outline is not None and outline.get(qn("w:val")) != "9")
            yield "heading" if heading else "quote" if named in self._quotes else "text", text
        for box in boxes:
            yield from self.blocks(box)

    def _words(self, element: Element, boxes: list[Element]) -> Iterator[str]:
        for child in element:
            if child.tag in NOT_SHOWN or child.tag == FALLBACK:
                continue
            if child.tag == BOX:
                boxes.append(child)
            elif child.tag in TEXTS:
                yield child.text or ""
            elif child.tag in CHARACTERS:
                yield CHARACTERS[child.tag]
            elif child.tag == qn("w:r") and self._is_hidden(child):
                self.hidden.append("".join(self._words(child, boxes)))
            else:
                yield from self._words(child, boxes)

    def _is_hidden(self, run: Element) -> bool:
        """Marked as hidden, smaller than print, or white where nothing says that the paper is not."""
        properties = run.find(qn("w:rPr"))
        if properties is None:
            return False
        style, size, colour = (properties.find(qn(name)) for name in ("w:rStyle", "w:sz", "w:color"))
        if _on(properties.find(qn("w:vanish"))) or (style is not None and style.get(qn("w:val")) in self._vanishing):
            return True
        if (
            size is not None and (size.get(qn("w:val")) or "").isdigit() and int(size.get(qn("w:val"))) <= 3
        ):  # half points
            return True
        if colour is None or (colour.get(qn("w:val")) or "").upper() != "FFFFFF":
            return False
        around = [properties, *run.itersiblings(qn("w:pPr"), preceding=True), *run.iterancestors(qn("w:tc"), BOX)]
        return not any(
            part.tag in (qn("w:tc"), BOX)
            or part.find(qn("w:shd")) is not None
            or part.find(qn("w:highlight")) is not None
            for part in around
        )


def _on(switch: Element | None) -> bool:
    return switch is not None and switch.get(qn("w:val")) not in ("0", "false", "off")
