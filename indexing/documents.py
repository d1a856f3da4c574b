"""The values that flow from a file to a hit; all frozen, all positions are spans of `Document.text`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from indexing.spans import Span


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is known about a document; empty strings where nothing is. `date` is ISO, `YYYY-MM-DD` if possible."""

    title: str = ""
    source: str = ""
    author: str = ""
    date: str = ""
    url: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """One page and what it is called; the pages of a document partition its text."""

    label: str
    span: Span


@dataclass(frozen=True, slots=True)
class Document:
    """One file's canonical text: decoded once, stored unchanged, never rewritten.

    `id` is stable over edits; `version` is the sha256 of `text` as UTF-8; `name` is the path below the indexed root.
    `pages` are there as read back from the catalogue, where its format has any.
    """

    id: str
    version: str
    name: str
    text: str
    metadata: Metadata = field(default_factory=Metadata)
    pages: tuple[Page, ...] = ()

    def page(self, span: Span) -> str:
        """What the page of a span is called, `3` or `3–4` where it goes on; empty where there are no pages."""
        labels = [
            page.label
            for page in self.pages
            if page.span.overlaps(span) or (not len(span) and page.span.start <= span.start < page.span.end)
        ]
        return "–".join(dict.fromkeys((labels[0], labels[-1]))) if labels else ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence in reading order. `pieces` are its visible parts (several where markup is cut out of its middle).

    `paragraph` numbers the block it stands in; a heading is a sentence of kind `heading`, so that passages can show it;
    one that reads like an order to a model is of kind `suspect`, and is kept out of prompts and answers.
    """

    span: Span
    pieces: tuple[Span, ...]
    kind: Literal["heading", "text", "suspect"]
    paragraph: int

    def visible(self, text: str) -> str:
        """What a reader sees of it: its pieces of the document's text, joined."""
        return "".join(piece.of(text) for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole consecutive sentences `[first, last)` of one document.

    `text` is what is embedded; a reader sees `span.of(document.text)`.
    """

    span: Span
    first: int
    last: int
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk as read back from the catalogue, current at the time of reading, with its document and its sentences.

    `first` is the number of its first sentence in the document's reading order.
    """

    chunk_id: int
    document: Document
    span: Span
    first: int
    sentences: tuple[Sentence, ...]

    @property
    def text(self) -> str:
        return self.span.of(self.document.text)


@dataclass(frozen=True, slots=True)
class Rank:
    """Where one ranking put a hit: its name (`meaning`, `words`), the place from 1, and that ranking's own score."""

    ranking: str
    place: int
    score: float

    @property
    def words(self) -> str:
        """`meaning (1st)`; `date` has no places."""
        if self.ranking == "date":
            return "the date asked for"
        ending = "th" if 10 <= self.place % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(self.place % 10, "th")
        return f"{self.ranking} ({self.place}{ending})"


@dataclass(frozen=True, slots=True)
class Copy:
    """Where else the same words stand: another document of a group of copies, and the span there."""

    document_id: str
    version: str
    file: str
    title: str
    source: str
    date: str
    span: Span

    @classmethod
    def of(cls, document: Document, span: Span) -> Copy:
        about = document.metadata
        return cls(document.id, document.version, document.name, about.title, about.source, about.date, span)


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found, its fused score, and by which rankings; `copies` say the same and are not shown."""

    passage: Passage
    score: float
    how: tuple[Rank, ...]
    copies: tuple[Copy, ...] = ()

    @property
    def why(self) -> str:
        """Why it was found, for readers: `by meaning (1st), words (2nd) and sentence (3rd)`."""
        *ways, last = [rank.words for rank in self.how] or ["beside a passage of its document that was"]
        return f"by {', '.join(ways)} and {last}" if ways else f"by {last}" if self.how else last
