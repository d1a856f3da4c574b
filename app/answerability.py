"""Whether the evidence answers a question, how likely that is, and what is missing where it does not.

It is a product: how likely the passages are about what is asked at all, and, given that, how likely a sentence that is
about it has an answer of the kind asked for.
A question about a salary whose best sentences hold no sum is a near miss, however alike they are; so the absence
counts by how much less to the point the best sentence is that does hold one.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from app.evidence import Candidate, Evidence, fitted
from app.premise import unsaid
from app.short import DAYS, MONTHS, NAMING, NUMERIC, WRITTEN, Kind
from indexing.words import stems

UNNAMED = 0.5  # lack where no sentence has a name or a date: who did it may be said without a name
APART = 5.0  # difference of scores that counts as a whole lack
SAID = 3  # sentences of which one must be of the year asked for
YEAR = re.compile(r"(?<!\d)(?:1[5-9]|20)\d\d(?!\d)")
LOOKED_AT = 5  # sentences in which the thing asked for may stand
NAMED = 3
DATED = re.compile(rf"\b(?:{MONTHS}|{DAYS})")
DETAILS: dict[Kind, str] = {
    "person": "who",
    "money": "how much",
    "percent": "what share",
    "count": "how many",
    "duration": "how long",
    "age": "how old",
    "time": "when",
    "place": "where",
    "name": "the name",
    "words": "the words",
    "reason": "why",
    "manner": "how",
    "yes_no": "whether that is so",
}


@dataclass(frozen=True, slots=True)
class Signals:
    """What tells answerable questions from others, each 0 to 1; `lack...` speak against an answer."""

    topic: float  # likelihood that the passages are about this at all
    saying: float  # someone is asked for who said it, and the best sentence says or quotes
    focus: float  # the best sentence has the noun that is asked for
    lack: float  # how much less to the point the best sentence with an answer of the kind is than the best without
    lack_figure: float  # ... where a figure is asked for
    lack_written: float  # no name is written with the word for such a thing ("University")
    lack_counted: float  # no figure stands beside the noun that is to be counted
    lack_role: float  # ... no name stands beside the noun that says what is named
    lack_year: float  # the question names a year that neither the best sentences nor their document's date have
    lack_noun: float  # the thing asked for is no name or figure, and is not mentioned near what else is asked


WEIGHED = tuple(each.name for each in fields(Signals) if each.name != "topic")
AGAINST = tuple(name for name in WEIGHED if name.startswith("lack"))


def signals(evidence: Evidence, fit: Mapping[str, Any] | None = None) -> Signals:
    """The signals of the evidence, its topic by a given fit or the shipped one."""
    asked, ranked = evidence.asked, evidence.ranked
    topic = on_topic(evidence, fit)
    if not ranked:
        return Signals(0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    best, looked = ranked[0].features, ranked[:LOOKED_AT]
    lack = _lack(evidence) if evidence.exact else 0.0
    noun = bool(stems(asked.noun))
    counted = any(one.features.beside for one in looked)
    mentioned = any(one.features.focus for one in looked)
    close = (best.around + best.names_around) / 2
    return Signals(
        topic,
        best.saying,
        best.focus,
        lack,
        lack if asked.kind in NUMERIC else 0.0,
        float(asked.noun.lower() in WRITTEN and not any(one.shorts for one in looked)),
        float(asked.kind == "count" and noun and not counted),
        _lack_beside(evidence) if asked.kind in NAMING and noun else 0.0,
        _lack_year(evidence),
        close if not evidence.exact and noun and not mentioned else 0.0,
    )


def on_topic(evidence: Evidence, fit: Mapping[str, Any] | None = None) -> float:
    """How likely the passages speak of what is asked at all. That the answer itself is there, it cannot tell."""
    fit = fitted()["topic"] if fit is None else fit
    return 1 / (1 + math.exp(-fit["bias"] - sum(map(operator.mul, fit["weights"], topical(evidence)))))


def topical(evidence: Evidence) -> tuple[float, float, float, float, float]:
    """The best sentence's similarity and the best passage's, and the shares of the question's words that they hold.

    The last is the share of its names that one of the best sentences holds; of its words where it has no names.
    """
    hits = evidence.found.hits
    sentence = max((match.similarity for row in evidence.found.matches for match in row), default=0.0)
    passage = max((rank.score for hit in hits for rank in hit.how if rank.ranking == "meaning"), default=0.0)
    words = max((evidence.query.coverage(hit.passage.text) for hit in hits), default=0.0)
    together = max((match.coverage for row in evidence.found.matches for match in row), default=0.0)
    looked = evidence.ranked[:LOOKED_AT]
    named = max((one.features.names for one in looked), default=0.0) if evidence.asked.names else together
    return sentence, passage, words, together, named


def _lack(evidence: Evidence) -> float:
    with_answer = [one.topic for one in evidence.ranked if one.shorts]
    if not with_answer:
        return 1.0 if evidence.asked.kind in NUMERIC else UNNAMED
    return min(1.0, (max(one.topic for one in evidence.ranked) - max(with_answer)) / APART)


def _lack_beside(evidence: Evidence) -> float:
    beside = [one.topic for one in evidence.ranked if one.features.beside]
    best = max(one.topic for one in evidence.ranked)
    return min(1.0, (best - max(beside)) / APART) if beside else 1.0


def _lack_year(evidence: Evidence) -> float:
    years = set(YEAR.findall(evidence.question))
    if not years:
        return 0.0
    near = " ".join(f"{one.surroundings} {one.passage.document.metadata.date}" for one in evidence.ranked[:SAID])
    return sum(year not in near for year in years) / len(years)


def likelihood(found: Signals, weights: Mapping[str, float] | None = None, bias: float | None = None) -> float:
    """How likely the documents answer, 0 to 1, by these signals."""
    fit = fitted()["answer"]
    weights, bias = (fit["weights"], fit["bias"]) if weights is None or bias is None else (weights, bias)
    return found.topic / (1 + math.exp(-bias - sum(weight * getattr(found, name) for name, weight in weights.items())))


def answerability(evidence: Evidence) -> float:
    """How likely the documents answer the question, 0 to 1."""
    return likelihood(signals(evidence))


def threshold() -> float:
    """Below it nothing in the sources is taken for an answer."""
    return float(fitted()["answer"]["threshold"])


def missing(evidence: Evidence) -> tuple[str, Candidate | None]:
    """Why there is no answer, in words for a reader, and the sentence that comes nearest; none off the topic."""
    named = [name for name in evidence.asked.names if not DATED.search(name)][:NAMED]
    if not evidence.ranked or (signals(evidence).topic < 0.5 and not _stand(named, evidence)):
        return "No document speaks of what is asked.", None
    nearest = max(evidence.ranked, key=lambda one: (one.topic, one.score))
    if claim := unsaid(evidence):
        return f"The documents do not say that {claim}.", nearest
    spoken = f"The documents speak of {', '.join(named)}" if named else "The documents speak of this"
    return f"{spoken}, but do not say {_detail(evidence)}.", nearest


def _stand(names: Sequence[str], evidence: Evidence) -> bool:
    """Whether there are names, and a passage has each word of all: `Mara Velt` where it says `Mara K. Velt`."""
    words = {word for name in names for word in name.split()}
    return bool(words) and any(words <= set(re.findall(r"[\w’'-]+", hit.passage.text)) for hit in evidence.found.hits)


def _detail(evidence: Evidence) -> str:
    """What was asked, as the end of a sentence: `which email provider`, `how many seats`, `why`."""
    asked = evidence.asked
    focus = "" if asked.noun.lower() in ("name", "") else asked.focus
    if focus and asked.kind in ("count", "duration"):
        return f"how many {focus}" if focus.endswith("s") else f"the {focus}"
    if focus and asked.kind in ("money", "percent", "age", "time", "reason"):
        return f"the {focus}"
    return f"which {focus}" if focus else DETAILS.get(asked.kind, "what is asked")
