"""Whose words a stretch of a document is: somebody's inside quotation marks, or the reporter's own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.quotes.speaker import NOBODY, Aliases, same_person
from indexing.documents import Document
from indexing.fold import fold
from indexing.marks import MARK
from indexing.people import is_name
from indexing.quotations import Quotation
from indexing.spans import Span

VoiceKind = Literal["quoted", "crosses_mark", "narration", "headline", "nested", "second_hand", "author"]
MARKUP = 20  # characters around a title in its line
ACCORDING = re.compile(r"[^.!?\n\"“”]{0,60}\baccording to ((?:[A-Z][\w’'.-]+ ?)+)")


@dataclass(frozen=True, slots=True)
class Voice:
    """How a document gives the words, and the quotation they belong to; None where they belong to none.

    `nested` words are quoted by somebody who is quoted, `second_hand` ones are known from a third person only; `author`
    is the document's own author as the claimed speaker.
    """

    kind: VoiceKind
    quotation: Quotation | None = None


def voice_of(
    document: Document,
    quotations: Sequence[Quotation],
    span: Span,
    claimed: str = "",
    aliases: Aliases = NOBODY,
) -> Voice:
    """The voice of a span of a document's text; marks and punctuation at its edges do not count."""
    core = _core(document.text, span)
    if _is_headline(document, core):
        return Voice("headline", _innermost(quotations, core))
    held = _innermost(quotations, core)
    if held is not None and held.kind != "indirect":
        if held.depth or (held.kind == "marks" and _within_turn(quotations, held)):
            return Voice("nested", held)
        return Voice("second_hand" if _second_hand(document, held) else "quoted", held)
    crossed = next((one for one in quotations if one.kind != "indirect" and _crosses(one, core)), None)
    if crossed is not None:
        return Voice("crosses_mark", crossed)
    if claimed and document.metadata.author and same_person(claimed, document.metadata.author, document, aliases):
        return Voice("author")
    return Voice("narration", held)


def _core(text: str, span: Span) -> Span:
    """The span from its first to its last letter or digit."""
    start, end = span.start, span.end
    while start < end and not text[start].isalnum():
        start += 1
    while end > start and not text[end - 1].isalnum():
        end -= 1
    return Span(start, end) if start < end else span


def _innermost(quotations: Sequence[Quotation], span: Span) -> Quotation | None:
    """The deepest quotation that holds a span, of those with marks rather than without."""
    held = [one for one in quotations if one.holds(span)]
    return min(held, key=lambda one: (one.kind == "indirect", -one.depth, len(one.span)), default=None)


def _within_turn(quotations: Sequence[Quotation], held: Quotation) -> bool:
    """Whether marks stand within a transcript's turn or a block quote: there somebody is quoted by the speaker."""
    return any(one.kind in ("turn", "block") and one.holds(held.span) for one in quotations)


def _crosses(one: Quotation, span: Span) -> bool:
    """Whether words of a span lie within a quotation and others do not."""
    return any(inner.overlaps(span) for inner in one.inner)


def _second_hand(document: Document, held: Quotation) -> bool:
    """Whether a third person is named as the one who says that somebody said it."""
    if held.cue_span is None or held.pattern == "according" or not held.named:
        return False
    match = ACCORDING.match(document.text, held.cue_span.end)
    return match is not None and len(match[1].split()) > 1 and is_name(match[1]) and _person(match[1])


def _person(name: str) -> bool:
    from indexing.turns import gender_of

    return bool(gender_of(name))


def _is_headline(document: Document, span: Span) -> bool:
    """Whether a span lies in a heading: a Markdown one, or the line that says the document's title."""
    text = document.text
    start = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", span.end)
    line = text[start : end if end >= 0 else len(text)]
    if span.end > start + len(line):
        return False
    if document.name.lower().endswith((".md", ".markdown")) and re.match(r"#{1,6}\s", line):
        return True
    title = document.metadata.title
    if not title or len(line) > 2 * len(title) + MARKUP:  # folding a long line takes time
        return False
    return _plain(line) == _plain(title)


def _plain(text: str) -> str:
    return MARK.sub("", fold(text).text).strip("#*_ .!?…").casefold()
