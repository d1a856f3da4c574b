"""Many questions in one process: a JSONL file in, one line of JSON out for every item, whatever happens to it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from app.answers import Turn
from app.assistant import Assistant
from app.commands.lines import run_lines
from app.questions.limits import Limits, limits_of


class Message(BaseModel):
    """One earlier message as it comes in."""

    model_config = ConfigDict(frozen=True)

    role: str
    content: str


class GivenLimits(BaseModel):
    """What a question is limited to, as it comes in: days as `2015`, `2015-11` or `2015-11-24`; a name as `Ann Lee`, or
    as `Lee`, which means all who are called so.

    `dates` false: a time that the question names is not heeded.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: str | None = None
    until: str | None = None
    sources: tuple[str, ...] = ()
    authors: tuple[str, ...] = ()
    dates: bool = True

    def limits(self) -> Limits:
        """Raises UsageError for what is no day."""
        return limits_of(self.since, self.until, self.sources, self.authors, dates=self.dates)


class Item(BaseModel):
    """One question as it comes in; other keys are ignored."""

    model_config = ConfigDict(frozen=True)

    id: str | int
    question: str
    history: tuple[Message, ...] = ()
    filters: GivenLimits | None = None

    def turns(self) -> tuple[Turn, ...]:
        return turns_of(self.history)


def turns_of(history: Iterable[Message]) -> tuple[Turn, ...]:
    """The history as values; what is neither the user's nor the assistant's (a system message) is left out."""
    return tuple(
        Turn("user" if message.role == "user" else "assistant", message.content)
        for message in history
        if message.role in ("user", "assistant")
    )


def run_batch(assistant: Assistant, source: Path, out: Path | None, limits: Limits) -> None:
    """Answer every line of `source` into `out`, or to standard output; an item that fails gets a line that says why.

    An item's own `filters` take the place of `limits`.
    """

    def answer(raw: object) -> dict[str, Any]:
        item = Item.model_validate(raw)
        given = item.filters.limits() if item.filters else limits
        return {"id": item.id, **assistant.ask(item.question, item.turns(), given).as_json()}

    for _ in run_lines(source, out, answer):
        pass
