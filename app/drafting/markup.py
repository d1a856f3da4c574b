"""From a model's Markdown to plain words, a character at a time: what is decided never depends on where deltas end.

Images, HTML, the targets of links and emphasis are dropped, a link's own text is kept, and the signs of lists and
headings become tokens. At most `HELD` characters are kept back, and each is looked at no more than a few times.
"""

from __future__ import annotations

import html
import re
import string
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

HELD = 400  # characters that may wait for the bracket that closes them
LONGEST_WORD = 1000  # characters without white space after which a word is cut
SEEN = "\n\r\t\u200c\u200d\u200e\u200f"  # controls that texts need: lines, joiners of letters, the direction of writing
LONGEST_ENTITY = 32  # characters of a name between `&` and `;`

_WITHIN_A_LINE = re.compile(
    r"</?(?:a|abbr|b|cite|code|del|em|font|i|img|ins|kbd|mark|q|s|samp|small|span|strong|sub|sup|u|var|wbr)\b|<[!?|]",
    re.IGNORECASE,
)
_REASONING = "think|thinking|thoughts?|reasoning|reflection|scratchpad|analysis"
_HIDING_TAG = re.compile(rf"<(script|style|iframe|svg|tool_call|{_REASONING})\b[^>]*(?<!/)>", re.IGNORECASE)
_REASONED = re.compile(rf"</(?:{_REASONING})\s*>", re.IGNORECASE)
_PREFIX = re.compile(r"(?:[-*+•–—>]|#{1,6}|(\d{1,3})[.)])[ \t]")
_PREFIX_SO_FAR = re.compile(r"(?:[-*+•–—>]|#{1,6}|\d{1,3}[.)]?)")
_OPENING, _CLOSING = "[【［", "]】］"
_EMPHASIS = re.compile(r"[*`]+|~~+|(?<!\w)_+|_+(?!\w)")


@dataclass(frozen=True, slots=True)
class Token:
    """`word`: characters without white space; `marker`: what stands between the brackets of a reference; `line`: a line
    ends; `item`: a list item begins, and `heading`: a heading, both at the start of their line; `reasoned`: what came
    before was no answer, but what the model thought on the way."""

    kind: Literal["word", "marker", "line", "item", "heading", "reasoned"]
    text: str = ""


