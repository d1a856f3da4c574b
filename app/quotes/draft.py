"""The quotes of a draft, each with its place in the draft's text, whom it is given to, and what the desk says of it.

What is between marks and is no speech (titles, single words set off) is listed as skipped, with the reason. A draft is
private: nothing here writes it anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from app.quotes.context import denial_of
from app.quotes.lexicon import language_of, lexicon
from app.quotes.result import FOUND, Profile, Verdict
from indexing.clean import Block, plain_blocks
from indexing.errors import LoadError, UsageError
from indexing.extraction import Extraction, ReadOptions, Unread
from indexing.files import PLAIN
from indexing.people import words_of
from indexing.quotations import Quotation
from indexing.readers import read as read_here
from indexing.reporting import reporting
from indexing.sandbox import Sandbox
from indexing.spans import Span, hull
from indexing.tokens import tokens_of
from indexing.turns import quotations_of

DRAFTS = (".docx", ".htm", ".html", ".markdown", ".md", ".odt", ".pdf", ".rtf", ".txt")
SCARE = 3  # words; so few without a speaker are set off, not said
TITLED = re.compile(
    r"\b(?:book|novel|memoir|film|movie|documentary|song|album|show|series|sitcom|podcast|play|poem|essay|article|column|"
    r"story|report|paper|headlined?|titled|entitled|called|dubbed|named|program|programme|bestseller)[ ,:]*[\"“„«‘']?$",
    re.IGNORECASE,
)
SENTENCE_END = re.compile(r"[.!?…][\s*_)\]]*$")
WORD = re.compile(r"[^\W_]+(?:[’'-][^\W_]+)*")
DIRECTLY = 12  # characters between a verb of saying and the mark of what it introduces
DENIED = "the draft says that this was not said, and the documents do not have it as said"
TITLE, SET_OFF, NO_WORDS = "a title, not speech", "words set off, given to nobody", "no words between the marks"
ASKED = "a question of who asks"
RED = ("spliced", "misattributed", "context_cut", "elision_hides", "narration")

Tone = Literal["green", "amber", "red", "grey"]


class Check(Protocol):
    """What a draft needs of the desk."""

    def __call__(self, quote: str, speaker: str = "", profile: Profile = "strict") -> Verdict: ...


@dataclass(frozen=True, slots=True)
class DraftQuote:
    """One quote of a draft: its words joined, where their parts stand, whom the draft gives it to (empty: nobody it
    names), and why it is not checked, if it is not."""

    text: str
    spans: tuple[Span, ...]
    speaker: str = ""
    speaker_span: Span | None = None
    skipped: str = ""
    denied: bool = False  # the draft says itself that this was not said

    @property
    def span(self) -> Span:
        return hull(self.spans)


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as it is read; offsets are code points of `text`."""

    name: str
    text: str
    quotes: tuple[DraftQuote, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """A quote of a draft with its verdict; None where it is skipped."""

    quote: DraftQuote
    verdict: Verdict | None

    @property
    def tone(self) -> Tone:
        """How it is marked: amber is to be looked at, red is wrong, grey was not judged."""
        verdict = self.verdict
        if verdict is None or verdict.headline == "too_short":
            return "grey"
        if verdict.green:
            return "green"
        return "red" if verdict.headline in RED or verdict.severity == "critical" else "amber"

    def as_json(self) -> dict[str, Any]:
        if self.verdict is not None:
            return {**self.verdict.as_json(), "skipped": ""}
        spans = [[one.start, one.end] for one in self.quote.spans]
        nothing = dict.fromkeys(("headline", "green", "severity", "file", "start", "end", "speaker_status"))
        return {**nothing, "quote": self.quote.text, "spans_in_draft": spans, "skipped": self.quote.skipped}


@dataclass(frozen=True, slots=True)
class DraftReport:
    """A draft with everything said about its quotes, in their order."""

    draft: Draft
    checked: tuple[Checked, ...]

    @property
    def green(self) -> bool:
        """Whether every quote that was checked is green; what was skipped does not count."""
        return all(one.verdict.green for one in self.checked if one.verdict is not None)


def check_draft(check: Check, draft: Draft, profile: Profile = "strict") -> DraftReport:
    """Ask the desk about every quote of a draft that is speech."""
    return DraftReport(draft, tuple(_checked(check, one, profile) for one in draft.quotes))


def _checked(check: Check, quote: DraftQuote, profile: Profile) -> Checked:
    if quote.skipped:
        return Checked(quote, None)
    verdict = replace(check(quote.text, quote.speaker, profile), spans_in_draft=quote.spans)
    if not quote.denied:
        return Checked(quote, verdict)
    if verdict.axes.words not in FOUND or verdict.axes.context not in ("", "clean"):
        return Checked(replace(quote, skipped=DENIED), None)
    sentence = f"The draft says that this was not said, but the documents have it. {verdict.sentence}"
    return Checked(quote, replace(verdict, green=False, sentence=sentence))


def read_draft(path: Path, max_bytes: int = 20_000_000) -> Draft:
    """The draft in a file. Raises UsageError for what no draft can be, LoadError where it cannot be read."""
    if path.suffix.lower() not in DRAFTS:
        raise UsageError(f"{path} is no draft; give one of: {' '.join(DRAFTS)}")
    options = ReadOptions(max_bytes=max_bytes)
    try:
        with Sandbox() as sandbox:
            reading = read_here if path.suffix.lower() in PLAIN else sandbox.read
            for part in reading(path, options):
                if isinstance(part, Unread):
                    raise part.error
                if isinstance(part, Extraction):
                    return draft_of(part.text, path.name, part.blocks)
        raise LoadError("there is no text in it", "give a draft with text")
    except LoadError as error:
        raise LoadError(f"{path.name}: {error.reason}", error.remedy) from error


def draft_of(text: str, name: str = "draft", blocks: Sequence[Block] | None = None) -> Draft:
    """The quotes of a text; `blocks` are its paragraphs, its lines where they are not given. Never fails."""
    blocks = plain_blocks(text) if blocks is None else blocks
    paragraphs = [hull(block.pieces) for block in blocks]
    quotations = quotations_of(text, paragraphs)
    denied = _denied_in(text, quotations)
    found = [replace(quote, denied=one in denied) for one in quotations for quote in _quotes(text, one)]
    return Draft(name, text, tuple(sorted(found, key=lambda quote: (quote.span.start, quote.span.end))))


def _denied_in(text: str, quotations: Sequence[Quotation]) -> set[Quotation]:
    """The quotations of which the draft says that nobody said them: `Lee never said "..."`."""
    tokens = tokens_of(text)
    words = lexicon(language_of(tokens.keys))
    found: set[Quotation] = set()
    for one in quotations:
        first, last = tokens.index_at(one.inner[0].start), tokens.index_at(one.inner[-1].end - 1) + 1
        if one.depth or one.kind != "marks" or last > len(tokens) or not words.denials.entries:
            continue
        cut = denial_of(tokens, first, last, [one], words, text)
        if cut is not None and (words.denials.at(tokens.keys, cut.first) or tokens.keys[cut.first].endswith("n't")):
            found.add(one)
    return found


def _quotes(text: str, found: Quotation) -> Iterator[DraftQuote]:
    """What is to be checked of one turn: the halves of a broken sentence as one, whole sentences each by itself."""
    if found.depth or found.kind == "indirect":
        return
    introduced = found.pattern == "before" and text[max(0, found.span.start - 3) : found.span.start].rstrip().endswith(
        ":"
    )
    given = found.named and (found.explicit or found.pattern == "continued" or introduced)
    speaker = found.speaker if given else ""
    for spans in _parts(text, found):
        words = " ".join(" ".join(span.of(text).split()) for span in spans)
        asked = found.kind == "turn" and found.speaker == "Q"
        skipped = ASKED if asked else _skipped(text, found, spans[0], words)
        yield DraftQuote(words, tuple(spans), speaker, found.speaker_span if given else None, skipped)


def _parts(text: str, found: Quotation) -> Iterator[list[Span]]:
    part: list[Span] = []
    for span in found.inner:
        between = text[part[-1].end : span.start] if part else ""
        said = WORD.search(between)
        if part and said and (SENTENCE_END.search(between.rstrip("\"“„«‘' \n")) or found.kind == "turn"):
            yield part
            part = []
        part.append(span)
    yield part


def _shouted(text: str, found: Quotation, first: Span) -> bool:
    """Whether a verb of saying that writes no titles stands right before it: `shouted "Lock Her Up"`."""
    cue = found.cue_span
    if cue is None or found.pattern != "before" or not found.explicit or first.start - cue.end > DIRECTLY:
        return False
    verb = cue.of(text).casefold()
    return reporting().verbs.get(verb) == "speech" and not verb.startswith(
        ("writ", "wrote", "read", "quot", "post", "put")
    )


def _skipped(text: str, found: Quotation, first: Span, words: str) -> str:
    """Why a quote is no speech; empty where it is."""
    said = WORD.findall(words)
    if not said:
        return NO_WORDS
    if found.kind != "marks" or found.pattern in ("after", "transcript", "continued") or _shouted(text, found, first):
        return ""
    small = words_of("function")
    capital = all(word[0].isupper() or word[0].isdigit() or word.casefold() in small for word in said)
    ended = words[-1] in ".!?" and len(said) > 1
    if TITLED.search(text[max(0, first.start - 40) : first.start]) and said[0][0].isupper():
        return TITLE
    if capital and len(said) > 1 and said[0][0].isupper() and not ended:
        return TITLE
    return SET_OFF if len(said) <= SCARE and not ended and not found.pattern else ""
