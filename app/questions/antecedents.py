"""What a follow-up points to: which of its words need the question before, and whom its pronouns may stand for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.questions.question import SAYING, read_question
from indexing.people import CAPITAL, PARTICLE, POSSESSIVE, bare, is_title, last_of, name_of, words_of
from indexing.persons import gender_of

LONGEST = 5  # words of a name; a longer run of capitals is a headline
NEAR = 300  # characters before a pronoun that may say whom it means
RUN = re.compile(rf"\b{CAPITAL}(?:[ \u00a0](?:{PARTICLE}[ \u00a0])*{CAPITAL})*")
BEGINS = re.compile(r"(?:^|[.!?:;]\s+)\W*$")
_PLACING = "the|in|at|of|on|from|near|outside|across|through"
OF_A_PLACE = re.compile(rf"\b(?:{_PLACING})\W+$", re.IGNORECASE)
TO_A_PLACE = re.compile(rf"\b(?:{_PLACING}|to)\W+$", re.IGNORECASE)
WHO_IS = re.compile(rf"^\W*(?i:who(?:\s+(?:is|was|are|were)|['’]s))\s+(?:[a-z-]+\s+)*{CAPITAL}[^?,]*\W*$")
MEN = re.compile(r"men$")
PERSON = re.compile(r"\b(?:he|she|him|his|hers|her)\b", re.IGNORECASE)
OWNED = re.compile(r"\s+(?!(?:to|for|in|on|at|of|by|about|and|or|that|when|after|before|say|said)\b)\w", re.IGNORECASE)

_AUX = r"(?:is|are|was|were|has|had|have|will|would|can|could|did|does|do|should|may|might)"
_CHOSEN = (  # what follows `the former` or `the second` where no thing does
    r"(?=\W*$|[?,.;:]|['’]s|\s+(?:and|or|about|in|on|at|to|for|with|of|by|"
    rf"{_AUX}|want|do|go|mean|sign|promise|earn)\b|\s+{SAYING.pattern})"
)
NTH = re.compile(
    rf"\bthe\s+(?:(first|second|third|last)\s+(?:one\b|of\s+(?:them|these|those|the\s+two)\b)|"
    rf"(former|latter)(?:\s+(?:one\b|of\s+(?:them|these|those|the\s+two)\b)|{_CHOSEN})|"
    r"(first|second|third|last)(?=\W*$))",
    re.IGNORECASE,
)
# Uses of the words below that point to nothing outside their own sentence.
_BOUND = re.compile(
    rf"{SAYING.pattern}\s+that\b(?=\s+(?!(?:day|night|week|month|year|time|evening|morning|afternoon)\b)\w+\s+\w)|\bthat\b(?=\s+(?:the|an?|his|her|their|its|he|she|it|they|we|you|there|no|some|"
    rf"all|any|many|most|(?-i:[A-Z]))\b)|\b(?:true|so|fact|sure|certain)\s+that\b(?=\s+\w)|\bit\s+(?:true|possible|likely)\b|"
    rf"\bthere\s+{_AUX}\b|\bhow\s+(?:many|much)\b[^?]*?\bthere\b(?=\s+\w)|"
    rf"\b(?:is|are|was|were|be)\s+there\b(?=\s+(?:an?|any|no|some|many|much|more|other|still|ever|enough|\d+)\b)|"
    r"\bthis\s+(?:week|month|year|spring|summer|autumn|fall|winter|decade|century)\b|"
    r"\bthose\s+(?:who|whose|that|which|in|of|with)\b|\b(?:no|any|every|some)[\s-]one\b|\bone\s+another\b|\beach\s+other\b|"
    r"\bother\s+than\b|\bone\s+of\s+(?!them\b|these\b|those\b)|\bthen-\w+|"
    r"(?<!the )(?<!which )(?<!this )(?<!that )(?<!other )\bone\b(?=\s+(?!did|does|is|was|of|has|had|will|would)\w)",
    re.IGNORECASE,
)
_POINTING = re.compile(
    r"\b(?:it|its|they|them|their|theirs|this|that|these|those|there|then|ones?|same|else|another|others?)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody named in a text: `f` or `m` where a title or a first name tells, and whether it may be no person."""

    name: str
    gender: str = ""
    doubtful: bool = False

    def fits(self, pronoun: str) -> bool:
        return self.gender in ("", "f" if pronoun.casefold() in ("she", "her", "hers") else "m")


