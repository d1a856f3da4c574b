"""The quote desk: one quote in, one verdict out; deterministic, in this process, from the collection alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from app.quotes.compare import Rules
from app.quotes.context import Cut, cut_of
from app.quotes.found import RANKS, Match
from app.quotes.given import Given, read_quote
from app.quotes.lexicon import language_of, lexicon
from app.quotes.match import Matcher
from app.quotes.meaning import close_in_meaning
from app.quotes.occurrences import Attributed, attributed, folds_of, occurrence_of
from app.quotes.pasted import quote_in
from app.quotes.result import FOUND, Axes, Context, Edit, Occurrence, Policy, Profile, Searched, Variant, Verdict, Words
from app.quotes.shelf import Shelf, Source
from app.quotes.speaker import NOBODY, Aliases, speaker_status
from app.quotes.splice import spliced
from app.quotes.verdict import CLEAN_VOICES, headline_of, is_green, sentence_of
from indexing.collection import Collection
from indexing.tokens import folded_gap

SHORT = 4  # words; a shorter quote says nothing by itself when it is common
SHORT_DOCUMENTS = 20
UNSURE = 12  # words; a shorter quote that is not found is shown with the closest passages
CLOSEST = 3
VARIANTS = 10
SHOWN = 1000  # occurrences in a verdict


class QuoteDesk:
    """Checks quotes against one collection. The command line, the page, drafts, answers and the evals all ask this."""

    def __init__(self, collection: Collection, aliases: Aliases = NOBODY) -> None:
        self.collection = collection
        self._shelf = Shelf(collection)
        self.aliases = aliases

    def check(self, quote: str, speaker: str = "", profile: Profile = "strict", *, variants: bool = False) -> Verdict:
        """The verdict on a quote, given to a speaker or to nobody. Raises UsageError for a quote without words.

        `variants`: look for other wordings of it as well, which takes longer.
        """
        with self.collection.steady():
            verdict = self._check(quote, speaker.strip(), profile, variants)
            pasted = quote_in(quote) if verdict.axes.words not in FOUND else None
            if pasted is None:
                return verdict
            words, named = pasted
            inner = self._check(words, speaker.strip() or named, profile, variants)
            note = "What stands outside its quotation marks was read as who said it, not as a part of the quote."
            return replace(inner, notes=(note, *inner.notes))

    def _check(self, quote: str, speaker: str, profile: Profile, variants: bool) -> Verdict:
        return _Check(self.collection, self._shelf, self.aliases, quote, speaker, profile)(variants)


class _Check:
    """One quote on its way to its verdict."""

    def __init__(
        self, collection: Collection, shelf: Shelf, aliases: Aliases, quote: str, claimed: str, profile: Profile
    ) -> None:
        self._collection = collection
        self._shelf = shelf
        self.aliases = aliases
        self._claimed = claimed
        self._given: Given = read_quote(quote)
        language = language_of(self._given.tokens.keys)
        self._rules = Rules(lexicon(language), profile)
        self._policy = Policy(
            profile, language, language if self._rules.lexicon.judges else "", self._rules.lexicon.fingerprint
        )
        self._matcher = Matcher(self._given, self._rules)
        self._near: list[Source] = []

    def __call__(self, variants: bool) -> Verdict:
        found = self._search()
        current = [one for one in found if one.source.current]
        best = min((one.rank[0] for one in current), default=9)
        chosen = self._chosen(current, best)
        if not chosen:
            return self._absent([one for one in found if one.words in FOUND])
        judged = [self._judged(one) for one in chosen]
        judged.sort(key=self._order)
        verdict = self._verdict(judged, found)
        return replace(verdict, variants=self._variants(judged[0].match)) if variants else verdict

    # -- searching -----------------------------------------------------------------------------------------------------

    def _search(self) -> list[Match]:
        """Matches of the best level there is; nothing is looked for below a level that has some."""
        given, matcher = self._given, self._matcher
        keys = given.tokens.keys
        found = [match for source in self._shelf.exact(keys) for match in matcher.whole(source)]
        if _any_found(found):
            return found
        if given.parted:
            holding = self._shelf.holding([keys[one.first : one.last] for one in given.fragments])
            found += [match for source in holding if (match := matcher.marked(source)) is not None]
            if _any_found(found):
                return found
        if len(keys) < SHORT:
            return found
        self._near = self._shelf.near(self._literal())
        for source in self._near:
            whole = list(matcher.whole(source)) or list(matcher.altered(source))
            found += whole
            if not whole and given.parted and (match := matcher.marked(source)) is not None:
                found.append(match)
        patched = any(one.patched and one.source.current for one in found)
        if not _any_found(found) and not given.marked and not patched:
            parts = spliced(given, self._near_parts())
            if parts is not None:
                return [parts]
        return found

    def _near_parts(self) -> list[Source]:
        """Documents near to the quote or to one of its halves, which may come from different ones."""
        words = self._literal()
        half = len(words) // 2
        found = {one.version_id: one for part in (words[:half], words[half:]) for one in self._shelf.near(part)}
        return [one for one in {one.version_id: one for one in (*self._near, *found.values())}.values() if one.current]

    def _literal(self) -> list[str]:
        """The words that the quote claims to be the source's."""
        keys = self._given.tokens.keys
        return [key for one in self._given.fragments for key in keys[one.first : one.last]]

    def _chosen(self, found: Sequence[Match], best: int) -> list[Match]:
        """The matches that a verdict speaks of: all that are green by their words, or the nearest altered ones."""
        level = [one for one in found if one.words in FOUND] or [one for one in found if one.rank[0] == best]
        if not level or level[0].words in FOUND:
            return _without_repeats(level)
        top = min(level, key=lambda one: one.cost)
        wording = _wording(top)
        return _without_repeats([one for one in level if one.cost == top.cost and _wording(one) == wording])

    # -- judging -------------------------------------------------------------------------------------------------------

    def _judged(self, match: Match) -> Attributed:
        cut: Cut | None = None
        if match.words in FOUND and self._rules.lexicon.limiters.entries:
            text = match.source.document.text
            first, lexicon = match.first - match.lead, self._rules.lexicon
            cut = cut_of(match.text, first, match.last, match.source.quotations, lexicon, text)
        return attributed(match, cut, self._claimed, self.aliases)

    def _order(self, one: Attributed) -> tuple[object, ...]:
        """The best occurrence first: the one a journalist would cite."""
        axes = self._axes(one, one.status)
        return (
            not is_green(axes),
            one.match.integrity not in ("contiguous", "elided"),
            one.relation == "other",
            axes.context != "clean",
            axes.voice not in CLEAN_VOICES,
            one.relation != "same",
            RANKS[one.match.words],
            self._marks_apart(one.match),
            one.match.source.document.metadata.date or "9999",
            one.match.source.document.name,
            one.match.span.start,
        )

    def _marks_apart(self, match: Match) -> int:
        """How many marks of punctuation the quote and the source do not share."""
        ours, theirs = (
            Counter(char for char in folded_gap(text) if not char.isalnum() and not char.isspace())
            for text in (self._given.text, match.span.of(match.source.document.text))
        )
        return sum(((ours - theirs) + (theirs - ours)).values())

    def _axes(self, one: Attributed, status: str) -> Axes:
        context: Context = one.cut.kind if one.cut else "clean"
        return Axes(one.match.words, one.match.integrity, context, one.voice, status)

    def _verdict(self, judged: Sequence[Attributed], found: Sequence[Match]) -> Verdict:
        best = judged[0]
        status = speaker_status(self._claimed, [one.relation for one in judged if one.relation])
        axes = self._axes(best, status)
        if self._too_short(judged):
            axes = replace(axes, words="too_short")
        edits = self._edits(judged, axes)
        denial = next((one for one in judged if one.cut is not None and one.cut.denies), None)
        if denial is not None and is_green(axes) and denial.cut is not None:
            axes = replace(axes, context=denial.cut.kind)
            where = denial.match.source.document.metadata.title or denial.match.source.document.name
            edit = denial.cut.edit(denial.match.text)
            edits = (*edits, replace(edit, source=None, note=f"{where} doubts it: {edit.note}"))
        severity = best.match.severity
        headline = headline_of(axes, severity)
        groups = self._shelf.groups([one.match.source for one in judged])
        occurrences = tuple(occurrence_of(one, groups) for one in judged[:SHOWN])
        searched = self._searched()
        notes = self._notes(judged, found, axes)
        return Verdict(
            self._given.text,
            self._claimed,
            headline,
            is_green(axes),
            severity,
            axes,
            sentence_of(headline, axes, edits, occurrences[0], self._claimed, searched),
            occurrences,
            edits,
            (),
            (),
            (*self._given.folds, *folds_of(self._given, best.match)),
            notes,
            self._policy,
            searched,
        )

    def _edits(self, judged: Sequence[Attributed], axes: Axes) -> tuple[Edit, ...]:
        """The edits of the best occurrence, and the reasons of what else was found about it."""
        best = judged[0]
        edits = list(best.match.edits)
        if best.cut is not None:
            edits.append(best.cut.edit(best.match.text))
        if axes.voice not in CLEAN_VOICES:
            edits.append(
                Edit("voice", "critical", axes.voice, "quoted", best.match.span, None, "not inside quotation marks")
            )
        if axes.speaker in ("contradicted", "conflicting"):
            other = next((one for one in judged if one.relation == "other"), best)
            where = other.match.source.document.metadata.title or other.match.source.document.name
            span = other.speaker_span if other.match.source is best.match.source else None
            note = "the source names another speaker" if other is best else f"{where} names another speaker"
            edits.append(Edit("speaker", "critical", other.speaker, self._claimed, span, None, note))
        return tuple(edits)

    def _too_short(self, judged: Sequence[Attributed]) -> bool:
        keys = self._given.tokens.keys
        if len(keys) >= SHORT:
            return False
        documents = {one.match.source.document.id for one in judged}
        return len(documents) > SHORT_DOCUMENTS or self._common()

    def _common(self) -> bool:
        """Whether each of its words is one of the language's commonest or is in a good part of the documents."""
        common = self._rules.lexicon.common
        keys = self._given.tokens.keys
        counts = self._shelf.frequencies(keys)
        many = max(SHORT_DOCUMENTS, self._collection.texts.count() // 20)
        return all(key in common or counts.get(key, 0) > many for key in keys)

    def _notes(self, judged: Sequence[Attributed], found: Sequence[Match], axes: Axes) -> tuple[str, ...]:
        notes = []
        if not self._policy.lexicon:
            notes.append("There is no lexicon for this language, so how grave a difference is was not judged.")
        if axes.voice in ("nested", "second_hand"):
            notes.append("The words are quoted there by somebody else than who said them.")
        older = [one for one in found if not one.source.current and one.words in FOUND]
        if older and axes.words not in FOUND:
            notes.append(_superseded(older))
        return tuple(notes)

    # -- what is not there ---------------------------------------------------------------------------------------------

    def _absent(self, older: Sequence[Match]) -> Verdict:
        keys = self._given.tokens.keys
        words: Words = "too_short" if len(keys) < SHORT and self._common() else "not_found"
        closest: tuple[Occurrence, ...] = ()
        if words == "not_found":
            words, closest = self._guess(words)
        searched = self._searched()
        axes = Axes(words, speaker="unknown" if self._claimed else "not_claimed")
        headline = headline_of(axes, "")
        notes = (
            [] if self._policy.lexicon else ["There is no lexicon for this language; a translation is not looked for."]
        )
        if older:
            notes.append(_superseded(older))
        if words == "not_found" and len(keys) < UNSURE and closest:
            notes.append("A short quote may be altered beyond finding; see the closest passages.")
        judged = [self._judged(one) for one in _without_repeats(older)]
        groups = self._shelf.groups([one.match.source for one in judged])
        earlier = tuple(occurrence_of(one, groups) for one in judged)
        return Verdict(
            self._given.text,
            self._claimed,
            headline,
            False,
            "",
            axes,
            sentence_of(headline, axes, (), None, self._claimed, searched),
            (),
            (),
            (),
            (*earlier, *closest),
            self._given.folds,
            tuple(notes),
            self._policy,
            searched,
        )

    def _guess(self, words: Words) -> tuple[Words, tuple[Occurrence, ...]]:
        """Passages that are close in meaning; a guess, which is never more than advice."""
        near = close_in_meaning(self._collection, self._given.core, CLOSEST)
        if near and near[0].alike:
            return "paraphrase", tuple(one.occurrence for one in near)
        return words, tuple(one.occurrence for one in near)

    def _searched(self) -> Searched:
        catalogue = self._collection.catalogue
        return Searched(self._collection.count(), catalogue.meta("indexed_at"), self._collection.in_step())

    def _variants(self, best: Match) -> tuple[Variant, ...]:
        """Other wordings of the same in other documents, the most frequent first; copies count once."""
        near = self._near or self._shelf.near(self._literal())
        mine = _wording(best)
        wordings: dict[str, list[Match]] = {}
        for source in near:
            if source.current and source is not best.source:
                for match in self._matcher.altered(source):
                    if _wording(match) != mine and match.rank[0] >= best.rank[0]:
                        wordings.setdefault(_wording(match), []).append(match)
        found = []
        for matches in wordings.values():
            groups = self._shelf.groups([one.source for one in matches])
            places = tuple(occurrence_of(attributed(one, None, "", self.aliases), groups) for one in matches)
            found.append(Variant(places[0].text, len({one.group for one in places}), places, matches[0].edits))
        return tuple(sorted(found, key=lambda one: (-one.count, len(one.edits)))[:VARIANTS])


def _any_found(found: Iterable[Match]) -> bool:
    return any(one.words in FOUND and one.source.current for one in found)


def _wording(match: Match) -> str:
    return " ".join(key for piece in match.pieces for key in match.text.keys[slice(*piece)])


def _without_repeats(found: Iterable[Match]) -> list[Match]:
    """One match a place."""
    kept: dict[tuple[int, int, int], Match] = {}
    for one in found:
        kept.setdefault((one.source.version_id, one.span.start, one.span.end), one)
    return list(kept.values())


def _superseded(older: Sequence[Match]) -> str:
    names = ", ".join(dict.fromkeys(one.source.document.name for one in older[:3]))
    return f"An earlier version of {names} has these words; the current one has not: it was corrected or changed."
