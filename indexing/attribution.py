"""Who a paragraph gives words to: explicit patterns of words around a quotation, and nothing where they do not hold."""

from __future__ import annotations

from dataclasses import dataclass

from indexing.people import is_title, words_of
from indexing.phrases import (
    ADVERBS,
    AUXILIARIES,
    BREAKS,
    DETERMINERS,
    END,
    PREPOSITIONS,
    PRONOUNS,
    Line,
    Phrase,
    Token,
    is_adverb,
)
from indexing.quotations import Pattern
from indexing.reporting import reporting
from indexing.spans import Span

REACH = 45  # tokens from a quotation to its verb: what is farther off is another clause's
PASSIVE = frozenset("is was were be been being are get got".split())
RELATIVE = frozenset("who which that".split())
# Forms that are nouns as often as verbs: verbs only right after a name, a pronoun or an adverb.
NOUNS = frozenset(
    "report reports claim claims comment comments post posts note notes plan plans attack attacks charge charges "
    "question questions answer answers show shows list lists order "
    "orders request requests support demand demands promise "
    "promises pledge pledges remark remarks state states point points tweet tweets call calls address addresses fire "
    "fires hit hits cast casts quote quotes credit credits detail details email emails offer offers issue issues "
    "release releases hope hopes fear fears joke jokes talk talks challenge challenges counter counters find finds rip "
    "object objects vow vows read reads use uses reason reasons laugh laughs worry worries label labels brand brands "
    "question retort retorts blast decline declines praise blame lament echo echoes thought urge urges boast "
    "single".split()
)
# What stands before a colon and is nobody.
LABELS = frozenset(
    "headline note correction update quote caption title photo editor source question answer verdict motto slogan "
    "subject re example result conclusion summary warning here plus also bottom image video watch read related more q "
    "false true claim fact name".split()
)
# Whose they are said them: `Lee's answer: "..."`.
WORDS_OF = frozenset(
    "answer reply response verdict message comment conclusion statement tweet post summary words explanation warning "
    "advice reaction retort assessment plea promise pledge letter email motto".split()
)
PLACES = frozenset("on in at to from by".split())
READS = frozenset("state states read reads notes reports quotes".split())


@dataclass(frozen=True, slots=True)
class Attribution:
    """What a pattern found: the speaker's tokens and name, the verb's token, and where the pattern's words end."""

    phrase: Phrase
    cue: Span
    pattern: Pattern
    explicit: bool
    first: int
    last: int


