"""`make`: a suite from any collection."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app.counts import counted
from eval.arguments import DONE, Commands, add_settings, command, given_settings, positive


def add(commands: Commands) -> None:
    make = command(commands, "make", "make a suite from a collection: verified questions, near misses, misquotes", run)
    make.add_argument("out", type=Path, metavar="SUITE.jsonl", help="where the suite goes")
    make.add_argument("--documents", type=Path, metavar="PATH", help="index this first, into a temporary home")
    make.add_argument("--count", type=positive, default=10, metavar="N", help="items of each kind (default: 10)")
    make.add_argument("--kind", action="append", default=[], metavar="KIND", help="only these kinds (repeatable)")
    make.add_argument("--seed", type=int, default=1, metavar="N", help="another choice for each (default: 1)")
    make.add_argument(
        "--review",
        type=Path,
        metavar="FILE",
        help="where items that a person should judge go (default: beside the suite)",
    )
    add_settings(make, llm="let this model write questions, too")


def run(
    out: Path, documents: Path | None, count: int, kind: list[str], seed: int, review: Path | None, **options: Any
) -> int:
    import tempfile
    from contextlib import ExitStack

    from app.assistant import build
    from app.indexer import run_index
    from app.language_models.llm import language_model
    from app.settings import load_settings
    from eval.making.make import make_suite, write_suite

    with ExitStack() as stack:
        settings = load_settings(given_settings(options))
        if documents is not None:
            if "home" not in options:
                home = stack.enter_context(tempfile.TemporaryDirectory(prefix="onrecord-make-"))
                settings = settings.model_copy(update={"home": Path(home)})
            run_index(settings, [documents])
        model = language_model(settings) if settings.llm else None
        # The questions are searched for by the documents alone, whoever writes them.
        assistant = build(settings.model_copy(update={"llm": ""}))
        with assistant.collection:
            made = make_suite(assistant, count, kind, seed, model)
        queue = review or out.with_suffix(".review.jsonl")
        write_suite(made, out, queue)
    listed = ", ".join(f"{name} {number}" for name, number in made.counts().items())
    print(f"{out}: {counted(len(made.items), 'item')} ({listed})")
    print(f"{queue}: {len(made.doubtful)} to be looked at")
    return DONE
