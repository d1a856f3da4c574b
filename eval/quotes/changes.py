"""Changes to a quote: critical ones and benign ones, each with what was changed.

The words here are the bank's own, chosen apart from the lexicons that the quote desk judges by.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

WORD = re.compile(r"[^\W_]+(?:['’.,-][^\W_]+)*")
AUXILIARY = {"is", "are", "was", "were", "will", "would", "can", "could", "should", "has", "have", "must"}
SWAPS: dict[str, tuple[tuple[str, str], ...]] = {
    "modal": (("will", "may"), ("would", "might"), ("can", "must"), ("should", "will"), ("could", "should")),
    "quantifier": (("all", "some"), ("most", "few"), ("many", "few"), ("every", "hardly any"), ("always", "sometimes"),
                   ("only", "also"), ("both", "neither"), ("everyone", "nobody"), ("everything", "nothing")),
    "pronoun": (("he", "she"), ("we", "they"), ("his", "her"), ("our", "their"), ("us", "them"), ("him", "her")),
    "direction": (("more", "less"), ("better", "worse"), ("higher", "lower"), ("before", "after"), ("best", "worst"),
                  ("up", "down"), ("win", "lose"), ("increase", "decrease"), ("against", "for"), ("with", "without")),
    "conjunction": (("and", "or"), ("because", "although"), ("but", "and")),
    "tense": (("is", "was"), ("are", "were"), ("has", "had"), ("was", "is"), ("have", "had")),
}  # fmt: skip
NUMBERS = (
    "two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty hundred thousand".split()
)
LARGE = (("million", "billion"), ("billion", "million"), ("thousand", "million"), ("hundred", "thousand"))
CONTRACTED = (
    ("do not", "don't"), ("does not", "doesn't"), ("did not", "didn't"), ("is not", "isn't"), ("are not", "aren't"),
    ("was not", "wasn't"), ("will not", "won't"), ("would not", "wouldn't"), ("cannot", "can't"), ("we are", "we're"),
    ("they are", "they're"), ("I am", "I'm"), ("have not", "haven't"), ("I have", "I've"), ("we have", "we've"),
)  # fmt: skip
LIMITS = ("but", "unless", "except", "if", "although", "because", "until")
GOVERNORS = ("I don't think", "I don't believe", "if", "whether", "they say", "they claim")


@dataclass(frozen=True, slots=True)
class Change:
    """A changed quote: `kind` of the change, the words that were there and those that are there now."""

    text: str
    kind: str
    before: str
    after: str


Maker = Callable[[str, random.Random], Change | None]


def _swap(kind: str, pairs: Sequence[tuple[str, str]], *, both: bool = True) -> Maker:
    table = dict(pairs)
    if both:
        table |= {second: first for first, second in pairs if second not in table and " " not in second}

    def make(text: str, rng: random.Random) -> Change | None:
        places = [match for match in WORD.finditer(text) if match[0].lower() in table and match.start() > 0]
        if not places:
            return None
        match = rng.choice(places)
        new = table[match[0].lower()]
        return Change(text[: match.start()] + new + text[match.end() :], kind, match[0], new)

    return make


def _insert_not(text: str, rng: random.Random) -> Change | None:
    places = [
        match
        for match in WORD.finditer(text)
        if match[0].lower() in AUXILIARY and re.match(r" (?!not\b|n't|never\b)[a-z]", text[match.end() :])
    ]
    if not places:
        return None
    end = rng.choice(places).end()
    return Change(f"{text[:end]} not{text[end:]}", "negation", "", "not")


def _drop_not(text: str, rng: random.Random) -> Change | None:
    places = list(re.finditer(r" (?:not|never)\b|(?<=[a-z])n['’]t\b", text))
    places = [match for match in places if not re.search(r"\b(?:ca|wo)$", text[: match.start()])]
    if not places:
        return None
    match = rng.choice(places)
    begin = WORD.search(text, max(text.rfind(" ", 0, match.start()) + 1, 0))
    whole = text[begin.start() : match.end()] if begin and "'" in match[0] + "’" else match[0].strip()
    return Change(text[: match.start()] + text[match.end() :], "negation", whole, "")


def _number(text: str, rng: random.Random) -> Change | None:
    places = list(re.finditer(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?![\w,])|(?<![\w.,/-])\d{1,4}(?![\w,./-])", text))
    words = [match for match in WORD.finditer(text) if match[0] in NUMBERS or match[0] in dict(LARGE)]
    if not places and not words:
        return None
    match = rng.choice(places or words)
    if match[0] in dict(LARGE):
        new = dict(LARGE)[match[0]]
    elif match[0] in NUMBERS:
        new = rng.choice([one for one in NUMBERS[:8] if one != match[0]])
    else:
        new = str(int(match[0].replace(",", "")) + rng.choice((1, 2, 10)))
    return Change(text[: match.start()] + new + text[match.end() :], "quantity", match[0], new)


def _hedge(text: str, rng: random.Random) -> Change | None:
    found = re.search(r"\b(?:probably|perhaps|maybe|possibly|apparently|I think|I believe|likely) ", text)
    if found and found.start() and found.end() < len(text):
        return Change(text[: found.start()] + text[found.end() :], "hedge", found[0].strip(), "")
    places = list(re.finditer(r"\b(?:is|are|was|will|would) (?=[a-z]{4,})", text))
    if not places:
        return None
    end = rng.choice(places).end()
    word = rng.choice(("probably", "perhaps", "allegedly"))
    return Change(f"{text[:end]}{word} {text[end:]}", "hedge", "", word)


def _question(text: str, rng: random.Random) -> Change | None:
    return Change(text[:-1] + ".", "question", "?", ".") if text.endswith("?") else None


CRITICAL: dict[str, Maker] = {
    "negation added": _insert_not,
    "negation dropped": _drop_not,
    "number": _number,
    "hedge": _hedge,
    "question": _question,
    **{kind: _swap(kind, pairs) for kind, pairs in SWAPS.items()},
}


def cut_before(text: str) -> Change | None:
    """The part of a quote before a limiting clause, as if it ended there."""
    for match in re.finditer(r",? (" + "|".join(LIMITS) + r") ", text):
        kept = text[: match.start()]
        if len(kept.split()) >= 6 and kept[-1] not in ".?!:;":
            return Change(kept, "cut", match[1], "")
    return None


def cut_after(text: str) -> Change | None:
    """The part of a quote after what governs it."""
    match = re.search(
        r"(?:^|[.!?] )(I don['’]t think|I don['’]t believe|[Ii]f|[Tt]hey (?:say|claim)) (?:that )?(?=[a-z])", text
    )
    if not match or re.search(r"[.!?]", text[match.end() : match.end() + 30]):
        return None
    kept = text[match.end() :]
    return Change(kept, "cut", match[1], "") if len(kept.split()) >= 6 else None


def elide(text: str) -> Change | None:
    """A marked elision that hides a negation or a limit."""
    words = text.split()
    for at, word in enumerate(words):
        bare = word.strip(".,;:").lower()
        if 4 <= at <= len(words) - 5 and bare in ("not", "never", "only", "unless", "if", "without"):
            if any(mark in " ".join(words[at - 1 : at + 2]) for mark in ".?!"):
                continue
            return Change(" ".join([*words[: at - 1], "...", *words[at + 2 :]]), "elision", bare, "...")
    return None


def splice(text: str) -> Change | None:
    """The beginning and the end of a quote, put together without a mark."""
    words = text.split()
    if len(words) < 20:
        return None
    kept = [*words[:7], *words[-7:]]
    if re.search(r"\.\s?\.|…|\[", " ".join(kept)):
        return None
    return Change(" ".join(kept), "splice", " ".join(words[7:-7]), "")


WHOLE: dict[str, Callable[[str], Change | None]] = {
    "cut before a limit": cut_before, "cut after a governor": cut_after, "elision": elide, "splice": splice,
}  # fmt: skip


def _marks(text: str, rng: random.Random) -> Change | None:
    curly = "’" in text or "“" in text
    new = text.replace("’", "'").replace("‘", "'") if curly else text.replace("'", "’")
    return Change(new, "marks", "", "") if new != text else _space(text, rng)


def _space(text: str, rng: random.Random) -> Change | None:
    at = rng.choice([match.start() for match in re.finditer(" ", text)])
    new = rng.choice(("\u00a0", "  ", "\n", " \u200b", "\u2009"))
    return Change(text[:at] + new + text[at + 1 :], "space", " ", new)


def _hyphen(text: str, rng: random.Random) -> Change | None:
    places = [match.start() + 3 for match in re.finditer(r"\b[a-z]{7,}\b", text)]
    if not places:
        return None
    at = rng.choice(places)
    return Change(f"{text[:at]}\u00ad{text[at:]}", "soft hyphen", "", "\u00ad")


def _dash(text: str, rng: random.Random) -> Change | None:
    found = re.search("[–—-]", text)
    if not found:
        return None
    new = rng.choice([one for one in "–—-" if one != found[0]])
    return Change(text[: found.start()] + new + text[found.end() :], "dash", found[0], new)


def _edge(text: str, rng: random.Random) -> Change | None:
    if text[-1] in "?!":
        return None
    return Change(text.rstrip(".,;:") + rng.choice(("", ".", ",")), "edge", "", "")


def _first(text: str, rng: random.Random) -> Change | None:
    if not text[0].isalpha() or not text[:2].strip().isalpha() or text[:2] in ("I ", "I'", "I’"):
        return None
    first = text[0].lower() if text[0].isupper() else text[0].upper()
    word = WORD.match(text)
    if (
        word is None
        or (len(word[0]) > 1 and word[0].isupper())
        or (text[0].isupper() and word[0].lower() not in COMMON)
    ):
        return None
    return Change(rng.choice((f"[{first}]", first)) + text[1:], "first letter", text[0], first)


def _contract(text: str, rng: random.Random) -> Change | None:
    pairs = [*CONTRACTED, *((short, long) for long, short in CONTRACTED)]
    found = [
        (match, new) for old, new in pairs for match in re.finditer(rf"(?<![\w'’]){re.escape(old)}(?![\w'’])", text)
    ]
    if not found:
        return None
    match, new = rng.choice(found)
    return Change(text[: match.start()] + new + text[match.end() :], "contraction", match[0], new)


def _decomposed(text: str, rng: random.Random) -> Change | None:
    new = unicodedata.normalize("NFD", text)
    return Change(new, "decomposed", "", "") if new != text else None


def _ligature(text: str, rng: random.Random) -> Change | None:
    return Change(text.replace("fi", "ﬁ"), "ligature", "fi", "ﬁ") if "fi" in text else None


def _thousands(text: str, rng: random.Random) -> Change | None:
    found = re.search(r"(?<![\w.,$])\d{1,3},\d{3}(?![\w,])", text)
    if not found:
        return None
    return Change(text[: found.start()] + found[0].replace(",", "") + text[found.end() :], "digits", found[0], "")


COMMON = frozenset(
    "the we it he she they this that there a an and but so if when what you my our in on for as not".split()
)
BENIGN: dict[str, Maker] = {
    "marks": _marks, "space": _space, "soft hyphen": _hyphen, "dash": _dash, "edge": _edge, "first letter": _first,
    "contraction": _contract, "decomposed": _decomposed, "ligature": _ligature, "digits": _thousands,
}  # fmt: skip
# The benign change that looks most like a critical one is its twin, where it can be made.
TWINS = {
    "negation added": "contraction", "negation dropped": "contraction", "number": "digits", "question": "edge",
    "cut before a limit": "edge", "cut after a governor": "first letter", "elision": "dash", "splice": "space",
}  # fmt: skip


def twin_of(name: str, text: str, rng: random.Random) -> Change:
    """A benign change of the same quote: the nearest kind to the critical one that can be made of it."""
    order = [TWINS[name]] if name in TWINS else []
    order += rng.sample(sorted(BENIGN), len(BENIGN))
    for kind in order:
        change = BENIGN[kind](text, rng)
        if change is not None and change.text != text:
            return change
    raise AssertionError("white space can always be changed")
