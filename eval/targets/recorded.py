"""Answers that were recorded before, scored without running anything."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from eval.records import RecordedAnswer
from eval.suite import Item, SuiteError, complaints
from eval.targets.target import TargetError


class RecordedTarget:
    """A file of `ask --json` objects, one a line, each with the `id` of its item. Only their places are kept."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._places: dict[str, int] = {}
        lines: dict[str, int] = {}
        digest = hashlib.sha256()
        try:
            with path.open("rb") as stream:
                at = 0
                for number, line in enumerate(stream, 1):
                    digest.update(line)
                    if line.strip():
                        key = _checked(line, f"{path}:{number}")
                        if key in lines:
                            raise SuiteError(f"{path}:{number}: the id {key!r} is already that of line {lines[key]}")
                        self._places[key], lines[key] = at, number
                    at += len(line)
        except OSError as error:
            raise SuiteError(f"{path} cannot be read ({error.strerror}); give recorded answers as JSONL") from error
        self._sha256 = digest.hexdigest()

    def describe(self) -> dict[str, Any]:
        return {"kind": "answers", "sha256": self._sha256, "answers": len(self._places)}

    def ask(self, item: Item) -> dict[str, Any]:
        if item.id not in self._places:
            raise TargetError("there is no recorded answer with this id")
        with self._path.open("rb") as stream:
            stream.seek(self._places[item.id])
            answer: dict[str, Any] = json.loads(stream.readline())
        if answer.get("status") == "error":
            raise TargetError(str(answer.get("error") or "recorded as failed"))
        return answer


def _checked(line: bytes, place: str) -> str:
    """The id of a line, which is an answer or says that there is none; SuiteError that names file and line."""
    try:
        value = json.loads(line)
        if isinstance(value, dict):
            value["id"] = str(value.get("id", ""))
            if value.get("status") == "error" and value["id"]:
                return str(value["id"])
        return RecordedAnswer.model_validate(value).id
    except ValidationError as error:
        raise SuiteError(f"{place}: {complaints(error)}") from None
    except ValueError as error:
        raise SuiteError(f"{place}: not valid JSON ({error})") from None
