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
from indexing.people import is_name, name_of
from indexing.quotations import Quotation
from indexing.spans import Span

VoiceKind = Literal["quoted", "crosses_mark", "narration", "headline", "nested", "second_hand", "author"]
LEAST_FIRST = 3  # words of the first person in a speech
FIRST_PERSON = re.compile(r"\b(?:I|we|We|my|My|our|Our|us|me)\b")
KINDS = r"remarks|speech|address|statement|testimony|letter|keynote|lecture|sermon|eulogy|foreword|op-ed"
NAME = r"((?:[^\W\d_a-z][\w’'.-]*(?: (?:de|da|van|von|der|al|bin|of|the))? ?){1,6})"
# `Remarks by Governor Ann Lee at the harbour`, `Full text: Ann Lee's inaugural address`
SPEECH = re.compile(
    rf"(?i:(?:full )?(?:text|transcript)(?: of|:)?\s+)?(?:(?i:the )?(?i:(?:\w+ ){{0,2}}(?:{KINDS}))(?: \([^)]*\))? "
    rf"(?i:by|of|from|delivered by|given by) (?i:the )?{NAME}(?=$|[ ,:;(–—-]*(?:$|\d|(?i:at|to|on|in|before|for|upon|"
    rf"about|during|following|after|regarding|delivered)\b|[,:;(–—-]))|{NAME}[’']s? (?i:(?:\w+ ){{0,2}}(?:{KINDS}))\b)"
)
MARKUP = 20  # characters around a title in its line
ACCORDING = re.compile(r"[^.!?\n\"“”]{0,60}\baccording to ((?:[A-Z][\w’'.-]+ ?)+)")


@dataclass(frozen=True, slots=True)
class Voice:
    """How a document gives the words, and the quotation they belong to; None where they belong to none.

    `nested` words are quoted by somebody who is quoted, `second_hand` ones are known from a third person only; `author`
    is the document's own author as the claimed speaker, or whose speech all of it is.
    """

    kind: VoiceKind
    quotation: Quotation | None = None
    author: str = ""


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
    author = document.metadata.author
    if claimed and author and same_person(claimed, author, document, aliases):
        return Voice("author", author=author)
    speaker = speech_by(document, quotations)
    return Voice("author", held, speaker) if speaker else Voice("narration", held)


def speech_by(document: Document, quotations: Sequence[Quotation]) -> str:
    """Who gives the speech or the statement that a whole document is, by its title (`Remarks by Governor Ann Lee`);
    empty where it is none: it speaks of no `I` or `we`, or reports on that person."""
    match = SPEECH.match(document.metadata.title.strip())
    name = name_of((match[1] or match[2]).split()) if match else ""
    if not name or len(FIRST_PERSON.findall(document.text)) < LEAST_FIRST:
        return ""
    reported = any(one.named and same_person(name, one.speaker, document) for one in quotations if one.kind != "turn")
    return "" if reported else name


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
    from indexing.persons import gender_of

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
