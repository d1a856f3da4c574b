"""Bring a collection in step with folders and files: what is new, edited or gone, a batch at a time, safe to kill."""

from __future__ import annotations

import datetime
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from indexing.catalogue import Entry, Prepared, Problem
from indexing.chunks import RECIPE, chunks_of
from indexing.collection import Collection
from indexing.documents import Document
from indexing.errors import LoadError, OnrecordError, UnreadableError
from indexing.load import MEGABYTE, READERS, digest, find_files, load, read_bytes
from indexing.sentences import sentences_of

BATCH = 256  # chunks embedded and committed together: a kill costs at most the seconds that one batch takes
MANY = 10  # documents; if more than these and more than half of a folder are gone, it is asked before they are removed


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: bytes of files looked at, and the file that was reached."""

    done: int
    total: int
    name: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did. `documents` and `chunks` are the collection's totals after it; `stages` are seconds of work."""

    documents: int
    chunks: int
    added: int
    changed: int
    removed: int
    unchanged: int
    skipped: int
    failed: int
    seconds: float
    problems: tuple[Problem, ...]
    stages: dict[str, float]


@dataclass(slots=True)
class _Run:
    """The counters of one run."""

    seen: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    stages: Counter[str] = field(default_factory=Counter)


def index(
    collection: Collection,
    paths: Sequence[Path],
    *,
    max_bytes: int = 20 * MEGABYTE,
    prune: bool = False,
    progress: Callable[[Progress], None] = lambda _: None,
    locked: bool = False,
) -> Report:
    """Index files and folders; what stood below a folder and is gone leaves the collection.

    `locked`: the caller holds the collection's lock already.

    A folder that suddenly lost most of its files is taken for unmounted, not for emptied, unless `prune` is given.
    Raises OnrecordError before anything is changed when a path is missing or nothing there can be indexed.
    """
    began = time.perf_counter()
    with nullcontext() if locked else collection.lock, ExitStack() as stack:
        stack.callback(collection.words.release)
        if not collection.in_step():
            collection.sweep()
        known = {entry.path: entry for entry in collection.catalogue.entries()}
        scopes = _scopes(paths, {Path(entry.root) for entry in known.values()})
        files = {file: root for path, root in scopes.items() for file in find_files(path)}
        gone = [entry for entry in known.values() if _inside(entry.path, scopes) and Path(entry.path) not in files]
        _refuse_if_suspicious(scopes, files, known, gone, prune=prune)
        run = _Run()
        _index_files(collection, files, known, run, max_bytes, progress)
        _commit(collection, [], [entry.id for entry in gone], run)
        run.seen["removed"] += len(gone)
        now = _now()
        settled = [problem.path for problem in collection.catalogue.problems() if _inside(problem.path, scopes)]
        collection.catalogue.record_problems(settled, run.problems, now)
        collection.catalogue.set_meta({"indexed_at": now})
        _rename(collection, scopes.values())
    seen = run.seen
    return Report(
        documents=collection.catalogue.count_documents(),
        chunks=collection.catalogue.count_chunks(),
        added=seen["added"],
        changed=seen["changed"],
        removed=seen["removed"],
        unchanged=seen["unchanged"],
        skipped=seen["skipped"],
        failed=seen["failed"],
        seconds=time.perf_counter() - began,
        problems=tuple(run.problems),
        stages=dict(run.stages),
    )


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def _scopes(paths: Sequence[Path], roots: Iterable[Path]) -> dict[Path, Path]:
    """`{path as given, resolved: its root}`; a path inside a folder that is indexed already belongs to that folder."""
    scopes: dict[Path, Path] = {}
    for given in paths:
        path = Path(os.path.realpath(given))
        if not path.exists():
            raise OnrecordError(f"{given} does not exist; nothing was changed")
        around = [root for root in roots if path.is_relative_to(root)]
        scopes[path] = max(around, key=lambda root: len(root.parts), default=path if path.is_dir() else path.parent)
    return scopes


def _inside(path: str, scopes: Iterable[Path]) -> bool:
    return any(Path(path).is_relative_to(scope) for scope in scopes)


def _refuse_if_suspicious(
    scopes: dict[Path, Path], files: dict[Path, Path], known: dict[str, Entry], gone: list[Entry], *, prune: bool
) -> None:
    places = ", ".join(map(str, scopes))
    before = sum(_inside(entry.path, scopes) for entry in known.values())
    if not any(file.suffix.lower() in READERS for file in files) and not prune:
        kinds = " ".join(sorted(READERS))
        kept = f" The {before} documents indexed from there are kept; --prune removes them." if before else ""
        raise OnrecordError(f"there is nothing to index in {places}: no file of a kind Onrecord reads ({kinds}).{kept}")
    if len(gone) >= MANY and len(gone) * 2 > before and not prune:
        raise OnrecordError(
            f"{len(gone)} of the {before} documents indexed from {places} are gone; if the folder is not just "
            "unmounted, run again with --prune to remove them. Nothing was changed."
        )


