"""`metrics`: the numbers of a run again, from its records alone; and what each metric means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from eval.arguments import DONE, Commands, add_calibration, add_judge, command, judging, line, unjudged_told


def add(commands: Commands) -> None:
    metrics = command(
        commands, "metrics", "compute a run's metrics again from its records.jsonl, or say what they mean", run
    )
    metrics.add_argument(
        "folder", nargs="?", type=Path, metavar="DIR", help="a run; metrics.json in it is written anew"
    )
    metrics.add_argument("--json", action="store_true", help="print them as one line of JSON")
    add_calibration(metrics)
    add_judge(metrics.add_argument_group("a language model as judge; its verdicts are kept in the records"))
    metrics.add_argument("--definitions", action="store_true", help="print the definition page of every metric")


def run(folder: Path | None, json: bool, definitions: bool, calibration: Path | None, **given: Any) -> int:
    from eval.judges.opinions import judge_records
    from eval.measures.pages import page
    from eval.run import recompute
    from eval.table import table
    from indexing.errors import UsageError

    if definitions == (folder is not None):
        raise UsageError("name the folder of one run, or ask for --definitions")
    if folder is None:
        print(page(), end="")
        return DONE
    asked = judging(given, {})
    unjudged = judge_records(folder, asked) if asked is not None else 0
    metrics = recompute(folder, calibration)
    print(line(metrics) if json else table(metrics), end="\n" if json else "")
    return unjudged_told(unjudged) if unjudged else DONE
