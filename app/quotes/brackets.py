"""What a bracket puts into a quote: which words of the source it stands for, and whether it may."""

from __future__ import annotations

import functools

from app.grounding.polarity import antonyms
from app.quotes.compare import bounded
from app.quotes.edits import negates
from app.quotes.lexicon import Lexicon
from app.quotes.result import Edit, Severity
from app.quotes.speaker import people_of, same_person
from app.quotes.units import units_of
from indexing.documents import Document
from indexing.people import bare, is_name, name_of, words_of
from indexing.persons import gender_of
from indexing.tokens import Tokens
from indexing.words import stems

WIDEST = 6  # words that a bracket may stand for
FIRST = frozenset("i me my mine myself we us our ours".split())
HE, SHE = frozenset("he him his himself".split()), frozenset("she her hers herself".split())


def replaced_before(text: Tokens, at: int, lexicon: Lexicon) -> int:
    """The first word that a bracket before this word stands for: a pronoun, a name, or a phrase from its article on;
    the word itself where a sentence or a quotation begins with it, so that the bracket adds what nothing stood for."""
    if at == 0 or bounded(text, at):
        return at
    if lexicon.kind(text.keys[at - 1]) == "pronoun":
        return at - 1
    begin, named = at - 1, text.word(at - 1)[:1].isupper()
    while begin > max(0, at - WIDEST) and not bounded(text, begin):
        if not named and lexicon.kind(text.keys[begin]) in ("article", "pronoun"):
            break
        if named and not text.word(begin - 1)[:1].isupper():
            break
        begin -= 1
    return begin


def replaced_after(text: Tokens, at: int, size: int) -> int:
    """Behind the last word that a bracket of so many words behind this place may stand for."""
    end = at
    while end < min(len(text), at + size) and not bounded(text, end):
        end += 1
    return end


class Bracket:
    """One bracket: words of the quote in the place of words of a text, which may be none; both as ranges."""

    def __init__(
        self, quote: Tokens, inside: tuple[int, int], text: Tokens, gone: tuple[int, int], lexicon: Lexicon
    ) -> None:
        self._quote, self._inside = quote, inside
        self._text, self._gone = text, gone
        self._lexicon = lexicon
        self._words, self._there = quote.keys[slice(*inside)], text.keys[slice(*gone)]

    def edit(self, document: Document, speaker: str = "") -> Edit | None:
        """What is wrong with it where the speaker is this one, or nobody knows who; None where it may stand."""
        if not self._lexicon.judges:
            return None
        return (
            self._other_figure()
            or self._other_name(document, speaker)
            or self._contrary()
            or self._unsupported(document)
        )

    def _other_figure(self) -> Edit | None:
        ours, theirs = self._figures(self._quote, self._inside), self._figures(self._text, self._gone)
        if ours and theirs and ours != theirs:
            return self._made("quantity", "critical", "the bracket puts another figure")
        return None

    def _other_name(self, document: Document, speaker: str) -> Edit | None:
        ours, theirs = _name(self._quote, self._inside), _name(self._text, self._gone)
        if not ours:
            return None
        if theirs and not set(self._words) & set(self._there) and same_person(ours, theirs, document) is False:
            return self._made("name", "critical", f"the bracket puts “{ours}” in the place of “{theirs}”")
        gender = gender_of(_full(ours, document))
        if (gender == "f" and HE & set(self._there)) or (gender == "m" and SHE & set(self._there)):
            return self._made("name", "critical", f"the source's “{self._shown()}” is not said of {ours}")
        if speaker and FIRST & set(self._there) and gender and same_person(ours, speaker, document) is False:
            return self._made("name", "critical", f"the source's “{self._shown()}” is said by {speaker}, not {ours}")
        known = set(self._text.keys) | set(stems(f"{document.metadata.title} {document.metadata.author}"))
        if not any(bare(word) in known or word.casefold() in known for word in ours.split()) and not theirs:
            return self._made("name", "substantive", f"the document does not name {ours}")
        return None

    def _contrary(self) -> Edit | None:
        """`[fall]` where the source says `rise`, `[dishonest]` where it says `honest`."""
        ours = [word for word in self._words if word not in self._there]
        theirs = [word for word in self._there if word not in self._words]
        pairs = {(one, other) for one in theirs for other in ours}
        apart = any(negates(*pair) or _stem(pair[0]) in antonyms().get(_stem(pair[1]), ()) for pair in pairs)
        directions = [any(self._lexicon.kind(word) == "comparative" for word in side) for side in (ours, theirs)]
        if apart or (all(directions) and len(ours) == len(theirs) == 1):
            return self._made("bracket", "critical", "the bracket says the contrary of the source")
        return None

    def _unsupported(self, document: Document) -> Edit | None:
        """Words of meaning that neither the document has nor are forms of what stood there."""
        telling = [
            word
            for word in self._words
            if word.isalpha() and word not in self._lexicon.common and not self._lexicon.kind(word) and len(word) > 2
        ]
        figures = [word for word in self._words if any(char.isdigit() for char in word)]
        known = set(_stems(document.text)) | set(_stems(f"{document.metadata.title} {document.metadata.date}"))
        if figures and not telling and not set(figures) & (set(self._text.keys) | {document.metadata.date[:4]}):
            return self._made("quantity", "substantive", "the document has no such figure")
        if telling and not {_stem(word) for word in telling} & known:
            return self._made("bracket", "substantive", f"the document does not say “{' '.join(telling)}”")
        return None

    def _figures(self, tokens: Tokens, words: tuple[int, int]) -> set[str]:
        """The values of the figures among these words; `one` is a figure here."""
        units = units_of(tokens, *words, self._lexicon, house=True)
        return {"#1" if one.key == "one" else one.key for one in units if one.figure or one.key == "one"}

    def _shown(self) -> str:
        first, last = self._gone
        return self._text.shown[self._text.starts[first] : self._text.ends[last - 1]] if first < last else ""

    def _made(self, kind: str, severity: Severity, note: str) -> Edit:
        first, last = self._gone
        begin, end = self._inside
        start = self._text.starts[first] if first < len(self._text) else len(self._text.shown)
        span = self._text.source(first, last) if first < last else self._text.place(start, start)
        after = self._quote.shown[self._quote.starts[begin] : self._quote.ends[end - 1]]
        return Edit(kind, severity, self._shown(), after, span, self._quote.source(begin, end), note)


def _name(tokens: Tokens, words: tuple[int, int]) -> str:
    """The name among these words, without their articles; empty where they have none."""
    run = [tokens.word(index) for index in range(*words) if tokens.word(index)[:1].isupper()]
    name = name_of(run) if run else ""
    return name if name and is_name(name) and bare(name) not in words_of("function") else ""


def _full(name: str, document: Document) -> str:
    return people_of(document.text).resolve(name)


def _stem(word: str) -> str:
    return next(iter(stems(word)), word)


@functools.lru_cache(maxsize=64)
def _stems(text: str) -> frozenset[str]:
    return frozenset(stems(text))
