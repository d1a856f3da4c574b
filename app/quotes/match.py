"""Where a quote stands in one document, and how: whole, with marked omissions, or altered."""

from __future__ import annotations

from collections.abc import Iterator

from app.quotes.align import LEAST, locate
from app.quotes.compare import Compared, Comparison, Rules, widened
from app.quotes.found import Match, edges_of
from app.quotes.given import Given
from app.quotes.marked import Marked
from app.quotes.result import FOUND
from app.quotes.shelf import Source
from indexing.spans import Span
from indexing.tokens import Tokens

LEAST_WORDS = 4  # that must be the same for a quote to count as altered


class Matcher:
    """Matches one quote with documents."""

    def __init__(self, given: Given, rules: Rules) -> None:
        self._given = given
        self._rules = rules
        self._compare = Comparison(given.tokens, rules)
        self._marked = Marked(given, rules, self._compare)
        self._keys = given.tokens.keys
        self._known = set(self._keys)

    def whole(self, source: Source) -> Iterator[Match]:
        """Every place where the very words stand in a row, in the first reading of the document that has one."""
        for text in source.readings:
            found = [
                self._match(source, text, self._compare(text, at, at + len(self._keys))) for at in text.find(self._keys)
            ]
            if found:
                yield from found
                return

    def marked(self, source: Source) -> Match | None:
        """The quote's fragments in their order, as near to each other as they stand."""
        return self._marked(source)

    def altered(self, source: Source) -> Iterator[Match]:
        """The nearest places, if they have enough of the quote's words in their order."""
        if len(self._keys) < LEAST_WORDS:
            return
        found: list[Match] = []
        for text in source.readings:
            if len(self._known & set(text.keys)) < LEAST * 0.8 * len(self._known):
                continue
            for place in locate(self._keys, text.keys):
                compared = self._compare(text, *widened(self._keys, text, *place))
                if self._enough(compared):
                    found.append(self._match(source, text, compared))
        best = min((one.rank for one in found), default=None)
        seen: set[Span] = set()
        for one in sorted(found, key=lambda one: one.rank):
            if one.rank[0] == best[0] and one.span not in seen:  # type: ignore[index]
                seen.add(one.span)
                yield one

    def _enough(self, compared: Compared) -> bool:
        if compared.words in FOUND:
            return True
        length = len(self._keys)
        return compared.share >= LEAST and compared.share * length >= 3 and compared.gone <= max(3, length * 0.8)

    def _match(self, source: Source, text: Tokens, compared: Compared) -> Match:
        pieces = ((compared.first, compared.last),)
        edges = edges_of(self._given, text, compared.first, compared.last)
        words = compared.words
        inside = text.shown[text.starts[compared.first] : text.ends[compared.last - 1]]
        if words in FOUND and self._given.edited and "[" not in inside:
            words = "marked_edit"
        return Match(
            source,
            text,
            pieces,
            words,
            compared.edits,
            "contiguous",
            compared.added + compared.gone,
            compared.patched,
            edges,
        )
