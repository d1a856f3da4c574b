"""One paragraph as words, with what is quoted in it as single tokens, and the noun phrases around its verbs.

There is no parser here: a phrase is read as far as short lists of words carry, and not at all where they do not.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from indexing.people import bare, is_title, name_of, words_of
from indexing.spans import Span

QUOTED = "\ue000\ue001"  # stand for what is inside quotation marks, in turn, so that neighbours stay two
TOKEN = re.compile(r"\ue000+|\ue001+|[^\W_]+(?:['’.&-][^\W_]+)*|[^\w\s]")
END = ".!?…"
PASTS = frozenset(
    "met went made held took got gave won lost ran led left sent came saw had kept put set cut hit beat fought drew "
    "grew knew spoke rose fell felt found brought bought taught caught began became stood sat spent paid sold built "
    "meets wins leads joins visits makes takes gives goes gets holds keeps faces runs".split()
)
NOT_ADVERBS = frozenset("ally family assembly reply supply daily weekly monthly early only bully rally july".split())
LONGEST = 10  # words of a noun phrase
INITIAL = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]$")
SHORTENED = frozenset(
    "mr mrs ms dr prof sen sens rep reps gov govs gen lt col sgt capt maj cmdr adm st jr sr rev hon vs no jan feb mar "
    "apr aug sept oct nov dec fla calif mass conn ariz ala ga pa tex ill mich minn wis wash va tenn inc corp co "
    "ltd then-sen then-rep then-gov".split()
)
PRONOUNS = frozenset("he she they it we i you who this that those these others another er sie es il elle ils".split())
DETERMINERS = frozenset(
    "the a an his her their its my our your one two three four five some many several other another both no each every "
    "any most few der die das ein eine le la les un une des".split()
)
PREPOSITIONS = frozenset(
    "of for from at with in on by to about as into over under against during after before since between among through "
    "near like than via upon toward towards despite behind across around without within outside inside "
    "nach vor bei mit von im am zum zur dans sur avec pour à au aux".split()
)
BREAKS = frozenset(
    "that and but or when while because if where though although so whether what how why which who whom whose then "
    "until unless dass und aber wenn weil que et mais qui".split()
)
AUXILIARIES = frozenset(
    "has have had is was were are be been being would will could can may might shall should must do does did not never "
    "n't hadn't hasn't haven't didn't doesn't don't won't wouldn't couldn't can't isn't wasn't weren't aren't "
    "hat haben hatte hatten ist sind war waren wird werden ont avait est sont était".split()
)
ADVERBS = frozenset(
    "also then later once again often still even just already first soon now never always further earlier afterward "
    "afterwards thus instead simply sometimes meanwhile too back however famously twice today yesterday".split()
)


class Token(NamedTuple):
    """A word, a mark of punctuation, or all of a quotation (`number` is which); offsets are the document's."""

    start: int
    end: int
    text: str
    low: str
    kind: Literal["word", "mark", "quoted"]
    number: int = -1

    @property
    def capital(self) -> bool:
        return self.kind == "word" and self.text[0].isupper()


# `Washington (AFP) –`, `HOLM VALE, Nov 5 (Midland Wire) -`, `PARIS —`: where and by whom, and nobody who speaks.
DATELINE = re.compile(
    r"[A-Z][\w.’'-]*(?:,? [\w.’'-]+){0,5} ?\([A-Z][\w.&/ -]{1,24}\) ?[-–—]+\s|"
    r"[A-Z]{3,}(?:[ ,.]+[A-Z][A-Z.]+){0,3} ?[–—]+\s"
)


@dataclass(frozen=True, slots=True)
class Phrase:
    """A noun phrase: its tokens `[first, last)`, and the name it is, empty for a pronoun or a description."""

    first: int
    last: int
    name: str


