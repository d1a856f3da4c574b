"""Questions that a language model asks of the texts that the reader learns from, kept where they lead back.

A model writes a question that one sentence answers. Asked afresh it must find that sentence in the whole text and quote
an answer from it; where that is wanted it must also find nothing once the sentence is taken out. Rules refuse what can
be told without it.
"""

from __future__ import annotations

import json
import os
import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.grounding.names import DATES, names
from app.language_models.llm import LanguageModel
from eval.training.interview import WORDING, Answer, Interview
from eval.training.questions import Reading, key_of, written_lines
from indexing.errors import UsageError
from indexing.words import stems

WORDS = (6, 45)  # of a sentence that is asked about
ASKED = (4, 28)  # words of a question
ANSWER = 20  # words, at most
PART = 0.8  # of its sentence that an answer may be
ELSEWHERE = "its answer stands elsewhere, too"
SHARED = 0.8  # of a question's stems, without names, that may be its sentence's
NAMED = 0.7  # of the questions, that are asked for with the answer they are to have
RUN = 5  # words that a question may copy in a row
OF_THE_TEXT = re.compile(
    r"\b(?:sentences?|texts?|passages?|paragraphs?|articles?|authors?|excerpts?|mentioned|above|following|according)\b",
    re.IGNORECASE,
)
POINTING = re.compile(r"\b(?:this|these|those|here|i|me|my|we|us|our|you|your)\b", re.IGNORECASE)
PRONOUN = re.compile(r"\b(?:he|him|his|she|her|hers|it|its|they|them|their|theirs)\b", re.IGNORECASE)
IDLE = re.compile(r"\bit (?:cost|take|rain|snow)\b|\bhow (?:much|many|long|often)\b", re.IGNORECASE)
NAME = r"(?<!^)(?<![\w.“‘\"'])(?!I\b)[A-Z][\w’'-]*[a-z]\w*(?: (?:of |the |de |von )*[A-Z][\w’'-]*)*"
FIGURE = r"(?<![\w.,-])\d[\d.,]*(?<![.,])(?:-\d+)?(?: ?%| (?:million|billion|percent|per cent))?"
SMALL = "since than from with over under into when while that after before during were have which where because until"
COUNTED = rf"(?: (?!(?:{SMALL.replace(' ', '|')})\b)[a-z]{{4,}})?"
WANTED = re.compile(f"{NAME}|{FIGURE}{COUNTED}")  # what may be asked for
AMOUNT = re.compile(FIGURE + COUNTED)
NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|\w+ty|dozens?|hundreds?|thousands?|"
    r"millions?|billions?|half|third|quarter|twice|once|none|no|few|several|many)\b",
    re.IGNORECASE,
)
TIME = re.compile(
    rf"\d|\b(?:{'|'.join(DATES)}|century|decade|years?|months?|weeks?|days?|hours?|minutes?|morning|evening|night|noon|"
    r"midnight|spring|summer|autumn|winter|today|yesterday|tomorrow|before|after|until|since|once|while|during|when)\b",
    re.IGNORECASE,
)
DATE = re.compile(rf"\b(?:\d{{1,2}} )?(?:{'|'.join(DATES)})(?: \d{{1,2}})?(?:,? \d{{4}})?\b|\b(?:1\d|20)\d\d\b")
CAPITAL = r"[A-Z](?:[\w-]|['’](?!s\b))*"
PERSON = re.compile(rf"{CAPITAL}(?: {CAPITAL})+")
HOW, WHICH = (
    re.compile(rf"\b{one}\b", re.IGNORECASE)
    for one in (
        "how (?:many|much|old|long|far|high|large|tall)",
        "what (?:percentage|number|share|proportion|year|date)",
    )
)
WHEN, WHO = (re.compile(f"^{one}\\b", re.IGNORECASE) for one in ("(?:since |until )?when", "who(?:m|se)?"))
KINDS = (  # what a question asks for, what an answer to it holds, and what of a longer one is the answer
    (HOW, NUMBER, AMOUNT),
    (WHICH, NUMBER, AMOUNT),
    (WHEN, TIME, DATE),
    (WHO, re.compile(r"[A-Z]|\b(?:the|an?|his|her|its|their)\b"), PERSON),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is asked: `each` sentences of a text, `count` questions kept in all, chosen by `seed`.

    `taken_out`: the model must also say that nothing answers once the sentence is taken out. Otherwise no other
    sentence may hold the answer.
    """

    seed: int = 1
    each: int = 6
    count: int = 500
    taken_out: bool = False


def doubt(question: str, sentence: str) -> str:
    """Why a question is refused before anybody answers it; empty where it is not."""
    words = question.split()
    if question.count("?") != 1 or not question.endswith("?") or not ASKED[0] <= len(words) <= ASKED[1]:
        return "not one question"
    if OF_THE_TEXT.search(question):
        return "it speaks of the text"
    rest = IDLE.sub("", question)
    first = PRONOUN.search(rest)
    if POINTING.search(question) or (first and not stems(rest[: first.start()])):
        return "a pronoun stands for nothing"
    named = frozenset(stems(" ".join(names(question))))
    plain = [one for one in stems(question) if one not in named]
    held = frozenset(stems(sentence))
    if not plain or sum(one in held for one in plain) > SHARED * len(plain) or copied(question, sentence) > RUN:
        return "in the sentence's words"
    return ""


def copied(question: str, sentence: str) -> int:
    """How many words in a row of a question stand so in the sentence."""
    ours, theirs = (re.findall(r"\w+", one.casefold()) for one in (question, sentence))
    longest, before = 0, [0] * (len(theirs) + 1)
    for word in ours:
        here = [0] * (len(theirs) + 1)
        for at, other in enumerate(theirs):
            here[at + 1] = before[at] + 1 if word == other else 0
        longest, before = max(longest, *here), here
    return longest


def plain_answer(words: str) -> str:
    """An answer without the marks around it."""
    return words.strip(" ,;:.!?\"“”'‘’()[]—–-")


def narrowed(answer: str, question: str, asked_for: str) -> str:
    """Of a quotation that says more, what was asked for, or the one amount, date or name where such is asked for."""
    if asked_for and asked_for in answer:
        return asked_for
    for asks, _, part in KINDS:
        if asks.search(question):
            found = part.findall(answer)
            return found[0] if len(found) == 1 else answer
    return answer


def unfit(question: str, answer: str, sentence: str, text: str, start: int) -> str:
    """Why an answer from the right sentence is refused; `start` is where the sentence begins in its text."""
    found = re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", sentence)
    if not answer or found is None:
        return "its answer does not stand in the sentence"
    if len(answer.split()) > ANSWER or len(answer) >= PART * len(sentence) or not stems(answer):
        return "its answer is no few words"
    if answer.casefold() in question.casefold() or set(stems(answer)) <= set(stems(question)):
        return "its answer is in the question"
    if any(asks.search(question) and not holds.search(answer) for asks, holds, _ in KINDS):
        return "its answer is of another kind"
    return "" if text.find(answer) == start + found.start() else ELSEWHERE


class Round:
    """The questions about one text."""

    def __init__(self, interview: Interview, reading: Reading, key: str, known: Iterable[str]) -> None:
        self._interview, self._text = interview, reading.by_key[key].text
        self._title, self._sentences = reading.by_key[key].title, reading.sentences(key)
        self._starts = [span.start for span in reading.spans(key)]
        self._known = {frozenset(stems(one)) for one in known}
        self.dropped: Counter[str] = Counter()

    def asked(self, plan: Plan, rng: random.Random) -> tuple[list[tuple[str, str]], int]:
        """Questions with their answers, in the order of the text, and how many were asked for."""
        places = [at for at, one in enumerate(self._sentences) if WORDS[0] <= len(one.split()) <= WORDS[1]]
        chosen = sorted(rng.sample(places, min(plan.each, len(places))))
        wanted = [
            rng.choice([*WANTED.findall(self._sentences[at]), ""] if rng.random() < NAMED else [""]) for at in chosen
        ]
        there = [found for at, one in zip(chosen, wanted, strict=True) if (found := self._there(at, one)) is not None]
        # From the end: what stands before the sentence taken out has been read already.
        back = self._missed if plan.taken_out else self._alone
        kept = [(question, answer) for at, question, answer in reversed(there) if back(at, question, answer)]
        return kept[::-1], len(chosen)

    def _there(self, at: int, asked_for: str) -> tuple[int, str, str] | None:
        """A question about a sentence, with the answer that the model finds there in the whole text."""
        question, answer, reason = self._led_back(at, asked_for)
        if reason:
            self.dropped[reason] += 1
            return None
        return at, question, answer

    def _led_back(self, at: int, asked_for: str) -> tuple[str, str, str]:
        """The question, the answer that the model finds, and why they are refused where they are."""
        sentence = self._sentences[at]
        question = self._interview.question(self._title, self._sentences, at + 1, asked_for)
        wanted = frozenset(stems(question))
        if reason := doubt(question, sentence) or ("asked already" if wanted in self._known else ""):
            return question, "", reason
        self._known.add(wanted)
        found = self._interview.answer(self._title, self._sentences, question, at + 1)
        if found is None:
            return question, "", "nothing is said to answer it"
        if found.number != at + 1:
            return question, "", "another sentence is said to answer it"
        answer = narrowed(plain_answer(found.words), question, asked_for)
        if asked_for and not set(stems(asked_for)) & set(stems(answer)):
            return question, answer, "another answer is found"
        return question, answer, unfit(question, answer, sentence, self._text, self._starts[at])

    def _alone(self, at: int, question: str, answer: str) -> bool:
        """Whether no other sentence holds the answer."""
        others = [one for place, one in enumerate(self._sentences) if place != at]
        held = any(re.search(rf"(?<!\w){re.escape(answer)}(?!\w)", one) for one in others)
        if held:
            self.dropped[ELSEWHERE] += 1
        return not held

    def _missed(self, at: int, question: str, answer: str) -> bool:
        """Whether nothing is said to answer a question once its sentence is taken out."""
        others = [one for place, one in enumerate(self._sentences) if place != at]
        found: Answer | None = self._interview.answer(self._title, others, question)
        if found is not None:
            self.dropped["another sentence is said to answer it without this one"] += 1
        return found is None


def write(model: LanguageModel, reading: Reading, out: Path, plan: Plan) -> list[str]:
    """Write a line for each text into `out` until `plan.count` questions are kept; lines that tell how it went.

    What is there is gone on from: the same model and plan give the same file, however often it was killed.
    """
    made_by = {"by": model.name, "seed": plan.seed, "each": plan.each, "taken_out": plan.taken_out, "wording": WORDING}
    lines = taken_up(out, made_by)
    known = _known(reading)
    order = random.Random(plan.seed).sample(sorted(reading.by_key), len(reading.by_key))
    done = {line["paragraph"] for line in lines}
    interview = Interview(model)
    with out.open("ab") as stream:
        for key in order:
            if sum(len(line["asked"]) for line in lines) >= plan.count:
                break
            if key in done or len(reading.sentences(key)) < 2:
                continue
            about = Round(interview, reading, key, known.get(key, ()))
            kept, tried = about.asked(plan, random.Random(f"{plan.seed} {key}"))
            line = {"paragraph": key, "asked": kept, "tried": tried, "dropped": dict(sorted(about.dropped.items()))}
            stream.write(f"{json.dumps(line | made_by, ensure_ascii=False)}\n".encode())
            stream.flush()
            os.fsync(stream.fileno())
            lines.append(line)
    return told(lines)


def _known(reading: Reading) -> dict[str, list[str]]:
    """The questions that there are already, by the key of their text."""
    found = {one.key: [question for question, _, _ in one.questions] for one in reading.paragraphs}
    for line in written_lines():
        some = [question for question, _ in line.get("asked", ())] + list(line.get("near", ()))
        found.setdefault(key_of(line), []).extend(some)
    return found


def taken_up(out: Path, made_by: dict[str, Any]) -> list[dict[str, Any]]:
    """The lines of a file, what a kill left half written cut off; UsageError where others made it."""
    if not out.exists():
        return []
    held = out.read_bytes()
    whole = held[: held.rfind(b"\n") + 1]
    if whole != held:
        os.truncate(out, len(whole))
    lines = [json.loads(line) for line in whole.decode().splitlines()]
    if any({name: line.get(name) for name in made_by} != made_by for line in lines):
        raise UsageError(
            f"{out} was written with another model, seed, wording, --each or --taken-out; choose another --out"
        )
    return lines


def told(lines: Sequence[dict[str, Any]]) -> list[str]:
    """How many were asked for and kept, and why the others were not."""
    dropped: Counter[str] = Counter()
    for line in lines:
        dropped.update(line["dropped"])
    tried, kept = (
        sum(counts) for counts in ([line["tried"] for line in lines], [len(line["asked"]) for line in lines])
    )
    head = f"{len(lines)} texts, {tried} questions asked for, {kept} kept"
    return [head, *(f"{number:>7} {reason}" for reason, number in dropped.most_common())]
