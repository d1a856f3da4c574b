"""What words do to the meaning of a quote: one data file a language, versioned, its fingerprint in every verdict."""

from __future__ import annotations

import functools
import hashlib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

LANGUAGES = ("en", "de", "fr")
LONGEST = 5  # words of a phrase
# Of the kinds a word has the first counts.
DOUBTS = ("fakes", "adverbs", "hearsay", "reporting", "others", "told", "supposing", "claims", "asking", "statements")
KINDS = (
    *("negation", "modal", "quantifier", "limiter", "conjunction", "hedge", "evidential", "comparative"),
    *("quantity", "pronoun", "auxiliary", "article", "filler"),
)


@dataclass(frozen=True)
class Phrases:
    """Words and phrases to look for in a row of words."""

    entries: frozenset[tuple[str, ...]] = frozenset()

    @classmethod
    def of(cls, text: str) -> Phrases:
        return cls(frozenset(tuple(entry.split("-")) for entry in text.split()))

    def __contains__(self, word: str) -> bool:
        return (word,) in self.entries

    def at(self, words: Sequence[str], index: int) -> int:
        """How many words the longest phrase that begins here has; 0 where none does."""
        longest = range(min(LONGEST, len(words) - index), 0, -1)
        return next((size for size in longest if tuple(words[index : index + size]) in self.entries), 0)

    def before(self, words: Sequence[str], index: int) -> int:
        """The same for a phrase that ends before this word."""
        longest = range(min(LONGEST, index), 0, -1)
        return next((size for size in longest if tuple(words[index - size : index]) in self.entries), 0)

    def first(self, words: Sequence[str]) -> tuple[int, int] | None:
        """The first phrase among these words, as a range of them."""
        return next(((at, at + size) for at in range(len(words)) if (size := self.at(words, at))), None)


NONE = Phrases()


@dataclass(frozen=True)
class Lexicon:
    """One language. `judges` is false where only marks and folding are known, so that severities are not given."""

    language: str
    fingerprint: str
    judges: bool
    common: frozenset[str]
    kinds: Mapping[str, Phrases] = field(default_factory=dict)
    limiters: Phrases = NONE
    conditions: Phrases = NONE
    passed: Phrases = NONE
    governors: Phrases = NONE
    between: Phrases = NONE
    openers: Phrases = NONE
    denials: Phrases = NONE
    saying: Phrases = NONE
    fakes: Phrases = NONE
    adverbs: Phrases = NONE
    hearsay: Phrases = NONE
    reporting: Phrases = NONE
    others: Phrases = NONE
    told: Phrases = NONE
    supposing: Phrases = NONE
    claims: Phrases = NONE
    asking: Phrases = NONE
    statements: Phrases = NONE
    not_only: Phrases = NONE
    hidden: Phrases = NONE
    abbreviations: Mapping[str, str] = field(default_factory=dict)
    contractions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    endings: Mapping[str, str] = field(default_factory=dict)
    open_endings: Mapping[str, frozenset[str]] = field(default_factory=dict)
    verbs: Mapping[str, int] = field(default_factory=dict)

    @property
    def negations(self) -> Phrases:
        return self.kinds.get("negation", NONE)

    def kind(self, word: str) -> str:
        """What a word is, the weightiest first; empty where the lexicon does not know it."""
        return next((kind for kind in KINDS if word in self.kinds.get(kind, NONE)), "")

    def phrase(self, words: Sequence[str]) -> bool:
        """Whether these words are one phrase of several words."""
        return len(words) > 1 and any(tuple(words) in phrases.entries for phrases in self.kinds.values())

    def kinds_of(self, words: Sequence[str]) -> set[str]:
        """The kinds of all words and phrases among these."""
        found = {self.kind(word) for word in words}
        for kind, phrases in self.kinds.items():
            if any(phrases.at(words, index) > 1 for index in range(len(words) - 1)):
                found.add(kind)
        return found - {""}


@functools.cache
def lexicon(language: str) -> Lexicon:
    """The lexicon of a language; one that judges nothing where there is none."""
    if language not in LANGUAGES:
        return Lexicon(language, "", judges=False, common=frozenset())
    data = resources.files("app.quotes").joinpath("lexicons", f"{language}.toml").read_bytes()
    values: dict[str, Any] = tomllib.loads(data.decode("utf-8"))
    fingerprint = f"{language}-{values['version']}-{hashlib.sha256(data).hexdigest()[:12]}"
    if values.get("marks_only"):
        return Lexicon(
            language,
            fingerprint,
            judges=False,
            common=frozenset(values["common"].split()),
            limiters=Phrases.of(values["limiters"]),
            governors=Phrases.of(values["governors"]),
            between=Phrases.of(values["between"]),
            hidden=Phrases.of(values["hidden"]),
        )
    kinds = {kind: Phrases.of(text) for kind, text in values["words"].items()}
    forms = [group.split() for group in values["irregular"]["verbs"].split(";")]
    opened: dict[str, set[str]] = {}
    for ending, word in _pairs(values["contractions"]["open"]):
        opened.setdefault(ending, set()).add(word)
    whole = _pairs(values["contractions"]["whole"])
    return Lexicon(
        language,
        fingerprint,
        judges=True,
        common=frozenset(values["words"]["common"].split()),
        kinds=kinds,
        limiters=Phrases.of(values["limiters"]["words"]),
        conditions=Phrases.of(values["limiters"]["conditions"]),
        passed=Phrases.of(values["limiters"]["passed"]),
        governors=Phrases.of(values["governors"]["words"]),
        between=Phrases.of(values["governors"]["between"]),
        openers=Phrases.of(values["governors"]["openers"]),
        denials=Phrases.of(values["governors"]["denials"]),
        saying=Phrases.of(values["governors"]["saying"]),
        **{name: Phrases.of(values["governors"][name]) for name in DOUBTS},
        not_only=Phrases.of(values["governors"]["not_only"]),
        hidden=Phrases.of(values["elision"]["words"]),
        abbreviations=dict(_pairs(values["abbreviations"]["pairs"])),
        contractions={word: tuple(full.split("_")) for word, full in whole},
        endings=dict(_pairs(values["contractions"]["endings"])),
        open_endings={ending: frozenset(words) for ending, words in opened.items()},
        verbs={form: number for number, group in enumerate(forms) for form in group},
    )


def _pairs(text: str) -> list[tuple[str, str]]:
    return [(left, right) for left, _, right in (pair.partition("=") for pair in text.split())]


def language_of(words: Iterable[str]) -> str:
    """The language whose commonest words are the most among these, English in doubt; empty where none of them is."""
    listed = list(words)
    counts = {name: sum(word in lexicon(name).common for word in listed) for name in LANGUAGES}
    best = max(LANGUAGES, key=lambda name: counts[name])
    if counts[best] > counts["en"]:
        return best
    return "en" if counts["en"] or all(word.isascii() for word in listed) else ""