def points_back(question: str) -> bool:
    """Whether a word other than a personal pronoun needs what was said before (`it`, `that`, `the other one`)."""
    return bool(_POINTING.search(_BOUND.sub(" ", question)) or NTH.search(question))


def people_in(text: str) -> list[Person]:
    """The people that a text names, in order, each once; after `the` or `in` stand bodies and places."""
    found: dict[str, Person] = {}
    for match in RUN.finditer(text):
        before = text[: match.start()]
        for words in _parts(match[0].split()):
            if (one := _person(words, before)) is not None:
                found.setdefault(one.name, one)
            before = "'s "  # what follows a possessive begins no sentence
    return list(found.values())


def _person(words: Sequence[str], before: str) -> Person | None:
    name, last = name_of(words), bare(words[-1])
    length = len(name.split())
    if not 0 < length <= LONGEST or is_title(last) or last in words_of("affiliations"):
        return None
    alone, in_front = length == 1, [bare(word) for word in words[:-length]]
    titles = [word for word in (*map(bare, before.split()[-1:]), *in_front) if is_title(word)]
    if _gender_by(titles) and re.search(r"\bthe\W*$", before, re.IGNORECASE):
        return None  # the Lady Anne, a ship
    gender = _gender_by(titles) or ("" if alone else gender_of(name))
    placed = "the" in in_front or (OF_A_PLACE if not alone else TO_A_PLACE).search(before)
    if not (titles or gender) and (placed or (alone and name.isupper())):  # FBI
        return None
    return Person(name, gender, alone and not in_front and bool(BEGINS.search(before)))


def _parts(words: list[str]) -> Iterator[list[str]]:
    """A run of capitals cut behind each possessive (`Ann Lee's Torvik plan`), before the small words of a headline, and
    behind titles of several people."""
    part: list[str] = []
    for word in words:
        if part and word.isalpha() and bare(word) in words_of("function"):
            yield part
            part = []
        part.append(word)
        if POSSESSIVE.search(word) or (is_title(MEN.sub("man", word)) and not is_title(word)):
            yield part
            part = []
    if part:
        yield part


def _gender_by(titles: Sequence[str]) -> str:
    if any(title in words_of("feminine") for title in titles):
        return "f"
    return "m" if any(title in words_of("masculine") for title in titles) else ""


def gives(asked: str) -> bool:
    """Whether a question asks for a person, so that its answer brings in a new one: not `Who is Ann Lee?`"""
    return read_question(asked).kind == "person" and not WHO_IS.match(asked)


def salient(asked: str, answered: str, given: bool) -> list[Person]:
    """The people of a question and its answer, likeliest to be spoken of next first, surnames led to full names.

    Whom the question names comes first; where a person was asked for, the one that is `given`. What an answer calls by
    one word is a person only there, and where it names nobody in full.
    """
    of_question, of_answer = people_in(asked), people_in(answered)
    if not given or any(" " in one.name for one in of_answer):
        of_answer = [one for one in of_answer if one.gender or " " in one.name]
    full = {last_of(one.name): one for one in (*of_answer, *of_question) if " " in one.name}

    def ranked(people: Sequence[Person], doubtful: bool) -> list[Person]:
        known = [one if " " in one.name else full.get(bare(one.name), one) for one in people]
        kept = [one for one in known if doubtful or not one.doubtful]
        return sorted(kept, key=lambda one: (one.doubtful, not one.gender, " " not in one.name))

    first, second = ranked(of_question, doubtful=False), ranked(of_answer, doubtful=given)
    if given:
        first, second = [one for one in second if one not in first], [*first, *second]
    return list(dict.fromkeys([*first, *second]))


def bound(before: str, pronoun: re.Match[str], people: Sequence[Person] = ()) -> Person | None:
    """Whom a pronoun stands for by what comes `before` it in its own question: `Did Orr say he would`, `in his speech`.

    Not a mere object: whom Orr speaks to or of is somebody else. `people` may tell a surname's full name.
    """
    if not (pronoun[0].casefold() in ("he", "she") or owns(pronoun)):
        return None
    full = {last_of(one.name): one for one in people}
    own = [full.get(last_of(one.name), one) for one in people_in(before[-NEAR:])]
    return next((one for one in own if one.fits(pronoun[0]) and not one.doubtful), None)


def owns(pronoun: re.Match[str]) -> bool:
    """Whether a pronoun says whose: `his`, `hers`, and `her` before a thing."""
    word = pronoun[0].casefold()
    return word in ("his", "hers") or (word == "her" and bool(OWNED.match(pronoun.string, pronoun.end())))
