"""What Onrecord says of itself: the reply to small talk, and what the collection holds, told from the catalogue.

Nothing of it comes from a document or a model; it has no citation, and says so.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence

from app.answers import Statement
from app.counts import counted
from app.questions.asides import Kind
from indexing.catalogue import Catalogue
from indexing.schema import Extent

REASON = "Onrecord's own words, not from the documents."
SOURCES_NAMED = 5
LONGEST_NAME = 60  # characters of a source's name

REPLIES: dict[Kind, str] = {
    "greeting": "Hello. Ask me something about the documents.",
    "thanks": "You are welcome. Ask on whenever you like.",
    "assent": "Good. Ask on whenever you like.",
    "farewell": "Goodbye.",
    "identity": "I am Onrecord, a program that answers questions from the documents of this collection and shows the "
    "words that each sentence rests on. Beyond these documents I know nothing.",
    "ability": "Ask a question about the documents: I answer only from them, show the words that each sentence rests "
    "on, and say so where they do not answer. A question may lean on the one before (“And in 2016?”).",
}
BY_MODEL = "A language model writes the answers; each statement is checked against the documents before it is shown."
BY_DOCUMENTS = "No language model is in use: answers are the documents' own sentences."
ABOUT_ITSELF: tuple[Kind, ...] = ("ability", "collection")  # kinds that are told what there is


def own_words(kind: Kind, catalogue: Catalogue, examples: Callable[[], Sequence[str]], *, model: bool) -> Statement:
    """The reply to small talk of a kind; `model`: whether a language model writes the answers. `examples` gives
    questions that the documents answer, and is asked only where they are told."""
    parts = [REPLIES[kind]] if kind in REPLIES else []
    if kind in ("identity", "ability"):
        parts.append(BY_MODEL if model else BY_DOCUMENTS)
    if kind in ABOUT_ITSELF:
        extent = catalogue.extent()
        parts.append(holding(extent))
        questions = examples() if extent.documents else ()
        if questions:
            parts.append(f"You could ask: {' '.join(questions)}")
    return Statement(" ".join(parts), (), "not_a_claim", reason=REASON)


def holding(extent: Extent) -> str:
    """What a collection holds, in a sentence."""
    if not extent.documents:
        return "The collection is empty: no document has been indexed yet."
    said = f"The collection holds {counted(extent.documents, 'document')}"
    if extent.sources:
        shown = ((textwrap.shorten(name, LONGEST_NAME), count) for name, count in extent.sources[:SOURCES_NAMED])
        named = ", ".join(f"{name} ({count:,})" for name, count in shown)
        more = len(extent.sources) - SOURCES_NAMED
        said += f" from {named}" + (f" and {counted(more, 'other source')}" if more > 0 else "")
    if extent.first:
        one = extent.first == extent.last
        said += f", of {extent.first}" if one else f", dated {extent.first} to {extent.last}"
    return f"{said}."
