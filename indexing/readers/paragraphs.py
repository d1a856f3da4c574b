"""Lines of a page joined to paragraphs, as a reader joins them: hyphens at line ends, running headers, page breaks."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Literal

from indexing.clean import BULLET, CLOSERS
from indexing.extraction import TextBuilder

PAGE_NUMBER = re.compile(
    r"[-–—\s|]*(?:page\s*)?(?:\d{1,4}|[ivxl]{1,7})(?:\s*(?:of|/)\s*\d{1,4})?[-–—\s|]*", re.IGNORECASE
)
EDGE = 2  # lines at the top and at the bottom of a page that may be running headers or footers


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a page and its place in points from the lower left; `hyphen`: a hyphen ended it and is cut off."""

    text: str
    left: float
    right: float
    bottom: float
    size: float
    hyphen: bool = False


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines joined. `running`: a header, footer or page number; `hyphen`: it breaks off inside a word."""

    text: str
    kind: Literal["heading", "text"]
    running: bool = False
    hyphen: bool = False


def running_lines(pages: list[list[Line]]) -> frozenset[str]:
    """What stands at the top or bottom of a third of the pages and at least three, digits aside."""
    seen = Counter(key for lines in pages for key in {_key(line) for line in _edges(lines)})
    return frozenset(key for key, count in seen.items() if count >= max(3, len(pages) / 3))


def _edges(lines: list[Line]) -> list[Line]:
    """The highest and the lowest lines; writing programs draw footers first or last."""
    ranked = sorted(lines, key=lambda line: -line.bottom)
    return ranked[:EDGE] + ranked[-EDGE:]


def _key(line: Line) -> str:
    return re.sub(r"\d+", "#", line.text.casefold())


def vocabulary(pages: list[list[Line]]) -> Counter[str]:
    """How often each word stands in a document, words with a hyphen of their own as one."""
    return Counter(
        word
        for lines in pages
        for line in lines
        for word in re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", line.text.casefold())
    )


def paragraphs(lines: list[Line], running: frozenset[str], words: Counter[str], body: float) -> list[Paragraph]:
    """A page's paragraphs in reading order; `body` is the size of most of the document's letters."""
    edges = {line for line in _edges(lines) if _key(line) in running or PAGE_NUMBER.fullmatch(line.text)}
    if len(edges) == len(lines):  # a page of one slide's title, not of headers alone
        edges = set()
    pitches = [a.bottom - b.bottom for a, b in pairwise(lines) if 0 < a.bottom - b.bottom < 4 * a.size]
    pitch = median(pitches) if pitches else 0.0
    groups: list[list[Line]] = []
    for line in lines:
        if groups and line not in edges and groups[-1][0] not in edges and _continues(groups[-1], line, pitch, lines):
            groups[-1].append(line)
        else:
            groups.append([line])
    return [_joined(group, words, body, running=group[0] in edges) for group in groups]


def _continues(group: list[Line], line: Line, pitch: float, lines: list[Line]) -> bool:
    """Whether a line goes on with the paragraph above it."""
    last = group[-1]
    if "\t" in line.text or "\t" in last.text:
        return False  # rows of a table
    drop = last.bottom - line.bottom
    lower = line.text[:1].islower()
    if last.hyphen and (drop <= 0 or drop < 4 * last.size):
        return lower or drop > 0
    if drop <= 0:  # the next column
        return lower and last.text.rstrip(CLOSERS)[-1:] not in ".!?:"
    if abs(line.size - last.size) > 0.1 * last.size or drop > max(1.25 * pitch, 1.05 * last.size):
        return False
    if BULLET.match(line.text + " "):
        return False
    left = min(other.left for other in group)
    hanging = BULLET.match(group[0].text + " ") is not None
    if line.left > left + 0.8 * line.size and not hanging and not (len(group) == 1 and lower):
        return False
    column = max(other.right for other in lines if abs(other.left - left) < 3 * line.size or other in group)
    short = last.right < column - 0.15 * (column - left)
    return not (short and (last.text.rstrip(CLOSERS)[-1:] in ".!?:" or not lower))


def _joined(group: list[Line], words: Counter[str], body: float, *, running: bool) -> Paragraph:
    text = ""
    for line, following in zip(group, [*group[1:], None], strict=True):
        text += line.text
        if following is None:
            text += "-" if line.hyphen else ""
        elif line.hyphen:
            text += _hyphen(text, following.text, words)
        elif line.text.endswith("\u00ad"):
            text = text[:-1]
        else:
            text += " "
    large = group[0].size >= 1.15 * body and len(group) <= 3 and len(text) <= 150
    hyphen = group[-1].hyphen
    return Paragraph(text, "heading" if large and text[-1:] not in ".,;" else "text", running, hyphen)


def _hyphen(before: str, after: str, words: Counter[str]) -> str:
    """What stands between two halves of a word: nothing, or a hyphen of its own."""
    first, second = re.search(r"[^\W_]*$", before), re.match(r"[^\W_]*", after)
    left, right = (first[0] if first else "").casefold(), (second[0] if second else "").casefold()
    if not after[:1].islower() or not left.isalpha():
        return "-"
    return "-" if words[f"{left}-{right}"] > words[left + right] else ""


def write_pages(pages: list[list[Paragraph]], builder: TextBuilder) -> list[int]:
    """Write all pages and return where each begins; a sentence that runs over a page break stays one block."""
    starts = []
    open_text = ""  # the last visible paragraph, where it may go on
    inside_word = False
    for number, page in enumerate(pages):
        first = True
        starts.append(builder.length)
        for paragraph in page:
            goes_on = first and not paragraph.running and number > 0 and _goes_on(open_text, paragraph)
            span = builder.add(paragraph.text, paragraph.kind, visible=not (paragraph.running or goes_on))
            if span is None:
                continue
            if goes_on:
                builder.continue_last(span, inside_word=inside_word)
            if not paragraph.running:
                first = False
                open_text = paragraph.text if paragraph.kind == "text" else ""
                inside_word = paragraph.hyphen
    return starts


def _goes_on(before: str, paragraph: Paragraph) -> bool:
    ended = before.rstrip(CLOSERS)[-1:] in (".", "!", "?", ":", "")
    return not ended and paragraph.kind == "text" and paragraph.text[:1].islower()
