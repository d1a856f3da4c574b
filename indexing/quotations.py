"""Who is quoted where in a document: every stretch inside quotation marks, every turn of a transcript, and what is
given to somebody without marks; each with its speaker, where an explicit pattern of words names one.

All positions are spans of `Document.text`. Nothing is guessed: a quotation whose speaker no pattern names has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from indexing.spans import Span

Kind = Literal["marks", "turn", "block", "indirect"]
"""How the words are set off: quotation marks, a transcript's `NAME:` turn, a block quote, or not at all (indirect)."""

Pattern = Literal["", "after", "before", "according", "transcript", "continued", "attribution"]
"""What names the speaker: `"...," said S`, `S said, "..."`, `according to S`, `NAME:`, the turn before in the same
paragraph, or the line below a block quote; empty where nothing does."""


@dataclass(frozen=True, slots=True)
class Quotation:
    """One turn: what one speaker says without a break by another.

    `span` reaches from its first mark to its last. `inner` are the words themselves without marks, in order: several
    where one turn is broken (`"...," he said, "..."`) or goes over paragraphs; they are contiguous speech. `depth` is 0
    for what the document quotes and 1 or more for a quotation within a quotation, which is an entry of its own.
    `speaker` is the full name as this document knows it (`Marco Rubio` where the words are `Sen. Rubio`), or the words
    themselves where they are no name (`he`, `a spokesman`), or empty; `named` says whether it is a name.
    `explicit` is true of the patterns that may contradict a claim.
    """

    span: Span
    inner: tuple[Span, ...]
    kind: Kind = "marks"
    depth: int = 0
    speaker: str = ""
    named: bool = False
    speaker_span: Span | None = None
    cue_span: Span | None = None
    pattern: Pattern = ""
    explicit: bool = False

    def holds(self, span: Span) -> bool:
        """Whether a span lies within its words, across the breaks of the turn included."""
        return self.inner[0].start <= span.start and span.end <= self.inner[-1].end
