"""A match as what is shown of it: where, in whose voice, by whom, with its surroundings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from app.quotes.context import Cut
from app.quotes.found import Match
from app.quotes.given import Given
from app.quotes.result import Occurrence
from app.quotes.speaker import Aliases, Relation, SpeakerStatus, relation_of, same_person, speaker_of, speaker_status
from app.quotes.verdict import utf16
from app.quotes.voice import voice_of
from indexing.documents import Document
from indexing.fold import DASHES, DOUBLE, INVISIBLE, LIGATURES, OTHER, SINGLE
from indexing.reporting import reporting
from indexing.spans import Span

RELATIONS: dict[bool | None, Relation] = {True: "same", False: "other", None: "unknown"}
AROUND = 160  # characters shown before and after
WHOLE_FRAGMENT = 120  # characters of a text fragment that is given whole
EDGE_WORDS = 6  # of a longer one at either end
NEGATED = ("not", "never", "no", "nobody", "none", "without")
FOLDS = (
    ("quotation_marks", {*DOUBLE, *SINGLE, '"', "'"}),
    ("dashes", {*DASHES, "-"}),
    ("invisible", set(INVISIBLE)),
    ("ligatures", set(LIGATURES)),
    ("ellipsis", set(OTHER)),
)


@dataclass(frozen=True, slots=True)
class Attributed:
    """A match with what was asked of its place."""

    match: Match
    cut: Cut | None
    voice: str
    speaker: str
    speaker_span: Span | None
    relation: Relation | None
    status: SpeakerStatus


def attributed(match: Match, cut: Cut | None, claimed: str, aliases: Aliases) -> Attributed:
    """Ask whose voice the words have there and who is named as their speaker."""
    document, quotations = match.source.document, match.source.quotations
    voice = voice_of(document, quotations, match.span, claimed, aliases)
    if voice.kind == "narration" and cut is not None and _reports(match, cut):
        cut = None
    named = speaker_of(document, quotations, match.span)
    relation = relation_of(claimed, document, named, aliases) if claimed else None
    speaker = named.speaker if named is not None else ""
    if voice.kind == "author":
        speaker = voice.author
        relation = RELATIONS[same_person(claimed, speaker, document, aliases)] if claimed else None
    status = speaker_status(claimed, [relation] if relation else [])
    return Attributed(match, cut, voice.kind, speaker, named.speaker_span if named else None, relation, status)


def _reports(match: Match, cut: Cut) -> bool:
    """Whether what stands before reported words only says that they are reported: that they are no quote says as
    much."""
    keys = match.text.keys
    words = keys[max(cut.first - 1, 0) : cut.last]
    negated = any(
        word.endswith("n't") or word in NEGATED or word.startswith(("den", "refus", "declin")) for word in words
    )
    return (
        cut.kind == "cut_after"
        and not negated
        and any(word in reporting().verbs for word in keys[cut.first : cut.last])
    )


def occurrence_of(one: Attributed, groups: Mapping[str, str]) -> Occurrence:
    """The public value; `D[start:end] == text` is asserted here."""
    match, document = one.match, one.match.source.document
    start, end = utf16(document.text, match.span)
    made = occurrence(document, match.span, match.spans, groups.get(document.id, document.id), (start, end))
    assert document.text[made.span.start : made.span.end] == made.text
    return Occurrence(
        **{
            **{name: getattr(made, name) for name in Occurrence.__dataclass_fields__},
            "standing": "current" if match.source.current else "superseded",
            "context": one.cut.kind if one.cut else "clean",
            "voice": one.voice,
            "speaker": one.speaker,
            "speaker_span": one.speaker_span,
            "relation": one.relation or "",
        }
    )


def occurrence(
    document: Document, span: Span, pieces: tuple[Span, ...], group: str, units: tuple[int, int] | None = None
) -> Occurrence:
    """A place in a document with its surroundings; nothing is said yet of voice and speaker."""
    about, text = document.metadata, span.of(document.text)
    start, end = units or utf16(document.text, span)
    return Occurrence(
        document.id,
        document.version,
        document.name,
        about.title,
        about.source,
        about.date,
        about.url,
        span,
        text,
        document.text[max(0, span.start - AROUND) : span.start],
        document.text[span.end : span.end + AROUND],
        start,
        end,
        pieces,
        group,
        text_fragment=_fragment(about.url, text),
    )


def _fragment(url: str, text: str) -> str:
    """The address of the very words on their page, as browsers understand it; empty where the page is not known."""
    if not url:
        return ""
    words = text.split()
    plain = " ".join(words)
    ends = [plain] if len(plain) <= WHOLE_FRAGMENT else [" ".join(words[:EDGE_WORDS]), " ".join(words[-EDGE_WORDS:])]
    encoded = ",".join(quote(one, safe="").replace("-", "%2D") for one in ends)
    return f"{url.partition('#')[0]}#:~:text={encoded}"


def folds_of(given: Given, match: Match) -> tuple[str, ...]:
    """By which kinds of characters the quote as given and the source differ, as far as the fold looks through them."""
    ours = given.core
    theirs = match.text.source(match.first, match.last).of(match.source.document.text)
    if ours == theirs:
        return ()
    found = [name for name, chars in FOLDS if [c for c in ours if c in chars] != [c for c in theirs if c in chars]]
    if [c for c in ours if c.isspace()] != [c for c in theirs if c.isspace()]:
        found.append("white_space")
    if match.text is not match.source.tokens:
        found.append(
            "line_end_hyphen" if len(match.text) != len(match.source.tokens.keys) and "-\n" in theirs else "turn_break"
        )
    if match.source.tokens.view is not None and any(mark in theirs for mark in "*_`[]<>~"):
        found.append("markup")
    return tuple(found)
