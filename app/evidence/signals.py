"""What tells answerable questions from near misses: a named list of signals, each 0 to 1, read off the evidence.

A signal is a function of the evidence; `SIGNALS` names them all, and `python -m eval fit` weighs whatever it names. One
whose name begins with `lack` speaks against an answer and may not weigh for it; any other the other way round.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from app.evidence.candidates import DEPTH, Candidate, Evidence
from app.questions.short import NAMING, NUMERIC, WRITTEN, Kind
from indexing.words import stems

Signal = Callable[[Evidence], float]

UNNAMED = 0.5  # lack where no sentence has a name or a date: who did it may be said without a name
APART = 5.0  # difference of scores that counts as a whole lack
APART_ALIGNED = 4.0  # ... of scores that know how each word matches
APART_REASON = 3.0
UNLIKE = 0.5  # likeness of words in their contexts up to which one is no other word for the other
LOOKED_AT = 5  # sentences in which the thing asked for may stand
YEAR = re.compile(r"(?<!\d)(?:1[5-9]|20)\d\d(?!\d)")
SORTS: frozenset[Kind] = frozenset(("name", "place"))
# "an Indian newspaper", "one of the stewards", "their cup": before a noun it says that no name is coming.
UNTOLD = (
    r"\b(?:an?|another|one of (?:the|its|his|her|their|several)|some|several|two|three|four|five|six|seven|eight|nine|"
    r"ten|many|his|her|their|its|other)\s(?:[\w’'-]+\s){0,2}?"
)


def saying(evidence: Evidence) -> float:
    """Someone is asked for who said it, and the best sentence says or quotes."""
    return evidence.ranked[0].features.saying


def lack(evidence: Evidence) -> float:
    """How much less to the point the best sentence with an answer of the kind is than the best without."""
    with_answer = [one.topic for one in evidence.ranked if one.shorts]
    best = max(one.topic for one in evidence.ranked)
    return _behind(best, with_answer, APART, _unnamed(evidence)) if evidence.exact else 0.0


def lack_aligned(evidence: Evidence) -> float:
    """The same among the best sentences, by how well each word of the question matches."""
    best = _best(evidence)
    with_answer = [one.aligned for one in best if one.shorts]
    top = max(one.aligned for one in best)
    return _behind(top, with_answer, APART_ALIGNED, _unnamed(evidence)) if evidence.exact else 0.0


def lack_figure(evidence: Evidence) -> float:
    """`lack` where a figure is asked for."""
    return lack(evidence) if evidence.asked.kind in NUMERIC else 0.0


def lack_aligned_figure(evidence: Evidence) -> float:
    """`lack_aligned` where a figure is asked for."""
    return lack_aligned(evidence) if evidence.asked.kind in NUMERIC else 0.0


def lack_written(evidence: Evidence) -> float:
    """No name is written with the word for such a thing ("University")."""
    written = evidence.asked.noun.lower() in WRITTEN
    return float(written and not any(one.shorts for one in evidence.ranked[:LOOKED_AT]))


def lack_counted(evidence: Evidence) -> float:
    """No figure stands beside the noun that is to be counted."""
    counted = any(one.features.beside for one in evidence.ranked[:LOOKED_AT])
    return float(evidence.asked.kind == "count" and bool(stems(evidence.asked.noun)) and not counted)


def lack_role(evidence: Evidence) -> float:
    """No name stands beside the noun that says who is asked for ("attorney")."""
    return _lack_beside(evidence) if evidence.asked.kind == "person" else 0.0


def lack_sort(evidence: Evidence) -> float:
    """No name stands beside the noun that says what or where is asked for ("newspaper"); often it does without."""
    return _lack_beside(evidence) if evidence.asked.kind in SORTS else 0.0


def lack_told(evidence: Evidence) -> float:
    """The thing asked for is mentioned only as one that goes unnamed: "a White House official", "two days"."""
    asked = evidence.asked
    if asked.kind not in (*NAMING, "time", "thing") or not stems(asked.noun):
        return 0.0
    if any(one.features.beside for one in evidence.ranked[: LOOKED_AT - 1]):
        return 0.0
    root = asked.noun.lower().rstrip("s")[:6]
    mention = re.compile(rf"{UNTOLD}{re.escape(root)}\w*", re.IGNORECASE)
    return float(any(mention.search(one.text) for one in evidence.ranked[: LOOKED_AT - 2]))


def lack_year(evidence: Evidence) -> float:
    """The share of the years asked for of which neither the sentence that would answer is, nor the best one."""
    years = set(YEAR.findall(evidence.question))
    if not years:
        return 0.0
    holding = next((one for one in evidence.ranked[:LOOKED_AT] if one.shorts or not evidence.exact), evidence.ranked[0])
    near = " ".join(f"{one.surroundings} {one.passage.document.metadata.date}" for one in (holding, evidence.ranked[0]))
    return sum(year not in near for year in years) / len(years)


def lack_reason(evidence: Evidence) -> float:
    """A reason is asked for: how much less to the point the best sentence is that has a word which gives one."""
    if evidence.asked.kind != "reason":
        return 0.0
    best = _best(evidence)
    top = max(one.aligned for one in best)
    return _behind(top, [one.aligned for one in best if one.features.reason], APART_REASON, 1.0)


def lack_noun(evidence: Evidence) -> float:
    """The thing asked for is no name, figure or reason, and is not mentioned near what else is asked."""
    asked, looked = evidence.asked, evidence.ranked[:LOOKED_AT]
    if evidence.exact or asked.kind == "reason" or not stems(asked.noun) or any(one.features.focus for one in looked):
        return 0.0
    best = evidence.ranked[0].features
    return (best.around + best.names_around) / 2


SIGNALS: Mapping[str, Signal] = {
    each.__name__: each
    for each in (
        saying, lack, lack_aligned, lack_figure, lack_aligned_figure, lack_written, lack_counted, lack_role, lack_sort,
        lack_told, lack_year, lack_reason, lack_noun,
    )
}  # fmt: skip
AGAINST = tuple(name for name in SIGNALS if name.startswith("lack"))


def signals(evidence: Evidence) -> dict[str, float]:
    """Every signal by its name; where nothing was found there is nothing to read off, so all are 0."""
    return {name: each(evidence) if evidence.ranked else 0.0 for name, each in SIGNALS.items()}


def _best(evidence: Evidence) -> list[Candidate]:
    return list(evidence.ranked[:DEPTH])


def _unnamed(evidence: Evidence) -> float:
    return 1.0 if evidence.asked.kind in NUMERIC else UNNAMED


def _behind(best: float, others: Iterable[float], apart: float, none: float) -> float:
    """How far the best of the others is behind the best, as a share of `apart`; `none` where there are no others."""
    highest = max(others, default=None)
    return none if highest is None else min(1.0, (best - highest) / apart)


def _lack_beside(evidence: Evidence) -> float:
    if not stems(evidence.asked.noun):
        return 0.0
    beside = [one.topic for one in evidence.ranked if one.features.beside]
    found = _behind(max(one.topic for one in evidence.ranked), beside, APART, 1.0)
    if evidence.asked.kind != "person":
        return found
    holding = [one.features for one in evidence.ranked[:LOOKED_AT] if one.shorts and not one.features.focus]
    alike = max((each.words_noun for each in holding), default=0.0)
    return found * (1 - min(1.0, max(0.0, alike - UNLIKE) / UNLIKE))
