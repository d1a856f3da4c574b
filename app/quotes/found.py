"""A quote as it was found in one document: where, in which words, and by which edits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from app.quotes.given import Given
from app.quotes.result import FOUND, SEVERITIES, Edit, Integrity, Severity, Words
from app.quotes.shelf import Source
from indexing.spans import Span, hull
from indexing.tokens import Tokens, folded_gap

RANKS: dict[Words, int] = {"verbatim": 0, "punctuation_style": 1, "marked_edit": 2, "altered": 3, "not_found": 9}
FINAL = re.compile(r"[.,;:!?…]")


@dataclass(frozen=True)
class Match:
    """A quote in one document. `pieces` are ranges of words of `text`, one of the document's readings."""

    source: Source
    text: Tokens
    pieces: tuple[tuple[int, int], ...]
    words: Words
    edits: tuple[Edit, ...]
    integrity: Integrity = "contiguous"
    cost: int = 0  # units of quote and document that differ
    patched: bool = True  # no more than a few words in a row are added or gone
    edges: tuple[int, int] = (0, 0)  # characters of punctuation that belong to it before and behind its words
    lead: int = 0  # words before it that a bracket stands for

    @property
    def first(self) -> int:
        return self.pieces[0][0]

    @property
    def last(self) -> int:
        return self.pieces[-1][1]

    @cached_property
    def severity(self) -> Severity:
        return worst(self.edits)

    @cached_property
    def span(self) -> Span:
        start = self.text.starts[self.first] - self.edges[0]
        return self.text.place(start, self.text.ends[self.last - 1] + self.edges[1])

    @property
    def spans(self) -> tuple[Span, ...]:
        """Its pieces as spans of the document, punctuation at its edges included."""
        found = [self.text.source(*piece) for piece in self.pieces]
        found[0] = hull((Span(self.span.start, self.span.start), found[0]))
        found[-1] = hull((found[-1], Span(self.span.end, self.span.end)))
        return tuple(found)

    @property
    def rank(self) -> tuple[int, int, int]:
        """The lower the nearer."""
        return RANKS[self.words], SEVERITIES.index(self.severity) if self.words in FOUND else 0, self.cost


def worst(edits: Sequence[Edit]) -> Severity:
    return max((one.severity for one in edits), key=SEVERITIES.index, default="")


def edges_of(given: Given, text: Tokens, first: int, last: int) -> tuple[int, int]:
    """How much of the punctuation at the quote's edges stands there as well; one final mark may be another."""
    lead, rest = given.lead, given.rest
    before = text.shown[text.ends[first - 1] if first else 0 : text.starts[first]]
    after = text.shown[text.ends[last - 1] : text.starts[last] if last < len(text) else len(text.shown)]
    start = 0
    while start < min(len(lead), len(before)) and _alike(lead[-1 - start], before[-1 - start]):
        start += 1
    end = 0
    while end < min(len(rest), len(after)) and (
        _alike(rest[end], after[end]) or (FINAL.match(rest[end]) and FINAL.match(after[end]) and end + 1 == len(rest))
    ):
        end += 1
    while end and after[end - 1].isspace():
        end -= 1
    while start and before[len(before) - start].isspace():
        start -= 1
    return start, end


def _alike(one: str, other: str) -> bool:
    return one == other or folded_gap(one) == folded_gap(other)
