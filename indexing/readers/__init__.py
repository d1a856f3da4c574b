"""One reader for each format; each imports its library when it is first used."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from indexing.errors import LoadError, UnreadableError
from indexing.extraction import Read, Reader, ReadOptions

FORMATS: dict[str, tuple[str, str]] = {
    ".csv": ("tables", "read_csv"),
    ".docx": ("word", "read_docx"),
    ".eml": ("mail", "read_eml"),
    ".epub": ("epub", "read_epub"),
    ".htm": ("web", "read_html"),
    ".html": ("web", "read_html"),
    ".jsonl": ("tables", "read_jsonl"),
    ".markdown": ("plain", "read_plain"),
    ".md": ("plain", "read_plain"),
    ".odt": ("odt", "read_odt"),
    ".pdf": ("pdf", "read_pdf"),
    ".rtf": ("rtf", "read_rtf"),
    ".tsv": ("tables", "read_csv"),
    ".txt": ("plain", "read_plain"),
    ".zip": ("archive", "read_zip"),
}
"""An ending, and the module and function that reads it."""


def reader_of(suffix: str) -> Reader:
    """The reader for an ending; raises LoadError that names the endings there are."""
    if suffix.lower() not in FORMATS:
        raise LoadError(
            f"{suffix or 'a file without ending'} is not a format Onrecord reads",
            f"convert it to one of: {' '.join(sorted(FORMATS))}",
            skipped=True,
        )
    module, function = FORMATS[suffix.lower()]
    reader: Reader = getattr(import_module(f"indexing.readers.{module}"), function)
    return reader


def read(path: Path, options: ReadOptions) -> Iterator[Read]:
    """Every document of a file, as they are read; raises nothing but LoadError.

    Untrusted files belong into `indexing.sandbox`, which also bounds time and memory.
    """
    reader = reader_of(path.suffix)
    try:
        yield from reader(path, options)
    except LoadError:
        raise
    except MemoryError as error:
        raise LoadError("reading it takes more memory than is allowed", "split it into smaller files") from error
    except (FileNotFoundError, PermissionError, IsADirectoryError) as error:
        raise UnreadableError(
            f"it cannot be read ({error.strerror or error})", "check that it exists and that you may read it"
        ) from error
    # What nine parsers raise over damaged bytes has no common root, and one bad file never stops a run.
    except Exception as error:
        raise damaged(path.suffix, f"{type(error).__name__}: {error}") from error


def damaged(suffix: str, detail: str) -> LoadError:
    """The error for a file that is not what its ending says, or no longer."""
    return LoadError(
        f"it cannot be read as {suffix.lower().lstrip('.')} ({' '.join(detail.split())[:200]})",
        "open it in the program that made it and save it again, or give it the ending it should have",
    )


def read_limited(path: Path, limit: int) -> bytes:
    """The bytes of a file that has at most `limit` of them and is not empty."""
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise LoadError(
            f"it has more than the limit of {limit / 1_000_000:g} MB",
            "split it, or raise max_document_mb",
            skipped=True,
        )
    if not data.strip():
        raise LoadError("it is empty", "nothing to do, or put its text back", skipped=True)
    return data
