"""What a follow-up asks when it is said in full: pronouns get their names, an ellipsis the question it leans on.

The result is searched for and shown; it is never evidence, so that what an earlier message claims stays a claim. From
an assistant's earlier words only names are taken, since they may be anybody's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.answers import Turn
from indexing.words import stems

LEANING = re.compile(
    r"^\W*(?:and|but|so|or|also|what about|how about|why not|why|when|where|who else|what else|since when|how so)\W*$|"
    r"^\W*(?:and|but|so|or|what about|how about)\b|"
    r"\b(?:he|she|it|they|him|her|them|his|hers|its|their|theirs|this|that|these|those|there|then|one|ones|former|latter|"
    r"same|else|another|others?)\b",
    re.IGNORECASE,
)
FEW = 2  # content words; a question of fewer is an ellipsis
BACK = 4  # questions that are looked back at
LONGEST = 300  # characters of an earlier message that count
NAME = re.compile(
    r"\b(?!(?:The|A|An|In|On|At|By|For|It|He|She|They|We|I|You|Yes|No|Not|And|But|So|This|That|These|Those|There|Three|"
    r"Two|One|According|Who|What|When|Where|Which|Why|How|Did|Does|Do|Is|Was|Were|Are|Has|Had|Have|Will|Would|Can|Could|"
    r"Should|His|Her|Its|Their|Presidents?|Senators?|Chairm[ae]n|Chairwoman|Ambassador|Justice|Minister|Mayor|Judge|General|Secretary|Mr|Mrs|Ms|Dr|"
    r"Sir|Dame|Lord|Lady|Prof|Professor|Governor|Congressman|Congresswoman|Chancellor|January|February|March|April|May|June|July|August|September|October|November|December|Monday|"
    r"Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday|King|Queen|Prince|Princess|Pope)\b)"
    r"[A-Z][\w'’-]*(?:\s+(?:(?:de|van|von|der|den|la|le|al|bin|of|the)\s+)?(?:[A-Z]\.|[A-Z][\w'’-]+))*"
)
POSSESSIVE = re.compile(r"['’]s?$")
PERSON = re.compile(r"\b(?:he|she|him|his|hers|her)\b", re.IGNORECASE)
NTH = re.compile(
    r"\bthe\s+(first|second|third|former|latter|last)(?:\s+(?:one|of\s+(?:them|these|those|the\s+two)))?\b",
    re.IGNORECASE,
)
PLACES = {"first": 0, "former": 0, "second": 1, "third": 2, "latter": -1, "last": -1}
AFTER, AND = " (after: ", " / "  # how the questions before are shown behind one that still leans on them
OTHERS = re.compile(r"[.!?;]\s|\b(?:my|our|your)\s+\w+", re.I)  # before a pronoun: who it means is said there
REMAINING = re.compile(r"\b(?:it|its|they|them|their|this|that|these|those|there|then|one|same|else|another)\b", re.I)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was `said`, in `full` for readers, and the words that are `searched` for it."""

    said: str
    full: str
    searched: str

    @property
    def rewritten(self) -> bool:
        return self.full != self.said


Rewrite = Callable[[str, Sequence[Turn]], Asked]
"""A question in full after the conversation before it, oldest turn first."""


def leans(question: str) -> bool:
    """Whether a question needs the one before: a pronoun, a conjunction in front, or hardly a word of its own."""
    return bool(LEANING.search(question)) or len(stems(question)) < FEW


def rewrite(question: str, history: Sequence[Turn], back: int = BACK) -> Asked:
    """By rules, the same for the same words. A question that stands alone stays as it is."""
    places = [place for place, turn in enumerate(history) if turn.role == "user"]
    if not places or not back or not leans(question):
        return Asked(question, question, question)
    before = rewrite(history[places[-1]].content[:LONGEST], history[: places[-1]], back - 1)
    answered = " ".join(turn.content[:LONGEST] for turn in history[places[-1] + 1 :])
    named = names(answered)
    full = _with_names(question, named, names(before.full))
    leaning = bool(REMAINING.search(full)) or full == question
    shown = f"{full}{AFTER}{_briefly(before.full)})" if leaning else full
    return Asked(question, shown, f"{before.searched} {full}")


def _briefly(before: str) -> str:
    """An earlier question in full: of those that it leans on in turn only the first, which stands alone."""
    own, after, others = before.partition(AFTER)
    return f"{own}{AND}{others.removesuffix(')').split(AND)[-1]}" if after else own


def names(text: str) -> list[str]:
    """Names of people, bodies and places in order, each once; a title in front is left out."""
    found = (POSSESSIVE.sub("", match[0]) for match in NAME.finditer(text))
    return list(dict.fromkeys(name for name in found if len(name) > 1))


def _with_names(question: str, answered: Sequence[str], asked: Sequence[str]) -> str:
    """The question with the name of whom it speaks in place of its first pronoun, or of `the second one`."""
    if (nth := NTH.search(question)) and len(answered) > 1:
        place = PLACES[nth[1].casefold()]
        if place < len(answered):
            return question[: nth.start()] + answered[place] + question[nth.end() :]
    people = [name for name in (*answered, *asked) if " " in name] or [*answered, *asked]
    own = names(question)
    pronoun = PERSON.search(question)
    if pronoun is None or not people or OTHERS.search(question[: pronoun.start()]):
        return question
    after = question[pronoun.end() :]
    word = pronoun[0].casefold()
    if own and question.index(own[0]) < pronoun.start() and (word in ("he", "she") or people[0] not in answered):
        return question  # a name of its own stands before it: the pronoun may be that one's
    owning = word == "her" and re.match(r"\s+(?!to\b|for\b|in\b|on\b|at\b|of\b|by\b)\w", after)
    owns = word in ("his", "hers") or bool(owning)
    return question[: pronoun.start()] + people[0] + ("'s" if owns else "") + after
