"""`compare`: two runs of one suite, metric by metric and item by item."""

from __future__ import annotations

from pathlib import Path

from eval.arguments import DONE, Commands, add_calibration, command, line, positive


def add(commands: Commands) -> None:
    compare = command(commands, "compare", "two runs on the same items: differences, and the items that flipped", run)
    compare.add_argument("first", type=Path, metavar="A", help="a run")
    compare.add_argument("second", type=Path, metavar="B", help="another; differences are B less A")
    compare.add_argument(
        "--metric", action="append", default=[], metavar="NAME", help="compare these only (default: the main ones)"
    )
    compare.add_argument("--all", action="store_true", help="compare every metric that both measured")
    compare.add_argument("--flipped", type=positive, default=10, metavar="N", help="items shown (default: 10)")
    add_calibration(compare)
    compare.add_argument("--json", action="store_true", help="print everything as one line of JSON")


def run(
    first: Path, second: Path, metric: list[str], all: bool, flipped: int, calibration: Path | None, json: bool
) -> int:
    from eval.compare import compare
    from eval.metrics import BY_NAME
    from eval.side_by_side import side_by_side
    from indexing.errors import UsageError

    if unknown := [name for name in metric if name not in BY_NAME]:
        raise UsageError(f"there is no metric {unknown[0]!r}; `python -m eval metrics --definitions` lists them")
    result = compare(first, second, list(BY_NAME) if all else metric, calibration)
    print(line(result) if json else side_by_side(result, flipped))
    return DONE
