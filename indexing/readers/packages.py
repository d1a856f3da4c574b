"""ZIP packages that hold one document (docx, odt, epub): opened only where their parts are of a sane size."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from indexing.errors import LoadError
from indexing.extraction import ReadOptions
from indexing.readers import damaged

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # what Microsoft Office wraps an encrypted document in
SMALL = 10_000_000  # bytes; below this no ratio is suspicious
DECLARATIONS = tuple("<!ENTITY".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))


@contextmanager
def open_package(path: Path, options: ReadOptions) -> Iterator[zipfile.ZipFile]:
    """The package; raises LoadError for bombs, entity declarations, encryption and what is no package."""
    with path.open("rb") as file:
        if file.read(8) == OLE:
            raise LoadError(
                "it is encrypted, or of the old Office format",
                f"save it without a password as {path.suffix.lower()}",
                skipped=True,
            )
    try:
        package = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise damaged(path.suffix, str(error)) from error
    with package:
        parts = package.infolist()
        limit = 10 * options.max_bytes  # pictures and markup come on top of the text
        if sum(part.file_size for part in parts) > limit:
            raise LoadError(
                f"it unpacks to more than {limit / 1_000_000:g} MB",
                "take pictures out of it, or raise max_document_mb",
                skipped=True,
            )
        for part in parts:
            if is_bomb(part, options):
                raise bomb(part)
            if part.filename.lower().endswith((".xml", ".rels", ".opf", ".ncx")):
                with package.open(part) as content:
                    start = content.read(65_536)  # declarations stand before the first element
                if any(declaration in start for declaration in DECLARATIONS):
                    raise LoadError(
                        f"{part.filename} in it declares XML entities, of which bombs are made",
                        "leave it out, or save it again in the program that made it",
                    )
        yield package


def is_bomb(part: zipfile.ZipInfo, options: ReadOptions) -> bool:
    """Whether a member grows by more than text does."""
    return part.file_size > SMALL and part.file_size > options.max_ratio * max(1, part.compress_size)


def bomb(part: zipfile.ZipInfo) -> LoadError:
    return LoadError(
        f"{part.filename or 'a part'} in it unpacks to {part.file_size // max(1, part.compress_size)} times its size",
        "leave it out; archives like that are made to exhaust memory",
        skipped=True,
    )
