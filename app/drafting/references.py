"""From a model's deltas to finished statements: plain sentences, each with the references that the model gave it.

Every decision depends on the characters alone, never on where the deltas were cut, and looks at a bounded part of the
answer (`WINDOW`, `LONGEST`), so that the work is linear in its length.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from app.drafting.markup import PlainText, Token

WINDOW = 160  # characters before a full stop that decide whether it ends a sentence
LONGEST = 2000  # characters after which a sentence without an end is cut between words
WIDEST = 50  # sentences in a range; nothing shown to a model is that long

_NUMBER = r"(?:0[1-9](?!\d)|[1-9]\d{0,2})"
_NAMED = r"(?:(?:passage|sentence|source|ref|[ps])s?[.:]?\s*)?\^?"
_ITEM = rf"{_NAMED}({_NUMBER})(?:\.({_NUMBER}))?(?:\s*[-–]\s*(?:({_NUMBER})\.)?({_NUMBER}))?"
_ITEMS = re.compile(_ITEM, re.IGNORECASE)
_MARKER = re.compile(rf"\s*{_ITEM}(?:\s*(?:[,;&]|and)\s*{_ITEM})*\s*\.?\s*(?:†.*)?", re.IGNORECASE)
_MAY_END = re.compile(r"[.!?…][\"'”’»)\]]*$")
# What the sentence splitter takes for an end although it never is one.
_NEVER_ENDS = re.compile(r"(?:^|[\s(\"“])(?:Lt|Col|Maj|Adm|Sgt|Capt|Brig|e\.g|i\.e|cf|approx)\.$")
_PLAIN_END = re.compile(r"(?:^|.*[^\w.])[a-z]{2,}[.!?…][\"'”’»)\]]*$")  # of a word that is no initials, title or month
_LEANS_BACK = re.compile(r"[.,;:!?…](?!\d)|[)\]\"'”’»]+[.,;:!?…]*$")
_BRACKETS = re.compile(r"\s*[\[【［]([^\[\]【】［］]*)[\]】］]")
# Links and images whose address stands elsewhere: `[words][label]`, `[label]: address`, and what is left of such.
_LABELLED = re.compile(r"!?\[([^\[\]]*)\]\s?\[[^\[\]]*\]")
_DEFINED = re.compile(r"\[[^\[\]]+\]:\s*\S+")
_LINKING = re.compile(r"!(?=\[)|(?<=\])(?=\()")
_EMPTY_BRACKETS = re.compile(r"\s*(?:\(\s*\)|\[\s*\])")
_LEFT_BEFORE = re.compile(r"^[:;,.]\s+")  # of a marker that led its line


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """Passage and sentence as numbered in the prompt, both from 1; sentence 0 means the passage as a whole."""

    passage: int
    sentence: int


@dataclass(frozen=True, slots=True)
class Claim:
    """One sentence of a model's answer without its markers; `finished`: the answer did not break off inside it."""

    text: str
    references: tuple[Reference, ...]
    finished: bool = True


WITHDRAWN = Claim("", ())
"""In the place of a claim: all claims before it were what the model thought, not what it answers."""


def parse_marker(inside: str) -> tuple[Reference, ...]:
    """What stands between square brackets as references, in order, without repeats; nothing when it is no marker.

    `1.2`, `2.1, 2.3`, `1.2-1.4`, `1.2-4`, `1`, `1-3` (passages). A number of four digits is a year, not a reference.
    """
    inside = unicodedata.normalize("NFKC", inside)
    if not _MARKER.fullmatch(inside):
        return ()
    found: dict[Reference, None] = {}
    for match in _ITEMS.finditer(inside.partition("†")[0]):
        passage, sentence, last_passage, last = (int(number or 0) for number in match.groups())
        found.update(dict.fromkeys(_range(Reference(passage, sentence), last_passage, last)))
    return tuple(found)


def _range(first: Reference, last_passage: int, last: int) -> list[Reference]:
    if not last:
        return [first]
    if not first.sentence and not last_passage:
        return [Reference(number, 0) for number in range(first.passage, min(last, first.passage + WIDEST) + 1)]
    if last_passage in (0, first.passage):
        numbers = range(first.sentence, min(last, first.sentence + WIDEST) + 1)
        return [Reference(first.passage, number) for number in numbers]
    return [first, Reference(last_passage, last)]  # across passages only the two ends are named


def read_claims(deltas: Iterable[str]) -> Iterator[Claim]:
    """All claims of a text, each as soon as it is known to be finished; what a model thinks aloud counts as well."""
    parser = ReferenceParser()
    for delta in deltas:
        yield from (claim for claim in parser.feed(delta) if claim is not WITHDRAWN)
    yield from (claim for claim in parser.finish() if claim is not WITHDRAWN)


