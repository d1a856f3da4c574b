"""Support errors by construction, each with a benign twin, so that a change of the surface alone tells nothing.

All are drawn with a seeded generator: the same sentence and seed give the same claims.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from app.grounding.names import names
from app.grounding.polarity import NEGATION
from eval.quotes.changes import CONTRACTED, CRITICAL
from eval.training.pairs import Label, changed

HELD = re.compile(rf"\d|{NEGATION.pattern}", re.IGNORECASE)  # what a twin may not leave out
FIGURE = re.compile(r"(?<![\w.,-])\d[\d,.]*\d|(?<![\w.,-])\d(?![\w.,]\d)")
SAME = {
    "said": "stated", "began": "started", "started": "began", "large": "big", "big": "large", "many": "numerous",
    "also": "as well", "however": "but", "about": "around", "around": "about", "used": "employed", "help": "assist",
    "show": "demonstrate", "shows": "indicates", "showed": "indicated", "made": "created", "including": "among them",
    "became": "turned into", "main": "principal", "usually": "normally", "often": "frequently", "while": "whereas",
    "because": "since", "near": "close to", "several": "a number of", "led": "headed", "built": "constructed",
    "finished": "completed", "bought": "purchased", "needs": "requires", "need": "require", "gave": "provided",
    "children": "kids", "ended": "came to an end", "happened": "took place", "asked": "requested", "got": "received",
    "whole": "entire", "important": "significant", "called": "named", "allowed": "permitted", "stopped": "halted",
    "won": "came out ahead in",
}  # fmt: skip
OPPOSITES = {
    "first": "last", "last": "first", "early": "late", "late": "early", "large": "small", "small": "large",
    "largest": "smallest", "highest": "lowest", "lowest": "highest", "north": "south", "south": "north",
    "east": "west", "west": "east", "northern": "southern", "southern": "northern", "eastern": "western",
    "western": "eastern", "increased": "decreased", "rose": "fell", "fell": "rose", "accepted": "rejected",
    "rejected": "accepted", "supported": "opposed", "opposed": "supported", "allowed": "banned", "strong": "weak",
    "won": "lost", "lost": "won", "began": "stopped", "common": "rare", "rare": "common", "major": "minor",
    "success": "failure", "successful": "failed", "positive": "negative", "public": "private", "private": "public",
    "old": "new", "new": "old", "open": "closed", "agreed": "refused", "refused": "agreed", "approved": "rejected",
    "longer": "shorter", "older": "younger", "younger": "older", "majority": "minority", "minority": "majority",
    "increase": "reduction", "important": "unimportant", "easy": "difficult", "difficult": "easy", "legal": "illegal",
    "possible": "impossible", "happy": "unhappy", "cheap": "expensive", "married": "divorced",
}  # fmt: skip
LEADS = ("According to the report, ", "In fact, ", "It is said that ", "The source says that ", "")
ADDED = (
    ", according to officials in Vienna", ", to the surprise of many", ", which cost far more than planned",
    ", for the second time in a year", ", after months of talks", " despite protests", ", a move that critics opposed",
    ", mainly for financial reasons", " with the help of volunteers", ", as a judge had ordered",
    " in front of a large crowd", ", a decision later reversed", ", two weeks earlier than expected",
    ", because of heavy rain", " without any explanation",
    ", the first of its kind in the country", ", and nobody was hurt", ", while the cause remains unknown",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim about a sentence, what it is worth, and the characters that are wrong in it."""

    text: str
    label: Label
    kind: str
    marks: tuple[tuple[int, int], ...] = ()


Maker = Callable[[str, Sequence[str], random.Random], str | None]


def name_swapped(text: str, others: Sequence[str], rng: random.Random) -> str | None:
    """Another name of the same document in the place of one."""
    ours = [one for one in dict.fromkeys(names(text)) if text.count(one) == 1]
    theirs = sorted({one for other in others for one in names(other)} - set(ours))
    theirs = [one for one in theirs if not any(set(one.split()) & set(our.split()) for our in ours)]
    if not ours or not theirs:
        return None
    return text.replace(rng.choice(ours), rng.choice(theirs))


def roles_swapped(text: str, others: Sequence[str], rng: random.Random) -> str | None:
    """Two names of the sentence, each in the other's place."""
    ours = [one for one in dict.fromkeys(names(text)) if text.count(one) == 1]
    if len(ours) < 2:
        return None
    first, second = rng.sample(ours, 2)
    return None if first in second or second in first else re.sub(
        f"{re.escape(first)}|{re.escape(second)}", lambda match: second if match[0] == first else first, text
    )  # fmt: skip


