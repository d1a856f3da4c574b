"""`bench scale`: a synthetic collection of any size, built by the project's own stores, and searched.

Vectors are given, so that no embedding is timed: unit vectors around topics. Words follow Zipf's law, mixed with those
of the topic. Half of the topics are spread over all days, half are news of ten days.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from app.retrieval.retrieve import Retriever
from eval.benchmarks.machine import describe, machine, memory_mb, quantiles
from eval.configuration import versions
from indexing.collection import Collection, now
from indexing.documents import Chunk, Document, Metadata, Sentence
from indexing.embed import Vectors
from indexing.filters import Filter
from indexing.rows import ABSENT
from indexing.schema import Changes, Facts, Prepared
from indexing.spans import Span

DIMENSION = 384
CHUNKS, SENTENCES, WORDS = 10, 4, 32  # of a document, of a chunk, of a sentence
BATCH = 250  # documents written at a time
DAYS, VOCABULARY, OF_TOPIC = 100, 30_000, 60
SHARES = (1, 10, 90)  # percent of the chunks that a filter lets pass
HITS = 10  # passages wanted of each search
WARM = 20  # searches before those that are timed
CHECKED, WANTED = 20, 60  # searches compared with exact ones, and how many neighbours of each


class GivenVectors:
    """Stands for an embedder: a question's vector is what was given last."""

    name = f"given-{DIMENSION}"
    dimension = DIMENSION

    def __init__(self) -> None:
        self.given: Vectors = np.zeros(DIMENSION, dtype=np.float32)

    def passages(self, texts: Sequence[str]) -> Vectors:
        raise NotImplementedError("the vectors of passages are given to the stores")

    def question(self, text: str) -> Vectors:
        return self.given


@dataclass(frozen=True, slots=True)
class Batch:
    """Documents, and the vectors of their chunks and of their sentences, in order."""

    prepared: list[Prepared]
    chunks: Vectors
    sentences: Vectors


