"""A home from a backup: built beside the place where it is to be, and put there in one moment.

What stands there stays whole until then, whatever happens; a run that was broken off is taken up by the next. The words
and whole texts are indexed anew; the vectors come from the backup, and only what it lacks is embedded.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import json
import os
import shutil
import sys
import zipfile
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from indexing import collection as collections
from indexing.backup import INSIDE, MARK, VECTORS, Backup, Member, Progress, pieces, read_backup
from indexing.catalogue import Catalogue
from indexing.collection import CATALOGUE, Collection
from indexing.embed import Embedder
from indexing.errors import OnrecordError
from indexing.lock import OwnerLock
from indexing.vectors import drop

OWNER = "owner.json"
HALF = np.dtype("<f2")
UPLOADS = "uploads"
EXCHANGE = 2  # RENAME_EXCHANGE of Linux' renameat2
AT_FDCWD = -100

Embedding = Callable[[str, int], Embedder]
"""The embedder for an index made with that name and dimension; it is asked only for vectors that the backup lacks."""

Passages = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored. `embedded` passages had no vector in the backup."""

    documents: int
    chunks: int
    embedded: int
    files: int


def restore_backup(
    file: Path,
    home: Path,
    embedding: Embedding,
    *,
    chroma_url: str = "",
    force: bool = False,
    progress: Progress = lambda *_: None,
    passages: Passages = lambda *_: None,
) -> Restored:
    """Put the home that a backup holds at `home`; with `force` in place of the one that stands there.

    `progress` hears of the unpacking, `passages` of those indexed and all.
    Raises OnrecordError for a backup that is altered or of another version, a home there or in use, a full disk.
    """
    home = Path(os.path.realpath(home))
    building, replaced = (home.with_name(f"{home.name}.{state}") for state in ("restoring", "replaced"))
    with ExitStack() as stack:
        try:
            if replaced.is_dir() and not home.exists():  # killed between the two renames, where there is no exchange
                replaced.rename(home)
            if not file.is_file():
                raise OnrecordError(f"there is no file {file}")
            _refuse_home(home, force)
            backup, digest = read_backup(file)
            if (home / CATALOGUE).is_file():
                stack.enter_context(OwnerLock(home))
            _begin(building, digest)
            stack.enter_context(OwnerLock(building))
            _unpack(file, backup, building, progress)
            _at_home(building, backup, home)
            embedder = embedding(backup.embedder, backup.dimension)
            if chroma_url:  # collections on a server are named after the place of the home, so it is put there first
                return _on_server(building, replaced, home, backup, embedder, chroma_url, passages)
            embedded = _fill(building, backup, embedder, "", passages)
            _settle(building)
            _put(building, home, replaced)
        except OSError as error:
            raise OnrecordError(_failure(home, error)) from error
    return Restored(backup.documents, backup.chunks, embedded, len(backup.files))


def _failure(home: Path, error: OSError) -> str:
    if error.errno in (errno.EBUSY, errno.EXDEV):
        return (
            f"{home} cannot be put in place at once ({error.strerror}): it seems to be a mounted volume; "
            "choose a folder inside it as --home"
        )
    return f"{home} cannot be restored ({error}); see to the disk, then run the same command again: it goes on"


def _refuse_home(home: Path, force: bool) -> None:
    if not home.parent.is_dir():
        raise OnrecordError(f"there is no folder {home.parent}; make it first")
    if force or not home.exists() or (home.is_dir() and not any(home.iterdir())):
        return
    what = "an index" if (home / CATALOGUE).is_file() else "something"
    raise OnrecordError(f"there is {what} in {home} already; restore to another --home, or replace it with --force")


def _begin(building: Path, digest: str) -> None:
    """A folder to build in: that of an earlier run with the same backup, or a new one."""
    with suppress(OSError, ValueError, KeyError):
        if json.loads((building / MARK).read_text(encoding="utf-8"))["digest"] == digest:
            return
    if building.exists():
        with OwnerLock(building):  # another restore may be at it
            pass
        shutil.rmtree(building)
    building.mkdir(mode=0o700)
    _write(building / MARK, json.dumps({"digest": digest, "unpacked": False}).encode(), 0o600)


def _unpack(file: Path, backup: Backup, building: Path, progress: Progress) -> None:
    """All files of the backup, each checked as it is written."""
    mark = json.loads((building / MARK).read_text(encoding="utf-8"))
    if mark["unpacked"]:
        return
    members = [(INSIDE + one.name, building / one.name, one) for one in backup.files]
    if backup.vectors is not None:
        members.append((VECTORS, building / VECTORS, backup.vectors))
    done, total = 0, sum(member.size for *_, member in members) or 1
    with zipfile.ZipFile(file) as archive:
        for inside, target, member in members:
            if not target.resolve().is_relative_to(building.resolve()):
                raise OnrecordError(f"{file} names a file outside a home ({member.name!r}); nothing is restored")
            progress(done, total, member.name)
            for ending in ("-wal", "-shm", "-journal") if member.database else ():
                target.with_name(target.name + ending).unlink(missing_ok=True)
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _extract(archive, inside, target, member)
            done += member.size
    _write(building / MARK, json.dumps({**mark, "unpacked": True}).encode(), 0o600)
    progress(done, total, "unpacked")


