"""PDF by PDFium: text page by page, lines joined to paragraphs, text that nobody sees kept out, scans by OCR."""

from __future__ import annotations

import ctypes
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

from indexing.documents import Metadata
from indexing.errors import LoadError
from indexing.extraction import (
    Extraction,
    Page,
    Read,
    ReadOptions,
    TextBuilder,
    Working,
    excerpts,
    one_line,
    title_of,
    too_long,
)
from indexing.readers import damaged
from indexing.readers.columns import WIDE, Row, in_reading_order
from indexing.readers.dates import iso_date
from indexing.readers.ocr import NEEDS_OCR, PageImage, find_tesseract, recognise
from indexing.readers.paragraphs import Line, paragraphs, running_lines, vocabulary, write_pages
from indexing.spans import Span

Raw = Any  # a handle of PDFium

FEW = 3  # visible characters; a page with fewer is a picture of text, or blank
SCAN_DPI = 300
MOST_PIXELS = 25_000_000  # of a page's picture, whatever size the page claims
TINY = 1.2  # points
INVISIBLE_MODES = (pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP)


def read_pdf(path: Path, options: ReadOptions) -> Iterator[Read]:
    """One document with its pages; raises LoadError for an encrypted file and for scans where there is no OCR."""
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise LoadError(
                "it is encrypted with a password", "save a copy without the password", skipped=True
            ) from error
        raise damaged(".pdf", str(error)) from error
    try:
        yield from _read(document, path, options)
    finally:
        document.close()


def _read(document: Any, path: Path, options: ReadOptions) -> Iterator[Read]:
    pages: list[list[Line]] = []
    hidden: list[str] = []
    warnings: list[str] = []
    scans = []
    size = 0
    for number in range(len(document)):
        lines, unseen, scanned = _page_lines(document, number, warnings)
        size += sum(len(line.text) for line in lines)
        if size > options.max_bytes:
            raise too_long(options.max_bytes)
        pages.append(lines)
        hidden += unseen
        if scanned:
            scans.append(number)
    if scans:
        yield from _recognised(document, scans, pages, options, warnings)
    body = Counter({0.0: 0})
    for line in (line for lines in pages for line in lines):
        body[round(line.size, 1)] += len(line.text)
    running = running_lines(pages)
    builder = TextBuilder(options)
    words = vocabulary(pages)
    written = [paragraphs(lines, running, words, body.most_common(1)[0][0]) for lines in pages]
    starts = write_pages(written, builder)
    text, blocks = builder.build()
    ends = [*starts[1:], len(text)]
    labels = [document.get_page_label(number) or str(number + 1) for number in range(len(starts))]
    spans = tuple(Page(one_line(label), Span(a, b)) for label, a, b in zip(labels, starts, ends, strict=True))
    known = document.get_metadata_dict()
    date = iso_date(known.get("CreationDate"))
    title = _useful_title(one_line(known.get("Title"))) or title_of(text, blocks, path)
    metadata = Metadata(
        title=title, author=one_line(known.get("Author")), date=date, about=one_line(known.get("Subject"))
    )
    found = "PDF information" if date else ""
    yield Extraction(
        text, blocks, metadata, date_found=found, pages=spans, hidden=excerpts(hidden), warnings=tuple(warnings)
    )


def _useful_title(title: str) -> str:
    """Without what printing programs write there; empty where nothing of use is left."""
    title = re.sub(r"^Microsoft (?:Word|PowerPoint) - ", "", title)
    return "" if re.fullmatch(r"untitled.*|.*\.(?:docx?|rtf|indd|tex|dvi|qxd|pdf)|\W*", title, re.IGNORECASE) else title