class Line:
    """One paragraph's tokens; `quoted` are the spans in it that count as one token each."""

    def __init__(self, text: str, span: Span, quoted: Sequence[Span]) -> None:
        self.text, self.span = text, span
        parts, at = [], span.start
        for number, inside in enumerate(quoted):
            parts += [text[at : inside.start], QUOTED[number % 2] * len(inside)]
            at = inside.end
        parts.append(text[at : span.end])
        self.tokens = _tokens("".join(parts), span.start)
        self.places = {token.number: index for index, token in enumerate(self.tokens) if token.kind == "quoted"}
        self.begins = self._sentence_begins(quoted)

    def sentence(self, index: int) -> tuple[int, int]:
        """The tokens `[first, last)` of the sentence that holds a token, without end mark and dateline."""
        first = self.begins[index]
        last = index
        while last < len(self.tokens) and self.begins[last] == first:
            last += 1
        if dateline := DATELINE.match(self.text, self.tokens[first].start):
            while first < index and self.tokens[first].start < dateline.end():
                first += 1
        while last > first and self.tokens[last - 1].text in END:
            last -= 1
        return first, last

    def phrase(self, first: int, last: int) -> Phrase | None:
        """The noun phrase that begins at a token, read as far as `last`; None where none begins."""
        tokens = self.tokens
        if first >= last or tokens[first].kind != "word":
            return None
        head = tokens[first]
        if head.low in PRONOUNS and not (head.low in DETERMINERS and self._goes_on(first + 1, last)):
            return Phrase(first, first + 1, "")
        if head.low in PREPOSITIONS or head.low in BREAKS or head.low in AUXILIARIES:
            return None
        end = first + 1
        while end < last and end - first < LONGEST and self._goes_on(end, last):
            if head.capital and not self.tokens[end].capital and self._acts(end, last):
                break
            end += 1
        if head.low in DETERMINERS and end == first + 1 and head.low not in ("one", "some", "many", "several", "both"):
            return None
        return Phrase(first, end, self._name(first, end))

    def _acts(self, index: int, last: int) -> bool:
        """Whether the small words from a token to the next name are a verb (`Lee met Ray`), not what that one is
        (`Trump campaign manager Lee`)."""
        if not self.tokens[index - 1].capital:
            return False
        at = index
        while at < last and self.tokens[at].kind == "word" and not self.tokens[at].capital:
            at += 1
        named = at < last and self.tokens[at].capital and at - index <= 3
        low = self.tokens[index].low
        return named and not is_title(low) and (low.endswith("ed") or low in PASTS)

    def _goes_on(self, index: int, last: int) -> bool:
        """Whether a noun phrase goes on with this token."""
        if index >= last:
            return False
        token = self.tokens[index]
        if token.kind != "word" or bare(token.text) in words_of("days"):
            return False
        if token.low in ("of", "for") and token.text != "of":
            return False
        if token.text == "of" or token.text == "&":
            return self.tokens[index - 1].capital and index + 1 < last and self.tokens[index + 1].capital
        if token.capital:
            return True
        return not (
            token.low in PREPOSITIONS
            or token.low in BREAKS
            or token.low in AUXILIARIES
            or token.low in ADVERBS
            or is_adverb(token.low)
        )

    def _name(self, first: int, last: int) -> str:
        """The name that a phrase ends with; empty where it ends with a common noun."""
        tokens = self.tokens
        begin = last
        while begin > first and (tokens[begin - 1].capital or self._joins(begin - 1, first, last)):
            begin -= 1
        words = [token.text for token in tokens[begin:last]]
        single_noun = (
            len(words) == 1 and begin == first + 1 and tokens[first].low in ("der", "die", "das", "ein", "eine")
        )
        return "" if not words or single_noun else name_of(words)

    def _joins(self, index: int, first: int, last: int) -> bool:
        """A small word within a name: `of`, `de`, `van`."""
        inside = first < index < last - 1 and self.tokens[index - 1].capital and self.tokens[index + 1].capital
        return inside and self.tokens[index].low in (
            "of",
            "de",
            "da",
            "del",
            "van",
            "von",
            "den",
            "der",
            "bin",
            "al",
            "&",
        )

    def _sentence_begins(self, quoted: Sequence[Span]) -> list[int]:
        """For each token the first of its sentence. A quotation that ends one ends it unless its speaker follows."""
        begins, first = [], 0
        tokens = self.tokens
        for index, token in enumerate(tokens):
            begins.append(first)
            following = tokens[index + 1] if index + 1 < len(tokens) else None
            if following is None or following.start == token.end:
                continue
            if token.kind == "mark" and token.text in END:
                first = index + 1
            elif token.kind == "quoted":
                said = self.text[quoted[token.number].start : quoted[token.number].end].rstrip("\"'”’»“‘* \u00a0")
                opens = following.capital or following.kind == "quoted"
                if said[-1:] in END and opens:
                    first = index + 1
            elif token.text in ")]" and index and tokens[index - 1].text in END and following.capital:
                first = index + 1
        return begins


def is_adverb(low: str) -> bool:
    return low.endswith("ly") and low not in NOT_ADVERBS


def _tokens(masked: str, offset: int) -> list[Token]:
    found: list[Token] = []
    number = 0
    for match in TOKEN.finditer(masked):
        start, end = match.span()
        text = match[0]
        if text[0] in QUOTED:
            found.append(Token(offset + start, offset + end, text[0], "", "quoted", number))
            number += 1
        elif text[0].isalnum():
            found.append(Token(offset + start, offset + end, text, text.casefold().replace("’", "'"), "word"))
        elif text == "." and found and found[-1].end == offset + start and _shortened(found[-1]):
            before = found.pop()
            found.append(before._replace(end=offset + end, text=before.text + "."))
        else:
            found.append(Token(offset + start, offset + end, text, text, "mark"))
    return found


def _shortened(token: Token) -> bool:
    """Whether a dot after this word belongs to it."""
    if token.kind != "word":
        return False
    return token.low in SHORTENED or (token.capital and INITIAL.match(token.text) is not None)
