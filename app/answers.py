"""What an answer is made of: statements with the exact characters that support them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from indexing.documents import Copy, Document, Hit
from indexing.spans import Span

Support = Literal["supported", "partly", "unsupported", "not_a_claim", "unchecked"]
Status = Literal["answered", "refused", "aside"]
"""`aside`: Onrecord's own words, to small talk or a question about itself; nothing was searched, nothing is cited."""
Mode = Literal["extractive", "llm"]
Usage = dict[str, int | float | None]
"""Tokens of the prompt and of the answer as we count them, and `cost_usd`: None where no prices are set."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier message of the conversation."""

    role: Literal["user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Citation:
    """Exact characters of a document: `document.text[span.start:span.end] == quote`, checked where it is made.

    `page` is empty where the document has none; `copies` are the places where the same words stand in its copies;
    `superseded` is a later version of the text, published as a document of its own.
    """

    document_id: str
    version: str
    span: Span
    quote: str
    file: str
    title: str
    source: str
    date: str
    page: str = ""
    copies: tuple[Copy, ...] = ()
    superseded: Copy | None = None

    @classmethod
    def of(cls, document: Document, span: Span) -> Citation:
        quote = span.of(document.text)
        assert quote and document.text[span.start : span.end] == quote
        about, page = document.metadata, document.page(span)
        return cls(
            document.id, document.version, span, quote, document.name, about.title, about.source, about.date, page
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "document": self.document_id,
            "version": self.version,
            "start": self.span.start,
            "end": self.span.end,
            "quote": self.quote,
            "title": self.title,
            "source": self.source,
            "date": self.date,
            "page": self.page,
            "copies": _as_json(self.copies),
            "superseded_by": next(iter(_as_json([self.superseded])), None) if self.superseded else None,
        }


def _as_json(copies: Iterable[Copy]) -> list[dict[str, Any]]:
    return [
        {
            "file": one.file,
            "document": one.document_id,
            "version": one.version,
            "start": one.span.start,
            "end": one.span.end,
            "title": one.title,
            "source": one.source,
            "date": one.date,
        }
        for one in copies
    ]


def hit_as_json(hit: Hit) -> dict[str, Any]:
    """A passage that was found, as `ask --json` lists it."""
    document, about = hit.passage.document, hit.passage.document.metadata
    return {
        "file": document.name,
        "document": document.id,
        "version": document.version,
        "start": hit.passage.span.start,
        "end": hit.passage.span.end,
        "score": round(hit.score, 6),
        "text": hit.passage.text,
        "title": about.title,
        "source": about.source,
        "date": about.date,
        "page": document.page(hit.passage.span),
        "why": hit.why,
        "how": [{"ranking": rank.ranking, "place": rank.place, "score": round(rank.score, 6)} for rank in hit.how],
        "copies": _as_json(hit.copies),
    }


@dataclass(frozen=True, slots=True)
class Statement:
    """One sentence of an answer; `span` is its place in `Answer.text`, `reason` says in words why that support.

    `highlight` is where in `text` the short answer stands (a name, a figure, a date), if there is one.

    `score` is the calibrated probability of support, None where nothing was claimed or checked. `lead`: it is put
    together from what is stored of its citations (who, where, when), by `app/drafting/lead.py` alone.
    """

    text: str
    citations: tuple[Citation, ...]
    support: Support
    span: Span = Span(0, 0)
    reason: str = ""
    highlight: tuple[Span, ...] = ()
    score: float | None = None
    lead: bool = False

    def as_json(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "start": self.span.start,
            "end": self.span.end,
            "support": self.support,
            "score": None if self.score is None else round(self.score, 4),
            "reason": self.reason,
            "highlight": [{"start": span.start, "end": span.end} for span in self.highlight],
            "lead": self.lead,
            "citations": [citation.as_json() for citation in self.citations],
        }


@dataclass(frozen=True, slots=True)
class Draft:
    """What an answerer says before it is grounded: statements in order, and what went wrong on the way."""

    statements: tuple[Statement, ...]
    mode: Mode
    notices: tuple[str, ...] = ()
    usage: Usage = field(default_factory=dict)


Verdict = Literal["contradicted", "not_supported"]


@dataclass(frozen=True, slots=True)
class Premise:
    """What the question takes for granted, in `text`, and what the sources say to that.

    Where they contradict it, the citation is the sentence that does; where none of them has it, what came nearest.
    """

    text: str
    verdict: Verdict
    citation: Citation | None

    def as_json(self) -> dict[str, Any]:
        citation = self.citation.as_json() if self.citation else None
        return {"text": self.text, "verdict": self.verdict, "citation": citation}


@dataclass(frozen=True, slots=True)
class Side:
    """What one source has where sources differ: its figure or date, and the sentence it stands in."""

    value: str
    citation: Citation


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Sources that give another figure or date for the same thing, side by side, the newest first."""

    about: str
    sides: tuple[Side, ...]

    @property
    def notice(self) -> str:
        """The same in a sentence for readers."""
        named = []
        for side in self.sides:
            where = filter(None, (side.citation.source or side.citation.file, side.citation.date))
            named.append(f"{side.value} ({', '.join(where)})")
        return f"The sources differ: {' against '.join(named)}."

    def as_json(self) -> dict[str, Any]:
        sides = [
            {"value": side.value, "date": side.citation.date, "citation": side.citation.as_json()}
            for side in self.sides
        ]
        return {"about": self.about, "sides": sides}


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the evidence says to a question before anybody answers it.

    `answerability` is how likely the documents answer, 0 to 1; for a refusal `reason` says what is missing, and
    `nearest` is what comes nearest to it.
    """

    answerability: float = 0.0
    reason: str = ""
    nearest: tuple[Citation, ...] = ()
    premise: Premise | None = None
    disagreements: tuple[Disagreement, ...] = ()


@dataclass(frozen=True, slots=True)
class AsOf:
    """How recent an answer is: the date of its newest cited source, and when the collection was last indexed."""

    newest_source: str = ""
    indexed: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The finished answer: `text` is the statements joined by a blank, each at its `span`.

    `ruling` is what the evidence says: of an answer its premise and disagreements, of a refusal what is missing.
    """

    question: str
    status: Status
    text: str
    statements: tuple[Statement, ...]
    hits: tuple[Hit, ...]
    searched: int
    mode: Mode
    notices: tuple[str, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)
    usage: Usage = field(default_factory=dict)
    rewritten: str = ""  # how a follow-up was read in full; empty where it stood alone
    filters: dict[str, Any] = field(default_factory=dict)  # what was searched: `app.questions.limits.Limits.as_json`
    ruling: Ruling = Ruling()
    as_of: AsOf = AsOf()

    def as_json(self) -> dict[str, Any]:
        """The public contract of `ask --json`: offsets in code points, `searched` in documents, times in ms."""
        return {
            "question": self.question,
            "status": self.status,
            "answer": self.text,
            "statements": [statement.as_json() for statement in self.statements],
            "retrieved": [hit_as_json(hit) for hit in self.hits],
            "mode": self.mode,
            "searched": self.searched,
            "timings_ms": {stage: round(value, 2) for stage, value in self.timings.items()},
            "usage": self.usage,
            "notices": list(self.notices),
            "rewritten": self.rewritten or None,
            "filters": self.filters,
            "answerability": round(self.ruling.answerability, 4),
            "reason": self.ruling.reason,
            "nearest": [citation.as_json() for citation in self.ruling.nearest],
            "premise": self.ruling.premise.as_json() if self.ruling.premise else None,
            "disagreements": [one.as_json() for one in self.ruling.disagreements],
            "as_of": {"newest_source": self.as_of.newest_source, "indexed": self.as_of.indexed},
        }


@dataclass(frozen=True, slots=True)
class Sources:
    """Event: the passages that were found, before anything is said; how a follow-up was read, and what limits held."""

    hits: tuple[Hit, ...]
    rewritten: str = ""
    filters: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """Event: one statement, already grounded."""

    statement: Statement


@dataclass(frozen=True, slots=True)
class Notice:
    """Event: something the reader should know now (the endpoint failed, the answer comes from the documents alone)."""

    text: str


@dataclass(frozen=True, slots=True)
class Restart:
    """Event: what was said so far is withdrawn; the statements that follow replace it."""


@dataclass(frozen=True, slots=True)
class Done:
    """Event: the finished answer; the last event of every walk."""

    answer: Answer


Event = Sources | Said | Notice | Restart | Done
