"""Extractive answers: the sentences of the sources that best answer, word for word, or nothing when none does."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from app.answers import Citation, Statement
from app.copies import words_of
from app.retrieve import Found, Query
from indexing.documents import Passage, Sentence
from indexing.spans import Span

# A logistic regression on the tuning half of questions that the sources answer and of questions off their topics: how
# much the best sentence's similarity, the best passage's, and the best passage's share of the question's words count.
WEIGHTS = (15.4, 5.6, 5.25)
BIAS = -10.7
ANSWERABLE = 0.5  # below it nothing in the sources is taken for an answer
COVERAGE = 0.4  # what a sentence gains by holding all words of the question
CONTEXT = 0.4  # what it gains by standing in the best passage
MARGIN = 0.82  # share of the best sentence's score that another needs to be shown as well


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may answer, its passage, and its score."""

    passage: Passage
    sentence: Sentence
    score: float

    @property
    def place(self) -> tuple[str, Span]:
        return self.passage.document.id, self.sentence.span


def answerability(query: Query, found: Found) -> float:
    """How likely the sources speak of what is asked at all, 0 to 1. That the answer itself is there, it cannot tell."""
    sentence = max((match.similarity for row in found.matches for match in row), default=0.0)
    passage = max((rank.score for hit in found.hits for rank in hit.how if rank.ranking == "meaning"), default=0.0)
    words = max((query.coverage(hit.passage.text) for hit in found.hits), default=0.0)
    evidence = sum(weight * value for weight, value in zip(WEIGHTS, (sentence, passage, words), strict=True))
    return 1 / (1 + math.exp(-(evidence + BIAS)))


def extract(query: Query, found: Found, most: int) -> Iterator[Statement]:
    """At most `most` statements, document by document (best first), in the order of the source; none is a refusal."""
    if answerability(query, found) < ANSWERABLE:
        return
    ranked = sorted(_candidates(found), key=lambda candidate: (-candidate.score, candidate.place))
    chosen = [candidate for candidate in ranked[:most] if candidate.score >= MARGIN * ranked[0].score]
    documents = list(dict.fromkeys(candidate.passage.document.id for candidate in chosen))
    for candidate in sorted(chosen, key=lambda one: (documents.index(one.passage.document.id), one.sentence.span)):
        document = candidate.passage.document
        pieces = (piece for piece in candidate.sentence.pieces if piece.of(document.text).strip())
        citations = tuple(Citation.of(document, piece) for piece in pieces)
        yield Statement(candidate.sentence.visible(document.text), citations, "unchecked")


def _candidates(found: Found) -> Iterator[Candidate]:
    """Every sentence once (chunks overlap, copies repeat), scored by its own match and by how good its passage is."""
    best: dict[tuple[str, Hashable], Candidate] = {}
    top = max((hit.score for hit in found.hits), default=0.0) or 1.0
    for hit, matches in zip(found.hits, found.matches, strict=True):
        document = hit.passage.document
        label = found.groups.get(document.id)
        for sentence, match in zip(hit.passage.sentences, matches, strict=False):
            if sentence.kind != "text":
                continue
            score = match.similarity + COVERAGE * match.coverage + CONTEXT * hit.score / top
            candidate = Candidate(hit.passage, sentence, score)
            key = candidate.place if label is None else (label, words_of(sentence.visible(document.text)))
            if key not in best or best[key].score < score:
                best[key] = candidate
    return iter(best.values())
