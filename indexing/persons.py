"""Who in a document is a person, of which sex as far as it tells, and whom a title or a pronoun means there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from indexing.people import People, bare, is_name, is_title, name_of, words_of
from indexing.phrases import DETERMINERS, PREPOSITIONS, Line, Token

LEADING = 2  # tokens before the name of whom a sentence is about
DESCRIBED = 7  # tokens of what somebody is before the name: `The board chair, Ida Solheim,`
WHERE = frozenset("in at near across outside throughout inside".split())
SEXES = {"f": "feminine", "m": "masculine"}


class Named(NamedTuple):
    """Where somebody is named, by the full name, and whether a sentence begins so: then it is about that one."""

    start: int
    name: str
    begins: bool


class Persons:
    """The persons of one document, learnt as its paragraphs are read."""

    def __init__(self, people: People) -> None:
        self.people = people
        self.speakers: set[str] = set()
        self._genders: dict[str, str] = {}  # whom a title or what follows the name makes a person: f, m or unknown
        self._titled: defaultdict[str, set[str]] = defaultdict(set)

    def named_in(self, line: Line) -> Iterator[Named]:
        """Who is named in a line outside quotation marks."""
        at, tokens = 0, line.tokens
        while at < len(tokens):
            if not tokens[at].capital:
                at += 1
                continue
            end = at
            while end < len(tokens) and tokens[end].capital:
                end += 1
            name = self.people.resolve(name_of([token.text for token in tokens[at:end]]))
            self._note(name, tokens, at, end)
            place = at > 0 and tokens[at - 1].low in WHERE and not self.is_person(name)
            if is_name(name) and not place and not (end - at == 1 and self.people.is_common(tokens[at].text)):
                yield Named(tokens[at].start, name, _leads(tokens[line.begins[at] : at]))
            at = end

    def is_person(self, name: str) -> bool:
        """Whether a name is known for a person's: by its first name, a title, an age, or that it was quoted."""
        return bool(gender_of(name)) or name in self.speakers or name in self._genders

    def bearer(self, title: str) -> str:
        """The only one who bears a title here; empty where nobody does, or several."""
        found = self._titled.get(bare(title), set())
        return next(iter(found)) if len(found) == 1 else ""

    def meant(self, pronoun: str, near: Iterable[Sequence[Named]]) -> str:
        """Whom a pronoun stands for, of those named near it, the nearest first: the only one it may mean and whom a
        sentence is about; empty where that cannot be told."""
        for named in near:
            names = {one.name for one in named}
            leading = {one.name for one in named if one.begins}
            persons = {name for name in names if self.is_person(name)}
            possible = {name for name in names if self._gender_of(name) in ("", _gender(pronoun))}
            if persons:
                return possible.pop() if len(possible) == 1 and possible <= persons & leading else ""
        return ""

    def _gender_of(self, name: str) -> str:
        return self._genders.get(name) or gender_of(name)

    def _note(self, name: str, tokens: Sequence[Token], first: int, last: int) -> None:
        """Remember who has a title (`Councilman Tobias Renn`), an age (`Lohse, 51,`) or a `who` behind the name."""
        titles = [bare(token.text) for token in tokens[first : last - 1] if is_title(token.text)]
        behind = [token.low for token in tokens[last : last + 3]]
        aged = len(behind) == 3 and behind[0] == "," == behind[2] and behind[1].isdigit() and len(behind[1]) == 2
        if name and (titles or aged or "who" in behind[:2]):
            found = {gender for title in titles for gender in "fm" if title in words_of(SEXES[gender])}
            for title in titles:
                self._titled[title].add(name)
            self._genders[name] = found.pop() if len(found) == 1 else self._genders.get(name, "")


def _leads(opening: Sequence[Token]) -> bool:
    """Whether a sentence is about whom it names behind these words: hardly any, or what that one is and a comma."""
    if 2 < len(opening) <= DESCRIBED and opening[0].low in DETERMINERS and opening[-1].text == ",":
        return not any(token.text == "," for token in opening[:-1])
    return len(opening) <= LEADING and not any(token.low in PREPOSITIONS for token in opening)


def gender_of(name: str) -> str:
    """`f` or `m` by the first name of a full name, where it is known; empty where not."""
    first = bare(name.split(maxsplit=1)[0]) if " " in name else ""
    return "f" if first in words_of("women") else "m" if first in words_of("men") else ""


def _gender(pronoun: str) -> str:
    return "f" if pronoun in ("she", "sie", "elle") else "m"
