"""Check the three stores of a home against each other, with a real query, and mend them from the catalogue."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from indexing.catalogue import Catalogue
from indexing.collection import CATALOGUE, Collection, refuse_unwritable
from indexing.embed import Embedder
from indexing.errors import HomeError
from indexing.lock import OwnerLock
from indexing.vectors import VectorIndex
from indexing.words import TextIndex, WordIndex, stems

AMONG = 10  # places within which a passage must be found by its own words or vector


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a store, and whether it has been put right."""

    store: str
    problem: str
    repaired: bool


@dataclass(frozen=True, slots=True)
class Examination:
    """All that was found; `healthy` when nothing is wrong any more."""

    findings: tuple[Finding, ...]
    documents: int
    chunks: int

    @property
    def healthy(self) -> bool:
        return all(finding.repaired for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "findings": [asdict(one) for one in self.findings], "healthy": self.healthy}


def examine(home: Path, embedder: Embedder, chroma_url: str = "", *, repair: bool) -> Examination:
    """Examine a home that nobody has open. An index that cannot be opened is made anew.

    A catalogue that is damaged is only reported: it is the truth, and cannot be made from anything else.
    """
    if not (home / CATALOGUE).is_file():
        raise HomeError(f"there is no index in {home}; make one with: onrecord index PATH --home {home}")
    refuse_unwritable(home)
    damage = _damage(home)
    if damage:
        return Examination((Finding("catalogue", damage, repaired=False),), 0, 0)
    catalogue = Catalogue(home / CATALOGUE, create=False)
    label = catalogue.meta("indexes")
    unusable = _unusable_indexes(home, label, embedder, chroma_url)
    if unusable and repair:
        with OwnerLock(home):
            if not any(finding.store.startswith("vectors") for finding in unusable):
                for finding in unusable:
                    shutil.rmtree(home / finding.store)
            else:
                # Made anew under another name: a process that failed to open a Chroma folder cannot open it again.
                facts = catalogue.meta("embedder"), int(catalogue.meta("dimension"))
                catalogue.change_over(catalogue.next_making(), *facts)
    catalogue.close()
    if unusable and not repair:
        return Examination(unusable, 0, 0)
    with Collection(home, embedder, chroma_url=chroma_url, mend=bool(unusable)) as collection, collection.lock:
        result = compare(collection, repair=repair)
    repaired = tuple(replace(finding, repaired=True) for finding in unusable)
    return Examination((*repaired, *result.findings), result.documents, result.chunks)


def _damage(home: Path) -> str:
    """What is wrong with the catalogue, and the remedy; empty when nothing is."""
    try:
        catalogue = Catalogue(home / CATALOGUE, create=False)
    except HomeError as error:
        return str(error)
    found = catalogue.integrity()
    catalogue.close()
    return f"{found}; put {CATALOGUE} back from a backup, or remove the folder and index again" if found else ""


def _unusable_indexes(home: Path, label: str, embedder: Embedder, chroma_url: str) -> tuple[Finding, ...]:
    makers: dict[str, Callable[[Path], VectorIndex | WordIndex | TextIndex]] = {
        f"vectors{label}": lambda path: VectorIndex(path, embedder.name, embedder.dimension, url=chroma_url),
        f"words{label}": WordIndex,
        f"texts{label}": TextIndex,
    }
    problems = {name: _unusable(home / name, make) for name, make in makers.items()}
    return tuple(Finding(name, problem, repaired=False) for name, problem in problems.items() if problem)


def _unusable(folder: Path, make: Callable[[Path], VectorIndex | WordIndex | TextIndex]) -> str:
    """Why an index cannot be opened and listed; empty when it can. A folder that is not there yet is no fault."""
    if not folder.exists():
        return ""
    try:
        opened = make(folder)
        try:
            opened.ids()
        finally:
            if isinstance(opened, VectorIndex):
                opened.close()
    except HomeError as error:
        return str(error)
    return ""


def compare(collection: Collection, *, repair: bool) -> Examination:
    """Examine a collection that is open; the caller holds its lock."""
    catalogue = collection.catalogue
    findings = []
    if not collection.in_step():
        findings.append(Finding("home", "a run was broken off", repaired=repair))
        if repair:
            collection.sweep()
    current = set(catalogue.chunk_ids(current=True))
    for store, held, mend in (
        ("vectors", collection.vectors.ids(), collection.mend_vectors),
        ("words", collection.words.ids(), collection.mend_words),
    ):
        if held != current:
            lacking, extra = len(current - held), len(held - current)
            passages = "passage is" if lacking == 1 else "passages are"
            findings.append(Finding(store, f"{lacking} {passages} missing, {extra} should not be there", repair))
            if repair:
                mend()
    texts, held = collection.text_ids(), collection.texts.ids()
    if texts != held:
        lacking, extra = len(texts - held), len(held - texts)
        findings.append(Finding("texts", f"{lacking} whole texts are missing, {extra} should not be there", repair))
        if repair:
            collection.mend_texts()
    findings += _queries(collection, current)
    return Examination(tuple(findings), catalogue.count_documents(), len(current))


def _queries(collection: Collection, current: set[int]) -> list[Finding]:
    """Look for a passage of the collection by its own text, in both indexes."""
    if not current:
        return []
    text = collection.catalogue.chunk_texts([min(current)])[0][1]
    asked = text[:2000]
    findings = []
    if not _is_there(collection, text, collection.by_meaning(collection.embedder.passages([text])[0], AMONG)):
        findings.append(Finding("vectors", "a passage is not found by its own text; run `onrecord rebuild`", False))
    if stems(asked) and not _is_there(collection, text, collection.by_words(asked, AMONG)):
        findings.append(Finding("words", "a passage is not found by its own words; run `onrecord rebuild`", False))
    return findings


def _is_there(collection: Collection, text: str, hits: Sequence[tuple[int, float]]) -> bool:
    """Whether a passage of this text is among the hits; there may be more copies of it than places."""
    return any(found == text for _, found in collection.catalogue.chunk_texts(chunk_id for chunk_id, _ in hits))
