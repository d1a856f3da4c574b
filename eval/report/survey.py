"""What a report's plots and controls need of all records, in bare numbers, so that a long run takes little memory."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from eval.report.items import outcome


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a records.jsonl as they are written, one after the other."""
    with path.open(encoding="utf-8", newline="\n") as stream:
        for line in stream:
            if line.strip():
                yield json.loads(line)


class Survey:
    """Of the records that were added."""

    def __init__(self) -> None:
        self.items = 0
        self.types: set[str] = set()
        self.outcomes: set[str] = set()
        self.times = array("d")  # milliseconds
        self.scores: dict[str, array[float]] = {}  # answerability by type

    def add(self, record: Mapping[str, Any]) -> None:
        self.items += 1
        self.types.add(record["type"])
        self.outcomes.add(outcome(record))
        if "total" in record["timings_ms"]:
            self.times.append(record["timings_ms"]["total"])
        score = (record["output"] or {}).get("answerability")
        if isinstance(score, int | float):
            self.scores.setdefault(record["type"], array("d")).append(float(score))
