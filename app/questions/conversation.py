"""What a follow-up asks when it is said in full: pronouns get their names, an ellipsis the question it leans on.

The result is searched for and shown; it is never evidence, so that what an earlier message claims stays a claim. From
an assistant's earlier words only names are taken, since they may be anybody's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.answers import Turn
from app.questions.antecedents import NTH, PERSON, Person, bound, gives, owns, points_back, salient
from app.questions.ellipsis import swapped
from indexing.people import last_of
from indexing.words import stems

LEANING = re.compile(
    r"^\W*(?:and|but|so|or|also|what about|how about|why not|why|when|where|who else|what else|since when|how so)\W*$|"
    r"^\W*(?:and|but|so|or|what about|how about)\b",
    re.IGNORECASE,
)
HOW_MANY = re.compile(r"\bhow\s+(?:many|much)\b", re.IGNORECASE)
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
WORD = re.compile(r"[^\W\d_]+")
PLACES = {"first": 0, "former": 0, "second": 1, "third": 2, "latter": -1, "last": -1}
AFTER, AND = " (after: ", " / "  # how the questions before are shown behind one that still leans on them
OTHERS = re.compile(r"[.!?;]\s|\b(?:my|our|your)\s+\w+", re.I)  # before a pronoun: who it means is said there


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it was `said`, in `full` for readers, and the words that are `searched` for it."""

    said: str
    full: str
    searched: str

    @property
    def alone(self) -> str:
        """`full` without the questions before that it still leans on."""
        return self.full.partition(AFTER)[0]

    @property
    def rewritten(self) -> bool:
        return self.full != self.said


Rewrite = Callable[[str, Sequence[Turn]], Asked]
"""A question in full after the conversation before it, oldest turn first."""


def leans(question: str) -> bool:
    """Whether a question needs the one before: a word that points back, a conjunction in front, or hardly a word of its
    own."""
    if LEANING.search(question) or len(stems(HOW_MANY.sub("", question))) < FEW or points_back(question):
        return True
    own = ((one, bound(question[: one.start()], one)) for one in PERSON.finditer(question))
    return any(who is None or not (who.gender or one[0].casefold() in ("he", "she")) for one, who in own)


def rewrite(question: str, history: Sequence[Turn], back: int = BACK) -> Asked:
    """By rules, the same for the same words. A question that stands alone stays as it is."""
    places = [place for place, turn in enumerate(history) if turn.role == "user"]
    if not places or not back or not leans(question):
        return Asked(question, question, question)
    before = rewrite(_begun(history[places[-1]]), history[: places[-1]], back - 1)
    answered = " ".join(_begun(turn) for turn in history[places[-1] + 1 :])
    asked = before.alone
    if piece := swapped(question, asked):
        own = before.full == asked
        return Asked(question, piece + before.full[len(asked) :], piece if own else f"{before.searched} {piece}")
    given = gives(asked)
    people = salient(before.full, answered, given)
    several = [names(answered), names(before.full)] if given else [names(before.full), names(answered)]
    full = _with_people(_with_chosen(question, max(several, key=lambda each: len(each) > 1), people), people)
    leaning = points_back(full) or full == question
    shown = f"{full}{AFTER}{_briefly(before.full)})" if leaning else full
    return Asked(question, shown, f"{before.searched} {full}")


def _begun(turn: Turn) -> str:
    """The beginning of a message; it may come with halves of characters."""
    return turn.content[:LONGEST].encode("utf-8", "replace").decode("utf-8")


def _briefly(before: str) -> str:
    """An earlier question in full: of those that it leans on in turn only the first, which stands alone."""
    own, after, others = before.partition(AFTER)
    return f"{own}{AND}{others.removesuffix(')').split(AND)[-1]}" if after else own


def names(text: str) -> list[str]:
    """Names of people, bodies and places in order, each once; a title in front is left out."""
    found = (POSSESSIVE.sub("", match[0]) for match in NAME.finditer(text))
    return list(dict.fromkeys(name for name in found if len(name) > 1))


def _with_chosen(question: str, several: Sequence[str], people: Sequence[Person]) -> str:
    """The question with a name in place of `the second one` or `the former`."""
    full = {last_of(one.name): one.name for one in people}

    def chosen(found: re.Match[str]) -> str:
        place = PLACES[next(filter(None, found.groups())).casefold()]
        name = several[place] if place < len(several) else found[0]
        return name if " " in name else full.get(last_of(name), name)

    return NTH.sub(chosen, question) if len(several) > 1 else question


def _with_people(question: str, people: Sequence[Person]) -> str:
    """The question with the name of whom it speaks in place of each pronoun that nothing in it binds."""
    at = 0
    while (pronoun := PERSON.search(question, at)) and not OTHERS.search(question[: pronoun.start()]):
        at = pronoun.end()
        named = {word.casefold() for word in WORD.findall(question)}
        free = (one for one in people if one.fits(pronoun[0]) and last_of(one.name) not in named)
        if bound(question[: pronoun.start()], pronoun, people) or not (who := next(free, None)):
            continue
        name = who.name + ("'s" if owns(pronoun) else "")
        question, at = question[: pronoun.start()] + name + question[at:], pronoun.start() + len(name)
    return question
