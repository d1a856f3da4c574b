"""Judging one statement beside sentences: faults, doubts, how well its words are carried, and so its support."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from app.answers import Support
from app.grounding import calibration
from app.grounding.alignment import Evidence, Measures
from app.grounding.details import details
from app.grounding.figures import figures, written
from app.grounding.names import Named, names
from app.grounding.polarity import doubts
from app.grounding.wording import REPORTING, WORD, plain, stem_set

SUPPORTED_SHARE = 0.9  # of a statement's content words that its cited sentences must hold to support it
PARTLY_SHARE = 0.45  # ... to support it partly
EVEN = 0.5  # a score from which a statement is rather supported than not
BELOW_EVEN = 0.49
UNLIKELY = 0.25  # a score below which it is rather not, even partly
NOTHING_ADDED = calibration.logit_of(1.0)  # of a sentence that stands word for word in a source
MISQUOTED = 0.02  # the most for a statement with a quotation that no source has
ELSEWHERE = "the cited sentences speak of something else"
ALL_THERE = "its words, names and figures are in the source"
MOST_THERE = "its names and figures are in the source; in words of its own"
MOST_NAMED = 5  # words that a reason names


@dataclass(frozen=True)
class Known:
    """What is known of the sources beside the sentences: titles, and who published and wrote them.

    `whole` is everything they say, where the gate chose the sentences itself and may have chosen too few.
    """

    titles: str = ""
    publishers: str = ""
    whole: str = ""

    @functools.cached_property
    def titled(self) -> Named:
        return Named(self.titles)

    @functools.cached_property
    def named(self) -> Named:
        return Named(f"{self.whole} {self.publishers}")

    @functools.cached_property
    def values(self) -> frozenset[float]:
        return frozenset(value for value, _ in figures(self.whole, ones=True))


@dataclass(frozen=True, slots=True)
class Judgement:
    """`score` is the calibrated probability of support.

    `hard`: a quotation, figure or name is not in the sources, which no opinion can mend. `novelty` is the share of
    words that are not in the sentences, `pure` the logit of its adding nothing of its own to them, `heard` what the
    reader added to the logit of its score.
    """

    support: Support
    reason: str
    score: float
    novelty: float = 0.0
    hard: bool = False
    pure: float = NOTHING_ADDED
    heard: float = 0.0

    @property
    def logit(self) -> float:
        return calibration.logit_of(self.score)

    def lowered(self, support: Support, reason: str) -> Judgement:
        """The same with a lower support."""
        return replace(self, support=support, reason=reason, score=min(self.score, BELOW_EVEN))


Opinion = Callable[[str, Sequence[str], Judgement], Judgement]
"""A second opinion: a statement, the sentences it was held against, the gate's judgement; and what that becomes."""


def judge(said: str, evidence: Evidence, among: Sequence[int], known: Known, faults: Sequence[str] = ()) -> Judgement:
    """What of `said` the sentences `among` these support; `faults` were found before and decide it.

    Where the sentences are an answer's own citations each word counts; where the gate chose them (`known.whole`), which
    may be too few, the calibrated score decides about words.
    """
    measures = evidence.measures(plain(said), among)
    pure = calibration.logit(measures, calibration.shipped().pure)
    return replace(_judged(said, evidence, among, known, faults, measures), pure=pure)


def _judged(
    said: str, evidence: Evidence, among: Sequence[int], known: Known, faults: Sequence[str], measures: Measures
) -> Judgement:
    text, cited = plain(said), [evidence.plain[index] for index in among]
    together = " ".join(cited)
    score, novelty = calibration.probability(calibration.logit(measures)), measures["new_words"]
    near = Named(f"{together} {known.publishers}")
    found = [*faults, *_faults(text, together, near, known)]
    if found:
        return Judgement(
            "unsupported", "; ".join(found), min(score, MISQUOTED if faults else BELOW_EVEN), novelty, True
        )
    words = stem_set(text) - REPORTING
    backed = _backed(text, together, known)
    share = len(words & backed) / len(words) if words else float(bool(figures(text)))  # a figure is its own evidence
    problems = [
        *_weak(text, together, near, known),
        *doubts(text, cited, modal_only=bool(known.whole)),
        *details(text, cited),
    ]
    unknown = [word for word in dict.fromkeys(WORD.findall(text)) if (stem_set(word) - REPORTING) - backed]
    if known.whole:
        return _by_score(share, score, novelty, problems, unknown)
    new = "some of its words are not in the cited sentences: " + ", ".join(unknown[:MOST_NAMED])
    if share < PARTLY_SHARE:
        return Judgement("unsupported", ELSEWHERE, min(score, UNLIKELY), novelty)
    if share < SUPPORTED_SHARE or (unknown and text.lstrip("\"'(").startswith(unknown[0])):
        problems.append(new)
    if problems:
        return Judgement("partly", "; ".join(problems), min(score, BELOW_EVEN), novelty)
    return Judgement("supported", _all_but(unknown), max(score, EVEN), novelty)


def _by_score(share: float, score: float, novelty: float, problems: Sequence[str], unknown: Sequence[str]) -> Judgement:
    """Support as the calibrated score tells; a problem that was found makes it partly at most. `unknown` are the words
    that the sentences lack."""
    why = f"not in the sentences that come nearest: {', '.join(unknown[:MOST_NAMED])}"
    if share < PARTLY_SHARE:
        told = "; ".join([*problems, why]) if share else ELSEWHERE
        return Judgement("unsupported", told, min(score, share), novelty)
    why = why if unknown else "its words stand apart there"
    if score < UNLIKELY:
        return Judgement("unsupported", "; ".join([*problems, why]), score, novelty)
    if problems or score < EVEN:
        return Judgement("partly", "; ".join(problems or [why]), score, novelty)
    return Judgement("supported", _all_but(unknown), score, novelty)


def _all_but(unknown: Sequence[str]) -> str:
    """Why a statement is supported; what it says in words of its own is named, since nobody has found it there."""
    return f"{MOST_THERE}: {', '.join(unknown[:MOST_NAMED])}" if unknown else ALL_THERE


def _faults(text: str, cited: str, near: Named, known: Known) -> Iterator[str]:
    """Figures and names that no source has."""
    where = "the sources" if known.whole else "the cited sentences"
    there = known.values if known.whole else {value for value, _ in figures(cited, ones=True)}
    for number in sorted({value for value, _ in figures(text)} - there):
        yield f"the figure {written(text, number)} is not in {where}"
    source = known.named if known.whole else near
    for name in dict.fromkeys(names(text)):
        if not source.has(name, text) and not known.titled.has(name, text):
            yield f"the name {name} is not in {where}"


def _weak(text: str, cited: str, near: Named, known: Known) -> Iterator[str]:
    """Figures and names that a source has, but not there or not so."""
    for name in dict.fromkeys(names(text)):
        if not near.has(name, text):
            titled = known.titled.has(name, text)
            where = "the source's title" if titled else "another part of the source"
            yield f"only {where} names {name}"
    said, there = set(figures(text)), set(figures(cited, ones=True))
    for number in sorted({value for value, _ in said} - {value for value, _ in there}):
        yield f"the figure {written(text, number)} stands in another part of the source"
    if any(value in {one for one, _ in there} for value, _ in said - there):
        yield "a figure has another unit in the source"


def _backed(text: str, cited: str, known: Known) -> set[str]:
    """The stems that the sentences hold, the names of the statement that they have in another form included."""
    source = Named(cited)
    there = [name for name in names(text, first=True) if source.has(name, text)]
    return stem_set(" ".join([cited, known.titles, known.publishers, *there]))
