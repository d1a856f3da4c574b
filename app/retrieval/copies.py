"""One wire story in twelve papers is one voice: of passages that say the same one is shown, and it names the others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from app.grounding.polarity import NEGATION
from indexing.documents import Copy, Hit, Passage
from indexing.words import stems

ALIKE = 0.8  # share of a passage's runs of three words that the passage shown instead of it holds
NEARLY = 0.15  # how much less than the best sentence of a passage one may fit the question and yet matter to its answer
WORD = re.compile(r"[^\W_]+(?:['.,][^\W_]+)*")


@dataclass(frozen=True)
class Wording:
    """A passage's words, whatever their case and punctuation, and how well each of its sentences fits the question."""

    passage: Passage
    fits: Sequence[float] = ()

    @cached_property
    def words(self) -> tuple[str, ...]:
        return words_of(" ".join(one.visible(self._text) for one in self.passage.sentences) or self.passage.text)

    @cached_property
    def sentences(self) -> tuple[tuple[str, ...], ...]:
        return tuple(words_of(one.visible(self._text)) for one in self.passage.sentences)

    @cached_property
    def contents(self) -> frozenset[tuple[str, ...]]:
        return frozenset(map(_content, self.sentences))

    @cached_property
    def runs(self) -> frozenset[tuple[str, ...]]:
        """Three words each; a shorter passage is one run."""
        return frozenset(zip(self.words, self.words[1:], self.words[2:], strict=False)) or frozenset([self.words])

    @cached_property
    def surroundings(self) -> str:
        """The words of the whole document, a blank around each."""
        return f" {' '.join(words_of(self._text))} "

    @property
    def _text(self) -> str:
        return self.passage.document.text

    def repeats(self, shown: Wording) -> bool:
        """Whether a reader of `shown` misses nothing that may matter to the question.

        It is so when the words are the same; or when four fifths of them stand there in the same order, and each
        sentence that fits the question nearly as well as the best stands in the other document, or in the passage shown
        with no other difference than in small words such as articles.
        """
        if self.words == shown.words:
            return True
        if len(self.runs & shown.runs) < ALIKE * len(self.runs):
            return False
        fits = [*self.fits, *[float("inf")] * (len(self.sentences) - len(self.fits))]
        least = max(fits, default=0.0) - NEARLY
        matter = (
            words
            for sentence, words, fit in zip(self.passage.sentences, self.sentences, fits, strict=False)
            if sentence.kind == "text" and fit >= least
        )
        return all(
            f" {' '.join(words)} " in shown.surroundings or _content(words) in shown.contents for words in matter
        )


def words_of(text: str) -> tuple[str, ...]:
    """Words in lower case; a figure is one word with its points and commas."""
    return tuple(WORD.findall(text.replace("’", "'").casefold()))


def collapse(hits: Iterable[Hit], groups: Mapping[str, str], fits: Mapping[int, Sequence[float]]) -> list[Hit]:
    """Of hits that say the same in documents of one group the first, naming the documents of the others.

    `groups` has a label for each document with copies, `fits` for each chunk how its sentences fit the question. Every
    hit is in the result, or its document is named in one.
    """
    kept: list[Hit] = []
    shown: dict[str, list[tuple[int, Wording]]] = {}
    for hit in hits:
        document = hit.passage.document
        label = groups.get(document.id)
        if label is None:
            kept.append(hit)
            continue
        wording = Wording(hit.passage, fits.get(hit.passage.chunk_id, ()))
        for place, other in shown.setdefault(label, []):
            if other.passage.document.id != document.id and wording.repeats(other):
                kept[place] = _naming(kept[place], hit)
                break
        else:
            shown[label].append((len(kept), wording))
            kept.append(hit)
    return kept


def _naming(hit: Hit, dropped: Hit) -> Hit:
    document = dropped.passage.document
    if any(copy.document_id == document.id for copy in hit.copies):
        return hit
    return replace(hit, copies=(*hit.copies, Copy.of(document, dropped.passage.span)))


def also_in(quote: str, document_id: str, passages: Iterable[Passage]) -> tuple[Copy, ...]:
    """The sentences among `passages` of other documents that hold the words of `quote`, the first of each document."""
    wanted = f" {' '.join(words_of(quote))} "
    found: dict[str, Copy] = {}
    for passage in passages:
        document = passage.document
        if document.id == document_id or document.id in found:
            continue
        for sentence in passage.sentences:
            if wanted in f" {' '.join(words_of(sentence.visible(document.text)))} ":
                found[document.id] = Copy.of(document, sentence.span)
                break
    return tuple(found.values())


def _content(words: Sequence[str]) -> tuple[str, ...]:
    """Stems and negations, in order: what is left without small words."""
    return tuple(stem for word in words for stem in (["not"] if NEGATION.fullmatch(word) else stems(word)))
