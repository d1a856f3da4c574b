"""`figures`: what the README says about our suites, measured anew."""

from __future__ import annotations

from pathlib import Path

from eval.arguments import DONE, Commands, command


def add(commands: Commands) -> None:
    figures = command(commands, "figures", "run the shipped suites and print the README's table of them", run)
    figures.add_argument("--write", type=Path, metavar="FILE", help="put the table in its place in this document")


def run(write: Path | None) -> int:
    from eval import figures

    found = figures.figures()
    print(found, end="")
    if write is not None:
        figures.write(write, found)
    return DONE
