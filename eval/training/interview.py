"""A language model that asks about a text, and is asked: which sentence answers, and with which of its words.

The text comes first in every request, so that a model keeps what it has read of it; then an example, all in one
dialogue, shows what is wanted, and each request adds a line to it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from app.answers import Turn
from app.drafting.prompting import as_data
from app.language_models.constraints import Form
from app.language_models.llm import AnswerCutError, Constrainable, ConstraintRefusedError, LanguageModel
from prompts import fill

SYSTEM = "You make a reading test. You say what is asked for and nothing else."
READY, NOTHING = "Ready.", "none"
LONGEST = 160  # characters of a question
TOKENS = 32  # of a reply
REPLY = re.compile(r"\[(\d{1,3})\] ?(.*)")
EXAMPLE = (
    "Shells close the harbour of Velm",
    (
        "The harbour of Velm has been closed to ferries since Monday.",
        "Divers found two unexploded shells beside the eastern pier.",
        "The navy, which sent the divers, expects to take them away by Thursday and to spend 90,000 crowns.",
        "Fishing boats may still leave at high tide, the harbour master, Ida Brandt, said.",
    ),
)
ASKED = ((3, "90,000 crowns", "How much will it cost to clear the old ammunition out of Velm?"),
         (4, "", "When are fishermen allowed to go out of Velm?"),
         (3, "The navy", "Who is in charge of the people who came upon old ammunition in Velm?"),
         (2, "", "Where in Velm did somebody come upon what was left of a war?"))  # fmt: skip
ANSWERED = (("Where in Velm was the old ammunition discovered?", "[2] beside the eastern pier"),
            ("How many passengers use the ferries of Velm each day?", NOTHING),
            ("What did the ferry company say of the divers?", NOTHING),
            ("Who runs the port of Velm?", "[4] Ida Brandt"),
            ("How much will the navy have to pay?", "[3] 90,000 crowns"),
            ("When were the shells made?", NOTHING),
            ("Why did the fishermen of Velm protest on Monday?", NOTHING))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Held:
    """What a reply is held to where an endpoint takes grammars (llama.cpp's notation)."""

    grammar: str

    def request(self, form: Form) -> dict[str, Any]:
        """What is added to a request of the chat protocol."""
        return {"extra_body": {"max_tokens": TOKENS} | ({"grammar": self.grammar} if form == "grammar" else {})}


QUESTION = Held(f'root ::= [A-Z] [^?\\n\\[\\]]{{8,{LONGEST}}} "?"\n')


def numbers_of(sentences: Sequence[str], quoted: int = 0) -> Held:
    """Nothing, or the number of a sentence; after the number `quoted`, words that follow one another in that sentence.

    The others need no words: what matters of them is that they were chosen.
    """
    roots = [f'"[{number}]"{" quoted" * (number == quoted)}' for number in range(1, len(sentences) + 1)]
    rules = [f"root ::= {' | '.join([json.dumps(NOTHING), *roots])}"]
    if quoted:
        words = sentences[quoted - 1].split()
        rules.append(f'quoted ::= " " ({" | ".join(f"w{at}" for at in range(len(words)))})')
        for at, word in enumerate(words):
            more = f' (" " w{at + 1})?' if at + 1 < len(words) else ""
            rules.append(f"w{at} ::= {json.dumps(word, ensure_ascii=False)}{more}")
    return Held("\n".join([*rules, ""]))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model points at: the number of a sentence, from 1, and what it says are its words, if they were wanted."""

    number: int
    words: str


class Interview:
    """Requests to one model, each independent of those before."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model

    def question(self, title: str, sentences: Sequence[str], number: int, answer: str = "") -> str:
        """A question that sentence `number` (from 1) answers, with these of its words where any are given.

        As the model wrote it; empty where it was too long.
        """
        return self._said(title, sentences, _wanted(number, answer), QUESTION)

    def answer(self, title: str, sentences: Sequence[str], question: str, quoted: int = 0) -> Answer | None:
        """What answers a question; None where the model says that nothing does, number 0 where it says neither.

        Words are wanted only where it points at sentence `quoted`.
        """
        asked = fill("answer_numbered", question=as_data(question)).strip()
        said = self._said(title, sentences, asked, numbers_of(sentences, quoted))
        if said.strip(' ."').casefold() == NOTHING:
            return None
        found = REPLY.fullmatch(said)
        return Answer(int(found[1]), found[2].strip()) if found else Answer(0, said)

    def _said(self, title: str, sentences: Sequence[str], asked: str, to: Held) -> str:
        turns = (*DIALOGUE, Turn("user", _shown(title, sentences)), Turn("assistant", READY))
        said: list[str] = []
        with suppress(AnswerCutError):  # what it has said until then is judged as it is
            said.extend(self._stream(asked, turns, to))
        return "".join(said).strip()

    def _stream(self, asked: str, turns: Sequence[Turn], to: Held) -> Iterator[str]:
        if isinstance(self._model, Constrainable):
            try:
                yield from self._model.stream_held(SYSTEM, asked, turns, to)
                return
            except ConstraintRefusedError:  # before any delta
                self._model.form = "text"
        yield from self._model.stream(SYSTEM, asked, turns)


def _shown(title: str, sentences: Sequence[str]) -> str:
    numbered = "\n".join(f"[{number}] {as_data(text)}" for number, text in enumerate(sentences, 1))
    return fill("read_numbered", title=as_data(title), sentences=numbered).strip()


def _wanted(number: int, answer: str) -> str:
    if answer:
        return fill("ask_answered", number=str(number), answer=as_data(answer)).strip()
    return fill("ask_sentence", number=str(number)).strip()


def _dialogue() -> tuple[Turn, ...]:
    asked = [(_wanted(number, answer), said) for number, answer, said in ASKED]
    answered = [(fill("answer_numbered", question=question).strip(), said) for question, said in ANSWERED]
    turns = [Turn("user", _shown(*EXAMPLE)), Turn("assistant", READY)]
    for user, said in [*asked, *answered]:
        turns += [Turn("user", user), Turn("assistant", said)]
    return tuple(turns)


DIALOGUE = _dialogue()
WORDING = hashlib.sha256(f"{SYSTEM}{DIALOGUE}".encode()).hexdigest()[:12]  # of all that is said to every model
