"""Example questions that the collection at hand can answer, made from its own headings and speakers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice, zip_longest
from typing import Protocol

from indexing.catalogue import Catalogue
from indexing.collection import Collection
from indexing.extraction import ATTENDS

DOCUMENTS = 40  # looked at, spread over the collection
TRIED = 12  # candidates asked before it is left at those that were answered
SPOKE = re.compile(
    r"\b([A-Z][\w'’-]+ [A-Z][\w’-]+)(?:, [^,.]{3,60},)? "
    r"(?:said|says|told|warned|argued|stated|suggested|remarked|declared|added)\b"
)
UNNAMED = re.compile(
    r"\b(?:The|A|An|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|He|She|They|It|But|And|In|On|Mr|Mrs|Ms|President|Critics|Officials|House|White|Administration|Center|Centre|"
    r"Post|Times|Institute|Party|Council|News|Journal|Department|University|State|Street|Committee|Reserve|Court)\b"
)


class Answering(Protocol):
    """What is asked whether it finds an answer: an assistant."""

    @property
    def collection(self) -> Collection: ...

    def finds(self, question: str) -> bool:
        """Whether the documents answer."""


def example_questions(assistant: Answering, most: int = 4) -> tuple[str, ...]:
    """At most `most` questions that the documents answer (each was tried), on what people said and headings name."""
    speakers, headings = _speakers(assistant.collection.catalogue), _headings(assistant.collection.catalogue)
    asked = chain.from_iterable(zip_longest(speakers, headings))
    candidates = islice(dict.fromkeys(question for question in asked if question), TRIED)
    return tuple(islice((question for question in candidates if assistant.finds(question)), most))


def _speakers(catalogue: Catalogue) -> Iterator[str]:
    """What the people said who speak most often."""
    counts: Counter[str] = Counter()
    for text in _texts(catalogue):
        counts.update(match[1] for match in SPOKE.finditer(text) if not UNNAMED.search(match[1]))
    return (f"What did {name} say?" for name, _ in counts.most_common())


def _headings(catalogue: Catalogue) -> Iterator[str]:
    names = (heading for heading in catalogue.headings(DOCUMENTS) if not ATTENDS.fullmatch(heading))
    return (f"What do the documents say about “{name}”?" for name in names)


def _texts(catalogue: Catalogue) -> Iterator[str]:
    entries = catalogue.entries()
    for entry in entries[:: max(1, len(entries) // DOCUMENTS)]:
        document = catalogue.document(entry.id)
        if document is not None:
            yield document.text
