"""Speech without quotation marks: `S said that ...`, `S said he ...` and `..., S said`."""

from __future__ import annotations

from indexing.attribution import Attribution, Clauses
from indexing.people import words_of
from indexing.phrases import DETERMINERS, PREPOSITIONS, PRONOUNS, Phrase
from indexing.quotations import Pattern
from indexing.spans import Span

SAY = frozenset("say says said argue argues argued claim claims claimed insist insists insisted add adds added".split())
TELL = frozenset("tell tells told warn warns warned assure assures assured remind reminds reminded".split())
SHORTEST = 3  # words of a statement


def statement(clauses: Clauses, begin: int, end: int) -> tuple[Attribution, Span] | None:
    """What the sentence of these tokens gives to somebody, and the words; None where no pattern holds."""
    tokens = clauses.tokens
    for at in range(begin + 1, end):
        if clauses.verbs.get(tokens[at].low) != "speech" or not clauses.is_verb(at):
            continue
        phrase = clauses.subject(begin, at)
        content = _content(clauses, phrase, begin, at, end) if phrase is not None else None
        if phrase is None or content is None or content[1] - content[0] < SHORTEST:
            return None
        pattern: Pattern = "after" if content[0] == begin else "before"
        said = clauses.found(phrase, at, pattern, phrase.first, at + 1)
        return said, Span(tokens[content[0]].start, tokens[content[1] - 1].end)
    return None


def _content(clauses: Clauses, phrase: Phrase, begin: int, verb: int, end: int) -> tuple[int, int] | None:
    """The tokens that a verb reports: a `that` clause, a clause right after a verb of saying, or what it trails."""
    tokens = clauses.tokens
    after = tokens[verb + 1] if verb + 1 < end else None
    that = next((at for at in range(verb + 1, min(verb + 8, end)) if tokens[at].low == "that"), None)
    if that is not None and (that == verb + 1 or tokens[verb].low in TELL):
        return that + 1, end
    trails = phrase.first - 1 > begin and tokens[phrase.first - 1].text == ","
    if trails and (after is None or after.low in PREPOSITIONS or after.low in words_of("days")):
        return begin, phrase.first - 1
    if after is None or tokens[verb].low not in SAY or after.kind != "word":
        return None
    clause = after.low in PRONOUNS or after.low in DETERMINERS or (after.capital and after.low not in words_of("days"))
    return (verb + 1, end) if clause else None
