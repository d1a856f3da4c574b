"""Text from pictures of pages, by the program tesseract where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass

from indexing.errors import LoadError
from indexing.extraction import ReadOptions, one_line
from indexing.readers.paragraphs import Line

NEEDS_OCR = "needs OCR: install tesseract (apt install tesseract-ocr, brew install tesseract) and index it again"


@dataclass(frozen=True, slots=True)
class PageImage:
    """A page drawn in grey: one byte for each pixel, `scale` pixels for each point."""

    width: int
    height: int
    grey: bytes
    scale: float


def find_tesseract() -> str | None:
    return shutil.which("tesseract")


def recognise(program: str, image: PageImage, options: ReadOptions) -> list[Line]:
    """The lines on a page with their places, in reading order; raises LoadError if it fails or takes too long."""
    command = [program, "stdin", "stdout", "-l", options.ocr_languages, "--dpi", str(round(72 * image.scale)), "tsv"]
    picture = b"P5 %d %d 255\n" % (image.width, image.height) + image.grey
    try:
        done = subprocess.run(
            command,
            input=picture,
            capture_output=True,
            timeout=options.ocr_seconds,
            check=True,
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        )
    except subprocess.TimeoutExpired as error:
        raise LoadError(f"OCR took longer than {options.ocr_seconds:g} s", "scan it again at 300 dpi") from error
    except (subprocess.CalledProcessError, OSError) as error:
        detail = one_line((getattr(error, "stderr", None) or b"").decode("utf-8", "replace"))[-200:] or str(error)
        raise LoadError(f"OCR failed ({detail})", "check `tesseract --list-langs`") from error
    return _lines(done.stdout.decode("utf-8", "replace"), image)


def _lines(table: str, image: PageImage) -> list[Line]:
    """Lines out of tesseract's table of words, whose coordinates are pixels from the top."""
    found: dict[tuple[str, ...], list[list[str]]] = {}
    for row in table.splitlines()[1:]:
        cells = row.split("\t")
        if len(cells) >= 12 and cells[0] == "5" and cells[11].strip() and float(cells[10]) >= 20:
            found.setdefault(tuple(cells[1:5]), []).append(cells)
    lines = []
    for words in found.values():
        boxes = [[int(value) / image.scale for value in word[6:10]] for word in words]
        left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
        right, low = max(box[0] + box[2] for box in boxes), max(box[1] + box[3] for box in boxes)
        text = " ".join(word[11] for word in words)
        ends = text.endswith(("-", "\u00ad", "‐")) and len(text) > 2
        # A line's box is as high as its letters; fonts are told apart by steps, so that noise makes no headings.
        size = round((low - top) / 6) * 6 or 6.0
        lines.append(Line(text[:-1] if ends else text, left, right, image.height / image.scale - low, size, ends))
    return lines