def _index_files(
    collection: Collection,
    files: dict[Path, Path],
    known: dict[str, Entry],
    run: _Run,
    max_bytes: int,
    progress: Callable[[Progress], None],
) -> None:
    sizes = {file: _size(file) for file in files}
    total, done = sum(sizes.values()), 0
    taken = {entry.id: entry.path for entry in known.values()}
    waiting: list[Prepared] = []
    for file, root in files.items():
        try:
            item = _prepare(file, root, known.get(str(file)), taken, max_bytes)
            outcome = "unchanged" if item is None else ("changed" if str(file) in known else "added")
        except LoadError as error:
            item, outcome = None, "skipped" if error.skipped else "failed"
            run.problems.append(Problem(_printable(file), outcome, error.reason, error.remedy))
            if str(file) in known and not isinstance(error, UnreadableError):
                # The file is there and no longer holds the text that is indexed, so that text must not be shown.
                _commit(collection, [], [known[str(file)].id], run)
                run.seen["removed"] += 1
        run.seen[outcome] += 1
        if item is not None:
            taken[item.document.id] = item.path
            waiting.append(item)
        if sum(len(one.chunks) for one in waiting) >= BATCH:
            _commit(collection, waiting, [], run)
            waiting = []
        done += sizes[file]
        progress(Progress(done, total, _printable(file.relative_to(root)), outcome))
    _commit(collection, waiting, [], run)


def _printable(path: Path) -> str:
    """The path as text that can be stored and shown, whatever bytes it is made of."""
    return os.fsencode(path).decode("utf-8", "replace")


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _prepare(file: Path, root: Path, entry: Entry | None, taken: dict[str, str], max_bytes: int) -> Prepared | None:
    """The file ready to be embedded; None when the very same bytes are indexed already."""
    if _printable(file) != str(file):
        raise LoadError("its path is not valid UTF-8", "rename it")
    data = read_bytes(file, max_bytes)
    fingerprint = f"{RECIPE}:{digest(data)}"
    if entry is not None and entry.fingerprint == fingerprint:
        return None
    loaded = load(data, file)
    sentences = sentences_of(loaded.text, loaded.blocks)
    chunks = chunks_of(loaded.text, sentences, loaded.metadata)
    name = file.relative_to(root).as_posix()
    document_id = entry.id if entry is not None else _new_id(name, str(file), taken)
    version = digest(loaded.text.encode("utf-8"))
    document = Document(document_id, version, entry.name if entry is not None else name, loaded.text, loaded.metadata)
    return Prepared(str(file), str(root), fingerprint, loaded.encoding, document, sentences, chunks)


def _new_id(name: str, path: str, taken: dict[str, str]) -> str:
    """The same file of the same folder gets the same id anywhere; a second one of its name gets its path's."""
    first = digest(name.encode("utf-8", "surrogateescape"))[:16]
    return first if taken.get(first, path) == path else digest(path.encode("utf-8", "surrogateescape"))[:16]


def _commit(collection: Collection, prepared: Sequence[Prepared], removed: Sequence[str], run: _Run) -> None:
    """Embed and write one batch. Order: new rows, new vectors and words, the switch, then the old are cleared away."""
    if not prepared and not removed:
        return
    catalogue, stages = collection.catalogue, run.stages
    clock = _Clock(stages)
    chunk_vectors = (
        collection.embedder.passages([chunk.text for item in prepared for chunk in item.chunks]) if prepared else None
    )
    clock.lap("embed_chunks")
    shown = [sentence.visible(item.document.text) for item in prepared for sentence in item.sentences]
    sentence_vectors = collection.embedder.passages(shown) if shown else None
    clock.lap("embed_sentences")
    written = catalogue.add(prepared, sentence_vectors, _now())
    clock.lap("catalogue")
    ids = [chunk_id for item in prepared for chunk_id in written[item.path][1]]
    if chunk_vectors is not None:
        collection.vectors.add(ids, chunk_vectors)
        clock.lap("vectors")
        collection.words.change(
            dict(zip(ids, (chunk.text for item in prepared for chunk in item.chunks), strict=True)), []
        )
        clock.lap("words")
    catalogue.make_current(prepared, {path: version_id for path, (version_id, _) in written.items()}, removed)
    collection.retire()
    clock.lap("catalogue")


class _Clock:
    """Adds the seconds since the last lap to a stage."""

    def __init__(self, stages: Counter[str]) -> None:
        self._stages = stages
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self._stages[stage] += now - self._last  # type: ignore[assignment]  # seconds, not counts
        self._last = now


def _rename(collection: Collection, roots: Iterable[Path]) -> None:
    """Names are paths below the root; where two clash, the root's name goes before; else it is the path."""
    tops = set(map(str, roots))
    entries = collection.catalogue.entries()
    places = {}
    for entry in entries:
        around = [top for top in tops if Path(entry.path).is_relative_to(top)]
        root = Path(min([entry.root, *around], key=len))
        places[entry.id] = (root, Path(entry.path).relative_to(root).as_posix())
    names = _distinct({key: (name, f"{root.name}/{name}") for key, (root, name) in places.items()}, entries)
    changed = {
        entry.id: (str(places[entry.id][0]), names[entry.id])
        for entry in entries
        if (entry.root, entry.name) != (str(places[entry.id][0]), names[entry.id])
    }
    if changed:
        collection.catalogue.rename(changed)


def _distinct(short: dict[str, tuple[str, str]], entries: Sequence[Entry]) -> dict[str, str]:
    """For each document id the first of its names, `(short, with the root)` or else its path, that no other one has."""
    choices = {entry.id: (*short[entry.id], entry.path) for entry in entries}
    level = dict.fromkeys(choices, 0)
    while True:
        chosen = {key: names[level[key]] for key, names in choices.items()}
        seen = Counter(chosen.values())
        clashing = [key for key, name in chosen.items() if seen[name] > 1 and level[key] < 2]
        if not clashing:
            return chosen
        for key in clashing:
            level[key] += 1
