"""The words of a statement as the gate compares them: folded, stemmed, figures aside; and whether it is a claim."""

from __future__ import annotations

import functools
import re

from app.grounding.figures import UNITS, figures
from indexing.fold import fold
from indexing.words import stems

SENTENCE = 4000  # characters of a text of which what was made is kept
KEPT = 4096  # of such texts
WORD = re.compile(r"\w+(?:[.'&]\w+)*")
# Words by which an answer says where something stands; they claim nothing.
REPORTING = frozenset(stems("according also additionally however moreover source document article passage mention"))
# Sentences around an answer: manners, announcements of a list, and saying that there is no answer.
_MANNERS = re.compile(
    r"(?:(?:sure|certainly|of course|okay|great question|thank(?:s| you))\b[\w\s,']{0,40}[.!:]|"
    r"i hope (?:this|that|it)\b.{0,40}|(?:please )?(?:let me know|feel free)\b.*|you(?:'re| are) welcome\W*|"
    r"i (?:do not|don't|cannot|can't) (?:know|answer|find|say|have)\b.*|i(?:'m| am) (?:sorry|unable|not able)\b.*|"
    r"(?:unable|not able) to answer\b.*|"
    r"(?:the |these |this )?(?:given |provided )?(?:passages?|documents?|sources?|texts?|context|articles?) "
    r"(?:do(?:es)? not|don't|doesn't) (?:say|mention|state|specify|provide|contain|answer|include)\b.*|no answer\W*)",
    re.IGNORECASE,
)
_LEADING_IN = re.compile(
    r"[^.!?\d]*\b(?:here (?:is|are)|here's|follow these|these (?:are|steps|include)|the following|as follows|summary|"
    r"answer|steps)\b[^.!?\d]*:",
    re.IGNORECASE,
)


def plain(text: str) -> str:
    """A text folded, with one spelling of `percent`; that of a sentence is kept, as it is asked for again and again."""
    return _kept_plain(text) if len(text) <= SENTENCE else _plain(text)


def _plain(text: str) -> str:
    return fold(text).text.replace("per cent", "percent").strip()


_kept_plain = functools.lru_cache(KEPT)(_plain)


def compact(text: str) -> str:
    return "".join(text.split())


def stem_set(text: str) -> set[str]:
    return set(ordered_stems(text))


def ordered_stems(text: str) -> tuple[str, ...]:
    """Stems of content words; figures and their units are compared by value."""
    return _kept_stems(text) if len(text) <= SENTENCE else _ordered_stems(text)


def _ordered_stems(text: str) -> tuple[str, ...]:
    return tuple(stems(" ".join(word for word in WORD.findall(text) if not _counts(word))))


@functools.lru_cache(4 * KEPT)
def _counts(word: str) -> bool:
    """Whether a word is a figure or a unit."""
    return word.casefold() in UNITS or bool(figures(word, ones=True))


_kept_stems = functools.lru_cache(KEPT)(_ordered_stems)


def is_claim(text: str) -> bool:
    """Whether a sentence says anything of the world: no for what has no word, for manners and announcements."""
    said = plain(text).strip("*_#>-• \t")
    if not re.search(r"\w", said):
        return False
    if _MANNERS.fullmatch(said) or _LEADING_IN.fullmatch(said):
        return False
    named = re.search(r"\d|(?<!^)(?<![.!?] )\b[A-Z]\w+", said)
    return bool(named) or not said.endswith("?")
