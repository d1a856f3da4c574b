"""Hybrid retrieval: candidates by meaning and by words, pooled by reciprocal rank, ordered by sentences too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.answers import Turn
from indexing.collection import Collection
from indexing.documents import Hit, Passage, Rank
from indexing.embed import Vectors
from indexing.words import stems

CANDIDATES = 60  # chunks each ranking may bring in, and as many stay after pooling
FUSION = 60  # the constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009)
# How much each ranking counts in the final order; every score is scaled to [0, 1] over the pool first. Chosen on eval
# suites, where reciprocal ranks alone put fewer of the evidence sentences first.
WEIGHTS = {"meaning": 1.0, "words": 1.0, "sentence": 2.0}
COVERAGE = 0.3  # what a sentence gains by holding all words of the question, in units of cosine similarity


@dataclass(frozen=True, slots=True)
class Query:
    """A question, the text searched for it (a follow-up's with the one before), its vector and its weighted stems."""

    question: str
    text: str
    vector: Vectors
    weights: Mapping[str, float]

    def coverage(self, text: str) -> float:
        """The share of the question's words that a text holds, rare words counting more; 0 to 1."""
        total = sum(self.weights.values())
        return sum(self.weights.get(stem, 0.0) for stem in stems(text)) / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Match:
    """How one sentence fits the question: cosine similarity, and the share of the question's words it holds."""

    similarity: float
    coverage: float


@dataclass(frozen=True, slots=True)
class Found:
    """Passages, best first, and for each how its sentences match, in their order."""

    hits: tuple[Hit, ...]
    matches: tuple[tuple[Match, ...], ...]


LEANING = re.compile(
    r"^\W*(?:and|but|so|or|also|what about|how about|why not|why|when|where|who else|what else|since when|how so)\W*$|"
    r"^\W*(?:and|but|so|or|what about|how about)\b|"
    r"\b(?:he|she|it|they|him|her|them|his|hers|its|their|theirs|this|that|these|those|there|then|one|ones|former|latter|"
    r"same|else|another|others?)\b",
    re.IGNORECASE,
)
FEW = 2  # content words; a question of fewer is an ellipsis


def leans(question: str) -> bool:
    """Whether a question needs the one before: a pronoun, a conjunction in front, or hardly a word of its own."""
    return bool(LEANING.search(question)) or len(stems(question)) < FEW


class Retriever:
    """Finds the passages of a collection for a query; every one is current in the catalogue."""

    def __init__(self, collection: Collection, count: int) -> None:
        self._collection = collection
        self._count = count

    def read(self, question: str, history: Sequence[Turn]) -> Query:
        """The query for a question; one that leans on the conversation is searched with the question before it."""
        asked = [turn.content for turn in history if turn.role == "user"]
        text = f"{asked[-1]} {question}" if asked and leans(question) else question
        text = text.encode("utf-8", "replace").decode("utf-8")  # a history may come with halves of characters
        weights = self._collection.words.weights(stems(text))
        return Query(question, text, self._collection.embedder.question(text), weights)

    def __call__(self, query: Query) -> Found:
        rankings = {
            "meaning": self._collection.by_meaning(query.vector, CANDIDATES),
            "words": self._collection.by_words(query.text, CANDIDATES),
        }
        passages = self._collection.passages(pool(rankings.values(), CANDIDATES))
        rankings = {name: [pair for pair in ranking if pair[0] in passages] for name, ranking in rankings.items()}
        matches = self._matches(query, passages.values())
        best = {
            chunk_id: max((m.similarity + COVERAGE * m.coverage for m in row), default=0.0)
            for chunk_id, row in matches.items()
        }
        rankings["sentence"] = sorted(best.items(), key=lambda pair: -pair[1])
        hits = fuse(rankings, passages)[: self._count]
        return Found(tuple(hits), tuple(matches[hit.passage.chunk_id] for hit in hits))

    def _matches(self, query: Query, passages: Iterable[Passage]) -> dict[int, tuple[Match, ...]]:
        """How each sentence of each passage matches; a document's sentence vectors are read once."""
        similarities: dict[str, Vectors] = {}
        rows = {}
        for passage in passages:
            key = passage.document.id
            if key not in similarities:
                similarities[key] = self._collection.catalogue.sentence_vectors(key) @ query.vector
            row = similarities[key][passage.first : passage.first + len(passage.sentences)].tolist()
            rows[passage.chunk_id] = tuple(
                Match(similarity, query.coverage(sentence.visible(passage.document.text)))
                for similarity, sentence in zip(
                    row, passage.sentences, strict=False
                )  # none where the document just changed
            )
        return rows


def pool(rankings: Iterable[Sequence[tuple[int, float]]], count: int) -> list[int]:
    """The chunks that rank best over all rankings, by reciprocal rank fusion: the sum of 1 / (60 + place)."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for place, (chunk_id, _) in enumerate(ranking, 1):
            scores[chunk_id] = scores.get(chunk_id, 0.0) + 1 / (FUSION + place)
    return sorted(scores, key=lambda chunk_id: (-scores[chunk_id], chunk_id))[:count]


def fuse(rankings: Mapping[str, Sequence[tuple[int, float]]], passages: Mapping[int, Passage]) -> list[Hit]:
    """Hits by the weighted mean of their scaled scores, best first; a ranking that lacks a chunk gives it 0."""
    scores = dict.fromkeys(passages, 0.0)
    how: dict[int, list[Rank]] = {chunk_id: [] for chunk_id in passages}
    for name, ranking in rankings.items():
        low, high = min((score for _, score in ranking), default=0.0), max((score for _, score in ranking), default=0.0)
        for place, (chunk_id, score) in enumerate(ranking, 1):
            scaled = (score - low) / (high - low) if high > low else 1.0
            scores[chunk_id] += WEIGHTS[name] * scaled / sum(WEIGHTS.values())
            how[chunk_id].append(Rank(name, place, score))
    order = sorted(passages, key=lambda chunk_id: (-scores[chunk_id], chunk_id))
    return [Hit(passages[chunk_id], scores[chunk_id], tuple(how[chunk_id])) for chunk_id in order]
