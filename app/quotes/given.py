"""A quote as it was pasted: its words with their places, what editing it marks, and what was mended to read it."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from indexing.errors import UsageError
from indexing.spans import Span
from indexing.tokens import Tokens, tokens_of

LONGEST = 20_000  # characters of a quote
CP1252 = {bytes([code]).decode("cp1252"): code for code in range(256) if code not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}
CP1252 |= {chr(code): code for code in (0x81, 0x8D, 0x8F, 0x90, 0x9D)}
MOJIBAKE = re.compile(
    "[Â-ôâ][" + re.escape("".join(char for char, code in CP1252.items() if 0x80 <= code < 0xC0)) + "]{1,3}"
)
OPENING, CLOSING = "\"“„‟«»‹›「『‘‚‛'", "\"”“‟»«›‹」』’‘'"
OMISSION = r"\[\s*(?:\.\s?\.\s?\.|…)\s*\]|\(\s*(?:\.\s?\.\s?\.|…)\s*\)|\.\s?\.\s?\.(?:\s?\.)?|…"
EDITING = re.compile(
    rf"(?P<omission>{OMISSION})|(?P<sic>\[\s*sic\s*\.?\])|(?P<bracket>\[(?!\w\]['’]?\w)(?P<inside>[^\[\]]{{1,120}})\])"
)
SIC = re.compile(r"\[\s*sic\s*\.?\]", re.IGNORECASE)
GLUED = re.compile(r"([^\W\d_]+)\[([^\W\d_]+)\]")  # work[ed]: all of the word is the writer's
INITIAL = re.compile(r"\[\w\]['’]?\w")

Mark = Literal["omission", "bracket"]


@dataclass(frozen=True, slots=True)
class Fragment:
    """Words `[first, last)` of the quote that are meant literally, and what stands before them: nothing, an omission,
    or a bracket, whose words are `[inside_first, inside_last)`."""

    first: int
    last: int
    mark: Mark | None = None
    inside_first: int = 0
    inside_last: int = 0


@dataclass(frozen=True)
class Given:
    """`text` is the quote as given; `tokens` are its words without outer marks, their places those of `text`.

    `fragments` are several where editing is marked; `tail` is a bracket behind the last. `edited`: a letter in
    brackets was changed, as in `[T]he`, or `[sic]` put in. `folds` names what was mended before reading.
    """

    text: str
    tokens: Tokens
    fragments: tuple[Fragment, ...]
    tail: tuple[int, int] | None
    edited: bool
    folds: tuple[str, ...]
    lead: str  # marks before the first word and behind the last, without the outer quotation marks
    rest: str

    @property
    def marked(self) -> bool:
        return self.parted or self.edited

    @property
    def parted(self) -> bool:
        """Whether an omission or a bracket stands before, between or behind its literal words."""
        return len(self.fragments) > 1 or self.tail is not None or self.fragments[0].mark == "bracket"

    @property
    def core(self) -> str:
        """From its first word to its last, as given."""
        return self.tokens.source(0, len(self.tokens)).of(self.text)


@dataclass(frozen=True, slots=True)
class Mended:
    """The quote as it is read; `origins[i]` is where its character `i` stands in the quote as given."""

    text: str
    origins: tuple[tuple[int, int], ...]

    @property
    def pieces(self) -> tuple[Span, ...]:
        return (Span(0, self.origins[-1][1]),) if self.origins else ()

    def source(self, span: Span) -> tuple[Span, ...]:
        return (Span(self.origins[span.start][0], self.origins[span.end - 1][1]),)

    def part(self, start: int, end: int) -> Mended:
        return Mended(self.text[start:end], self.origins[start:end])


def read_quote(text: str) -> Given:
    """Read a pasted quote; raises UsageError for one that has no words."""
    if len(text) > LONGEST:
        raise UsageError(f"the quote has {len(text):,} characters, the limit is {LONGEST:,}; check it in parts")
    if any("\ud800" <= char <= "\udfff" for char in text):
        raise UsageError("the quote is not valid Unicode text; send it as UTF-8")
    whole = Mended(text, tuple((at, at + 1) for at in range(len(text))))
    mended = _replaced(whole, MOJIBAKE, lambda match: _decoded(match[0]))
    folds = ("mojibake",) if mended.text != text else ()
    mended = _replaced(mended, GLUED, lambda match: f"[{match[1]}{match[2]}]")
    core = mended.part(*_without_outer(mended.text))
    tokens = tokens_of(core.text, core)
    if not len(tokens):
        raise UsageError("the quote has no words; paste what was said")
    fragments, tail = _fragments(tokens)
    if not fragments:
        raise UsageError("the quote has no words outside its brackets; paste what was said")
    edited = INITIAL.search(core.text) is not None or SIC.search(core.text) is not None
    lead, rest = core.text[: tokens.starts[0]], core.text[tokens.ends[-1] :]
    return Given(text, tokens, fragments, tail, edited, folds, lead, rest)


def _replaced(given: Mended, pattern: re.Pattern[str], write: Callable[[re.Match[str]], str]) -> Mended:
    """With every match written anew; what is written comes from the whole match."""
    parts: list[str] = []
    origins: list[tuple[int, int]] = []
    at = 0
    for match in pattern.finditer(given.text):
        new = write(match)
        parts += [given.text[at : match.start()], new]
        origins += given.origins[at : match.start()]
        origins += [(given.origins[match.start()][0], given.origins[match.end() - 1][1])] * len(new)
        at = match.end()
    return Mended("".join([*parts, given.text[at:]]), (*origins, *given.origins[at:]))


def _decoded(run: str) -> str:
    """What UTF-8 meant that was read as Windows-1252; the run itself where it was not."""
    try:
        return bytes(CP1252[char] for char in run).decode("utf-8")
    except (KeyError, UnicodeDecodeError):
        return {"â€": "\u201d"}.get(run, run)


def _without_outer(text: str) -> tuple[int, int]:
    """The quote without white space and a pair of quotation marks around all of it."""
    start, end = len(text) - len(text.lstrip()), len(text.rstrip())
    while start < end and text[start] in OPENING:
        single = text[start] in "\u2018\u201a\u201b'"
        closes = end - start > 1 and text[end - 1] in CLOSING
        if single and not (closes and text[end - 1] in "\u2018\u2019'"):
            break
        inside = text[start + 1 : end - 1] if closes else text[start + 1 : end]
        if closes and not single and sum(char in '"\u201c\u201d' for char in inside) % 2:
            closes = False
        start, end = start + 1, end - closes
        while start < end and text[start].isspace():
            start += 1
        while start < end and text[end - 1].isspace():
            end -= 1
    while (
        end > start + 1
        and text[end - 1] in '"\u201d\u00bb'
        and not any(c in '"\u201c\u00ab' for c in text[start : end - 1])
    ):
        end -= 1
    return start, end


def _fragments(tokens: Tokens) -> tuple[tuple[Fragment, ...], tuple[int, int] | None]:
    """The literal parts of a quote between omissions and brackets; a bracket at the end by itself."""
    found: list[Fragment] = []
    mark: Mark | None = None
    begin, inside = 0, (0, 0)
    shown, starts = tokens.shown, tokens.starts
    for match in EDITING.finditer(shown):
        if match["sic"] is not None:
            continue
        at = bisect_left(starts, match.start())
        after = bisect_left(starts, match.end())
        if at > begin:
            found.append(Fragment(begin, at, mark if found or mark == "bracket" else None, *inside))
            mark, inside = None, (0, 0)
        if match["bracket"] is not None and after > at:
            mark, inside = mark or "bracket", (at, after)
        elif mark is None:
            mark = "omission"
        begin = after
    if begin < len(tokens):
        found.append(Fragment(begin, len(tokens), mark if found or mark == "bracket" else None, *inside))
        inside = (0, 0)
    return tuple(found), inside if inside != (0, 0) else None
