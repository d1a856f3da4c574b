"""Records: everything one item came to, one JSON line each. Every metric is computed from these alone.

An answer is read leniently: what another system leaves out has its empty value, unknown keys are ignored.
"""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

UNKNOWN = -1  # an offset that nobody gave
Support = Literal["supported", "partly", "unsupported", "not_a_claim", "unchecked"]
Kind = Literal["numbers", "names", "negation", "quotes"]
Verdict = Literal["supported", "contradicted", "missing"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


def _or(empty: object) -> BeforeValidator:
    """What stands for null."""
    return BeforeValidator(lambda value: empty if value is None else value)


Text = Annotated[str, _or("")]
Offset = Annotated[int, _or(UNKNOWN)]


class Place(_Frozen):
    """Characters `[start, end)` of the canonical text of a file, and what they say."""

    file: Text = ""
    start: Offset = Field(UNKNOWN, description="in code points; left out where the system does not tell")
    end: Offset = UNKNOWN

    @property
    def words(self) -> str:
        return ""


class Passage(Place):
    """A passage that was found."""

    text: Text = ""

    @property
    def words(self) -> str:
        return self.text


class Cited(Place):
    """A citation: the exact characters that a statement points at."""

    quote: Text = ""
    version: Text = ""
    title: Text = ""
    source: Text = ""

    @property
    def words(self) -> str:
        return self.quote


class Gold(_Frozen):
    """An evidence quote, every span of its file that holds it, and the number of passages that hold it whole.

    Without spans (no collection was at hand) a place is compared by its words.
    """

    file: str
    quote: str
    spans: tuple[tuple[int, int], ...] = ()
    passages: int = 0

    def is_in(self, place: Place) -> bool:
        """Strict: the place contains one of the spans from its first character to its last."""
        if place.file != self.file:
            return False
        if not self.spans or place.start < 0:
            return self.quote in place.words
        return any(place.start <= start and end <= place.end for start, end in self.spans)

    def holds(self, place: Place) -> bool:
        """The place lies within one of the spans."""
        if place.file != self.file:
            return False
        if not self.spans or place.start < 0:
            return bool(place.words.strip()) and place.words in self.quote
        return any(start <= place.start and place.end <= end for start, end in self.spans)


class Said(_Frozen):
    """A statement of the answer, with its citations."""

    text: str
    citations: Annotated[tuple[Cited, ...], _or(())] = ()
    support: Text = "unchecked"
    lead: Annotated[bool, _or(False)] = False  # put together from what is stored of its citations: who, where, when


class Output(_Frozen):
    """An answer as `onrecord ask --json` prints it; a record keeps all of it, metrics read these keys."""

    status: Literal["answered", "refused", "aside"]
    answer: Text = Field("", description="the whole text")
    statements: Annotated[tuple[Said, ...], _or(())] = Field(
        (), description="its sentences, in order, each with what it cites; left out: they are read from the answer"
    )
    retrieved: Annotated[tuple[Passage, ...], _or(())] = Field((), description="the passages found, best first")
    usage: Annotated[dict[str, Any], _or({})] = Field(
        default_factory=dict, description="tokens: prompt_tokens, answer_tokens"
    )
    premise: Any = Field(None, description="what is wrong with the question's premise, where something is")
    rewritten: str | None = Field(None, description="the question as it was searched, where it was rewritten")

    @property
    def citations(self) -> tuple[Cited, ...]:
        return tuple(citation for statement in self.statements for citation in statement.citations)

    @property
    def text(self) -> str:
        return self.answer or " ".join(statement.text for statement in self.statements)


class RecordedAnswer(Output):
    """One line of a file of recorded answers: an answer and the id of the item it belongs to.

    `{"id", "status": "error", "error"}` says that the item failed.
    """

    id: str
    timings_ms: dict[str, float] = Field(
        default_factory=dict, description="milliseconds: sources, first_statement, done"
    )


class Judgement(_Frozen):
    """What the gate says of one statement.

    `alone` and `without` tell for each citation whether it supports the statement by itself, and whether the others do
    without it; `score` is how likely the gate takes it to be supported; `basis` is what it was judged by; `overlap` is
    the share of its words that stand there.
    """

    support: Support
    reason: str = ""
    score: float | None = None
    basis: Literal["citations", "retrieved", "nothing"]
    alone: tuple[bool, ...] = ()
    without: tuple[bool, ...] = ()
    kinds: tuple[Kind, ...] = ()
    overlap: float = 0.0


class Claim(_Frozen):
    """One thing that a statement says, with what a language model as judge says of it: against the characters that its
    statement cites, and against all passages that were found. None: no verdict could be had.

    `overlap_cited` and `overlap_retrieved` are the shares of its words that stand there.
    """

    text: str
    cited: Verdict | None
    retrieved: Verdict | None
    overlap_cited: float = 0.0
    overlap_retrieved: float = 0.0


class Opinion(_Frozen):
    """What a language model as judge says of one answer: the claims of each statement, in order, none where it claims
    nothing; None where the model did not take it apart. `judge` is the fingerprint of model, options and prompts.

    Tokens are counted as cl100k_base has them, for every call, also one that an earlier run made; `problems` say what
    was not understood or did not come.
    """

    judge: str
    model: str
    statements: tuple[tuple[Claim, ...] | None, ...]
    calls: int = 0
    prompt_tokens: int = 0
    answer_tokens: int = 0
    cost: float | None = None
    problems: tuple[str, ...] = ()


class Record(_Frozen):
    """One item of one run. `output` is None when the item failed, and `error` says why.

    `citations_valid` tells for each citation, in order, whether the document's text at its span equals its quote (None:
    there was no text to hold it against); `together` tells which evidence quotes, by their numbers, one passage holds
    whole together, and how many passages hold just these; `judged` has a judgement for each statement, None where the
    gate did not run; `opinion` is a language model's, None where none was asked, as with refusals;
    `collection_passages` is the number of passages that were searched, 0 where nobody knows.
    """

    id: str
    type: str
    cluster: str = ""
    split: str = ""
    question: str = ""
    history: tuple[dict[str, str], ...] = ()
    answer: str = ""
    aliases: tuple[str, ...] = ()
    evidence: tuple[Gold, ...] = ()
    together: tuple[tuple[tuple[int, ...], int], ...] = ()
    collection_passages: int = 0
    output: Output | None
    citations_valid: tuple[bool | None, ...] = ()
    judged: tuple[Judgement, ...] | None = None
    opinion: Opinion | None = None
    attempts: int = 1
    cost: float | None = None
    error: str = ""
    config: str = ""
    timings_ms: dict[str, float] = Field(default_factory=dict)

    @property
    def answerable(self) -> bool:
        """Whether the collection holds an answer; False too for what must be asked back about."""
        return not self.type.startswith("unanswerable") and self.type != "underspecified"

    @property
    def unanswerable(self) -> bool:
        return self.type.startswith("unanswerable")

    @property
    def refused(self) -> bool | None:
        """None where the item failed."""
        return None if self.output is None else self.output.status != "answered"

    @property
    def golds(self) -> tuple[str, ...]:
        """Every answer that counts as right."""
        return tuple(text for text in (self.answer, *self.aliases) if text.strip())

    @property
    def group(self) -> str:
        return self.cluster or (self.evidence[0].file if self.evidence else f"item {self.id}")

    def holders(self) -> dict[tuple[int, ...], int]:
        """The passages that hold evidence whole: how many hold just these quotes, by the quotes' numbers."""
        held = dict(self.together)
        for number, gold in enumerate(self.evidence):
            alone = gold.passages - sum(count for quotes, count in self.together if number in quotes)
            if alone > 0:
                held[number,] = alone
        return held

    def asked(self) -> int:
        """A checksum of what the item asks and expects: the same in two runs of the same item."""
        evidence = [(gold.file, gold.quote) for gold in self.evidence]
        whole = [self.type, self.question, self.history, self.golds, evidence]
        text = json.dumps(whole, ensure_ascii=True, sort_keys=True)
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")

    @classmethod
    def read(cls, line: dict[str, Any]) -> Record:
        return cls.model_validate(line)
