"""`bench index` and `bench ask`: what is measured, in which order, and how it is told."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from app.assistant import Assistant, build
from app.evidence.understanding import Reading, reading
from app.indexer import run_index
from app.settings import Settings, load_settings
from eval.benchmarks.embedding import OURS, TORCH, against_torch, told
from eval.benchmarks.machine import describe, machine, quantiles
from eval.configuration import ROOT, versions
from eval.suite import Item, load_suite
from indexing.errors import OnrecordError
from indexing.files import visible_files
from indexing.load import READERS

THEIRS = "llama_index"
SENTENCES, WORDS = 24, 50  # read beside a question at once; of both together: about 70 tokens
TIMED = {
    "whole answer": "ask_ms",
    "to sources": "sources_ms",
    f"reader: {SENTENCES} short sentences": "pairs_ms",
    "reader: claim and 3 sentences": "claim_ms",
}


def bench_index(folder: Path, count: int, rounds: int, threads: int, times: int) -> dict[str, Any]:
    """Index the same files with ours and with LlamaIndex, each in a fresh process, taking turns in who goes first.

    Then our memory at so many files and at `times` as many (0: left out), and sentence-transformers if it is there.
    """
    facts = machine()
    results: dict[str, list[dict[str, Any]]] = {OURS: [], THEIRS: []}
    with tempfile.TemporaryDirectory(prefix="onrecord-bench-") as name:
        work = Path(name)
        files = _copy(folder, work / "files", count)
        for number in range(rounds):
            for who in (OURS, THEIRS) if number % 2 == 0 else (THEIRS, OURS):
                print(f"round {number + 1} of {rounds}: {who}, {len(files)} files", file=sys.stderr)
                results[who].append(_measured(who, work / "files", work / f"{who}-{number}", threads))
        extra = {"memory": _growth(work, times) if times else None, TORCH: against_torch(work / "files")}
    return {"machine": facts, "versions": versions(), "files": len(files), **results, **_compare(results), **extra}


def _growth(work: Path, times: int) -> dict[str, Any]:
    """Peak memory over the files, and over `times` as many: each file with a line of its own at the end."""
    many = work / "many"
    for file in [*(work / "files").rglob("*")]:
        for number in range(times) if file.is_file() else ():
            copy = many / str(number) / file.relative_to(work / "files")
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes() + f"\n\nEdition {number} of {file.name}.\n".encode())
    print(f"memory: the same files, and {times} times as many", file=sys.stderr)
    once, more = (_measured("memory", work / name, work / f"memory-{name}", 0) for name in ("files", "many"))
    return {"once": once, "more": more, "times": times, "growth_mb": more["peak_mb"] - once["peak_mb"]}


def _copy(folder: Path, target: Path, count: int) -> list[Path]:
    """The first files of a folder that can be indexed, below one new folder (an edit is tried on one of them)."""
    if not folder.is_dir():
        raise OnrecordError(f"{folder} is not a folder; give one with documents in it")
    files = [file for file in visible_files(folder) if file.suffix.lower() in READERS][:count]
    if not files:
        raise OnrecordError(f"there is nothing to index in {folder}")
    for file in files:
        copy = target / file.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    return files


def _measured(who: str, files: Path, home: Path, threads: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "eval.benchmarks.index", who, str(files), str(home), str(threads)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise OnrecordError(f"the measurement of {who} ended with code {done.returncode}; its own words are above")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _compare(results: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Medians over the rounds. `ratio` counts chunk vectors per second and leaves the time of sentence vectors out.

    `ratio_of_processor_time` is the same per second of processor time, which other programs disturb less.
    """

    def median(who: str, key: str) -> float:
        return float(statistics.median(result[key] for result in results[who]))

    theirs = median(THEIRS, "chunks_per_second")
    ours_busy = median(OURS, "cpu_seconds") * median(OURS, "chunks_per_second")
    ours_busy /= median(OURS, "chunks_per_second_without_sentences")  # sentences take their share of it
    per_busy_second = median(OURS, "chunks") / ours_busy, median(THEIRS, "chunks") / median(THEIRS, "cpu_seconds")
    return {
        "ratio": round(median(OURS, "chunks_per_second_without_sentences") / theirs, 3),
        "ratio_of_processor_time": round(per_busy_second[0] / per_busy_second[1], 3),
        "ratio_with_sentences": round(median(OURS, "chunks_per_second") / theirs, 3),
        "unchanged_times_faster": round(median(OURS, "seconds") / median(OURS, "unchanged_seconds"), 1),
        "edit_over_embedding": round(median(OURS, "edit_over_embedding"), 2),
    }


def index_report(result: dict[str, Any]) -> str:
    """The result for people."""
    lines = [describe(result["machine"]), _versions(result), f"n = {result['files']} files", ""]
    for ours, theirs in zip(result[OURS], result[THEIRS], strict=True):
        lines += [_told(OURS, ours), *_told_of_ours(ours), _told(THEIRS, theirs), ""]
    return "\n".join(
        (
            *lines,
            "chunk vectors per second, ours over LlamaIndex:",
            f"  {result['ratio']:.2f} with the time of sentence vectors apart",
            f"  {result['ratio_of_processor_time']:.2f} the same, per second of processor time",
            f"  {result['ratio_with_sentences']:.2f} with that time counted in",
            f"unchanged again: {result['unchanged_times_faster']:.0f} times faster than indexing",
            f"an edited article: {result['edit_over_embedding']:.2f} times its embedding (chunks and sentences)",
            *_told_of_memory(result["memory"]),
            told(result[TORCH]),
        )
    )


