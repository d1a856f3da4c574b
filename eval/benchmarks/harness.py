"""`bench harness`: what the harness itself costs, over recorded answers that cost nothing to get.

A tenth of the answers is scored first, each time in a process of its own, so that it shows whether memory grows.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from eval.benchmarks.machine import machine
from eval.configuration import ROOT
from indexing.errors import OnrecordError

PASSAGES, WORDS = 10, 160  # of an answer; of a passage
DOCUMENTS = 500


def bench_harness(items: int, gate: bool, seed: int) -> dict[str, Any]:
    """Seconds, overhead and peak memory for a tenth of `items` recorded answers and for all of them."""
    facts = machine()
    with tempfile.TemporaryDirectory(prefix="onrecord-bench-") as name:
        runs = [_run(Path(name) / str(count), count, gate, seed) for count in (max(1, items // 10), items)]
    return {"machine": facts, "gate": gate, "runs": runs}


def _run(folder: Path, count: int, gate: bool, seed: int) -> dict[str, Any]:
    folder.mkdir()
    suite, answers = folder / "suite.jsonl", folder / "answers.jsonl"
    with suite.open("w", encoding="utf-8") as items, answers.open("w", encoding="utf-8") as recorded:
        for item, answer in _synthetic(count, seed):
            print(json.dumps(item), file=items)
            print(json.dumps(answer), file=recorded)
    command = [sys.executable, "-m", "eval", "run", str(suite), "--answers", str(answers), "--out", str(folder / "run")]
    began = time.perf_counter()
    done = subprocess.Popen([*command, *([] if gate else ["--no-gate"])], cwd=ROOT, stdout=subprocess.PIPE)
    assert done.stdout is not None
    done.stdout.read()
    done.stdout.close()
    _, status, usage = os.wait4(done.pid, 0)
    done.returncode = os.waitstatus_to_exitcode(status)
    if done.returncode:
        raise OnrecordError(f"the run ended with code {done.returncode}; its own words are above")
    timings = json.loads((folder / "run" / "timings.json").read_text(encoding="utf-8"))
    peak = usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
    return {
        "items": count,
        "seconds": round(time.perf_counter() - began, 2),
        "overhead_ms": timings["overhead_ms"],
        "peak_mb": round(peak, 1),
        "records_mb": round((folder / "run" / "records.jsonl").stat().st_size / 1e6, 1),
    }


def _synthetic(count: int, seed: int) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Items and answers of made-up words; some find the evidence, some refuse, some items cannot be answered."""
    draw = random.Random(seed)
    words = ["".join(draw.choices("abcdefghijklmnop", k=draw.randint(3, 9))) for _ in range(5000)]

    def prose(length: int) -> str:
        return " ".join(draw.choices(words, k=length)).capitalize() + "."

    for number in range(count):
        passages: list[dict[str, Any]] = [
            {"file": f"{draw.randrange(DOCUMENTS)}.md", "start": 0, "end": len(text), "text": text}
            for text in (prose(WORDS) for _ in range(PASSAGES))
        ]
        gold = draw.choice(passages)
        quote = gold["text"][:60]
        statements = [
            {"text": one["text"][:80], "citations": [{**one, "end": 80, "quote": one["text"][:80]}]}
            for one in draw.sample(passages, 2)
        ]
        answerable = draw.random() < 0.8
        evidence = [{"file": gold["file"], "quote": quote}] if answerable else []
        item = {
            "id": f"item-{number}",
            "type": "single_fact" if answerable else "unanswerable_near",
            "question": prose(8),
            "answer": quote[:20] if answerable else "",
            "evidence": evidence,
            "cluster": str(number % DOCUMENTS),
        }
        answer = {"id": item["id"], "status": "refused", "answer": "", "retrieved": passages}
        if draw.random() < 0.8:
            answer |= {"status": "answered", "answer": " ".join(one["text"] for one in statements)}
            answer["statements"] = statements
        yield item, answer


def harness_report(result: Mapping[str, Any]) -> str:
    """For people."""
    scored = "all metrics" if result["gate"] else "all metrics that need no gate and no model"
    lines = [f"{scored}; load {result['machine']['load']}, {result['machine']['cores']} cores"]
    for one in result["runs"]:
        overhead = one["overhead_ms"]
        lines.append(
            f"{one['items']} recorded answers ({one['records_mb']} MB): {one['seconds']} s with start and scores, "
            f"overhead per item p50 {overhead['p50']} ms, p95 {overhead['p95']} ms, peak memory {one['peak_mb']} MB"
        )
    return "\n".join(lines)
