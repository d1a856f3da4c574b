"""Suites: questions with what a right answer rests on, checked before anything runs.

JSONL (one item a line) or YAML (a list of items, or a mapping with `items`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

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
    "disagreement",
    "false_premise",
    "misquote",
    "quote_placement",
    "general",
    "unanswerable",
    "unanswerable_near",
    "unanswerable_off",
    "underspecified",
]
Filled = Annotated[str, StringConstraints(min_length=1, pattern=r"\S")]


class SuiteError(OnrecordError):
    """A suite that cannot be used; the message names file and line, or the item."""


class Evidence(BaseModel):
    """Characters of a document, word for word, that an answer must rest on."""

    model_config = ConfigDict(frozen=True)

    file: Filled = Field(description="the document, named as citations name it")
    quote: Filled = Field(description="the characters, exactly as the document has them")
    start: int | None = Field(None, ge=0, description="where they begin, in code points; else every place counts")


class Message(BaseModel):
    """One earlier message of the conversation."""

    model_config = ConfigDict(frozen=True)

    role: Literal["user", "assistant"]
    content: str


class Item(BaseModel):
    """One question of a suite; keys that are not named here are ignored."""

    model_config = ConfigDict(frozen=True)

    id: Filled = Field(description="unique in the suite")
    type: QuestionType = Field(description="what is asked; unanswerable_* are questions that must be refused")
    question: Filled
    history: tuple[Message, ...] = Field((), description="earlier messages, oldest first")
    answer: str = Field("", description="a gold answer, as short as it can be; empty: answers are not scored")
    aliases: tuple[str, ...] = Field((), description="other answers that are as right")
    evidence: tuple[Evidence, ...] = Field((), description="all that a complete answer rests on")
    documents: str = Field(
        "", description="the document set: a folder or file to index, relative to the suite file; empty: given to run"
    )
    cluster: str = Field(
        "", description="items that stand or fall together share it; empty: the first evidence's file, else the id"
    )
    split: str = Field("", description="the part of the suite it belongs to, such as tune or report")
    note: str = Field("", description="for people")

    def turns(self) -> tuple[Turn, ...]:
        return tuple(Turn(message.role, message.content) for message in self.history)

    @property
    def group(self) -> str:
        """The cluster, or what stands for it."""
        return self.cluster or (self.evidence[0].file if self.evidence else f"item {self.id}")


@dataclass(frozen=True, slots=True)
class Suite:
    """The items of one file, in its order. `sha256` is the file's; `folder` is where it lies."""

    name: str
    sha256: str
    items: tuple[Item, ...]
    folder: Path = Path()

    def part(self, split: str | None) -> tuple[Item, ...]:
        """The items of a split; all of them for None."""
        chosen = tuple(item for item in self.items if split is None or item.split == split)
        if not chosen:
            splits = ", ".join(sorted({item.split for item in self.items if item.split})) or "none"
            raise SuiteError(f"{self.name} has no item of split {split!r}; its splits: {splits}")
        return chosen

    def documents(self) -> tuple[Path, ...]:
        """The document sets that its items name, each once; SuiteError when one is not there."""
        named = dict.fromkeys(item.documents for item in self.items if item.documents)
        found = tuple((self.folder / name).resolve() for name in named)
        for name, path in zip(named, found, strict=True):
            if not path.exists():
                raise SuiteError(f"{self.name}: the document set {name!r} is not there ({path})")
        return found


@dataclass(frozen=True, slots=True)
class Located:
    """An item, and for each of its evidence quotes all places where the document holds it."""

    item: Item
    places: tuple[tuple[Span, ...], ...]


def load_suite(path: Path) -> Suite:
    """Read and check a JSONL or YAML suite; raises SuiteError that names file and line."""
    try:
        data = path.read_bytes()
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise SuiteError(f"{path} cannot be read ({error.strerror}); give a JSONL or YAML suite") from error
    except UnicodeDecodeError as error:
        raise SuiteError(f"{path} is not UTF-8 ({error.reason} at byte {error.start}); save it as UTF-8") from error
    raw = _yaml_items(text, path) if path.suffix.lower() in (".yaml", ".yml") else _json_items(text)
    items: list[Item] = []
    lines_by_id: dict[str, int] = {}
    for number, value in raw:
        item = _item(value, f"{path}:{number}")
        if item.id in lines_by_id:
            raise SuiteError(f"{path}:{number}: the id {item.id!r} is already that of line {lines_by_id[item.id]}")
        lines_by_id[item.id] = number
        items.append(item)
    if not items:
        raise SuiteError(f"{path} holds no items; a suite has one JSON object a line, or a YAML list of items")
    return Suite(path.stem, hashlib.sha256(data).hexdigest(), tuple(items), path.parent)


def _json_items(text: str) -> Iterator[tuple[int, str]]:
    return ((number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip())


def _yaml_items(text: str, path: Path) -> Iterator[tuple[int, object]]:
    """The items with their lines. Every scalar is a string, so `id: 7` and `answer: no` are what they say."""
    import yaml

    try:
        root = yaml.compose(text, yaml.BaseLoader)
        value = yaml.load(text, yaml.BaseLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise SuiteError(f"{path}{line}: not valid YAML ({getattr(error, 'problem', None) or error})") from None
    if isinstance(root, yaml.MappingNode):
        nodes = [below for key, below in root.value if key.value == "items"]
        root, value = (nodes[0] if nodes else None), (value.get("items") if nodes else None)
    if not isinstance(root, yaml.SequenceNode) or not isinstance(value, list):
        raise SuiteError(f"{path}:1: a YAML suite is a list of items, or a mapping with a list `items`")
    for node, item in zip(root.value, value, strict=True):
        yield node.start_mark.line + 1, item


def _item(value: object, place: str) -> Item:
    try:
        return Item.model_validate_json(value) if isinstance(value, str) else Item.model_validate(value)
    except ValidationError as error:
        raise SuiteError(f"{place}: {complaints(error)}") from None


def complaints(error: ValidationError) -> str:
    """What is wrong with a line, key by key."""
    return "; ".join(f"{'.'.join(map(str, one['loc'])) or 'line'}: {one['msg']}" for one in error.errors())


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
            spans = _places(evidence, document.text) if document else ()
            if document is None:
                missing.append(f"{item.id}: {evidence.file!r} is not in the collection")
            elif not spans:
                where = "" if evidence.start is None else f" at {evidence.start}"
                missing.append(f"{item.id}: {evidence.file!r} does not hold the quote {_brief(evidence.quote)}{where}")
            places.append(spans)
        located.append(Located(item, tuple(places)))
    if missing:
        more = f"; and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        raise SuiteError(f"evidence that cannot be found: {'; '.join(missing[:SHOWN])}{more}")
    return tuple(located)


def _places(evidence: Evidence, text: str) -> tuple[Span, ...]:
    if evidence.start is None:
        return tuple(occurrences(evidence.quote, text))
    span = Span(evidence.start, evidence.start + len(evidence.quote))
    return (span,) if text[span.start : span.end] == evidence.quote else ()


def occurrences(quote: str, text: str) -> Iterator[Span]:
    """Every place of a text that holds the quote, overlapping ones too."""
    start = text.find(quote)
    while start >= 0:
        yield Span(start, start + len(quote))
        start = text.find(quote, start + 1)


def _brief(quote: str) -> str:
    return repr(quote if len(quote) <= 60 else f"{quote[:57]}...")
