"""Where the short answer stands in the sentences that are shown: a wrong highlight is worse than none.

The reader tells which words answer; only the sentence that it is surest of is highlighted, those that say the same, and
those with the items of a list. Without it the best sentence is, by what stands about each short answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from app.evidence.candidates import Candidate, Evidence
from app.evidence.finding import Finding
from app.questions.short import NEARLY, TOLD, Short
from indexing.marks import outermost, stretches_of
from indexing.spans import Span
from indexing.words import stems

# Chosen as those of `app.questions.short` are.
ANSWERING = 0.25  # how likely a sentence must answer so that words in it are highlighted
RIVAL = (
    0.9  # how many times as likely another sentence, with another answer, must be so that nobody can tell which it is
)
WINDOW = 60  # characters around a short answer in which the question's words count for it
JOINED = re.compile(r"(?:,|,? (?:and|or|as well as))\s")  # between two of a row
CLAUSE = re.compile(r";\s|\s[–—-]\s|,\s(?:and|but|while|whereas|although|though)\s")
Place = tuple[str, Span]


def highlights(finding: Finding, shown: Sequence[Candidate]) -> Mapping[Place, tuple[Span, ...]]:
    """For the sentences shown, where the short answers stand in each; where sources differ, the figures that do."""
    evidence = finding.evidence
    if finding.differences:
        sides = [side for each in finding.differences for side in each.sides]
        return {one.place: tuple(s.span for s in sides if s.candidate.place == one.place) for one in shown}
    likeliest = sorted((one for one in shown if _answers(evidence, one)), key=_likely, reverse=True)
    if evidence.asked.several:
        return {one.place: _apart([each.span for each in one.shorts if _enough(each)]) for one in likeliest}
    if not likeliest or any(_likely(one) > _likely(likeliest[0]) for one in shown):
        return {}
    best = likeliest[0]
    rows = {one.place: _row(evidence, one) for one in likeliest if one is best or _same(evidence, one, best)}
    rivals = [one for one in likeliest if one.place not in rows and _likely(one) >= RIVAL * _likely(best)]
    return {} if best.read is not None and rivals else rows


def short_answer(evidence: Evidence, one: Candidate) -> Short | None:
    """What is likeliest the answer in a sentence: by the reader; else what has most of the question about it."""
    shorts = _shorts(evidence, one)
    if one.read is not None:
        return max(shorts, key=lambda short: (short.told or 0.0, len(short.span), -short.span.start), default=None)
    if _who_speaks(evidence):  # who speaks stands beside what is said, and before what is said of him
        return min(shorts, key=lambda short: (not short.beside, short.span.start), default=None)

    def weight(short: Short) -> tuple[bool, float, int]:
        around = one.text[max(0, short.span.start - WINDOW) : short.span.end + WINDOW]
        return short.beside, evidence.query.coverage(around), -short.span.start

    return max(shorts, key=weight, default=None)


def stems_of(short: Short | None, one: Candidate) -> frozenset[str]:
    """The stems of a short answer in a sentence."""
    return frozenset(stems(short.span.of(one.text))) if short else frozenset()


def _likely(one: Candidate) -> float:
    return one.score if one.read is None else one.read


def _answers(evidence: Evidence, one: Candidate) -> bool:
    """Whether a sentence answers, and words in it are the answer, as far as the reader can tell, if it was asked."""
    best = short_answer(evidence, one)
    if evidence.ranked[0].read is None:
        return best is not None
    return one.read is not None and one.read >= ANSWERING and best is not None and _enough(best)


def _same(evidence: Evidence, one: Candidate, other: Candidate) -> bool:
    """Whether the short answer of one is in that of the other."""
    said, known = (stems_of(short_answer(evidence, each), each) for each in (one, other))
    return bool(said and known) and (said <= known or known <= said)


def _enough(short: Short) -> bool:
    return short.told is None or short.told >= TOLD


def _who_speaks(evidence: Evidence) -> bool:
    return evidence.asked.said and evidence.asked.kind == "person"


def _shorts(evidence: Evidence, one: Candidate) -> Sequence[Short]:
    """The short answers of a sentence; who speaks is none of those who are named in what is said."""
    if not _who_speaks(evidence):
        return one.shorts
    said = [each.span for each in outermost(stretches_of(one.text, [Span(0, len(one.text))]))]
    return [short for short in one.shorts if not any(each.contains(short.span) for each in said)]


def _row(evidence: Evidence, one: Candidate) -> tuple[Span, ...]:
    """The short answer of a sentence with those that it stands in a row with: `Ada Vale and Ben Roe`.

    None where another is nearly as likely, unless it stands in a clause that has fewer of the question's words.
    """
    best = short_answer(evidence, one)
    if best is None or best.told is None:
        return (best.span,) if best else ()
    others = [each for each in _shorts(evidence, one) if _enough(each) and not each.span.overlaps(best.span)]
    row = _joined(best.span, [each.span for each in others], one.text)
    near = [each for each in others if each.span not in row and (each.told or 0.0) > best.told - NEARLY]
    if not near:
        return row
    spans = [each.span for each in near]
    if len(row) > 1 and all(len(_joined(each, spans, one.text)) > 1 for each in spans):
        return _apart([*row, *spans])  # a list in pieces
    known = [(_about(evidence, each.span, one.text), each) for each in (best, *near)]
    most = max(about for about, _ in known)
    first, *more = [each.span for about, each in known if about == most]
    return () if more or not most else (first,)


def _about(evidence: Evidence, span: Span, text: str) -> float:
    """How much of the question, its names left out, stands in the clause in which a span does."""
    ends = [0, *(match.end() for match in CLAUSE.finditer(text)), len(text)]
    start = max(end for end in ends if end <= span.start)
    held = set(stems(text[start : min(end for end in ends if end > span.start)]))
    held -= {stem for name in evidence.asked.names for stem in stems(name)}
    return sum(evidence.query.weights.get(stem, 0.0) for stem in held)


def _joined(best: Span, others: Sequence[Span], text: str) -> tuple[Span, ...]:
    row = [best]
    for span in sorted(others):
        if span.start >= row[-1].end and JOINED.fullmatch(text[row[-1].end : span.start]):
            row.append(span)
    for span in sorted(others, reverse=True):
        if span.end <= row[0].start and JOINED.fullmatch(text[span.end : row[0].start]):
            row.insert(0, span)
    return tuple(row)


def _apart(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Spans in order, without those that overlap one before."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda each: (each.start, -each.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return tuple(kept)
