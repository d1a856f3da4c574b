"""Small talk and questions about Onrecord itself: what is said to the program and asks nothing of the documents.

By a closed list (`lexicons/small_talk.txt`) and the whole message: what has one word more is a question, and answered
as one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Literal, cast

from app.answers import Turn
from app.lexicons import lexicon

Kind = Literal["greeting", "thanks", "assent", "farewell", "identity", "ability", "collection"]
COURTESIES: frozenset[Kind] = frozenset(("greeting", "thanks", "assent", "farewell"))
BESIDE = "beside"  # words that are nothing alone

LONGEST = 12  # words; what is longer is no small talk
SHORT_FORMS = (
    (re.compile(r"\b(what|who|how|that|it)['’]s\b"), r"\1 is"),
    (re.compile(r"\bi['’]m\b"), "i am"),
    (re.compile(r"\bthat['’]ll\b"), "that will"),
    (re.compile(r"\bo\.k\.?(?!\w)"), "ok"),
)
QUOTED = re.compile(r"[“”„«»\"]")  # words that somebody else said
WORD = re.compile(r"\w+")
PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(phrases)) for kind, phrases in (line.split(": ", 1) for line in lexicon("small_talk"))
)
# "Thanks. Who won?": the mark behind a courtesy, and how a question begins after it.
MARK = re.compile(r"[.!?,;:–—]+\s+|\s*\n\s*")
FIRST = 120  # characters of a question in which such a mark is looked for
OPENS = re.compile(
    r"(?:and|but|so|or|then|also|please|who|whom|whose|what|which|when|where|why|how|did|does|do|is|are|was|were|has|"
    r"have|had|can|could|will|would|should|list|name|tell|show|give|compare|explain|describe|summari[sz]e|according)\b",
    re.IGNORECASE,
)
AFTER = re.compile(r"(?<=\?)\s+([^?]{1,60})$")  # "Who won? Thanks!"


def aside(said: str) -> Kind | None:
    """What kind of small talk a message is, where it is nothing else; of several the one that asks most."""
    kinds = set(_kinds(said))
    order = ("collection", "ability", "identity", "thanks", "farewell", "greeting", "assent")
    return next((cast("Kind", kind) for kind in order if kind in kinds), None)


def bare(question: str) -> str:
    """A question without the courtesies that stand before or behind it, set off by a mark: `Thanks. Who won Ohio?`"""
    ends = [
        mark.end()
        for mark in MARK.finditer(question, 0, FIRST)
        if OPENS.match(question, mark.end()) and _is_courtesy(question[: mark.start()])
    ]
    question = question[max(ends, default=0) :]
    found = AFTER.search(question)
    return question[: found.start()] if found and _is_courtesy(found[1]) else question


def substance(history: Sequence[Turn]) -> tuple[Turn, ...]:
    """A conversation without its small talk and what was said to that: the topic before goes on."""
    kept: list[Turn] = []
    idle = False
    for turn in history:
        idle = aside(turn.content) is not None if turn.role == "user" else idle
        if not idle:
            kept.append(turn)
    return tuple(kept)


def _is_courtesy(said: str) -> bool:
    kinds = set(_kinds(said))
    return bool(kinds & COURTESIES) and kinds <= {*COURTESIES, BESIDE}


def _kinds(said: str) -> Iterator[str]:
    """The kinds of the phrases that make up a message; none where something else stands in it."""
    if len(said) > 40 * LONGEST or QUOTED.search(said):
        return
    text = unicodedata.normalize("NFKC", said).casefold()
    for short, full in SHORT_FORMS:
        text = short.sub(full, text)
    words = WORD.findall(text)
    if not words or len(words) > LONGEST:
        return
    kinds: list[set[str] | None] = [set(), *([None] * len(words))]  # of the words before each place; None: no phrases
    for end in range(1, len(words) + 1):
        for start in range(end):
            before, kind = kinds[start], _kind(" ".join(words[start:end]))
            if before is not None and kind is not None:
                kinds[end] = (kinds[end] or set()) | before | {kind}
    yield from kinds[-1] or ()


def _kind(phrase: str) -> str | None:
    return next((kind for kind, pattern in PATTERNS if pattern.fullmatch(phrase)), None)
