"""The evidence for an answer: every sentence of the passages found, measured against what the question asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from app.questions.question import REASON, SAYING, Asked, introduces, read_question
from app.questions.short import EXACT, Short, names_within
from app.retrieval.copies import words_of
from app.retrieval.matching import Match
from app.retrieval.retrieve import Found, Query
from indexing.documents import Hit, Passage, Sentence
from indexing.embed import Offsets, Vectors
from indexing.spans import Span
from indexing.words import stems

QUOTATION = re.compile(r"[“”\"]|''")
BEFORE, AFTER = 2, 1  # sentences around one that speak of the same thing
LONG = 40  # words
INTRODUCED = 2.0
DEPTH = 8  # sentences of which each word is compared: it takes milliseconds a sentence
DEPTH_READ = 3  # ... where a reader reads the best afterwards: more changed nothing on the tuning parts
ABOUT = 60  # characters on each side of a short answer in which words tell what it is the answer to
Tokens = Callable[[Sequence[str]], list[tuple[Offsets, Vectors]]]
"""For each text the spans of its tokens and their vectors in context; what an embedder may offer (`words`)."""
Weights = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Features:
    """How a sentence fits a question; each is about 0 to 1. `around` is the sentence with its neighbours and title."""

    similarity: float
    coverage: float
    around: float  # share of the question's words in the sentence, those around it and the title
    near: float  # the best similarity among the sentences next to it
    passage: float  # the passage's score beside the best passage's
    fits: float  # it has something of the kind asked for, that the question does not say
    beside: float  # ... and the noun that is asked for stands beside that
    names: float  # share of the question's names in the sentence
    names_around: float
    focus: float  # the noun that is asked for is in the sentence
    saying: float  # someone is asked for who said it, and the sentence says or quotes
    reason: float  # a reason is asked for, and the sentence has a word that gives one
    length: float
    words: float = 0.0  # how alike, in their contexts, each word of the question and the likest of the sentence are
    words_least: float = 0.0  # ... of the third of them that are least alike
    words_near: float = 0.0  # ... where only words about a short answer count; 0 where there is none
    words_noun: float = 0.0  # ... of the noun that is asked for

    def weighed(self, weights: Weights) -> float:
        return sum(weight * float(getattr(self, name)) for name, weight in weights.items())


RERANKED = tuple(each.name for each in fields(Features))
RANKED = tuple(name for name in RERANKED if not name.startswith("words"))
ALIGNED = ("similarity", "coverage", "around", "near", "passage", "names", "names_around", "words", "words_least")
TOPICAL = ("similarity", "coverage", "around", "near", "passage", "names", "names_around")  # whatever is asked for


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence that may answer, where it stands, how it fits and what could be the short answer in it."""

    hit: Hit
    index: int
    features: Features
    shorts: tuple[Short, ...]  # spans into `text`
    text: str
    stems: frozenset[str]
    score: float = 0.0
    topic: float = 0.0
    aligned: float = 0.0
    read: float | None = None  # how likely the reader says that it answers; None where it was not asked

    @property
    def passage(self) -> Passage:
        return self.hit.passage

    @property
    def sentence(self) -> Sentence:
        return self.passage.sentences[self.index]

    def told(self, span: Span) -> float:
        """How likely the reader takes what stands there for the answer; 0 where it was not asked."""
        return max((short.told or 0.0 for short in self.shorts if short.span.overlaps(span)), default=0.0)

    @property
    def place(self) -> tuple[str, Span]:
        return self.passage.document.id, self.sentence.span

    @property
    def surroundings(self) -> str:
        """The words of the sentence, of those around it, and of the title."""
        document = self.passage.document
        near = self.passage.sentences[max(0, self.index - BEFORE) : self.index + AFTER + 1]
        return " ".join([document.metadata.title, *(one.visible(document.text) for one in near)])

    def before(self) -> Candidate | None:
        """The sentence before it in the passage; none where that is a heading or kept out of answers."""
        if not self.index or self.passage.sentences[self.index - 1].kind != "text":
            return None
        text = self.passage.sentences[self.index - 1].visible(self.passage.document.text)
        return replace(self, index=self.index - 1, text=text, shorts=(), stems=frozenset(stems(text)))


