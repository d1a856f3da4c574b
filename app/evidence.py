"""The evidence for an answer: every sentence of the passages found, measured against what the question asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from importlib import resources
from typing import Any

from app.copies import words_of
from app.question import REASON, SAYING, Asked, read_question
from app.retrieve import Found, Match, Query
from app.short import EXACT, Short
from indexing.documents import Hit, Passage, Sentence
from indexing.spans import Span
from indexing.words import stems

QUOTATION = re.compile(r"[“”\"]|''")
BEFORE, AFTER = 2, 1  # sentences around one that speak of the same thing
LONG = 40  # words


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

    def weighed(self, weights: Mapping[str, float]) -> float:
        return sum(weight * float(getattr(self, name)) for name, weight in weights.items())


RANKED = tuple(each.name for each in fields(Features))
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

    @property
    def passage(self) -> Passage:
        return self.hit.passage

    @property
    def sentence(self) -> Sentence:
        return self.passage.sentences[self.index]

    @property
    def place(self) -> tuple[str, Span]:
        return self.passage.document.id, self.sentence.span

    def before(self) -> Candidate | None:
        """The sentence before it in the passage; none where that is a heading or kept out of answers."""
        if not self.index or self.passage.sentences[self.index - 1].kind != "text":
            return None
        text = self.passage.sentences[self.index - 1].visible(self.passage.document.text)
        return replace(self, index=self.index - 1, text=text, shorts=(), stems=frozenset(stems(text)))


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


@cache
def fitted() -> Any:
    """The weights and the threshold that `python -m eval fit` fitted, and what they were fitted on."""
    return json.loads(resources.files("app").joinpath("answerability.json").read_text(encoding="utf-8"))


def weigh(query: Query, found: Found, weights: Mapping[str, float] | None = None) -> Evidence:
    """Every sentence of the passages once (chunks overlap, copies repeat), where its passage ranks best."""
    asked = read_question(query.asked.full if query.asked else query.text)
    weights = fitted()["rank"] if weights is None else weights
    topical = {name: weight for name, weight in weights.items() if name in TOPICAL}
    best: dict[Hashable, Candidate] = {}
    top = max((hit.score for hit in found.hits), default=0.0) or 1.0
    for hit, matches in zip(found.hits, found.matches, strict=True):
        label = found.groups.get(hit.passage.document.id)
        for one in _measured(asked, query, hit, matches, top):
            key: Hashable = one.place if label is None else (label, words_of(one.text))
            if key not in best:
                score, topic = one.features.weighed(weights), one.features.weighed(topical)
                best[key] = replace(one, score=score, topic=topic)
    return Evidence(asked, query, found, tuple(sorted(best.values(), key=lambda one: (-one.score, one.place))))


def _measured(asked: Asked, query: Query, hit: Hit, matches: Sequence[Match], top: float) -> Iterator[Candidate]:
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
        shorts = tuple(asked.answers_in(texts[index]))
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
