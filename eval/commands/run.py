"""`run`: ask every item of a suite, keep the records, compute the metrics."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from eval.arguments import DONE, ERROR, SEEDS, SHIPPED, Commands, add_settings, command, given_settings, line


def add(commands: Commands) -> None:
    parser = command(commands, "run", "ask every item of a suite, and compute the metrics", run)
    parser.add_argument("suite", type=Path, metavar="SUITE", help="JSONL or YAML")
    parser.add_argument(
        "--documents",
        type=Path,
        metavar="PATH",
        help="index this first (default: the document sets that the items name; for shipped suites: seeds)",
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="where the records go (default: runs/ in the home)")
    parser.add_argument("--split", metavar="NAME", help="only the items of this split")
    parser.add_argument("--no-gate", action="store_true", help="leave out what the gate judges")
    parser.add_argument("--json", action="store_true", help="print the metrics as one line of JSON")
    add_settings(parser)


def run(
    suite: Path,
    documents: Path | None,
    out: Path | None,
    split: str | None,
    no_gate: bool,
    json: bool,
    **options: Any,
) -> int:
    from eval.run import run_suite
    from eval.table import table

    flags = given_settings(options)
    default = SEEDS if suite.resolve().parent == SHIPPED else None
    run = run_suite(suite, flags=flags, documents=documents, default=default, out=out, split=split, gate=not no_gate)
    metrics = run.metrics()
    print(line(metrics) if json else table(metrics), end="\n" if json else "")
    print(f"records: {run.folder}", file=sys.stderr)
    if run.failed:
        print(f"error: {run.failed} of {run.items} items failed; the records say why", file=sys.stderr)
    return ERROR if run.failed else DONE
