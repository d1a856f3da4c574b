"""`onrecord ground`: anyone's answer against source files, or a batch of answers with their sources' texts."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.commands.lines import run_lines
from app.commands.terminal import checked_for_terminal
from app.counts import counted
from app.grounding.judgement import Opinion
from app.judging.check import Checked, Checker, Source
from app.judging.hearing import opinions
from app.settings import Settings
from indexing.clean import plain_blocks
from indexing.documents import Document, Metadata
from indexing.errors import LoadError, OnrecordError, UsageError
from indexing.extraction import Extraction, ReadOptions
from indexing.prepare import version_of
from indexing.sandbox import Sandbox
from indexing.sentences import sentences_of

MOST_BYTES = 20_000_000  # of one source
SAME_SOURCES = 64  # sets of sources that are kept from one item of a batch to the next


class Text(BaseModel):
    """A source as it comes in with an item."""

    model_config = ConfigDict(frozen=True)

    text: str
    name: str = ""
    title: str = ""


class Item(BaseModel):
    """One answer and its sources; `response` and `source` are other names for them. Other keys are ignored."""

    model_config = ConfigDict(frozen=True)

    id: str | int | None = None
    answer: str
    sources: tuple[Text, ...] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _named_otherwise(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        given = dict(value)
        given.setdefault("answer", given.get("response"))
        sources = given.get("sources", given.get("source"))
        listed = [sources] if isinstance(sources, str | dict) else sources
        if isinstance(listed, list):
            given["sources"] = [{"text": one} if isinstance(one, str) else one for one in listed]
        return given


def run(options: dict[str, Any], read_settings: Callable[[dict[str, Any]], Settings]) -> bool:
    """The command with its flags; prints, and says whether every claim is supported."""
    answer, sources, batch, out = (options.pop(key) for key in ("answer", "sources", "batch", "out"))
    as_json = options.pop("json")
    settings = read_settings(options)
    if (answer is None) == (batch is None):
        raise UsageError("give one answer (--answer FILE --sources FILE...), or many with --batch FILE")
    if answer is not None and not sources:
        raise UsageError("name the files that the answer should rest on with --sources FILE...")
    if (batch is not None and sources) or (answer is not None and out is not None):
        raise UsageError("--sources goes with --answer, --out with --batch")
    asked = opinions(settings)
    if batch is not None:
        return ground_batch(batch, out, asked)
    checked = ground_file(answer, sources, asked)
    if as_json:
        print(json.dumps(checked.as_json(), ensure_ascii=False))
    else:
        color = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        print(checked_for_terminal(checked, shutil.get_terminal_size().columns, color), end="")
    return checked.status != "not_supported"


def ground_file(answer: Path, sources: Sequence[Path], opinion: Opinion | None = None) -> Checked:
    """The answer in a file (`-`: standard input) against source files of any format that can be indexed."""
    try:
        text = sys.stdin.read() if str(answer) == "-" else answer.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise OnrecordError(
            f"the answer {answer} cannot be read ({error}); give a UTF-8 text file, or - for stdin"
        ) from error
    if not text.strip():
        raise UsageError(f"the answer {answer} is empty; give the text to be checked")
    return Checker(list(_read(sources)), opinion).check(text)


def _read(paths: Iterable[Path]) -> Iterator[Source]:
    with Sandbox() as sandbox:
        for path in paths:
            try:
                found = [one for one in sandbox.read(path, ReadOptions(MOST_BYTES)) if isinstance(one, Extraction)]
            except LoadError as error:
                raise OnrecordError(f"the source {path} cannot be used: {error.reason}; {error.remedy}") from error
            if not found:
                raise OnrecordError(f"the source {path} holds no text; give a document with words in it")
            for one in found:
                name = f"{path}/{one.member}" if one.member else str(path)
                version = version_of(one.text)
                document = Document(name, version, name, one.text, one.metadata, one.pages)
                yield Source(document, sentences_of(one.text, one.blocks))


def source_of(text: str, name: str, title: str = "") -> Source:
    """A source from a plain text."""
    document = Document(name, version_of(text), name, text, Metadata(title=title))
    return Source(document, sentences_of(text, plain_blocks(text)))


def ground_batch(batch: Path, out: Path | None, opinion: Opinion | None = None) -> bool:
    """A line for every line of `batch` into `out` or standard output; whether all claims are supported."""
    checkers: dict[tuple[Text, ...], Checker] = {}

    def check(raw: object) -> dict[str, Any]:
        item = Item.model_validate(raw)
        if item.sources not in checkers:
            if len(checkers) >= SAME_SOURCES:
                checkers.clear()
            named = enumerate(item.sources, 1)
            checkers[item.sources] = Checker(
                [source_of(one.text, one.name or f"source {place}", one.title) for place, one in named], opinion
            )
        return {"id": item.id, **checkers[item.sources].check(item.answer).as_json()}

    statuses = [result["status"] for result in run_lines(batch, out, check)]
    if failed := statuses.count("error"):
        raise OnrecordError(f"{failed} of {counted(len(statuses), 'item')} could not be checked; their lines say why")
    return "not_supported" not in statuses
