"""The presentation fold: what two printings of the same words may differ in, with the way back to the source.

It folds quotation marks, dashes, white space, soft hyphens, invisible controls, ligatures, composed and decomposed
letters and the ellipsis. It never changes letters, digits or the order of words.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from indexing.spans import Span

DOUBLE = dict.fromkeys("“”„‟«»″〝〞＂", '"')
SINGLE = dict.fromkeys("‘’‚‛‹›′`´＇", "'")
DASHES = dict.fromkeys("‐‑‒–—―−﹘﹣－", "-")
LIGATURES = {char: unicodedata.normalize("NFKC", char) for char in "ﬀﬁﬂﬃﬄﬅﬆ"}
OTHER = {"…": "..."}
INVISIBLE = dict.fromkeys(
    "\u00ad\u200b\u200c\u200d\u2060\ufeff\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069", ""
)
REPLACED = {**DOUBLE, **SINGLE, **DASHES, **LIGATURES, **OTHER, **INVISIBLE}


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text; `origins[i]` is the half-open source range that its character `i` comes from."""

    text: str
    origins: tuple[tuple[int, int], ...]

    def source(self, span: Span) -> Span:
        """The source characters under a non-empty span of the folded text."""
        return Span(self.origins[span.start][0], self.origins[span.end - 1][1])

    def find_all(self, needle: str) -> Iterator[Span]:
        """Where an already folded needle stands between word boundaries, as spans of the folded text."""
        at = self.text.find(needle) if needle else -1
        while at >= 0:
            end = at + len(needle)
            if not (_inside_word(self.text, at) or _inside_word(self.text, end)):
                yield Span(at, end)
            at = self.text.find(needle, at + 1)

    def at_source(self, offset: int) -> int:
        """The first folded position whose origin does not end before a source offset."""
        return bisect_left(self.origins, offset, key=lambda origin: origin[1])


def _inside_word(text: str, at: int) -> bool:
    return 0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum()


def fold(text: str) -> Folded:
    """Fold a text; linear in its length."""
    out: list[str] = []
    origins: list[tuple[int, int]] = []
    for start, end, shown in _clusters(text):
        if shown == " " and out and out[-1] == " ":
            origins[-1] = (origins[-1][0], end)
            continue
        out.extend(shown)
        origins.extend([(start, end)] * len(shown))
    return Folded("".join(out), tuple(origins))


def _clusters(text: str) -> Iterator[tuple[int, int, str]]:
    """`(start, end, folded)` of each run of characters that folds as one."""
    at = 0
    while at < len(text):
        end = at + 1
        if text[at].isspace():
            yield at, end, " "
        elif text[at] not in INVISIBLE:
            end = _cluster_end(text, end)
            yield at, end, _replaced(unicodedata.normalize("NFC", _replaced(text[at:end])))
        at = end


def _cluster_end(text: str, at: int) -> int:
    """Past the marks that belong to the character before `at`, and past what is invisible between them."""
    end = at
    while at < len(text) and (text[at] in INVISIBLE or _continues(text[at])):
        at += 1
        end = at if text[at - 1] not in INVISIBLE else end
    return end


def _continues(char: str) -> bool:
    """Whether NFC may join it to the character before: a mark, or a vowel or final of a Korean syllable."""
    return char > "\u02ff" and (unicodedata.category(char)[0] == "M" or "\u1160" <= char <= "\u11ff")


def _replaced(text: str) -> str:
    return "".join(REPLACED.get(char, char) for char in text)
