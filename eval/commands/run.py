"""`run`: ask every item of a suite, keep the records, compute the metrics."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.counts import counted
from eval.arguments import (
    DONE,
    ERROR,
    SEEDS,
    SHIPPED,
    Commands,
    add_judge,
    add_settings,
    command,
    given_settings,
    judging,
    line,
    positive,
    seconds,
    unjudged_told,
)

if TYPE_CHECKING:
    from eval.run import Options


REASONS = 5  # for which items failed, that are printed; all are in the records


def add(commands: Commands) -> None:
    parser = command(commands, "run", "ask every item of a suite, and compute the metrics", run)
    parser.add_argument("suite", type=Path, metavar="SUITE", help="JSONL or YAML")
    what = parser.add_argument_group("what is measured")
    what.add_argument(
        "--target",
        default="assistant",
        metavar="TARGET",
        help="assistant (default), http://HOST[:PORT][/PATH], cmd:COMMAND (JSON lines in and out), llamaindex (a plain "
        "pipeline) or llamaindex:MODULE:CALLABLE (a query engine)",
    )
    what.add_argument(
        "--target-key-env", metavar="NAME", help="the environment variable with the token that an http target wants"
    )
    what.add_argument("--answers", type=Path, metavar="FILE", help="score these recorded answers; nothing is asked")
    what.add_argument(
        "--documents",
        type=Path,
        metavar="PATH",
        help="index this first (default: the document sets that the items name; for shipped suites: seeds)",
    )
    add_settings(what)
    what.add_argument("--split", metavar="NAME", help="only the items of this split")
    what.add_argument("--no-history", action="store_true", help="ask follow-ups without what was said before")
    what.add_argument("--baseline", choices=["llamaindex"], help="run this as well, and print it beside")
    add_judge(parser.add_argument_group("a language model as judge, beside the gate"))
    _add_how(parser)


def _add_how(parser: ArgumentParser) -> None:
    how = parser.add_argument_group("how")
    how.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="where the records go; a run broken off is gone on with (default: a new folder in runs/ of the home)",
    )
    how.add_argument("--fresh", action="store_true", help="ask again what the folder already has answers to")
    how.add_argument("--jobs", type=positive, default=1, metavar="N", help="items asked at a time (default: 1)")
    how.add_argument(
        "--timeout", type=seconds, default=300.0, metavar="S", help="seconds an item may take (default: 300)"
    )
    how.add_argument("--retries", type=int, default=1, metavar="N", help="of an item that failed (default: 1)")
    how.add_argument("--cache", type=Path, metavar="DIR", help="keep answers here by question and full configuration")
    how.add_argument("--price-in", type=float, metavar="MONEY", help="for a million tokens read")
    how.add_argument("--price-out", type=float, metavar="MONEY", help="for a million tokens written")
    how.add_argument("--no-gate", action="store_true", help="leave out what the gate judges")
    how.add_argument("--no-report", action="store_true", help="leave out report.html, which holds every item")
    how.add_argument("--dry-run", action="store_true", help="only say how many items there are and what they may cost")
    how.add_argument("--json", action="store_true", help="print the metrics as one line of JSON")


def run(suite: Path, json: bool, dry_run: bool, out: Path | None, baseline: str | None, **given: Any) -> int:
    from dataclasses import replace

    from eval.run import run_suite
    from eval.table import table

    flags = given_settings(given)
    options = replace(_options(suite, given), judging=judging(given, flags))
    said = _estimate(suite, flags, options)
    if dry_run:
        print("\n".join(said))
        return DONE
    if "llm" in flags or options.judging:
        print("\n".join(said), file=sys.stderr)
    run = run_suite(suite, flags=flags, out=out, options=options)
    metrics = run.metrics()
    beside = None
    if baseline:
        print(f"baseline {baseline}:", file=sys.stderr)
        other = replace(options, target=baseline, answers=None)
        beside = run_suite(suite, flags=flags, out=run.folder / f"baseline-{baseline}", options=other).metrics()
    print(line(metrics) if json else table(metrics, beside), end="\n" if json else "")
    print(f"records: {run.folder}", file=sys.stderr)
    if run.failed:
        print(
            f"error: {run.failed} of {counted(run.items, 'item')} failed; the records say why, most often:",
            file=sys.stderr,
        )
        for reason, number in sorted(run.errors.items(), key=lambda one: (-one[1], one[0]))[:REASONS]:
            print(f"  {counted(number, 'item')}: {reason or 'no reason is told'}", file=sys.stderr)
    if run.unjudged:
        unjudged_told(run.unjudged)
    return ERROR if run.failed or run.unjudged else DONE


def _options(suite: Path, given: dict[str, Any]) -> Options:
    from eval.estimate import Prices
    from eval.run import Options
    from indexing.errors import UsageError

    if given["retries"] < 0:
        raise UsageError("--retries takes 0 or more")
    if (given["price_in"] is None) != (given["price_out"] is None):
        raise UsageError("give --price-in and --price-out together")
    key, target = given["target_key_env"], given["target"]
    if key is not None and not target.startswith(("http://", "https://")):
        raise UsageError("--target-key-env is about an http target: name it with --target")
    if key is not None and not os.environ.get(key):
        raise UsageError(f"--target-key-env names {key}, which is not set")
    return Options(
        target=target,
        key=os.environ[key] if key is not None else "",
        answers=given["answers"],
        documents=given["documents"],
        default=SEEDS if suite.resolve().parent == SHIPPED else None,
        split=given["split"],
        gate=not given["no_gate"],
        history=not given["no_history"],
        fresh=given["fresh"],
        jobs=given["jobs"],
        timeout=given["timeout"],
        retries=given["retries"],
        cache=given["cache"],
        prices=Prices(given["price_in"], given["price_out"]),
        report=not given["no_report"],
    )


def _estimate(suite: Path, flags: dict[str, Any], options: Options) -> list[str]:
    from app.settings import load_settings
    from eval.estimate import estimate, estimate_judging
    from eval.suite import load_suite
    from eval.targets.target import OURS

    items = load_suite(suite).part(options.split)
    ours = options.target == OURS and options.answers is None
    said = list(estimate(items, load_settings(flags), options.prices, ours))
    if options.judging is not None:
        said += estimate_judging(len(items), options.judging.settings, options.judging.prices)
    return said
