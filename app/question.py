"""What a question asks for: the kind of answer, the thing it is about, the names it gives.

Everything here reads the surface of English: a question in another language asks for a `thing`, which fits any text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from app.lexicons import lexicon
from app.short import Kind, Short, names_in, shorts_in
from indexing.words import stems

# The kind of answer that a noun after "which" or "what" asks for.
NOUNS: dict[str, Kind] = {
    noun: kind  # type: ignore[misc]
    for kind, nouns in (line.split(": ") for line in lexicon("answer_nouns"))
    for noun in nouns.split()
}
REASON = re.compile(
    r"\b(?:because|since|due to|so that|in order to|as a result|owing to|thanks to|reasons?|in response|in protest|"
    r"over|after|citing|to avoid|fear(?:s|ed|ing)?|so|motivat\w+|caus\w+|led to|amid)\b",
    re.IGNORECASE,
)
LEAD = re.compile(
    r"^\W*(?:(?:and|but|so|then|also|please|according to [^,]+,|in [^,?]{3,60},|after [^,?]{3,60},|on [^,?]{3,40},)"
    r"\s+)*",
    re.IGNORECASE,
)
SEVERAL = re.compile(
    r"^\W*(?:list|name|enumerate)\b|"
    r"\b(?:which|what)\s(?:\w+\s){0,4}?\w+[^s\W]s\s(?:did|do|does|are|were|was|have|has|had|is)\b|"
    r"\b(?:what|which) (?:are|were) the\b|\b(?:two|three|four|five|six|several|all the)\s(?:\w+\s)?\w+s\b",
    re.IGNORECASE,
)
SAYING = re.compile(
    r"\b(?:said|say|says|told|tell|claim\w*|call(?:ed|s)?|argu\w+|warn\w*|predict\w*|forecast\w*|accus\w+|suggest\w*|"
    r"complain\w*|compar\w+|describ\w+|declar\w+|insist\w*|think|thought|wrote|tweet\w*|marvel\w*|joke[ds]?|wonder\w*|"
    r"dismiss\w*|praise[ds]?|criticiz\w+|criticis\w+|urge[ds]?|promis\w+|remark\w*|label\w*|regard\w*|den(?:y|ied|ies)|"
    r"grumbl\w*|foresaw|caution\w*|contend\w*|charged|fault\w*|quot(?:ed|es?|ing)|crowned|quipp\w*|admit\w*|announc\w+|stat(?:ed|es)|"
    r"ruled out|reject\w*|condemn\w*|defend\w*|rebuk\w+)\b",
    re.IGNORECASE,
)
YES_NO = re.compile(
    r"^(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|may|might|must)(?:n't|n’t)?\b",
    re.IGNORECASE,
)
WH = re.compile(r"\b(who|whom|whose|when|where|why|how|which|what)\b", re.IGNORECASE)
HOW: tuple[tuple[re.Pattern[str], Kind], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in cast("tuple[tuple[str, Kind], ...]", (
        (r"how (?:much|many) (?:money|dollars|cash|euros)\b|how (?:costly|expensive)\b", "money"),
        (r"how much\b(?=.*\b(?:cost|pay|paid|spen[dt]|earn|rais|donat|worth|money|gave|price|fund))", "money"),
        (r"how (?:many|much) (?:percent|per cent)|how much of\b|by how many (?:percentage )?points", "percent"),
        (r"how many (?:seconds|minutes|hours|days|weeks|months|years|decades)\b|how long\b", "duration"),
        (r"how old\b", "age"),
        (r"how (?:many|much|large|big|high|tall|far|fast|heavy|often|few|deep|wide|small|low)\b", "count"),
        (r"how soon\b|since when\b|how late\b|how early\b|how recently\b", "time"),
        (r"how come\b", "reason"),
    ))
)  # fmt: skip
BEING = re.compile(  # `fare` of "What is the fare from X to Y", `income` of "What was X's income in 2023"
    r"(?:is|was|are|were)\s+(?:the\s+|[A-Z][^?]*?[’']s?\s+)?((?:[a-z-]+\s+){0,2}?[a-z-]+)"
    r"(?=\s+(?:of|for|that|in|on|at|from|to|by|per|with|after|before|when|who|which|and)\b|\s*[?,]|$)"
)
SKIPPED = frozenset("the a an of his her their its kind sort type exact full first last".split())
FOCUS_END = re.compile(
    r"\b(?:did|do|does|is|are|was|were|has|have|had|will|would|can|could|should|might|may|that|who|which|whose|of|in|on|at|from|"
    r"for|with|by|about|after|before|when|while|to|as|into|[a-z]{3,}ed|said|told|got|took|gave|ran|made|won|lost|left|came|went|"
    r"wrote|thought|became|began|saw|held|sent|met|put|set|let|led|paid|hit|cut|stood|kept|spoke|used|says?)\b|[,?;:]"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question taken apart. `focus` is what follows "which", "what" or "how many"; `said` asks who said a thing."""

    kind: Kind
    focus: str
    names: tuple[str, ...]
    several: bool
    said: bool
    words: frozenset[str]

    @property
    def noun(self) -> str:
        """The last word of the focus, which names the thing."""
        return self.focus.split()[-1] if self.focus else ""

    def answers_in(self, text: str) -> list[Short]:
        """Where `text` has what could be the short answer; nothing for kinds that no few words can answer."""
        return shorts_in(self.kind, self.noun, self.words, text)


