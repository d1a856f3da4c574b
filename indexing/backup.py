"""One file that holds a home: its databases, each as of one moment, its other files, and the vectors, dear to make.

The file is a ZIP archive. Its last member, `manifest.json`, names every other with its size and SHA-256; the archive's
comment is the SHA-256 of all bytes before it, so a file that was cut or altered anywhere is told from a whole one.

What belongs to a home is not listed by name: whatever lies there is kept, except what is made from the catalogue
(`DERIVED`) and what only a running process needs (`PASSING`). A database is told by its first bytes, and copied through
SQLite's online backup, so others may read and write meanwhile.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from indexing.catalogue import Catalogue
from indexing.collection import CATALOGUE, now
from indexing.errors import HomeError, OnrecordError
from indexing.rows import GONE
from indexing.schema import SCHEMA_VERSION
from indexing.transaction import sealed

FORMAT = "onrecord-backup-1"
MANIFEST = "manifest.json"
VECTORS = "vectors.f16"  # a row in half precision for each current chunk, in the order of their ids; zeros: unknown
INSIDE = "home/"  # where the home's own files are in the archive
DERIVED = ("vectors", "words", "texts")  # folders, perhaps with the label of a making behind: made from the catalogue
MARK = "restore.json"  # in a home that is being restored: which backup it comes from
PASSING = ("lock", "owner.json", "owner.socket", VECTORS, MARK)
PASSING_ENDINGS = ("-wal", "-shm", "-journal", ".part", ".lock")
MAGIC = b"SQLite format 3\0"
DIGEST = 64  # characters of the archive's comment
PIECE = 1 << 20  # bytes read at a time
PAGES = 4096  # of a database, between two signs of progress
ROWS = 4096  # vectors read at a time
LEVEL = 3  # of compression: most of a catalogue's bytes are vectors, which do not shrink

Progress = Callable[[int, int, str], None]
"""Hears bytes done, bytes in all, and what is being copied."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file of the home as it is in a backup. `name` is relative to the home, with slashes."""

    name: str
    size: int
    sha256: str
    mode: int
    database: bool = False


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds. `home` is where the home lay; `vectors` describes the rows, None where there are none."""

    made_at: str
    home: str
    schema: str
    documents: int
    chunks: int
    embedder: str
    dimension: int
    files: tuple[Member, ...]
    vectors: Member | None
    left_out: tuple[str, ...] = ()


def write_backup(home: Path, file: Path, progress: Progress = lambda *_: None) -> Backup:
    """Write a backup of a home, which may be in use; an older backup of that name is replaced at the very end.

    Raises OnrecordError where there is no index, the file is something else or lies in the home, or the disk fails.
    """
    if not (home / CATALOGUE).is_file():
        raise HomeError(f"there is no index in {home}; make one with: onrecord index PATH --home {home}")
    _refuse_target(home, file)
    part = file.with_name(f".{file.name}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)  # it holds all that the home holds
        with os.fdopen(descriptor, "wb") as opened:
            with zipfile.ZipFile(opened, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as archive:
                made = _Writing(home, archive, part.with_name(f"{part.name}.database"), progress).write()
                archive.comment = b"0" * DIGEST
            opened.flush()
            os.fsync(opened.fileno())
        digest = _digest(part)
        with part.open("r+b") as opened:
            opened.seek(-DIGEST, os.SEEK_END)
            opened.write(digest.encode())
            opened.flush()
            os.fsync(opened.fileno())
        part.replace(file)
    except (OSError, sqlite3.Error) as error:
        raise OnrecordError(
            f"the backup {file} cannot be written ({error}); see to the disk, then run again"
        ) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return made


def _refuse_target(home: Path, file: Path) -> None:
    if file.is_dir():
        raise OnrecordError(f"{file} is a folder; name a file, such as {file / 'onrecord.backup'}")
    if not file.parent.is_dir():
        raise OnrecordError(f"there is no folder {file.parent}; make it first")
    if file.resolve().is_relative_to(home.resolve()):
        raise OnrecordError(f"{file} lies in the home that it is to hold; name a file elsewhere")
    if file.exists() and not is_backup(file):
        raise OnrecordError(f"{file} exists and is no backup of Onrecord's; name another file")


def is_backup(file: Path) -> bool:
    """Whether a file is one of ours, by what it holds; not whether it is whole."""
    try:
        with zipfile.ZipFile(file) as archive:
            return bool(json.loads(archive.read(MANIFEST)).get("format") == FORMAT)
    except (OSError, ValueError, KeyError, AttributeError, zipfile.BadZipFile):
        return False


class _Writing:
    """One archive while it is filled."""

    def __init__(self, home: Path, archive: zipfile.ZipFile, scratch: Path, progress: Progress) -> None:
        self._home = home
        self._archive = archive
        self._scratch = scratch
        self._progress = progress
        self._done = 0
        self._total = 1

    def write(self) -> Backup:
        # The catalogue first: a file that was added to the home since is then one more than it knows, not one less.
        label = _label(self._home)
        names, left_out = contents(self._home)
        names.sort(key=lambda name: (name != CATALOGUE, name))
        self._total = 2 * sum(_size(self._home / name) for name in names)  # read, and packed
        members, facts = [], None
        for name in names:
            path = self._home / name
            try:
                database = _is_database(path)
                source = self._copy_of(path) if database else path
                if name == CATALOGUE:
                    facts = self._vectors(source, self._home / f"vectors{label}" / "rows.f16")
                members.append(self._add(source, INSIDE + name, path.stat().st_mode, database=database))
            except FileNotFoundError:
                continue  # a file that somebody took away meanwhile
            finally:
                for ending in ("", "-wal", "-shm", "-journal"):
                    self._scratch.with_name(self._scratch.name + ending).unlink(missing_ok=True)
        assert facts is not None
        vectors, about = facts
        made = Backup(now(), str(self._home.absolute()), SCHEMA_VERSION, *about, tuple(members), vectors, left_out)
        self._archive.writestr(MANIFEST, json.dumps({"format": FORMAT, **asdict(made)}, indent=1))
        return made

    def _copy_of(self, path: Path) -> Path:
        """A database as of one moment, checked."""
        name = path.relative_to(self._home).as_posix()
        begun = self._done

        def heard(_status: int, remaining: int, total: int) -> None:
            share = (total - remaining) / total if total else 1.0
            self._tell(begun + int(share * _size(path)), name)

        target = sealed(path) or f"{path.absolute().as_uri()}?mode=rw"
        with (
            closing(sqlite3.connect(target, uri=True, timeout=30)) as source,
            closing(sqlite3.connect(self._scratch)) as copy,
        ):
            source.isolation_level = None
            # One read transaction around all steps: a writer beside us neither waits nor makes the copy begin anew.
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_master").fetchone()
            source.backup(copy, pages=PAGES, progress=heard, sleep=0)
            found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise HomeError(f"{path} is damaged ({found}), so it is not backed up; put it back from an older backup")
        return self._scratch

    def _vectors(self, catalogue: Path, rows: Path) -> tuple[Member | None, tuple[int, int, str, int]]:
        """Add the rows of the chunks that are current in this copy of the catalogue; what they are."""
        with closing(Catalogue(catalogue, create=False)) as opened:
            ids = np.asarray(sorted(opened.chunk_ids(current=True)), dtype=np.int64)
            dimension = int(opened.meta("dimension") or 0)
            about = opened.count_documents(), len(ids), opened.meta("embedder"), dimension
        if not len(ids) or not rows.is_file() or not rows.stat().st_size:
            return None, about
        shape = (rows.stat().st_size // (2 * dimension), dimension)
        held = np.memmap(rows, "<i2", "r", shape=shape)
        digest, size = hashlib.sha256(), 0
        with self._archive.open(VECTORS, "w", force_zip64=True) as target:
            for at in range(0, len(ids), ROWS):
                wanted = ids[at : at + ROWS]
                part = np.zeros((len(wanted), dimension), dtype="<i2")
                inside = wanted < len(held)
                part[inside] = held[wanted[inside]]
                part[(part == GONE).all(axis=1)] = 0
                data = part.tobytes()
                target.write(data)
                digest.update(data)
                size += len(data)
        return Member(VECTORS, size, digest.hexdigest(), 0o600), about

    def _add(self, path: Path, name: str, mode: int, *, database: bool) -> Member:
        """Add a file in pieces; what was really read is what the manifest tells."""
        digest, size = hashlib.sha256(), 0
        about = zipfile.ZipInfo(name)
        about.compress_type = zipfile.ZIP_DEFLATED
        about.external_attr = stat.S_IMODE(mode) << 16
        shown = name.removeprefix(INSIDE)
        with path.open("rb") as source, self._archive.open(about, "w", force_zip64=True) as target:
            for piece in pieces(source):
                target.write(piece)
                digest.update(piece)
                size += len(piece)
                self._tell(self._done + len(piece), shown)
        return Member(shown, size, digest.hexdigest(), stat.S_IMODE(mode), database)

    def _tell(self, done: int, name: str) -> None:
        self._done = max(self._done, min(done, self._total))
        self._progress(self._done, self._total, name)


def contents(home: Path) -> tuple[list[str], tuple[str, ...]]:
    """The files of a home that a backup keeps, by name within it; and the links that it does not follow."""
    kept, left_out = [], []
    for folder, folders, files in os.walk(home):
        here = Path(folder)
        if here == home:
            folders[:] = [one for one in folders if one.split("-")[0] not in DERIVED]
            files = [one for one in files if one not in PASSING]
        for one in [*folders, *files]:
            path = here / one
            name = path.relative_to(home).as_posix()
            if path.is_symlink():
                left_out.append(name)
            elif one in files and not one.endswith(PASSING_ENDINGS) and path.is_file():
                kept.append(name)
    return sorted(kept), tuple(sorted(left_out))


def _label(home: Path) -> str:
    with closing(Catalogue(home / CATALOGUE, create=False)) as opened:
        return opened.meta("indexes")


def _is_database(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def pieces(source: IO[bytes]) -> Iterator[bytes]:
    while piece := source.read(PIECE):
        yield piece


def _digest(file: Path) -> str:
    """Of all bytes before the archive's comment."""
    digest, left = hashlib.sha256(), file.stat().st_size - DIGEST
    with file.open("rb") as opened:
        while left > 0 and (piece := opened.read(min(PIECE, left))):
            digest.update(piece)
            left -= len(piece)
    return digest.hexdigest()


def read_backup(file: Path) -> tuple[Backup, str]:
    """What a backup holds, and its digest. Raises OnrecordError for one that is not whole, or not one at all."""
    if not file.is_file():
        raise OnrecordError(f"there is no file {file}")
    if not is_backup(file):
        raise OnrecordError(f"{file} is no backup of Onrecord's, or it was cut; take another copy of it")
    with zipfile.ZipFile(file) as archive:
        digest, told = _digest(file), archive.comment.decode("ascii", "replace")
        if digest != told:
            raise OnrecordError(
                f"{file} is not as it was written (its SHA-256 differs), so nothing is restored from it; "
                "take another copy of it"
            )
        values: dict[str, Any] = json.loads(archive.read(MANIFEST))
    values.pop("format")
    vectors = values.pop("vectors")
    files = tuple(Member(**one) for one in values.pop("files"))
    left_out = tuple(values.pop("left_out"))
    found = Backup(**values, files=files, vectors=Member(**vectors) if vectors else None, left_out=left_out)
    if found.schema != SCHEMA_VERSION:
        raise OnrecordError(
            f"{file} was made by another version of Onrecord (schema {found.schema}, this one has {SCHEMA_VERSION}); "
            "restore it with that version"
        )
    return found, digest
