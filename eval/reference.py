"""The documents that answers are held against: where evidence stands, whether a citation is what it says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from eval.locate import locating, places_of
from eval.records import Cited, Output
from eval.suite import Evidence, Item
from indexing.collection import Collection
from indexing.documents import Document

NONE = {"documents": 0, "passages": 0, "sha256": "", "embedder": "none"}


@dataclass(frozen=True, slots=True)
class Reference:
    """A collection, or none: then evidence is compared by its words, and citations with the passages shown."""

    collection: Collection | None
    passages: int = 0

    @classmethod
    def of(cls, collection: Collection | None, items: Iterable[Item]) -> Reference:
        """SuiteError when the collection lacks evidence of some item; nothing is kept of the items."""
        if collection is None:
            return cls(None)
        for _ in locating(items, collection.catalogue.find_document):
            pass
        return cls(collection, collection.catalogue.count_chunks())

    def gold(self, item: Item) -> dict[str, Any]:
        """The item's evidence as records have it: with its places, and the number of passages that hold it whole,
        which is all that can be found of it; and `together`, which passages hold several of its quotes."""
        held: dict[tuple[str, int], list[int]] = {}  # by file and passage: the quotes in it
        evidence = [self._gold(one, number, held) for number, one in enumerate(item.evidence)]
        together = Counter(tuple(quotes) for quotes in held.values() if len(quotes) > 1)
        return {"evidence": evidence, "together": [[list(quotes), count] for quotes, count in sorted(together.items())]}

    def _gold(self, evidence: Evidence, number: int, held: dict[tuple[str, int], list[int]]) -> dict[str, Any]:
        gold: dict[str, Any] = {"file": evidence.file, "quote": evidence.quote, "spans": [], "passages": 0}
        if self.collection is None:
            return gold
        document = self.collection.catalogue.find_document(evidence.file)
        places = places_of(evidence, document.text) if document else ()
        gold["spans"] = [[place.start, place.end] for place in places]
        for at, passage in enumerate(self.collection.catalogue.chunk_spans(evidence.file)):
            if any(passage.contains(place) for place in places):
                gold["passages"] += 1
                held.setdefault((evidence.file, at), []).append(number)
        return gold

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
