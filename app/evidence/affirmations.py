"""Sentences that say what a question takes for granted: where one does, no other sentence is its correction.

Wherever somebody did a thing, others advised against it, refused before, or did not do something like it. So a denial
nearby corrects a question only if nothing that was found says that it is so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.evidence.candidates import Evidence
from app.evidence.denials import DENIAL, SCOPE, same
from indexing.words import stems

SHARE = 0.5  # of the rest of a claim's words that the sentence, the one before it and the title must hold
# What stands before a deed that is only asked for, feared, planned or told by somebody as possible.
UNREAL = re.compile(
    r"\b(?:if|whether|unless|would|could|might|may|should|must|can|asked|urg\w+|call(?:ed|s)? (?:for|on)|propos\w+|"
    r"plan(?:s|ned)?|want\w*|hop(?:es|ed|ing)|expect\w*|likely|rumou?r\w*|alleg\w+|accus\w+|claim\w*|threat\w*|"
    r"promis\w+|pledg\w+|vow\w*|demand\w*|predict\w*|fear\w*|believ\w+|denie[sd]|deny\w*|refus\w+|to)\s+(?:[\w’'-]+\s+){0,3}$",
    re.IGNORECASE,
)
PRONOUN = re.compile(r"\b(?:he|she|they|it|who|which|we|I)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Claim:
    """What is taken for granted: of one of `subjects` (none: of anything) the `verb`, and the `rest` as stems."""

    subjects: tuple[str, ...]
    verb: str
    rest: frozenset[str]


def affirmed(claim: Claim, evidence: Evidence) -> bool:
    """Whether a sentence that was found says the verb of the subject, with enough of the rest around it."""
    return any(says(claim, one.title, one.before, one.text) for one in evidence.sentences)


def says(claim: Claim, title: str, before: str, text: str) -> bool:
    """Whether `text` says it, read with the title of its document and the sentence before it."""
    if claim.subjects and not any(_speaks_of(subject, before, text) for subject in claim.subjects):
        return False
    held = frozenset(stems(f"{title} {before} {text}"))
    if len(claim.rest & held) < SHARE * len(claim.rest):
        return False
    return any(not _unreal(text, at) for at in _deeds(claim.verb, text))


def _speaks_of(subject: str, before: str, text: str) -> bool:
    return subject in text or (subject in before and PRONOUN.search(text) is not None)


def _deeds(verb: str, text: str) -> Iterator[int]:
    """Where the verb, another form of it or its noun stands."""
    for word in re.finditer(r"[^\W\d_][\w’'-]*", text):
        if any(same(stem, verb) for stem in stems(word[0])):
            yield word.start()


def _unreal(text: str, at: int) -> bool:
    """Whether what stands there is denied, asked, wished or feared."""
    ahead = re.split(r"[.;:!?“”\"]|, (?:but|and|who|which)\b", text[:at])[-1]
    near = " ".join(ahead.split()[-SCOPE:])
    return bool(DENIAL.search(near) or UNREAL.search(f"{near} "))


def rest_of(claim: str, subjects: Sequence[str], verb: str) -> frozenset[str]:
    """The stems of a claim without those of its subject and of its verb."""
    own = {stem for subject in subjects for stem in stems(subject)}
    return frozenset(stem for stem in stems(claim) if stem not in own and not same(stem, verb))
