"""A quote put together from parts that do not stand together, or in another order, without a mark."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.quotes.found import Match
from app.quotes.given import Given
from app.quotes.result import Edit, Integrity
from app.quotes.shelf import Source
from indexing.tokens import Tokens

LEAST = 4  # words of a part
LOOSE = 2  # words between two parts that belong to none
NEAR = 5  # words that may be missing between two parts of one sentence: then they are words left out, not a splice
ENDED = re.compile(r"[.!?](?=[\s\"'”’)\]]|$)")


@dataclass(frozen=True, slots=True)
class Run:
    """Words `[begin, end)` of the quote that stand in a row in a reading of a document, from word `first` on."""

    begin: int
    end: int
    first: int
    source: Source
    text: Tokens

    @property
    def last(self) -> int:
        return self.first + self.end - self.begin

    def cut(self, begin: int) -> Run:
        """Without what a part before it has already."""
        return Run(begin, self.end, self.first + begin - self.begin, self.source, self.text)


def spliced(given: Given, sources: Sequence[Source]) -> Match | None:
    """The quote as parts of at least four words each that do not follow each other; None where it is no such thing."""
    keys = given.tokens.keys
    if len(keys) < 2 * LEAST:
        return None
    runs = [run for source in sources for run in _runs(keys, source)]
    covers = [cover for source in sources if (cover := _cover(keys, [one for one in runs if one.source is source]))]
    cover = min(covers, key=_looseness, default=None) or _cover(keys, runs)
    if cover is None or len(cover) < 2:
        return None
    integrity = _integrity(cover)
    if integrity is None:
        return None
    best = max(cover, key=lambda run: run.end - run.begin)
    same = [run for run in cover if run.source is best.source and run.text is best.text]
    pieces = tuple(sorted((run.first, run.last) for run in same))
    edits = tuple(_edit(given, one, other, integrity) for one, other in itertools.pairwise(cover))
    return Match(best.source, best.text, pieces, "altered", edits, integrity)


def _runs(keys: Sequence[str], source: Source) -> Iterator[Run]:
    """The longest common runs of words of at least four."""
    grams: dict[tuple[str, ...], list[int]] = {}
    for at in range(len(keys) - LEAST + 1):
        grams.setdefault(tuple(keys[at : at + LEAST]), []).append(at)
    for text in source.readings:
        theirs = text.keys
        known = set(keys)
        reached: dict[int, int] = {}
        for place in range(len(theirs) - LEAST + 1):
            if theirs[place] not in known or theirs[place + LEAST - 1] not in known:
                continue
            for at in grams.get(tuple(theirs[place : place + LEAST]), ()):
                if reached.get(place - at, -1) >= place:
                    continue
                end = at
                while end < len(keys) and place + end - at < len(theirs) and keys[end] == theirs[place + end - at]:
                    end += 1
                reached[place - at] = place + end - at - LEAST
                yield Run(at, end, place, source, text)


def _cover(keys: Sequence[str], runs: Sequence[Run]) -> list[Run] | None:
    """Runs that make up the quote from its beginning to its end, the longest first, with hardly a word between."""
    found: list[Run] = []
    at = 0
    while at < len(keys):
        ahead = [run for run in runs if run.begin <= at + LOOSE and run.end - max(run.begin, at) >= LEAST]
        if not ahead:
            break
        before = found[-1].source if found else None
        best = max(ahead, key=lambda run: (run.end - LOOSE * (run.begin > at), run.source is before, -run.first))
        found.append(best.cut(max(best.begin, at)))
        at = best.end
    return found if found and len(keys) - at <= LOOSE else None


def _looseness(cover: Sequence[Run]) -> tuple[int, int]:
    """Fewer parts, and those nearer to each other, come first."""
    return len(cover), sum(abs(other.first - one.last) for one, other in itertools.pairwise(cover))


def _integrity(cover: Sequence[Run]) -> Integrity | None:
    if any(run.source is not cover[0].source for run in cover):
        return "across_documents"
    found: Integrity | None = None
    for one, other in itertools.pairwise(cover):
        if one.text is not other.text:
            return "spliced"
        if other.first >= one.last:
            left_out = other.first - one.last - (other.begin - one.end)
            ended = left_out >= 3 and ENDED.search(
                one.text.shown[one.text.ends[one.last - 1] : one.text.starts[other.first]][1:]
            )
            if left_out > NEAR or ended:
                return "spliced"
        elif 0 <= one.first - other.last <= NEAR:
            found = "reordered"
        else:
            return "spliced"
    return found


def _edit(given: Given, one: Run, other: Run, integrity: Integrity) -> Edit:
    """What was left out without a mark between two parts, at the joint."""
    joint = given.tokens.place(given.tokens.ends[one.end - 1], given.tokens.starts[other.begin])
    if integrity == "reordered":
        span = other.text.source(other.first, other.last)
        words = other.text.shown[other.text.starts[other.first] : other.text.ends[other.last - 1]]
        return Edit(
            "order",
            "substantive",
            words,
            words,
            span,
            given.tokens.source(other.begin, other.end),
            "stands before what the quote puts before it",
        )
    if one.source is other.source and one.text is other.text and one.last < other.first:
        span = one.text.source(one.last, other.first)
        return Edit("splice", "critical", span.of(one.source.document.text), "", span, joint, "left out without a mark")
    span = other.text.source(other.first, other.last)
    where = other.source.document.metadata.title or other.source.document.name
    words = span.of(other.source.document.text)
    return Edit("splice", "critical", words, words, span, joint, f"stands elsewhere: {where}")
