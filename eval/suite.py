"""Suites: questions with what a right answer rests on, one JSON object a line, checked before anything runs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from app.answers import Turn
from indexing.documents import Document
from indexing.errors import OnrecordError
from indexing.spans import Span

FOLDER = Path(__file__).parent / "suites"
SHOWN = 5  # problems named in one message

QuestionType = Literal[
    "single_fact",
    "who_said",
    "numeric",
    "temporal",
    "why_how",
    "list",
    "comparison",
    "follow_up",
    "false_premise",
    "unanswerable_near",
    "unanswerable_off",
]
Filled = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]


class SuiteError(OnrecordError):
    """A suite that cannot be used; the message names file and line, or the item."""


class Evidence(BaseModel):
    """Characters of a document, word for word, that an answer must rest on; `file` is named as citations name it."""

    model_config = ConfigDict(frozen=True)

    file: Filled
    quote: Filled


class Message(BaseModel):
    """One earlier message of the conversation."""

    model_config = ConfigDict(frozen=True)

    role: Literal["user", "assistant"]
    content: str


class Item(BaseModel):
    """One question of a suite; keys that are not named here are ignored."""

    model_config = ConfigDict(frozen=True)

    id: Filled
    type: QuestionType
    question: Filled
    history: tuple[Message, ...] = ()
    answer: str = ""
    aliases: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    note: str = ""
    split: str = ""

    def turns(self) -> tuple[Turn, ...]:
        return tuple(Turn(message.role, message.content) for message in self.history)


@dataclass(frozen=True, slots=True)
class Suite:
    """The items of one file, in its order. `sha256` is the file's."""

    name: str
    sha256: str
    items: tuple[Item, ...]

    def part(self, split: str | None) -> tuple[Item, ...]:
        """The items of a split; all of them for None."""
        chosen = tuple(item for item in self.items if split is None or item.split == split)
        if not chosen:
            splits = ", ".join(sorted({item.split for item in self.items if item.split})) or "none"
            raise SuiteError(f"{self.name} has no item of split {split!r}; its splits: {splits}")
        return chosen


@dataclass(frozen=True, slots=True)
class Located:
    """An item, and for each of its evidence quotes all places where the document holds it."""

    item: Item
    places: tuple[tuple[Span, ...], ...]


def load_suite(path: Path) -> Suite:
    """Read and check a JSONL suite; raises SuiteError that names file and line."""
    try:
        data = path.read_bytes()
        lines = data.decode("utf-8-sig").split("\n")
    except OSError as error:
        raise SuiteError(f"{path} cannot be read ({error.strerror}); give a JSONL suite") from error
    except UnicodeDecodeError as error:
        raise SuiteError(f"{path} is not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8") from error
    items: list[Item] = []
    lines_by_id: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        item = _item(line, f"{path}:{number}")
        if item.id in lines_by_id:
            raise SuiteError(f"{path}:{number}: the id {item.id!r} is already that of line {lines_by_id[item.id]}")
        lines_by_id[item.id] = number
        items.append(item)
    if not items:
        raise SuiteError(f"{path} holds no items; a suite has one JSON object a line")
    return Suite(path.stem, hashlib.sha256(data).hexdigest(), tuple(items))


def _item(line: str, place: str) -> Item:
    try:
        return Item.model_validate_json(line)
    except ValidationError as error:
        problems = (f"{'.'.join(map(str, one['loc'])) or 'line'}: {one['msg']}" for one in error.errors())
        raise SuiteError(f"{place}: {'; '.join(problems)}") from None


def locate(items: Iterable[Item], find: Callable[[str], Document | None]) -> tuple[Located, ...]:
    """Find every evidence quote, exactly, in the collection's canonical texts; `find` reads a document by its name.

    Raises SuiteError that names the items whose file or quote is not there.
    """
    located: list[Located] = []
    missing: list[str] = []
    for item in items:
        places: list[tuple[Span, ...]] = []
        for evidence in item.evidence:
            document = find(evidence.file)
            spans = tuple(occurrences(evidence.quote, document.text)) if document else ()
            if document is None:
                missing.append(f"{item.id}: {evidence.file!r} is not in the collection")
            elif not spans:
                missing.append(f"{item.id}: {evidence.file!r} does not hold the quote {_brief(evidence.quote)}")
            places.append(spans)
        located.append(Located(item, tuple(places)))
    if missing:
        more = f"; and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        raise SuiteError(f"evidence that cannot be found: {'; '.join(missing[:SHOWN])}{more}")
    return tuple(located)


def occurrences(quote: str, text: str) -> Iterator[Span]:
    """Every place of a text that holds the quote, overlapping ones too."""
    start = text.find(quote)
    while start >= 0:
        yield Span(start, start + len(quote))
        start = text.find(quote, start + 1)


def _brief(quote: str) -> str:
    return repr(quote if len(quote) <= 60 else f"{quote[:57]}...")