class World:
    """Topics with their words, vectors and days; everything follows from the seed.

    A document is the same whenever it is made, so that a build can go on where another one stopped.
    """

    def __init__(self, chunks: int, seed: int) -> None:
        self._seed = seed
        self._random = np.random.default_rng(seed)
        topics = int(np.clip(chunks // 100, 10, 2_000))
        self._centres = self._noise(topics)
        self._pool = self._noise(20_000)
        syllables = [a + b for a in "bdfgklmnprstvz" for b in "aiou"]
        self._words = np.array(
            ["".join(syllables[n // 56**k % 56] for k in range(3)) for n in range(VOCABULARY)], dtype=object
        )
        self._words_of = self._random.integers(1_000, VOCABULARY, size=(topics, OF_TOPIC))
        ranks = np.arange(1, VOCABULARY + 1)
        self._frequency = np.cumsum(1 / ranks) / np.sum(1 / ranks)
        self._first_day = np.where(np.arange(topics) % 2, self._random.integers(0, DAYS, topics), -1)

    def _noise(self, count: int) -> Vectors:
        return self._random.standard_normal((count, DIMENSION), dtype=np.float32)

    def _near(self, points: Vectors, spread: float) -> Vectors:
        """Points around points; the noise comes from a pool, which is quicker and as good."""
        sign = self._random.choice(np.array([-spread, spread], dtype=np.float32), size=(len(points), 1))
        return np.asarray(points + sign * self._pool[self._random.integers(0, len(self._pool), len(points))])

    def _day(self, topic: int) -> int:
        first = int(self._first_day[topic])
        return int(self._random.integers(0, DAYS)) if first < 0 else (first + int(self._random.integers(0, 10))) % DAYS

    def _word_ids(self, topics: Sequence[int], count: int) -> Any:
        """`(len(topics), count)`: three of ten are words of the topic."""
        shape = (len(topics), count)
        common = np.searchsorted(self._frequency, self._random.random(shape))
        own = self._words_of[np.asarray(topics)[:, None], self._random.integers(0, OF_TOPIC, shape)]
        return np.where(self._random.random(shape) < 0.3, own, common)

    def batch(self, numbers: range) -> Batch:
        self._random = np.random.default_rng([self._seed, 1, numbers.start])
        topics = self._random.integers(0, len(self._centres), len(numbers)).tolist()
        texts = self._words[self._word_ids(topics, CHUNKS * SENTENCES * WORDS)]
        chunks = np.repeat(self._near(self._centres[topics], 0.5), CHUNKS, axis=0)
        chunks = self._near(chunks, 0.6)
        sentences = self._near(np.repeat(chunks, SENTENCES, axis=0), 0.7)
        prepared = [
            _document(number, row, self._day(topic)) for number, topic, row in zip(numbers, topics, texts, strict=True)
        ]
        return Batch(prepared, _unit(chunks), _unit(sentences))

    def ask_from(self, start: int) -> None:
        """Let the questions that follow depend on `start` and on the seed alone."""
        self._random = np.random.default_rng([self._seed, 2, start])

    def documents(self, numbers: range) -> list[Prepared]:
        """Documents without vectors and chunks, for what searches whole texts; half as long as the others."""
        self._random = np.random.default_rng([self._seed, 3, numbers.start])
        topics = self._random.integers(0, len(self._centres), len(numbers)).tolist()
        texts = self._words[self._word_ids(topics, CHUNKS * SENTENCES * WORDS // 2)]
        made = (
            _document(number, row, self._day(topic)) for number, topic, row in zip(numbers, topics, texts, strict=True)
        )
        return [replace(one, chunks=()) for one in made]

    def question(self) -> tuple[str, Vectors]:
        topic = int(self._random.integers(0, len(self._centres)))
        words = self._words[self._word_ids([topic], 12)[0]]
        return f"What about {' '.join(words)}?", _unit(self._near(self._centres[[topic]], 0.7))[0]


def _unit(rows: Vectors) -> Vectors:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def _date(day: int) -> str:
    return str(np.datetime64("2015-01-01") + np.timedelta64(day, "D"))


def _document(number: int, words: Any, day: int) -> Prepared:
    said = [" ".join(words[at : at + WORDS]).capitalize() + "." for at in range(0, len(words), WORDS)]
    text = " ".join(said)
    ends = np.cumsum([len(one) + 1 for one in said]) - 1
    spans = [Span(int(end) - len(one), int(end)) for end, one in zip(ends, said, strict=True)]
    sentences = tuple(Sentence(span, (span,), "text", at // SENTENCES) for at, span in enumerate(spans))
    chunks = []
    for first in range(0, len(spans), SENTENCES):
        span = Span(spans[first].start, spans[first + SENTENCES - 1].end)
        chunks.append(Chunk(span, first, first + SENTENCES, "", span.of(text)))
    version = hashlib.sha256(text.encode()).hexdigest()
    metadata = Metadata(title=f"Document {number}", source=f"Paper {number % 50}", date=_date(day))
    document = Document(f"{number:016x}", version, f"{number}.txt", text, metadata)
    place = (f"/synthetic/{number}.txt", "")
    return Prepared(place, "/synthetic", version, document, Facts(), sentences, tuple(chunks))


def build(collection: Collection, world: World, chunks: int) -> dict[str, float]:
    """Write documents in the order that indexing has, from the first that is lacking; seconds by store."""
    seconds = dict.fromkeys(("catalogue", "vectors", "words", "texts"), 0.0)
    documents = max(1, chunks // CHUNKS)
    began = time.perf_counter()
    for at in range(collection.count(), documents, BATCH):
        batch = world.batch(range(at, min(at + BATCH, documents)))
        moments = [time.perf_counter()]
        written = collection.catalogue.add(batch.prepared, batch.sentences, now())
        ids = [chunk_id for item in batch.prepared for chunk_id in written[item.document.id][1]]
        moments.append(time.perf_counter())
        collection.vectors.add(ids, batch.chunks)
        moments.append(time.perf_counter())
        texts = [chunk.text for item in batch.prepared for chunk in item.chunks]
        collection.words.change(dict(zip(ids, texts, strict=True)), [])
        moments.append(time.perf_counter())
        collection.add_texts({written[item.document.id][0]: item for item in batch.prepared})
        moments.append(time.perf_counter())
        current = {key: version_id for key, (version_id, _) in written.items()}
        collection.catalogue.make_current(batch.prepared, Changes(current))
        collection.retire()
        moments.append(time.perf_counter())
        for store, lap in zip((*seconds, "catalogue"), np.diff(moments).tolist(), strict=True):
            seconds[store] += lap
        done = (at + len(batch.prepared)) * CHUNKS
        told = ", ".join(f"{store} {value:.0f} s" for store, value in seconds.items())
        print(f"{done} chunks in {time.perf_counter() - began:.0f} s: {told}", file=sys.stderr)
    return seconds


def _limits() -> Iterator[tuple[str, Filter | None]]:
    yield "no filter", None
    for share in SHARES:
        since, until = (int(_date(day).replace("-", "")) for day in (5, 5 + share - 1))
        yield f"{share} % pass", Filter(since=since, until=until)


def _search(
    collection: Collection, world: World, given: GivenVectors, limit: Filter | None, count: int
) -> tuple[list[float], list[float]]:
    """Milliseconds of whole retrievals (the question read, rankings, passages, sentences, fusion), and of processor."""
    retriever = Retriever(collection, HITS)
    timed, busy = [], []
    for _ in range(WARM + count):
        text, given.given = world.question()
        began, began_busy = time.perf_counter(), time.process_time()
        retriever(retriever.read(text, ()), limit)
        timed.append((time.perf_counter() - began) * 1000)
        busy.append((time.process_time() - began_busy) * 1000)
    return timed[WARM:], busy[WARM:]


def _recall(collection: Collection, world: World, limit: Filter | None) -> float | None:
    """Which part of the nearest chunks by exact comparison is found; None where no chunk passes."""
    passing = collection.filters.passing(limit or Filter())
    recalls = []
    for _ in range(CHECKED):
        _, vector = world.question()
        scores, _ = collection.vectors.rows.scores(vector, passing.ids)
        order = np.argsort(-scores, kind="stable")[:WANTED]
        exact = set(passing.ids[order[scores[order] > ABSENT]].tolist())
        found = {chunk_id for chunk_id, _ in collection.by_meaning(vector, WANTED, limit)}
        recalls += [len(exact & found) / len(exact)] if exact else []
    return float(np.mean(recalls)) if recalls else None


def _size_mb(path: Path) -> float:
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) / 1e6


def bench_scale(chunks: int, queries: int, seed: int, folder: Path | None = None) -> dict[str, Any]:
    """Build in a temporary folder, or go on in one that is kept, open anew, search."""
    facts, given, world = machine(), GivenVectors(), World(chunks, seed)
    with ExitStack() as stack:
        home = folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="onrecord-bench-")))
        with Collection(home, given, create=True) as collection:
            there = collection.catalogue.count_chunks()
            seconds = build(collection, world, chunks)
        world.ask_from(0)
        built = memory_mb()
        sizes = {
            "catalogue": sum(file.stat().st_size for file in home.glob("catalogue.sqlite*")) / 1e6,
            "vectors": _size_mb(home / "vectors"),
            "words": _size_mb(home / "words"),
            "texts": _size_mb(home / "texts"),
        }
        rows = (home / "vectors" / "rows.f16").stat().st_size / 1e6
        began = time.perf_counter()
        with Collection(home, given) as collection:
            opened = time.perf_counter() - began
            searched: dict[str, dict[str, Any]] = {}
            for told, limit in _limits():
                print(f"searching, {told}", file=sys.stderr)
                began = time.perf_counter()
                share = len(collection.filters.passing(limit or Filter()).ids) / collection.catalogue.count_chunks()
                first = time.perf_counter() - began
                times, busy = map(quantiles, _search(collection, world, given, limit, queries))
                facts_of = {"load": machine()["load"], "share": share, "filter_ms": first * 1000}
                searched[told] = {**times, "busy_p50": busy["p50"], "busy_p95": busy["p95"], **facts_of}
            memory = memory_mb()
            for told, limit in _limits():
                searched[told]["recall"] = _recall(collection, world, limit)
    return {
        "machine": facts,
        "versions": versions(),
        "chunks": max(1, chunks // CHUNKS) * CHUNKS,
        "documents": max(1, chunks // CHUNKS),
        "there_before": there,
        "build_seconds": seconds,
        "size_mb": sizes,
        "rows_mb": rows,
        "open_seconds": opened,
        "memory_mb": {"after building": built, "after searching": memory},
        "searches": searched,
    }


def scale_report(result: dict[str, Any]) -> str:
    """The result for people."""
    sentences = result["chunks"] * SENTENCES
    lines = [
        describe(result["machine"]),
        ", ".join(f"{name} {version}" for name, version in result["versions"].items()),
        f"{result['documents']} synthetic documents, {result['chunks']} chunks, {sentences} sentences, vectors given",
        "",
        f"{'store':<12}{'build s':>10}{'chunks/s':>10}{'MB':>10}",
    ]
    new = result["chunks"] - result["there_before"]
    if result["there_before"]:
        lines.insert(3, f"{result['there_before']} of the chunks were built before; build times are of the others")
    for store, seconds in result["build_seconds"].items():
        size = result["size_mb"][store]
        lines.append(f"{store:<12}{seconds:>10.1f}{new / max(seconds, 1e-9):>10.0f}{size:>10.1f}")
    lines.append(f"of the vectors' size, {result['rows_mb']:.1f} MB are rows for exact scoring")
    lines.append(f"opened in {result['open_seconds']:.2f} s; memory (MB), of this process and of mapped files:")
    for told, memory in result["memory_mb"].items():
        lines.append(f"  {told}: {memory['own']:.0f} and {memory['mapped']:.0f}")
    titles = ("p50 ms", "p95 ms", "max ms", "cpu p50", "cpu p95", "load", "passing", "recall")
    lines += ["", f"{'retrieval':<12}{'n':>6}{''.join(f'{title:>10}' for title in titles)}"]
    for told, one in result["searches"].items():
        recall = "none" if one["recall"] is None else f"{one['recall']:.3f}"
        times = "".join(f"{one[key]:>10.1f}" for key in ("p50", "p95", "max", "busy_p50", "busy_p95", "load"))
        lines.append(f"{told:<12}{one['n']:>6}{times}{one['share']:>10.1%}{recall:>10}")
    first = max(one["filter_ms"] for one in result["searches"].values())
    lines.append(f"working out which chunks pass, which a filter's first search does: at most {first:.1f} ms")
    lines.append("cpu: milliseconds of processor time, which other programs on the machine disturb less")
    lines.append(f"recall: of the {WANTED} nearest by exact comparison, over {CHECKED} searches")
    return "\n".join(lines)