class ReferenceParser:
    """Feed it deltas of any size, then `finish`; a claim comes out once the word after it shows that it is finished.

    A marker belongs to the sentence it stands in, directly behind, or alone on the line below. Where markers lead
    (`[1.1] So. [1.2] And so.`: a line that begins with one), the next ones lead too. A heading is a claim only when it
    has a reference, a line without a letter or digit never.
    """

    def __init__(self) -> None:
        self._plain = PlainText(lambda inside: bool(parse_marker(inside)))
        self._ahead: list[Reference] = []  # markers of the sentence to come
        self._break: Literal["", "line", "paragraph"] = ""  # what ended after the sentence's last word
        self._closed = False  # whether markers stood there
        self._heading = False
        self._begin([])

    def _begin(self, ahead: list[Reference]) -> None:
        self._words: list[str] = []
        self._length = 0
        self._own: list[Reference] = ahead
        self._leads = bool(ahead)
        self._behind: list[Reference] = []  # markers after its last word so far
        self._sure = False  # whether its last word is closed by a full stop behind a marker: no abbreviation

    @property
    def hidden(self) -> bool:
        """Whether what is read now is no part of the answer."""
        return self._plain.hidden

    def feed(self, delta: str) -> Iterator[Claim]:
        for token in self._plain.feed(delta):
            yield from self._take(token)

    def finish(self) -> Iterator[Claim]:
        """The rest, when the answer is over."""
        line_ended = bool(self._break)
        for token in self._plain.finish():
            yield from self._take(token)
        if self._words:
            yield from self._end(line_ended or self._closed or bool(_MAY_END.search(self._words[-1])))

    def _take(self, token: Token) -> Iterator[Claim]:
        match token.kind:
            case "word":
                yield from self._take_word(token.text)
            case "marker" if self._break or not self._words:
                self._ahead += parse_marker(token.text)
            case "marker":
                self._behind += parse_marker(token.text)
            case "line":
                self._end_line()
            case "reasoned":
                self._ahead, self._break, self._heading = [], "", False
                self._begin([])
                yield WITHDRAWN
            case "item" | "heading":
                yield from self._end_if_any()
                self._heading = token.kind == "heading"

    def _take_word(self, word: str) -> Iterator[Claim]:
        if self._break and not self._goes_on(word):
            yield from self._end_if_any()
        elif self._words and not self._break and self._ends_before(word):
            if self._leads:
                self._ahead = self._behind
            else:
                self._own += self._behind
            yield from self._end()
        elif self._length > LONGEST:
            self._own += self._behind
            yield from self._end()
        self._add(word)

    def _add(self, word: str) -> None:
        if not self._words:
            self._begin(self._ahead)
        else:
            self._own += self._behind + self._ahead
        after_marker = bool(self._behind)
        self._behind, self._ahead, self._break = [], [], ""
        self._sure = after_marker and bool(_LEANS_BACK.match(word)) and bool(_MAY_END.search(word))
        if after_marker and _LEANS_BACK.match(word):
            self._words[-1] += word
        else:
            self._words.append(word)
        self._length += len(word) + 1

    def _goes_on(self, word: str) -> bool:
        """Whether the line below continues the sentence: prose that was wrapped, not a new line."""
        wrapped = self._break == "line" and not self._heading and not self._ahead
        return wrapped and word[0].islower() and not _MAY_END.search(self._words[-1])

    def _end_line(self) -> None:
        if not self._words:
            self._heading = False
            return
        self._closed = bool(self._behind or self._ahead)
        self._own += self._behind + self._ahead  # ahead: a marker that stood alone on its line
        self._break = "paragraph" if self._break else "line"
        self._behind, self._ahead = [], []

    def _ends_before(self, word: str) -> bool:
        """Whether the sentence so far ends where `word` follows."""
        last = self._words[-1]
        if not _MAY_END.search(last) or (self._behind and _LEANS_BACK.match(word)):
            return False
        if self._sure or (self._behind and word[0].isupper() and _PLAIN_END.match(last)):
            return True
        before = " ".join(self._words[-WINDOW // 4 :])[-WINDOW:]
        return not _NEVER_ENDS.search(before) and _splits(before, word[:WINDOW])

    def _end_if_any(self) -> Iterator[Claim]:
        if self._words:
            yield from self._end()

    def _end(self, finished: bool = True) -> Iterator[Claim]:
        text = " ".join(self._words)
        # What became a marker only when markup in its middle was dropped must not pass for one of ours.
        text = _BRACKETS.sub(lambda match: "" if parse_marker(match[1]) else match[0], text).strip()
        text = _LINKING.sub(" ", _DEFINED.sub("", _LABELLED.sub(r"\1", text))).strip()
        if self._own:
            text = _LEFT_BEFORE.sub("", _EMPTY_BRACKETS.sub("", text))
        if any("\ud800" <= character <= "\udfff" for character in text):  # halves of a character in two deltas
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        shown = any(character.isalnum() for character in text) and (not self._heading or bool(self._own))
        claim = Claim(text, tuple(dict.fromkeys(self._own)), finished)
        self._break, self._heading = "", False
        self._begin([])
        if shown:
            yield claim


def _splits(before: str, word: str) -> bool:
    import nupunkt  # 50 ms, and only a generated answer needs it

    return any(end >= len(before) for _, end in nupunkt.sent_spans(f"{before} {word}")[:-1])
