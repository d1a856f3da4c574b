"""What a question asks for: the kind of answer, the thing it is about, the names it gives.

Everything here reads the surface of English: a question in another language asks for a `thing`, which fits any text.
"""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from app.lexicons import lexicon
from app.questions.short import CURRENCY, NAME, Kind, Short, is_age_of, names_in, shorts_in
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
    r"\b(?:what|which) (?:are|were) the\b|"  # a number of things elsewhere than behind these is not asked for
    r"\b(?:which|what|whose|who (?:are|were)|name|list)\s(?:of\s)?(?:the\s)?"
    r"(?:two|three|four|five|six|several|all the)\s(?:\w+\s)?\w+s\b",
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
RISEN = (  # what is told by an amount or by a share
    r"ris(?:e|es|en|ing)|rose|increas|gr[eo]w|f[ae]ll(?:s|en|ing)?\b|drop|declin|shr[aiu]nk|climb|cut(?:s|ting)?\b|"
    r"chang|lower|(?:go(?:es|ne|ing)?|went) (?:up|down)"
)
HOW: tuple[tuple[re.Pattern[str], Kind], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in cast("tuple[tuple[str, Kind], ...]", (
        (rf"how (?:much|many) (?:money|cash|{CURRENCY})\b|how (?:costly|expensive)\b|\bfor how much\b", "money"),
        (r"how much (?:more |less |further )?(?:time|longer)\b", "duration"),
        (rf"how much\b(?=.*\b(?:{RISEN}))|how much of\b", "amount"),
        (r"how much\b(?=.*\b(?:cost|pay|paid|spen[dt]|earn|rais|donat|worth|money|gave|price|fund|rent|fare|owe))",
         "money"),
        (r"what (?:do|does|did|will|would)\b(?=.*\b(?:cost|pay|earn)\b)", "money"),
        (r"how (?:many|much) (?:percent|per cent)|by how many (?:percentage )?points", "percent"),
        (r"how (?:large|big|great|small) (?:a|the|is the|was the) (?:share|majority|proportion|part)\b", "percent"),
        ((r"how many (?:seconds|minutes|hours|days|weeks|months|years|decades)\b|"
         r"how long\b(?! (?:is|are|was|were) (?:the|an?)\b)"), "duration"),
        (r"how old\b", "age"),
        (r"how much\b", "amount"),
        (r"how (?:many|large|big|high|tall|far|fast|heavy|often|few|deep|wide|small|low|long)\b",
         "count"),
        (r"how soon\b|since when\b|how late\b|how early\b|how recently\b", "time"),
        (r"how come\b", "reason"),
    ))
)  # fmt: skip
BEING = re.compile(  # `fare` of "What is the fare from X to Y", `income` of "What was X's income in 2023"
    r"(?:is|was|are|were)\s+(?:the\s+|[A-Z][^?]*?[’']s?\s+)?((?:[a-z-]+\s+){0,2}?[a-z-]+)"
    r"(?=\s+(?:of|for|that|in|on|at|from|to|by|per|with|after|before|when|who|which|and)\b|\s*[?,]|$)"
)
AGED = re.compile(rf"\b(?i:how old (?:is|was|are|were|will))\s({NAME.pattern})(?![\w’'])")
WHOM = re.compile(rf"(?i:who(?:\s(?:is|was)|['’]s))\s({NAME.pattern})\s*\??")
SIZED = re.compile(r"\bhow (?:large|big|high|low|small)\b", re.IGNORECASE)
SKIPPED = frozenset("the a an of his her their its kind sort type exact full first last".split())
FOCUS_END = re.compile(
    r"\b(?:did|do|does|is|are|was|were|has|have|had|will|would|can|could|should|might|may|that|who|which|whose|of|in|on|at|from|"
    r"for|with|by|about|after|before|when|while|to|as|into|[a-z]{3,}ed|said|told|got|took|gave|ran|made|won|lost|left|came|went|"
    r"wrote|thought|began|saw|held|sent|met|put|set|let|led|paid|hit|cut|stood|kept|spoke|used|says?|"
    r"became|fell|grew|sold|bought|brought|found|knew|felt|drew|rose|rode|wore|chose|broke|fought|taught)\b|[,?;:]"
)
VERBS = re.compile(  # that can only be the verb where they stand after the thing: "Which yard builds the ferry"
    r"\b(?:builds|takes|keeps|makes|goes|gives|wants|thinks|happens|sits?|lies|holds|owns|pays|comes|believes|expects|"
    r"remains|lives|serves|grows|sells|buys|sends|brings|tells|knows|gets|sees|meets?|wins)\b"
)
NAME_OF = re.compile(
    r"^(?:is|was|are|were)\s+(?:the\s+(?:\w+\s+)?names?\s+of\s+(?:the\s+|an?\s+|his\s+|her\s+|their\s+|its\s+)?"
    r"(?P<thing>(?:[a-z-]+\s+){0,2}?[a-z-]+)(?=\s+(?:of|for|that|in|on|at|from|to|by|with|after|who|which|whose|whom|and)\b|"
    r"\s+[a-z]+ed\b|\s+[A-Z]|\s*[?,]|$)|(?:the\s+|an?\s+)?(?P<owner>(?:[a-z-]+\s+){0,2}?[a-z-]+)[’']s?\s+(?:\w+\s+)?name)"
)
MEASURES = {key: rf"\W{{0,2}}(?:{units})" for key, units in (line.split(": ", 1) for line in lexicon("measures"))}
MEASURED = re.compile(rf"\bhow ({'|'.join(MEASURES)})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question taken apart. `focus` is what follows "which", "what" or "how many"; `said` asks who said a thing."""

    kind: Kind
    focus: str
    names: tuple[str, ...]
    several: bool
    said: bool
    words: frozenset[str]
    unit: str = ""  # a pattern of what follows the figure that answers "how fast"
    aged: tuple[str, ...] = ()  # whose age is asked for, where a name says it
    whom: str = ""  # of whom nothing is asked but who that is

    @property
    def noun(self) -> str:
        """The last word of the focus, which names the thing."""
        return self.focus.split()[-1] if self.focus else ""

    @property
    def lists(self) -> bool:
        """Whether a list would answer: several things are asked for by their name, or "list", "what are the"."""
        return self.several and (not self.focus or self.noun.endswith("s"))

    def answers_in(self, text: str, names: Set[str] | None = None) -> list[Short]:
        """Where `text` has what could be the short answer; nothing for kinds that no few words can answer.

        With `names`, words that have a capital within sentences, one that only begins a sentence is no name.
        """
        found = shorts_in(self.kind, self.noun, self.words, text, names)
        if self.kind == "age":
            found = [one for one in found if is_age_of(self.aged, one.span, text)]
        return [one for one in found if re.match(self.unit, text[one.span.end :])] if self.unit else found


@lru_cache(maxsize=256)
def read_question(question: str) -> Asked:
    """What is asked, from the words of the question alone."""
    body = question[LEAD.match(question).end() :] if LEAD.match(question) else question  # type: ignore[union-attr]
    found = WH.search(body)
    focus = _focus(body, found) if found else ""
    kind = _kind(body, found, focus)
    names = tuple(dict.fromkeys(names_in(question, first=False)))
    said = kind in ("person", "words", "thing") and bool(SAYING.search(body))
    named = found is not None and found[1].lower() == "what" and focus[:1].isupper()  # "Compare what Lee and Ray said"
    if said and kind == "thing" and found and not named and _speaks(body[found.end() :], focus):
        kind = "person"  # "Which delegate grumbled that ..."
    sized = MEASURED.search(body) if kind == "count" else None
    unit = MEASURES[sized[1].lower()] if sized else ""
    told = AGED.findall(body) if kind == "age" else ()
    aged = tuple(name for name in told if not re.search(r"[’']s?$", name))  # not that of somebody's boat
    whom = WHOM.fullmatch(body.strip())
    several = bool(SEVERAL.search(body))
    return Asked(kind, focus, names, several, said, frozenset(stems(question)), unit, aged, whom[1] if whom else "")


@lru_cache(maxsize=256)
def _introducing(name: str) -> re.Pattern[str]:
    first, last = name.split(maxsplit=1)[0], name.rsplit(maxsplit=1)[-1]
    full = re.escape(first) if first == last else rf"{re.escape(first)}\s(?:[A-Z][\w.]*\s)?{re.escape(last)}"
    roles = "|".join(noun for noun, kind in NOUNS.items() if kind == "person" and noun != "name")
    return re.compile(
        rf"\b{full},\s(?:(?:an?|the|one|his|her|their|[A-Z]\w+[’']s?)\s(?=[\w’'-]+)|who\s(?:is|was|has|had|serve[sd]|led|"
        rf"leads|heads?|headed|runs?|ran|work(?:s|ed))\b|(?:(?:former|vice|deputy|longtime|chief|acting|senior|top|then|"
        rf"co-?)[\s-])*(?:{roles}|aide|staff)\b)|\b{full}\s(?:is|was)\s(?:now\s)?(?:an?|the|one)\s|"
        rf"\b(?i:{roles}|staff)\s{full}\b"
    )


def introduces(name: str, text: str) -> bool:
    """Whether a text says who somebody is: `Ann Lee, a pilot`, `Ann Lee is the`, `the pilot Ann Lee`."""
    return _introducing(name).search(text) is not None


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
            return (_kind_of(focus) or kind) if SIZED.search(body) else kind
    word = found[1].lower() if found else ""
    fixed: dict[str, Kind] = {
        "who": "person", "whom": "person", "whose": "person",
        "when": "time", "where": "place", "why": "reason", "how": "manner",
    }  # fmt: skip
    if word in fixed:
        return fixed[word]
    told = _kind_of(focus)
    if found and NAME_OF.match(body[found.end() :].lstrip()):
        return told if told in ("person", "place") else "name"
    return told or "thing"


def _kind_of(focus: str) -> Kind | None:
    """The kind of answer that the last word of the focus which tells one asks for."""
    for noun in reversed(focus.lower().split()):
        for form in (noun, noun.removesuffix("s"), noun.removesuffix("es"), re.sub("ies$", "y", noun)):
            if form in NOUNS:
                return NOUNS[form]
    return None


def _focus(body: str, found: re.Match[str]) -> str:
    """The words between the question word and the verb: `email provider` of "Which email provider hosted ..."."""
    rest, word = body[found.end() :].lstrip(), found[1].lower()
    named = NAME_OF.match(rest)
    if named:
        return _bare(named["thing"] or named["owner"])
    many = re.match(r"(?:many|much|large|big|high|low|small)\s+", rest)
    rest = rest[many.end() :] if many else rest
    if (of := BEING.match(rest)) and (word in ("who", "which", "what") or many):
        return _bare(of[1])
    if word not in ("which", "what", "how") or (word == "how" and not many):
        return ""
    rest = re.sub(r"^(?:(?:kind|sort|type)s?\s+)?of\s+", "", rest)
    end = FOCUS_END.search(rest)
    words = rest[: end.start()] if end else rest
    verb = VERBS.search(words)
    return _bare(" ".join((words[: verb.start()] if verb and verb.start() else words).split()[:5]))


def _bare(words: str) -> str:
    return " ".join(word for word in words.split() if word.lower() not in SKIPPED)
