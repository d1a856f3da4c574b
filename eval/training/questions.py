"""Questions beside sentences that answer them, and sentences of the same documents that only come near."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from app.evidence.candidates import Candidate
from eval.training.pairs import Pair, around, nearest, sentences
from indexing.spans import Span
from indexing.words import stems

VAGUE = {
    "figure": ("several", "some", "a number of", "many"),
    "date": ("at some time", "recently", "one day"),
    "name": ("someone", "they", "somebody else", "the other one"),
    "words": ("something", "this", "it", "such things"),
}
BY_MODEL = "asked by a model"
NEAR = 3  # sentences beside each that answers
SEEN = 6  # of what retrieval ranks best for a question that nothing answers


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of XQuAD with its sentences, named by its text."""

    title: str
    text: str
    questions: tuple[tuple[str, str, int], ...]  # question, answer, where the answer begins

    @property
    def key(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()[:10]


def paragraphs(path: Path) -> list[Paragraph]:
    """The paragraphs of a file in SQuAD's format."""
    found = []
    for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
        for number, one in enumerate(article["paragraphs"]):
            asked = tuple((q["question"], q["answers"][0]["text"], q["answers"][0]["answer_start"]) for q in one["qas"])
            found.append(Paragraph(article.get("title", str(number)).replace("_", " "), one["context"], asked))
    return found


class Reading:
    """Paragraphs as sentences in their contexts, to choose near ones from."""

    def __init__(self, given: Sequence[Paragraph]) -> None:
        self.paragraphs = given
        self.by_key = {one.key: one for one in given}
        self._sentences = {one.key: sentences(one.text) for one in given}
        self._stems = {key: [frozenset(stems(text)) for text, _ in found] for key, found in self._sentences.items()}
        self._article: dict[str, list[tuple[str, int]]] = {}
        for one in given:
            places = [(one.key, at) for at in range(len(self._sentences[one.key]))]
            self._article.setdefault(one.title, []).extend(places)

    def sentences(self, key: str) -> list[str]:
        return [text for text, _ in self._sentences[key]]

    def spans(self, key: str) -> list[Span]:
        return [span for _, span in self._sentences[key]]

    def place(self, key: str, at: int) -> int:
        """The sentence that holds the character `at`."""
        found = [number for number, (_, span) in enumerate(self._sentences[key]) if span.start <= at]
        return found[-1] if found else 0

    def pair(self, question: str, key: str, number: int, **given: Any) -> Pair:
        """A question beside a sentence."""
        text, _ = self._sentences[key][number]
        before = self._sentences[key][number - 1][0] if number else ""
        title = self.by_key[key].title
        return Pair("answers", question, given.pop("judged", text), context=around(title, before), group=title, **given)

    def answered(
        self, question: str, key: str, answer: str, start: int, source: str, rng: random.Random, *, hard: bool = True
    ) -> Iterator[Pair]:
        """The sentence with the answer; the same with a vague word for it; sentences that come near."""
        number = self.place(key, start)
        text, span = self._sentences[key][number]
        at = start - span.start
        marks = ((at, at + len(answer)),)
        yield self.pair(question, key, number, label="yes", marks=marks, source=source)
        if not hard:
            others = [place for place in self._all() if place != (key, number)]
            for place in rng.sample(others, NEAR):
                yield self.pair(question, *place, label="no", marks=(), source=source)
            return
        if at >= 0 and at + len(answer) <= len(text) and len(answer) < 0.6 * len(text):
            vague = f"{text[:at]}{rng.choice(VAGUE[kind_of(answer)])}{text[at + len(answer) :]}"
            yield self.pair(question, key, number, judged=vague, label="no", marks=(), source=f"{source} vague")
        here = [one for one in range(len(self._sentences[key])) if one != number]
        for place in self._near(question, [(key, one) for one in here], answer, NEAR - 1):
            yield self.pair(question, *place, label="no", marks=(), source=source)
        away = [place for place in self._article[self.by_key[key].title] if place[0] != key] or [
            place for place in self._all() if place[0] != key
        ]
        for place in self._near(question, away, answer, 1):
            yield self.pair(question, *place, label="no", marks=(), source=source)

    def unanswered(self, question: str, key: str, source: str, most: int = NEAR) -> Iterator[Pair]:
        """A question that the paragraph does not answer, beside what comes nearest in it."""
        here = [(key, one) for one in range(len(self._sentences[key]))]
        for place in self._near(question, here, "", most):
            yield self.pair(question, *place, label="no", marks=(), source=source)

    def _all(self) -> list[tuple[str, int]]:
        return [place for places in self._article.values() for place in places]

    def _near(self, question: str, places: Sequence[tuple[str, int]], answer: str, most: int) -> list[tuple[str, int]]:
        """Of these places those most like the question, without what holds the answer, too."""
        free = [
            (key, one)
            for key, one in places
            if not answer or answer.casefold() not in self._sentences[key][one][0].casefold()
        ]
        order = nearest(frozenset(stems(question)), [self._stems[key][one] for key, one in free], most)
        return [free[at] for at in order]


def kind_of(answer: str) -> str:
    """What a vague word would stand for."""
    if re.search(r"\b(?:1[0-9]|20)\d\d\b|\b(?:January|February|March|April|May|June|July|August|September)\b", answer):
        return "date"
    if re.search(r"\d", answer):
        return "figure"
    return "name" if answer[:1].isupper() else "words"


def asked(reading: Reading, rng: random.Random, *, hard: bool = True) -> Iterator[Pair]:
    """XQuAD's own questions."""
    for one in reading.paragraphs:
        for question, answer, start in one.questions:
            yield from reading.answered(question, one.key, answer, start, "xquad", rng, hard=hard)


def written_lines() -> list[dict[str, Any]]:
    """What was written for the project: questions and claims over paragraphs of XQuAD (by key) or texts of ours."""
    found = resources.files("eval.training").joinpath("written").iterdir()
    files = sorted((one for one in found if one.name.endswith(".jsonl")), key=lambda one: one.name)
    texts = [one.read_text(encoding="utf-8") for one in files]
    return [json.loads(line) for text in texts for line in text.split("\n") if line.strip()]


def own_texts() -> list[Paragraph]:
    """The invented texts in `written`."""
    return [Paragraph(line["title"], line["text"], ()) for line in written_lines() if "text" in line]


def key_of(line: dict[str, Any]) -> str:
    """The key of the paragraph that a line in `written` is about."""
    return str(line["paragraph"]) if "paragraph" in line else Paragraph(line["title"], line["text"], ()).key


def written(reading: Reading, rng: random.Random, *, hard: bool = True) -> Iterator[Pair]:
    """Our own questions: some have an answer in their paragraph, some are near misses."""
    for line in written_lines():
        yield from _answered(line, reading, "written", rng, hard)
        for question in line.get("near", ()) if key_of(line) in reading.by_key else ():
            yield from reading.unanswered(question, key_of(line), "near", NEAR - 1)


def asked_by_model(reading: Reading, path: Path, rng: random.Random, *, hard: bool = True) -> Iterator[Pair]:
    """Questions that a model asked (`python -m eval train questions`), beside the sentences that they came back to."""
    for line in path.read_text(encoding="utf-8").splitlines():
        yield from _answered(json.loads(line), reading, BY_MODEL, rng, hard)


def _answered(line: dict[str, Any], reading: Reading, source: str, rng: random.Random, hard: bool) -> Iterator[Pair]:
    key = key_of(line)
    if key not in reading.by_key:
        return
    text = reading.by_key[key].text
    for question, answer in line.get("asked", ()):
        if (start := text.find(answer)) >= 0:
            yield from reading.answered(question, key, answer, start, source, rng, hard=hard)


def from_suites(items: Sequence[Any], *, hard: bool = True) -> Iterator[Pair]:
    """Half of the tuning items of our suites (`eval.fitting.answers.Weighed`) beside what retrieval ranks best."""
    for one in items:
        if one.part != "tune" or not one.kind or one.item.history:
            continue
        question, group = one.item.question, group_of(one)
        if not learned(group):
            continue
        wanted = [one.item.answer, *one.item.aliases]
        for candidate in one.evidence.ranked:
            if candidate.place in one.gold:
                yield _candidate(question, candidate, "yes", group, _found(wanted, candidate.text))
        if one.kind == "answerable" and (not one.gold or one.item.type in ("list", "comparison", "disagreement")):
            continue  # other sentences may answer in part
        others = [each for each in one.evidence.ranked if each.place not in one.gold]
        for candidate in others[: NEAR + 1 if one.gold else SEEN] if hard else others[-NEAR:]:
            yield _candidate(question, candidate, "no", group, ())


def group_of(one: Any) -> str:
    """The document that a tuning item is about."""
    return f"{one.collection} {one.item.cluster or one.item.id}"


def learned(group: str) -> bool:
    """Whether the reader learns from the tuning items about a document; the others fit what weighs its word."""
    return sum(group.encode()) % 2 == 1


def _candidate(
    question: str, one: Candidate, label: Any, group: str, marks: tuple[tuple[int, int], ...] | None
) -> Pair:
    before = one.before()
    context = around(one.passage.document.metadata.title, before.text if before else "")
    return Pair("answers", question, one.text, label, "suites", group, context, marks)


def _found(wanted: Sequence[str], text: str) -> tuple[tuple[int, int], ...] | None:
    for answer in filter(None, wanted):
        at = text.casefold().find(answer.casefold())
        if at >= 0 and len(text.casefold()) == len(text):
            return ((at, at + len(answer)),)
    return None