def _extract(archive: zipfile.ZipFile, inside: str, target: Path, member: Member) -> None:
    digest, part = hashlib.sha256(), target.with_name(f".{target.name}.part")
    try:
        with archive.open(inside) as source, part.open("wb") as opened:
            for piece in pieces(source):
                opened.write(piece)
                digest.update(piece)
            opened.flush()
            os.fsync(opened.fileno())
    except (zipfile.BadZipFile, KeyError) as error:
        raise OnrecordError(
            f"{member.name} cannot be read from the backup ({error}); take another copy of it"
        ) from None
    if digest.hexdigest() != member.sha256:
        raise OnrecordError(f"{member.name} is not as it was backed up (its SHA-256 differs); take another copy")
    part.chmod(member.mode)
    part.replace(target)


def _write(path: Path, data: bytes, mode: int) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(data)
    part.chmod(mode)
    part.replace(path)


def _at_home(building: Path, backup: Backup, home: Path) -> None:
    """Documents that were given through the page lie in the home: where it lies now is where they lie."""
    before, after = f"{backup.home}/{UPLOADS}", f"{home}/{UPLOADS}"
    if before == after:
        return
    with closing(Catalogue(building / CATALOGUE, create=False)) as catalogue, catalogue.writing() as db:
        for table, column in (
            ("documents", "path"),
            ("documents", "root"),
            ("files", "path"),
            ("roots", "path"),
            ("problems", "path"),
        ):
            db.execute(
                f"UPDATE OR IGNORE {table} SET {column} = ? || substr({column}, ?) "
                f"WHERE {column} = ? OR substr({column}, 1, ?) = ?",
                [after, len(before) + 1, before, len(before) + 1, f"{before}/"],
            )


def _fill(home: Path, backup: Backup, embedder: Embedder, url: str, passages: Passages) -> int:
    """Make the indexes of a home that has none, or only a part; how many passages had to be embedded."""
    with Collection(home, embedder, chroma_url=url, mend=False) as collection:
        ids = sorted(collection.catalogue.chunk_ids(current=True))
        meaning, words = collection.vectors.ids(), collection.words.ids()
        path, dimension = home / VECTORS, backup.dimension
        rows = np.memmap(path, HALF, "r").reshape(-1, dimension) if backup.vectors and path.is_file() else None
        embedded = 0
        for at in range(0, len(ids), collections.BATCH):
            part = range(at, min(at + collections.BATCH, len(ids)))
            there = (
                rows[part.start : part.stop].any(axis=1) if rows is not None else np.zeros(len(part), dtype=np.bool_)
            )
            missing = np.asarray([ids[place] not in meaning for place in part])
            known = part.start + np.flatnonzero(there & missing)
            if rows is not None and len(known):
                collection.vectors.add([ids[place] for place in known], rows[known].astype(np.float32))
            if lacking := [ids[part.start + at] for at in np.flatnonzero(missing & ~there)]:
                texts = collection.catalogue.chunk_texts(lacking)
                vectors = embedder.passages([text for _, text in texts])
                collection.vectors.add([chunk_id for chunk_id, _ in texts], vectors)
                embedded += len(texts)
            if unsaid := [ids[place] for place in part if ids[place] not in words]:
                collection.words.change(dict(collection.catalogue.chunk_texts(unsaid)), [])
            passages(part.stop, len(ids))
        collection.sweep()
    return embedded


def _settle(building: Path) -> None:
    """Take away what only the building needed."""
    for name in (VECTORS, MARK, OWNER):
        (building / name).unlink(missing_ok=True)


def _on_server(
    building: Path, replaced: Path, home: Path, backup: Backup, embedder: Embedder, url: str, passages: Passages
) -> Restored:
    """The same where the vectors are on a Chroma server. The new making has a label that the old home's has not."""
    before = ""
    if (home / CATALOGUE).is_file():
        with closing(Catalogue(home / CATALOGUE, create=False)) as old:
            before = old.meta("indexes")
    with closing(Catalogue(building / CATALOGUE, create=False)) as new:
        highest = max(int(label.lstrip("-") or 1) for label in (before, new.meta("indexes")))
        if highest and new.meta("indexes") == before:
            new.change_over(f"-{highest + 1}", backup.embedder, backup.dimension)
    (building / MARK).unlink()
    (building / OWNER).unlink(missing_ok=True)
    _put(building, home, replaced)
    embedded = _fill(home, backup, embedder, url, passages)
    (home / VECTORS).unlink(missing_ok=True)
    drop(home / f"vectors{before}", url)
    return Restored(backup.documents, backup.chunks, embedded, len(backup.files))


def _put(building: Path, home: Path, replaced: Path) -> None:
    """The new home in the place of the old in one moment; then the old goes."""
    if not home.exists() or not any(home.iterdir()):
        building.replace(home)
        return
    if _exchange(building, home):
        old = building
    else:
        if replaced.exists():
            shutil.rmtree(replaced)
        home.rename(replaced)
        building.rename(home)
        old = replaced
    shutil.rmtree(old)


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change places, if the system can."""
    if sys.platform != "linux":
        return False
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    if rename(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL):  # a file system without it
        return False
    raise OSError(code, os.strerror(code), str(other))
