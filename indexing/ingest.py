"""Bring a collection in step with folders and files: what is new, edited, moved or gone, a batch at a time."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from indexing.collection import Collection, now
from indexing.errors import LoadError, OnrecordError, UnreadableError
from indexing.extraction import Extraction, Unread
from indexing.files import PLAIN, Survey, fingerprint_of, printable, survey
from indexing.names import name_documents
from indexing.prepare import Preparer
from indexing.readers import FORMATS
from indexing.readers import read as read_here
from indexing.sandbox import Sandbox
from indexing.schema import Changes, Entry, Place, Prepared, Problem

BATCH = 256  # chunks embedded and committed together: a kill costs at most the seconds that one batch takes
MANY = 10  # documents; if more than these and more than half of a folder are gone, it is asked before they are removed
OUTCOMES = ("added", "changed", "moved", "removed", "unchanged", "skipped", "failed")


@dataclass(frozen=True, slots=True)
class Options:
    """How to index. `columns` and `metadata` are remembered for a folder until they are given anew."""

    max_bytes: int = 20_000_000
    prune: bool = False  # remove what is gone even if most of a folder is
    keep_missing: bool = False  # keep what is gone
    columns: Mapping[str, str] | None = None  # of CSV and JSONL: {"title": "headline", "text": "body"}
    metadata: Path | None = None  # a CSV with a column `file` and any of title, source, author, date, url, about


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: bytes of files looked at, the file (or its member) that was reached, and what became of it."""

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
    moved: int
    removed: int
    unchanged: int
    skipped: int
    failed: int
    seconds: float
    problems: tuple[Problem, ...]
    stages: dict[str, float]


@dataclass(slots=True)
class _Run:
    """What one run knows and counts."""

    collection: Collection
    known: dict[Place, Entry]
    missing: dict[str, Entry]  # by version: documents whose file is gone, until one of them turns up elsewhere
    progress: Callable[[Progress], None]
    seen: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    stages: dict[str, float] = field(default_factory=dict)
    waiting: list[Prepared] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    finished: dict[str, str] = field(default_factory=dict)


def index(
    collection: Collection,
    paths: Sequence[Path],
    *,
    options: Options | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
    locked: bool = False,
) -> Report:
    """Index files and folders; what stood below a folder and is gone leaves the search, its text stays to be opened.

    `locked`: the caller holds the collection's lock already. A folder that suddenly lost most of its files is taken for
    unmounted, not for emptied, unless `prune` is given. Raises OnrecordError before anything is changed when a path is
    missing or nothing there can be indexed.
    """
    began = time.perf_counter()
    options = options or Options()
    with nullcontext() if locked else collection.lock:
        if not collection.in_step():
            collection.sweep()
        known = {entry.place: entry for entry in collection.catalogue.entries()}
        found = survey(paths, {Path(entry.root) for entry in known.values()})
        gone = [entry for entry in known.values() if found.lacks(entry.path)]
        _refuse_if_suspicious(found, known, gone, options)
        run = _Run(collection, known, {} if options.keep_missing else {one.version: one for one in gone}, progress)
        for path, error in found.unreadable.items():
            _problem(run, path, "", error)
        _index_files(run, found, options)
        left = [] if options.keep_missing else list(run.missing.values())
        run.gone += [entry.id for entry in left]
        run.seen["removed"] += len(left)
        _commit(run)
        collection.catalogue.forget_files(entry.path for entry in left)
        collection.link_copies()
        _record(run, found)
    counts = {outcome: run.seen[outcome] for outcome in OUTCOMES}
    return Report(
        documents=collection.catalogue.count_documents(),
        chunks=collection.catalogue.count_chunks(),
        seconds=time.perf_counter() - began,
        problems=tuple(run.problems),
        stages=run.stages,
        **counts,
    )


def _refuse_if_suspicious(found: Survey, known: Mapping[Place, Entry], gone: Sequence[Entry], options: Options) -> None:
    places = ", ".join(map(printable, found.scopes))
    before = sum(found.covers(entry.path) for entry in known.values())
    if options.prune:
        return
    if not any(file.suffix.lower() in FORMATS for file in found.files):
        kinds = " ".join(sorted(FORMATS))
        kept = f" The {before} documents indexed from there are kept; --prune removes them." if before else ""
        raise OnrecordError(f"there is nothing to index in {places}: no file of a kind Onrecord reads ({kinds}).{kept}")
    if len(gone) >= MANY and len(gone) * 2 > before and not options.keep_missing:
        raise OnrecordError(
            f"{len(gone)} of the {before} documents indexed from {places} are gone. If the folder is not just "
            "unmounted, run again with --prune to remove them or with --keep-missing to keep them. Nothing was changed."
        )


def _index_files(run: _Run, found: Survey, options: Options) -> None:
    read = run.collection.catalogue.read_files()
    by_path: dict[str, list[Entry]] = {}
    for entry in run.known.values():
        by_path.setdefault(entry.path, []).append(entry)
    total, done = sum(found.files.values()), 0
    preparers = _preparers(run, found, options)
    with Sandbox() as sandbox:
        for file, size in found.files.items():
            entries = by_path.get(str(file), [])
            before = dict(run.seen)
            _index_file(run, file, preparers[found.root_of(file)], read, entries, sandbox)
            done += size
            outcome = next((key for key in OUTCOMES if run.seen[key] > before.get(key, 0)), "unchanged")
            run.progress(Progress(done, total, printable(found.name_of(file)), outcome))


