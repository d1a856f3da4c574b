"""What a reader hands over: one document's text as a person reads it, and what its file says about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from indexing.clean import Block, without_residue
from indexing.documents import Metadata
from indexing.documents import Page as Page  # noqa: PLC0414  # readers have it from here
from indexing.errors import LoadError
from indexing.spans import Span, hull

READING = "reading-4"  # changes when the same file would be read otherwise, so that every file is read once more

# What a column of a table may stand for: a document's text, its id in the table, and its metadata.
FIELDS = ("text", "id", "title", "source", "author", "date", "url", "about")
# What they are usually called, in tables and at the head of a text; the first that says something counts.
USUAL_NAMES = {
    "text": "text body content article article_text articletext maintext main_text fulltext full_text story transcript"
    " inhalt texte contenu texto contenido testo",
    "title": "title headline heading head name subject titel überschrift schlagzeile titre título titulo titolo",
    "source": "source source_name publisher publication outlet site sitename site_name newspaper quelle"
    " zeitung fuente fonte",
    "author": "author authors byline by creator writer autor autorin autoren verfasser auteur auteurs autore",
    "date": "date published publish_date published_at published_on publication_date date_published datepublished"
    " publishdate pubdate pub_date datetime timestamp created_at created datum veröffentlicht fecha",
    "url": "url link href canonical_url article_url enlace lien",
    "about": "about description summary abstract zusammenfassung résumé resumen",
    "id": "id guid uuid article_id doc_id key",
}
EXCERPT = 200  # characters of hidden text that are kept to show the operator
MOST_EXCERPTS = 50
TOO_LONG_REMEDY = "split it, or raise max_document_mb"


# A line that says when or by whom, and so is nobody's title.
ATTENDS = re.compile(
    r"by [^.:]*|(?=\D*\d)(?:\W|\d|(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*+"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)day|st|nd|rd|th|of|published|updated)+",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Extraction:
    """One document out of a file. `text` is canonical, the same at every reading; blocks are slices of it."""

    text: str
    blocks: tuple[Block, ...]
    metadata: Metadata
    encoding: str = ""  # of formats that are decoded
    date_found: str = ""  # how the date is known: "meta tag", "json-ld", "url", "PDF information", "Date header", ...
    language: str = ""  # as the file declares it
    pages: tuple[Page, ...] = ()
    member: str = ""  # which document of a container: a path in an archive, "row 12" or an id; "" is the file itself
    hidden: tuple[str, ...] = ()  # excerpts of text that a reader cannot see and that was left out of `text`
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unread:
    """A document of a container that could not be read; the others go on."""

    member: str
    error: LoadError

    def __reduce__(self) -> tuple[Callable[..., Unread], tuple[str, type[LoadError], str, str, bool]]:
        """Exceptions with two arguments and one message do not survive pickling by themselves."""
        error = self.error
        return _unread, (self.member, type(error), error.reason, error.remedy, error.skipped)


def _unread(member: str, kind: type[LoadError], reason: str, remedy: str, skipped: bool) -> Unread:
    return Unread(member, kind(reason, remedy, skipped=skipped))


@dataclass(frozen=True, slots=True)
class Working:
    """A sign of life from a reader that takes its time: it starts on this member, or still works on it."""

    member: str = ""
    number: int = 0  # the member's place in its container
    share: float = 0.0  # of the file's bytes, about, that are read; 0 where that is not known


Read = Extraction | Unread | Working


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What a reader may take and how it is told to read; sizes are bytes."""

    max_bytes: int = 20_000_000  # one document's text; also what is held in memory of its file where that is text
    max_expanded: int = 2_000_000_000  # what all members of one archive may hold together
    max_ratio: int = 200  # how many times its compressed size a member may grow
    columns: Mapping[str, str] = field(default_factory=dict)  # of CSV and JSONL: {"title": "headline", "text": "body"}
    ocr: bool = True  # read scanned pages with the program `tesseract` where there is one
    ocr_languages: str = "eng"  # as `tesseract -l` takes them
    ocr_seconds: float = 60  # for one page
    first: int = 0  # the first member of an archive to read: how a reading goes on after one that hung
    depth: int = 0  # how many archives this one lies in


Reader = Callable[[Path, ReadOptions], Iterator[Read]]


