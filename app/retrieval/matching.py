"""How the sentences of passages fit a question: by meaning, and by the words they and their title share with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from indexing.documents import Passage
from indexing.embed import Vectors
from indexing.words import finder

COVERAGE = 0.3  # what a sentence gains by holding all words of the question, in units of cosine similarity
TITLE = 0.15  # what it gains when those it lacks are in the title of its document

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Match:
    """How one sentence fits the question: cosine similarity, and the share of the question's words it holds."""

    similarity: float
    coverage: float


@dataclass(frozen=True, slots=True)
class Fit:
    """How the sentences of one passage match, in their order, and how well each fits with the title in mind."""

    matches: tuple[Match, ...] = ()
    fits: tuple[float, ...] = ()

    @property
    def best(self) -> float:
        return max(self.fits, default=0.0)


def fits_of(
    passages: Sequence[Passage], vectors: Sequence[Vectors], question: Vectors, weights: Mapping[str, float]
) -> list[Fit]:
    """For each passage how it fits; `vectors` has the rows of its sentences, none where its document just changed.

    `weights` are the stems of the question with what each counts. All passages are worked out in one go, which is
    several times quicker than one after the other.
    """
    counts = [min(len(one.sentences), len(rows)) for one, rows in zip(passages, vectors, strict=True)]
    total = sum(counts)
    if not total:
        return [Fit()] * len(passages)
    rows = np.concatenate([part[:count] for part, count in zip(vectors, counts, strict=True)])
    places = {stem: place for place, stem in enumerate(weights)}
    held, titled = (np.zeros((total, len(places)), dtype=np.bool_) for _ in range(2))
    shown = np.ones(total, dtype=np.bool_)
    found_in, titles = finder(places), dict[str, list[int]]()
    cells: list[tuple[int, int]] = []  # of `held`: written at once, which is quicker than row by row
    at = 0
    for passage, count in zip(passages, counts, strict=True):
        document = passage.document
        if document.id not in titles:
            titles[document.id] = [places[stem] for stem in found_in(document.metadata.title)]
        titled[at : at + count, titles[document.id]] = True
        for number, sentence in enumerate(passage.sentences[:count], at):
            if sentence.kind == "suspect":
                shown[number] = False  # what is kept out of answers must not carry a passage into them
            else:
                cells += [(number, places[stem]) for stem in found_in(sentence.visible(document.text))]
        at += count
    held[tuple(np.array(cells, dtype=np.intp).reshape(-1, 2).T)] = True
    similarity = np.where(shown, (rows @ question).astype(np.float64), 0.0)
    weighed = np.fromiter(weights.values(), dtype=np.float64, count=len(weights))
    coverage = _share(held, weighed)
    fits = similarity + COVERAGE * coverage + TITLE * _share(titled & ~held, weighed)
    return list(_cut(counts, similarity, coverage, fits))


def _share(held: npt.NDArray[np.bool_], weights: Floats) -> Floats:
    """Of all that the words of the question weigh the part that each row holds; 0 to 1."""
    total = float(weights.sum())
    return (held * weights).sum(axis=1) / total if total else np.zeros(len(held))


def _cut(counts: Iterable[int], similarity: Floats, coverage: Floats, fits: Floats) -> Iterable[Fit]:
    at = 0
    for count in counts:
        inside = slice(at, at + count)
        pairs = zip(similarity[inside].tolist(), coverage[inside].tolist(), strict=True)
        yield Fit(tuple(Match(*pair) for pair in pairs), tuple(fits[inside].tolist()))
        at += count
