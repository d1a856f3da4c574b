"""What the subcommands share: exit codes, flags that are settings, and one line of JSON."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

DONE, ERROR, USAGE = 0, 1, 2
SHIPPED = Path(__file__).resolve().parent / "suites"
SEEDS = SHIPPED.parent.parent / "seeds"
SETTINGS = ("home", "embed", "llm", "llm_url", "rerank", "reader")  # flags that are settings

Commands = Any  # argparse has no public name for what `add_subparsers` returns


def command(commands: Commands, name: str, about: str, run: Any) -> argparse.ArgumentParser:
    """A subcommand whose options are the arguments of `run`."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=about, description=about)
    parser.set_defaults(command=run)
    return parser


def add_settings(parser: argparse._ActionsContainer, *names: str, llm: str = "let this model write answers") -> None:
    """Flags that are settings; only what is given is there. `llm` says what the model is for."""
    flags = {
        "home": ("DIR", "folder of the index"),
        "embed": ("SPEC", "the embedder, as for onrecord"),
        "llm": ("MODEL", llm),
        "llm_url": ("URL", "its OpenAI-compatible endpoint"),
        "rerank": ("SPEC", "order passages anew, as for onrecord"),
        "reader": ("DIR", "this trained reader says which sentences answer"),
    }
    for name in names or SETTINGS:
        metavar, about = flags[name]
        parser.add_argument(f"--{name.replace('_', '-')}", metavar=metavar, default=argparse.SUPPRESS, help=about)
        if name == "reader":
            parser.add_argument(
                "--no-reader", dest=name, action="store_const", const="", default=argparse.SUPPRESS, help="without one"
            )


def add_judge(parser: argparse._ActionsContainer) -> None:
    """Flags that name a language model as judge."""
    parser.add_argument(
        "--judge", metavar="MODEL", help="let this model take answers apart into claims and judge each, as for --llm"
    )
    parser.add_argument("--judge-url", metavar="URL", help="its OpenAI-compatible endpoint (default: that of --llm)")
    parser.add_argument(
        "--judge-key-env", metavar="NAME", help="the environment variable with its key (default: that of --llm-url)"
    )
    parser.add_argument("--judge-jobs", type=positive, default=4, metavar="N", help="answers at a time (default: 4)")
    parser.add_argument("--judge-price-in", type=float, metavar="MONEY", help="for a million tokens it reads")
    parser.add_argument("--judge-price-out", type=float, metavar="MONEY", help="for a million tokens it writes")


def add_calibration(parser: argparse._ActionsContainer) -> None:
    """The flag that names what is known of a judge."""
    about = "what `calibrate --out` found of the judge, in the place of the calibrations that `calibrate` keeps"
    parser.add_argument("--calibration", type=Path, metavar="FILE", help=about)


def add_suites(parser: argparse._ActionsContainer, about: str = "") -> None:
    """The flag that names suites beside the shipped ones; `about` stands before its help."""
    parser.add_argument(
        "--also",
        nargs=2,
        type=Path,
        action="append",
        default=[],
        metavar=("SUITE", "HOME"),
        help=f"{about}a suite beside the shipped ones, and the index of its collection",
    )


def judging(given: dict[str, Any], flags: dict[str, Any]) -> Any:
    """The `Judging` that the flags ask for; None where they name no judge."""
    from app.settings import load_settings
    from eval.estimate import Prices
    from eval.judges.identity import judging
    from eval.judges.opinions import Judging
    from indexing.errors import UsageError

    others = ("judge_url", "judge_key_env", "judge_price_in", "judge_price_out")
    if given["judge"] is None:
        if wrong := [name for name in others if given[name] is not None]:
            raise UsageError(f"--{wrong[0].replace('_', '-')} is about a judge: name one with --judge MODEL")
        return None
    read, written = given["judge_price_in"], given["judge_price_out"]
    if (read is None) != (written is None):
        raise UsageError("give --judge-price-in and --judge-price-out together")
    settings = judging(load_settings(flags), given["judge"], given["judge_url"], given["judge_key_env"])
    return Judging(settings, given["judge_jobs"], Prices(read, written))


def given_settings(options: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in options.items() if key in SETTINGS}


def unjudged_told(number: int) -> int:
    """Say that a judge did not reply on so many answers; the exit code."""
    import sys

    print(f"error: the judge did not reply on {number} answers; the same command asks them again", file=sys.stderr)
    return ERROR


def positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("give a number of at least 1")
    return value


def seconds(text: str) -> float:
    value = float(text)
    if not value > 0:
        raise argparse.ArgumentTypeError("give a number of seconds above 0")
    return value


def line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