BlockKind = Literal["heading", "text", "quote"]
Shown = tuple[BlockKind, str]  # a block as readers of formats find it


class TextBuilder:
    """Writes a canonical text block by block; blocks are told apart by a blank line."""

    def __init__(self, options: ReadOptions) -> None:
        self._limit = options.max_bytes
        self._size = 0
        self._parts: list[str] = []
        self._length = 0
        self._blocks: list[Block] = []

    @property
    def length(self) -> int:
        return self._length

    def add(self, text: str, kind: BlockKind = "text", *, visible: bool = True) -> Span | None:
        """Append one block; None where nothing is left of it. What is not `visible` gets no block.

        A `quote` is written as Markdown writes it, with `> ` out of view before each line.
        """
        shown = tidy(text)
        if not shown:
            return None
        if self._parts:
            self._write("\n\n")
        if kind == "quote":
            return self._add_quote(shown)
        start = self._length
        self._write(shown)
        span = Span(start, self._length)
        if visible:
            self._blocks.append(Block(kind, (span,)))
        return span

    def _add_quote(self, shown: str) -> Span:
        pieces = []
        for line in shown.splitlines(keepends=True):
            self._write("> ")
            pieces.append(Span(self._length, self._length + len(line)))
            self._write(line)
        self._blocks.append(Block("text", tuple(pieces)))
        return hull(tuple(pieces))

    def continue_last(self, span: Span, *, inside_word: bool) -> None:
        """Let the last block go on with a later span: a paragraph over a page break, perhaps broken inside a word."""
        last = self._blocks[-1]
        tail = last.pieces[-1]
        joint = (Span(tail.start, tail.end - 1),) if inside_word else (tail, Span(span.start - 1, span.start))
        self._blocks[-1] = Block(last.kind, (*last.pieces[:-1], *joint, span))

    def _write(self, text: str) -> None:
        self._size += len(text.encode())
        if self._size > self._limit:
            raise too_long(self._limit)
        self._parts.append(text)
        self._length += len(text)

    def build(self) -> tuple[str, tuple[Block, ...]]:
        """The text and its blocks without web residue; raises LoadError where a reader would see nothing."""
        text = "".join(self._parts)
        if not self._blocks:
            raise LoadError("it holds no text", "nothing to do, or put its text back", skipped=True)
        return text, tuple(without_residue(text, self._blocks))


def too_long(limit: int) -> LoadError:
    return LoadError(f"its text is over the limit of {limit / 1_000_000:g} MB", TOO_LONG_REMEDY, skipped=True)


def within(text: str, options: ReadOptions) -> str:
    """The text itself; raises LoadError where it is over the limit."""
    if len(text) > options.max_bytes or len(text.encode("utf-8", "replace")) > options.max_bytes:
        raise too_long(options.max_bytes)
    return text


UNWRITABLE = re.compile("[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def tidy(text: str) -> str:
    """Without control characters; white space as one blank, except line ends and the tabs between table cells."""
    text = re.sub(r"[^\S\n\t]+", " ", UNWRITABLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))
    return re.sub(r"\n{2,}", "\n", re.sub(r" ?([\n\t]) ?", r"\1", text)).strip()


def usual_name(name: str) -> str:
    """A name of a field as USUAL_NAMES lists it: `Publish date` is `publish_date`."""
    return re.sub(r"[\s-]+", "_", name.strip().lower())


def one_line(text: object) -> str:
    """A value of metadata as one line, empty for None."""
    return "" if text is None else " ".join(UNWRITABLE.sub("", str(text)).split())


def excerpts(texts: list[str]) -> tuple[str, ...]:
    """What the operator is shown of hidden texts: one line each, cut, no duplicates."""
    lines = dict.fromkeys(one_line(text)[:EXCERPT] for text in texts)
    return tuple(line for line in lines if line)[:MOST_EXCERPTS]


def title_of(text: str, blocks: tuple[Block, ...], path: Path) -> str:
    """The heading or short line that opens a text, else the file's name."""
    lines = [one_line("".join(piece.of(text) for piece in block.pieces)) for block in blocks[:3]]
    for block, line in zip(blocks, lines, strict=False):
        if block.kind == "heading" and not ATTENDS.fullmatch(line):
            return line[:EXCERPT]
    return lines[0] if len(blocks) > 1 and len(lines[0]) <= 150 else path.stem
