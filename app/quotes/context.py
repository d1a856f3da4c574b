"""Whether a quote was cut so that what takes it back is missing: before `but`, after `I don't think` or `he denied`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.quotes.denied import denied
from app.quotes.lexicon import Lexicon
from app.quotes.result import Context, Edit
from indexing.quotations import Quotation
from indexing.spans import Span
from indexing.tokens import Tokens

ENDED = re.compile(r"[.!?…]|\n\s*\n")
OPENED = re.compile(r"[\"“„«「『]|(?<!\w)['‘]")
CLOSED = re.compile(r"[\"”“»」』]|['’](?!\w)")
SHORTENED = frozenset("mr mrs ms dr sen rep gov gen st vs jr sr prof lt col sgt no".split())
LIMITER_REACH = 4  # words after the quote in which a limiter begins
SUBJECT = 5  # words of a subject between a governor and its verb
REPORTED = 7  # words between a verb of saying and what somebody else is reported to say
PASSED = 5  # words of a time or a place before a condition
GOVERNOR_REACH = 14  # words before it that are looked at


@dataclass(frozen=True, slots=True)
class Cut:
    """A limiter behind a quote, or a governor before it, as the range of words it has."""

    kind: Context
    first: int
    last: int
    denies: bool = False  # that the words were said at all

    def edit(self, text: Tokens) -> Edit:
        span = text.source(self.first, self.last)
        shown = text.shown[text.starts[self.first] : text.ends[self.last - 1]]
        where = "goes on with" if self.kind == "cut_before" else "puts before it"
        return Edit("cut", "critical", shown, "", span, None, f"the source {where} “{shown}”")


def cut_of(
    text: Tokens, first: int, last: int, quotations: Sequence[Quotation], lexicon: Lexicon, document: str | None = None
) -> Cut | None:
    """The limiter, governor or denial that a quote of the words `[first, last)` leaves out; None where it is whole.

    `document` is the text that the words' places are of, where it is not what they show.
    """
    document = text.shown if document is None else document
    span = text.source(first, last)
    turns = turns_of(quotations, span)
    turn = turns[0] if turns else None
    limited = _limited(text, last, turn, lexicon) or _governed(text, first, turn, lexicon)
    return limited or _denied(text, span, document, turns, lexicon)


def denial_of(
    text: Tokens, first: int, last: int, quotations: Sequence[Quotation], lexicon: Lexicon, document: str
) -> Cut | None:
    """What takes back that the words `[first, last)` were said at all; None where nothing does."""
    span = text.source(first, last)
    return _denied(text, span, document, turns_of(quotations, span), lexicon)


def turns_of(quotations: Sequence[Quotation], span: Span) -> list[Quotation]:
    """The quotations that hold a span, the innermost first; what is given without marks does not count."""
    held = [one for one in quotations if one.kind != "indirect" and one.holds(span)]
    return sorted(held, key=lambda one: (-one.depth, len(one.span)))


def _denied(text: Tokens, span: Span, document: str, turns: Sequence[Quotation], lexicon: Lexicon) -> Cut | None:
    """What takes back that the words were said: `He never said "..."`, `"..." There is no evidence of it.`"""
    places = []
    for start, end in [(one.inner[0].start, one.span.end) for one in turns] or [(span.start, span.end)]:
        first = text.index_at(start)
        begin = _sentence_start(text, first, marks=False)
        if begin == first and first and re.search(r":\s*\n", raw_gap(text, first)):
            begin = _sentence_start(text, first - 1, marks=False)
        if turns or OPENED.search(raw_gap(text, first)):
            places.append((begin, first, end))
    found = denied(text, places, document, lexicon)
    return Cut("cut_before" if found[2] else "cut_after", found[0], found[1], denies=True) if found else None


def _limited(text: Tokens, last: int, turn: Quotation | None, lexicon: Lexicon) -> Cut | None:
    if last >= len(text):
        return None
    gap = raw_gap(text, last)
    following = last
    if turn is not None:
        end = text.source(last - 1, last).end
        if text.source(last, last + 1).start >= _part_end(turn, end):
            nxt = next((part for part in turn.inner if part.start >= end), None)
            if nxt is None:
                return None
            following = text.index_at(nxt.start)
            between = text.shown[text.ends[last - 1] : text.starts[following]] if following < len(text) else "."
            if _new_sentence(between):
                return None
            gap = ","
    elif CLOSED.search(gap):
        return None
    if following >= len(text) or (ends(text, last - 1, gap) if following == last else False):
        return None
    size = lexicon.limiters.at(text.keys[following : following + LIMITER_REACH], 0)
    if not size and text.keys[following] in ("and", "or") and following + 1 < len(text):
        size = lexicon.limiters.at(text.keys[following + 1 : following + 1 + LIMITER_REACH], 0)
        following += bool(size)
    if not size:
        following, size = _conditioned(text, following, lexicon)
    return Cut("cut_before", following, following + size) if size else None


def _conditioned(text: Tokens, first: int, lexicon: Lexicon) -> tuple[int, int]:
    """A condition behind a time or a place (`today if ...`, `this summer, as soon as ...`): where, and its words."""
    at = first
    while at < min(len(text), first + PASSED) and text.keys[at] in lexicon.passed:
        at += 1
        if at < len(text) and (ends(text, at - 1, raw_gap(text, at)) or CLOSED.search(raw_gap(text, at))):
            return first, 0
    return at, lexicon.conditions.at(text.keys[at : at + LIMITER_REACH], 0) if at > first else 0


def _part_end(turn: Quotation, at: int) -> int:
    """Where the part of a turn ends in which a place lies."""
    return next((part.end for part in turn.inner if at <= part.end), turn.inner[-1].end)


def _governed(text: Tokens, first: int, turn: Quotation | None, lexicon: Lexicon) -> Cut | None:
    begin = _sentence_start(text, first)
    found = _over(text, begin, first, lexicon) if begin < first else None
    if found is not None or not begin or not OPENED.search(raw_gap(text, begin)):
        return found
    if not all(text.keys[index] in lexicon.between for index in range(begin, first)):
        return None
    before = _part_before(text, begin, turn)
    return _over(text, _sentence_start(text, before - 1), before, lexicon) if before is not None else None


def _over(text: Tokens, begin: int, first: int, lexicon: Lexicon) -> Cut | None:
    """What the words from `begin` on put over those that follow."""
    words = text.keys
    at = first
    while at > begin and first - at < 5 and lexicon.between.before(words[begin:at], at - begin) == 1:
        at -= 1
    for place in (first, at):
        size = lexicon.governors.before(words[begin:place], place - begin) if place > begin else 0
        if size:
            return Cut("cut_after", _subject(words, begin, place - size, lexicon), first)
    for place in range(first, at - 1, -1):
        if place > begin and (words[place - 1].endswith("n't") or words[place - 1] in lexicon.governors):
            return Cut("cut_after", _subject(words, begin, place - 1, lexicon), first)
    if lexicon.kind(words[first]) in ("auxiliary", "modal"):  # of `I think the clinic was safe`, `was safe`
        for place in range(first - 1, max(begin, first - SUBJECT), -1):
            if "," in text.gap(place + 1) or not place:
                break
            if size := lexicon.governors.before(words[begin:place], place - begin):
                return Cut("cut_after", _subject(words, begin, place - size, lexicon), first)
    reported = _reported(text, begin, first, lexicon)
    if reported is not None:
        return Cut("cut_after", reported, first)
    if first > begin and ("," in text.gap(first) or words[first - 1] == "then"):
        return _opened(text, begin, first, lexicon)
    return None


def _reported(text: Tokens, begin: int, first: int, lexicon: Lexicon) -> int | None:
    """Where it begins that somebody else is reported to say what follows (`they will tell you`, `he said that`); None
    where nobody is, or who speaks says it himself (`I can tell you that`)."""
    words = text.keys
    for at in range(first - 1, max(begin, first - REPORTED) - 1, -1):
        if words[at] in lexicon.reporting:
            subject = next((n for n in range(at - 1, begin - 1, -1) if words[n] in lexicon.kinds["pronoun"]), None)
            capital = any(text.word(n)[:1].isupper() and words[n] != "i" for n in range(begin, at))
            named = capital or any(words[n] in lexicon.others for n in range(begin, at))
            other = words[subject] in lexicon.others if subject is not None else named
            return begin if other else None
        if words[at] not in lexicon.passed and words[at] not in lexicon.told:
            return None
    return None


def _subject(words: Sequence[str], begin: int, at: int, lexicon: Lexicon) -> int:
    """Where the clause of a governor begins: `I don't think` where the governor is `think`."""
    while at > begin and (
        lexicon.kind(words[at - 1]) in ("pronoun", "auxiliary", "negation", "modal") or words[at - 1].endswith("n't")
    ):
        at -= 1
    return at


def _part_before(text: Tokens, first: int, turn: Quotation | None) -> int | None:
    """Behind the words of a turn that go on where it is broken (`"I doubt," he said, "..."`) in the same sentence."""
    start = text.source(first, first + 1).start
    ended = [part.end for part in turn.inner if part.end < start] if turn is not None else []
    if not ended:
        return None
    place = text.index_at(ended[-1])
    if not 0 < place < first:
        return None
    between = text.shown[text.ends[place - 1] : text.starts[first]]
    return None if _new_sentence(between) else place


def _new_sentence(between: str) -> bool:
    """Whether a sentence ends where a turn is broken, before or behind who said it."""
    return bool(re.match(r"\s*[.!?…]", between) or re.search(r"[.!?]\s*[\"“'‘\[(]*\s*$", between))


def _opened(text: Tokens, begin: int, first: int, lexicon: Lexicon) -> Cut | None:
    """A clause such as `if we win,` right before a quote."""
    for index in range(first - 1, max(begin, first - GOVERNOR_REACH) - 1, -1):
        if text.keys[index] in lexicon.openers and (
            index == begin or "," in text.gap(index) or text.keys[index - 1] in ("and", "but", "even", "that", "said")
        ):
            return Cut("cut_after", index, first)
        if index < first - 1 and "," in text.gap(index + 1) and index + 1 < first - 1:
            continue
    return None


def _sentence_start(text: Tokens, first: int, *, marks: bool = True) -> int:
    """The first word of the sentence in which a word stands; with `marks`, of what is inside the quotation marks."""
    at = first
    while at > 0:
        gap = raw_gap(text, at)
        if ends(text, at - 1, gap) or "\n" in gap or (marks and OPENED.search(gap)):
            return at
        at -= 1
    return 0


def ends(text: Tokens, index: int, gap: str) -> bool:
    """Whether a sentence ends behind a word."""
    match = ENDED.search(gap)
    if match is None or gap.lstrip().startswith(("...", "…")):
        return match is not None and "\n\n" in gap
    key = text.keys[index]
    shortened = gap[:1] == "." and (key in SHORTENED or len(key) == 1 or "." in key)
    if not shortened:
        return True
    following = text.shown[text.starts[index + 1] : text.starts[index + 1] + 1] if index + 1 < len(text) else ""
    return "\n" in gap or (len(key) > 1 and "." in key and following.isupper() and key not in ("u.s", "u.n", "u.k"))


def stops(text: Tokens, index: int) -> bool:
    """Whether a sentence ends before a word, also where a turn is broken there (`," he said. "`)."""
    if not 0 < index < len(text):
        return True
    gap = raw_gap(text, index)
    return _new_sentence(gap) if re.search(r"\w", gap) else ends(text, index - 1, gap)


def raw_gap(text: Tokens, index: int) -> str:
    """What stands between a word and the one before it, as shown."""
    start = text.ends[index - 1] if index else 0
    return text.shown[start : text.starts[index] if index < len(text) else len(text.shown)]
