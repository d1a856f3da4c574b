"""Hybrid retrieval: candidates by meaning and by words, pooled by reciprocal rank, ordered by sentences too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import islice

from app.answers import Turn
from app.questions.asides import bare, substance
from app.questions.conversation import Asked, Rewrite, rewrite
from app.questions.limits import EVERYTHING, Limits, Period
from app.questions.when import period_of, widened
from app.retrieval.copies import also_in, collapse
from app.retrieval.halves import halves
from app.retrieval.matching import Fit, Match, fits_of
from app.retrieval.passages import join
from app.retrieval.rerank import LOOKED_AT, Reranker, reranked
from indexing.collection import Collection
from indexing.copies import labels
from indexing.documents import Copy, Hit, Passage, Rank, Sentence
from indexing.embed import Vectors
from indexing.errors import ModelError
from indexing.filters import Filter
from indexing.words import stems

CANDIDATES = 60  # chunks each ranking may bring in, and as many stay after pooling
DEEPEST = 16 * CANDIDATES  # where copies of a few texts take most places
FUSION = 60  # the constant of reciprocal rank fusion (Cormack, Clarke and Büttcher, 2009)
# How much each ranking counts in the final order; every score is scaled to [0, 1] over the pool first. Chosen on eval
# suites, where reciprocal ranks alone put fewer of the evidence sentences first.
WEIGHTS = {"meaning": 1.0, "words": 1.0, "sentence": 2.0, "document": 0.5, "date": 1.0}
DOCUMENTS = 10  # whose other passages become candidates as well: what answers often stands near what matches
SIBLINGS = 24  # of each at most, the nearest
LEAST_RANGE = 0.3  # of the best score: scores that differ by less do not differ by all
OF_HALF = 2  # passages of each half of a question that must be among those found
AFTER = 1  # ... after so many more than one of the whole question


@dataclass(frozen=True, slots=True)
class Query:
    """A question, the text searched for it (a follow-up's with the one before), its vector and its weighted stems.

    `limits` are the asker's, which hold; `period` is a time that the question names, which is preferred; `asked` is how
    the question reads after the conversation. `halves` are queries for the two things that it compares.
    """

    question: str
    text: str
    vector: Vectors
    weights: Mapping[str, float]
    limits: Limits = EVERYTHING
    period: Period | None = None
    asked: Asked | None = None
    halves: tuple[Query, ...] = ()

    def coverage(self, text: str) -> float:
        """The share of the question's words that a text holds, rare words counting more; 0 to 1."""
        return self.share(set(stems(text)))

    def share(self, held: Set[str]) -> float:
        """The same for the stems of a text."""
        total = sum(self.weights.values())
        return sum(weight for stem, weight in self.weights.items() if stem in held) / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Found:
    """Passages, best first, and for each how its sentences match, in their order.

    `groups` has a label for each document that has copies; `alike` are the passages found in such documents, also those
    that are not among the hits because another says the same. `notice` is what a reader should know of the search.
    """

    hits: tuple[Hit, ...]
    matches: tuple[tuple[Match, ...], ...]
    groups: Mapping[str, str] = field(default_factory=dict)
    alike: tuple[Passage, ...] = ()
    notice: str = ""

    def also_in(self, quote: str, document_id: str) -> tuple[Copy, ...]:
        """Where else the words of a quote stand: in copies of its document that were found as well."""
        label = self.groups.get(document_id)
        if label is None:
            return ()
        return also_in(quote, document_id, [one for one in self.alike if self.groups[one.document.id] == label])

    def superseding(self, document_id: str, date: str) -> Copy | None:
        """The newest version of a document's text that was published later, as a document that was found as well."""
        label = self.groups.get(document_id)
        later = [
            one
            for one in self.alike
            if date and self.groups[one.document.id] == label and one.document.metadata.date > date
        ]
        newest = max(later, key=lambda one: one.document.metadata.date, default=None)
        return Copy.of(newest.document, newest.span) if newest else None


class Retriever:
    """Finds the passages of a collection for a query; every one is current in the catalogue."""

    def __init__(
        self, collection: Collection, count: int, rewrite: Rewrite = rewrite, rerank: Reranker | None = None
    ) -> None:
        self._collection = collection
        self._count = count
        self._rewrite = rewrite
        self._rerank = rerank

    def read(self, question: str, history: Sequence[Turn], limits: Limits = EVERYTHING) -> Query:
        """The query for a question; one that leans on the conversation is read in full first."""
        question = bare(question)
        asked = self._rewrite(question, substance(history))
        text = asked.searched.encode("utf-8", "replace").decode("utf-8")  # a history may come with halves of characters
        weights = self._collection.words.weights(stems(text))
        period = (
            period_of(asked.alone, self._collection.catalogue.newest_day(), self._event_day) if limits.dates else None
        )
        meant = limits.resolved(self._collection.filters)
        whole = Query(question, text, self._collection.embedder.question(text), weights, meant, period, asked)
        return replace(whole, halves=tuple(self._half(whole, part) for part in halves(asked.full)))

    def _half(self, whole: Query, text: str) -> Query:
        vector = self._collection.embedder.question(text)
        return replace(whole, text=text, vector=vector, weights=self._collection.words.weights(stems(text)), asked=None)

    def __call__(self, query: Query, filter: Filter | None = None) -> Found:
        """The best passages; of those that say the same in copies of a document only the best one counts as one.

        What the asker of the query allows, or what passes a filter that is given in place of that.
        """
        found = self._deep_enough(query, filter or query.limits.filter)
        for half in query.halves:
            found = self._with_half(query, found, self._deep_enough(half, filter or query.limits.filter))
        return found

    def _deep_enough(self, query: Query, given: Filter | None) -> Found:
        depth = CANDIDATES
        while True:
            found, shallow = self._find(query, depth, given)
            if not shallow or depth >= DEEPEST:
                return found
            depth *= 4

    def _with_half(self, query: Query, found: Found, half: Found) -> Found:
        """What was found for the whole question, with the best of a half among the first: in place of the last."""
        fresh = [
            hit for hit in half.hits[:OF_HALF] if not any(_overlap(hit.passage, one.passage) for one in found.hits)
        ]
        if not fresh:
            return found
        kept = found.hits[: max(OF_HALF, self._count - len(fresh))]
        placed = sorted(
            [*((place, hit) for place, hit in enumerate(kept)), *((AFTER + 0.5, hit) for hit in fresh)],
            key=lambda each: each[0],
        )
        top = found.hits[0].score if found.hits else 1.0
        hits = tuple(replace(hit, score=min(hit.score, top)) for _, hit in placed[: self._count])
        matches = tuple(fit.matches for fit in self._fits(query, [hit.passage for hit in hits]))
        alike = (*found.alike, *(one for one in half.alike if one not in found.alike))
        return replace(found, hits=hits, matches=matches, groups={**half.groups, **found.groups}, alike=alike)

    def _find(self, query: Query, depth: int, given: Filter | None) -> tuple[Found, bool]:
        """What is found among `depth` candidates of each ranking, and whether copies took places of others."""
        first = [
            ranking
            for limit in _filters(query.period, given)
            for ranking in self._collection.by_both(query.vector, query.text, depth, limit)
        ]
        named = {chunk_id for ranking in first for chunk_id, _ in ranking}
        more = len(named) > depth or any(len(ranking) == depth for ranking in first)
        pooled = pool(first, depth)
        passages = self._collection.passages(list(dict.fromkeys([*pooled, *self._beside(query, pooled)])))
        meaning, words = self._collection.scores(query.vector, query.text, list(passages))
        for ranking, known in zip(
            first, [meaning, words] * (len(first) // 2), strict=True
        ):  # where a row is not at hand
            known.update((key, score) for key, score in ranking if key in passages and key not in known)
        fits = dict(zip(passages, self._fits(query, list(passages.values())), strict=True))
        rankings = {
            "meaning": meaning,
            "words": words,
            "sentence": {key: fit.best for key, fit in fits.items()},
        }
        notice = ""
        groups = labels(self._collection.catalogue, {one.document.id for one in passages.values()})
        fused = fuse(rankings, passages, query.period)
        kept = collapse(fused, groups, {key: fit.fits for key, fit in fits.items()})
        shallow = more and len(kept) < min(self._count, len(fused))
        if not shallow or depth >= DEEPEST:
            kept, notice = self._looked_at_again(query, kept)
        hits = join(kept, self._count, self._sentences)
        alike = tuple(hit.passage for hit in fused if hit.passage.document.id in groups)
        matches = tuple(fit.matches for fit in self._fits(query, [hit.passage for hit in hits]))
        return Found(tuple(hits), matches, groups, alike, notice), shallow

    def _looked_at_again(self, query: Query, hits: list[Hit]) -> tuple[list[Hit], str]:
        """The hits as a reranker orders them, where there is one; when it fails, only its order is lost."""
        if self._rerank is None or not hits:
            return hits, ""
        best, others = hits[:LOOKED_AT], hits[LOOKED_AT:]
        try:
            order = self._rerank(query.asked.full if query.asked else query.question, [hit.passage for hit in best])
        except ModelError as error:
            return hits, f"{error}; passages are in Onrecord's own order"
        return [*reranked(best, order), *others], ""

    def _beside(self, query: Query, pooled: Sequence[int]) -> list[int]:
        """The other passages of the documents that came first, of long ones those nearest to the question."""
        found: list[int] = []
        for family in islice(self._collection.catalogue.families(pooled), DOCUMENTS):
            if len(family) > SIBLINGS:
                meaning, _ = self._collection.scores(query.vector, "", family)
                family = sorted(family, key=lambda chunk_id: -meaning.get(chunk_id, 0.0))[:SIBLINGS]
            found += family
        return found

    def _event_day(self, event: str) -> date | None:
        """Around which day the documents speak of an event most; None where they do not agree on one."""
        ranked = self._collection.by_words(event, CANDIDATES)
        passages = self._collection.passages([chunk_id for chunk_id, _ in ranked])
        spoken = [
            (passages[chunk_id].document.metadata.date, score) for chunk_id, score in ranked if chunk_id in passages
        ]
        return peak(spoken)

    def _sentences(self, passage: Passage, first: int, last: int) -> Sequence[Sentence]:
        document = passage.document
        return self._collection.catalogue.sentences(document.id, first, last, document.version)

    def _fits(self, query: Query, passages: Sequence[Passage]) -> list[Fit]:
        vectors = self._collection.catalogue.vectors_of(passages)
        return fits_of(passages, vectors, query.vector, query.weights)


def _overlap(one: Passage, other: Passage) -> bool:
    same = (one.document.id, one.document.version) == (other.document.id, other.document.version)
    return same and one.span.start < other.span.end and other.span.start < one.span.end


def _filters(period: Period | None, given: Filter | None) -> list[Filter | None]:
    """What to search: all that is allowed; and before that, of it, what is from the time that the question names."""
    if period is None:
        return [given]
    days = widened(period).filter
    if given is None:
        return [days, None]
    since = max(filter(None, (given.since, days.since)), default=None)
    until = min(filter(None, (given.until, days.until)), default=None)
    return [replace(given, since=since, until=until), given]


def pool(rankings: Iterable[Sequence[tuple[int, float]]], count: int) -> list[int]:
    """The chunks that rank best over all rankings, by reciprocal rank fusion: the sum of 1 / (60 + place)."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for place, (chunk_id, _) in enumerate(ranking, 1):
            scores[chunk_id] = scores.get(chunk_id, 0.0) + 1 / (FUSION + place)
    return sorted(scores, key=lambda chunk_id: (-scores[chunk_id], chunk_id))[:count]


def fuse(
    rankings: Mapping[str, Mapping[int, float]], passages: Mapping[int, Passage], period: Period | None = None
) -> list[Hit]:
    """Hits by the weighted mean of their scaled scores, best first; a ranking that lacks a chunk gives it 0.

    Two rankings are made here: the best passage of a document speaks for the others (`document`), and a passage from
    the time that the question names is preferred (`date`).
    """
    scaled = {name: _scaled(ranking) for name, ranking in rankings.items()}
    own = {key: sum(WEIGHTS[name] * part.get(key, 0.0) for name, part in scaled.items()) for key in passages}
    best: dict[str, float] = {}
    for key, passage in passages.items():
        best[passage.document.id] = max(best.get(passage.document.id, 0.0), own[key])
    top = max(best.values(), default=0.0) or 1.0
    scaled["document"] = {key: best[passage.document.id] / top for key, passage in passages.items()}
    if period is not None:
        around, days = widened(period), {key: one.document.metadata.date for key, one in passages.items()}
        # Reports of that time come for some weeks; what was published in it is likelier to speak of it.
        scaled["date"] = {key: (1 + period.holds(day)) / 2 for key, day in days.items() if around.holds(day)}
    total = sum(WEIGHTS[name] for name in scaled)
    scores = {key: sum(WEIGHTS[name] * part.get(key, 0.0) for name, part in scaled.items()) / total for key in passages}
    how: dict[int, list[Rank]] = {chunk_id: [] for chunk_id in passages}
    for name, ranking in rankings.items():
        order = sorted(ranking, key=lambda key: (-ranking[key], key))
        for place, key in enumerate(order, 1):
            if ranking[key] > 0:
                how[key].append(Rank(name, place, ranking[key]))
    if period is not None:
        for key in scaled["date"]:
            how[key].append(Rank("date", 1, 1.0))
    order = sorted(passages, key=lambda chunk_id: (-scores[chunk_id], chunk_id))
    return [Hit(passages[chunk_id], scores[chunk_id], tuple(how[chunk_id])) for chunk_id in order]


def _scaled(ranking: Mapping[int, float]) -> dict[int, float]:
    """Scores scaled to [0, 1], the best at 1; where they hardly differ, their difference is not blown up."""
    low, high = min(ranking.values(), default=0.0), max(ranking.values(), default=0.0)
    wide = max(high - low, LEAST_RANGE * abs(high)) or 1.0
    return {key: 1 - (high - score) / wide for key, score in ranking.items()}


def peak(spoken: Iterable[tuple[str, float]]) -> date | None:
    """The day in the middle of the week that weighs most among `(ISO day, weight)`, if it has a third of the weight."""
    weights: dict[date, float] = {}
    for day, weight in spoken:
        with suppress(ValueError):
            known = date.fromisoformat(day)
            weights[known] = weights.get(known, 0.0) + weight
    if not weights:
        return None
    near = {day: sum(one for other, one in weights.items() if abs((other - day).days) <= 3) for day in weights}
    middle = max(near, key=lambda day: (near[day], -day.toordinal()))
    return middle if near[middle] * 3 >= sum(weights.values()) else None
