"""A quote and a stretch of a text, word by word: the same, the same but for style, or altered, and by which edits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from app.quotes.align import LEAST
from app.quotes.context import ends, raw_gap, stops
from app.quotes.edits import Side, judge
from app.quotes.lexicon import Lexicon
from app.quotes.result import Edit, Profile, Words
from app.quotes.units import Unit, units_of
from indexing.spans import Span
from indexing.tokens import Tokens

MOSTLY = 0.8  # of its words that stand there, of a quote that was not put together
FEW_ADDED, FEW_GONE = 3, 5  # words in a row that may be other or missing in a quote that was not put together
UMS = re.compile(r"(?:(?:um|uh|er|erm|uhm|hmm|mm|ah)[\s,.]*)+", re.IGNORECASE)  # which the Guardian lets go
MARGIN = 4  # words around a stretch that may still belong to it when its edge does not match
ASKING = frozenset("who whom whose what which when where why how whether what's who's where's how's".split())
STOP = re.compile(r"[.!?:;…()]|-\s|\s-|--")
BOUNDARY = re.compile(r"[!?:;\"\n]|''|\s'|'\s")
TELLING_CASE = frozenset("us it who may march polish turkey china aids".split())  # another word in capitals


@dataclass(frozen=True, slots=True)
class Rules:
    """By what a quote is judged."""

    lexicon: Lexicon
    profile: Profile

    @property
    def house(self) -> bool:
        """Whether abbreviations are equal to what they stand for."""
        return self.profile != "reuters"


@dataclass(frozen=True, slots=True)
class Compared:
    """What became of a stretch of a quote in the words `[first, last)` of a text. `share` of it stands there."""

    words: Words
    edits: tuple[Edit, ...]
    first: int
    last: int
    share: float
    added: int = 0  # units of the quote that the text lacks, and the other way round
    gone: int = 0
    patched: bool = True  # no more than a few words in a row are added or gone


def bounded(text: Tokens, place: int) -> bool:
    """Whether a sentence, a quotation or a paragraph ends before a word."""
    gap = text.gap(place)
    return bool(BOUNDARY.search(gap)) or "\n" in raw_gap(text, place) or (place > 0 and ends(text, place - 1, gap))


def widened(quote: Sequence[str], text: Tokens, first: int, last: int) -> tuple[int, int]:
    """A stretch with some words around it where its edge differs from the quote's, as far as no sentence ends there."""
    begin, end = first, last
    if text.keys[first] != quote[0]:
        while begin > max(0, first - MARGIN) and not bounded(text, begin):
            begin -= 1
    if text.keys[last - 1] != quote[-1]:
        while end < min(len(text), last + MARGIN) and not bounded(text, end):
            end += 1
    return begin, end


Opcode = tuple[str, int, int, int, int]


