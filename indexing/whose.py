"""Whose documents a name means: the sources or authors of a collection that are called so, wholly or in a part.

A name means whatever is called just so: `Ann Lee`, and a byline in which that is one of the names. Where nothing is,
it means everything in which its words stand one after the other (`Lee`), else in this order with others between
(`Tom Orr`, of `Tom B. Orr`). Case, diacritics and punctuation never count, nor a `By` or `The` before.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

Words = tuple[str, ...]

BETWEEN = re.compile(r"[,;/|&•]|\b(?:and|und|et|with)\b", re.IGNORECASE)  # two names of a byline
BEFORE = {"by", "von", "the"}
LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i"})


def meant(given: str, known: Iterable[str]) -> tuple[str, ...]:
    """Those of the known names that a given one means, each as it is written, in their order; none where none does."""
    asked = _wholes(given)
    names = [(name, _wholes(name), _parts(name)) for name in dict.fromkeys(known)]
    for fits, whole in ((_same, True), (_inside, True), (_in_order, False)):
        found = tuple(
            name
            for name, wholes, parts in names
            if any(fits(words, one) for words in asked for one in (*(wholes if whole else ()), *parts))
        )
        if found:
            return found
    return ()


def folded(name: str) -> Words:
    """Its words without case, diacritics and punctuation; a name of none of letters and digits is a word itself."""
    plain = unicodedata.normalize("NFKD", name.casefold()).translate(LETTERS)
    bare = "".join(char for char in plain if not unicodedata.combining(char))
    return tuple(re.findall(r"[^\W_]+", re.sub(r"['’ʼ`]", "", bare))) or tuple(bare.split())


def _wholes(name: str) -> list[Words]:
    """The whole name, and the same the other way round where it is `Lee, Ann`."""
    last, _, first = name.partition(",")
    return [_without_article(folded(name)), *([(*folded(first), *folded(last))] if _turned_round(name) else [])]


def _parts(name: str) -> list[Words]:
    """Each name of a byline."""
    return (
        [_wholes(name)[-1]] if _turned_round(name) else [_without_article(folded(one)) for one in BETWEEN.split(name)]
    )


def _turned_round(name: str) -> bool:
    return name.count(",") == 1 and len(folded(name.partition(",")[0])) == 1


def _without_article(words: Words) -> Words:
    return words[1:] if len(words) > 1 and words[0] in BEFORE else words


def _same(asked: Words, words: Words) -> bool:
    return bool(asked) and asked == words


def _inside(asked: Words, words: Words) -> bool:
    return bool(asked) and any(words[at : at + len(asked)] == asked for at in range(len(words) - len(asked) + 1))


def _in_order(asked: Words, words: Words) -> bool:
    left = iter(words)
    return bool(asked) and all(word in left for word in asked)
