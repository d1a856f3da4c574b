"""What is kept of a conversation, as values: exchanges, what a reader said of their answers, and lines of a list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Verdict = Literal["up", "down", ""]
LONGEST_TITLE = 80  # characters of a question that become a title
LONGEST_NOTE = 4000


@dataclass(frozen=True, slots=True, order=True)
class Wrong:
    """A citation that a reader says does not carry its statement: the statement counted from 1, the number shown."""

    statement: int
    citation: int

    def as_json(self) -> dict[str, int]:
        return {"statement": self.statement, "citation": self.citation}


@dataclass(frozen=True, slots=True)
class Feedback:
    """What a reader says of one answer; all empty: nothing."""

    verdict: Verdict = ""
    wrong: tuple[Wrong, ...] = ()
    note: str = ""
    given_at: str = ""

    @property
    def said(self) -> bool:
        return bool(self.verdict or self.wrong or self.note)

    def as_json(self) -> dict[str, Any]:
        wrong = [one.as_json() for one in self.wrong]
        return {"verdict": self.verdict or None, "wrong_citations": wrong, "note": self.note, "given_at": self.given_at}


NOTHING = Feedback()


@dataclass(frozen=True, slots=True)
class Kept:
    """One exchange. `place` counts from 1 and is never given twice in a conversation.

    `record` is what `app.conversations.record` makes of it, empty while it is answered; `made_with` is what an evidence
    packet says of settings, model and prompts; `replaced_by` is the place of what came once its question, or one before
    it, was edited: 0, as long as it stands.
    """

    place: int
    question: str
    stage: str
    asked_at: str
    record: Mapping[str, Any] = field(default_factory=dict)
    made_with: Mapping[str, Any] = field(default_factory=dict)
    feedback: Feedback = NOTHING
    replaced_by: int = 0

    @property
    def answer(self) -> Mapping[str, Any] | None:
        """The object of `ask --json`; None where it did not come to an answer."""
        found: Mapping[str, Any] | None = self.record.get("answer")
        return found

    def as_json(self) -> dict[str, Any]:
        return {
            "place": self.place,
            "question": self.question,
            "stage": self.stage,
            "asked_at": self.asked_at,
            "answer": self.answer,
            "partial": self.record.get("partial"),
            "made_with": dict(self.made_with),
            "feedback": self.feedback.as_json() if self.feedback.said else None,
        }


@dataclass(frozen=True, slots=True)
class Summary:
    """A conversation as listed; `found` is the question at which a search met it, where that is not the title."""

    id: str
    title: str
    created_at: str
    updated_at: str
    exchanges: int
    found: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "title": self.title,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
            "exchanges": self.exchanges,
            "found": self.found or None,
        }


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation with its exchanges as they stand now, oldest first."""

    summary: Summary
    exchanges: tuple[Kept, ...]

    def as_json(self) -> dict[str, Any]:
        return {**self.summary.as_json(), "found": None, "exchanges": [one.as_json() for one in self.exchanges]}


@dataclass(frozen=True, slots=True)
class Given:
    """An answer of which a reader said something, and the exchanges before it."""

    exchange: Kept
    before: tuple[Kept, ...] = ()


def title_of(question: str) -> str:
    """What a conversation is called after its first question."""
    words = " ".join(question.split())
    if len(words) <= LONGEST_TITLE:
        return words
    return f"{words[:LONGEST_TITLE].rsplit(' ', 1)[0]}…"
