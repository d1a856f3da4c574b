"""HTML that is written into a Markdown text: what of it a reader sees, as slices of the source."""

from __future__ import annotations

import re
from collections.abc import Iterator

from indexing.readers.visible import BREAKS, CELLS, HEADINGS, UNSEEN
from indexing.spans import Span

Shown = tuple[str, tuple[Span, ...]]  # a kind of block and its visible pieces

# A comment or the like, else a tag: its slash, its name and the rest of it.
PART = re.compile(
    r"<!--.*?(?:-->|\Z)|<\?.*?(?:\?>|\Z)|<!\[CDATA\[|\]\]>|<![a-zA-Z][^>]*>"
    r"|<(/?)([a-zA-Z][\w:-]*)((?:[^<>\"']|\"[^\"]*\"|'[^']*')*+)>",
    re.DOTALL,
)
VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())
UNSHOWN = re.compile(
    r"(?:^|\s)hidden(?:[\s=/]|$)|style\s*=\s*[\"'][^\"']*(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0)",
    re.IGNORECASE,
)
EDGES = " \t\r\n"


def raw_html_blocks(text: str, within: Span) -> Iterator[Shown]:
    """The blocks of a piece of HTML in `within`: texts between tags, parted where a browser begins a new line.

    Scripts, styles, comments and what an element hides by itself are out of view, tags are, entities stay as they are
    written. A tag that is left open ends where the piece does.
    """
    pieces: list[Span] = []
    heading = False
    shut = ""  # the element that is being passed over
    depth = 0
    at = within.start
    for match in PART.finditer(text, within.start, within.end):
        closing, name = bool(match[1]), (match[2] or "").lower()
        if not shut and match.start() > at:
            pieces.append(Span(at, match.start()))
        at = match.end()
        if shut:
            if name == shut and not match[3].endswith("/"):
                depth += -1 if closing else 1
                shut = shut if depth else ""
            continue
        apart = name == "br" or (name in CELLS and closing)
        if name in BREAKS or (apart and not _blank(text, match.span(), within)):
            yield from _block(text, pieces, heading=heading)
            pieces, heading = [], name in HEADINGS and not closing
        opening = name and not closing and name not in VOID and not match[3].endswith("/")
        if opening and (name in UNSEEN or UNSHOWN.search(match[3])):
            shut, depth = name, 1
    if not shut and within.end > at:
        pieces.append(Span(at, within.end))
    yield from _block(text, pieces, heading=heading)


def _blank(text: str, place: tuple[int, int], within: Span) -> bool:
    """Whether white space stands beside a tag, so that the words around it do not run together."""
    start, end = place
    return text[max(within.start, start - 1) : start].isspace() or text[end : min(within.end, end + 1)].isspace()


def _block(text: str, pieces: list[Span], *, heading: bool) -> Iterator[Shown]:
    """One block without white space at its ends, if anything is left of it."""
    kept = [piece for piece in pieces if len(piece)]
    while kept and not kept[0].of(text).strip(EDGES):
        kept.pop(0)
    while kept and not kept[-1].of(text).strip(EDGES):
        kept.pop()
    if not kept:
        return
    first, last = kept[0], kept[-1]
    kept[0] = Span(first.end - len(first.of(text).lstrip(EDGES)), first.end)
    last = kept[-1]
    kept[-1] = Span(last.start, last.start + len(last.of(text).rstrip(EDGES)))
    yield "heading" if heading else "text", tuple(kept)
