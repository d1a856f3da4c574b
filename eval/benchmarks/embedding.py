"""Embedding alone, ours beside sentence-transformers; `python -m eval.benchmarks.embedding WHO FILES` is one of them.

Both hold their model in a process of their own and embed the same parts of our chunks, one after the other, taking
turns in who goes first: a machine that is slower for a while is slower for both. Each says with a line of JSON that
it is ready, then answers the number of a part, on a line of standard input, with another.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from eval.configuration import ROOT
from indexing.chunks import chunks_of
from indexing.embed import MAX_TOKENS, embedder
from indexing.errors import OnrecordError
from indexing.files import visible_files
from indexing.load import load
from indexing.sentences import sentences_of

OURS, TORCH = "onrecord", "sentence_transformers"
SENTENCE_TRANSFORMER = "sentence-transformers/all-MiniLM-L6-v2"
PARTS = 7  # an odd number, so that the median is one of them


def against_torch(files: Path) -> dict[str, Any] | str:
    """Our chunks embedded by ours and by sentence-transformers in single precision, or why that was not measured."""
    missing = [name for name in ("torch", TORCH) if importlib.util.find_spec(name) is None]
    if missing:
        return f"not compared: {' and '.join(missing)} not installed here"
    print(f"{TORCH}: {SENTENCE_TRANSFORMER}, {PARTS} parts by turns", file=sys.stderr)
    sides = {who: _Side(who, files) for who in (OURS, TORCH)}
    try:
        for side in sides.values():
            side.answer()  # it has loaded its model: nothing of that goes on while the other is measured
        parts: dict[str, list[dict[str, Any]]] = {OURS: [], TORCH: []}
        for number in range(PARTS):
            for who in (OURS, TORCH) if number % 2 == 0 else (TORCH, OURS):
                parts[who].append(sides[who].embed(number))
    except OnrecordError as error:
        return f"not compared: {error}"
    finally:
        for side in sides.values():
            side.close()
    return _compared(parts[OURS], parts[TORCH])


def _compared(ours: Sequence[dict[str, Any]], theirs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The whole of each, and how many times as fast ours was over each part that holds something."""
    times = [b["seconds"] / a["seconds"] for a, b in zip(ours, theirs, strict=True) if a["chunks"]]
    whole = {"ours": _whole(ours), "theirs": _whole(theirs)}
    return {**whole, "times": [round(one, 3) for one in times], "median": round(statistics.median(times), 3)}


def _whole(parts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    chunks, seconds = (sum(one[key] for one in parts) for key in ("chunks", "seconds"))
    return {"chunks": chunks, "seconds": seconds, "embedded_per_second": chunks / seconds}


def told(found: dict[str, Any] | str) -> str:
    """The result as a line for people."""
    if isinstance(found, str):
        return f"sentence-transformers in single precision: {found}"
    ours, theirs = (found[who]["embedded_per_second"] for who in ("ours", "theirs"))
    return (
        f"embedding alone, {len(found['times'])} parts by turns: {ours:.1f} chunks/s, sentence-transformers in single "
        f"precision {theirs:.1f}; median {found['median']:.2f} times as fast "
        f"({min(found['times']):.2f} to {max(found['times']):.2f})"
    )


class _Side:
    """One of the two, in its process."""

    def __init__(self, who: str, files: Path) -> None:
        self._who = who
        command = [sys.executable, "-m", "eval.benchmarks.embedding", who, str(files)]
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def embed(self, number: int) -> dict[str, Any]:
        """Embed a part; raises OnrecordError when the process has ended."""
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):  # the answer is missing, too
            self._process.stdin.write(f"{number}\n")
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """The next line of the process; raises OnrecordError when it has ended."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise OnrecordError(f"{self._who} ended with code {self._process.wait()}; its own words are above")
        found: dict[str, Any] = json.loads(line)
        return found

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()


def _chunks(files: Path) -> list[str]:
    texts: list[str] = []
    for path in visible_files(files):
        loaded = load(path.read_bytes(), path)
        sentences = sentences_of(loaded.text, loaded.blocks)
        texts += [chunk.text for chunk in chunks_of(loaded.text, sentences, loaded.metadata)]
    return texts


def _ours() -> Callable[[list[str]], object]:
    return embedder("minilm").passages


def _theirs() -> Callable[[list[str]], object]:
    """sentence-transformers on this processor, as its documentation shows it."""
    model = importlib.import_module(TORCH).SentenceTransformer(SENTENCE_TRANSFORMER, device="cpu")
    model.max_seq_length = MAX_TOKENS
    return lambda texts: model.encode(texts, batch_size=32, normalize_embeddings=True)


def _serve(embed: Callable[[list[str]], object], texts: list[str]) -> None:
    """Embed the parts asked for; the first use of the model is not counted."""
    embed(texts[:8])
    print(json.dumps({"chunks": len(texts)}), flush=True)
    for line in sys.stdin:
        part = texts[int(line) :: PARTS]
        began = time.perf_counter()
        if part:
            embed(part)
        print(json.dumps({"chunks": len(part), "seconds": time.perf_counter() - began}), flush=True)


if __name__ == "__main__":
    _serve({OURS: _ours, TORCH: _theirs}[sys.argv[1]](), _chunks(Path(sys.argv[2])))
