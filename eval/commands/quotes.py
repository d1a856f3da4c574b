"""`quotes`: how the quote desk judges real quotes that were changed, beside its bars."""

from __future__ import annotations

import secrets
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from eval.arguments import DONE, ERROR, Commands, command, line, positive


def add(commands: Commands) -> None:
    quotes = command(commands, "quotes", "check real quotes, changed so that it matters and so that it does not", run)
    where = quotes.add_mutually_exclusive_group(required=True)
    where.add_argument("--documents", type=Path, metavar="PATH", help="index these first, in a folder of its own")
    where.add_argument("--home", type=Path, metavar="DIR", help="an index that is there")
    quotes.add_argument(
        "--attributions",
        type=Path,
        metavar="FILE",
        help="gold speakers: a JSON list with spans of source, cue, content",
    )
    quotes.add_argument("--seed", type=int, default=None, metavar="N", help="of what is drawn (default: a fresh one)")
    quotes.add_argument("--pairs", type=positive, default=1000, metavar="N", help="critical and benign (default: 1000)")
    quotes.add_argument("--part", choices=["all", "even", "odd"], default="all", help="which documents, by their order")
    quotes.add_argument("--misses", action="store_true", help="print what went wrong as well")
    quotes.add_argument("--json", action="store_true", help="print one line of JSON")


def run(
    documents: Path | None,
    home: Path | None,
    attributions: Path | None,
    seed: int | None,
    pairs: int,
    part: str,
    misses: bool,
    json: bool,
) -> int:
    """1 where a bar that was measured does not hold."""
    from app.quotes.desk import QuoteDesk
    from eval.quotes.bank import read_gold
    from eval.quotes.bars import measure, report_of
    from eval.quotes.collections import collection_of, documents_of

    with ExitStack() as stack:
        if home is None:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="onrecord-quotes-")))
        collection = stack.enter_context(collection_of(home, documents))
        chosen = documents_of(collection, part)
        gold = read_gold(attributions, chosen) if attributions else []
        result = measure(
            QuoteDesk(collection),
            chosen,
            gold,
            secrets.randbelow(2**31) if seed is None else seed,
            pairs=pairs,
            progress=lambda said: print(said, file=sys.stderr),
        )
    result["part"] = part
    if json:
        print(line(result))
    else:
        print("\n".join(report_of(result)))
        for name, told in result["misses"].items() if misses else ():
            print("", name, *(f"  {one}" for one in told), sep="\n")
    return DONE if all(one["holds"] is not False for one in result["bars"].values()) else ERROR