class PlainText:
    """Feed it deltas of any size, then `finish`; `is_marker` tells a reference in square brackets from other text."""

    def __init__(self, is_marker: Callable[[str], bool]) -> None:
        self._is_marker = is_marker
        self._word: list[str] = []
        self._held: list[str] = []
        # What is being read: a line's start, plain text, brackets (`[`, `<`), brackets just closed (`]`), or what is
        # dropped up to its end: a link's target (`(`), a tag too long to hold (`>`), an element's inside (`hidden`).
        self._state: Literal["line", "text", "[", "]", "<", "(", ">", "hidden"] = "line"
        self._hiding = ""
        self._number = 0  # of the last list item
        self._code = ""  # of a character that is written as an entity or behind a backslash, as far as it has come

    @property
    def hidden(self) -> bool:
        """Whether what is read now is dropped."""
        return self._state == "hidden"

    def feed(self, delta: str) -> Iterator[Token]:
        for character in delta:
            for meant in self._meant(character):
                if meant in SEEN or unicodedata.category(meant) not in ("Cc", "Cf"):
                    yield from self._step(meant)

    def finish(self) -> Iterator[Token]:
        """What was held back, now that nothing follows; ends with a `line`."""
        code, self._code = self._code, ""
        for character in [*code, "\n"]:
            yield from self._step(character)
        if self._state == "<":
            yield from self._release("")
            yield from self._step("\n")

    def _meant(self, character: str) -> str:
        """The characters that are known now: `&quot;` is a mark, also as `&amp;quot;`, and `\\[` is a bracket."""
        if not self._code:
            if character in "&\\":
                self._code = character
                return ""
            return "\n" if character in "\u2028\u2029" else character
        code, self._code = self._code, ""
        if code == "\\":
            return character if character in string.punctuation else code + self._meant(character)
        if character == ";" and (entity := html.unescape(f"{code};")) != f"{code};":
            return "".join(map(self._meant, entity))
        if len(code) < LONGEST_ENTITY and character.isascii() and (character.isalnum() or character == "#"):
            self._code = code + character
            return ""
        return code + self._meant(character)

    def _step(self, character: str) -> Iterator[Token]:
        match self._state:
            case "line":
                yield from self._at_line_start(character)
            case "text":
                yield from self._in_text(character)
            case "[":
                yield from self._in_brackets(character)
            case "]":
                yield from self._after_brackets(character)
            case "<":
                yield from self._in_tag(character)
            case _:
                yield from self._in_dropped(character)

    def _at_line_start(self, character: str) -> Iterator[Token]:
        if character in " \t" and not self._held:
            return
        so_far = "".join([*self._held, character])
        if found := _PREFIX.fullmatch(so_far):
            number = int(found[1]) if found[1] else 0
            if number in (0, 1, self._number + 1):  # `52. ` may be an answer, it is no list item
                self._number = number or self._number
                self._held = []
                yield Token("heading" if so_far[0] == "#" else "item")
                return
        elif _PREFIX_SO_FAR.fullmatch(so_far):
            self._held.append(character)
            return
        held, self._held, self._state = self._held, [], "text"
        for earlier in [*held, character]:
            yield from self._step(earlier)

    def _in_text(self, character: str) -> Iterator[Token]:
        if character in "\n\r":
            yield from self._end_word()
            self._state = "line"
            yield Token("line")
        elif character.isspace():
            yield from self._end_word()
        elif character in _OPENING:
            self._held, self._state = [character], "["
        elif character == "<":
            self._held, self._state = [character], "<"
        elif character == "(" and self._word[-1:] == ["]"]:  # the rest of a link around an image
            del self._word[-2 if self._word[-2:] == ["[", "]"] else -1 :]
            self._held, self._state = ["[", "]"], "("
        else:
            yield from self._put(character)

    def _in_brackets(self, character: str) -> Iterator[Token]:
        if character in _CLOSING:
            self._held.append(character)
            self._state = "]"
        elif character in _OPENING or character in "\n\r" or len(self._held) >= HELD:
            yield from self._release(character)
        else:
            self._held.append(character)

    def _after_brackets(self, character: str) -> Iterator[Token]:
        if character == "(":
            self._state = "("
        elif self._is_marker("".join(self._held[1:-1])):
            yield from self._end_brackets()
            yield from self._step(character)
        else:
            yield from self._release(character)

    def _in_tag(self, character: str) -> Iterator[Token]:
        no_tag = len(self._held) == 1 and not (character.isascii() and (character.isalpha() or character in "/!?|"))
        if no_tag and character == "<":  # `<<` for a mark
            self._held, self._state = [], "text"
            yield from self._put("«")
        elif no_tag or character == "<":
            yield from self._release(character)
        elif character == ">":
            yield from self._end_tag("".join([*self._held, ">"]))
        elif len(self._held) >= HELD:
            self._held, self._state = [], ">"
        else:
            self._held.append(character)

    def _in_dropped(self, character: str) -> Iterator[Token]:
        if self._state == "hidden":
            self._held = [*self._held[-len(self._hiding) - 2 :], character.lower()]
            if "".join(self._held) == f"</{self._hiding}>":
                self._held, self._state = [], "text"
        elif self._state == "(" and character in ")\n\r":
            yield from self._end_brackets()
            if character != ")":
                yield from self._step(character)
        elif self._state == ">" and character == ">":
            self._held, self._state = [], "text"

    def _end_brackets(self) -> Iterator[Token]:
        """Brackets whose meaning is known: a reference, or a link or image whose target was dropped."""
        inside, self._held, self._state = "".join(self._held[1:-1]), [], "text"
        if self._is_marker(inside):
            yield from self._end_word()
            yield Token("marker", inside)
        elif self._word and self._word[-1] == "!":
            self._word.pop()
        else:
            for character in inside:
                yield from self._step(character)

    def _end_tag(self, tag: str) -> Iterator[Token]:
        self._held, self._state = [], "text"
        if hiding := _HIDING_TAG.fullmatch(tag):
            self._hiding, self._state = hiding[1].lower(), "hidden"
        elif _REASONED.fullmatch(tag):
            self._word, self._state = [], "line"
            yield Token("reasoned")
        elif not _WITHIN_A_LINE.match(tag):
            yield from self._step("\n")

    def _release(self, character: str) -> Iterator[Token]:
        """The held characters are text after all: the first as it is, the rest anew, then `character`."""
        held, self._held, self._state = self._held, [], "text"
        yield from self._put(held[0])
        for later in [*held[1:], *character]:
            yield from self._step(later)

    def _put(self, character: str) -> Iterator[Token]:
        if character == ">" and self._word[-1:] == [">"]:
            self._word[-1] = "»"
        else:
            self._word.append(character)
        if len(self._word) >= LONGEST_WORD:
            yield from self._end_word()

    def _end_word(self) -> Iterator[Token]:
        word, self._word = "".join(self._word), []
        plain = word if word in ("*", "_") else _EMPHASIS.sub("", word)
        if plain and plain != "[]":
            yield Token("word", plain)