@lru_cache(maxsize=256)
def read_question(question: str) -> Asked:
    """What is asked, from the words of the question alone."""
    body = question[LEAD.match(question).end() :] if LEAD.match(question) else question  # type: ignore[union-attr]
    found = WH.search(body)
    focus = _focus(body, found) if found else ""
    kind = _kind(body, found, focus)
    names = tuple(dict.fromkeys(names_in(question, first=False)))
    said = kind in ("person", "words", "thing") and bool(SAYING.search(body))
    if said and kind == "thing" and found and _speaks(body[found.end() :], focus):
        kind = "person"  # "Which delegate grumbled that ..."
    return Asked(kind, focus, names, bool(SEVERAL.search(body)), said, frozenset(stems(question)))


def _speaks(rest: str, focus: str) -> bool:
    """Whether the thing asked for is itself what says something: a verb of saying follows it, before any other noun."""
    at = rest.find(focus.rsplit(maxsplit=1)[-1]) + len(focus.rsplit(maxsplit=1)[-1]) if focus else -1
    said = SAYING.search(rest)
    return at > 0 and said is not None and not re.search(r"\b(?:did|does|do)\b", rest[: said.start()])


def _kind(body: str, found: re.Match[str] | None, focus: str) -> Kind:
    if YES_NO.match(body):
        return "yes_no"
    for pattern, kind in HOW:
        if pattern.search(body):
            return kind
    word = found[1].lower() if found else ""
    fixed: dict[str, Kind] = {
        "who": "person", "whom": "person", "whose": "person",
        "when": "time", "where": "place", "why": "reason", "how": "manner",
    }  # fmt: skip
    if word in fixed:
        return fixed[word]
    for noun in reversed(focus.lower().split()):
        for form in (noun, noun.removesuffix("s"), noun.removesuffix("es")):
            if form in NOUNS:
                return NOUNS[form]
    return "thing"


def _focus(body: str, found: re.Match[str]) -> str:
    """The words between the question word and the verb: `email provider` of "Which email provider hosted ..."."""
    rest = body[found.end() :].lstrip()
    many = re.match(r"(?:many|much|large|big|high)\s+", rest)
    if found[1].lower() == "how" and not many:
        return ""
    rest = rest[many.end() :] if many else rest
    of = BEING.match(rest)
    if of:
        return " ".join(word for word in of[1].split() if word.lower() not in SKIPPED)
    rest = re.sub(r"^(?:(?:kind|sort|type)s?\s+)?of\s+", "", rest)
    end = FOCUS_END.search(rest)
    words = (rest[: end.start()] if end else rest).split()[:5]
    return " ".join(word for word in words if word.lower() not in SKIPPED)
