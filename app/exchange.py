"""One question and what has been heard about it so far: the events of a walk, folded into a value that can be shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

from app.answers import Answer, Citation, Done, Event, Notice, Restart, Said, Sources, Statement, Turn
from indexing.documents import Hit

REFUSED = "The documents do not say."

T = TypeVar("T")
Stage = Literal["asked", "found", "done", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class Exchange:
    """`stage` tells how far it came; `problem` is what went wrong where it `failed`."""

    question: str
    stage: Stage = "asked"
    hits: tuple[Hit, ...] = ()
    statements: tuple[Statement, ...] = ()
    notices: tuple[str, ...] = ()
    answer: Answer | None = None
    problem: str = ""
    rewritten: str = ""
    filters: dict[str, Any] = field(default_factory=dict)

    @property
    def refused(self) -> bool:
        return self.answer is not None and self.answer.status == "refused"

    @property
    def aside(self) -> bool:
        """Whether it was small talk, to which Onrecord replied in its own words."""
        return self.answer is not None and self.answer.status == "aside"

    @property
    def judged(self) -> bool:
        """Whether there is an answer of the documents that a reader may judge."""
        return self.answer is not None and not self.aside

    @property
    def running(self) -> bool:
        return self.stage in ("asked", "found")

    def after(self, event: Event) -> Exchange:
        """What it is once `event` has been heard."""
        match event:
            case Sources(hits, rewritten, filters):
                return replace(self, stage="found", hits=hits, rewritten=rewritten, filters=filters)
            case Said(statement):
                return replace(self, statements=(*self.statements, statement))
            case Notice(text):
                return replace(self, notices=_distinct((*self.notices, text)))
            case Restart():
                return replace(self, statements=())
            case Done(answer):
                said = answer.statements if answer.status != "refused" else ()  # a refusal says nothing else
                notices = _distinct((*self.notices, *answer.notices))
                return replace(self, stage="done", answer=answer, hits=answer.hits, statements=said, notices=notices)

    def stopped(self) -> Exchange:
        return replace(self, stage="stopped")

    def failed(self, problem: str) -> Exchange:
        return replace(self, stage="failed", problem=problem)

    def turns(self) -> tuple[Turn, ...]:
        """How a follow-up question hears of it; nothing where nothing was answered, or nothing was asked."""
        if self.answer is None or self.aside:
            return ()
        said = REFUSED if self.refused else self.answer.text
        return Turn("user", self.question), Turn("assistant", said)


def numbered(statements: Sequence[Statement]) -> dict[Citation, int]:
    """Each cited sentence with its number, from 1, in order of first use; cited again it keeps its number."""
    citations = _distinct(citation for statement in statements for citation in statement.citations)
    return {citation: number for number, citation in enumerate(citations, start=1)}


def _distinct(values: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(values))
