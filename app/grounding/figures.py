"""Figures by their value: `57%`, `57 percent` and `fifty-seven per cent` are one; and what bounds a figure."""

from __future__ import annotations

import re

SMALL = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty""".split()
TENS = dict(zip("thirty forty fifty sixty seventy eighty ninety".split(), range(30, 100, 10), strict=True))
SCALES = {"dozen": 12, "hundred": 100, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
SHORT = {"k": 10**3, "m": 10**6, "mn": 10**6, "bn": 10**9, "tn": 10**12}
NUMBER_WORDS = {word: value for value, word in enumerate(SMALL)} | TENS
UNITS = {"%": "%", "percent": "%", "dollar": "$", "dollars": "$", "euro": "€", "euros": "€"}
_WORDS = "|".join([*NUMBER_WORDS, *SCALES])
FIGURE = re.compile(
    rf"(?:(?P<sign>[$€£¥])\s?)?(?P<number>(?<![\w.])(?:(?<!\S)-)?(?:\d{{1,3}}(?:,\d{{3}})+(?!\d)|\d+)(?:\.\d+)?"
    rf"(?:(?:{'|'.join(SHORT)})\b|(?:[\s-](?:{'|'.join(SCALES)})\b)+)?"
    rf"|\bhalf[\s-]an?[\s-](?:{'|'.join(SCALES)})\b"
    rf"|\b(?:{_WORDS})\b(?:(?:[\s-]|\sand\s)(?:{_WORDS})\b)*)(?:[\s-]?(?P<unit>%|(?:{'|'.join(UNITS)})\b))?",
    re.IGNORECASE,
)
ABOVE = re.compile(
    r"\b(?:(?<!no )more than|over|above|at least|exceed\w*|beyond|no (?:less|fewer) than)\W+$", re.IGNORECASE
)
BELOW = re.compile(
    r"\b(?:(?<!no )(?:less|fewer) than|under|below|up to|at most|nearly|almost|no more than)\W+$", re.IGNORECASE
)


Figure = tuple[float, str]
"""A value and its unit: `$`, `%`, or empty."""


def figures(text: str, ones: bool = False) -> list[Figure]:
    """Value and unit of each figure in order, in digits or in words; the word `one` counts only with `ones`."""
    return [
        (value_of(match["number"]), _unit(match))
        for match in FIGURE.finditer(text)
        if ones or match["number"].casefold() != "one"
    ]


def written(text: str, value: float) -> str:
    """A value as a text writes it first (`4.2 billion`, `seven`)."""
    numbers = (figure["number"] for figure in FIGURE.finditer(text))
    found = (" ".join(number.split()).casefold() for number in numbers if value_of(number) == value)
    return next(found, f"{value:.15g}")


def amounts(text: str) -> list[str]:
    """The figures that have a unit, written so that equal ones are equal."""
    return [f"{value:g} {unit}" for value, unit in figures(text) if unit]


def bounds(text: str) -> dict[Figure, str]:
    """Which figures a text sets as a lower (`more than`) or an upper (`less than`) bound."""
    found = {}
    for match in FIGURE.finditer(text):
        before = text[max(0, match.start() - 30) : match.start()]
        side = "more than" if ABOVE.search(before) else "less than" if BELOW.search(before) else ""
        if side:
            found[value_of(match["number"]), _unit(match)] = side
    return found


def value_of(number: str) -> float:
    """What the number of a FIGURE is worth, in digits or in words; 0 for an empty one."""
    total = part = 0.0
    if number[:4].casefold() == "half":  # half a million
        return SCALES[re.split(r"[\s-]", number.casefold())[-1]] / 2
    for word in re.findall(r"[a-z]+|-?[\d,]+(?:\.\d+)?", number.casefold()):
        scale = SCALES.get(word) or SHORT.get(word)
        if scale and scale >= 1000:
            total, part = total + (part or 1) * scale, 0.0
        elif scale:
            part = (part or 1) * scale
        elif word != "and":
            part += NUMBER_WORDS[word] if word in NUMBER_WORDS else float(word.replace(",", ""))
    return total + part


def _unit(match: re.Match[str]) -> str:
    return match["sign"] or UNITS.get((match["unit"] or "").casefold(), "")
