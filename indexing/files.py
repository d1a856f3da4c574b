"""What lies in folders: the files to look at, those that cannot be, and a fingerprint of each."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexing.chunks import RECIPE
from indexing.errors import LoadError, OnrecordError, UnreadableError
from indexing.extraction import READING, ReadOptions
from indexing.readers import FORMATS, reader_of

MEGABYTE = 1_000_000
MANY = 10  # documents; if as many and more than half of a folder are gone, it is asked before they are removed
PLAIN = {".txt", ".md", ".markdown"}
CONTAINERS = {
    ".csv",
    ".jsonl",
    ".tsv",
    ".zip",
}  # hold many documents: the limit of size is each document's, not the file's


@dataclass(frozen=True, slots=True)
class Survey:
    """The files below some paths, with their sizes in bytes, and what could not be looked at."""

    scopes: Mapping[Path, Path]  # each path as given, resolved: the root that its documents are named from
    files: Mapping[Path, int]
    unreadable: Mapping[str, LoadError]

    @property
    def roots(self) -> set[Path]:
        return set(self.scopes.values())

    def covers(self, path: str) -> bool:
        return any(Path(path).is_relative_to(scope) for scope in self.scopes)

    def lacks(self, path: str) -> bool:
        """Whether a file was looked for and is not there; what lies in an unreadable folder may still be."""
        inside = any(Path(path).is_relative_to(folder) for folder in self.unreadable)
        return self.covers(path) and Path(path) not in self.files and not inside

    def root_of(self, file: Path) -> Path:
        around = [(scope, root) for scope, root in self.scopes.items() if file.is_relative_to(scope)]
        return max(around, key=lambda pair: len(pair[0].parts))[1]

    def name_of(self, file: Path) -> Path:
        return file.relative_to(self.root_of(file))


def survey(paths: Sequence[Path], roots: Iterable[Path], known: Collection[str] = (), *, prune: bool = False) -> Survey:
    """Look at every visible file; a path inside a folder that is indexed already belongs to that folder.

    `known` are the paths of the documents that are indexed. Raises OnrecordError for a path that is not there, unless
    it is one of theirs and is to be pruned.
    """
    scopes: dict[Path, Path] = {}
    files: dict[Path, int] = {}
    unreadable: dict[str, LoadError] = {}
    for given in paths:
        path = Path(os.path.realpath(given))
        if not path.exists() and not (prune and any(Path(one).is_relative_to(path) for one in known)):
            count = sum(Path(one).is_relative_to(path) for one in known)
            raise OnrecordError(f"{given} does not exist; nothing was changed{_kept(count)}")
        around = [root for root in roots if path.is_relative_to(root)]
        scopes[path] = max(around, key=lambda root: len(root.parts), default=path if path.is_dir() else path.parent)
        for file in visible_files(path, unreadable) if path.exists() else ():
            try:
                files[file] = file.stat().st_size
            except OSError:
                files[file] = 0  # what is wrong with it is said when it is read
    return Survey(scopes, files, unreadable)


def _kept(count: int) -> str:
    """What becomes of documents from where nothing is to be found."""
    if count == 1:
        return ". The document indexed from there is kept; --prune removes it"
    return f". The {count:,} documents indexed from there are kept; --prune removes them" if count else ""


def visible_files(path: Path, unreadable: dict[str, LoadError] | None = None) -> Iterator[Path]:
    """The path itself, or every visible file below a folder in a steady order; links to folders are not followed.

    Folders that cannot be read are noted in `unreadable`, by path.
    """
    if not path.is_dir():
        yield path
        return

    def note(error: OSError) -> None:
        reason = f"the folder cannot be read ({error.strerror})"
        if unreadable is not None:
            unreadable[str(error.filename)] = UnreadableError(reason, "give read permission or leave it out")

    for folder, folders, names in os.walk(path, onerror=note):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if not name.startswith("."):
                yield Path(folder) / name


def fingerprint_of(file: Path, options: ReadOptions, override: Mapping[str, str]) -> str:
    """A hash of everything that decides what is read from a file; raises LoadError for one that cannot go in."""
    if printable(file) != str(file):
        raise LoadError("its path is not valid UTF-8", "rename it")
    reader_of(file.suffix)
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):
            raise LoadError("it is not a regular file", "leave it out", skipped=True)
        if file.suffix.lower() not in CONTAINERS:
            check_size(status.st_size, options.max_bytes)
        with file.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise UnreadableError(
            f"it cannot be read ({error.strerror or error})", "check that it exists and that you may read it"
        ) from error
    limit = options.max_bytes if file.suffix.lower() in CONTAINERS else 0  # decides which of its documents go in
    settings = json.dumps([READING, dict(options.columns), dict(override), limit], sort_keys=True)
    return f"{RECIPE}:{content}:{hashlib.sha256(settings.encode()).hexdigest()[:16]}"


def _content_of(fingerprint: str) -> str:
    """The part of a fingerprint that stands for the bytes of the file."""
    return ":".join(fingerprint.split(":")[1:2])


def refuse_if_unmounted(
    found: Survey, documents: Mapping[str, str], gone: Collection[str], read: Mapping[str, str]
) -> None:
    """Raise OnrecordError where so much is gone that the folder may be unmounted rather than emptied.

    `documents` is `{id: path}` of all that are indexed, `gone` are the ids of those whose file was looked for in vain,
    `read` the fingerprints of the files as they were.
    """
    places = ", ".join(map(printable, found.scopes))
    known = [path for path in documents.values() if found.covers(path)]
    if not any(file.suffix.lower() in FORMATS for file in found.files):
        kinds = " ".join(sorted(FORMATS))
        raise OnrecordError(
            f"there is nothing to index in {places}: no file of a kind Onrecord reads ({kinds}){_kept(len(known))}."
        )
    if len(gone) < MANY or len(gone) * 2 <= len(known):
        return
    elsewhere = _contents_of_new(found, set(known))
    lost = sum(_content_of(read.get(documents[one], "")) not in elsewhere for one in gone)
    if lost >= MANY and lost * 2 > len(known):
        raise OnrecordError(
            f"{lost} of the {len(known)} documents indexed from {places} are gone. If the folder is not just "
            "unmounted, run again with --prune to remove them or with --keep-missing to keep them. Nothing was changed."
        )


def _contents_of_new(found: Survey, known: Collection[str]) -> set[str]:
    """What stands in files of which no document is known: they may be others that were moved, byte for byte."""
    contents = set()
    for file in found.files:
        if str(file) not in known:
            try:
                contents.add(_content_of(fingerprint_of(file, ReadOptions(), {})))
            except LoadError:
                continue  # what is wrong with it is said when it is read
    return contents


def check_size(size: int, limit: int) -> None:
    if size > limit:
        raise LoadError(
            f"it has {size / MEGABYTE:,.1f} MB, over the limit of {limit / MEGABYTE:g} MB",
            "split it, or raise max_document_mb",
            skipped=True,
        )


def printable(path: Path) -> str:
    """The path as text that can be stored and shown, whatever bytes it is made of."""
    return os.fsencode(path).decode("utf-8", "replace")
