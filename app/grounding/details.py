"""Small things that make a statement another one: a day, a unit of time, everybody, an opposite, who did it to whom.

Each is looked for beside the one sentence that has most of the statement's words, so that a word of another sentence
does not cover for it. These words count for the verdict and its reason, not for the calibrated score.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from app.grounding.figures import FIGURE, value_of, written
from app.grounding.names import DATES
from app.grounding.wording import WORD, stem_set
from app.lexicons import lexicon
from indexing.words import stems

MONTHS, WEEKDAYS = DATES[:12], DATES[12:]
ENOUGH = 0.5  # of a statement's content words that the one sentence has
MAY = re.compile(
    r"(?:\b(?:in|on|since|until|till|by|of|from|to|and|before|after|during|last|next|early|late|mid)[\s-]+|\d\s+)May\b"
    r"(?!\s+[A-Z])|\bMay\s+\d"
)
UNIT = r"(?P<time>second|minute|hour|day|week|month|quarter|year|decade|centur(?=y|ies))(?:s|y|ies)?\b"
LASTING = re.compile(rf"[\s-]{UNIT}", re.IGNORECASE)
RATE = re.compile(rf"\s(?:a|an|per|each|every)\s{UNIT}", re.IGNORECASE)
EVERYBODY = re.compile(r"\b(?:every(?:one|body|thing)?|always)\b", re.IGNORECASE)
ANY_OF_ALL = re.compile(rf"{EVERYBODY.pattern}|\b(?:all|each|any|whole|entire\w*|unanimous\w*)\b", re.IGNORECASE)
PASSIVE = re.compile(r"\b(?:is|are|was|were|be|been|being|got)\s(?:\w+\s){0,2}?\w+(?:ed|en|t|d|n)\s(?:\w+\s)?by\b")
OPPOSITES = [tuple(frozenset(stems(side)) for side in line.split(" / ")) for line in lexicon("contraries")]
PREFIXES = ("un", "non", "dis", "in", "im", "ir", "il")
SHORTEST = 5  # letters of what follows a prefix that denies
# Words that begin like a denial of the rest and are none.
NO_DENIALS = re.compile(r"(?:discharg|disclos|discount|discov|distress|impress|improv|immigr|uncov|unfold|unleash)")


def details(said: str, sentences: Sequence[str]) -> Iterator[str]:
    """What differs between a statement and the sentence that it follows most; all of it plain text."""
    main = _main(said, sentences)
    if main is None:
        return
    for days in (MONTHS, WEEKDAYS):
        ours, there = _dates(said, days), _dates(main, days)
        if ours and there and not ours & there:
            yield f"the source says {_either(there, days)} of this, the answer says {_either(ours, days)}"
    yield from _other_times(said, main, sentences)
    if (word := EVERYBODY.search(said)) and not any(ANY_OF_ALL.search(one) for one in sentences):
        yield f"the answer says “{word[0].casefold()}”, the source does not"
    if pair := _contrary(said, main):
        yield f"the source says “{pair[1]}”, the answer says “{pair[0]}”"


def _main(said: str, sentences: Sequence[str]) -> str | None:
    """The sentence with most of a statement's words; None where it has too few of them to be about the same."""
    words = stem_set(said)
    best = max(sentences, key=lambda one: len(words & stem_set(one)), default="")
    return best if words and len(words & stem_set(best)) >= ENOUGH * len(words) else None


def _dates(text: str, days: Sequence[str]) -> set[str]:
    """The days or months that a text names; May only where it is no name and no verb."""
    return {day for day in days if (MAY.search(text) if day == "May" else re.search(rf"\b{day}\b", text))}


def _either(those: set[str], days: Sequence[str]) -> str:
    return " or ".join(day for day in days if day in those)


def _other_times(said: str, main: str, sentences: Sequence[str]) -> Iterator[str]:
    """Figures that have another unit of time than in the source: six years for six months, £3 a month for £3 a year."""
    everywhere = {each for sentence in sentences for each in _times(sentence)}
    there = _times(main)
    for value, unit, how in _times(said):
        others = {two for one, two, also in there if (one, also) == (value, how)}
        if others and not any((one, two) == (value, unit) for one, two, _ in everywhere):
            source, answer = (f"{unit}s" if how == "for" else f"a {unit}" for unit in (min(others), unit))
            figure = written(said, value)
            yield f"the source says {figure} {source}, the answer {figure} {answer}"


def _times(text: str) -> list[tuple[float, str, str]]:
    """Value, unit of time, and whether it lasts so long (`for`) or comes once in it (`a`)."""
    found = []
    for figure in FIGURE.finditer(text):
        for how, pattern in (("for", LASTING), ("a", RATE)):
            if unit := pattern.match(text, figure.end()):
                name = "century" if unit["time"].casefold() == "centur" else unit["time"].casefold()
                found.append((value_of(figure["number"]), name, how))
    return found


def _contrary(said: str, main: str) -> tuple[str, str] | None:
    """A word of the statement and one of the sentence that mean opposite things, where neither has the other's."""
    for joined in (False, True):  # a cutting-edge tool is no contrary of rising sales, but short-term one of long-term
        if found := _opposed(_by_stem(said, joined), _by_stem(main, joined)):
            return found
    return None


def _opposed(ours: Mapping[str, str], there: Mapping[str, str]) -> tuple[str, str] | None:
    for one, other in (pair for sides in OPPOSITES for pair in (sides, sides[::-1])):
        mine, theirs = one & ours.keys(), other & there.keys()
        if mine and theirs and not one & there.keys() and not other & ours.keys():
            return ours[min(mine)], there[min(theirs)]
    for first, second, swapped in ((ours, there, False), (there, ours, True)):
        for stem, word in first.items():
            for prefix in PREFIXES:
                rest = stem.removeprefix(prefix)
                denies = rest != stem and len(rest) >= SHORTEST and not NO_DENIALS.match(stem)
                if denies and rest in second and stem not in second and rest not in first:
                    return (second[rest], word) if swapped else (word, second[rest])
    return None


def _by_stem(text: str, joined: bool) -> dict[str, str]:
    """The words that a hyphen joins to the next, or all others, by their stems."""
    words = (found[0] for found in WORD.finditer(text) if (text[found.end() : found.end() + 1] == "-") == joined)
    return {stem: word for word in words for stem in stems(word)}


def told_otherwise(first: str, second: str, said: str, sentences: Sequence[str]) -> bool:
    """Whether two names in one order mean the same as in the other, since one text is in the passive voice."""
    return any(
        _passive(said, first, second) != _passive(sentence, second, first)
        for sentence in sentences
        if first in sentence and second in sentence
    )


def turned(said: str, sentences: Sequence[str], names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Neighbouring names in the order of the source, although only one of both texts is in the passive voice."""
    for first, second in pairwise(names):
        both = [one for one in sentences if _in_order(one, first, second)]
        if both and all(_passive(said, first, second) != _passive(one, first, second) for one in both):
            yield first, second


def _in_order(text: str, first: str, second: str) -> bool:
    return 0 <= text.find(first) < text.find(second)


def _passive(text: str, first: str, second: str) -> bool:
    """Whether between two names it says that something was done by the second."""
    start, end = text.find(first), text.rfind(second)
    return 0 <= start < end and bool(PASSIVE.search(text[start:end]))
