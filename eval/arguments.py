"""What the subcommands share: exit codes, flags that are settings, and one line of JSON."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

DONE, ERROR, USAGE = 0, 1, 2
SHIPPED = Path(__file__).resolve().parent / "suites"
SEEDS = SHIPPED.parent.parent / "seeds"
SETTINGS = ("home", "embed", "llm", "llm_url", "rerank")  # flags that are settings

Commands = Any  # argparse has no public name for what `add_subparsers` returns


def command(commands: Commands, name: str, about: str, run: Any) -> argparse.ArgumentParser:
    """A subcommand whose options are the arguments of `run`."""
    parser: argparse.ArgumentParser = commands.add_parser(name, help=about, description=about)
    parser.set_defaults(command=run)
    return parser


def add_settings(parser: argparse._ActionsContainer, *names: str) -> None:
    """Flags that are settings; only what is given is there."""
    flags = {
        "home": ("DIR", "folder of the index"),
        "embed": ("SPEC", "the embedder, as for onrecord"),
        "llm": ("MODEL", "let this model write answers"),
        "llm_url": ("URL", "its OpenAI-compatible endpoint"),
        "rerank": ("SPEC", "order passages anew, as for onrecord"),
    }
    for name in names or SETTINGS:
        metavar, about = flags[name]
        parser.add_argument(f"--{name.replace('_', '-')}", metavar=metavar, default=argparse.SUPPRESS, help=about)


def given_settings(options: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in options.items() if key in SETTINGS}


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
