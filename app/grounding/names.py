"""Names in a statement, and whether a source has them: as they stand, as a place's people, or by initials."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.grounding.wording import WORD

DATES = """January February March April May June July August September October November December
Monday Tuesday Wednesday Thursday Friday Saturday Sunday""".split()
# How the names of a place and of its people differ at the end.
ENDINGS = [pair.split(">") for pair in ">s >n >an >ian e>ian a>ian y>ian y> y>yy".split()]


def names(text: str, first: bool = False) -> list[str]:
    """Capitalised words in order, but for dates and, without `first`, a first word that may be capitalised as such."""
    found = []
    for match in WORD.finditer(text):
        name = re.sub(r"'s?$", "", match[0])
        inside = first or re.search(r"\w", text[: match.start()]) or not name[1:].islower()
        if len(name) > 1 and name[0].isupper() and name not in DATES and inside:
            found.append(name)
    return found


class Named:
    """The words of a source, to look names up in."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._words = {re.sub(r"'s?$", "", word).replace(".", "").casefold() for word in WORD.findall(source)}

    def has(self, name: str, said: str) -> bool:
        """Whether the source names it: so, as a place's people or the other way round, or by initials.

        `said` is the statement it stands in: `European Union` there is the source's `EU`.
        """
        word = name.replace(".", "")
        if word.casefold() in self._words or any(form in self._words for form in _forms(word.casefold())):
            return True
        small = r"(?:[\s-](?:of the|of|and|for))?[\s-]"
        if word.isupper() and re.search(r"\b" + rf"\w+{small}".join(map(re.escape, word)) + r"\w+", self._source):
            return True
        runs = re.findall(rf"\b[A-Z]\w+(?:{small}[A-Z]\w+)+", said)
        return any(name in run and "".join(re.findall("[A-Z]", run)).casefold() in self._words for run in runs)


def _forms(word: str) -> Iterator[str]:
    for ending, other in (pair for both in ENDINGS for pair in (both, both[::-1])):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            yield word[: len(word) - len(ending)] + other
