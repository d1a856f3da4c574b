"""Where the evidence of items stands: every quote found, exactly, in the documents of a collection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from eval.suite import Evidence, Item, SuiteError
from indexing.documents import Document
from indexing.spans import Span

SHOWN = 5  # problems named in one message


@dataclass(frozen=True, slots=True)
class Located:
    """An item, and for each of its evidence quotes all places where the document holds it."""

    item: Item
    places: tuple[tuple[Span, ...], ...]


def locate(items: Iterable[Item], find: Callable[[str], Document | None]) -> tuple[Located, ...]:
    """Find every evidence quote, exactly, in the collection's canonical texts; `find` reads a document by its name.

    Raises SuiteError that names the items whose file or quote is not there.
    """
    return tuple(locating(items, find))


def locating(items: Iterable[Item], find: Callable[[str], Document | None]) -> Iterator[Located]:
    """The same, one after the other; what is missing is raised at the end."""
    missing: list[str] = []
    more = 0
    for item in items:
        places: list[tuple[Span, ...]] = []
        for evidence in item.evidence:
            document = find(evidence.file)
            spans = places_of(evidence, document.text) if document else ()
            if not spans and len(missing) == SHOWN:
                more += 1
            elif document is None:
                missing.append(f"{item.id}: {evidence.file!r} is not in the collection")
            elif not spans:
                where = "" if evidence.start is None else f" at {evidence.start}"
                missing.append(f"{item.id}: {evidence.file!r} does not hold the quote {_brief(evidence.quote)}{where}")
            places.append(spans)
        yield Located(item, tuple(places))
    if missing:
        and_more = f"; and {more} more" if more else ""
        raise SuiteError(f"evidence that cannot be found: {'; '.join(missing)}{and_more}")


def places_of(evidence: Evidence, text: str) -> tuple[Span, ...]:
    """All places of the text that hold an evidence quote, or the one that it names; none where it is not there."""
    if evidence.start is None:
        return tuple(occurrences(evidence.quote, text))
    span = Span(evidence.start, evidence.start + len(evidence.quote))
    return (span,) if text[span.start : span.end] == evidence.quote else ()


def occurrences(quote: str, text: str) -> Iterator[Span]:
    """Every place of a text that holds the quote, overlapping ones too."""
    start = text.find(quote)
    while start >= 0:
        yield Span(start, start + len(quote))
        start = text.find(quote, start + 1)


def _brief(quote: str) -> str:
    return repr(quote if len(quote) <= 60 else f"{quote[:57]}...")