class Clauses:
    """Reads the attributions of one line."""

    def __init__(self, line: Line) -> None:
        self.line, self.tokens = line, line.tokens
        self.verbs = reporting().verbs

    # -- after a quotation ---------------------------------------------------------------------------------------------

    def directly_after(self, index: int) -> Attribution | None:
        """`"...," V S`, `"...," S V` and `"...," according to S` right after the quotation at a token."""
        tokens = self.tokens
        first = index + 1
        while first < len(tokens) and tokens[first].text in (",", "—", "–", "-", "*"):
            first += 1
        last = self._clause_end(first)
        if first >= last:
            return None
        told = self._according(first, last)
        if told:
            return told
        begin = first + (tokens[first].low == "as")
        verb = begin
        while verb < last and (tokens[verb].low in ADVERBS or is_adverb(tokens[verb].low) or tokens[verb].low == "a"):
            verb += 1  # `a` is French: `"...", a déclaré X`
        if verb < last and self._speech(verb):
            phrase = self.line.phrase(verb + 1, last)
            if phrase and self._speaks(phrase):
                return self.found(phrase, verb, "after", first, phrase.last)
            return None
        return self._subject_verb(begin, last, first)

    def _subject_verb(self, begin: int, last: int, first: int) -> Attribution | None:
        """`S V` from a token on, an appositive or a prepositional phrase between them allowed."""
        phrase = self.line.phrase(begin, last)
        if phrase is None or not self._speaks(phrase):
            return None
        phrase = self._cut_at_verb(phrase)
        commas, inside = 0, False
        for at in range(phrase.last, min(last, begin + REACH)):
            token = self.tokens[at]
            if token.text == ",":
                commas += 1
            elif at == phrase.last and token.low in BREAKS and token.low not in RELATIVE:
                return None
            elif token.low in RELATIVE and at - phrase.last <= 1:
                inside = True
            elif self.is_verb(at) and not (inside and commas < 2):
                if commas == 1 and self.tokens[at - 1].text != ",":
                    return None
                if self.verbs[token.low] == "speech" or commas == 0:
                    return self.found(phrase, at, "after", first, at + 1)
        return None

    def trailing(self, index: int) -> Attribution | None:
        """`... "..." ..., S V` where the sentence ends with the verb, or goes on with a time or place."""
        last = self.line.sentence(index)[1]
        tokens = self.tokens
        for at in range(last - 1, max(index, last - REACH), -1):
            if not self.is_verb(at) or self.verbs[tokens[at].low] != "speech":
                continue
            comma = at
            while comma > index and tokens[comma].text != ",":
                comma -= 1
            after = tokens[at + 1] if at + 1 < last else None
            ends = after is None or after.low in PREPOSITIONS or after.low in words_of("days") or after.text == ","
            if comma > index and ends:
                found = self._subject_verb(comma + 1, last, comma)
                if found and found.cue.start == tokens[at].start:
                    return found
            # `... , according to S`
        for at in range(last - 2, index, -1):
            told = self._according(at, last)
            if told:
                return told
        return None

    def _according(self, first: int, last: int) -> Attribution | None:
        for words in reporting().openers:
            end = first + len(words)
            if end < last and tuple(token.low for token in self.tokens[first:end]) == words:
                phrase = self.line.phrase(end, last)
                if phrase and phrase.last > phrase.first:
                    cue = Span(self.tokens[first].start, self.tokens[end - 1].end)
                    return Attribution(phrase, cue, "according", True, first, phrase.last)
        return None

    def _clause_end(self, first: int) -> int:
        """The end of what may belong to a quotation before this token: a sentence end or the next quotation."""
        at = first
        while at < len(self.tokens) and at - first < REACH:
            token = self.tokens[at]
            if token.kind == "quoted" or token.text in END or token.text in ";:":
                break
            at += 1
        return at

    # -- before a quotation --------------------------------------------------------------------------------------------

    def before(self, index: int, begin: int | None = None) -> Attribution | None:
        """`S V, "..."`: the last verb of the sentence before a token that gives words to somebody, and its subject."""
        tokens = self.tokens
        begin = self.line.sentence(index)[0] if begin is None else begin
        for at in range(index - 1, max(begin, index - REACH) - 1, -1):
            if self.is_verb(at):
                phrase = self.subject(begin, at)
                if phrase is not None:
                    explicit = self.verbs[tokens[at].low] == "speech" or index - at <= 4
                    return self.found(phrase, at, "before", phrase.first, at + 1, explicit=explicit)
            told = self._according(at, index) if tokens[at].low not in self.verbs else None
            if told:
                return told
        return None

    def subject(self, begin: int, verb: int) -> Phrase | None:
        """The subject of a verb: read to the left of it, an appositive or a relative clause stepped over."""
        tokens = self.tokens
        at = verb - 1
        while at >= begin and self._is_filler(tokens[at]):
            at -= 1
        if at < begin:
            return None
        token = tokens[at]
        participle = tokens[verb].low.endswith("ing") and at == verb - 1
        participle = participle and not (token.capital and self._before_run(begin, at).low not in PLACES)
        if participle or token.low in PREPOSITIONS or token.low in ("and", "but", "or", "then"):
            return self._same_subject(begin, at)
        if token.low in RELATIVE and at > begin:
            return self._antecedent(begin, at)
        if token.text in (",", ")", "—", "–"):
            return self._before_appositive(begin, at)
        if token.kind == "quoted":
            return self._same_subject(begin, at)
        if token.low == "a" and at > begin:  # French: `Macron a déclaré`
            at -= 1
        return self._ending_at(begin, at + 1) or self._main(begin, at)

    def _before_run(self, begin: int, at: int) -> Token:
        """The token before the capitalised words that end at one; the first of them where nothing is before."""
        while at > begin and self.tokens[at].capital:
            at -= 1
        return self.tokens[at]

    def _same_subject(self, begin: int, end: int) -> Phrase | None:
        """The subject of the verb before, which a participle or a second verb shares."""
        for at in range(end - 1, begin, -1):
            if self.is_verb(at):
                return self.subject(begin, at)
        return self._main(begin, end)

    def _is_filler(self, token: Token) -> bool:
        return token.kind == "word" and (
            token.low in AUXILIARIES or token.low in ADVERBS or (is_adverb(token.low) and not token.capital)
        )

    def _ending_at(self, begin: int, end: int) -> Phrase | None:
        """The noun phrase whose words, prepositional phrases included, end before a token."""
        tokens = self.tokens
        at = end
        while at > begin:
            token = tokens[at - 1]
            stop = token.kind != "word" or token.low in BREAKS or self.is_verb(at - 1)
            if stop or (token.low in AUXILIARIES and at != end):
                break
            at -= 1
        while at < end:
            phrase = self.line.phrase(at, end)
            if phrase is None or not self._speaks(phrase):
                # An opening like `During the debate` is no subject: what follows it may be.
                at += 1
                continue
            if at > begin and tokens[at - 1].low in PREPOSITIONS - {"as"} and phrase.last < end:
                at = phrase.last
                continue
            return phrase
        return None

    def _antecedent(self, begin: int, relative: int) -> Phrase | None:
        """Whom `who` or `which` at a token stands for."""
        end = relative - (self.tokens[relative - 1].text == ",")
        return self._ending_at(begin, end)

    def _before_appositive(self, begin: int, comma: int) -> Phrase | None:
        """`S, the chairman, V`: what stands before the appositive; a name within it counts where S is none."""
        opening = comma - 1
        nested = self.tokens[comma - 1].text == ")"
        while opening > begin and (nested or self.tokens[opening].text not in (",", "(", "—", "–")):
            nested = nested and self.tokens[opening].text != "("
            opening -= 1
        if opening <= begin:
            return self._main(begin, comma)
        phrase = self._ending_at(begin, opening)
        inner = self.line.phrase(opening + 1, comma)
        if phrase and not phrase.name and inner and inner.name and inner.last == comma:
            return inner
        return phrase or self._main(begin, comma)

    def _main(self, begin: int, end: int) -> Phrase | None:
        """The subject of the sentence: its first noun phrase that is not within an opening phrase."""
        at = begin
        while at < end:
            token = self.tokens[at]
            if token.low in ADVERBS or is_adverb(token.low):
                at += 1
                continue
            opening = token.low in PREPOSITIONS or token.low in BREAKS or token.low.endswith("ing")
            if opening:
                comma = next((n for n in range(at, end) if self.tokens[n].text == ","), None)
                if comma is None and token.low in BREAKS:
                    at += 1
                    continue
                if comma is None:
                    return self._ending_at(at, end) if at == begin and not token.low.endswith("ing") else None
                at = comma + 1
                continue
            phrase = self.line.phrase(at, end)
            if phrase is not None and phrase.last < end and self.tokens[phrase.last].low in ("later", "ago", "earlier"):
                at = phrase.last + 1
                continue
            if phrase is not None and self._speaks(phrase):
                return self._cut_at_verb(phrase)
            at += 1
        return None

    # -- what the two share --------------------------------------------------------------------------------------------

    def found(
        self, phrase: Phrase, verb: int, pattern: Pattern, first: int, last: int, *, explicit: bool = True
    ) -> Attribution:
        token = self.tokens[verb]
        return Attribution(self._cut_at_verb(phrase), Span(token.start, token.end), pattern, explicit, first, last)

    def _cut_at_verb(self, phrase: Phrase) -> Phrase:
        """A phrase that ends before the first reporting verb in it."""
        for at in range(phrase.first + 1, phrase.last):
            if self.is_verb(at):
                return self.line.phrase(phrase.first, at) or phrase
        return phrase

    def _speaks(self, phrase: Phrase) -> bool:
        """Whether a phrase can be somebody who speaks; a number or a day cannot."""
        token = self.tokens[phrase.first]
        lone = phrase.last - phrase.first == 1
        if lone and not token.capital and token.low not in PRONOUNS:
            return token.low.endswith("s") or token.low in ("one", "some", "many", "several", "both")
        return not token.low.isdigit()

    def _introduces(self, index: int) -> bool:
        """Whether a quotation, or an end as in `"...," the report states.`, follows a word at once."""
        following = self.tokens[index + 1 : index + 3]
        if not following or following[0].kind == "quoted" or following[0].text == ":":
            return True
        if following[0].text == "," and len(following) > 1 and following[1].kind == "quoted":
            return True
        subject = next((n for n in range(index - 1, max(index - 6, 0), -1) if self.tokens[n].low in DETERMINERS), 0)
        return subject > 0 and self.tokens[subject - 1].kind == "quoted"

    def _speech(self, index: int) -> bool:
        """Whether the token is a verb that may stand before its speaker."""
        token = self.tokens[index]
        return token.kind == "word" and self.verbs.get(token.low) == "speech" and not token.capital

    def introduced(self, index: int) -> Attribution | None:
        """Who is named before a colon that a quotation follows: `S: "..."`, `S's reply: "..."`, `S was: "..."`."""
        tokens = self.tokens
        begin = self.line.sentence(index)[0]
        if index - begin < 2 or tokens[index - 1].text != ":":
            return None
        phrase = self.line.phrase(begin, index - 1)
        if phrase is None or (phrase.last - phrase.first == 1 and tokens[begin].low in LABELS):
            return None
        cue = Span(tokens[index - 1].start, tokens[index - 1].end)
        owner = next((at for at in range(begin, min(phrase.last, begin + 5)) if tokens[at].low.endswith("'s")), None)
        if owner is not None and owner + 1 < index and tokens[owner + 1].low in WORDS_OF:
            owned = self.line.phrase(begin, owner + 1)
            return Attribution(owned, cue, "before", False, begin, index) if owned and owned.name else None
        if not phrase.name:
            inner = self.line.phrase(phrase.last + 1, index - 1) if tokens[phrase.last].text == "," else None
            phrase = inner if inner is not None and inner.name else phrase
        lone = phrase.last == index - 1 and all(
            is_title(token.text) or token.text.rstrip(".") in phrase.name
            for token in tokens[phrase.first : phrase.last]
        )
        return Attribution(phrase, cue, "before", lone, begin, index) if phrase.name else None

    def is_verb(self, index: int) -> bool:
        """Whether the token is used as a verb that gives words to the one who is its subject."""
        token = self.tokens[index]
        if token.low in ("put", "puts"):  # as S put it
            return index + 1 < len(self.tokens) and self.tokens[index + 1].low in ("it", "this")
        if token.low not in self.verbs or token.capital or token.kind != "word":
            return False
        before = index - 1
        while before >= 0 and self._is_filler(self.tokens[before]) and self.tokens[before].low not in PASSIVE:
            before -= 1
        if before < 0:
            return token.low.endswith("ing")
        previous = self.tokens[before]
        if token.low in NOUNS and before == index - 1:
            subject = previous.low in PRONOUNS and previous.low not in ("this", "that", "these", "those")
            finite = token.low.endswith(("s", "d")) or token.low in ("cast", "hit", "read", "thought")
            named = previous.capital and finite and not previous.low.endswith(("'s", "s'"))
            if previous.low in DETERMINERS or previous.low in PREPOSITIONS - {"to"}:
                return False
            return subject or named or previous.low == "to" or (token.low in READS and self._introduces(index))
        if token.low.endswith("ing"):
            return previous.low not in DETERMINERS and previous.low not in PASSIVE | {"of"}
        if previous.low in PASSIVE or previous.low in ("when", "if", "as", "by", "than"):
            return False
        if before == index - 1 and previous.low in DETERMINERS:
            return previous.low in ("one", "some", "many", "several", "both", "another", "each")
        return not (previous.low in PREPOSITIONS and previous.low != "to")
