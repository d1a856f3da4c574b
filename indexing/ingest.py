"""Bring a collection in step with folders and files: what is new, edited, moved or gone, a batch at a time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from indexing.collection import Collection, now
from indexing.errors import LoadError, UnreadableError
from indexing.extraction import Extraction, Unread
from indexing.files import PLAIN, Survey, fingerprint_of, printable, refuse_if_unmounted, survey
from indexing.memory import give_back
from indexing.names import name_documents
from indexing.prepare import Preparer, preparers_of, version_of
from indexing.readers import read as read_here
from indexing.sandbox import Sandbox
from indexing.schema import Changes, Entry, Place, Prepared, Problem

BATCH = 256  # chunks embedded and committed together: a kill costs at most the seconds that one batch takes
STEP, MOST_STEPS = 200_000, 500  # bytes of a file between two signs of progress; how many there are at most
NAMED = 5  # files that a note names
TWICE = "give each document of a file a name or id of its own"
OUTCOMES = ("added", "changed", "moved", "removed", "unchanged", "skipped", "failed")


@dataclass(frozen=True, slots=True)
class Options:
    """How to index. `columns` and `metadata` are remembered for a folder until they are given anew."""

    max_bytes: int = 20_000_000
    prune: bool = False  # remove what is gone even if most of a folder is
    keep_missing: bool = False  # keep what is gone
    columns: Mapping[str, str] | None = None  # of CSV and JSONL: {"title": "headline", "text": "body"}
    # A CSV with a column `file` and any of title, source, author, date, url, about; "" forgets the one remembered.
    metadata: Path | Literal[""] | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: bytes of files looked at, the file that was reached, and what became of it.

    The outcome is "reading" inside a large file.
    """

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
    notes: tuple[str, ...] = ()  # what else is to be told: rows of a metadata table that name no file


