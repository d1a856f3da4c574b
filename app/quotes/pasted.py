"""A quote that was pasted with the words that say who said it: `"We will pay," she said, "in May."`"""

from __future__ import annotations

import re

from indexing.marks import DOUBLE, FAMILY, GUILLEMET
from indexing.spans import Span, hull
from indexing.turns import quotations_of

OUTSIDE = 14  # words outside the marks that may say who said it
WORD = re.compile(r"[^\W_]+(?:[’'-][^\W_]+)*")


def quote_in(text: str) -> tuple[str, str] | None:
    """The words inside the marks, joined, and whom those outside name; None where the text is no quotation with its
    attribution: it begins with a mark, has one turn, and a few words outside it with a verb of saying."""
    begin = len(text) - len(text.lstrip())
    if FAMILY.get(text[begin : begin + 1]) not in (DOUBLE, GUILLEMET):
        return None
    lines = [Span(*match.span()) for match in re.finditer(r"[^\n]+", text)]
    found = [one for one in quotations_of(text, [hull(tuple(lines))]) if not one.depth and one.kind == "marks"]
    if len(found) != 1 or found[0].pattern not in ("after", "according") or found[0].span.start != begin:
        return None
    inside = " ".join(" ".join(part.of(text).split()) for part in found[0].inner)
    if not 0 < len(WORD.findall(text)) - len(WORD.findall(inside)) <= OUTSIDE:
        return None
    return inside, found[0].speaker if found[0].named else ""
