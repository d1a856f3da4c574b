"""Records: everything one item came to, one JSON line each. Every metric is computed from these alone."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class Place(_Frozen):
    """Characters `[start, end)` of the canonical text of a file."""

    file: str
    start: int
    end: int


class Gold(_Frozen):
    """An evidence quote, every span of its file that holds it, and the number of passages that hold it whole."""

    file: str
    quote: str
    spans: tuple[tuple[int, int], ...]
    passages: int

    def is_in(self, place: Place) -> bool:
        """Strict: the place contains one of the spans from its first character to its last."""
        return place.file == self.file and any(place.start <= start and end <= place.end for start, end in self.spans)

    def holds(self, place: Place) -> bool:
        """The place lies within one of the spans."""
        return place.file == self.file and any(start <= place.start and place.end <= end for start, end in self.spans)


class Said(_Frozen):
    """A statement of the answer, with its citations."""

    text: str
    citations: tuple[Place, ...]


class Output(_Frozen):
    """The parts of an `ask --json` object that metrics read; the record keeps all of it."""

    status: Literal["answered", "refused"]
    statements: tuple[Said, ...]
    retrieved: tuple[Place, ...]

    @property
    def citations(self) -> tuple[Place, ...]:
        return tuple(citation for statement in self.statements for citation in statement.citations)


class Record(_Frozen):
    """One item of one run. `output` is None when the item failed, and `error` says why.

    `citations_valid` tells for each citation, in order, whether the document's text at its span equals its quote;
    `collection_passages` is the number of passages that were searched.
    """

    id: str
    type: str
    evidence: tuple[Gold, ...]
    collection_passages: int
    output: Output | None
    citations_valid: tuple[bool, ...]
    error: str
    timings_ms: dict[str, float]

    @property
    def answerable(self) -> bool:
        return not self.type.startswith("unanswerable")

    @property
    def refused(self) -> bool | None:
        """None where the item failed."""
        return None if self.output is None else self.output.status == "refused"

    @classmethod
    def read(cls, line: dict[str, Any]) -> Record:
        return cls.model_validate(line)
