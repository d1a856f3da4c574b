"""A text as the words a reader sees, in order, each with its place: what quotes are compared with and searched by.

A word is a run of letters and digits with the `'`, `.` and `,` inside it, and a sign of currency, minus or percent at a
figure. Markup and stage directions such as `(LAUGHTER)` are no words; a Chinese or Japanese character is one.
"""

from __future__ import annotations

import functools
import html
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from indexing.clean import View
from indexing.documents import Sentence
from indexing.fold import INVISIBLE, fold
from indexing.markdown import markdown_blocks
from indexing.spans import Span, hull

MARKDOWN = (".md", ".markdown")
LONGEST = 100  # characters of a word that are indexed
CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_MARK = r"\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u0900-\u0903\u093a-\u094f\u1ab0-\u1aff"
_MARK += r"\u1dc0-\u1dff\u20d0-\u20dc\ufe20-\ufe2f"
_UNSEEN = "".join(map(re.escape, INVISIBLE))
_FIGURE = r"(?:(?<![\w\u2212-])[-\u2212])?[$€£¥₹]?\d+(?:[.,]\d+)*"
_INITIALS = r"[^\W\d_](?:\.[^\W\d_])+(?![^\W_])"
_CHANGED = r"\[[^\W\d_]\](?=['’]?[^\W_])"  # the letter of `[T]he`
WORD = re.compile(rf"(?:{_CHANGED}|{_FIGURE}|{_INITIALS}|[^\W_]+)(?:['’ʼ]?[^\W_]+)*%?")
# The same with what may stand inside a word unseen: combining marks, soft hyphens, controls.
RARE = re.compile(rf"[{_MARK}{_UNSEEN}]")
_RUN = rf"[^\W_](?:[{_MARK}{_UNSEEN}]*[^\W_]|[{_MARK}])*"
RARE_WORD = re.compile(rf"(?:{_CHANGED}|{_FIGURE}|{_INITIALS}|{_RUN})(?:[{_UNSEEN}]*['’ʼ]?[{_UNSEEN}]*{_RUN})*%?")
DIRECTION = re.compile(
    r"[(\[]\s*(?:(?:loud |some |scattered )?(?:laugh(?:s|ter|ing)?|applau(?:se|ds)|cheer(?:s|ing)|boo(?:s|ing)|"
    r"cross-?talk|inaudible|unintelligible|pause[sd]?|ph|sic)(?:[ ,]+(?:and )?[a-z]+){0,3}|"
    r"[A-Z]{5,}(?:[ ,]+[A-Z]+){0,4})[.!]?\s*[)\]]",
)
ENTITY = re.compile(r"&(?:[a-z]{2,8}|#\d{1,6}|#x[\da-f]{1,5});", re.IGNORECASE)  # Markdown's way to write a mark
DIVIDED = re.compile(r"[-\u2010\u00ad][ \t]*\r?\n[ \t]*")
_SPLIT = str.maketrans(dict.fromkeys("'.,$€£¥₹%-", " "))


class Origins(Protocol):
    """Where the characters of what is shown stand in the text."""

    @property
    def pieces(self) -> tuple[Span, ...]: ...

    def source(self, span: Span) -> tuple[Span, ...]: ...


@dataclass(frozen=True)
class Tokens:
    """The words of a text. `shown` is what a reader sees; `view` says where it stands in the text, None: as it is.

    `starts` and `ends` are places in `shown`; `keys` are the words folded and in lower case.
    """

    shown: str
    starts: Sequence[int]
    ends: Sequence[int]
    keys: Sequence[str]
    view: Origins | None = None

    def __len__(self) -> int:
        return len(self.keys)

    def word(self, index: int) -> str:
        """As it is printed, folded, without the hyphen of a line's end."""
        word = self.shown[self.starts[index] : self.ends[index]]
        return folded(DIVIDED.sub("", word) if "\n" in word else word).replace("[", "").replace("]", "")

    def gap(self, index: int) -> str:
        """What stands between a word and the one before it, folded; at the ends, to the end of the text."""
        start = self.ends[index - 1] if index else 0
        end = self.starts[index] if index < len(self) else len(self.shown)
        return folded_gap(self.shown[start:end])

    def source(self, first: int, last: int) -> Span:
        """The characters of the text from one word to before another, of which there is at least one."""
        return self.place(self.starts[first], self.ends[last - 1])

    def place(self, start: int, end: int) -> Span:
        """A span of `shown` as one of the text; an empty one is where the next character stands."""
        if self.view is None:
            return Span(start, end)
        if start < end:
            return hull(self.view.source(Span(start, end)))
        after = self.view.source(Span(start, start + 1)) if start < len(self.shown) else ()
        at = after[0].start if after else self.view.pieces[-1].end if self.view.pieces else 0
        return Span(at, at)

    def index_at(self, offset: int) -> int:
        """The first word that ends behind an offset of the text."""
        return bisect_right(self._source_ends, offset)

    @cached_property
    def _source_ends(self) -> Sequence[int]:
        if self.view is None:
            return self.ends
        return [self.place(start, end).end for start, end in zip(self.starts, self.ends, strict=True)]

    @cached_property
    def joined(self) -> str:
        """All keys in a row with a blank around each."""
        return f" {' '.join(self.keys)} "

    @cached_property
    def _offsets(self) -> list[int]:
        """Where each key begins in `joined`."""
        found, at = [], 1
        for key in self.keys:
            found.append(at)
            at += len(key) + 1
        return found

    def find(self, keys: Sequence[str]) -> Iterator[int]:
        """The places where these words stand in a row."""
        needle = f" {' '.join(keys)} "
        at = self.joined.find(needle) if keys else -1
        while at >= 0:
            yield bisect_left(self._offsets, at + 1)
            at = self.joined.find(needle, at + 1)

    def without(self, ranges: Iterable[tuple[int, int]]) -> Tokens:
        """The same without some of the words, given as ranges of their numbers."""
        dropped = {index for first, last in ranges for index in range(first, last)}
        kept = [index for index in range(len(self)) if index not in dropped]
        return Tokens(
            self.shown,
            [self.starts[index] for index in kept],
            [self.ends[index] for index in kept],
            [self.keys[index] for index in kept],
            self.view,
        )


