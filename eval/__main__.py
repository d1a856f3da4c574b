"""`python -m eval`: parse, call, print."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from app.commands.arguments import Parser
from eval.arguments import ERROR, USAGE
from eval.commands import (
    bench,
    calibrate,
    compare,
    figures,
    fit,
    gate,
    ground,
    import_suite,
    make,
    metrics,
    quotes,
    report,
    reproduce,
    run,
    suites,
    train,
)

COMMANDS = (  # each with `add(commands)`; a new one is added here
    run,
    suites,
    import_suite,
    metrics,
    report,
    compare,
    gate,
    ground,
    make,
    fit,
    calibrate,
    reproduce,
    quotes,
    train,
    figures,
    bench,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    from indexing.errors import OnrecordError, UsageError

    options = vars(_parser().parse_args(arguments))
    command = options.pop("command")
    try:
        code = int(command(**options))
        sys.stdout.flush()
        return code
    except OnrecordError as error:
        print(f"error: {error}", file=sys.stderr)
        return USAGE if isinstance(error, UsageError) else ERROR
    except BrokenPipeError:  # whoever read, `head` say, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ERROR
    except KeyboardInterrupt:
        print("\nStopped. The records written so far are kept; the same command goes on.", file=sys.stderr)
        return ERROR


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m eval",
        description="Measure answers against suites of questions, and the speed of what makes them.",
        epilog="exit codes: 0 done (run: every item has its answer; gate: it holds), "
        "1 error (run: an item failed; gate: it does not hold), 2 usage",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in COMMANDS:
        module.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
