"""What a language model is shown of the documents: numbered sentences, as data that can give no orders."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.answers import Turn
from app.drafting.extract import leans
from app.drafting.references import read_claims
from app.evidence.candidates import Candidate
from app.language_models.llm import count_tokens
from indexing.documents import Document, Passage, Sentence
from indexing.hostile import is_instruction
from indexing.spans import Span
from prompts import fill

Reply = Literal["text", "json"]

TOKENS_PER_MESSAGE = 8  # what a chat template adds, roughly
TOKENS_PER_NUMBER = 6  # what the number of a sentence and its share of the document's line add
EXCERPTS = 16  # sentences that a short prompt shows at most
LOOKED_AT = 40  # sentences, best first, that it takes them from
_INVITING = re.compile(r"\[(?=\s*(?:\d|/?INST))")  # brackets that a model could take for a reference or a command


@dataclass(frozen=True, slots=True)
class Shown:
    """What one prompt shows: passages numbered from 1 in this order, each with the sentences that have numbers.

    `flat`: each passage is one sentence, so that its number is the sentence's.
    """

    passages: tuple[tuple[Document, tuple[Sentence, ...]], ...]
    text: str
    flat: bool = False

    @property
    def references(self) -> tuple[str, ...]:
        """Every number that can be cited, as it stands in the prompt."""
        if self.flat:
            return tuple(str(number) for number in range(1, len(self.passages) + 1))
        return tuple(
            f"{number}.{place}"
            for number, (_, sentences) in enumerate(self.passages, start=1)
            for place in range(1, len(sentences) + 1)
        )

    def sentences(self, passage: int) -> tuple[Sentence, ...]:
        return self.passages[passage - 1][1] if 1 <= passage <= len(self.passages) else ()


def as_data(text: str) -> str:
    """Text on one line that can neither end the fence around it, nor open a chat template's turn, nor pose as a number.

    Only the model sees it like this; what is cited comes from the document.
    """
    plain = " ".join(text.split()).replace("<", "‹").replace(">", "›")
    return _INVITING.sub("(", plain)


def recent(history: Sequence[Turn], budget: int) -> tuple[Turn, ...]:
    """The latest turns that fit into `budget` tokens, the first of them a question."""
    kept: list[Turn] = []
    for turn in reversed(history):
        turn = Turn(turn.role, as_data(turn.content))
        budget -= count_tokens(turn.content) + TOKENS_PER_MESSAGE
        if budget < 0:
            break
        kept.insert(0, turn)
    while kept and kept[0].role == "assistant":
        del kept[0]
    return tuple(kept)


def show(passages: Sequence[Passage], budget: int) -> Shown:
    """The passages that fit into `budget` tokens, best first, whole; of the best one its first sentences if need be."""
    chosen: list[tuple[Document, tuple[Sentence, ...]]] = []
    texts: list[str] = []
    for passage in passages:
        number, sentences = len(chosen) + 1, passage.sentences
        while sentences and count_tokens(_shown(passage.document, sentences, number)) > budget:
            sentences = () if chosen else sentences[:-1]
        numbered = tuple(sentence for sentence in sentences if sentence.kind == "text")
        if numbered:
            text = _shown(passage.document, sentences, number)
            budget -= count_tokens(text) + 2
            chosen.append((passage.document, numbered))
            texts.append(text)
    return Shown(tuple(chosen), "\n\n".join(texts))


def _shown(document: Document, sentences: Sequence[Sentence], number: int) -> str:
    lines = [f"Passage {number}: {_known(document)}"]
    count = 0
    for sentence in sentences:
        text = as_data(sentence.visible(document.text))
        if sentence.kind == "suspect":
            continue  # what reads like an order to a model is not shown to one
        if sentence.kind == "heading":
            lines.append(f"({text})")
        else:
            count += 1
            lines.append(f"[{number}.{count}] {text}")
    return "\n".join(lines)


def _known(document: Document) -> str:
    """What is known of a document, but for what reads like an order to a model."""
    about = document.metadata
    named = [value for value in (about.title or document.name, about.source, about.date) if value]
    return ", ".join(as_data(value) for value in named if not is_instruction(value))


def excerpts(ranked: Sequence[Candidate], budget: int) -> Shown:
    """The sentences that fit a question best, each as a passage of its own, within `budget` tokens and `EXCERPTS`.

    Documents come by their best sentence, sentences as they stand there; one that leans on the sentence before it
    brings that along.
    """
    chosen: dict[tuple[str, Span], Candidate] = {}
    for one in ranked[:LOOKED_AT]:
        before = one.before() if leans(one.text) else None
        for each in filter(None, (before, one)):
            cost = count_tokens(as_data(each.text)) + TOKENS_PER_NUMBER
            if each.place not in chosen and cost <= budget and len(chosen) < EXCERPTS:
                chosen[each.place] = each
                budget -= cost
    documents = list(dict.fromkeys(place[0] for place in chosen))
    order = sorted(chosen.values(), key=lambda one: (documents.index(one.place[0]), one.place[1]))
    lines: list[str] = []
    for number, one in enumerate(order, start=1):
        if number == 1 or one.place[0] != order[number - 2].place[0]:
            lines.append(f"From {_known(one.passage.document)}:")
        lines.append(f"[{number}] {as_data(one.text)}")
    return Shown(tuple((one.passage.document, (one.sentence,)) for one in order), "\n".join(lines), flat=True)


@functools.cache
def examples(reply: Reply) -> tuple[Turn, ...]:
    """The worked example of a short prompt as a conversation: one set of sentences, then questions with answers."""
    shown, *asked = fill("short_example").strip().split("\n\nQuestion: ")
    turns: list[Turn] = []
    for number, each in enumerate(asked):
        question, answer = each.split("\nAnswer: ")
        turns.append(Turn("user", f"{shown}\n\nQuestion: {question}" if not number else f"Question: {question}"))
        turns.append(Turn("assistant", answer if reply == "text" else _as_json(answer)))
    return tuple(turns)


def _as_json(answer: str) -> str:
    """An answer with markers as the schema has it."""
    told = [
        {"sentences": [str(one.passage) for one in claim.references], "text": claim.text}
        for claim in read_claims([answer])
        if claim.references
    ]
    return json.dumps({"statements": told})
