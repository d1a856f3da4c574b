"""`bench quotes`: how long a draft takes on a real collection, and single quotes on a synthetic one of any size."""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from app.quotes.desk import QuoteDesk
from app.quotes.draft import check_draft, draft_of
from eval.benchmarks.machine import describe, machine, memory_mb, quantiles
from eval.benchmarks.scale import BATCH, World
from eval.configuration import versions
from eval.quotes.bank import PART, Base, bases_of
from eval.quotes.changes import CRITICAL
from eval.quotes.collections import NoMeaning, collection_of, documents_of
from indexing.collection import Collection, now
from indexing.errors import OnrecordError
from indexing.schema import Changes

QUOTES = 40  # in the draft
WARM = 10  # quotes before those that are timed
SHORTEST, LONGEST = 8, 25  # words of a synthetic quote


def bench_draft(documents: Path | None, home: Path | None, rounds: int, seed: int) -> dict[str, Any]:
    """Milliseconds of a whole draft of 40 quotes, every second one altered, after one draft of other quotes."""
    rng = random.Random(seed)
    facts = machine()
    with (
        tempfile.TemporaryDirectory(prefix="onrecord-bench-") as name,
        collection_of(home or Path(name), documents) as collection,
    ):
        every = documents_of(collection)
        bases = bases_of(every) or bases_of(every, PART)
        if not bases:
            raise OnrecordError("there is no quote of eight words in these documents; give others")
        desk = QuoteDesk(collection)
        check_draft(desk.check, draft_of(_draft(bases, rng)))
        timed, checked = [], 0
        for _ in range(rounds):
            text = _draft(bases, rng)
            began = time.perf_counter()
            report = check_draft(desk.check, draft_of(text))
            timed.append((time.perf_counter() - began) * 1000)
            checked += sum(one.verdict is not None for one in report.checked)
    return {"machine": facts, "versions": versions(), "documents": len(every), "quotes": checked, **quantiles(timed)}


def _draft(bases: Sequence[Base], rng: random.Random) -> str:
    lines = []
    for number in range(QUOTES):
        text = rng.choice(bases).text
        changes = [make(text, rng) for make in CRITICAL.values()] if number % 2 else []
        made = [change.text for change in changes if change is not None]
        lines.append(f"They spoke of it again on day {number}. “{rng.choice(made) if made else text}”")
    return "\n\n".join(lines)


def bench_synthetic(count: int, queries: int, seed: int, folder: Path | None = None) -> dict[str, Any]:
    """Milliseconds of exact and of altered quotes, each with the share that was found in its document.

    Built in a temporary folder, or in one that is kept, where a build that was broken off goes on.
    """
    facts, world, rng = machine(), World(count * 10, seed), random.Random(seed)
    with ExitStack() as stack:
        home = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="onrecord-bench-")))
        began = time.perf_counter()
        with Collection(home, NoMeaning(), create=True) as collection:
            there = collection.count()
            _build(collection, world, count)
        seconds = time.perf_counter() - began
        with Collection(home, NoMeaning()) as collection:
            keys = [entry[0] for entry in collection.catalogue.query("SELECT id FROM documents")]
            load = machine()["load"]
            timed = {kind: _timed(collection, keys, kind, queries, rng) for kind in ("exact", "altered")}
            size = sum(file.stat().st_size for file in home.rglob("*") if file.is_file()) / 1e6
            memory = memory_mb()
    built = {"documents": len(keys), "there_before": there, "build_seconds": seconds, "size_mb": size}
    return {"machine": facts, "versions": versions(), **built, "memory_mb": memory, "load": load, "searches": timed}


def _build(collection: Collection, world: World, count: int) -> None:
    """Catalogue and index of phrases only: the desk asks nothing else."""
    began = time.perf_counter()
    for at in range(collection.count(), count, BATCH):
        prepared = world.documents(range(at, min(at + BATCH, count)))
        written = collection.catalogue.add(prepared, None, now())
        collection.add_texts({written[item.document.id][0]: item for item in prepared})
        collection.catalogue.make_current(prepared, Changes({key: one for key, (one, _) in written.items()}))
        collection.retire()
        if at % (BATCH * 20) == 0:
            print(f"{at + len(prepared)} of {count} documents, {time.perf_counter() - began:.0f} s", file=sys.stderr)


def _timed(collection: Collection, keys: Sequence[str], kind: str, queries: int, rng: random.Random) -> dict[str, Any]:
    desk, timed, found = QuoteDesk(collection), [], 0
    for number in range(WARM + queries):
        key = rng.choice(keys)
        document = collection.document(key)
        assert document is not None
        words = document.text.split()
        at = rng.randrange(len(words) - LONGEST)
        quote = words[at : at + rng.randint(SHORTEST, LONGEST)]
        if kind == "altered":
            for _ in range(rng.randint(1, 2)):
                quote[rng.randrange(1, len(quote) - 1)] = rng.choice(words).strip(".").lower()
        began = time.perf_counter()
        verdict = desk.check(" ".join(quote))
        if number >= WARM:
            timed.append((time.perf_counter() - began) * 1000)
            found += any(one.document == key for one in verdict.occurrences)
    return {**quantiles(timed), "found": found / queries}


def draft_report(result: dict[str, Any]) -> str:
    """The result for people."""
    return "\n".join(
        [
            describe(result["machine"]),
            f"{result['documents']} documents, drafts of {QUOTES} quotes ({result['quotes']} checked in all), warm",
            (
                f"a whole draft: p50 {result['p50']} ms, p95 {result['p95']} ms, longest {result['max']} ms, "
                f"n {result['n']}"
            ),
        ]
    )


def synthetic_report(result: dict[str, Any]) -> str:
    """The result for people."""
    there, memory = result["there_before"], result["memory_mb"]
    lines = [
        describe(result["machine"]),
        (
            f"{result['documents']} synthetic documents, {result['size_mb']:.0f} MB; "
            f"{result['documents'] - there} of them built in {result['build_seconds']:.0f} s, {there} there before"
        ),
        (
            f"memory {memory['own']:.0f} MB of this process, {memory['mapped']:.0f} MB of mapped files; "
            f"load {result['load']:.1f} when the searches began"
        ),
    ]
    lines += [
        f"{kind:<8} p50 {one['p50']} ms, p95 {one['p95']} ms, longest {one['max']} ms, n {one['n']}, "
        f"found {one['found']:.3f}"
        for kind, one in result["searches"].items()
    ]
    return "\n".join(lines)
