"""Stretches of text inside quotation marks: a state machine over every pair of marks. It never fails on odd counts."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from indexing.spans import Span

DOUBLE, GUILLEMET, CORNER, SINGLE = "double", "guillemet", "corner", "single"
FAMILY = {
    **dict.fromkeys(('"', "“", "”", "„", "‟", "〝", "〞", "＂", "``", "''"), DOUBLE),
    **dict.fromkeys("«»‹›", GUILLEMET),
    **dict.fromkeys("「」『』", CORNER),
    **dict.fromkeys("‘’‚‛'", SINGLE),
}
MARK = re.compile("``|''|[\"“”„‟〝〞＂«»‹›「」『』‘’‚‛']")
LOW = "„‟‚‛"  # what these open is closed by a mark that opens elsewhere
ELIDED = re.compile(r"\d\ds?\b|(?:em|tis|twas|til|till|cause|bout|n|round|neath|cos|cuz|fore)\b", re.IGNORECASE)
REACH = 4  # paragraphs after one in which a quotation is closed that goes on over lines
MARKUP = "*_~"  # Markdown's emphasis is transparent
BEFORE_OPENING = "([{-–—/:;,.…=>"
AFTER_CLOSING = ")]}-–—/:;,.!?…<|&"


@dataclass(frozen=True, slots=True)
class Stretch:
    """One stretch within one paragraph: `span` with its marks, `inner` without. `goes_on` in the next paragraph, which
    opens with a mark again; `closed` is false where the closing mark is missing altogether."""

    span: Span
    inner: Span
    depth: int
    paragraph: int
    family: str = DOUBLE
    closed: bool = True
    goes_on: bool = False


@dataclass(slots=True)
class _Open:
    mark: str
    start: int
    inner: int


def stretches_of(text: str, paragraphs: Sequence[Span]) -> tuple[Stretch, ...]:
    """Every stretch inside marks, by where it starts; linear in the text. An apostrophe is no mark, nor are inches."""
    found: list[Stretch] = []
    opened = ""
    for number, paragraph in enumerate(paragraphs):
        reader = _Paragraph(text, paragraph, number, opened)
        found += reader.read(paragraphs[number + 1 : number + 1 + REACH])
        opened = reader.left
    return tuple(sorted(found, key=lambda one: (one.span.start, -one.span.end)))


class _Paragraph:
    """Reads the marks of one paragraph; a stack holds those that are open."""

    def __init__(self, text: str, span: Span, number: int, opened: str = "") -> None:
        self.text, self.span, self.number = text, span, number
        self.stack: list[_Open] = [_Open(opened, span.start, span.start)] if opened else []
        self.left = ""  # the mark that is still open in the next paragraph, which does not open with one again
        self.found: list[Stretch] = []
        self.marks = list(MARK.finditer(text, span.start, span.end))
        self.single_ends = [match.start() for match in self.marks if self._may_close_single(match)]
        self.others = [match.start() for match in self.marks if FAMILY[match[0]] != SINGLE]

    def read(self, following: Sequence[Span]) -> list[Stretch]:
        for match in self.marks:
            mark = match[0]
            # Two apostrophes in a row close what two back ticks opened; elsewhere each is looked at by itself.
            if mark == "''" and not any(one.mark == "``" for one in self.stack):
                continue
            self._take(mark, match.start(), match.end())
        while self.stack:
            self._leave_open(self.stack[-1], following)
        return [one for one in self.found if self.text[one.inner.start : one.inner.end].strip()]

    def _take(self, mark: str, start: int, end: int) -> None:
        family = FAMILY[mark]
        opened = next((one for one in reversed(self.stack) if FAMILY[one.mark] == family), None)
        if family == SINGLE:
            self._take_single(mark, start, end, opened)
        elif opened is not None and self._closes(mark, start, end, opened):
            self._close(opened, start, end)
        elif self._opens(mark, start, end):
            if opened is not None and family == DOUBLE:
                self._abandon(opened, start)
            self.stack.append(_Open(mark, start, end))

    def _take_single(self, mark: str, start: int, end: int, opened: _Open | None) -> None:
        if opened is not None:
            if mark in "’'‘" and self._ends_single(start):
                self._close(opened, start, end)
            return
        if mark == "’" or not self._opens(mark, start, end) or ELIDED.match(self.text, end):
            return
        if bisect_left(self.single_ends, end) < self._single_ends_in_reach(end):
            self.stack.append(_Open(mark, start, end))

    def _single_ends_in_reach(self, at: int) -> int:
        """The number of single marks that may close before the stretch around `at` can end."""
        if not self.stack or FAMILY[self.stack[0].mark] == SINGLE:
            return len(self.single_ends)
        other = bisect_left(self.others, at)
        return bisect_left(self.single_ends, self.others[other]) if other < len(self.others) else len(self.single_ends)

    def _closes(self, mark: str, start: int, end: int, opened: _Open) -> bool:
        """Whether this mark closes what is open of its family, and does not open anew."""
        if mark in "「『":
            return False
        if mark == "“" and opened.mark not in LOW:
            return self._looks_closing(start, end)
        if mark in "«‹»›":
            return mark != opened.mark
        if mark in ('"', "＂"):
            return not self._looks_opening(start, end)
        return mark not in "„〝" and mark != "``"

    def _opens(self, mark: str, start: int, end: int) -> bool:
        """Whether this mark opens a stretch where none of its family is open, or where the one that is was left so."""
        if mark in "“„‟〝«‹「『‚‛" or mark == "``":
            return not (mark == "“" and self._looks_closing(start, end) and not self._looks_opening(start, end))
        if mark in "」』〞":
            return False
        if mark in "”»›":
            return self._looks_opening(start, end)
        if mark == "‘":
            return bool(self._after(end).strip())
        if mark == "'":
            return self._looks_opening(start, end)
        inches = self._before(start).isdigit() and not self._after(end).isalnum()
        return not inches and not self._looks_closing(start, end)

    def _looks_opening(self, start: int, end: int) -> bool:
        before, after = self._before(start), self._after(end)
        return (not before.strip() or before in BEFORE_OPENING or before in FAMILY) and bool(after.strip())

    def _looks_closing(self, start: int, end: int) -> bool:
        before, after = self._before(start), self._after(end)
        return bool(before.strip()) and (not after.strip() or after in AFTER_CLOSING or after in FAMILY)

    def _before(self, at: int) -> str:
        """The character before, Markdown's emphasis left out; a space at the paragraph's start."""
        while at > self.span.start and self.text[at - 1] in MARKUP:
            at -= 1
        return self.text[at - 1] if at > self.span.start else " "

    def _after(self, at: int) -> str:
        while at < self.span.end and self.text[at] in MARKUP:
            at += 1
        return self.text[at] if at < self.span.end else " "

    def _may_close_single(self, match: re.Match[str]) -> bool:
        """A single mark that is no apostrophe within or before a word."""
        return (
            match[0] in "’'‘"
            and bool(self._before(match.start()).strip())
            and not self._after(match.end()).isalnum()
            and not (match[0] == "‘" and self._looks_opening(match.start(), match.end()))
        )

    def _ends_single(self, start: int) -> bool:
        """Whether the single mark here closes; a plural's apostrophe (`voters’ anger`) does not if another mark can."""
        at = bisect_left(self.single_ends, start)
        if at == len(self.single_ends) or self.single_ends[at] != start:
            return False
        after = self.text[start + 1 : start + 3]
        possessive = self.text[start - 1] in "sSxz" and after[:1] == " " and after[1:].islower()
        return not (possessive and at + 1 < self._single_ends_in_reach(start))

    def _close(self, opened: _Open, start: int, end: int) -> None:
        while self.stack[-1] is not opened:
            self._drop(self.stack.pop(), start)
        self.stack.pop()
        self._add(opened, start, end, closed=True)

    def _abandon(self, opened: _Open, at: int) -> None:
        """A mark opens again before the one before was closed: that one's words end where a sentence last does."""
        while self.stack and self.stack[-1] is not opened:
            self.stack.pop()
        self.stack.pop()
        sentence = max(self.text.rfind(stop, opened.inner, at) for stop in (". ", "? ", "! "))
        end = sentence + 1 if sentence >= 0 else at
        self._add(opened, end, end, closed=False)

    def _drop(self, opened: _Open, at: int) -> None:
        """What was open within a stretch that is closed now; a single mark there was an apostrophe."""
        if FAMILY[opened.mark] != SINGLE:
            self._add(opened, at, at, closed=False)

    def _leave_open(self, opened: _Open, following: Sequence[Span]) -> None:
        self.stack.pop()
        if FAMILY[opened.mark] == SINGLE:
            return
        begins = bool(following) and self._begins_with(following[0], FAMILY[opened.mark])
        if not begins and not self.stack and self._goes_over(FAMILY[opened.mark], following):
            self.left = opened.mark
        goes_on = (begins and not self.stack) or bool(self.left)
        self._add(opened, self.span.end, self.span.end, closed=False, goes_on=goes_on)

    def _goes_over(self, family: str, following: Sequence[Span]) -> bool:
        """Whether a sentence is divided here by the end of a page or a line, and what is open closes behind it."""
        before = self.span
        if self.text[max(before.start, before.end - 3) : before.end].rstrip()[-1:] in ".!?…":
            return False
        for paragraph in following:
            between = self.text[before.end : paragraph.start]
            mark = next(
                (one for one in MARK.finditer(self.text, paragraph.start, paragraph.end) if FAMILY[one[0]] == family),
                None,
            )
            if mark is not None:
                reader = _Paragraph(self.text, paragraph, 0)
                start, end = mark.span()
                return reader._looks_closing(start, end) and not reader._looks_opening(start, end)
            if between.count("\n") > 1 or "\f" in between:
                return False
            before = paragraph
        return False

    def _begins_with(self, paragraph: Span, family: str) -> bool:
        match = MARK.search(self.text, paragraph.start, min(paragraph.start + 8, paragraph.end))
        return (
            match is not None
            and FAMILY[match[0]] == family
            and not self.text[paragraph.start : match.start()].strip(" \t\r\n>" + MARKUP)
        )

    def _add(self, opened: _Open, start: int, end: int, *, closed: bool, goes_on: bool = False) -> None:
        """A stretch whose words end before `start` and whose closing mark ends before `end`."""
        if start > opened.inner:
            depth = len(self.stack)
            family = FAMILY[opened.mark]
            whole, inner = Span(opened.start, end), Span(opened.inner, start)
            self.found.append(Stretch(whole, inner, depth, self.number, family, closed, goes_on))


def outermost(stretches: Sequence[Stretch]) -> Iterator[Stretch]:
    """Those that lie in no other."""
    reach = -1
    for one in stretches:
        if one.span.start >= reach:
            yield one
            reach = one.span.end
