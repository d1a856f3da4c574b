"""`report`: a run's metrics and its page again, from the records alone."""

from __future__ import annotations

from pathlib import Path

from eval.arguments import DONE, Commands, command


def add(commands: Commands) -> None:
    report = command(commands, "report", "write a run's metrics.json and report.html anew from its records.jsonl", run)
    report.add_argument("folder", type=Path, metavar="DIR", help="a run")


def run(folder: Path) -> int:
    from eval.report import write_report
    from eval.run import recompute

    recompute(folder)
    print(write_report(folder))
    return DONE