def figure_swapped(text: str, others: Sequence[str], rng: random.Random) -> str | None:
    """A figure of another sentence, or one near it, in the place of one."""
    found = list(FIGURE.finditer(text))
    if not found:
        return None
    match = rng.choice(found)
    theirs = sorted({one[0] for other in others for one in FIGURE.finditer(other)} - {one[0] for one in found})
    alike = [one for one in theirs if len(one) == len(match[0])]
    plain = match[0].replace(",", "").replace(".", "")
    new = rng.choice(alike) if alike else f"{int(plain) + rng.choice((1, 3, 10, 20))}" if plain.isdecimal() else None
    return None if new in (None, match[0]) else f"{text[: match.start()]}{new}{text[match.end() :]}"


def opposed(text: str, others: Sequence[str], rng: random.Random) -> str | None:
    """A word turned into its opposite."""
    return _word_for_word(text, OPPOSITES, rng)


def added(text: str, others: Sequence[str], rng: random.Random) -> str | None:
    """Something more that no source says."""
    return f"{text.rstrip('.')}{rng.choice(ADDED)}."


def _critical(name: str) -> Maker:
    def make(text: str, others: Sequence[str], rng: random.Random) -> str | None:
        change = CRITICAL[name](text, rng)
        return None if change is None else change.text

    return make


ERRORS: dict[str, tuple[Maker, Label]] = {
    "name": (name_swapped, "contradicted"),
    "roles": (roles_swapped, "contradicted"),
    "figure": (figure_swapped, "contradicted"),
    "opposite": (opposed, "contradicted"),
    "addition": (added, "not_enough"),
    "negation added": (_critical("negation added"), "contradicted"),
    "negation dropped": (_critical("negation dropped"), "contradicted"),
    "number": (_critical("number"), "contradicted"),
    "modal": (_critical("modal"), "not_enough"),
    "quantifier": (_critical("quantifier"), "contradicted"),
    "direction": (_critical("direction"), "contradicted"),
}


def paraphrased(text: str, rng: random.Random) -> str:
    """The same said a little otherwise: clauses in another order, words for words, a lead, short forms, less said."""
    made = text
    for step in rng.sample((_reordered, _synonyms, _contracted, _shortened), 3):
        made = step(made, rng)
    lead = rng.choice(LEADS)
    if lead and (first := made[:2]) and not first.isupper() and made.split()[0].lower() in STARTS:
        made = lead + made[0].lower() + made[1:]
    return made


STARTS = frozenset("the a an this these those it he she they in on at by after before during when as there".split())


def _reordered(text: str, rng: random.Random) -> str:
    """`In 1913, the dam broke.` and `The dam broke in 1913.`"""
    found = re.fullmatch(r"((?:In|On|At|After|Before|During|By|When|While|As) [^,.;:]{3,60}), ([^\s].{15,}?)\.", text)
    if not found or re.search(r"^(?:not|nor|and|but|or|which|who)\b|[,;:] ?(?:and|but|which|who)", found[2]):
        return text
    front, rest = found[1], found[2]
    return f"{rest[0].upper()}{rest[1:]} {front[0].lower()}{front[1:]}."


def _synonyms(text: str, rng: random.Random) -> str:
    for _ in range(2):
        text = _word_for_word(text, SAME, rng) or text
    return text


def _word_for_word(text: str, table: dict[str, str], rng: random.Random) -> str | None:
    found = [match for match in re.finditer(r"\b[a-z]+\b", text) if match[0] in table]
    if not found:
        return None
    match = rng.choice(found)
    return f"{text[: match.start()]}{table[match[0]]}{text[match.end() :]}"


def _contracted(text: str, rng: random.Random) -> str:
    for long, short in CONTRACTED:
        if re.search(rf"\b{re.escape(long)}\b", text):
            return re.sub(rf"\b{re.escape(long)}\b", short, text, count=1)
    return text


LEFT_OUT = (  # what stands in brackets, or a relative clause at the end, and what is put there
    (re.compile(r" \([^()]{2,80}\)"), ""),
    (re.compile(r", (?:which|who|where|including|such as) [^,;]{8,}\.$"), "."),
)


def _shortened(text: str, rng: random.Random) -> str:
    """Without what stands in brackets, or without a relative clause at the end; a figure or a denial stays."""
    for pattern, end in LEFT_OUT:
        for found in pattern.finditer(text):
            made = f"{text[: found.start()]}{end}{text[found.end() :]}"
            if not HELD.search(found[0]) and len(made.split()) >= 5:
                return made
    return text


def claims_of(text: str, others: Sequence[str], rng: random.Random, most: int = 2) -> Iterator[Claim]:
    """Claims about a sentence: `most` errors of different kinds, and for each a twin that says the same as the source.

    An error is made of the twin, so that both have the same surface.
    """
    kinds = rng.sample(sorted(ERRORS), len(ERRORS))
    made = 0
    for kind in kinds:
        if made == most:
            return
        maker, label = ERRORS[kind]
        twin = paraphrased(text, rng)
        wrong = maker(twin, others, rng)
        if wrong is not None and wrong != twin:
            made += 1
            yield Claim(twin, "yes", "twin")
            yield Claim(wrong, label, kind, changed(twin, wrong))
