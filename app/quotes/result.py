"""What the quote desk says about one quote: values with stable names, every position exact."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from indexing.spans import Span

Headline = Literal[
    "verbatim",
    "punctuation_style",
    "marked_edit",
    "altered",
    "spliced",
    "reordered",
    "context_cut",
    "elision_hides",
    "narration",
    "misattributed",
    "speaker_conflicting",
    "paraphrase",
    "not_found",
    "too_short",
]
Severity = Literal["", "cosmetic", "substantive", "critical"]
Words = Literal["verbatim", "punctuation_style", "marked_edit", "altered", "paraphrase", "not_found", "too_short"]
Integrity = Literal[
    "", "contiguous", "elided", "elision_hides", "spliced", "reordered", "across_turns", "across_documents"
]
Context = Literal["", "clean", "cut_before", "cut_after"]
Profile = Literal["strict", "ap", "reuters", "guardian"]
PROFILES: tuple[Profile, ...] = ("strict", "ap", "reuters", "guardian")
SEVERITIES: tuple[Severity, ...] = ("", "cosmetic", "substantive", "critical")
FOUND: tuple[Words, ...] = ("verbatim", "punctuation_style", "marked_edit")


@dataclass(frozen=True, slots=True)
class Edit:
    """One difference between quote and source, or the reason of a verdict that is not about words.

    `before` are the source's words, `after` the quote's. `source` is a span of the document's text, `quoted` one of the
    quote as it was given; either may be empty (nothing stands there) or None (it has no place there). Kinds of
    wordings: negation, modal, quantity, quantifier, hedge, evidential, comparative, conjunction, limiter, name,
    pronoun, tense, question, sentence, order, lookalike, ocr, spelling, case, filler, article, inflection, word.
    Kinds of other reasons: `cut` (the limiter or governor that was left out), `elision` and `bracket` (a word that they
    hide), `splice` (what was left out without a mark), `voice`, `speaker` (`before` is the source's, `after` the
    claimed one), `rule` (what a profile forbids).
    """

    kind: str
    severity: Severity
    before: str
    after: str
    source: Span | None = None
    quoted: Span | None = None
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "severity": self.severity,
            "from": self.before,
            "to": self.after,
            "start": self.source.start if self.source else None,
            "end": self.source.end if self.source else None,
            "quote_start": self.quoted.start if self.quoted else None,
            "quote_end": self.quoted.end if self.quoted else None,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Occurrence:
    """Where the words stand: `text` is the slice `[start, end)` of the document's canonical text, always.

    `pieces` are its fragments where something lies between them. `context`, `voice` and `speaker` are those of this
    very place; `group` is the same for syndicated copies of one text, which are one voice; `standing` is `superseded`
    where only an older version says it.
    """

    document: str
    version: str
    file: str
    title: str
    source: str
    date: str
    url: str
    span: Span
    text: str
    before: str
    after: str
    start_utf16: int
    end_utf16: int
    pieces: tuple[Span, ...]
    group: str
    standing: Literal["current", "superseded"] = "current"
    context: Context = "clean"
    voice: str = ""
    speaker: str = ""
    speaker_span: Span | None = None
    relation: str = ""
    text_fragment: str = ""

    def as_json(self) -> dict[str, Any]:
        values = asdict(self)
        del values["span"], values["speaker_span"]
        values["pieces"] = [[piece.start, piece.end] for piece in self.pieces]
        speaker = self.speaker_span
        return {
            **values,
            "start": self.span.start,
            "end": self.span.end,
            "speaker_start": speaker.start if speaker else None,
            "speaker_end": speaker.end if speaker else None,
        }


@dataclass(frozen=True, slots=True)
class Variant:
    """Another wording of the same utterance, with where it stands; copies of one text count once."""

    text: str
    count: int
    occurrences: tuple[Occurrence, ...]
    edits: tuple[Edit, ...]

    def as_json(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "count": self.count,
            "occurrences": [one.as_json() for one in self.occurrences],
            "edits": [one.as_json() for one in self.edits],
        }


@dataclass(frozen=True, slots=True)
class Axes:
    """The five questions, each with its own answer; empty where it was not asked because nothing was found."""

    words: Words
    integrity: Integrity = ""
    context: Context = ""
    voice: str = ""
    speaker: str = "not_claimed"


@dataclass(frozen=True, slots=True)
class Searched:
    """What was searched, and as of when; `complete` is false while the index lacks some of the documents."""

    documents: int
    indexed_at: str
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Policy:
    """By which rules it was judged. `lexicon` is the language of the lexicon, empty where there is none for the quote's
    language: then differences are named and their severity is empty. `fingerprint` is that of the lexicon's data."""

    profile: Profile
    language: str
    lexicon: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the collection says about a quote. `occurrences` are best first; `closest` are passages to look at where
    nothing was found; `sentence` says it in plain words."""

    quote: str
    claimed: str
    headline: Headline
    green: bool
    severity: Severity
    axes: Axes
    sentence: str
    occurrences: tuple[Occurrence, ...]
    edits: tuple[Edit, ...]
    variants: tuple[Variant, ...]
    closest: tuple[Occurrence, ...]
    folds: tuple[str, ...]
    notes: tuple[str, ...]
    policy: Policy
    searched: Searched
    spans_in_draft: tuple[Span, ...] = field(default=())

    @property
    def best(self) -> Occurrence | None:
        return self.occurrences[0] if self.occurrences else None

    def as_json(self) -> dict[str, Any]:
        """The public object of `quote --json`; `file`, `start` and `end` are those of the best occurrence."""
        best = self.best
        return {
            "headline": self.headline,
            "green": self.green,
            "severity": self.severity,
            "file": best.file if best else None,
            "start": best.span.start if best else None,
            "end": best.span.end if best else None,
            "speaker_status": self.axes.speaker,
            "sentence": self.sentence,
            "axes": asdict(self.axes),
            "edits": [one.as_json() for one in self.edits],
            "quote": self.quote,
            "speaker": self.claimed,
            "spans_in_draft": [[one.start, one.end] for one in self.spans_in_draft],
            "occurrences": [one.as_json() for one in self.occurrences],
            "variants": [one.as_json() for one in self.variants],
            "closest": [one.as_json() for one in self.closest],
            "folds": list(self.folds),
            "notes": list(self.notes),
            "policy": asdict(self.policy),
            "searched": asdict(self.searched),
        }
