"""Whether a document takes back, doubts or only supposes that somebody said what it has in quotation marks."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence

from app.quotes.lexicon import Lexicon, Phrases
from indexing.tokens import Tokens

REACH = 12  # words before a quotation mark in which a denial stands
NEAR = 3  # words between an adverb of doubt and the verb of saying that it goes with
QUOTING = 5  # words between a verb of saying and the quotation that it introduces
RIGHT = 4  # words between `denied` and the quotation that it denies itself
BEHIND = 260  # characters behind a quotation that are looked at: the rest of its sentence and the one after
BREAK = re.compile(r"[,;:.!?()\u2013\u2014]|\s-\s|--")
APART = re.compile(r"[;.!?\u2013\u2014]|\s-\s|--")
JOINING = frozenset("and but or who which when because so while then".split())
FINAL = re.compile(r"[.!?][\"”'’)]*\s")

Found = tuple[int, int, bool]
"""A range of words, and whether it stands behind the quotation."""


def denied(text: Tokens, places: Sequence[tuple[int, int, int]], document: str, lexicon: Lexicon) -> Found | None:
    """The words around a quotation that deny it. A place is that of a quotation: the first word of the sentence that
    leads to it, its own first word, and where it ends in the document's text."""
    if not lexicon.denials.entries:
        return None
    for begin, first, end in places:
        found = _before(text, begin, first, lexicon) if begin < first else None
        found = found or _behind(text, end, document, lexicon)
        if found is not None:
            return found
    return None


def _before(text: Tokens, begin: int, first: int, lexicon: Lexicon) -> Found | None:
    """`denied having said "..."`, `a fake letter quotes her as saying "..."`, `suppose I said "..."`."""
    words = text.keys
    if APART.search(text.shown[text.ends[first - 1] : text.starts[first]]):
        return None
    clause = _clause(text, begin, first)
    said = [at for at in range(clause, first) if words[at] in lexicon.saying]
    for at in range(first - 1, clause - 1, -1):
        kind = _doubt(words, at, lexicon)
        behind = [place for place in said if place > at]
        if kind is None or words[min(at + 1, first - 1)] in lexicon.not_only:
            continue
        near = kind not in (lexicon.adverbs, lexicon.claims) or any(place - at <= NEAR for place in behind)
        if kind is lexicon.claims:
            near = any(place - at > 1 and first - place <= QUOTING for place in behind)
        if (behind and near) or (words[at].startswith("den") and first - at <= RIGHT):
            return at, first, False
    asks = clause == begin and words[clause] in lexicon.asking and said and first - said[-1] <= NEAR
    return (clause, first, False) if asks else None


def _doubt(words: Sequence[str], at: int, lexicon: Lexicon) -> Phrases | None:
    """The list that a word, or a phrase that begins here, is of; a form with `n't` is a denial."""
    lists = (lexicon.denials, lexicon.fakes, lexicon.supposing, lexicon.adverbs, lexicon.claims)
    found = next((one for one in lists if one.at(words, at)), None)
    return lexicon.denials if found is None and words[at].endswith("n't") else found


def _clause(text: Tokens, begin: int, first: int) -> int:
    """Where the clause begins that leads to a quotation: behind the last comma or joining word before its verb."""
    at = first - 1
    least = max(begin, first - REACH)
    while at > least:
        gap = text.shown[text.ends[at - 1] : text.starts[at]]
        if BREAK.search(gap) or text.keys[at - 1] in JOINING:
            return at
        at -= 1
    return at


def _behind(text: Tokens, start: int, document: str, lexicon: Lexicon) -> Found | None:
    """`... is something I never said`, `There is no evidence that she said so.`, `The quote is made up.`"""
    end = document.find("\n", start)
    rest = document[start : min(start + BEHIND, end if end >= 0 else len(document))]
    for begin, until, pattern in _looked_at(rest, lexicon):
        match = pattern.search(rest, begin, until)
        if match is not None:
            first = text.index_at(start + match.start())
            return first, min(text.index_at(start + match.end() - 1) + 1, len(text)), True
    return None


def _looked_at(rest: str, lexicon: Lexicon) -> Iterator[tuple[int, int, re.Pattern[str]]]:
    """The rest of the quotation's sentence and the next sentence, each with what may deny it there."""
    here, there = _patterns(lexicon.fakes, lexicon.saying, lexicon.statements, lexicon.hearsay)
    ends = [0, *(match.end() for match in FINAL.finditer(rest)), len(rest)]
    opens = rest[:1] in ".!?" or rest[1:2].isupper()
    first = ends[1] if not opens or ends[1] <= 2 else 0
    yield 0, ends[1], here
    stop = next((end for end in ends if end > first), len(rest))
    for begin, until in ((first, stop), (stop, next((end for end in ends if end > stop), stop))):
        yield begin, until, there


@functools.cache
def _patterns(
    faked: Phrases, said: Phrases, spoken: Phrases, heard: Phrases
) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What denies a quotation in its own sentence, and in the next one."""
    fakes, saying, words = _any(faked), _any(said), _any(spoken)
    never = r"(?:never|not|n[’']t|den(?:y|ies|ied))"
    no = r"no (?:evidence|record|proof|trace|sign|indication)\b"
    made = rf"(?:is|was|are|were|be|been|being) (?:\w+ )?{fakes}"
    such = r"any such thing|such a thing|(?:those|these|the) words|anything (?:of the kind|like (?:it|that))"
    here = (
        rf"^[^\w]*(?:(?:is|was|are|were)\b[^.]{{0,40}}\b{never}\b (?:\w+ ){{0,2}}{saying}|{made}|"
        rf"(?:[\w.’'-]+ ){{0,4}}(?:{_any(heard)} {saying}|(?:is|was|are|were) "
        rf"(?:said|reported|alleged|rumou?red|believed|claimed) to have (?:\w+ )?{saying})|"
        rf"(?:something|words|a (?:line|thing|phrase))\b[^.]{{0,40}}\b{never}\b (?:\w+ ){{0,2}}{saying})"
    )
    there = (
        rf"{no}[^.]{{0,60}}\b{saying}|{never} (?:\w+ ){{0,3}}{saying} (?:that|so|it|this|{such})(?=[.,;!?]|\s*$)|"
        rf"\b(?:the|this|that|both|these) (?:\w+ )?{words} (?:{made}|do(?:es)? not exist|never existed)"
    )
    return re.compile(here, re.IGNORECASE), re.compile(there, re.IGNORECASE)


def _any(phrases: Phrases) -> str:
    entries = sorted((" ".join(entry) for entry in phrases.entries), key=len, reverse=True)
    return rf"\b(?:{'|'.join(map(re.escape, entries))})\b"
