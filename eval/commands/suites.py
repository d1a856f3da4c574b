"""`suites`: check suites, count their items, print the schemas."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from app.counts import counted
from eval.arguments import DONE, SHIPPED, Commands, command


def add(commands: Commands) -> None:
    suites = command(commands, "suites", "check suites (by default the shipped ones) and count their items", run)
    suites.add_argument("files", nargs="*", type=Path, metavar="FILE")
    suites.add_argument(
        "--schema",
        action="store_true",
        help="print the JSON Schemas of an item of a suite, of a recorded answer and of a record",
    )


def run(files: list[Path], schema: bool) -> int:
    from pydantic import BaseModel

    from eval.records import Record, RecordedAnswer
    from eval.suite import Item, load_suite, unread_keys

    if schema:
        models: dict[str, type[BaseModel]] = {"item": Item, "recorded_answer": RecordedAnswer, "record": Record}
        print(json.dumps({name: model.model_json_schema() for name, model in models.items()}, indent=1))
        return DONE
    for path in files or sorted(SHIPPED.glob("*.jsonl")):
        suite = load_suite(path)
        suite.documents()
        types: Counter[str] = Counter(item.type for item in suite.items)
        counts = ", ".join(f"{name} {number}" for name, number in sorted(types.items()))
        clusters = len({item.group for item in suite.items})
        print(f"{path}: {counted(len(suite.items), 'item')} ({counts}); {counted(clusters, 'cluster')}")
        if unread := ", ".join(f"{key} ({counted(number, 'item')})" for key, number in unread_keys(path).items()):
            print(f"  keys that nothing reads: {unread}")
    return DONE