def _told_of_memory(found: dict[str, Any] | None) -> tuple[str, ...]:
    if found is None:
        return ()
    once, more = found["once"], found["more"]
    told = f"{once['peak_mb']:.0f} MB at {once['documents']} documents, {more['peak_mb']:.0f} MB at {more['documents']}"
    return (
        f"peak memory: {told}, so {found['growth_mb']:.0f} MB more at {found['times']} times as many",
        "  (measured apart: after the first batch vectors come from a cheap sum, so that the larger run ends today)",
    )


def _told(who: str, one: dict[str, Any]) -> str:
    return (
        f"{who:<12}{one['chunks']} chunks of {one['tokens_per_chunk']:.0f} tokens in {one['seconds']:.1f} s "
        f"({one['cpu_seconds']:.1f} s of processor time): {one['chunks_per_second']:.1f} chunks/s; "
        f"peak memory {one['peak_mb']:.0f} MB"
    )


def _told_of_ours(one: dict[str, Any]) -> tuple[str, ...]:
    stages = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in one["stages"].items())
    edit, embedding, chunks = (one[f"edit_{key}"] * 1000 for key in ("seconds", "embedding_seconds", "chunks_seconds"))
    return (
        f"  without its {one['sentences']} sentence vectors: {one['chunks_per_second_without_sentences']:.1f} chunks/s",
        f"  seconds by stage: {stages}",
        f"  unchanged again: {one['unchanged_seconds'] * 1000:.0f} ms",
        f"  an edited article: {edit:.0f} ms, where its embedding takes {embedding:.0f} ms (of chunks {chunks:.0f} ms)",
    )


def bench_ask(folder: Path | None, questions: Path, rounds: int, flags: dict[str, Any]) -> dict[str, Any]:
    """Milliseconds per extractive answer after a round that is not counted, and until its sources are shown.

    With the reader that is set and without one; and how many answers a second threads get that never pause.
    """
    items = load_suite(questions).items
    with ExitStack() as stack:
        if folder is not None and "home" not in flags:
            flags = {**flags, "home": stack.enter_context(tempfile.TemporaryDirectory(prefix="onrecord-bench-"))}
        settings = load_settings({**flags, "llm": ""})
        if folder is not None:
            run_index(settings, [folder])
        found = {name: _asked(settings, name, items, rounds) for name in dict.fromkeys((settings.reader, ""))}
        with build(settings).collection as collection:
            size = {
                "documents": collection.catalogue.count_documents(),
                "passages": collection.catalogue.count_chunks(),
            }
    return {
        "machine": machine(),
        "versions": versions(),
        "collection": size,
        "questions": len(items),
        "rounds": rounds,
        "readers": found,
        **found[settings.reader],
    }


def _asked(settings: Settings, reader: str, items: Sequence[Item], rounds: int) -> dict[str, Any]:
    assistant = build(settings.model_copy(update={"reader": reader}))
    with assistant.collection:
        _round(assistant, items)
        timed = [pair for _ in range(rounds) for pair in _round(assistant, items)]
        threads = os.cpu_count() or 1
        began = time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            asked = sum(len(each) for each in pool.map(lambda _: _round(assistant, items), range(threads)))
        taken = time.perf_counter() - began
        read = _read(assistant, reading(reader), items) if reader else {}
    return {
        "ask_ms": quantiles([whole for whole, _ in timed]),
        "sources_ms": quantiles([sources for _, sources in timed]),
        "asks_per_second": round(asked / taken, 2),
        **read,
    }


def _read(assistant: Assistant, reader: Reading, items: Sequence[Item]) -> dict[str, Any]:
    """The reader alone, on what is found for each item: a question beside so many sentences, a claim beside three."""
    pairs, claims = [], []
    for item in items:
        query, found = assistant.look_up(item.question)
        texts = [one.visible(hit.passage.document.text) for hit in found.hits for one in hit.passage.sentences]
        room = WORDS - len(query.question.split())
        short = [text for text in texts if len(text.split()) <= room][:SENTENCES]
        if len(short) == SENTENCES:
            pairs.append(_milliseconds(partial(reader.reads, query.question, short, [""] * SENTENCES)))
        if len(texts) > 3:
            claims.append(_milliseconds(partial(reader.supports, texts[3], texts[:3])))
    return {key: quantiles(times) for key, times in (("pairs_ms", pairs), ("claim_ms", claims)) if times}


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _round(assistant: Assistant, items: Sequence[Item]) -> list[tuple[float, float]]:
    """Every question once: `(milliseconds of the whole call, milliseconds to the sources)`."""
    timed = []
    for item in items:
        began = time.perf_counter()
        answer = assistant.ask(item.question, item.turns())
        timed.append(((time.perf_counter() - began) * 1000, answer.timings["sources"]))
    return timed


def ask_report(result: dict[str, Any]) -> str:
    """The result for people."""
    size = result["collection"]
    lines = [
        describe(result["machine"]),
        _versions(result),
        f"{size['documents']} documents, {size['passages']} passages",
        f"{result['questions']} questions, {result['rounds']} rounds after a warm one, n = {result['ask_ms']['n']}",
        "",
    ]
    for reader, found in result["readers"].items():
        lines.append(f"with the reader {reader}:" if reader else "without a reader:")
        for name, key in TIMED.items():
            if times := found.get(key):
                lines.append(
                    f"  {name:<29} p50 {times['p50']:7.1f} ms   p95 {times['p95']:7.1f} ms   max {times['max']:7.1f} ms"
                )
        lines.append(f"  at saturation {found['asks_per_second']:.1f} answers/s")
    return "\n".join(lines)


def _versions(result: dict[str, Any]) -> str:
    return ", ".join(f"{name} {version}" for name, version in result["versions"].items())