def tokens_of(shown: str, view: Origins | None = None) -> Tokens:
    """The words of a text that is all visible, or of what a view shows of one."""
    starts: list[int] = []
    ends: list[int] = []
    keys: list[str] = []
    skipped = [match.span() for match in DIRECTION.finditer(shown)] if "(" in shown or "[" in shown else []
    if view is not None and "&" in shown:
        skipped += [match.span() for match in ENTITY.finditer(shown)]
    wide = CJK.search(shown) is not None
    spans = [match.span() for match in (RARE_WORD if RARE.search(shown) else WORD).finditer(shown)]
    if not skipped and not wide:
        keys = [key_of(shown[start:end]) for start, end in spans]
        return Tokens(shown, [start for start, _ in spans], [end for _, end in spans], keys, view)
    for start, end in spans:
        if skipped and any(first <= start < last for first, last in skipped):
            continue
        for begin, until in _characters(shown, start, end) if wide else ((start, end),):
            starts.append(begin)
            ends.append(until)
            keys.append(key_of(shown[begin:until]))
    return Tokens(shown, starts, ends, keys, view)


def _characters(shown: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A run of letters with each Chinese or Japanese character by itself."""
    at = start
    for match in CJK.finditer(shown, start, end):
        if at < match.start():
            yield at, match.start()
        yield match.span()
        at = match.end()
    if at < end:
        yield at, end


def document_tokens(name: str, text: str, sentences: Sequence[Sentence] = ()) -> Tokens:
    """The words of a document. Of Markdown what its blocks show; `sentences` spare reading them again."""
    if not name.lower().endswith(MARKDOWN):
        return tokens_of(text)
    return _shown_tokens(text, _pieces(text, sentences))


def _pieces(text: str, sentences: Sequence[Sentence]) -> Iterator[tuple[int, tuple[Span, ...]]]:
    if sentences:
        return ((one.paragraph, one.pieces) for one in sentences)
    return ((number, block.pieces) for number, block in enumerate(markdown_blocks(text)))


def _shown_tokens(text: str, blocks: Iterable[tuple[int, tuple[Span, ...]]]) -> Tokens:
    """Visible pieces in a row; between those of two sentences or paragraphs a blank of the source stays in view."""
    pieces: list[Span] = []
    for _, block in blocks:
        for number, piece in enumerate(block):
            before = pieces[-1].end if pieces else piece.start
            blank = next((at for at in range(before, piece.start) if text[at].isspace()), None) if not number else None
            if blank is not None:
                pieces.append(Span(blank, blank + 1))
            if piece.start >= before and len(piece):
                pieces.append(piece)
    view = View.of(text, tuple(pieces))
    return tokens_of(view.text, view)


def indexed_text(name: str, text: str, sentences: Sequence[Sentence] = ()) -> str:
    """What the index of whole texts is given of a document."""
    return indexed_words(document_tokens(name, text, sentences))


def indexed_words(tokens: Tokens) -> str:
    """The words as the index has them and as it is asked for them: letters and digits alone, blanks between."""
    return " ".join(
        part if len(part) <= LONGEST else part[:LONGEST] for part in tokens.joined.translate(_SPLIT).split()
    )


@functools.lru_cache(maxsize=200_000)
def key_of(word: str) -> str:
    return folded(word).casefold().replace("[", "").replace("]", "")


@functools.lru_cache(maxsize=20_000)
def folded(text: str) -> str:
    return text if text.isascii() else fold(text).text.replace("\u2212", "-").replace("ʼ", "'")


@functools.lru_cache(maxsize=20_000)
def folded_gap(text: str) -> str:
    return fold(html.unescape(DIRECTION.sub(" ", text))).text
