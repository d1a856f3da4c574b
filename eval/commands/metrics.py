"""`metrics`: the numbers of a run again, from its records alone; and what each metric means."""

from __future__ import annotations

from pathlib import Path

from eval.arguments import DONE, Commands, command, line


def add(commands: Commands) -> None:
    metrics = command(
        commands, "metrics", "compute a run's metrics again from its records.jsonl, or say what they mean", run
    )
    metrics.add_argument(
        "folder", nargs="?", type=Path, metavar="DIR", help="a run; metrics.json in it is written anew"
    )
    metrics.add_argument("--json", action="store_true", help="print them as one line of JSON")
    metrics.add_argument(
        "--calibration", type=Path, metavar="FILE", help="what `calibrate` found: corrects what the judge judged"
    )
    metrics.add_argument("--definitions", action="store_true", help="print the definition page of every metric")


def run(folder: Path | None, json: bool, definitions: bool, calibration: Path | None) -> int:
    from eval.measures.pages import page
    from eval.run import recompute
    from eval.table import table
    from indexing.errors import UsageError

    if definitions == (folder is not None):
        raise UsageError("name the folder of one run, or ask for --definitions")
    if folder is None:
        print(page(), end="")
        return DONE
    metrics = recompute(folder)
    if calibration is not None:
        from eval.judging import correct

        metrics = correct(metrics, calibration)
    print(line(metrics) if json else table(metrics), end="\n" if json else "")
    if calibration is not None and not json:
        from eval.judging import correction_table

        print(correction_table(metrics["judge"]), end="")
    return DONE
