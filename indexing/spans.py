"""Half-open ranges of code points into a document's canonical text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """`[start, end)`, 0-based code points into one canonical text."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"not a span: {self.start}:{self.end}")

    def __len__(self) -> int:
        return self.end - self.start

    def of(self, text: str) -> str:
        """The characters it covers; a span that reaches past the text is an error, never a shorter slice."""
        if self.end > len(text):
            raise ValueError(f"span {self.start}:{self.end} reaches past a text of {len(text)} characters")
        return text[self.start : self.end]

    def shift(self, offset: int) -> Span:
        return Span(self.start + offset, self.end + offset)

    def contains(self, other: Span) -> bool:
        return self.start <= other.start and other.end <= self.end

    def overlaps(self, other: Span) -> bool:
        """Whether they share at least one character."""
        return max(self.start, other.start) < min(self.end, other.end)


def hull(spans: tuple[Span, ...]) -> Span:
    """The smallest span that contains them all."""
    return Span(min(span.start for span in spans), max(span.end for span in spans))
