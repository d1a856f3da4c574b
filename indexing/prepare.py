"""From one extraction to a document that is ready to be stored: identity, metadata, sentences, chunks."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path

from indexing.catalogue import Catalogue
from indexing.chunks import RECIPE, chunks_of
from indexing.decoding import decode
from indexing.documents import Document, Metadata
from indexing.duplicates import likeness
from indexing.errors import LoadError, OnrecordError
from indexing.extraction import USUAL_NAMES, Extraction, ReadOptions, usual_name
from indexing.hostile import hidden_characters, instructions
from indexing.language import language_of
from indexing.names import name_below
from indexing.readers.dates import iso_date
from indexing.readers.dialect import dialect_of
from indexing.schema import Entry, Facts, Place, Prepared, day_of
from indexing.sentences import sentences_of
from indexing.turns import RECIPE as QUOTATIONS
from indexing.turns import paragraphs_of, quotations_of
from indexing.values import value_text

FILE_NAMES = ("file", "filename", "file_name", "path", "datei", "dateiname", "fichier", "archivo")
FIELDS = tuple(Metadata.__dataclass_fields__)


class Preparer:
    """Prepares the documents of one root; `settings` is what is remembered about it (`columns`, `metadata`)."""

    def __init__(
        self,
        root: Path,
        settings: Mapping[str, object],
        max_bytes: int,
        ids: Mapping[Place, str],
        taken: dict[str, Place],
    ) -> None:
        self.root = root
        self.ids = ids
        self._taken = taken
        columns = settings.get("columns")
        self.options = ReadOptions(max_bytes=max_bytes, columns=dict(columns) if isinstance(columns, dict) else {})
        self.table = Path(str(settings["metadata"])) if settings.get("metadata") else None
        self._overrides = read_metadata(self.table) if self.table else {}
        self._named: set[str] = set()  # files of the table that there are

    def override(self, file: Path) -> Mapping[str, str]:
        """What the metadata table says about a file, by its path below the root, its name, or that without ending."""
        name = file.relative_to(self.root).as_posix()
        key = next((key for key in (name, file.name, file.stem) if key in self._overrides), "")
        self._named.add(key)
        return self._overrides.get(key, {})

    def unfound(self) -> list[str]:
        """The files of the metadata table that nobody has asked for: there are none of these names."""
        return sorted(self._overrides.keys() - self._named)

    def prepare(self, file: Path, extraction: Extraction, entry: Entry | None) -> Prepared | Entry:
        """The document as it is to be stored; `entry` itself when it is stored just like that already.

        `entry` is the document that lies at this place, or one that lay elsewhere before and is found again here.
        """
        override = {} if extraction.member else self.override(file)
        metadata = replace(extraction.metadata, **override)
        found = "metadata table" if override.get("date") else extraction.date_found
        language, language_found = (
            (extraction.language, "file") if extraction.language else language_of(extraction.text)
        )
        facts = Facts(
            extraction.encoding,
            found if metadata.date else "",
            language,
            extraction.pages,
            extraction.hidden,
            extraction.warnings,
            language_found,
        )
        version = version_of(extraction.text)
        described = json.dumps(
            [RECIPE, QUOTATIONS, version, asdict(metadata), asdict(facts), *_partial(metadata.date)], sort_keys=True
        )
        fingerprint = hashlib.sha256(described.encode("utf-8", "surrogatepass")).hexdigest()
        if entry is not None and entry.fingerprint == fingerprint:
            return entry
        place = (str(file), extraction.member)
        name = name_below(self.root, file, extraction.member)
        document_id = entry.id if entry else self.ids.get(place) or self._new_id(name, place)
        document = Document(document_id, version, entry.name if entry else name, extraction.text, metadata)
        return _finished(document, facts, extraction, place, str(self.root), fingerprint)

    def _new_id(self, name: str, place: Place) -> str:
        """The same file of the same folder gets the same id anywhere; a second one of its name gets its place's."""
        for seed in (name, "\n".join(place)):
            key = hashlib.sha256(seed.encode()).hexdigest()[:16]
            if self._taken.get(key, place) == place:
                self._taken[key] = place
                return key
        raise OnrecordError(f"two documents would have the same id: {place[0]}")


def _partial(date: str) -> list[int | None]:
    """The day that a month or a year counts as: once it counted as none, so that those are stored anew."""
    return [day_of(date)] if 0 < len(date) < len("2024-03-05") else []


def preparers_of(
    catalogue: Catalogue, roots: Iterable[Path], given: Mapping[str, object], max_bytes: int
) -> dict[Path, Preparer]:
    """One for each root, with what is remembered about it, and from now on with what is given (None: not given)."""
    remembered = catalogue.roots()
    ids = catalogue.places()
    taken = {document_id: place for place, document_id in ids.items()}  # also of documents that are gone
    made = {}
    for root in roots:
        settings = dict(remembered.get(str(root), {}))
        for key, value in given.items():
            if value is not None:
                settings[key] = str(value.resolve()) if isinstance(value, Path) else value
        made[root] = Preparer(root, settings, max_bytes, ids, taken)
        if settings != remembered.get(str(root)):
            catalogue.set_root(str(root), settings)
    return made


def version_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _finished(
    document: Document, facts: Facts, extraction: Extraction, place: Place, root: str, fingerprint: str
) -> Prepared:
    sentences = sentences_of(document.text, extraction.blocks)
    suspect = set(instructions(document.text, sentences))
    # What reads like an order to a model is kept in the text and out of prompts and answers.
    sentences = tuple(
        replace(sentence, kind="suspect") if index in suspect else sentence for index, sentence in enumerate(sentences)
    )
    unseen = len(hidden_characters(document.text))
    warnings = [*facts.warnings]
    if unseen:
        warnings.append(f"{unseen} places with characters that a reader cannot see")
    warnings += [f"reads like an instruction to a model: {sentences[n].visible(document.text)[:200]}" for n in suspect]
    chunks = chunks_of(document.text, sentences, document.metadata)
    quotations = quotations_of(document.text, paragraphs_of(sentences))
    return Prepared(
        place,
        root,
        fingerprint,
        document,
        replace(facts, warnings=tuple(warnings)),
        sentences,
        chunks,
        likeness(document.text),
        quotations,
    )


def read_metadata(table: Path) -> dict[str, dict[str, str]]:
    """`{file: {field: value}}` from a CSV with a column for the file; empty cells say nothing. Raises OnrecordError.

    Separators, encodings and the names of columns are those that tables of documents may have, too.
    """
    try:
        lines = io.StringIO(decode(table.read_bytes()).text, newline="")
        rows = csv.reader(lines, dialect_of(lines))
        header = [usual_name(name) for name in next(rows, [])]
        at = next((header.index(name) for name in FILE_NAMES if name in header), None)
        if at is None:
            raise OnrecordError(f"{table} has no column `file`; it has {', '.join(header) or 'none'}")
        columns = {key: [header.index(name) for name in USUAL_NAMES[key].split() if name in header] for key in FIELDS}
        given = {}
        for row in rows:
            if len(row) > at and row[at].strip():
                cells = {key: [value_text(row[n]) for n in places if n < len(row)] for key, places in columns.items()}
                given[row[at].strip()] = {key: next(filter(None, values), "") for key, values in cells.items()}
    except (OSError, LoadError, csv.Error) as error:
        raise OnrecordError(
            f"the metadata table {table} cannot be read ({error}); give a CSV in UTF-8, "
            'or forget the one given before with: --metadata ""'
        ) from error
    return {
        file: {key: (iso_date(value) or value) if key == "date" else value for key, value in values.items() if value}
        for file, values in given.items()
    }
