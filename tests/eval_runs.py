"""Small suites and recorded answers for tests of the harness."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

TEXT = "The council closed the bridge. Repairs begin in June. They cost 4 million euros."
ANSWERED = {
    "status": "answered",
    "answer": "Repairs begin in June.",
    "statements": [
        {
            "text": "Repairs begin in June.",
            "citations": [{"file": "a.md", "start": 31, "end": 53, "quote": "Repairs begin in June."}],
        }
    ],
    "retrieved": [{"file": "a.md", "start": 0, "end": len(TEXT), "text": TEXT}],
}
REFUSED = {"status": "refused", "answer": "", "statements": [], "retrieved": []}


def item(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"i{number}",
        "type": "single_fact",
        "question": "When do repairs begin?",
        "answer": "June",
        "evidence": [{"file": "a.md", "quote": "Repairs begin in June."}],
        "cluster": f"c{number % 10}",
        **changes,
    }


def jsonl(path: Path, lines: Iterable[Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def recorded(folder: Path, right: Iterable[bool]) -> tuple[Path, Path]:
    """A suite with an item for each, and answers: right ones, and refusals in the place of wrong ones."""
    chosen = list(right)
    suite = jsonl(folder / "suite.jsonl", [item(number) for number in range(len(chosen))])
    answers = [{"id": f"i{n}", **(ANSWERED if good else REFUSED)} for n, good in enumerate(chosen)]
    return suite, jsonl(folder / "answers.jsonl", answers)