def _preparers(run: _Run, found: Survey, options: Options) -> dict[Path, Preparer]:
    """One for each root, with what is remembered about it and what is given now."""
    remembered = run.collection.catalogue.roots()
    preparers = {}
    taken = {entry.id: entry.place for entry in run.known.values()}
    ids = run.collection.catalogue.places()
    for root in found.roots:
        settings = dict(remembered.get(str(root), {}))
        if options.columns is not None:
            settings["columns"] = dict(options.columns)
        if options.metadata is not None:
            settings["metadata"] = str(options.metadata.resolve())
        preparers[root] = Preparer(root, settings, options.max_bytes, ids, taken)
        run.collection.catalogue.set_root(str(root), settings)
    return preparers


def _index_file(
    run: _Run, file: Path, preparer: Preparer, read: Mapping[str, str], entries: Sequence[Entry], sandbox: Sandbox
) -> None:
    """One file and all documents in it."""
    seen: set[Place] = set()
    try:
        fingerprint = fingerprint_of(file, preparer.options, preparer.override(file))
        if entries and read.get(str(file)) == fingerprint:
            run.seen["unchanged"] += len(entries)
            return
        if not entries and _moved(run, file, preparer, fingerprint):
            return
        # Plain text is read here; parsers of other formats run where they can be stopped.
        reading = read_here if file.suffix.lower() in PLAIN else sandbox.read
        for part in reading(file, preparer.options):
            if isinstance(part, Extraction):
                seen.add((str(file), part.member))
                _take(run, preparer.prepare(file, part, run.known.get((str(file), part.member))))
            elif isinstance(part, Unread):
                _problem(run, str(file), part.member, part.error)
        run.finished[str(file)] = fingerprint
    except UnreadableError as error:
        _problem(run, str(file), "", error)
        return
    except LoadError as error:
        # The file is there and no longer holds the text that is indexed, so that text must not be shown.
        _problem(run, str(file), "", error)
    _drop(run, [entry for entry in entries if entry.place not in seen])


def _take(run: _Run, item: Prepared | Entry) -> None:
    """Count a document that was read, and put it in line if there is anything new about it."""
    if isinstance(item, Entry):
        run.seen["unchanged"] += 1
        return
    run.seen["changed" if item.place in run.known else "added"] += 1
    run.waiting.append(item)
    if sum(len(one.chunks) for one in run.waiting) >= BATCH:
        _commit(run)


def _moved(run: _Run, file: Path, preparer: Preparer, fingerprint: str) -> bool:
    """Whether the file is one that lay elsewhere and is gone from there: then only its place changes."""
    if not run.missing or (str(file), "") in preparer.ids:
        return False
    entry = preparer.same_as(file, run.missing)
    if entry is None:
        return False
    del run.missing[entry.version]
    run.collection.catalogue.move(entry.id, (str(file), ""), str(preparer.root), fingerprint)
    run.collection.catalogue.forget_files([entry.path])
    run.seen["moved"] += 1
    return True


def _drop(run: _Run, entries: Sequence[Entry]) -> None:
    run.gone += [entry.id for entry in entries]
    run.seen["removed"] += len(entries)


def _problem(run: _Run, path: str, member: str, error: LoadError) -> None:
    kind = "skipped" if error.skipped else "failed"
    run.seen[kind] += 1
    run.problems.append(Problem(os.fsencode(path).decode("utf-8", "replace"), kind, error.reason, error.remedy, member))


def _commit(run: _Run) -> None:
    """Embed and write what waits. Order: new rows, new vectors and words, the switch, then the old are cleared away."""
    prepared, run.waiting = run.waiting, []
    gone, run.gone = tuple(run.gone), []
    finished, run.finished = run.finished, {}
    if not (prepared or gone or finished):
        return
    collection, clock = run.collection, _Clock(run.stages)
    texts = [chunk.text for item in prepared for chunk in item.chunks]
    chunk_vectors = collection.embedder.passages(texts) if texts else None
    clock.lap("embed_chunks")
    shown = [sentence.visible(item.document.text) for item in prepared for sentence in item.sentences]
    sentence_vectors = collection.embedder.passages(shown) if shown else None
    clock.lap("embed_sentences")
    written = collection.catalogue.add(prepared, sentence_vectors, now())
    clock.lap("catalogue")
    ids = [chunk_id for item in prepared for chunk_id in written[item.document.id][1]]
    if chunk_vectors is not None:
        collection.vectors.add(ids, chunk_vectors)
        clock.lap("vectors")
        collection.words.change(dict(zip(ids, texts, strict=True)), [])
        clock.lap("words")
    current = {key: version_id for key, (version_id, _) in written.items()}
    collection.catalogue.make_current(prepared, Changes(current, gone, finished))
    collection.retire()
    clock.lap("catalogue")


class _Clock:
    """Adds the seconds since the last lap to a stage."""

    def __init__(self, stages: dict[str, float]) -> None:
        self._stages = stages
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        moment = time.perf_counter()
        self._stages[stage] = self._stages.get(stage, 0.0) + moment - self._last
        self._last = moment


def _record(run: _Run, found: Survey) -> None:
    """What the run found wrong, when it was, and what the documents are called now."""
    catalogue = run.collection.catalogue
    settled = {problem.path for problem in catalogue.problems() if found.covers(problem.path)}
    catalogue.record_problems(settled, run.problems, now())
    catalogue.set_meta({"indexed_at": now()})
    changed = name_documents(catalogue.entries(), found.roots)
    if changed:
        catalogue.rename(changed)
