"""Words as units of equal value: `1,200` is `twelve hundred`, `don't` is `do not`, `5 per cent` is `5%`.

A unit stands for one or more words of the text, or one of the words that a contraction stands for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.quotes.lexicon import Lexicon
from indexing.tokens import Tokens

SMALL = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen""".split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
ORDINALS = """zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth
fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth""".split()
ORDINAL_TENS = "twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth".split()
CARDINAL = {word: value for value, word in enumerate(SMALL)} | {word: 10 * value for value, word in enumerate(TENS, 2)}
ORDINAL = {word: value for value, word in enumerate(ORDINALS) if value > 2} | {
    word: 10 * value for value, word in enumerate(ORDINAL_TENS, 2)
}
SCALE = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "dozen": 12}
SHORT = {"k": 10**3, "m": 10**6, "mn": 10**6, "mln": 10**6, "bn": 10**9, "b": 10**9, "tn": 10**12}
CURRENCY = {"dollar": "$", "dollars": "$", "euro": "€", "euros": "€", "pounds": "£", "yen": "¥", "rupees": "₹"}
FIGURES = (CARDINAL.keys() - {"one"}, ORDINAL.keys(), SCALE.keys())
FIGURE = re.compile(
    r"(?P<minus>-?)(?P<sign>[$€£¥₹]?)(?P<number>\d+(?:[.,]\d+)*)(?P<short>k|mn|mln|m|bn|b|tn)?(?P<th>st|nd|rd|th)?(?P<percent>%?)"
)
GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Unit:
    """`key` is its value as it is compared; it stands for the words `[first, last)`. `figure` is one of quantity."""

    key: str
    first: int
    last: int
    figure: bool = False


def is_figure(key: str) -> bool:
    """Whether a word is a figure, in digits or in letters."""
    return any(char.isdigit() for char in key) or any(key.removesuffix("s") in words for words in FIGURES)


def units_of(tokens: Tokens, first: int, last: int, lexicon: Lexicon, *, house: bool) -> list[Unit]:
    """The units of a stretch of words; `house`: abbreviations are equal to what they stand for."""
    found: list[Unit] = []
    at = first
    while at < last:
        amount = _amount(tokens, at, last) if lexicon.language in ("en", "") else None
        if amount is not None:
            found.append(amount)
            at = amount.last
        else:
            found += _word_units(tokens, at, lexicon, house=house)
            at += 1
    return found


def _word_units(tokens: Tokens, at: int, lexicon: Lexicon, *, house: bool) -> Iterator[Unit]:
    key, word = tokens.keys[at], tokens.word(at)
    parts: Sequence[str] = lexicon.contractions.get(key, ())
    if not parts and house:
        parts = lexicon.abbreviations.get(word if word in lexicon.abbreviations else key, "").split("_")
        parts = parts if parts != [""] and (key not in ("may", "us") or word != key) else ()
    if not parts and "'" in key:
        parts = _contracted(key, lexicon)
    if not parts and re.fullmatch(r"[^\W\d_](?:\.[^\W\d_])+", word):
        parts = [word.replace(".", "").upper()]
    elif not parts and 1 < len(word) <= 5 and word.isupper() and word.isalpha():
        parts = [word]
    for part in parts or (key,):
        yield Unit(part, at, at + 1)


def _contracted(key: str, lexicon: Lexicon) -> Sequence[str]:
    for ending, word in lexicon.endings.items():
        if key.endswith(ending) and len(key) > len(ending):
            return key[: -len(ending)], word
    for ending in lexicon.open_endings:
        if key.endswith(ending) and "pronoun" in lexicon.kinds and _takes_contraction(key[: -len(ending)], lexicon):
            return key[: -len(ending)], ending
    return ()


def _takes_contraction(stem: str, lexicon: Lexicon) -> bool:
    return stem in lexicon.kinds["pronoun"] or stem in ("there", "here", "what", "where", "how", "when", "why")


def _amount(tokens: Tokens, at: int, last: int) -> Unit | None:
    """A figure that begins here, in digits or in words, with its scale and unit; None where none does."""
    keys = tokens.keys
    match = FIGURE.fullmatch(keys[at])
    if match is None:
        return _spelled(tokens, at, last)
    number = match["number"]
    if "," in number and not GROUPED.fullmatch(number):
        return None
    try:
        value = float(number.replace(",", ""))
    except ValueError:  # 1.2.3
        return None
    ordinal = "th" if match["th"] else ""
    value *= SHORT.get(match["short"] or "", 1)
    end = at + 1
    while not ordinal and end < last and keys[end] in SCALE and tokens.gap(end) in (" ", "-"):
        value *= SCALE[keys[end]]
        end += 1
    return _finished(tokens, at, end, last, value, match["minus"], match["sign"], ordinal, match["percent"])


def _spelled(tokens: Tokens, at: int, last: int) -> Unit | None:
    keys = tokens.keys
    total, part, end, ordinal, joined = 0.0, 0.0, at, "", False
    if keys[at] in ("a", "an") and at + 1 < last and keys[at + 1] in SCALE and tokens.gap(at + 1) == " ":
        part, end = 1.0, at + 1
    while end < last and not ordinal:
        key = keys[end]
        if end > at and tokens.gap(end) not in (" ", "-"):
            break
        if key in CARDINAL and not _clashes(part, CARDINAL[key], joined):
            part += CARDINAL[key]
        elif (
            key in ORDINAL and (end > at or key not in ("second", "third")) and not _clashes(part, ORDINAL[key], joined)
        ):
            part, ordinal = part + ORDINAL[key], "th"
        elif end > at and key in ("first", "second", "third") and part and part % 10 == 0:
            part, ordinal = part + ("first", "second", "third").index(key) + 1, "th"
        elif key in SCALE and part:
            if SCALE[key] >= 1000:
                total, part = total + part * SCALE[key], 0.0
            else:
                part *= SCALE[key]
        elif key == "and" and end > at and keys[end - 1] in SCALE and end + 1 < last and keys[end + 1] in CARDINAL:
            end += 1
            joined = True
            continue
        else:
            break
        joined = False
        end += 1
    if end == at or (end == at + 1 and keys[at] in ("a", "an")):
        return None
    return _finished(tokens, at, end, last, total + part, "", "", ordinal, "")


def _clashes(part: float, value: int, joined: bool) -> bool:
    """Whether a further number word does not belong to what was read: `two three` are two figures."""
    if not part or joined:
        return False
    return not (part % 100 == 0 or (part % 10 == 0 and value < 10 and part % 100 >= 20))


def _finished(
    tokens: Tokens, at: int, end: int, last: int, value: float, minus: str, sign: str, ordinal: str, percent: str
) -> Unit:
    """The unit with what follows the figure: per cent, a currency."""
    keys = tokens.keys
    close = end < last and tokens.gap(end) in (" ", "-")
    if not percent and not ordinal and close:
        if keys[end] in ("percent", "pct"):
            percent, end = "%", end + 1
        elif keys[end] == "per" and end + 1 < last and keys[end + 1] == "cent":
            percent, end = "%", end + 2
        elif keys[end] in CURRENCY and not sign:
            sign, end = CURRENCY[keys[end]], end + 1
        elif keys[end] == "degrees":
            pass
    return Unit(f"#{minus}{value:.12g}{sign}{percent}{ordinal}", at, end, figure=True)