@dataclass(frozen=True, slots=True)
class InPlace:
    """A sentence that was found with what stands around it; empty where nothing does."""

    title: str  # of its document
    before: str
    text: str
    after: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a question asks for, what was found, and every sentence of that, best first."""

    asked: Asked
    query: Query
    found: Found
    ranked: tuple[Candidate, ...]

    @property
    def question(self) -> str:
        """The question as it stands alone: a follow-up with what it leaves out."""
        return self.query.asked.full if self.query.asked else self.query.question

    @property
    def exact(self) -> bool:
        """Whether a few words could answer."""
        return self.asked.kind in EXACT

    @property
    def sentences(self) -> Iterator[InPlace]:
        """Every sentence of the passages found, as they stand there: those of passages that overlap come again."""
        for hit in self.found.hits:
            document = hit.passage.document
            texts = ["", *(one.visible(document.text) for one in hit.passage.sentences), ""]
            for before, text, after in zip(texts, texts[1:], texts[2:], strict=False):
                yield InPlace(document.metadata.title, before, text, after)


@cache
def fitted() -> Any:
    """The weights and the threshold that `python -m eval fit` fitted, and what they were fitted on."""
    return json.loads(resources.files("app.evidence").joinpath("answerability.json").read_text(encoding="utf-8"))


def weigh(
    query: Query,
    found: Found,
    tokens: Tokens | None = None,
    fit: Mapping[str, Any] | None = None,
    depth: int = DEPTH,
) -> Evidence:
    """Every sentence of the passages once (chunks overlap, copies repeat), where its passage ranks best.

    With `tokens` the best `depth` are ordered anew by how well their words match the question's, one by one.
    """
    fit = fitted() if fit is None else fit
    asked = read_question(query.asked.full if query.asked else query.text)
    topical = {name: weight for name, weight in fit["rank"].items() if name in TOPICAL}
    best: dict[Hashable, Candidate] = {}
    top = max((hit.score for hit in found.hits), default=0.0) or 1.0
    names = frozenset(name for hit in found.hits for name in names_within(hit.passage.text))
    for hit, matches in zip(found.hits, found.matches, strict=True):
        label = found.groups.get(hit.passage.document.id)
        for one in _measured(asked, query, hit, matches, top, names):
            key: Hashable = one.place if label is None else (label, words_of(one.text))
            if key not in best:
                score = one.features.weighed(fit["rank"]) + _introduced(asked, one.text)
                topic = one.features.weighed(topical)
                best[key] = replace(one, score=score, topic=topic)
    ranked = sorted(best.values(), key=_order)
    if tokens is not None and len(ranked) > 1:
        ranked = _reranked(asked, query.text, ranked, depth, tokens, fit.get("rerank", fit["rank"]))
    return Evidence(asked, query, found, tuple(ranked))


def _introduced(asked: Asked, text: str) -> float:
    """What a sentence that says who somebody is counts more where nothing else is asked."""
    return INTRODUCED if asked.whom and introduces(asked.whom, text) else 0.0


def _order(one: Candidate) -> tuple[float, tuple[str, Span]]:
    return -one.score, one.place


def _reranked(
    asked: Asked, text: str, ranked: Sequence[Candidate], depth: int, tokens: Tokens, weights: Weights
) -> list[Candidate]:
    """The best in a new order; those after them keep theirs, and their distance to the last of the best."""
    best, rest = ranked[:depth], ranked[depth:]
    topical = {name: weight for name, weight in weights.items() if name in ALIGNED}
    (spans, rows), *each = tokens([text, *(one.text for one in best)])
    carrying = [at for at, (start, end) in enumerate(spans) if stems(text[start:end])]
    found = text.lower().rfind(asked.noun.lower()) if asked.noun else -1
    noun = [at for at, token in enumerate(carrying) if found <= spans[token][0] < found + len(asked.noun)]
    question = _unit(rows[carrying])
    again = []
    for one, (places, vectors) in zip(best, each, strict=True):
        kept = [at for at, (start, end) in enumerate(places) if end > start]
        if carrying and kept:
            alike = question @ _unit(vectors[kept]).T
            one = replace(one, features=_aligned(one, alike, [places[at][0] for at in kept], noun))
        score = one.features.weighed(weights) + _introduced(asked, one.text)
        again.append(replace(one, score=score, aligned=one.features.weighed(topical)))
    last = min(one.score for one in again)
    after = [replace(one, score=last - (best[-1].score - one.score)) for one in rest]
    return sorted(again, key=_order) + after


def _aligned(one: Candidate, alike: Vectors, starts: Sequence[int], noun: Sequence[int]) -> Features:
    """The features of words: `alike` has a row for each word of the question, a column for each of the sentence."""
    best = np.sort(alike.max(axis=1))
    near = 0.0
    for short in one.shorts:
        about = [at for at, start in enumerate(starts) if short.span.start - ABOUT <= start < short.span.end + ABOUT]
        near = max(near, float(alike[:, about].max(axis=1).mean()) if about else 0.0)
    return replace(
        one.features,
        words=float(best.mean()),
        words_least=float(best[: max(1, len(best) // 3)].mean()),
        words_near=near,
        words_noun=float(alike[noun].max(axis=1).mean()) if noun else 0.0,
    )


def _unit(rows: Vectors) -> Vectors:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9), dtype=np.float32)


def _measured(
    asked: Asked, query: Query, hit: Hit, matches: Sequence[Match], top: float, capitals: frozenset[str]
) -> Iterator[Candidate]:
    document = hit.passage.document
    texts = [sentence.visible(document.text) for sentence in hit.passage.sentences]
    held = [frozenset(stems(text)) for text in texts]
    title = frozenset(stems(document.metadata.title))
    names = [frozenset(stems(name)) for name in asked.names]
    noun = frozenset(stems(asked.noun))
    total = sum(query.weights.values()) or 1.0
    for index, (sentence, match) in enumerate(zip(hit.passage.sentences, matches, strict=False)):
        if sentence.kind != "text":
            continue
        around = title.union(*held[max(0, index - BEFORE) : index + AFTER + 1])
        beside = [matches[at].similarity for at in (index - 1, index + 1) if 0 <= at < len(matches)]
        shorts = tuple(asked.answers_in(texts[index], capitals))
        said = asked.said and bool(QUOTATION.search(texts[index]) or SAYING.search(texts[index]))
        features = Features(
            similarity=match.similarity,
            coverage=match.coverage,
            around=sum(query.weights.get(stem, 0.0) for stem in around) / total,
            near=max(beside, default=0.0),
            passage=hit.score / top,
            fits=float(bool(shorts)),
            beside=float(any(one.beside for one in shorts)),
            names=_share(names, held[index]),
            names_around=_share(names, around),
            focus=float(bool(noun & held[index])),
            saying=float(said),
            reason=float(asked.kind == "reason" and bool(REASON.search(texts[index]))),
            length=min(1.0, len(texts[index].split()) / LONG),
        )
        yield Candidate(hit, index, features, shorts, texts[index], held[index])


def _share(names: Sequence[frozenset[str]], held: frozenset[str]) -> float:
    """The share of names of which some word is held; 1 where there are none."""
    named = [name for name in names if name]
    return sum(bool(name & held) for name in named) / len(named) if named else 1.0
