"""Hybrid retrieval: candidates by meaning and by words, pooled by reciprocal rank, ordered by sentences too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from app.answers import Turn
from app.copies import also_in, collapse
from indexing.collection import Collection
from indexing.copies import labels
from indexing.documents import Copy, Hit, Passage, Rank
from indexing.embed import Vectors
from indexing.filters import Filter
from indexing.words import stems

CANDIDATES = 60  # chunks each ranking may bring in, and as many stay after pooling
DEEPEST = 16 * CANDIDATES  # where copies of a few texts take most places
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


NOTHING = Match(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Found:
    """Passages, best first, and for each how its sentences match, in their order.

    `groups` has a label for each document that has copies; `alike` are the passages found in such documents, also those
    that are not among the hits because another says the same.
    """

    hits: tuple[Hit, ...]
    matches: tuple[tuple[Match, ...], ...]
    groups: Mapping[str, str] = field(default_factory=dict)
    alike: tuple[Passage, ...] = ()

    def also_in(self, quote: str, document_id: str) -> tuple[Copy, ...]:
        """Where else the words of a quote stand: in copies of its document that were found as well."""
        label = self.groups.get(document_id)
        if label is None:
            return ()
        return also_in(quote, document_id, [one for one in self.alike if self.groups[one.document.id] == label])


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

    def __call__(self, query: Query, filter: Filter | None = None) -> Found:
        """The best passages; of those that say the same in copies of a document only the best one counts as one."""
        depth = CANDIDATES
        while True:
            found, shallow = self._find(query, depth, filter)
            if not shallow or depth >= DEEPEST:
                return found
            depth *= 4

    def _find(self, query: Query, depth: int, filter: Filter | None) -> tuple[Found, bool]:
        """What is found among `depth` candidates of each ranking, and whether copies took places of others."""
        rankings = {
            "meaning": self._collection.by_meaning(query.vector, depth, filter),
            "words": self._collection.by_words(query.text, depth, filter),
        }
        named = {chunk_id for ranking in rankings.values() for chunk_id, _ in ranking}
        more = len(named) > depth or any(len(ranking) == depth for ranking in rankings.values())
        passages = self._collection.passages(pool(rankings.values(), depth))
        rankings = {name: [pair for pair in ranking if pair[0] in passages] for name, ranking in rankings.items()}
        matches = self._matches(query, passages.values())
        fits = {key: [one.similarity + COVERAGE * one.coverage for one in row] for key, row in matches.items()}
        best = {chunk_id: max(row, default=0.0) for chunk_id, row in fits.items()}
        rankings["sentence"] = sorted(best.items(), key=lambda pair: -pair[1])
        groups = labels(self._collection.catalogue, {one.document.id for one in passages.values()})
        fused = fuse(rankings, passages)
        kept = collapse(fused, groups, fits)
        hits = kept[: self._count]
        alike = tuple(hit.passage for hit in fused if hit.passage.document.id in groups)
        found = Found(tuple(hits), tuple(matches[hit.passage.chunk_id] for hit in hits), groups, alike)
        return found, more and len(kept) < min(self._count, len(fused))

    def _matches(self, query: Query, passages: Iterable[Passage]) -> dict[int, tuple[Match, ...]]:
        """How each sentence of each passage matches."""
        rows = {}
        for passage in passages:
            vectors = self._collection.catalogue.sentence_vectors(
                passage.document.id, passage.first, len(passage.sentences)
            )
            row = (vectors @ query.vector).tolist()
            rows[passage.chunk_id] = tuple(
                NOTHING  # what is kept out of answers must not carry a passage into them
                if sentence.kind == "suspect"
                else Match(similarity, query.coverage(sentence.visible(passage.document.text)))
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
