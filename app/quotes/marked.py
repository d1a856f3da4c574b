"""A quote with marked omissions and brackets: where its literal parts stand, and what the marks hide or put in."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from app.quotes.align import locate
from app.quotes.brackets import Bracket, replaced_after, replaced_before
from app.quotes.compare import Comparison, Rules, widened
from app.quotes.context import stops
from app.quotes.found import Match, edges_of
from app.quotes.given import Fragment, Given
from app.quotes.result import Edit, Integrity, Words
from app.quotes.shelf import Source
from app.quotes.speaker import speaker_of
from app.quotes.units import is_figure
from indexing.tokens import Tokens

WIDEST_GAP = 60  # words that a marked omission may leave out
WIDEST_BRACKET = 6  # words that a bracket may stand for
LEAST_WORDS = 4  # of a part that may stand there with edits
JOINING, SUBJECTS = ("and", "but", "or", "so", "nor", "yet"), ("i", "you", "he", "she", "it", "we", "they")


class Marked:
    """Matches one quote whose editing is marked with documents."""

    def __init__(self, given: Given, rules: Rules, compare: Comparison) -> None:
        self._given, self._rules, self._compare = given, rules, compare
        self._keys = given.tokens.keys

    def __call__(self, source: Source) -> Match | None:
        """The quote's fragments in their order, as near to each other as they stand."""
        best: Match | None = None
        for text in source.readings:
            chain = self._chain(text)
            if chain is None:
                continue
            found = self._marked(source, text, chain)
            if best is None or found.rank < best.rank:
                best = found
        return best

    def _chain(self, text: Tokens) -> list[tuple[int, int]] | None:
        """The fragments' places in a row, with the least between them; None where one of them is not there."""
        fragments = self._given.fragments
        places = [self._places(text, one) for one in fragments]
        if not all(places):
            return None
        best: tuple[int, list[tuple[int, int]]] | None = None
        for start in places[0]:
            chain = [start]
            for fragment, following in zip(fragments[1:], places[1:], strict=True):
                nearest = next((one for one in following if one[0] >= chain[-1][1]), None)
                if nearest is None or (fragment.mark == "bracket" and nearest[0] - chain[-1][1] > WIDEST_BRACKET):
                    break
                chain.append(nearest)
            else:
                width = chain[-1][1] - chain[0][0]
                if best is None or width < best[0]:
                    best = width, chain
        return best[1] if best else None

    def _places(self, text: Tokens, fragment: Fragment) -> list[tuple[int, int]]:
        keys = self._keys[fragment.first : fragment.last]
        exact = [(at, at + len(keys)) for at in text.find(keys)]
        if exact or len(keys) < LEAST_WORDS:
            return exact
        found = []
        for place in locate(keys, text.keys):
            compared = self._compare(text, *widened(keys, text, *place), fragment.first, fragment.last)
            if compared.share >= 0.75:
                found.append((compared.first, compared.last))
        return found

    def _marked(self, source: Source, text: Tokens, chain: list[tuple[int, int]]) -> Match:
        fragments = self._given.fragments
        edits: list[Edit] = []
        cost = 0
        levels: set[Words] = set()
        for fragment, place in zip(fragments, chain, strict=True):
            compared = self._compare(text, *place, fragment.first, fragment.last)
            edits += compared.edits
            levels.add(compared.words)
            cost += compared.added + compared.gone
        integrity: Integrity = "elided"
        first = chain[0][0]
        if fragments[0].mark == "bracket":
            first = replaced_before(text, first, self._rules.lexicon)
            integrity = self._bracketed(source, text, fragments[0], (first, chain[0][0]), edits, levels, integrity)
        for fragment, before, place in zip(fragments[1:], chain, chain[1:], strict=False):
            other = self._other_bracket(text, fragment, before[1], place[0])
            if other is not None:
                levels.add("altered")
                edits.append(other)
                continue
            integrity = self._bracketed(source, text, fragment, (before[1], place[0]), edits, levels, integrity)
            if place[0] - before[1] > WIDEST_GAP or _new_paragraph(text, before[1], place[0]):
                integrity = "across_turns"
        edits += self._rule()
        edits += self._tail_question(text, chain[-1][1])
        other = self._other_tail(text, chain[-1][1])
        if other is not None:
            levels.add("altered")
            edits.append(other)
        elif self._given.tail is not None:
            begin, end = self._given.tail
            gone = chain[-1][1], replaced_after(text, chain[-1][1], end - begin)
            last = Fragment(end, end, "bracket", begin, end)
            integrity = self._bracketed(source, text, last, gone, edits, levels, integrity)
        changed = "altered" in levels or any(one.kind in ("rule", "question") for one in edits)
        words: Words = "altered" if changed else "marked_edit"
        if not any(len(one) >= 2 for one in (range(*piece) for piece in chain)):
            words = "altered"
        edges = edges_of(self._given, text, chain[0][0], chain[-1][1])
        lead = chain[0][0] - first
        return Match(source, text, tuple(chain), words, tuple(edits), integrity, cost, edges=edges, lead=lead)

    def _bracketed(
        self,
        source: Source,
        text: Tokens,
        fragment: Fragment,
        gone: tuple[int, int],
        edits: list[Edit],
        levels: set[Words],
        integrity: Integrity,
    ) -> Integrity:
        """Judge what a mark leaves out or puts in; returns what the quote's integrity is then."""
        hidden = list(self._hidden(text, fragment, *gone))
        if fragment.mark == "omission" and not hidden:
            hidden = list(self._joined(text, *gone))
        edits += hidden
        if fragment.mark == "bracket" and not hidden:
            inside = fragment.inside_first, fragment.inside_last
            wrong = Bracket(self._given.tokens, inside, text, gone, self._rules.lexicon).edit(
                source.document, self._speaker(source, text, gone)
            )
            if wrong is not None:
                levels.add("altered")
                edits.append(wrong)
        return "elision_hides" if hidden and integrity == "elided" else integrity

    @staticmethod
    def _speaker(source: Source, text: Tokens, place: tuple[int, int]) -> str:
        """Who is named as the one who speaks at a place of a text."""
        if place[0] == place[1]:
            return ""
        said = speaker_of(source.document, source.quotations, text.source(*place))
        return said.speaker if said is not None and said.named else ""

    def _joined(self, text: Tokens, first: int, last: int) -> Iterator[Edit]:
        """Whether an omission makes one sentence, or one clause, of the beginning of one and the end of another."""
        ended = any(stops(text, index) for index in range(first + 1, last))
        if (ended and not stops(text, first) and not stops(text, last)) or self._regoverned(text, first, last):
            shown = text.shown[text.starts[first] : text.ends[last - 1]]
            note = "what was left out ends one clause and begins another, and the quote makes one of both"
            yield Edit("elision", "critical", shown, "", text.source(first, last), None, note)

    def _regoverned(self, text: Tokens, first: int, last: int) -> bool:
        """Whether the words behind an omission belong to somebody and a verb that it hides: of `I know the street, and
        I hate what they did to it`, `I know ... what they did to it`."""
        keys = text.keys
        if (
            not first < last < len(text)
            or keys[last] in (*JOINING, *SUBJECTS)
            or re.search(r"[,;:.!?-]", text.gap(last))
        ):
            return False
        return any(
            keys[at] in SUBJECTS and (keys[at - 1] in JOINING or re.search(r"[,;]", text.gap(at)))
            for at in range(first + 1, last)
        )

    def _hidden(self, text: Tokens, fragment: Fragment, first: int, last: int) -> Iterator[Edit]:
        """The critical words that stand between two fragments, or that a bracket puts in."""
        words = [key if not key.endswith("n't") else "not" for key in text.keys[first:last]]
        begin, end = fragment.inside_first, fragment.inside_last
        inside = self._keys[begin:end]
        quoted = self._given.tokens.source(begin, end) if inside else None
        kind = "bracket" if fragment.mark == "bracket" else "elision"
        at = 0
        while at < len(words):
            size = self._rules.lexicon.hidden.at(words, at) or int(is_figure(words[at]))
            if size and set(words[at : at + size]) - set(inside):
                span = text.source(first + at, first + at + size)
                shown = text.shown[text.starts[first + at] : text.ends[first + at + size - 1]]
                note = f"what was left out says “{shown}”"
                yield Edit(kind, "critical", shown, " ".join(inside), span, quoted, note)
            at += max(size, 1)
        added = self._put_in(text, begin, end, first, words)
        if added is not None:
            yield added

    def _other_bracket(self, text: Tokens, fragment: Fragment, first: int, last: int) -> Edit | None:
        """Where the source has a bracket itself, its words are literal."""
        begin, end = fragment.inside_first, fragment.inside_last
        between = text.shown[text.ends[first - 1] : text.starts[last] if last < len(text) else len(text.shown)]
        if fragment.mark != "bracket" or "[" not in between or self._keys[begin:end] == text.keys[first:last]:
            return None
        quoted, words = self._given.tokens.source(begin, end), self._given.tokens
        shown = words.shown[words.starts[begin] : words.ends[end - 1]]
        span = text.source(first, last) if first < last else None
        before = text.shown[text.starts[first] : text.ends[last - 1]] if span else ""
        return Edit("bracket", "critical", before, shown, span, quoted, "the source has other words in its own bracket")

    def _other_tail(self, text: Tokens, at: int) -> Edit | None:
        """The same for a bracket at the end."""
        match = re.compile(r"[^\w\[]*\[([^\[\]]*)\]").match(text.shown, text.ends[at - 1])
        if self._given.tail is None or match is None:
            return None
        last = bisect_left(text.starts, match.end())
        begin, end = self._given.tail
        return self._other_bracket(text, Fragment(end, end, "bracket", begin, end), at, last)

    def _put_in(self, text: Tokens, begin: int, end: int, at: int, words: Sequence[str]) -> Edit | None:
        """The critical word of a bracket that the source has not."""
        inside = [key if not key.endswith("n't") else "not" for key in self._keys[begin:end]]
        found = self._rules.lexicon.hidden.first(inside)
        if found is None or not set(inside[found[0] : found[1]]) - set(words):
            return None
        quoted = self._given.tokens
        shown = quoted.shown[quoted.starts[begin + found[0]] : quoted.ends[begin + found[1] - 1]]
        place = text.starts[at] if at < len(text) else len(text.shown)
        return Edit(
            "bracket",
            "critical",
            "",
            shown,
            text.place(place, place),
            quoted.source(begin + found[0], begin + found[1]),
            f"the bracket adds “{shown}”",
        )

    def _tail_question(self, text: Tokens, at: int) -> Iterator[Edit]:
        """Whether a bracket at the end makes a question of what was none, or the other way round."""
        if self._given.tail is None or not re.search(r"[.!?]", self._given.rest):
            return
        match = re.search(r"[.!?]", text.shown[text.ends[at - 1] :])
        place = text.ends[at - 1] + match.start() if match else len(text.shown)
        theirs = match[0] if match else ""
        if ("?" in self._given.rest) != (theirs == "?"):
            note = "the source's sentence ends in another way"
            yield Edit(
                "question",
                "critical",
                theirs,
                self._given.rest.strip(),
                text.place(place, place + len(theirs)),
                None,
                note,
            )

    def _rule(self) -> Iterator[Edit]:
        """Reuters: nothing but deletion, marked."""
        given = self._given
        brackets = [(one.inside_first, one.inside_last) for one in given.fragments if one.mark == "bracket"]
        for first, last in [*brackets, *([given.tail] if given.tail else [])]:
            if self._rules.profile == "reuters":
                span = given.tokens.source(first, last)
                yield Edit(
                    "rule", "substantive", "", span.of(given.text), None, span, "Reuters allows no words in brackets"
                )


def _new_paragraph(text: Tokens, first: int, last: int) -> bool:
    """Whether a paragraph ends between two places; a line wrapped by hand is none."""
    between = text.shown[text.ends[first - 1] : text.starts[last] if last < len(text) else len(text.shown)]
    return re.search(r"\n\s*\n", between) is not None
