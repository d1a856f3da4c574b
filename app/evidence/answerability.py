"""Whether the evidence answers a question, how likely that is, and what is missing where it does not.

It is a product: how likely the passages are about what is asked at all, and, given that, how likely a sentence that is
about it has an answer of the kind asked for.
A question about a salary whose best sentences hold no sum is a near miss, however alike they are; so the absence
counts by how much less to the point the best sentence is that does hold one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.evidence.candidates import Candidate, Evidence, fitted
from app.evidence.premise import unsaid, unstated
from app.evidence.signals import LOOKED_AT, signals
from app.questions.short import DAYS, MONTHS, Kind

NAMED = 3
DATED = re.compile(rf"\b(?:{MONTHS}|{DAYS})")
DETAILS: dict[Kind, str] = {
    "person": "who",
    "money": "how much",
    "percent": "what share",
    "count": "how many",
    "amount": "how much",
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


def on_topic(evidence: Evidence, fit: Mapping[str, Any] | None = None) -> float:
    """How likely the passages speak of what is asked at all. That the answer itself is there, it cannot tell."""
    fit = fitted()["topic"] if fit is None else fit
    found = topical(evidence)
    return 1 / (1 + math.exp(-fit["bias"] - sum(weight * found[name] for name, weight in fit["weights"].items())))


def topical(evidence: Evidence) -> dict[str, float]:
    """What tells the topic: likeness of the best sentence and passage, shares of the question's words and names.

    `unknown` is the share of its names that no passage has: it speaks against, all others for.
    """
    hits, matches = evidence.found.hits, evidence.found.matches
    together = max((match.coverage for row in matches for match in row), default=0.0)
    named = max((one.features.names for one in evidence.ranked[:LOOKED_AT]), default=0.0)
    return {
        "sentence": max((match.similarity for row in matches for match in row), default=0.0),
        "passage": max((rank.score for hit in hits for rank in hit.how if rank.ranking == "meaning"), default=0.0),
        "words": max((evidence.query.coverage(hit.passage.text) for hit in hits), default=0.0),
        "together": together,
        "named": named if evidence.asked.names else together,
        "unknown": _unknown(evidence),
    }


def _unknown(evidence: Evidence) -> float:
    """The share of the question's names of which no word stands in any passage or title; 0 where it has no names."""
    names = [words for name in evidence.asked.names if (words := set(_words(name)))]
    if not names:
        return 0.0
    hits = evidence.found.hits
    said = {word for hit in hits for word in _words(f"{hit.passage.text} {hit.passage.document.metadata.title}")}
    return sum(not words & said for words in names) / len(names)


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", text.lower()) if len(word) > 2]


def likelihood(topic: float, found: Mapping[str, float], fit: Mapping[str, Any] | None = None) -> float:
    """How likely the documents answer, 0 to 1: how likely they speak of it, times how likely that has an answer."""
    fit = fitted()["answer"] if fit is None else fit
    odds = fit["bias"] + sum(weight * found[name] for name, weight in fit["weights"].items())
    return topic / (1 + math.exp(-odds))


def answerability(evidence: Evidence) -> float:
    """How likely the documents answer, 0 to 1; 0 where what the question takes for granted is said of others only."""
    if evidence.ranked and unsaid(evidence):
        return 0.0
    return likelihood(on_topic(evidence), signals(evidence))


def threshold() -> float:
    """Below it nothing in the sources is taken for an answer."""
    return float(fitted()["answer"]["threshold"])


def missing(evidence: Evidence) -> tuple[str, Candidate | None]:
    """Why there is no answer, in words for a reader, and the sentence that comes nearest; none off the topic."""
    named = [name for name in evidence.asked.names if not DATED.search(name)][:NAMED]
    if not evidence.ranked or (on_topic(evidence) < 0.5 and not _stand(named, evidence)):
        return "No document speaks of what is asked.", None
    nearest = max(evidence.ranked, key=lambda one: (one.topic, one.score))
    if claim := unstated(evidence):
        return f"No document says that {claim}.", nearest
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