class Comparison:
    """Compares stretches of one quote with stretches of texts."""

    def __init__(self, quote: Tokens, rules: Rules) -> None:
        self._quote = quote
        self._rules = rules

    def __call__(self, text: Tokens, first: int, last: int, begin: int = 0, end: int | None = None) -> Compared:
        """Compare the quote's words `[begin, end)` with the text's `[first, last)`, whose edges are trimmed."""
        end = len(self._quote) if end is None else end
        if self._quote.keys[begin:end] == text.keys[first:last]:
            edits = tuple(self._same_words(text, first, begin, end))
            return Compared(self._level(text, first, begin, end, edits), edits, first, last, 1.0)
        return self._differing(text, first, last, begin, end)

    # -- the same words ------------------------------------------------------------------------------------------------

    def _level(self, text: Tokens, first: int, begin: int, end: int, edits: Sequence[Edit]) -> Words:
        if edits:
            return "altered"
        shift = first - begin
        for index in range(begin, end):
            if self._quote.word(index) != text.word(index + shift):
                return "punctuation_style"
            if index > begin and self._quote.gap(index) != text.gap(index + shift):
                return "punctuation_style"
        return "verbatim"

    def _same_words(self, text: Tokens, first: int, begin: int, end: int) -> Iterator[Edit]:
        """What matters although the words are the same: capitals, and questions."""
        for index in range(begin, end):
            place = first + index - begin
            same_gap = index == begin or self._quote.gap(index) == text.gap(place)
            yield from self._case(text, place, index, free=index == begin or not same_gap)
            if index > begin or index == 0:
                yield from self._edited(text, place, index)
            if index > begin and not same_gap:
                yield from self._question(text, place, index)
                yield from self._sentence(text, place, index, first + end - begin)
        yield from self._last_question(text, first + end - begin, end)
        yield from self._unmarked_question(text, first, first + end - begin, begin, end)

    def _edited(self, text: Tokens, place: int, index: int) -> Iterator[Edit]:
        """What the source marks as not said: words in its brackets, an omission; and the quote does not."""
        ours, theirs = self._quote.gap(index), text.gap(place)
        if "[" in theirs.rpartition("]")[2] and "[" not in ours:
            edit = self._edit("bracket", "critical", text, (place, place + 1), (index, index + 1))
            yield replace(edit, note="the source has it in brackets: it is not what was said")
        elif index and "..." in theirs and not ours.strip():
            edit = self._edit("elision", "substantive", text, (place - 1, place + 1), (index - 1, index + 1))
            yield replace(edit, note="the source leaves something out there, or pauses")

    def _unmarked_question(self, text: Tokens, first: int, last: int, begin: int, end: int) -> Iterator[Edit]:
        """A question in the form of a statement (`He knew?`), quoted whole and without its mark."""
        whole = begin == 0 and end == len(self._quote) and stops(text, first) and "?" in self._final(text, last)
        if not whole or self._final(self._quote, end):
            return
        key, lexicon = text.keys[first], self._rules.lexicon
        asks = lexicon.kind(key) in ("auxiliary", "modal") or key in ASKING or key.endswith("n't")
        if (
            not asks
            and lexicon.judges
            and not any(text.keys[at] in ASKING for at in range(first, min(last, first + 4)))
        ):
            yield self._edit("question", "critical", text, (last - 1, last), (end - 1, end), marks=True)

    def _case(self, text: Tokens, place: int, index: int, *, free: bool) -> Iterator[Edit]:
        """`free`: the first letter may be in another case, as at the beginning of a quote."""
        ours, theirs = self._quote.word(index), text.word(place)
        if ours == theirs or (free and ours[:1].casefold() + ours[1:] == theirs[:1].casefold() + theirs[1:]):
            return
        if ours.casefold() != theirs.casefold():
            return  # letters that fold to the same ones
        telling = ours.casefold() in TELLING_CASE
        kind, severity = ("name", "critical") if telling else ("case", "cosmetic")
        yield self._edit(kind, severity, text, (place, place + 1), (index, index + 1))

    def _question(self, text: Tokens, place: int, index: int) -> Iterator[Edit]:
        """A question mark before a word of one side that the other side has not."""
        ours, theirs = "?" in self._quote.gap(index), "?" in text.gap(place)
        if ours != theirs:
            yield self._edit("question", "critical", text, (place - 1, place), (index - 1, index), marks=True)

    def _sentence(self, text: Tokens, place: int, index: int, last: int) -> Iterator[Edit]:
        """A sentence that ends in the source alone, where the quote makes one of its last words and of the first of the
        next, or in the quote alone, where the words behind it limit those before."""
        ours, theirs = self._quote.gap(index), raw_gap(text, place)
        if "?" in ours or "?" in theirs or re.search(r"\w", theirs):  # `women," she said. "Men`: who knows
            return
        merged = not STOP.search(ours) and re.search(r"[.!]", theirs) and stops(text, place) and not stops(text, last)
        key = text.keys[place]
        limits = key in self._rules.lexicon.limiters or key in self._rules.lexicon.negations
        if merged or (limits and re.search(r"[.!]", ours) and theirs == " "):
            edit = self._edit("sentence", "critical", text, (place - 1, place + 1), (index - 1, index + 1))
            yield replace(edit, note="a sentence ends there in only one of the two")

    def _last_question(self, text: Tokens, place: int, end: int) -> Iterator[Edit]:
        """The end of a quote: without any mark it claims nothing."""
        ours, theirs = self._final(self._quote, end), self._final(text, place).partition('"')[0]
        if re.search(r"[.!?,]", ours) and end == len(self._quote) and ("?" in ours) != ("?" in theirs):
            yield self._edit("question", "critical", text, (place - 1, place), (end - 1, end), marks=True)

    @staticmethod
    def _final(tokens: Tokens, end: int) -> str:
        """The marks right behind a word."""
        return tokens.gap(end).partition(" ")[0]

    # -- other words ---------------------------------------------------------------------------------------------------

    def _differing(self, text: Tokens, first: int, last: int, begin: int, end: int) -> Compared:
        rules = self._rules
        ours = units_of(self._quote, begin, end, rules.lexicon, house=rules.house)
        theirs = units_of(text, first, last, rules.lexicon, house=rules.house)
        opcodes = self._opcodes(theirs, ours)
        theirs, opcodes = self._trimmed(text, theirs, opcodes)
        if not theirs or not any(kind == "equal" for kind, *_ in opcodes):
            return Compared("not_found", (), first, last, 0.0)
        first, last = theirs[0].first, theirs[-1].last
        same = sum(j2 - j1 for kind, _, _, j1, j2 in opcodes if kind == "equal")
        if same < LEAST * len(ours):
            return Compared("not_found", (), first, last, same / len(ours))
        edits: list[Edit] = []
        for kind, i1, i2, j1, j2 in self._whole_words(theirs, ours, opcodes):
            if kind == "equal":
                for i, j in zip(range(i1 + 1, i2), range(j1 + 1, j2), strict=False):
                    within = theirs[i].first == theirs[i - 1].first or ours[j].first == ours[j - 1].first
                    edits += () if within else self._question(text, theirs[i].first, ours[j].first)
                edits += self._cases(text, theirs[i1:i2], ours[j1:j2], begin)
            else:
                edits.append(self._reworded(text, theirs, ours, (i1, i2, j1, j2), (first, begin)))
        edits += self._last_question(text, last, end)
        edits = self._moved(edits)
        if rules.profile == "guardian":
            edits = [one for one in edits if one.after or not UMS.fullmatch(one.before)]
        added = sum(j2 - j1 for kind, _, _, j1, j2 in opcodes if kind != "equal")
        gone = sum(i2 - i1 for kind, i1, i2, _, _ in opcodes if kind != "equal")
        share = same / len(ours)
        words: Words = "altered" if edits else "punctuation_style"
        changes = [(i2 - i1, j2 - j1) for kind, i1, i2, j1, j2 in opcodes if kind != "equal"]
        patched = share >= MOSTLY and all(new <= FEW_ADDED and old - new <= FEW_GONE for old, new in changes)
        return Compared(words, tuple(edits), first, last, share, added, gone, patched)

    def _opcodes(self, theirs: Sequence[Unit], ours: Sequence[Unit]) -> list[Opcode]:
        matcher = SequenceMatcher(None, [one.key for one in theirs], [one.key for one in ours], autojunk=False)
        found: list[Opcode] = []
        for kind, i1, i2, j1, j2 in self._phrased(theirs, ours, matcher.get_opcodes()):
            if kind == "replace" and i2 - i1 == j2 - j1 == 1 and self._open(theirs[i1].key, ours[j1].key):
                kind = "equal"
            if found and found[-1][0] == kind == "equal":
                found[-1] = "equal", found[-1][1], i2, found[-1][3], j2
            else:
                found.append((kind, i1, i2, j1, j2))
        return found

    def _phrased(self, theirs: Sequence[Unit], ours: Sequence[Unit], opcodes: Sequence[Opcode]) -> Iterator[Opcode]:
        """Of `at least at` the words left out are `at least`, not `least at`: whole phrases, not parts of them."""
        shift = 0
        for number, (kind, i1, i2, j1, j2) in enumerate(opcodes):
            i1, j1 = i1 - shift, j1 - shift
            shift = 0
            following = opcodes[number + 1] if number + 1 < len(opcodes) else None
            if kind == "equal" and following is not None and following[0] in ("delete", "insert") and i2 - i1 > 1:
                side, first, last = (theirs, *following[1:3]) if following[0] == "delete" else (ours, *following[3:5])
                words = [one.key for one in side[first - 1 : last]]
                if words[0] == words[-1] and self._rules.lexicon.phrase(words[:-1]):
                    shift = 1
            if kind in ("delete", "insert") and (i1, j1) != (opcodes[number][1], opcodes[number][3]):
                i2, j2 = i2 - 1, j2 - 1
                shift = 1
            elif shift:
                i2, j2 = i2 - 1, j2 - 1
            yield kind, i1, i2, j1, j2

    def _open(self, one: str, other: str) -> bool:
        """Whether one is a contraction that may stand for the other: `'s` and `has`."""
        endings = self._rules.lexicon.open_endings
        return other in endings.get(one, ()) or one in endings.get(other, ())

    def _trimmed(self, text: Tokens, theirs: list[Unit], opcodes: list[Opcode]) -> tuple[list[Unit], list[Opcode]]:
        """Without the words at the edges that belong to what surrounds the quote.

        A first word that differs takes the place of one word of the text, unless a sentence or a mark ends between.
        """
        kind, _, i2, j1, j2 = opcodes[0]
        start = 0
        if kind in ("delete", "replace"):
            start = i2
            while start > max(0, i2 - (j2 - j1)) and not self._bounded(text, theirs, start):
                start -= 1
        kind, i1, i2, j1, j2 = opcodes[-1]
        stop = len(theirs)
        if kind in ("delete", "replace") and len(opcodes) > 1:
            stop = i1
            while stop < min(i2, i1 + (j2 - j1)) and not self._bounded(text, theirs, stop):
                stop += 1
        kept = theirs[start:stop]
        moved: list[Opcode] = []
        for kind, i1, i2, j1, j2 in opcodes:
            i1, i2 = min(max(i1, start), stop) - start, min(max(i2, start), stop) - start
            if i1 < i2 or j1 < j2:
                moved.append((("insert" if i1 == i2 else kind), i1, i2, j1, j2))
        return kept, moved

    @staticmethod
    def _bounded(text: Tokens, theirs: Sequence[Unit], index: int) -> bool:
        """Whether a sentence, a quotation or a paragraph ends between a unit and the one before it."""
        if not 0 < index < len(theirs):
            return False
        return theirs[index - 1].last <= theirs[index].first and bounded(text, theirs[index].first)

    def _whole_words(self, theirs: Sequence[Unit], ours: Sequence[Unit], opcodes: Sequence[Opcode]) -> Iterator[Opcode]:
        """The same opcodes, those that change a part of a contraction widened to all of it."""
        widened: list[list[int]] = []
        for kind, i1, i2, j1, j2 in opcodes:
            if kind == "equal":
                continue
            while (i1 < i2 and i1 and j1 and theirs[i1 - 1].first == theirs[i1].first) or (
                j1 < j2 and i1 and j1 and ours[j1 - 1].first == ours[j1].first
            ):
                i1, j1 = i1 - 1, j1 - 1
            while (i1 < i2 < len(theirs) and j2 < len(ours) and theirs[i2 - 1].first == theirs[i2].first) or (
                j1 < j2 < len(ours) and i2 < len(theirs) and ours[j2 - 1].first == ours[j2].first
            ):
                i2, j2 = i2 + 1, j2 + 1
            if widened and (i1 < widened[-1][1] or j1 < widened[-1][3]):
                widened[-1][1], widened[-1][3] = max(i2, widened[-1][1]), max(j2, widened[-1][3])
            else:
                widened.append([i1, i2, j1, j2])
        i, j = 0, 0
        for i1, i2, j1, j2 in widened:
            if i < i1 and j < j1:
                yield "equal", i, i1, j, j1
            yield "replace", i1, i2, j1, j2
            i, j = i2, j2
        if i < len(theirs) and j < len(ours):
            yield "equal", i, len(theirs), j, len(ours)

    def _cases(self, text: Tokens, theirs: Sequence[Unit], ours: Sequence[Unit], begin: int) -> Iterator[Edit]:
        for one, other in zip(theirs, ours, strict=False):
            if (
                one.last - one.first == 1 == other.last - other.first
                and text.keys[one.first] == self._quote.keys[other.first]
            ):
                free = other.first == begin or self._quote.gap(other.first) != text.gap(one.first)
                yield from self._case(text, one.first, other.first, free=free)

    def _reworded(
        self,
        text: Tokens,
        theirs: Sequence[Unit],
        ours: Sequence[Unit],
        opcode: tuple[int, int, int, int],
        starts: tuple[int, int],
    ) -> Edit:
        i1, i2, j1, j2 = opcode
        source = Side(text, theirs[i1:i2])
        quoted = Side(self._quote, ours[j1:j2])
        kind, severity, note = judge(source, quoted, self._rules.lexicon)
        at = theirs[i1 - 1].last if i1 else starts[0]
        there = (theirs[i1].first, theirs[i2 - 1].last) if i1 < i2 else (at, at)
        at = ours[j1 - 1].last if j1 else starts[1]
        here = (ours[j1].first, ours[j2 - 1].last) if j1 < j2 else (at, at)
        return replace(self._edit(kind, severity, text, there, here), note=note)

    def _moved(self, edits: Sequence[Edit]) -> list[Edit]:
        """Words that are gone in one place and stand in another are out of order, not gone."""
        found = list(edits)
        for one in edits:
            key = one.before.casefold().strip(" ,.;:")
            if one.after or not key or one not in found:
                continue
            other = next((two for two in found if not two.before and two.after.casefold().strip(" ,.;:") == key), None)
            if other is None:
                continue
            telling = one.kind in ("name", "quantity", "negation")
            moved = replace(
                one,
                kind=one.kind if telling else "order",
                severity="critical" if telling else "substantive",
                after=other.after,
                quoted=other.quoted,
                note="stands in another place",
            )
            found[found.index(one)] = moved
            found.remove(other)
        return found

    def _edit(
        self,
        kind: str,
        severity: str,
        text: Tokens,
        there: tuple[int, int],
        here: tuple[int, int],
        *,
        marks: bool = False,
    ) -> Edit:
        """`marks`: with the punctuation that follows the words."""
        source, before = _slice(text, *there, marks=marks)
        quoted, after = _slice(self._quote, *here, marks=marks)
        return Edit(kind, severity, before, after, source, quoted)  # type: ignore[arg-type]


def _slice(tokens: Tokens, first: int, last: int, *, marks: bool) -> tuple[Span, str]:
    """The characters of words, as a span of the text and as shown; where there are none, where the next word stands."""
    if first >= last:
        at = tokens.starts[first] if first < len(tokens) else len(tokens.shown)
        return tokens.place(at, at), ""
    start, end = tokens.starts[first], tokens.ends[last - 1]
    if marks:
        match = re.compile(r"[^\w\s]*").match(tokens.shown, end)
        end = match.end() if match else end
    return tokens.place(start, end), tokens.shown[start:end]
