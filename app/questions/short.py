"""Short answers in a text: names, figures, dates and quoted words, by the kind of answer that is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal

from app.lexicons import lexicon
from indexing.people import bare, words_of
from indexing.spans import Span
from indexing.words import stems

Kind = Literal[
    "person", "name", "place", "time", "money", "percent", "count", "amount", "duration", "age", "words", "reason",
    "manner", "yes_no", "thing",
]  # fmt: skip
NUMERIC: frozenset[Kind] = frozenset(("money", "percent", "count", "amount", "duration", "age"))
AMOUNTS: tuple[Kind, ...] = ("money", "percent", "count")  # how much may be told in each of these
NAMING: frozenset[Kind] = frozenset(("person", "name", "place"))
EXACT: frozenset[Kind] = NUMERIC | NAMING | {"time", "words"}  # kinds that a few words can answer
BESIDE = 6  # words between a short answer and the noun that says what it is

SMALL = (
    "one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|"
    "nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|billions?|dozens?"
)
SCALE = r"(?:[\s-](?:hundred|thousand|million|billion|trillion|dozen)\b)"
SPELLED = rf"\b(?:{SMALL})\b(?:-(?:{SMALL})\b)?"  # `thirty-four`, and of `two hundred and six` each part
NUMBER = rf"(?:(?<![\w.])\d[\d,]*(?:\.\d+)?(?<!,){SCALE}?|{SPELLED}(?:{SCALE}(?:\sand\s{SPELLED})?)*)"
UNITS = r"(?:second|minute|hour|day|night|week|month|year|decade|centur(?:y|ie))"
MONTHS = (
    r"(?:January|February|March|April|May|June|July|August|September|October|November|December|"
    r"(?:Jan|Feb|Mar|Apr|Aug|Sept?|Oct|Nov|Dec)\.)"
)
DAYS = r"(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)"
NAMED = r"(?:(?:[A-Z]\.){2,}|[A-Z#@](?:[\w’'\-&]*\w)?\.?(?<![a-z]{4}\.))"
NAME = re.compile(rf"{NAMED}(?:(?:\s(?:of\sthe|of|de|du|von|van|al|bin|&)\s|\s|,\s(?=Jr|Sr)){NAMED})*")
YEARS_OLD = re.compile(r"[\s-]years?[\s-]old\b")
FOLLOWED = re.compile(rf"[\s-]years?[\s-]old(?:\s(?!is\b|was\b|who\b)[a-z]\w*){{0,3}}\s({NAME.pattern})")
HE_IS = re.compile(r"\b(?:[Hh]e|[Ss]he|who)\s(?:is|was|turned)\s(?:now\s|only\s|about\s)?$")
APPOSED = re.compile(rf"({NAME.pattern})(?:,\s(?:an?|the|now)|\s(?:is|was)(?:\san?|\snow|\sonly)?)\s$")
RANGE = re.compile(r"\d\s?(?:to|and|or|[-–])\s?$")
BEGINS = re.compile(r"[.!?:;/(“\"]\s*[“\"(]?$")
WITHIN = re.compile(r"(?<=[\w,;:)] )([A-Z][\w-]*\w)")  # a word with a capital that does not begin a sentence
PLACED = re.compile(  # `Berea, Ohio`, but not the first two of a list
    r"\b(?:in|at|from|near|to|outside|of|across|through|for|over|visited|left|into)\s(?:the\s)?"
    rf"({NAME.pattern}(?:,\s{NAMED}(?![\w’'-]|,?\s(?:[A-Z]|and\b|or\b)))?)"
)
CURRENCY = "dollars?|euros?|pounds?|cents?|pence|yen|yuan|rubles?|roubles?|crowns?|kron[aeo]r?|francs?|rupees?|pesos?"
DOERS = re.compile(
    rf"\bby\s((?:an?|the|two|three|four|five|six|several|his|her|their|local)\s"
    rf"(?!end\b|time\b|way\b|same\b|votes?\b|points?\b|{UNITS}s?\b)(?:[a-z]\w*\s(?!(?:to|of|in|on|at|and|for|with)\b))?"
    r"[a-z]\w*\b)(?!\s[A-Z])"
)
SCORE = r"\b\d+[-–]\d+\b|\b\d+\.\d+\b"
PATTERNS: dict[Kind, re.Pattern[str]] = {
    "money": re.compile(
        r"[$€£¥]\s?\d[\d,.]*(?<![,.])(?:[\s-]?(?:hundred|thousand|million|billion|trillion|bn|mn|[mkb]\b))?|"
        rf"{NUMBER}\s(?:{CURRENCY})\b|{NUMBER}(?<=illion)(?!\s(?:people|votes|voters|viewers|barrels|tons|tonnes|acres))",
        re.IGNORECASE,
    ),
    "percent": re.compile(
        rf"{NUMBER}(?:\s?%|\s(?:per\s?cent|percentage|points?)\b(?:\spoints?\b)?)|\b(?:a|one|two|three)[\s-]"
        rf"(?:thirds?|quarters?|fifths?|tenths?|half)\b|\bhalf\b|{SCORE}",
        re.IGNORECASE,
    ),
    "count": re.compile(NUMBER, re.IGNORECASE),
    "duration": re.compile(
        rf"(?:{NUMBER}|\ban?\b|\bseveral\b|\ba few\b)[\s-](?:and a half\s|more\s)?{UNITS}s?\b|"
        r"\bsince\s(?:1[5-9]|20)\d\d\b",
        re.IGNORECASE,
    ),
    "age": re.compile(
        r"(?<=\baged\s)\d{1,3}\b|(?<=\bage of\s)\d{1,3}\b|(?<=\bturned\s)\d{1,3}\b|\b\d{1,3}(?=[\s-]years?[\s-]old)|"
        r"(?<=, )\d{1,3}(?=[,.;])|(?<=[a-z] \()\d{1,3}(?=\))|(?<=he is )\d{1,3}(?=[,.;]|$)|"
        r"(?<=he was )\d{1,3}(?=[,.;]|$)|(?<=\bat\s)\d{1,3}(?=[,.;]|$)",
        re.IGNORECASE,
    ),
    "time": re.compile(
        rf"(?:\b{DAYS},?\s)?\b(?:\d{{1,2}}\s)?{MONTHS}(?!\w)(?:\s\d{{1,2}}(?:st|nd|rd|th)?\b)?(?:,?\s(?:1[5-9]|20)\d\d\b)?|"
        rf"(?<![\w.,])(?:1[5-9]|20)\d\d(?!\d|[,.]\d)s?|\b{DAYS}\b|"
        r"\b(?:[Ll]ast|[Nn]ext|[Tt]his|earlier this|later this)\s(?:week|month|"
        r"year|spring|summer|fall|autumn|winter|weekend)\b|\b(?:[Yy]esterday|[Tt]omorrow|[Tt]onight|[Tt]oday)\b|\b\d{1,2}(?::\d\d)?\s?[ap]\.?m\b|"
        rf"\b(?:{NUMBER}|an?|several|a few)\s{UNITS}s?\s(?:ago|later|earlier|before|after)\b",
    ),
    "words": re.compile(r"[“\"‘]([^”\"’]{2,120})[”\"’]|''(.{2,120}?)''"),
}
SUMS = frozenset(("value", "amount", "total", "figure", "size"))  # they may be told in money
NOT_COUNTED = re.compile(rf"(?:{MONTHS}\s|[$€£¥]\s?|\d[-–:])$")  # before a figure that counts nothing
NOT_COUNTING = re.compile(
    rf"\s{MONTHS}|\s?(?:%|percent|per cent|[ap]\.?m\b|[-–:]\d|st\b|nd\b|rd\b|th\b|-year)", re.IGNORECASE
)
YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
NOT_NAMES = frozenset(" ".join(lexicon("not_names")).split())
# A name asked for by one of these nouns is written with such a word in it, or beside it.
WRITTEN: dict[str, str] = dict(line.split(": ", 1) for line in lexicon("written_names"))

# How likely the reader must take words for the answer so that they pass for it, and by how much more likely than others
# in their sentence; chosen on questions about twelve articles of a newspaper and on the tuning part of our collection.
TOLD, NEARLY = 0.45, 0.1


@dataclass(frozen=True, slots=True)
class Short:
    """Where a text has what could be a short answer; `beside`: the noun that is asked for stands by it; `told`: how
    likely the reader takes it for the answer, None where it was not asked."""

    span: Span
    beside: bool
    told: float | None = None


def shorts_in(kind: Kind, noun: str, known: frozenset[str], text: str, names: Set[str] | None = None) -> list[Short]:
    """What in `text` is of the kind and says more than the stems `known` from the question; leftmost first.

    With `names`, a single word that begins the text is only a name where it is among them.
    """
    root = frozenset(stems(noun))
    found = []
    for span in _spans(kind, noun, text):
        if names is not None and kind in NAMING and _only_begins(span, text, names):
            continue
        held = stems(span.of(text))
        if (held or re.search(r"\w", span.of(text))) and not (held and known.issuperset(held)):
            found.append(Short(span, _beside(kind, noun, root, span, text)))
    return [one for one in found if one.beside] if noun.lower() in WRITTEN else found


def _only_begins(span: Span, text: str, names: Set[str]) -> bool:
    """Whether it is one word that begins the text and has a capital nowhere within a sentence."""
    word = span.of(text)
    return word.isalpha() and word not in names and not re.search(r"\w", text[: span.start])


def _spans(kind: Kind, noun: str, text: str) -> Iterator[Span]:
    if kind in NAMING:
        if kind == "place":
            yield from (_without_stop(Span(*match.span(1)), text) for match in PLACED.finditer(text))
        if kind != "place" or noun.lower() not in ("city", "town", "village"):
            yield from filter(len, (_without_small(span, text) for span in name_spans(text)))
        if kind == "name":
            yield from quoted(text)
        if kind == "person":
            yield from (Span(*match.span(1)) for match in DOERS.finditer(text))
    elif kind == "count":
        if noun.lower() in SUMS:
            yield from map(_span, PATTERNS["money"].finditer(text))
        yield from (span for span in map(_span, PATTERNS[kind].finditer(text)) if counts(span, text))
    elif kind == "amount":
        found: list[Span] = []
        for each in AMOUNTS:
            found += [span for span in _spans(each, noun, text) if not any(span.overlaps(other) for other in found)]
        yield from sorted(found)
    elif kind == "words":
        yield from quoted(text)
    elif kind in PATTERNS:
        yield from map(_span, PATTERNS[kind].finditer(text))


def _span(match: re.Match[str]) -> Span:
    return Span(*match.span())


def quoted(text: str) -> Iterator[Span]:
    """What stands between quotation marks, without them."""
    return (Span(*match.span(match.lastindex or 0)) for match in PATTERNS["words"].finditer(text))


def counts(span: Span, text: str) -> bool:
    """Whether a figure counts something: it is no year, no day of a month, no sum, no share, no bare `one`."""
    figure = span.of(text)
    return not (
        YEAR.fullmatch(figure)
        or figure.lower() == "one"
        or NOT_COUNTED.search(text[max(0, span.start - 12) : span.start])
        or NOT_COUNTING.match(text, span.end)
    )


def _beside(kind: Kind, noun: str, root: frozenset[str], span: Span, text: str) -> bool:
    """A counted thing follows its figure; a role or a sort of thing is in the name, just before or just after it."""
    if not root:
        return False
    words = WRITTEN.get(noun.lower())
    if words and kind in NAMING:
        return re.search(words, span.of(text)) is not None
    after = " ".join(text[span.end : span.end + 80].split()[:BESIDE])
    if kind in NUMERIC:
        return bool(root & frozenset(stems(after)))
    around = " ".join([*text[max(0, span.start - 80) : span.start].split()[-BESIDE:], span.of(text), after])
    return bool(root & frozenset(stems(around)))


def names_in(text: str, *, first: bool = True) -> Iterator[str]:
    """Names in a text; of one that begins it only what follows its first word, unless `first`, and of one that begins
    a later sentence what follows a small word (`Did Ann Lee`)."""
    for span in name_spans(text):
        name = span.of(text)
        begins = span.start == 0 or (
            BEGINS.search(text[: span.start]) and bare(name.split()[0]) in words_of("function")
        )
        if first or not begins:
            yield name
        elif " " in name:
            yield name.split(" ", 1)[1]


def names_within(text: str) -> Iterator[str]:
    """Words that have a capital where no sentence begins, possessives without their ending."""
    return (match[1] for match in WITHIN.finditer(text))


def name_spans(text: str) -> Iterator[Span]:
    """Runs of words with a capital, as they stand."""
    return filter(len, (_without_stop(_span(match), text) for match in NAME.finditer(text)))


def is_age_of(people: Sequence[str], span: Span, text: str) -> bool:
    """Whether an age may be that of one of the people named, and is not that of another who stands by it (`Siri, 34`,
    `a 70-year-old teacher named Kim`). Of nobody in particular it may be anybody's."""
    if not people:
        return True
    before, after = text[: span.start], text[span.end :]
    if RANGE.search(before):
        return False  # of those 18 to 25 years old
    if YEARS_OLD.match(after):
        if theirs := FOLLOWED.match(after):
            return _is_one_of(people, theirs[1].split(), text)
        if before.strip() in ("", "The") or HE_IS.search(before):
            return True
        stand = APPOSED.search(before)
        return stand is not None and _is_one_of(people, stand[1].split(), text)
    if before.endswith((", ", " (")):
        words = re.sub(r",?\s(?:Jr|Sr)\.?$", "", before.rstrip(", (")).split()
        named = list(takewhile(lambda word: word[0].isupper(), words[::-1]))[::-1]
        return bool(named) and _is_one_of(people, named, text)
    return True


def _is_one_of(people: Sequence[str], words: Sequence[str], text: str) -> bool:
    """Whether a name is that of one of the people: a surname alone is not, where the full name stands elsewhere in the
    text (`Orr, 35, the daughter of Ada Orr`)."""
    said = {stem for word in words for stem in stems(word)}
    for one in people:
        first, last = stems(one.split()[0]), stems(one.split()[-1])
        if len(words) > 1 and {*first, *last} <= said:
            return True
        if len(words) == 1 and said and (said <= set(first) or (said <= set(last) and one not in text)):
            return True
    return False


def _without_stop(span: Span, text: str) -> Span:
    """A name without the stop that ends its sentence."""
    return Span(span.start, max(span.start, min(span.end, len(text.rstrip(" .”\"’')")))))


def _without_small(span: Span, text: str) -> Span:
    """A name without words at its front that have a capital for another reason; empty where nothing is left."""
    while len(span):
        word = span.of(text).split()[0]
        if re.sub(r"[’']s$|\.$", "", word).lower() not in NOT_NAMES:
            break
        span = Span(min(span.end, span.start + len(word) + 1), span.end)
    return span
