"""The records of a run on disk: one JSON line an item, written as soon as it is there, found again after a kill."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from eval.records import Record
from eval.suite import complaints
from indexing.errors import OnrecordError

RECORDS, METRICS, TIMINGS, CONFIG = "records.jsonl", "metrics.json", "timings.json", "config.json"


class Journal:
    """The records.jsonl of one folder, opened to go on. What a kill left half written is cut off.

    Records of another configuration are refused.
    """

    def __init__(self, folder: Path, fingerprint: str, *, fresh: bool) -> None:
        self._fingerprint = fingerprint
        self._path = folder / RECORDS
        self._places: dict[str, int] = {}  # of each id's record
        self._failed: set[str] = set()
        folder.mkdir(parents=True, exist_ok=True)
        if fresh:
            self._path.unlink(missing_ok=True)
        elif self._path.is_file():
            self._take_up()
        self._stream = self._path.open("ab")

    def _take_up(self) -> None:
        at = 0
        with self._path.open("rb+") as stream:
            for number, line in enumerate(stream, 1):
                if not line.endswith(b"\n"):
                    stream.truncate(at)
                    break
                try:
                    value = json.loads(line)
                    self._note(str(value["id"]), at, failed=value["output"] is None)
                    strange = value["config"] != self._fingerprint
                except (ValueError, KeyError, TypeError):
                    raise OnrecordError(f"{self._path}:{number}: not a record; use another --out, or --fresh") from None
                if strange:
                    told = "made with another configuration; choose another --out, or say --fresh"
                    raise OnrecordError(f"{self._path}:{number}: {told}")
                at += len(line)

    def _note(self, item: str, at: int, *, failed: bool) -> None:
        self._places[item] = at
        (self._failed.add if failed else self._failed.discard)(item)

    def done(self) -> set[str]:
        """The items that have an answer; what failed is asked again."""
        return set(self._places) - self._failed

    def write(self, record: dict[str, Any]) -> None:
        """Append one record; it is with the system when this returns."""
        at = self._stream.tell()
        self._stream.write(_encoded(record))
        self._stream.flush()
        self._note(record["id"], at, failed=record["output"] is None)

    def settle(self, order: Iterable[str]) -> None:
        """Close; the file has then one record an item, in the order of the suite."""
        self._stream.close()
        places = [self._places[item] for item in order if item in self._places]
        if places == sorted(places) and len(places) == self._count():
            return
        part = self._path.with_suffix(".part")
        with self._path.open("rb") as source, part.open("wb") as target:
            for place in places:
                source.seek(place)
                target.write(source.readline())
        part.replace(self._path)

    def close(self) -> None:
        self._stream.close()

    def _count(self) -> int:
        with self._path.open("rb") as stream:
            return sum(1 for _ in stream)


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