@dataclass(slots=True)
class _Within:
    """Tells how far a run is inside one large file."""

    before: int  # bytes of the files before it
    size: int
    total: int
    name: str
    progress: Callable[[Progress], None]
    told: int = 0

    def reach(self, share: float) -> None:
        done = min(self.size, int(share * self.size))
        if done - self.told >= max(STEP, self.size // MOST_STEPS):
            self.told = done
            self.progress(Progress(self.before + done, self.total, self.name, "reading"))


@dataclass(slots=True)
class _Run:
    """What one run knows and counts."""

    collection: Collection
    known: dict[Place, Entry]
    progress: Callable[[Progress], None]
    # By version and member: documents whose file is gone, until they turn up elsewhere.
    missing: dict[tuple[str, str], list[Entry]] = field(default_factory=dict)
    known_problems: dict[str, list[Problem]] = field(default_factory=dict)  # by path, of the runs before
    seen: Counter[str] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    stages: dict[str, float] = field(default_factory=dict)
    waiting: list[Prepared] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    moved: dict[str, tuple[Place, str]] = field(default_factory=dict)
    finished: dict[str, str] = field(default_factory=dict)
    within: _Within | None = None  # the file that is being read


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
        places = {entry.id: entry.path for entry in known.values()}
        found = survey(paths, {Path(entry.root) for entry in known.values()}, set(places.values()), prune=options.prune)
        gone = [entry for entry in known.values() if found.lacks(entry.path)]
        if not options.prune:
            refuse_if_unmounted(
                found, places, {one.id for one in gone if not options.keep_missing}, collection.catalogue.read_files()
            )
        run = _Run(collection, known, progress)
        # What lay in a folder that is there no more may turn up in this one; if it does not, nothing becomes of it.
        lost = _of_lost_roots(known.values(), found)
        for entry in () if options.keep_missing else (*gone, *lost):
            run.missing.setdefault((entry.version, entry.member), []).append(entry)
        for problem in collection.catalogue.problems():
            run.known_problems.setdefault(problem.path, []).append(problem)
        for path, error in found.unreadable.items():
            _problem(run, path, "", error)
        _index_files(run, found, options)
        left = {entry.id for entry in lost}
        _drop(run, [entry for entries in run.missing.values() for entry in entries if entry.id not in left])
        _commit(run)
        collection.link_copies()
        _record(run, found)
        collection.release()
    counts = {outcome: run.seen[outcome] for outcome in OUTCOMES}
    return Report(
        documents=collection.catalogue.count_documents(),
        chunks=collection.catalogue.count_chunks(),
        seconds=time.perf_counter() - began,
        problems=tuple(run.problems),
        stages=run.stages,
        notes=tuple(run.notes),
        **counts,
    )


def _of_lost_roots(known: Iterable[Entry], found: Survey) -> list[Entry]:
    """The documents of folders that do not exist any more and are not looked at in this run."""
    there: dict[str, bool] = {}
    for entry in known:
        there.setdefault(entry.root, Path(entry.root).exists())
    return [entry for entry in known if not there[entry.root] and not found.covers(entry.path)]


def _index_files(run: _Run, found: Survey, options: Options) -> None:
    read = run.collection.catalogue.read_files()
    by_path: dict[str, list[Entry]] = {}
    for entry in run.known.values():
        by_path.setdefault(entry.path, []).append(entry)
    total, done = sum(found.files.values()), 0
    given = {"columns": options.columns, "metadata": options.metadata}
    preparers = preparers_of(run.collection.catalogue, found.roots, given, options.max_bytes)
    with Sandbox() as sandbox:
        for file, size in found.files.items():
            entries = by_path.get(str(file), [])
            before, name = dict(run.seen), printable(found.name_of(file))
            run.within = _Within(done, size, total, name, run.progress)
            _index_file(run, file, preparers[found.root_of(file)], read, entries, sandbox)
            done += size
            outcome = next((key for key in OUTCOMES if run.seen[key] > before.get(key, 0)), "unchanged")
            run.progress(Progress(done, total, name, outcome))
    for preparer in preparers.values() if options.metadata else ():
        if lost := preparer.unfound():
            listed = ", ".join(lost[:NAMED]) + (f" and {len(lost) - NAMED:,} more" if len(lost) > NAMED else "")
            run.notes.append(f"{preparer.table} has {len(lost):,} rows for files that are not there: {listed}")


def _index_file(
    run: _Run, file: Path, preparer: Preparer, read: Mapping[str, str], entries: Sequence[Entry], sandbox: Sandbox
) -> None:
    """One file and all documents in it."""
    if file == preparer.table:
        _drop(run, entries)  # it says what the documents are and is none itself
        return
    seen: set[Place] = set()
    try:
        fingerprint = fingerprint_of(file, preparer.options, preparer.override(file))
        if entries and read.get(str(file)) == fingerprint:
            run.seen["unchanged"] += len(entries)
            for problem in run.known_problems.get(str(file), ()):
                _record_problem(run, problem)
            return
        if _read_documents(run, file, preparer, seen, sandbox):
            run.finished[str(file)] = fingerprint
    except UnreadableError as error:
        _problem(run, str(file), "", error)
        return
    except LoadError as error:
        # The file is there and no longer holds the text that is indexed, so that text must not be shown.
        _problem(run, str(file), "", error)
    _drop(run, [entry for entry in entries if entry.place not in seen])


def _read_documents(run: _Run, file: Path, preparer: Preparer, seen: set[Place], sandbox: Sandbox) -> bool:
    """Read a file and put its documents in line; whether none of them failed, so that it need not be read again."""
    whole = True
    # Plain text is read here; parsers of other formats run where they can be stopped.
    reading = read_here if file.suffix.lower() in PLAIN else sandbox.read
    for part in reading(file, preparer.options):
        if isinstance(part, Unread):
            _problem(run, str(file), part.member, part.error)
            whole = whole and part.error.skipped
        elif isinstance(part, Extraction):
            place = (str(file), part.member)
            if place in seen:
                _problem(run, *place, LoadError("another document of this file has its name", TWICE, skipped=True))
            else:
                seen.add(place)
                _take(run, preparer, file, part)
        elif run.within is not None:
            run.within.reach(part.share)
    return whole


def _take(run: _Run, preparer: Preparer, file: Path, extraction: Extraction) -> None:
    """Count a document that was read, and put it in line if there is anything new about it."""
    place = (str(file), extraction.member)
    entry = run.known.get(place)
    before = entry or _find_missing(run, preparer, place, extraction)
    item = preparer.prepare(file, extraction, before)
    if before is not entry and before is not None:
        run.missing[before.version, before.member].remove(before)
        run.seen["moved"] += 1
    elif isinstance(item, Entry):
        run.seen["unchanged"] += 1
    else:
        run.seen["changed" if entry else "added"] += 1
    if isinstance(item, Prepared):
        run.waiting.append(item)
    elif entry is None:
        run.moved[item.id] = place, str(preparer.root)
    if sum(len(one.chunks) for one in run.waiting) >= BATCH:
        _commit(run)


def _find_missing(run: _Run, preparer: Preparer, place: Place, extraction: Extraction) -> Entry | None:
    """The document that lay elsewhere, is gone from there, and has this text; one of the same file name first."""
    version = version_of(extraction.text)
    found = run.missing.get((version, extraction.member))
    if not found:
        return None
    came_back = preparer.ids.get(place)
    if came_back is not None and run.collection.catalogue.standing(came_back, version):
        return None  # what lay here before with this very text
    return min(found, key=lambda one: Path(one.path).name != Path(place[0]).name)


def _drop(run: _Run, entries: Sequence[Entry]) -> None:
    run.gone += [entry.id for entry in entries]
    run.seen["removed"] += len(entries)


def _problem(run: _Run, path: str, member: str, error: LoadError) -> None:
    kind = "skipped" if error.skipped else "failed"
    _record_problem(run, Problem(printable(Path(path)), kind, error.reason, error.remedy, member))


def _record_problem(run: _Run, problem: Problem) -> None:
    run.seen[problem.kind] += 1
    run.problems.append(problem)


def _commit(run: _Run) -> None:
    """Embed and write what waits. Order: new rows, new vectors and words, the switch, then the old are cleared away."""
    prepared, run.waiting = run.waiting, []
    gone, run.gone = tuple(run.gone), []
    moved, run.moved = run.moved, {}
    finished, run.finished = run.finished, {}
    if not (prepared or gone or moved or finished):
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
    documents = {written[item.document.id][0]: item for item in prepared}
    collection.add(dict(zip(ids, texts, strict=True)), chunk_vectors, documents)
    clock.lap("indexes")
    current = {key: version_id for key, (version_id, _) in written.items()}
    collection.catalogue.make_current(prepared, Changes(current, gone, moved, finished))
    collection.retire()
    clock.lap("catalogue")
    give_back()


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
    settled = {
        problem.path
        for problem in catalogue.problems()
        if found.covers(problem.path) or not Path(problem.path).parent.exists()
    }
    catalogue.record_problems(settled, run.problems, now())
    catalogue.set_meta({"indexed_at": now()})
    changed = name_documents(catalogue.entries(), found.roots)
    if changed:
        catalogue.rename(changed)
