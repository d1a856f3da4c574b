"""`python -m eval`: parse, call, print. What a command needs is imported by that command, so `--help` is quick."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

DONE, ERROR, USAGE = 0, 1, 2
SHIPPED = Path(__file__).resolve().parent / "suites"
SEEDS = SHIPPED.parent.parent / "seeds"
SETTINGS = ("home", "embed", "llm", "llm_url")  # flags that are settings


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    from indexing.errors import OnrecordError, UsageError

    options = vars(_parser().parse_args(arguments))
    command = options.pop("command")
    try:
        return int(command(**options))
    except OnrecordError as error:
        print(f"error: {error}", file=sys.stderr)
        return USAGE if isinstance(error, UsageError) else ERROR
    except KeyboardInterrupt:
        print("\nStopped. The records written so far are kept.", file=sys.stderr)
        return ERROR


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m eval",
        description="Measure answers against suites of questions, and the speed of what makes them.",
        epilog="exit codes: 0 done (run: every item has its answer), 1 error (run: an item failed), 2 usage",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_run(commands)
    suites = commands.add_parser("suites", help="check suites (by default the shipped ones) and count their items")
    suites.add_argument("files", nargs="*", type=Path, metavar="FILE")
    suites.set_defaults(command=suites_command)
    benches = commands.add_parser("bench", help="measure speed").add_subparsers(required=True, metavar="WHAT")
    _add_bench_index(benches)
    _add_bench_ask(benches)
    _add_bench_scale(benches)
    return parser


def _add_run(commands: Any) -> None:
    run = commands.add_parser("run", help="ask every item of a suite, and compute the metrics")
    run.add_argument("suite", type=Path, metavar="SUITE.jsonl")
    run.add_argument(
        "--documents", type=Path, metavar="PATH", help="index this first (default for shipped suites: seeds)"
    )
    run.add_argument("--out", type=Path, metavar="DIR", help="where the records go (default: runs/ in the home)")
    run.add_argument("--split", metavar="NAME", help="only the items of this split")
    run.add_argument("--json", action="store_true", help="print the metrics as one line of JSON")
    run.add_argument("--home", metavar="DIR", default=argparse.SUPPRESS, help="folder of the index")
    run.add_argument("--embed", metavar="SPEC", default=argparse.SUPPRESS, help="the embedder, as for onrecord")
    run.add_argument("--llm", metavar="MODEL", default=argparse.SUPPRESS, help="let this model write answers")
    run.add_argument("--llm-url", metavar="URL", default=argparse.SUPPRESS, help="its OpenAI-compatible endpoint")
    run.set_defaults(command=run_command)


def _add_bench_index(benches: Any) -> None:
    index = benches.add_parser("index", help="indexing speed, beside LlamaIndex with Chroma and the same model")
    index.add_argument("folder", type=Path, metavar="FOLDER")
    index.add_argument("--files", type=_positive, default=300, metavar="N", help="the first N files (default: 300)")
    index.add_argument(
        "--rounds", type=_positive, default=1, metavar="N", help="runs of each, taking turns (default: 1)"
    )
    index.add_argument(
        "--embed-threads",
        type=int,
        default=0,
        metavar="N",
        help="of LlamaIndex's session (default: onnxruntime's own, all cores)",
    )
    index.add_argument("--json", action="store_true", help="print one line of JSON")
    index.set_defaults(command=bench_index_command)


def _add_bench_ask(benches: Any) -> None:
    ask = benches.add_parser("ask", help="time of an extractive answer, warm, inside this process")
    ask.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="documents to index first")
    ask.add_argument("--home", metavar="DIR", default=argparse.SUPPRESS, help="folder of an index that is there")
    ask.add_argument(
        "--questions", type=Path, required=True, metavar="FILE", help="a suite; only its questions are used"
    )
    ask.add_argument("--rounds", type=_positive, default=3, metavar="N", help="times that each is asked (default: 3)")
    ask.add_argument("--json", action="store_true", help="print one line of JSON")
    ask.set_defaults(command=bench_ask_command)


def _add_bench_scale(benches: Any) -> None:
    scale = benches.add_parser("scale", help="build and search a synthetic collection, with and without filters")
    scale.add_argument("--chunks", type=_positive, default=100_000, metavar="N", help="how many (default: 100000)")
    scale.add_argument(
        "--queries", type=_positive, default=200, metavar="N", help="searches timed with each filter (default: 200)"
    )
    scale.add_argument("--seed", type=int, default=1, metavar="N", help="another collection for each (default: 1)")
    scale.add_argument("--json", action="store_true", help="print one line of JSON")
    scale.set_defaults(command=bench_scale_command)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("give a number of at least 1")
    return value


def _flags(options: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in options.items() if key in SETTINGS}


def run_command(
    suite: Path, documents: Path | None, out: Path | None, split: str | None, json: bool, **options: Any
) -> int:
    from eval.run import run_suite
    from eval.table import table

    flags = _flags(options)
    if documents is None and "home" not in flags and suite.resolve().parent == SHIPPED:
        documents = SEEDS
    run = run_suite(suite, flags=flags, documents=documents, out=out, split=split)
    metrics = run.metrics()
    print(_line(metrics) if json else table(metrics), end="\n" if json else "")
    print(f"records: {run.folder}", file=sys.stderr)
    if run.failed:
        print(f"error: {run.failed} of {len(run.records)} items failed; the records say why", file=sys.stderr)
    return ERROR if run.failed else DONE


def suites_command(files: list[Path]) -> int:
    from eval.suite import load_suite

    for path in files or sorted(SHIPPED.glob("*.jsonl")):
        suite = load_suite(path)
        types = sorted({item.type for item in suite.items})
        counts = ", ".join(f"{name} {sum(item.type == name for item in suite.items)}" for name in types)
        print(f"{path}: {len(suite.items)} items ({counts})")
    return DONE


def bench_index_command(folder: Path, files: int, rounds: int, embed_threads: int, json: bool) -> int:
    from eval.bench import bench_index, index_report

    result = bench_index(folder, files, rounds, embed_threads)
    print(_line(result) if json else index_report(result))
    return DONE


def bench_ask_command(folder: Path | None, questions: Path, rounds: int, json: bool, **options: Any) -> int:
    from eval.bench import ask_report, bench_ask

    result = bench_ask(folder, questions, rounds, _flags(options))
    print(_line(result) if json else ask_report(result))
    return DONE


def bench_scale_command(chunks: int, queries: int, seed: int, json: bool) -> int:
    from eval.bench_scale import bench_scale, scale_report

    result = bench_scale(chunks, queries, seed)
    print(_line(result) if json else scale_report(result))
    return DONE


def _line(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


if __name__ == "__main__":
    sys.exit(main())
