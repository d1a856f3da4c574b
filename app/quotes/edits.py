"""What a change of words does to a quote: its kind, and how grave it is."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from app.quotes.lexicon import Lexicon
from app.quotes.result import Severity
from app.quotes.units import Unit
from indexing.tokens import Tokens

COSMETIC = ("article", "filler", "spelling", "lookalike", "case")
SUBSTANTIVE = ("word", "inflection", "order", "ocr")
NEGATING = ("un", "in", "im", "il", "ir", "dis", "non", "anti", "mis")
# Letters of other scripts that look like Latin ones.
LOOKALIKES = str.maketrans(
    "аеорсухіјѕһԁԛԝԌАВЕКМНОРСТУХІЈЅαονρτυικΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aeopcyxijshdqwGABEKMHOPCTYXIJSaovptuikABEZHIKMNOPTYX"
)
CONFUSED = (
    ("rn", "m"),
    ("vv", "w"),
    ("cl", "d"),
    ("li", "h"),
    ("0", "o"),
    ("1", "l"),
    ("i", "l"),
    ("5", "s"),
    ("8", "b"),
    ("6", "b"),
    ("|", "l"),
)
SPELLINGS = (
    *(("our", "or"), ("ise", "ize"), ("isa", "iza"), ("isi", "izi"), ("yse", "yze"), ("ysi", "yzi"), ("tre", "ter")),
    *(("ll", "l"), ("ogue", "og"), ("ence", "ense"), ("aes", "es"), ("amme", "am"), ("oeu", "eu"), ("grey", "gray")),
    *(
        ("cheque", "check"),
        ("tyre", "tire"),
        ("plough", "plow"),
        ("bre", "ber"),
        ("gement", "gment"),
        ("sceptic", "skeptic"),
    ),
)


@dataclass(frozen=True, slots=True)
class Side:
    """The units of one side that the other has not."""

    tokens: Tokens
    units: Sequence[Unit]

    @property
    def keys(self) -> list[str]:
        return [unit.key for unit in self.units]

    def names(self, keys: set[str], lexicon: Lexicon) -> bool:
        """Whether any of these is written as a name here."""
        return any(
            self._is_name(index, lexicon)
            for unit in self.units
            if unit.key in keys and not unit.figure
            for index in range(unit.first, unit.last)
        )

    def _is_name(self, index: int, lexicon: Lexicon) -> bool:
        word, key = self.tokens.word(index), self.tokens.keys[index]
        if not word[:1].isupper() or key == "i" or key.startswith("i'"):
            return False
        begins = index == 0 or re.search(r"[.!?:\"]", self.tokens.gap(index)) is not None
        if not begins:
            return True
        if key in lexicon.common or lexicon.kind(key):
            return False
        return not any(self.tokens.word(place)[:1].islower() for place in self.tokens.find([key]))


def judge(source: Side, quoted: Side, lexicon: Lexicon) -> tuple[str, Severity, str]:
    """`(kind, severity, note)` of words of the source that became others in the quote.

    What no list knows is at least substantive. Without a lexicon a change is named and not judged.
    """
    gone = list((Counter(source.keys) - Counter(quoted.keys)).elements())
    new = list((Counter(quoted.keys) - Counter(source.keys)).elements())
    joined = "".join(gone) == "".join(new) and not (lexicon.kinds_of(gone) | lexicon.kinds_of(new))
    if joined and gone and not any(word.startswith("#") for word in gone):
        return "spelling", "cosmetic", "written as one word in only one of the two"
    seen = _seen(gone, new)
    if seen is not None:
        return seen
    if not lexicon.judges:
        return "word", "", ""
    kind = _kind(source, quoted, gone, new, lexicon)
    return kind, severity_of(kind), ""


def severity_of(kind: str) -> Severity:
    return "cosmetic" if kind in COSMETIC else "substantive" if kind in SUBSTANTIVE else "critical"


def _seen(gone: Sequence[str], new: Sequence[str]) -> tuple[str, Severity, str] | None:
    """Differences that the eye may miss: letters of another script, and what text recognition confuses."""
    before, after = " ".join(gone), " ".join(new)
    if not before or not after:
        return None
    for one, where in ((after, "the quote"), (before, "the source")):
        strange = sorted({char for char in one if ord(char) in LOOKALIKES})
        if strange and before.translate(LOOKALIKES).casefold() == after.translate(LOOKALIKES).casefold():
            names = ", ".join(unicodedata.name(char, "an unnamed letter").title() for char in strange)
            return "lookalike", "cosmetic", f"{where} has letters of another script that look the same: {names}"
    figures = any(word.startswith("#") for word in (*gone, *new))
    if not figures and _recognised(before) == _recognised(after):
        return "ocr", "substantive", "text recognition confuses these letters"
    return None


def _recognised(words: str) -> str:
    plain = words.replace(" ", "")
    for one, other in CONFUSED:
        plain = plain.replace(one, other)
    return plain


def _kind(source: Side, quoted: Side, gone: Sequence[str], new: Sequence[str], lexicon: Lexicon) -> str:
    if not gone and not new:
        return "order"
    kinds = lexicon.kinds_of(gone) | lexicon.kinds_of(new)
    pair = (gone[0], new[0]) if len(gone) == 1 == len(new) else None
    if "negation" in kinds or (pair and negates(*pair)):
        return "negation"
    if any(unit.figure for side in (source, quoted) for unit in side.units if unit.key in {*gone, *new}):
        return "quantity"
    form = _other_form(*pair, lexicon) if pair else ""
    if form == "tense" and not kinds & {"modal", "quantifier"}:
        return form
    for kind in ("modal", "quantity", "quantifier", "limiter", "conjunction", "hedge", "evidential", "comparative"):
        if kind in kinds and not (kind == "quantity" and form):
            return kind
    if source.names(set(gone), lexicon) or quoted.names(set(new), lexicon):
        return "name"
    if "pronoun" in kinds:
        return "pronoun"
    if "auxiliary" in kinds:
        return "tense"
    if form:
        return form
    if pair and _spelled_alike(*pair):
        return "spelling"
    return _small(gone, new, lexicon)


def _small(gone: Sequence[str], new: Sequence[str], lexicon: Lexicon) -> str:
    words = [*gone, *new]
    if all(lexicon.kind(word) == "article" for word in words):
        return "article"
    if words and all(word in lexicon.kinds["filler"] for word in words):
        return "filler"
    return "filler" if words and lexicon.kinds["filler"].at(words, 0) == len(words) else "word"


def negates(one: str, other: str) -> bool:
    """Whether one word is the other with a prefix that denies it: `dishonest` and `honest`."""
    short, long = sorted((one, other), key=len)
    return len(short) > 3 and any(long == prefix + short for prefix in NEGATING)


def _other_form(one: str, other: str, lexicon: Lexicon) -> str:
    """`tense` where both are forms of one verb, `inflection` where one is the other with an s."""
    verbs = lexicon.verbs
    if one in verbs and verbs.get(one) == verbs.get(other):
        return "tense" if {one, other} != {one.rstrip("s"), one.rstrip("s") + "s"} else "inflection"
    bases = _stems(one) & _stems(other)
    if not bases:
        return ""
    return "tense" if any(word.endswith(("ed", "ing")) for word in (one, other)) else "inflection"


def _stems(word: str) -> set[str]:
    """What a word may be a form of."""
    found = {word}
    for ending in ("s", "es", "d", "ed", "ing"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            stem = word[: -len(ending)]
            found |= {stem, stem + "e"}
            if len(stem) > 3 and stem[-1] == stem[-2]:
                found.add(stem[:-1])
            if ending in ("es", "ed") and stem.endswith("i"):
                found.add(stem[:-1] + "y")
    return found


def _spelled_alike(one: str, other: str) -> bool:
    """British and American spellings of one word."""
    return any(one.replace(a, b) == other.replace(a, b) for a, b in SPELLINGS)
