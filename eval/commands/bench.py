"""`bench`: measure speed, and what statistics promise. Each bench is a pair of functions below."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from eval.arguments import DONE, Commands, add_settings, command, given_settings, line, positive


def add(commands: Commands) -> None:
    parser = commands.add_parser("bench", help="measure speed, and what the statistics promise")
    benches = parser.add_subparsers(required=True, metavar="WHAT")
    for bench in BENCHES:
        bench(benches)


def add_index(benches: Commands) -> None:
    index = command(benches, "index", "indexing speed, beside LlamaIndex with Chroma and the same model", run_index)
    index.add_argument("folder", type=Path, metavar="FOLDER")
    index.add_argument("--files", type=positive, default=300, metavar="N", help="the first N files (default: 300)")
    index.add_argument(
        "--rounds", type=positive, default=1, metavar="N", help="runs of each, taking turns (default: 1)"
    )
    index.add_argument(
        "--embed-threads",
        type=int,
        default=0,
        metavar="N",
        help="of LlamaIndex's session (default: onnxruntime's own, all cores)",
    )
    index.add_argument(
        "--times",
        type=int,
        default=10,
        metavar="N",
        help="memory is also told at N times as many files (default: 10; 0: not)",
    )
    index.add_argument("--json", action="store_true", help="print one line of JSON")


def run_index(folder: Path, files: int, rounds: int, embed_threads: int, times: int, json: bool) -> int:
    from eval.benchmarks.bench import bench_index, index_report

    result = bench_index(folder, files, rounds, embed_threads, times)
    print(line(result) if json else index_report(result))
    return DONE


def add_ask(benches: Commands) -> None:
    ask = command(benches, "ask", "time of an extractive answer, warm, inside this process", run_ask)
    ask.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="documents to index first")
    add_settings(ask, "home")
    ask.add_argument(
        "--questions", type=Path, required=True, metavar="FILE", help="a suite; only its questions are used"
    )
    ask.add_argument("--rounds", type=positive, default=3, metavar="N", help="times that each is asked (default: 3)")
    ask.add_argument("--json", action="store_true", help="print one line of JSON")


def run_ask(folder: Path | None, questions: Path, rounds: int, json: bool, **options: Any) -> int:
    from eval.benchmarks.bench import ask_report, bench_ask

    result = bench_ask(folder, questions, rounds, given_settings(options))
    print(line(result) if json else ask_report(result))
    return DONE


def add_scale(benches: Commands) -> None:
    scale = command(benches, "scale", "build and search a synthetic collection, with and without filters", run_scale)
    scale.add_argument("--chunks", type=positive, default=100_000, metavar="N", help="how many (default: 100000)")
    scale.add_argument(
        "--queries", type=positive, default=200, metavar="N", help="searches timed with each filter (default: 200)"
    )
    scale.add_argument("--seed", type=int, default=1, metavar="N", help="another collection for each (default: 1)")
    scale.add_argument(
        "--keep", type=Path, metavar="DIR", help="build here and keep it; a build that was broken off goes on"
    )
    scale.add_argument("--json", action="store_true", help="print one line of JSON")


def run_scale(chunks: int, queries: int, seed: int, keep: Path | None, json: bool) -> int:
    from eval.benchmarks.scale import bench_scale, scale_report

    result = bench_scale(chunks, queries, seed, keep)
    print(line(result) if json else scale_report(result))
    return DONE


def add_intervals(benches: Commands) -> None:
    intervals = command(
        benches,
        "intervals",
        "coverage of the 95 %% intervals and false alarms of compare, on simulated runs",
        run_intervals,
    )
    intervals.add_argument(
        "--simulations", type=positive, default=2000, metavar="N", help="of each kind of run (default: 2000)"
    )
    intervals.add_argument("--seed", type=int, default=1, metavar="N", help="of the simulated runs (default: 1)")
    intervals.add_argument("--json", action="store_true", help="print one line of JSON")


def run_intervals(simulations: int, seed: int, json: bool) -> int:
    from eval.benchmarks.intervals import bench_intervals, intervals_report

    result = bench_intervals(simulations, seed)
    print(line(result) if json else intervals_report(result))
    return DONE


def add_quotes(benches: Commands) -> None:
    quotes = command(
        benches,
        "quotes",
        "time of a 40-quote draft, warm; with --documents N of quotes in N synthetic ones",
        run_quotes,
    )
    quotes.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="documents to index first")
    quotes.add_argument("--home", type=Path, default=None, metavar="DIR", help="an index that is there")
    quotes.add_argument("--documents", type=positive, default=None, metavar="N", help="synthetic documents instead")
    quotes.add_argument(
        "--keep", type=Path, metavar="DIR", help="build them here and keep them; a build that was broken off goes on"
    )
    quotes.add_argument("--rounds", type=positive, default=10, metavar="N", help="drafts timed (default: 10)")
    quotes.add_argument("--queries", type=positive, default=200, metavar="N", help="quotes of a kind (default: 200)")
    quotes.add_argument("--seed", type=int, default=1, metavar="N", help="of what is drawn (default: 1)")
    quotes.add_argument("--json", action="store_true", help="print one line of JSON")


def run_quotes(
    folder: Path | None,
    home: Path | None,
    documents: int | None,
    keep: Path | None,
    rounds: int,
    queries: int,
    seed: int,
    json: bool,
) -> int:
    from eval.benchmarks.quotes import bench_draft, bench_synthetic, draft_report, synthetic_report
    from indexing.errors import UsageError

    if sum(one is not None for one in (folder, home, documents)) != 1:
        raise UsageError("give a FOLDER to index, --home DIR, or --documents N")
    if documents is not None:
        result = bench_synthetic(documents, queries, seed, keep)
        print(line(result) if json else synthetic_report(result))
    else:
        result = bench_draft(folder, home, rounds, seed)
        print(line(result) if json else draft_report(result))
    return DONE


def add_harness(benches: Commands) -> None:
    harness = command(benches, "harness", "time and memory of the harness itself, over recorded answers", run_harness)
    harness.add_argument(
        "--items", type=positive, default=10_000, metavar="N", help="recorded answers (default: 10000)"
    )
    harness.add_argument("--gate", action="store_true", help="let the gate judge their statements too")
    harness.add_argument("--seed", type=int, default=1, metavar="N", help="other answers for each (default: 1)")
    harness.add_argument("--json", action="store_true", help="print one line of JSON")


def run_harness(items: int, gate: bool, seed: int, json: bool) -> int:
    from eval.benchmarks.harness import bench_harness, harness_report

    result = bench_harness(items, gate, seed)
    print(line(result) if json else harness_report(result))
    return DONE


def add_load(benches: Commands) -> None:
    load = command(benches, "load", "readers at a real server over HTTP, what it can take, and a slow model", run_load)
    load.add_argument("--home", type=Path, required=True, metavar="DIR", help="an index; no chat may have it open")
    load.add_argument(
        "--questions", type=Path, required=True, metavar="FILE", help="a suite; only its questions are used"
    )
    load.add_argument("--readers", type=positive, default=50, metavar="N", help="at the same time (default: 50)")
    load.add_argument("--seconds", type=positive, default=300, metavar="N", help="for how long (default: 300)")
    load.add_argument("--every", type=positive, default=10, metavar="N", help="seconds between questions (default: 10)")
    load.add_argument(
        "--streams", type=int, default=20, metavar="N", help="conversations with a slow model (default: 20)"
    )
    load.add_argument(
        "--saturate", type=int, default=20, metavar="N", help="seconds without pauses (default: 20; 0: none)"
    )
    load.add_argument("--seed", type=int, default=1, metavar="N", help="other moments and questions (default: 1)")
    load.add_argument("--json", action="store_true", help="print one line of JSON")


def run_load(
    home: Path,
    questions: Path,
    readers: int,
    seconds: int,
    every: int,
    streams: int,
    saturate: int,
    seed: int,
    json: bool,
) -> int:
    from eval.benchmarks.load import bench_load, load_report

    result = bench_load(home, questions, readers, seconds, every, streams, saturate, seed)
    print(line(result) if json else load_report(result))
    return DONE


def add_page(benches: Commands) -> None:
    page = command(benches, "page", "how soon the page and its sources are there, in a real Chromium", run_page)
    page.add_argument("--home", type=Path, required=True, metavar="DIR", help="folder of the index")
    page.add_argument("--questions", type=Path, required=True, metavar="FILE", help="a suite; its questions are used")
    page.add_argument("--visits", type=positive, default=20, metavar="N", help="one question each (default: 20)")
    page.add_argument("--json", action="store_true", help="print one line of JSON")


def run_page(home: Path, questions: Path, visits: int, json: bool) -> int:
    from eval.benchmarks.page import bench_page, page_report

    result = bench_page(questions, visits, home)
    print(line(result) if json else page_report(result))
    return DONE


BENCHES = (
    add_index,
    add_ask,
    add_page,
    add_scale,
    add_quotes,
    add_intervals,
    add_harness,
    add_load,
)
