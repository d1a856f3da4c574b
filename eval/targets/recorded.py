"""Answers that were recorded before, scored without running anything."""

from __future__ import annotations

import hashlib
import json
from array import array
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import ValidationError

from eval.records import RecordedAnswer
from eval.suite import Item, SuiteError, complaints
from eval.targets.target import TargetError

SIDES: tuple[Literal["left"], Literal["right"]] = ("left", "right")


class RecordedTarget:
    """A file of `ask --json` objects, one a line, each with the `id` of its item. Only their places are kept, in the
    order of a hash of their ids."""

    def __init__(self, path: Path) -> None:
        self._path = path
        lines: dict[str, int] = {}
        keys, places = array("Q"), array("q")
        digest = hashlib.sha256()
        try:
            with path.open("rb") as stream:
                at = 0
                for number, line in enumerate(stream, 1):
                    digest.update(line)
                    if line.strip():
                        name = _checked(line, f"{path}:{number}")
                        if name in lines:
                            raise SuiteError(f"{path}:{number}: the id {name!r} is already that of line {lines[name]}")
                        lines[name] = number
                        keys.append(_hash(name))
                        places.append(at)
                    at += len(line)
        except OSError as error:
            raise SuiteError(f"{path} cannot be read ({error.strerror}); give recorded answers as JSONL") from error
        self._sha256 = digest.hexdigest()
        found = np.array(keys, dtype=np.uint64)
        order = np.argsort(found, kind="stable")
        self._keys, self._places = found[order], np.array(places, dtype=np.int64)[order]

    def describe(self) -> dict[str, Any]:
        return {"kind": "answers", "sha256": self._sha256, "answers": len(self._places)}

    def ask(self, item: Item) -> dict[str, Any]:
        key = np.uint64(_hash(item.id))
        first, last = (int(np.searchsorted(self._keys, key, side)) for side in SIDES)
        with self._path.open("rb") as stream:
            for place in self._places[first:last].tolist():
                stream.seek(place)
                answer: dict[str, Any] = json.loads(stream.readline())
                if str(answer.get("id")) != item.id:
                    continue  # another id of the same hash
                if answer.get("status") == "error":
                    raise TargetError(str(answer.get("error") or "recorded as failed"))
                return answer
        raise TargetError("there is no recorded answer with this id")


def _hash(name: str) -> int:
    digest = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big")


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
