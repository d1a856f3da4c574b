"""The records of a run on disk: one JSON line an item, written as soon as it is there, found again after a kill."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from eval.records import Record
from eval.suite import complaints
from indexing.errors import OnrecordError, UsageError

RECORDS, METRICS, TIMINGS, CONFIG = "records.jsonl", "metrics.json", "timings.json", "config.json"
NOWHERE = -1  # the place of a record that there is not


class Journal:
    """The records.jsonl of one folder, opened to go on. What a kill left half written is cut off.

    Items go by their numbers in the suite, so that a place in the file is all that is kept of each. Records of another
    configuration are refused.
    """

    def __init__(self, folder: Path, fingerprint: str, ids: Callable[[], Iterable[str]], *, fresh: bool) -> None:
        """`ids` gives those of the items, in their order; they are gone through where there are records already."""
        self._fingerprint = fingerprint
        self._path = folder / RECORDS
        self._places = array("q")  # of each item's record, as far as there is one
        self._failed = bytearray()
        self._lines = 0
        folder.mkdir(parents=True, exist_ok=True)
        if fresh:
            self._path.unlink(missing_ok=True)
        elif self._path.is_file():
            self._take_up({item: number for number, item in enumerate(ids())})
        self._stream = self._path.open("ab")

    def _take_up(self, numbers: Mapping[str, int]) -> None:
        at = 0
        with self._path.open("rb+") as stream:
            for number, line in enumerate(stream, 1):
                if not line.endswith(b"\n"):
                    stream.truncate(at)
                    break
                try:
                    value = json.loads(line)
                    item, failed, strange = str(value["id"]), value["output"] is None, value["config"]
                except (ValueError, KeyError, TypeError):
                    raise OnrecordError(f"{self._path}:{number}: not a record; use another --out, or --fresh") from None
                if strange != self._fingerprint:
                    told = "made with another configuration; choose another --out, or say --fresh"
                    raise OnrecordError(f"{self._path}:{number}: {told}")
                self._lines += 1
                if item in numbers:
                    self._note(numbers[item], at, failed=failed)
                at += len(line)

    def _note(self, number: int, at: int, *, failed: bool) -> None:
        missing = number + 1 - len(self._places)
        if missing > 0:
            self._places.extend([NOWHERE] * missing)
            self._failed.extend(bytes(missing))
        self._places[number] = at
        self._failed[number] = failed

    def has(self, number: int) -> bool:
        """Whether an item has an answer; what failed is asked again."""
        return number < len(self._places) and self._places[number] != NOWHERE and not self._failed[number]

    def count(self) -> int:
        """How many have one."""
        return sum(self.has(number) for number in range(len(self._places)))

    def write(self, number: int, record: dict[str, Any]) -> None:
        """Append the record of an item; it is with the system when this returns."""
        at = self._stream.tell()
        self._stream.write(_encoded(record))
        self._stream.flush()
        self._lines += 1
        self._note(number, at, failed=record["output"] is None)

    def settle(self) -> None:
        """Close; the file has then one record an item, in the order of the suite."""
        self._stream.close()
        written = sum(place != NOWHERE for place in self._places)
        if written == self._lines and all(one < other for one, other in pairwise(self._known())):
            return
        part = self._path.with_suffix(".part")
        with self._path.open("rb") as source, part.open("wb") as target:
            for place in self._known():
                source.seek(place)
                target.write(source.readline())
        part.replace(self._path)

    def _known(self) -> Iterator[int]:
        return (place for place in self._places if place != NOWHERE)

    def close(self) -> None:
        self._stream.close()


def read_records(folder: Path) -> Iterator[Record]:
    """The records of a run, one after the other; OnrecordError that names file and line."""
    path = folder / RECORDS
    try:
        with path.open(encoding="utf-8", newline="\n") as stream:
            for number, line in enumerate(stream, 1):
                try:
                    yield Record.model_validate_json(line)
                except ValidationError as error:
                    raise OnrecordError(f"{path}:{number}: not a record ({complaints(error)})") from None
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError(f"{path} cannot be read ({error.strerror}); give the folder of a run") from error
    except OSError as error:
        raise OnrecordError(f"{path} cannot be read ({error.strerror}); give the folder of a run") from error


def rewrite(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change every record in its place, one after the other; the file is replaced when all are written."""
    path = folder / RECORDS
    part = path.with_suffix(".part")
    with path.open(encoding="utf-8", newline="\n") as source, part.open("wb") as target:
        for line in source:
            record = json.loads(line)
            change(record)
            target.write(_encoded(record))
    part.replace(path)


def _encoded(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def read_config(folder: Path) -> dict[str, Any]:
    """What a run was made with; empty where nobody wrote it down."""
    for name, key in ((CONFIG, None), (METRICS, "config")):
        try:
            value = json.loads((folder / name).read_text(encoding="utf-8"))
            return dict(value[key] if key else value)
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return {}


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Whole or not at all."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n")
    part.replace(path)
