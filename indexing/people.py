"""What people are called in one document: titles stripped, surnames led back to the full name they stand for."""

from __future__ import annotations

import functools
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from importlib import resources

DOMINANT = 0.8  # of a surname's bearers' mentions in a document: then the others are named in full
OFTEN = 3  # mentions with a first name, from which on a word that is also a common one is a surname
LONGEST = 5  # words of a name; a longer run of capitals is a headline
# Apostrophes join a name (O'Malley), a possessive's is cut off where a name ends.
CAPITAL = (
    r"(?:(?:Mr|Mrs|Ms|Dr|Sens?|Reps?|Gov|Gen|Lt|Col|Sgt|Capt|Maj|Adm|St|Jr|Sr|Prof|Rev|Hon|[A-Z])\."
    r"|[^\W\d_a-zß-öø-ÿ][^\W\d_]*(?:[’'-][^\W\d_]+)*)"
)
PARTICLE = r"(?:de|da|del|della|der|den|van|von|zu|bin|ibn|al|el|la|le|du|dos|y)"
RUN = re.compile(rf"\b{CAPITAL}(?:[ \u00a0](?:{PARTICLE}[ \u00a0])*{CAPITAL})+")
COMMON = re.compile(r"\b[a-z]{3,}\b")
OFFICE = re.compile(
    r"([^\W\d_]+)[ \u00a0]of[ \u00a0](?:the[ \u00a0])?$"
)  # before a run: `Secretary of State Marco Rubio`
TITLED = 30  # characters before a run in which such a title stands
POSSESSIVE = re.compile(r"[’'](?:s|S)?$")


@functools.cache
def words_of(section: str) -> frozenset[str]:
    """A list of `people.txt`, case-folded."""
    text = (resources.files("indexing") / "lexicons" / "people.txt").read_text(encoding="utf-8")
    body = text.partition(f"[{section}]")[2].partition("[")[0]
    return frozenset(body.casefold().split())


def bare(word: str) -> str:
    """A word of a name as it is compared: without a possessive, without dots, case-folded."""
    return POSSESSIVE.sub("", word).replace(".", "").replace("’", "'").casefold()


def is_title(word: str) -> bool:
    return bare(word) in words_of("titles")


def name_of(words: Sequence[str]) -> str:
    """The name at the end of a run of capitalised words: what stands before its last title, parties and peoples are
    no part of it (`Florida Republican Sen. Marco Rubio`); empty where nothing is left."""
    kept = list(words)
    while kept and bare(kept[-1]) in words_of("days"):
        kept.pop()
    if len(kept) == 1 and bare(kept[0]) in words_of("affiliations"):
        return ""
    for index in range(len(kept) - 2, -1, -1):
        word = kept[index]
        if is_title(word) or bare(word) in words_of("affiliations") or POSSESSIVE.search(word):
            kept = kept[index + 1 :]
            if bare(kept[0]) == "of":
                kept = after_office(kept[1:])
            break
    while kept and bare(kept[0]) in words_of("function"):
        kept = kept[1:]
    if not kept:
        return ""
    kept[-1] = POSSESSIVE.sub("", kept[-1])
    return " ".join(kept)


def after_office(words: Sequence[str]) -> list[str]:
    """Who holds an office, of the words after the `of` of its title: `State Marco Rubio`.

    How long an office's name is cannot be seen, so of what follows only a first name and a surname are kept.
    """
    if len(words) <= 2:
        return list(words[-1:])
    at = len(words) - 2
    while at > 1 and (words[at][0].islower() or re.fullmatch(r"[A-Z]\.?", words[at])):
        at -= 1
    return list(words[at:])


def is_name(text: str) -> bool:
    """Whether it has a capitalised word that is no title, pronoun or function word."""
    return any(
        word[:1].isupper() and not is_title(word) and bare(word) not in words_of("function") for word in text.split()
    )


class People:
    """The full names of a document, and what a shorter form stands for in it."""

    def __init__(self, text: str) -> None:
        self.full: Counter[str] = Counter()
        verbs = words_of("headline_verbs")
        for match in RUN.finditer(text):
            words = match[0].split()
            office = OFFICE.search(text, max(0, match.start() - TITLED), match.start())
            if office and is_title(office[1]):
                words = after_office(words)
            if len(words) > LONGEST + 2 or any(bare(word) in verbs for word in words):
                continue
            name = name_of(words)
            if 2 <= len(name.split()) <= LONGEST:
                self.full[name.rstrip(".") if not name.endswith(("Jr.", "Sr.")) else name] += 1
        self._by_last: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._by_first: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for name, count in self.full.items():
            self._by_last[last_of(name)][name] += count
            self._by_first[bare(name.split()[0])][name] += count
        self._resolved: dict[str, str] = {}
        self._common = frozenset(COMMON.findall(text))

    def is_common(self, word: str) -> bool:
        """Whether a capitalised word stands in the text with a small letter as well, and is nobody's surname."""
        return word.casefold() in self._common and self._by_last[bare(word)].total() < OFTEN

    def resolve(self, name: str) -> str:
        """The full name that a name stands for here; the name itself where there is none, or more than one."""
        if name not in self._resolved:
            self._resolved[name] = self._resolve(name)
        return self._resolved[name]

    def ambiguous(self, name: str) -> bool:
        """Whether several people of the document bear this surname, and none of them by far most often."""
        return len(name.split()) == 1 and len(_merged(self._by_last[bare(name)])) > 1 and self.resolve(name) == name

    def _resolve(self, name: str) -> str:
        if len(name.split()) > 1:
            return name
        found = _merged(self._by_last[bare(name)]) or _merged(self._by_first[bare(name)])
        if not found:
            return name
        best, count = found.most_common(1)[0]
        return best if count >= DOMINANT * found.total() else name


def last_of(name: str) -> str:
    """The surname as it is compared: the last word that is no `Jr.`"""
    words = [bare(word) for word in name.split()]
    while len(words) > 1 and words[-1] in ("jr", "sr", "ii", "iii", "iv"):
        words.pop()
    return words[-1] if words else ""


def _merged(found: Counter[str]) -> Counter[str]:
    """`Yesterday Donald Trump` and `Donald J. Trump` are counted with `Donald Trump`."""
    merged: Counter[str] = Counter()
    for name, count in sorted(found.items(), key=lambda pair: (len(pair[0].split()), -pair[1])):
        words = [bare(word) for word in name.split()]
        for shorter in merged:
            kept = [bare(word) for word in shorter.split()]
            if words[-len(kept) :] == kept or (words[0] == kept[0] and words[-1] == kept[-1]):
                merged[shorter] += count
                break
        else:
            merged[name] = count
    return merged
