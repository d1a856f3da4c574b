"""Many questions in one process: a JSONL file in, one line of JSON out for every item, whatever happens to it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from app.answers import Turn
from app.assistant import Assistant
from app.limits import Limits, limits_of
from indexing.errors import OnrecordError


class Message(BaseModel):
    """One earlier message as it comes in."""

    model_config = ConfigDict(frozen=True)

    role: str
    content: str


class GivenLimits(BaseModel):
    """What a question is limited to, as it comes in: days as `2015`, `2015-11` or `2015-11-24`, names whole.

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
    try:
        lines = [line for line in source.read_text(encoding="utf-8-sig").split("\n") if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise OnrecordError(
            f"{source} cannot be read ({error}); give a UTF-8 file with one JSON object a line"
        ) from error
    try:
        sink = (
            nullcontext(sys.stdout)
            if out is None
            else out.open("w", encoding="utf-8", errors="backslashreplace", newline="\n")
        )
    except OSError as error:
        raise OnrecordError(f"{out} cannot be written ({error.strerror}); choose another --out") from error
    with sink as stream:
        for number, result in enumerate(_results(assistant, lines, limits), 1):
            print(json.dumps(result, ensure_ascii=False), file=stream, flush=True)
            if sys.stderr.isatty():
                print(
                    f"\r{number} of {len(lines)}", end="\n" if number == len(lines) else "", file=sys.stderr, flush=True
                )


def _results(assistant: Assistant, lines: list[str], limits: Limits) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines, 1):
        identity: object = None
        try:
            raw = json.loads(line)
            identity = raw.get("id") if isinstance(raw, dict) else None
            item = Item.model_validate(raw)
            given = item.filters.limits() if item.filters else limits
            yield {"id": item.id, **assistant.ask(item.question, item.turns(), given).as_json()}
        except (OnrecordError, ValidationError, ValueError, RecursionError) as error:
            yield {"id": identity, "status": "error", "error": f"line {number}: {_words(error)}"}


def _words(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(
            f"{'.'.join(map(str, problem['loc'])) or 'item'}: {problem['msg']}" for problem in error.errors()
        )
    return str(error)
