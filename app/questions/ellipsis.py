"""A piece of a question, `And in Ohio?`, put in the place of its like in the question before."""

from __future__ import annotations

import re

from app.questions.antecedents import PERSON, people_in, points_back
from app.questions.when import MONTHS, SHORT
from indexing.people import CAPITAL, PARTICLE

MONTH = rf"(?:{'|'.join(map(str.title, MONTHS))}|(?:{'|'.join(map(str.title, SHORT))})\.?(?!\w))"  # not the verbs
YEAR = r"(?:19|20)\d\d"
WHEN = rf"(?:(?:\d{{1,2}}\s)?{MONTH}(?:\s\d{{1,2}}(?!\d))?(?:,?\s{YEAR})?|{YEAR})(?!\w)"
NAME = rf"(?:the\s)?{CAPITAL}(?:\s(?:{PARTICLE}\s)*{CAPITAL})*"
_PLACES = r"in|on|at|for|from|during|by|with|to|after|before|against|about|of|since|until"
PIECE = re.compile(
    r"^\W*(?:(?P<and>(?i:(?:and|but|or)(?:\s+(?:what|how)\s+about)?|(?:what|how)\s+about))\s+)?"
    rf"(?:(?P<place>(?i:{_PLACES}))\s+)?"
    rf"(?:(?P<when>{WHEN})|(?P<name>{NAME})|(?P<thing>(?:[\w’'-]+\s){{0,4}}[\w’'-]+))\W*$"
)
TIMES = re.compile(rf"(?:\b(?P<place>in|on|during|since|until|before|after|by)\s)?(?<!\w)(?P<when>{WHEN})")
MONTHLY, YEARLY = re.compile(MONTH), re.compile(YEAR)
SUBJECT = re.compile(rf"\b(?i:did|does|do|is|was|are|were|has|have|had|will|would|can|could|should)\s(?P<name>{NAME})")
PLACED = re.compile(rf"\b(?:{_PLACES})\s{NAME}")
_ENDS = rf"(?=\s(?:{_PLACES}|and|or|when|that|who|which)\b|\W*$|[,;])"
THING = rf"(?:[\w’'-]+\s)*?[\w’'-]+{_ENDS}"
ASKS = re.compile(r"\b(?:who|whom|whose|what|which|when|where|why|how)\b", re.IGNORECASE)
OWNED = re.compile(r"['’]s?$")


def swapped(question: str, before: str) -> str:
    """`before` with the piece that `question` is in the place of the one like it; empty where it is none, or where not
    exactly one is like it."""
    piece = PIECE.match(question)
    if piece is None or not (piece["and"] or piece["place"]):
        return ""
    made = _at_a_time(piece, before) if piece["when"] else _named(piece, before)
    return "" if made == before else made


def _at_a_time(piece: re.Match[str], before: str) -> str:
    times = list(TIMES.finditer(before))
    when, place = piece["when"], piece["place"] or "in"
    if not times:
        stop = re.search(r"\W*$", before)
        assert stop is not None
        return f"{before[: stop.start()]} {place} {when}{stop[0]}"
    if len(times) > 1:
        return ""
    old = times[0]["when"]
    if not YEARLY.search(when) and (year := YEARLY.search(old)):
        when = f"{when} {year[0]}"
    elif not MONTHLY.search(when) and MONTHLY.search(old):
        when = YEARLY.sub(when, old) if YEARLY.search(old) else f"{old} {when}"
    at = times[0].start() if times[0]["place"] else times[0].start("when")
    return f"{before[:at]}{place + ' ' if times[0]['place'] else ''}{when}{before[times[0].end() :]}"


def _named(piece: re.Match[str], before: str) -> str:
    name = piece["name"] or piece["thing"]
    if piece["place"]:
        return _placed(piece["place"].lower(), name, before)
    subjects = list(SUBJECT.finditer(before))
    person = any(one.gender for one in people_in(f"It is {name}"))
    if not piece["name"] or len(subjects) != 1 or (PLACED.search(TIMES.sub("", before)) and not person):
        return ""
    return _put(name, subjects[0], before)


def _placed(place: str, name: str, before: str) -> str:
    """After the same preposition: in the place of a name, or else of the only thing."""
    if ASKS.search(name) or PERSON.search(name) or points_back(name):
        return ""  # and by how much? and in her view?
    for kind in (NAME + _ENDS, THING):
        likes = [one for one in re.finditer(rf"\b{place}\s(?P<name>{kind})", before) if not TIMES.match(one["name"])]
        if likes:
            return _put(name, likes[0], before) if len(likes) == 1 else ""
    return ""


def _put(name: str, old: re.Match[str], before: str) -> str:
    """With a name in the place of the old one, which keeps whose thing it is."""
    bare, owning = OWNED.sub("", name), OWNED.search(old["name"])
    return before[: old.start("name")] + bare + (owning[0] if owning else "") + before[old.end("name") :]