def _page_lines(document: Any, number: int, warnings: list[str]) -> tuple[list[Line], list[str], bool]:
    """A page's visible lines, its hidden texts, and whether it looks like a picture of text."""
    try:
        page = document[number]
        textpage = page.get_textpage()
    except pypdfium2.PdfiumError as error:
        warnings.append(f"page {number + 1} cannot be read ({error})")
        return [], [], False
    try:
        codes = [pdfium.FPDFText_GetUnicode(textpage, at) for at in range(pdfium.FPDFText_CountChars(textpage))]
        unseen = _unseen(page, textpage, codes)
        if unseen and len(unseen) >= sum(code > 32 for code in codes) * 0.95 and _has_picture(page):
            unseen = set()  # the layer of recognised text under the picture of a scan
        lines = _lines(textpage, codes, unseen)
        hidden = _runs_of(codes, unseen)
        few = sum(len(line.text) for line in lines) < FEW
        return lines, hidden, few and not hidden and next(iter(page.get_objects(max_depth=1)), None) is not None
    finally:
        textpage.close()
        page.close()


def _has_picture(page: Any) -> bool:
    width, height = page.get_size()
    for item in page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_IMAGE,)):
        left, bottom, right, top = item.get_bounds()
        if (right - left) * (top - bottom) > width * height / 2:
            return True
    return False


def _unseen(page: Any, textpage: Any, codes: list[int]) -> set[int]:
    """The characters that nobody sees: invisible, far too small, off the page, or of the colour behind them."""
    handles = {_address(item.raw) for item in _unseen_objects(page)}
    if not handles:
        return set()
    return {
        at
        for at, code in enumerate(codes)
        if code > 32 and _address(pdfium.FPDFText_GetTextObject(textpage, at)) in handles
    }


def _address(handle: Raw) -> int | None:
    return ctypes.cast(handle, ctypes.c_void_p).value


def _unseen_objects(page: Any) -> Iterator[Any]:
    left, bottom, right, top = page.get_cropbox()
    red, green, blue, alpha = (ctypes.c_uint(0) for _ in range(4))
    picture = None
    for item in page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_TEXT,), max_depth=5):
        x0, y0, x1, y1 = item.get_bounds()
        if x1 <= x0 and y1 <= y0:
            continue  # blanks have no extent
        plain = pdfium.FPDFPageObj_GetFillColor(item.raw, red, green, blue, alpha)
        away = item.container is None and (x1 < left or x0 > right or y1 < bottom or y0 > top)
        faint = plain and alpha.value < 15
        drawn = pdfium.FPDFTextObj_GetTextRenderMode(item.raw)
        if (
            drawn in INVISIBLE_MODES
            or away
            or faint
            or (y1 - y0 < TINY and x1 - x0 > TINY and y1 - y0 > 0 and _small(item))
        ):
            yield item
        elif plain and min(red.value, green.value, blue.value) >= 245 and item.container is None:
            picture = picture if picture is not None else _picture(page, 1.0)
            if _uniform(picture, page, (x0, y0, x1, y1)):
                yield item


def _small(item: Any) -> bool:
    """Whether the letters are small, not just a row of dots or dashes."""
    size = ctypes.c_float(0)
    matrix = item.get_matrix()
    pdfium.FPDFTextObj_GetFontSize(item.raw, size)
    scale: float = max(abs(matrix.a), abs(matrix.b), abs(matrix.c), abs(matrix.d))
    return size.value * scale < TINY


def _picture(page: Any, scale: float) -> PageImage:
    """The page as drawn, in grey, of at most MOST_PIXELS."""
    width, height = page.get_size()
    scale = min(scale, (MOST_PIXELS / max(1.0, width * height)) ** 0.5)
    if width * scale < 1 or height * scale < 1 or max(width, height) * scale > 30_000:
        scale = min(1.0, 30_000 / max(width, height, 1.0))
    bitmap = page.render(scale=scale, grayscale=True)
    try:
        data = bytes(bitmap.buffer)
        rows = [data[row * bitmap.stride : row * bitmap.stride + bitmap.width] for row in range(bitmap.height)]
        return PageImage(bitmap.width, bitmap.height, b"".join(rows), scale)
    finally:
        bitmap.close()


