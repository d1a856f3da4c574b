"""What a person said, over all current documents, each with its citation; and who is quoted at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from app.quotes.speaker import NOBODY, Aliases
from indexing.catalogue import Catalogue
from indexing.documents import Document
from indexing.errors import OnrecordError
from indexing.people import last_of
from indexing.quotations import Quotation
from indexing.quoted import Speaker, quotations_in, quotations_of_speakers, speakers
from indexing.spans import Span
from indexing.words import stems

AROUND = 120  # characters before and after


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that a document gives to somebody: `text` is the slice `[start, end)` of the document's text, `pieces`
    the words in it without the reporter's. `in_marks` is false where the document only reports them."""

    speaker: str
    text: str
    file: str
    start: int
    end: int
    date: str
    title: str
    source: str
    url: str
    document: str
    version: str
    in_marks: bool
    kind: str
    pattern: str
    pieces: tuple[Span, ...]
    before: str
    after: str

    @property
    def citation(self) -> str:
        return f"{self.file}:{self.start}-{self.end}"

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "pieces": [[one.start, one.end] for one in self.pieces], "citation": self.citation}


def quoted_people(catalogue: Catalogue) -> list[Speaker]:
    """Everybody who is quoted by name, the most quoted first."""
    return speakers(catalogue)


def said_by(catalogue: Catalogue, name: str, about: str = "", aliases: Aliases = NOBODY) -> list[Said]:
    """What a person said, newest first; `about`: only where all these words stand in it or around it.

    A full name means its bearer; a surname means everybody of that name, each named in full. Raises OnrecordError
    where nobody of that name is quoted.
    """
    names = names_of(name, [one.name for one in speakers(catalogue)], aliases)
    if not names:
        raise OnrecordError(f"nobody called {name!r} is quoted in the index; `onrecord speakers` lists who is")
    wanted = set(stems(about))
    documents: dict[str, Document | None] = {}
    return list(_said(catalogue, names, wanted, documents))


def said_in(catalogue: Catalogue, documents: Mapping[str, Document], about: str) -> dict[str, list[Said]]:
    """What these documents, by id, quote people with by name where all words of `about` stand in it or around it."""
    wanted, found = set(stems(about)), dict[str, list[Said]]()
    for document_id, one in quotations_in(catalogue, list(documents)):
        document = documents[document_id]
        if wanted <= set(stems(_paragraph(document.text, one.span))):
            found.setdefault(document_id, []).append(_entry(document, one))
    return found


def names_of(name: str, known: Sequence[str], aliases: Aliases = NOBODY) -> list[str]:
    """Which of the known speakers a name means."""
    words = " ".join(name.split()).casefold()
    meant = aliases.get(words, name).casefold()
    exact = [one for one in known if one.casefold() in (words, meant)]
    if len(words.split()) > 1:
        parts = words.split()
        near = [one for one in known if last_of(one) == parts[-1] and one.casefold().split()[0] == parts[0]]
        return list(dict.fromkeys([*exact, *near]))
    return list(
        dict.fromkeys([*exact, *(one for one in known if last_of(one) == words or words in one.casefold().split())])
    )


def _said(
    catalogue: Catalogue, names: Sequence[str], wanted: set[str], documents: dict[str, Document | None]
) -> Iterator[Said]:
    for document_id, one in quotations_of_speakers(catalogue, names):
        if document_id not in documents:
            documents[document_id] = catalogue.document(document_id)
        document = documents[document_id]
        if document is not None and (not wanted or wanted <= set(stems(_paragraph(document.text, one.span)))):
            yield _entry(document, one)


def _paragraph(text: str, span: Span) -> str:
    start = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", span.end)
    return text[start : end if end >= 0 else len(text)]


def _entry(document: Document, one: Quotation) -> Said:
    text, about = document.text, document.metadata
    span = Span(one.inner[0].start, one.inner[-1].end)
    return Said(
        one.speaker,
        span.of(text),
        document.name,
        span.start,
        span.end,
        about.date,
        about.title,
        about.source,
        about.url,
        document.id,
        document.version,
        one.kind != "indirect",
        one.kind,
        one.pattern,
        one.inner,
        text[max(0, span.start - AROUND) : span.start],
        text[span.end : span.end + AROUND],
    )
