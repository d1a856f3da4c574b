"""Quotations as rows of the catalogue, and who is quoted in a collection: read by speaker, over all documents."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from indexing.quotations import Quotation
from indexing.spans import Span

if TYPE_CHECKING:
    from indexing.catalogue import Catalogue

QUOTED = (
    "q.start, q.end, q.inner, q.kind, q.depth, q.speaker, q.named, q.speaker_start, q.speaker_end, q.cue_start, "
    "q.cue_end, q.pattern, q.explicit"
)
AT_ONCE = 500  # documents asked about in one query
PART_NAMED = ", ".join("?" * 15)


@dataclass(frozen=True, slots=True)
class Speaker:
    """Somebody quoted by name: in how many documents, how often, and when first and last."""

    name: str
    documents: int
    quotations: int
    first: str
    last: str


def quotation_rows(version_id: int, quotations: Sequence[Quotation]) -> Iterator[tuple[object, ...]]:
    for ordinal, one in enumerate(quotations):
        speaker, cue = one.speaker_span, one.cue_span
        yield (
            version_id,
            ordinal,
            one.span.start,
            one.span.end,
            json.dumps([(span.start, span.end) for span in one.inner]),
            one.kind,
            one.depth,
            one.speaker,
            one.named,
            speaker and speaker.start,
            speaker and speaker.end,
            cue and cue.start,
            cue and cue.end,
            one.pattern,
            one.explicit,
        )


def quotation_of(row: Sequence[Any]) -> Quotation:
    start, end, inner, kind, depth, speaker, named, who, who_end, cue, cue_end, pattern, explicit = row
    return Quotation(
        Span(start, end),
        tuple(Span(*pair) for pair in json.loads(inner)),
        kind,
        depth,
        speaker,
        bool(named),
        None if who is None else Span(who, who_end),
        None if cue is None else Span(cue, cue_end),
        pattern,
        bool(explicit),
    )


def speakers(catalogue: Catalogue) -> list[Speaker]:
    """Everybody whom a current document quotes by name, the most quoted first."""
    rows = catalogue.query(
        "SELECT q.speaker, count(DISTINCT d.id), count(*), "
        "coalesce(min(nullif(json_extract(v.metadata, '$.date'), '')), ''), max(json_extract(v.metadata, '$.date')) "
        "FROM documents d JOIN versions v ON v.id = d.version_id JOIN quotations q ON q.version_id = v.id "
        "WHERE q.named GROUP BY q.speaker ORDER BY count(*) DESC, q.speaker"
    )
    return [Speaker(*row) for row in rows]


def quotations_of_speakers(catalogue: Catalogue, names: Sequence[str]) -> list[tuple[str, Quotation]]:
    """`(document id, quotation)` of everything current documents give to these names, newest document first."""
    found: list[tuple[str, Quotation]] = []
    marks = ",".join("?" * len(names))
    rows = catalogue.query(
        f"SELECT d.id, {QUOTED} FROM quotations q JOIN documents d ON d.version_id = q.version_id "
        f"JOIN versions v ON v.id = d.version_id WHERE q.named AND q.speaker IN ({marks}) "
        "ORDER BY v.day IS NULL, v.day DESC, d.name, q.ordinal",
        list(names),
    )
    found += [(row[0], quotation_of(row[1:])) for row in rows]
    return found


def quotations_in(catalogue: Catalogue, document_ids: Sequence[str]) -> list[tuple[str, Quotation]]:
    """`(document id, quotation)` of all that these current documents give to somebody by name, in its order."""
    found: list[tuple[str, Quotation]] = []
    for first in range(0, len(document_ids), AT_ONCE):
        some = list(document_ids[first : first + AT_ONCE])
        rows = catalogue.query(
            f"SELECT d.id, {QUOTED} FROM quotations q JOIN documents d ON d.version_id = q.version_id "
            f"WHERE q.named AND d.id IN ({','.join('?' * len(some))}) ORDER BY d.id, q.ordinal",
            some,
        )
        found += [(row[0], quotation_of(row[1:])) for row in rows]
    return found
