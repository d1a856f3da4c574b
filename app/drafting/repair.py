"""References that a model got nearly right, set right: only ever to a sentence that it was shown."""

from __future__ import annotations

from collections.abc import Sequence

from indexing.documents import Document, Sentence
from indexing.words import stems

SAME_PASSAGE = 0.5  # of a statement's content words that a sentence of the named passage must hold
ANYWHERE = 0.7  # ... that a sentence of any passage must hold, where no passage or none that exists is named
MISPLACED = 0.4  # ... that what is cited may hold at most to be about something else
INSTEAD = 0.6  # ... that the sentence which is cited in its place must hold
FEWEST = 3  # content words without which nothing can be told

Shown = Sequence[tuple[Document, tuple[Sentence, ...]]]


def meant(text: str, passages: Shown, least: float) -> tuple[Document, Sentence] | None:
    """The sentence that holds most of a statement's content words, where it holds at least that share of them."""
    wanted = set(stems(text))
    if len(wanted) < FEWEST:
        return None
    best, most = None, 0
    for document, sentences in passages:
        for sentence in sentences:
            held = len(wanted & set(stems(sentence.visible(document.text))))
            if held > most:
                best, most = (document, sentence), held
    return best if most >= least * len(wanted) else None


def misplaced(text: str, quotes: Sequence[str], passages: Shown) -> tuple[Document, Sentence] | None:
    """The sentence that a statement says again, where those that it cites speak of something else; else None."""
    wanted = set(stems(text))
    if not wanted or len(wanted & set(stems(" ".join(quotes)))) > MISPLACED * len(wanted):
        return None
    return meant(text, passages, INSTEAD)
