"""What a report's plots and controls need of all records, in bare numbers, so that a long run takes little memory."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eval.report.items import outcome


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a records.jsonl as they are written, one after the other."""
    with path.open(encoding="utf-8", newline="\n") as stream:
        for line in stream:
            if line.strip():
                yield json.loads(line)


@dataclass(slots=True)
class Spent:
    """What the items of a type took, and how many of those that can be right or wrong came out right."""

    right: int = 0
    wrong: int = 0
    money: float = 0.0
    tokens: float = 0.0
    milliseconds: float = 0.0

    def add(self, record: Mapping[str, Any], became: str) -> None:
        if became not in ("right", "wrong"):
            return
        self.right += became == "right"
        self.wrong += became == "wrong"
        usage = record["output"].get("usage") or {}
        self.money += record.get("cost") or 0.0
        self.tokens += sum(usage.get(key) or 0 for key in ("prompt_tokens", "answer_tokens"))
        self.milliseconds += record["timings_ms"].get("total", 0.0)

    @property
    def items(self) -> int:
        return self.right + self.wrong


class Survey:
    """Of the records that were added."""

    def __init__(self) -> None:
        self.items = 0
        self.types: set[str] = set()
        self.outcomes: set[str] = set()
        self.times = array("d")  # milliseconds
        self.scores: dict[str, array[float]] = {}  # answerability by type
        self.spent: dict[str, Spent] = {}  # by type

    def add(self, record: Mapping[str, Any]) -> None:
        self.items += 1
        self.types.add(record["type"])
        became = outcome(record)
        self.outcomes.add(became)
        self.spent.setdefault(record["type"], Spent()).add(record, became)
        if "total" in record["timings_ms"]:
            self.times.append(record["timings_ms"]["total"])
        score = (record["output"] or {}).get("answerability")
        if isinstance(score, int | float):
            self.scores.setdefault(record["type"], array("d")).append(float(score))
