"""Where the short answer stands in the sentences that are shown: a wrong highlight is worse than none.

The reader tells which words answer; only the sentence that it is surest of is highlighted, those that say the same, and
those with the items of a list. Without it the best sentence is, by what stands about each short answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from app.evidence.candidates import Candidate, Evidence
from app.evidence.finding import Finding
from app.questions.short import NAMING, NEARLY, NUMERIC, TOLD, Short
from indexing.marks import outermost, stretches_of
from indexing.spans import Span
from indexing.words import stems

# Chosen on questions about twelve articles of a newspaper and on the tuning parts of our collections.
ANSWERING = 0.2  # how likely a sentence must answer so that words in it are highlighted
ENOUGH, COUNTED = 0.3, 0.25  # how likely words must be the answer; a figure before the noun that is to be counted
APART = 0.5  # how much lower than the best sentence another may score so that it may be the one that answers
RIVAL = (
    0.9  # how many times as likely another sentence, with another answer, must be so that nobody can tell which it is
)
REACH, TWICE = 5, 1.5  # words around a figure that tell whose it is, and how much more of them the one asked for has
WINDOW = 60  # characters around a short answer in which the question's words count for it
JOINED = re.compile(r"(?:,|,? (?:and|or|as well as))\s")  # between two of a row
CLAUSE = re.compile(r";\s|\s[–—-]\s|,\s(?:and|but|while|whereas|although|though)\s")
WORD = re.compile(r"\w[\w’'.,-]*\w|\w")
BY = 3  # words between a name and an age
KIN = re.compile(
    r"\b(?:wi(?:fe|ves)|husbands?|sons?|daughters?|brothers?|sisters?|fathers?|mothers?|child(?:ren)?|famil(?:y|ies)|"
    r"aunts?|uncles?|cousins?|spouses?|widows?|widowers?|parents?|nephews?|nieces?)\b",
    re.IGNORECASE,
)  # who has the same surname
Place = tuple[str, Span]


def highlights(finding: Finding, shown: Sequence[Candidate]) -> Mapping[Place, tuple[Span, ...]]:
    """For the sentences shown, where the short answers stand in each; where sources differ, the figures that do."""
    evidence = finding.evidence
    if finding.differences:
        sides = [side for each in finding.differences for side in each.sides]
        return {one.place: tuple(s.span for s in sides if s.candidate.place == one.place) for one in shown}
    answering = sorted((one for one in shown if _answers(evidence, one)), key=_likely, reverse=True)
    if evidence.asked.several:
        return {one.place: _apart([each.span for each in one.shorts if _listed(each)]) for one in answering}
    best = _best(answering, shown)
    if best is None or not (row := _row(evidence, best)):
        return {}
    rows = {best.place: row}
    rows |= {one.place: _row(evidence, one) for one in answering if one is not best and _same(evidence, one, best)}
    rivals = (one for one in answering if one.place not in rows and _likely(one) >= RIVAL * _likely(best))
    tied = best.read is not None and any(one.score >= best.score - APART for one in rivals)
    return {} if tied else rows


def _best(answering: Sequence[Candidate], shown: Sequence[Candidate]) -> Candidate | None:
    """The sentence that answers: likelier than any other that is shown, and hardly less to the point."""
    best = next(iter(answering), None)
    if best is None or any(_likely(one) > _likely(best) for one in shown):
        return None
    top = max(one.score for one in shown if best.read is None or one.read is not None)
    return best if best.score >= top - APART else None


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
    if one.read is None or one.read < ANSWERING or best is None:
        return False
    return _listed(best) if evidence.asked.several else _enough(evidence, best) and not _known(evidence, best, one)


def _same(evidence: Evidence, one: Candidate, other: Candidate) -> bool:
    """Whether the short answer of one is in that of the other."""
    said, known = (stems_of(short_answer(evidence, each), each) for each in (one, other))
    return bool(said and known) and (said <= known or known <= said)


def _listed(short: Short) -> bool:
    """Whether words pass for one of several answers."""
    return short.told is None or short.told >= TOLD


def _enough(evidence: Evidence, short: Short) -> bool:
    least = COUNTED if short.beside and evidence.asked.kind in NUMERIC else ENOUGH
    return short.told is None or short.told >= least


def _known(evidence: Evidence, short: Short, one: Candidate) -> bool:
    """Whether the person is named in the question: `Zelensky` of "Who called Zelensky a dictator?" calls nobody so."""
    name = short.span.of(one.text).split(" of ")[0].split()
    last = set(stems(name[-1])) if name else set()
    return (
        evidence.asked.kind == "person"
        and bool(last)
        and last <= evidence.asked.words
        and not KIN.search(evidence.question)
    )


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
    apart = [each for each in _shorts(evidence, one) if not each.span.overlaps(best.span)]
    row = _joined(best.span, [each.span for each in apart if (each.told or 0.0) >= ENOUGH], one.text)
    near = [each for each in apart if each.span not in row and (each.told or 0.0) > best.told - NEARLY]
    if len(row) > 1 and evidence.asked.focus and not evidence.asked.noun.endswith("s"):
        return ()  # one is asked for
    if not near:
        return row
    spans = [each.span for each in near]
    if len(row) > 1 and all(len(_joined(each, spans, one.text)) > 1 for each in spans):
        return _apart([*row, *spans])  # a list in pieces
    told = _told_apart(evidence, [best, *near], one.text)
    return (told.span,) if told is not None else ()


def _told_apart(evidence: Evidence, likely: Sequence[Short], text: str) -> Short | None:
    """Which of short answers that are nearly as likely is the one, by the words about each; none where these do not
    tell. A name is told by its clause, or as the only one beside the noun that is asked for; a figure by what is near.
    """
    kind = evidence.asked.kind
    if kind in NAMING or kind == "count":
        about = [_about(evidence, each.span, text) for each in likely]
        most = [each for each, known in zip(likely, about, strict=True) if known == max(about)]
        if max(about) and len(most) == 1:
            return most[0]
        beside = [each for each in likely if each.beside]
        return beside[0] if kind in NAMING and len(beside) == 1 else None
    if kind == "age":
        theirs = [each for each in likely if _named_by(evidence, each.span, text)]
        return theirs[0] if len(theirs) == 1 else None
    near = [_near(evidence, each.span, text) for each in likely]
    for stem in frozenset.intersection(*map(frozenset[str], near)):
        for each in near:
            del each[stem]  # what stands by all tells none of them
    totals = [sum(each.values()) for each in near]
    second, first = sorted(totals)[-2:]
    return likely[totals.index(first)] if first and first >= TWICE * second else None


def _near(evidence: Evidence, span: Span, text: str) -> dict[str, float]:
    """The words of the question that stand near a span: each counts less with each word between."""
    found: dict[str, float] = {}
    for away, word in _words_near(span, text, REACH):
        for stem in stems(word):
            if weight := evidence.query.weights.get(stem, 0.0):
                found[stem] = max(found.get(stem, 0.0), weight / away)
    return found


def _named_by(evidence: Evidence, span: Span, text: str) -> bool:
    """Whether the rarest word of the question's names stands by a span: whose age it is."""
    named = [stem for name in evidence.asked.names for stem in stems(name)]
    rarest = max(named, key=lambda stem: evidence.query.weights.get(stem, 0.0), default="")
    return any(rarest in stems(word) for _, word in _words_near(span, text, BY))


def _words_near(span: Span, text: str, most: int) -> Iterator[tuple[int, str]]:
    """The words up to so many before and after a span, a semicolon at most, each with how many words away it is."""
    before = WORD.findall(text[: span.start].rpartition(";")[2])[::-1]
    after = WORD.findall(text[span.end :].partition(";")[0])
    for words in (before, after):
        yield from enumerate(words[:most], 1)


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
