"""Suites: questions with what a right answer rests on, checked before anything runs.

JSONL (one item a line) or YAML (a list of items, or a mapping with `items`).
"""

from __future__ import annotations

import hashlib
import json
import zlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, overload

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from app.answers import Turn
from indexing.errors import OnrecordError

FOLDER = Path(__file__).parent / "suites"
YAML = (".yaml", ".yml")

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


class Lines(Sequence[Item]):
    """The items of a JSONL suite, read from it whenever they are looked at; kept is only where each line begins, and a
    checksum, so that a suite of any length takes little memory and one that was changed meanwhile is told.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places = array("Q")
        self._checks = array("I")
        self._numbers = array("I")  # of the lines, from 1

    def add(self, place: int, number: int, line: bytes) -> None:
        self._places.append(place)
        self._numbers.append(number)
        self._checks.append(zlib.crc32(line))

    def chosen(self, numbers: Iterable[int]) -> Lines:
        """Some of the items, by their numbers from 0."""
        some = Lines(self._path)
        for at in numbers:
            some._places.append(self._places[at])
            some._numbers.append(self._numbers[at])
            some._checks.append(self._checks[at])
        return some

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, at: int) -> Item: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Item]: ...
    def __getitem__(self, at: int | slice) -> Item | Sequence[Item]:
        numbers = range(len(self))[at]
        return next(iter(self.chosen([numbers]))) if isinstance(numbers, int) else self.chosen(numbers)

    def __iter__(self) -> Iterator[Item]:
        try:
            with self._path.open("rb") as stream:
                for place, number, check in zip(self._places, self._numbers, self._checks, strict=True):
                    stream.seek(place)
                    line = stream.readline()
                    if zlib.crc32(line) != check:
                        raise SuiteError(f"{self._path}:{number}: changed while it was in use; run this again")
                    yield Item.model_validate_json(_text(line, number))
        except OSError as error:
            raise SuiteError(f"{self._path} cannot be read any more ({error.strerror}); run this again") from error


@dataclass(frozen=True, slots=True)
class Suite:
    """The items of one file, in its order. `sha256` is the file's; `folder` is where it lies; `sets` are the document
    sets that its items name, each once.
    """

    name: str
    sha256: str
    items: Sequence[Item]
    folder: Path = Path()
    sets: tuple[str, ...] = ()

    def part(self, split: str | None) -> Sequence[Item]:
        """The items of a split; all of them for None."""
        if split is None:
            return self.items
        numbers = [number for number, item in enumerate(self.items) if item.split == split]
        if not numbers:
            splits = ", ".join(sorted({item.split for item in self.items if item.split})) or "none"
            raise SuiteError(f"{self.name} has no item of split {split!r}; its splits: {splits}")
        return self.items.chosen(numbers) if isinstance(self.items, Lines) else [self.items[at] for at in numbers]

    def documents(self) -> tuple[Path, ...]:
        """The document sets that its items name; SuiteError when one is not there."""
        found = tuple((self.folder / name).resolve() for name in self.sets)
        for name, path in zip(self.sets, found, strict=True):
            if not path.exists():
                raise SuiteError(f"{self.name}: the document set {name!r} is not there ({path})")
        return found


def load_suite(path: Path) -> Suite:
    """Read and check a JSONL or YAML suite; raises SuiteError that names file and line."""
    try:
        with path.open("rb") as stream:
            return _from_yaml(path, stream.read()) if path.suffix.lower() in YAML else _from_lines(path, stream)
    except OSError as error:
        raise SuiteError(f"{path} cannot be read ({error.strerror}); give a JSONL or YAML suite") from error


def _from_lines(path: Path, stream: Iterable[bytes]) -> Suite:
    """A line at a time."""
    items, seen, digest, at = Lines(path), _Seen(path), hashlib.sha256(), 0
    for number, line in enumerate(stream, 1):
        digest.update(line)
        if (text := _decoded(line, number, at, path)).strip():
            seen.add(_item(text.strip(), f"{path}:{number}"), number)
            items.add(at, number, line)
        at += len(line)
    return seen.suite(items, digest.hexdigest())


def _from_yaml(path: Path, data: bytes) -> Suite:
    """As a whole."""
    items, seen = [], _Seen(path)
    for number, value in _yaml_items(_decoded(data, 1, 0, path), path):
        items.append(_item(value, f"{path}:{number}"))
        seen.add(items[-1], number)
    return seen.suite(items, hashlib.sha256(data).hexdigest())


class _Seen:
    """What is told of a suite while it is read: ids that come twice, and the document sets."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines: dict[str, int] = {}  # by id
        self._sets: dict[str, None] = {}

    def add(self, item: Item, number: int) -> None:
        if item.id in self._lines:
            first = self._lines[item.id]
            raise SuiteError(f"{self._path}:{number}: the id {item.id!r} is already that of line {first}")
        self._lines[item.id] = number
        if item.documents:
            self._sets[item.documents] = None

    def suite(self, items: Sequence[Item], sha256: str) -> Suite:
        if not items:
            raise SuiteError(
                f"{self._path} holds no items; a suite has one JSON object a line, or a YAML list of items"
            )
        return Suite(self._path.stem, sha256, items, self._path.parent, tuple(self._sets))


def unread_keys(path: Path) -> dict[str, int]:
    """Keys of a suite's items that nothing reads, which may be misspelt ones, each with the number of its items."""
    text = path.read_text(encoding="utf-8-sig")
    items: list[Any]
    if path.suffix.lower() in YAML:
        items = [value for _, value in _yaml_items(text, path)]
    else:
        items = [json.loads(line) for line in text.split("\n") if line.strip()]
    return dict(sorted(Counter(key for item in items for key in item if key not in Item.model_fields).items()))


def _decoded(data: bytes, number: int, at: int, path: Path) -> str:
    """UTF-8 that begins at byte `at` of a file."""
    try:
        return _text(data, number)
    except UnicodeDecodeError as error:
        place = at + error.start
        raise SuiteError(f"{path} is not UTF-8 ({error.reason} at byte {place}); save it as UTF-8") from error


def _text(data: bytes, number: int) -> str:
    return data.decode("utf-8-sig" if number == 1 else "utf-8")


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
