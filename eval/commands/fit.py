"""`fit` and `roc`: fit what refuses questions, and measure what is shipped."""

from __future__ import annotations

import argparse
from pathlib import Path

from app.evidence.understanding import SHIPPED
from eval.arguments import DONE, Commands, add_suites, command, line


def add(commands: Commands) -> None:
    fit = command(
        commands,
        "fit",
        "fit what ranks sentences and refuses questions, on the tuning parts; print its worth on both",
        fit_constants,
    )
    fit.add_argument(
        "--out", type=Path, metavar="FILE", help="write the constants here (app/evidence/answerability.json)"
    )
    fit.add_argument(
        "--keep-ranking",
        action="store_true",
        help="leave what ranks sentences as it is shipped; fit what refuses alone",
    )
    roc = command(
        commands, "roc", "how well the shipped answerability score tells answerable questions from others", measure
    )
    roc.add_argument("--reader", default=SHIPPED, metavar="DIR", help="with the word of this reader, not the shipped")
    roc.add_argument("--no-reader", dest="reader", action="store_const", const="", help="without a reader's word")
    for parser in (fit, roc):
        _add_suites(parser)


def _add_suites(parser: argparse.ArgumentParser) -> None:
    add_suites(parser)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")


def fit_constants(also: list[list[Path]], out: Path | None, keep_ranking: bool, json: bool) -> int:
    from eval.fitting.answers import calibrate as fit
    from eval.fitting.answers import report

    result = fit([(suite, home) for suite, home in also], out, keep_ranking=keep_ranking)
    print(line(result) if json else report(result["worth"]))
    return DONE


def measure(also: list[list[Path]], reader: str, json: bool) -> int:
    from eval.fitting.answers import report, shipped_worth

    rows = shipped_worth([(suite, home) for suite, home in also], reader)
    print(line(rows) if json else report(rows))
    return DONE