def _uniform(picture: PageImage, page: Any, box: tuple[float, float, float, float]) -> bool:
    """Whether nothing stands out where the text is drawn."""
    left, _, _, top = page.get_cropbox()
    x0, x1 = (int((x - left) * picture.scale) for x in (box[0], box[2]))
    y0, y1 = (int((top - y) * picture.scale) for y in (box[3], box[1]))
    rows = range(max(0, y0), min(picture.height, y1 + 1))
    seen = b"".join(
        picture.grey[row * picture.width + max(0, x0) : row * picture.width + min(picture.width, x1 + 1)]
        for row in rows
    )
    return bool(seen) and max(seen) - min(seen) <= 8


def _lines(textpage: Any, codes: list[int], unseen: set[int]) -> list[Line]:
    """Lines in reading order, each with its place; PDFium marks a hyphen at a line's end with the code 2."""
    rows: list[Row] = []
    at: list[int] = []
    for index, code in enumerate([*codes, 10]):
        if code in (10, 13, 2) or code > 0x10FFFF:
            if at:
                rows.append(tuple(_row(textpage, codes, at, hyphen=code == 2)))
            at = []
        elif index not in unseen and (code > 32 or at):
            at.append(index)
    return in_reading_order([row for row in rows if row])


def _row(textpage: Any, codes: list[int], at: list[int], *, hyphen: bool) -> Iterator[Line]:
    """What stands on one height, parted at wide gaps."""
    start = 0
    shown = [place for place, index in enumerate(at) if codes[index] > 32]
    for before, after in pairwise(shown):
        if after == before + 1:
            continue
        _, bottom, right, top = _box(textpage, at[before])
        if _box(textpage, at[after])[0] - right > WIDE * (top - bottom):
            yield _line(textpage, codes, at[start : before + 1], hyphen=False)
            start = after
    yield _line(textpage, codes, at[start:], hyphen=hyphen)


def _line(textpage: Any, codes: list[int], at: list[int], *, hyphen: bool) -> Line:
    units = b"".join(
        codes[index].to_bytes(2, "little") if codes[index] < 0x10000 else chr(codes[index]).encode("utf-16-le")
        for index in at
    )
    text = one_line(units.decode("utf-16-le", "ignore"))
    if not hyphen and re.search(r"[^\W\d_][-‐]$", text):
        text, hyphen = text[:-1], True
    ends = [_box(textpage, index) for index in (at[0], at[-1])]
    left, bottom, _, top = ends[0]
    return Line(text, left, ends[1][2], bottom, top - bottom, hyphen)


def _box(textpage: Any, index: int) -> tuple[float, float, float, float]:
    rectangle = pdfium.FS_RECTF()
    pdfium.FPDFText_GetLooseCharBox(textpage, index, rectangle)
    return rectangle.left, rectangle.bottom, rectangle.right, rectangle.top


def _runs_of(codes: list[int], unseen: set[int]) -> list[str]:
    """The hidden characters as texts, one for each line."""
    lines: list[str] = [""]
    for at, code in enumerate(codes):
        if code in (10, 13):
            lines.append("")
        elif at in unseen or (code == 32 and lines[-1]):
            lines[-1] += chr(code)
    return [line for line in lines if line.strip()]


def _recognised(
    document: Any, scans: list[int], pages: list[list[Line]], options: ReadOptions, warnings: list[str]
) -> Iterator[Working]:
    """Put in what OCR finds on the pages that are pictures; raises LoadError if there is nothing else and no OCR."""
    program = find_tesseract() if options.ocr else None
    named = f"page {scans[0] + 1}" if len(scans) == 1 else f"{len(scans)} pages"
    if program is None:
        if not any(pages):
            raise LoadError(f"it is a scan without text ({named})", NEEDS_OCR, skipped=True)
        warnings.append(f"{named} without text; {NEEDS_OCR}")
        return
    failed: list[LoadError] = []
    for number in scans:
        page = document[number]
        picture = _picture(page, SCAN_DPI / 72)
        page.close()
        yield Working(number=number)
        try:
            pages[number] = recognise(program, picture, options)
        except LoadError as error:
            failed.append(error)
            warnings.append(f"page {number + 1}: {error}")
    if not any(pages):
        raise failed[0] if failed else LoadError("it is a scan in which OCR finds no text", "scan it again at 300 dpi")
    warnings.append(f"{named} read by OCR; check quotations against the scan")
