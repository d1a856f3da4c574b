"""The documents that answers are held against: where evidence stands, whether a citation is what it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from eval.records import Cited, Output
from eval.suite import Item, Located, locate
from indexing.collection import Collection
from indexing.documents import Document

READ = 500  # passages read from the catalogue at a time
NONE = {"documents": 0, "passages": 0, "sha256": "", "embedder": "none"}


@dataclass(frozen=True, slots=True)
class Reference:
    """A collection, or none: then evidence is compared by its words, and citations with the passages shown."""

    collection: Collection | None
    passages: int = 0
    _holding: Counter[tuple[str, str]] = field(default_factory=Counter)

    @classmethod
    def of(cls, collection: Collection | None, items: Sequence[Item]) -> tuple[Reference, tuple[Located, ...]]:
        """With every item's evidence located; SuiteError when the collection lacks some."""
        if collection is None:
            return cls(None), tuple(Located(item, ((),) * len(item.evidence)) for item in items)
        located = locate(items, collection.catalogue.find_document)
        return cls(collection, collection.catalogue.count_chunks(), _passages_holding(collection, located)), located

    def gold(self, one: Located) -> list[dict[str, Any]]:
        """The item's evidence as records have it."""
        return [
            {
                "file": evidence.file,
                "quote": evidence.quote,
                "spans": [[span.start, span.end] for span in spans],
                "passages": self._holding[evidence.file, evidence.quote],
            }
            for evidence, spans in zip(one.item.evidence, one.places, strict=True)
        ]

    def find(self, cited: Cited) -> Document | None:
        """The document that a citation names, in the version it names."""
        document = self.collection.catalogue.find_document(cited.file) if self.collection else None
        return document if document and cited.version in ("", document.version) else None

    def valid(self, output: Output) -> list[bool | None]:
        """For each citation whether the text at its offsets, read anew by the file's name, is its quote.

        None: there is no collection, and no passage shown has these characters.
        """
        return [self._is_valid(cited, output) for cited in output.citations]

    def _is_valid(self, cited: Cited, output: Output) -> bool | None:
        if self.collection is not None:
            document = self.find(cited)
            inside = document is not None and 0 <= cited.start < cited.end <= len(document.text)
            return bool(inside and document and document.text[cited.start : cited.end] == cited.quote)
        for passage in output.retrieved:
            whole = passage.end - passage.start == len(passage.text)
            if whole and passage.file == cited.file and 0 <= passage.start <= cited.start < cited.end <= passage.end:
                return passage.text[cited.start - passage.start : cited.end - passage.start] == cited.quote
        return None


def _passages_holding(collection: Collection, located: Sequence[Located]) -> Counter[tuple[str, str]]:
    """How many passages of the collection hold each `(file, quote)` whole; none can find what no passage holds."""
    wanted: dict[str, dict[str, tuple[Any, ...]]] = {}
    for one in located:
        for evidence, spans in zip(one.item.evidence, one.places, strict=True):
            wanted.setdefault(evidence.file, {})[evidence.quote] = spans
    counts: Counter[tuple[str, str]] = Counter()
    chunk_ids = list(collection.catalogue.chunk_ids(current=True)) if wanted else []
    for at in range(0, len(chunk_ids), READ):
        for passage in collection.passages(chunk_ids[at : at + READ]).values():
            name = passage.document.name
            counts.update(
                (name, quote)
                for quote, spans in wanted.get(name, {}).items()
                if any(passage.span.contains(span) for span in spans)
            )
    return counts
