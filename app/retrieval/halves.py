"""The two halves of a question that compares or asks two things, each as a text to search for by itself.

"Did Clinton win by more in Arizona or in Kentucky?" is found best by its halves: what speaks of Arizona need not name
Kentucky. Where nothing tells two halves apart there are none.
"""

from __future__ import annotations

import re

from app.questions.short import names_in

ASKING = r"(?:in |on |at |by |to |for |from |with )?(?:which|what|whom|whose|who|how|when|where|why)\b"
CLAUSES = re.compile(rf",?\s+and\s+(?={ASKING})|;\s+(?=\w)", re.IGNORECASE)
PAIRED = re.compile(r"\b(?:both|between)\s+(?P<one>.+?)\s+and\s+(?P<other>.+?)(?=[?.]|$)", re.IGNORECASE)
EITHER = re.compile(r",?\s+or\s+")
NAMES = r"(?:the\s)?[A-Z][\w’'.-]*(?:\s[A-Z][\w’'.-]*)*"
PAIR = re.compile(
    rf"\b(?P<one>[Tt]he\s(?:[\w’'-]+\s){{1,4}}?|{NAMES}\s)and\s(?P<other>the\s(?:[\w’'-]+\s){{1,3}}?(?=each|both|differ|agree)|{NAMES})"
)
PREPOSITIONS = frozenset("in on at by for from with before after to under during".split())
COMPARED = re.compile(
    r"\b(?:differ\w*|agree|disagree|each|both|compare\w*|same|unlike|more|less|fewer|larger|smaller|higher|lower|further|"
    r"older|younger|longer|shorter|earlier|later|better|worse|shift\w*|chang\w+|gr[eo]w\w*|r[io]se\w*|f[ae]ll\w*)\b",
    re.IGNORECASE,
)
LEANING = re.compile(r"\b(?:he|she|it|they|him|her|them|his|its|their)\b", re.IGNORECASE)
LEAST = 3  # words of a half


def halves(question: str) -> tuple[str, ...]:
    """Two texts to search for beside the whole question, or none."""
    text = " ".join(question.split()).rstrip("?. ")
    clauses = [part.strip(" ,;") for part in CLAUSES.split(text, maxsplit=1)]
    if len(clauses) == 2 and all(len(part.split()) >= LEAST for part in clauses):
        return clauses[0], _in_full(clauses[1], clauses[0])
    if not COMPARED.search(text):
        return ()
    for pattern in (PAIRED, PAIR):
        if found := pattern.search(text):
            return _made(text[: found.start()], found["one"], found["other"], text[found.end() :])
    sides = EITHER.split(text)
    return _made(*_either(*sides), "") if len(sides) == 2 else ()


def _made(before: str, one: str, other: str, after: str) -> tuple[str, ...]:
    made = tuple(" ".join(f"{before} {part} {after}".split()).strip(" ,") for part in (one, other))
    return made if one.strip() != other.strip() and all(len(part.split()) >= LEAST for part in made) else ()


def _either(left: str, right: str) -> tuple[str, str, str]:
    """What stands before the first of two alternatives, and both: from the preposition that begins the other on, from
    the last name on, or the last word."""
    first = right.split(maxsplit=1)[0]
    if first in PREPOSITIONS and f" {first} " in left:
        at = left.rfind(f" {first} ")
    elif first[:1].isupper() and (found := re.search(rf"\s{NAMES}$", left)):
        at = found.start()
    else:
        at = max(left.rfind(": "), left.rfind(", "), left.rfind(" ")) if first != "the" else left.rfind(" the ")
    at = max(at, 0)
    return left[:at], left[at:].lstrip(" :,"), right


def _in_full(clause: str, first: str) -> str:
    """A clause with the names of the one before it, where it leans on them or has none of its own."""
    if any(names_in(clause, first=False)) and not LEANING.search(clause):
        return clause
    names = " ".join(dict.fromkeys(names_in(first, first=False)))
    return f"{names} {clause}".strip()
