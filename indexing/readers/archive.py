"""ZIP archives: every member by the reader for its ending, one at a time, in a folder of its own."""

from __future__ import annotations

import lzma
import shutil
import stat
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path, PurePosixPath

from indexing.errors import LoadError
from indexing.extraction import Extraction, Read, ReadOptions, Unread, Working
from indexing.readers import FORMATS, damaged, read
from indexing.readers.packages import bomb, is_bomb

DEEPEST = 1  # archives inside of archives
ENCRYPTED = 0x1
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    NotImplementedError,
    RuntimeError,
    OSError,
    EOFError,
    ValueError,
)


def read_zip(path: Path, options: ReadOptions) -> Iterator[Read]:
    """The documents of all members in the order of their paths, which name them."""
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise damaged(".zip", str(error)) from error
    with archive, tempfile.TemporaryDirectory() as folder:
        members = sorted((part for part in archive.infolist() if _is_file(part)), key=lambda part: part.filename)
        if not members:
            raise LoadError("the archive holds no files", "nothing to do", skipped=True)
        seen: set[str] = set()
        budget, done, total = options.max_expanded, 0, sum(part.compress_size for part in members)
        for number, part in enumerate(members):
            budget -= part.file_size
            working, done = Working(part.filename, number, done / max(1, total)), done + part.compress_size
            if number < options.first:
                continue
            yield working
            try:
                _check(part, seen, budget, options)
                yield from _member(archive, part, working, Path(folder), options)
            except LoadError as error:
                yield Unread(part.filename, error)
            # What zipfile raises over damaged members; the others go on.
            except DAMAGE as error:
                yield Unread(part.filename, damaged(".zip", f"{type(error).__name__}: {error}"))
            seen.add(part.filename)


def _is_file(part: zipfile.ZipInfo) -> bool:
    """Folders are no documents; neither is what starts with a dot, as in folders on disk."""
    names = part.filename.replace("\\", "/").split("/")
    return not part.is_dir() and names[0] != "__MACOSX" and not any(n.startswith(".") and n != ".." for n in names)


def _check(part: zipfile.ZipInfo, seen: set[str], budget: int, options: ReadOptions) -> None:
    """Raise LoadError for what must not be unpacked."""
    path = PurePosixPath(part.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in path.parts[0] or "\0" in part.orig_filename:
        raise LoadError("its name leads out of the archive", "leave it out; nothing was written there", skipped=True)
    if part.filename in seen:
        raise LoadError("another member has the same name", "give it a name of its own", skipped=True)
    if stat.S_ISLNK(part.external_attr >> 16):
        raise LoadError("it is a link", "put the file itself into the archive", skipped=True)
    if part.flag_bits & ENCRYPTED:
        raise LoadError("it is encrypted with a password", "unpack it and index the folder", skipped=True)
    if path.suffix.lower() not in FORMATS:
        raise LoadError(
            f"{path.suffix or 'a file without ending'} is not a format Onrecord reads",
            f"convert it to one of: {' '.join(sorted(FORMATS))}",
            skipped=True,
        )
    if path.suffix.lower() == ".zip" and options.depth >= DEEPEST:
        raise LoadError("it is an archive in an archive in an archive", "unpack it", skipped=True)
    if is_bomb(part, options):
        raise bomb(part)
    if budget < 0:
        raise LoadError(
            f"the archive unpacks to more than {options.max_expanded / 1_000_000:g} MB",
            "unpack it and index the folder",
            skipped=True,
        )


def _member(
    archive: zipfile.ZipFile, part: zipfile.ZipInfo, working: Working, folder: Path, options: ReadOptions
) -> Iterator[Read]:
    name = PurePosixPath(part.filename)
    # Readers take a title from the file's name; its length and characters are the archive's, not this disk's.
    stem = "".join(c for c in name.stem if c.isalnum() or c in " -_.,'()")[:60] or "member"
    target = folder / f"{stem}{name.suffix.lower()}"
    try:
        with archive.open(part) as packed, target.open("wb") as file:
            shutil.copyfileobj(packed, file, 1 << 20)  # zipfile stops at the declared size, which was checked
        for value in read(target, replace(options, first=0, depth=options.depth + 1)):
            inner = value.member
            member = f"{part.filename}/{inner}" if inner else part.filename
            if isinstance(value, Working):
                yield working
            elif isinstance(value, Extraction):
                yield replace(value, member=member)
            else:
                yield Unread(member, value.error)
    finally:
        target.unlink(missing_ok=True)
