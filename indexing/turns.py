"""Everything that somebody is quoted with in a text, in turns: marks joined over breaks and paragraphs, transcripts,
block quotes and speech without marks, each with the speaker that an explicit pattern names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from indexing.attribution import Attribution, Clauses
from indexing.documents import Sentence
from indexing.marks import Stretch, outermost, stretches_of
from indexing.people import People, is_title, name_of, words_of
from indexing.persons import Named, Persons
from indexing.phrases import END, PREPOSITIONS, Line
from indexing.quotations import Kind, Pattern, Quotation
from indexing.spans import Span
from indexing.statements import statement
from indexing.transcripts import Spoken, transcript_of, trimmed

RECIPE = "quotations-6"  # changes when the same text would give other quotations, so that everything is indexed again
PERSONS = frozenset("he she er sie il elle".split())
GOES_ON = frozenset(", and but also then that".split())  # `"...," said Lee, and "..."`
GAP = 40  # tokens between the halves of a broken quote, at most
CREDIT = re.compile(r"\s*(?:—|–|--|-)\s*(.{2,80})$")


@dataclass(slots=True)
class _Turn:
    """A turn as it grows."""

    inner: list[Span]
    start: int
    end: int
    kind: Kind = "marks"
    speaker: str = ""
    named: bool = False
    speaker_span: Span | None = None
    cue: Span | None = None
    pattern: Pattern = ""
    explicit: bool = False

    def finished(self) -> Quotation:
        return Quotation(
            Span(self.start, self.end),
            tuple(self.inner),
            self.kind,
            0,
            self.speaker,
            self.named,
            self.speaker_span,
            self.cue,
            self.pattern,
            self.explicit,
        )


@dataclass(slots=True)
class _Paragraph:
    """A paragraph, what is quoted in it, and its words."""

    span: Span
    outer: list[Stretch]
    line: Line
    clauses: Clauses
    persons: list[Named] = field(default_factory=list)  # outside marks


def paragraphs_of(sentences: Sequence[Sentence]) -> tuple[Span, ...]:
    """The paragraphs of a document: from the first to the last character of the sentences of each."""
    found: list[tuple[int, Span]] = []
    for sentence in sentences:
        if found and found[-1][0] == sentence.paragraph:
            before = found[-1][1]
            joined = Span(min(before.start, sentence.span.start), max(before.end, sentence.span.end))
            found[-1] = (sentence.paragraph, joined)
        else:
            found.append((sentence.paragraph, sentence.span))
    return tuple(span for _, span in found)


def quotations_of(text: str, paragraphs: Sequence[Span]) -> tuple[Quotation, ...]:
    """Every turn of a text, by where it starts; paragraphs are in the order of the text. Linear in the text."""
    stretches = stretches_of(text, paragraphs)
    reader = _Reader(text, paragraphs, stretches)
    found = reader.read()
    found += [_nested(one) for one in stretches if one.depth]
    return tuple(sorted(found, key=lambda one: (one.span.start, one.depth, -one.span.end)))


def _nested(one: Stretch) -> Quotation:
    return Quotation(one.span, (one.inner,), depth=one.depth)


class _Reader:
    def __init__(self, text: str, paragraphs: Sequence[Span], stretches: Sequence[Stretch]) -> None:
        self.text = text
        self.people = People(text)
        self.persons = Persons(self.people)
        outer: dict[int, list[Stretch]] = {}
        for one in outermost(stretches):
            outer.setdefault(one.paragraph, []).append(one)
        self.paragraphs = [self._paragraph(span, outer.get(number, [])) for number, span in enumerate(paragraphs)]
        self.turns: list[_Turn] = []

    def _paragraph(self, span: Span, outer: list[Stretch]) -> _Paragraph:
        line = Line(self.text, span, [one.span for one in outer])
        made = _Paragraph(span, outer, line, Clauses(line))
        made.persons = list(self.persons.named_in(line))
        return made

    def read(self) -> list[Quotation]:
        spoken = {one.paragraph: one for one in transcript_of(self.text, [each.span for each in self.paragraphs])}
        open_turn: _Turn | None = None
        for number, paragraph in enumerate(self.paragraphs):
            if number in spoken:
                self.turns.append(self._spoken(spoken[number]))
            open_turn = self._marked(number, paragraph, open_turn)
            if number not in spoken:
                if self.text.startswith(">", paragraph.span.start) or self._in_block(paragraph.span):
                    self._block(number, paragraph)
                else:
                    self._indirect(number, paragraph)
        return [turn.finished() for turn in self.turns]

    # -- quotation marks -----------------------------------------------------------------------------------------------

    def _marked(self, number: int, paragraph: _Paragraph, open_turn: _Turn | None) -> _Turn | None:
        """The turns of one paragraph; returns the one that goes on in the next."""
        latest: Attribution | None = None
        at = 0
        while at < len(paragraph.outer):
            stretch = paragraph.outer[at]
            turn = open_turn if open_turn is not None and at == 0 else None
            said = self._attribution(number, at, latest)
            last = at
            while said is not None and said.pattern == "after" and self._joined(paragraph, last, said):
                last += 1
                if paragraph.clauses.directly_after(paragraph.line.places[last]) is None:
                    break
            pieces = paragraph.outer[at : last + 1]
            if turn is None:
                turn = _Turn([], stretch.span.start, stretch.span.end)
                self.turns.append(turn)
            turn.inner += [one.inner for one in pieces]
            turn.end = pieces[-1].span.end
            if said is not None and (not turn.pattern or (said.explicit and not turn.explicit)):
                self._name(turn, number, said)
            latest = said or latest
            open_turn = turn if pieces[-1].goes_on else None
            at = last + 1
        return open_turn

    def _joined(self, paragraph: _Paragraph, at: int, said: Attribution) -> bool:
        """Whether only the speaker stands between this stretch and the next, so that they are one turn."""
        if at + 1 >= len(paragraph.outer):
            return False
        line = paragraph.line
        here, following = line.places[at], line.places[at + 1]
        tokens = line.tokens
        if not here < said.first <= said.last <= following or following - here > GAP:
            return False
        rest = tokens[said.last : following]
        ends = [n for n, token in enumerate(rest) if token.text in END]
        if any(paragraph.clauses.is_verb(n) for n in range(said.last, following)):
            return False
        if ends and ends[0] != len(rest) - 1:
            return False
        own = None if not ends else paragraph.clauses.directly_after(following)
        return not (rest and rest[-1].kind == "word") and (own is None or self._same(line, own, said))

    def _same(self, line: Line, one: Attribution, other: Attribution) -> bool:
        """Whether two attributions are to one: by name, or by the same words where they have none (`her brother`)."""
        if one.phrase.name or other.phrase.name:
            return one.phrase.name == other.phrase.name
        words = [[token.low for token in line.tokens[said.phrase.first : said.phrase.last]] for said in (one, other)]
        return words[0] == words[1] and self._in_full(line, one) is one

    def _attribution(self, number: int, at: int, latest: Attribution | None) -> Attribution | None:
        """What names the speaker of a paragraph's stretch."""
        paragraph = self.paragraphs[number]
        line, clauses = paragraph.line, paragraph.clauses
        index = line.places[at]
        begin, end = line.sentence(index)
        leading = any(token.kind == "word" for token in line.tokens[begin:index])
        direct = clauses.directly_after(index)
        if direct is not None and not self._belongs(line, paragraph.outer[at], index, direct):
            direct = None
        before = clauses.before(index) if leading else None
        if direct is not None and not (before is not None and before.explicit and self._fits(line, before, index)):
            return direct
        if before is None and index == 0 and number and self._announced(number):
            previous = self.paragraphs[number - 1].line
            before = self.paragraphs[number - 1].clauses.before(len(previous.tokens), previous.begins[-1])
            if before is not None:
                return replace(before, first=-1, last=-1)
        found = before or self._introduced(paragraph, index) or clauses.trailing(index)
        if found is None and latest is not None and at and 0 <= latest.last <= index:
            between = line.tokens[latest.last : index]
            if between and len(between) <= 3 and all(token.low in GOES_ON for token in between):
                return replace(latest, pattern="continued", explicit=False, first=-1, last=-1)
        alone = not leading and not any(token.kind == "word" for token in line.tokens[index + 1 : end])
        if found is None and alone and latest is not None and at:
            return replace(latest, pattern="continued", explicit=False, first=-1, last=-1)
        return found

    def _introduced(self, paragraph: _Paragraph, index: int) -> Attribution | None:
        """Who is named before a colon, where that is a person, or a lone name at the beginning of the paragraph."""
        found = paragraph.clauses.introduced(index)
        if found is None or self.persons.is_person(self.people.resolve(found.phrase.name)):
            return found
        name, token = found.phrase.name, paragraph.line.tokens[found.phrase.first]
        lone = found.explicit and found.phrase.first == 0 and " " not in name and not name.isupper()
        return replace(found, explicit=False) if lone and not self.people.is_common(token.text) else None

    def _fits(self, line: Line, before: Attribution, index: int) -> bool:
        """Whether a verb before a quotation stands so close that it, not the words after, introduces it."""
        between = line.tokens[before.last : index]
        return len(between) <= 4 or any(token.low == "that" for token in between[:1])

    def _belongs(self, line: Line, stretch: Stretch, index: int, found: Attribution) -> bool:
        """Whether words after a quotation are its attribution, and not the next sentence."""
        if line.begins[index + 1] == line.begins[index]:
            return True
        said = stretch.inner.of(self.text).rstrip()
        after = line.tokens[found.last].low if found.last < len(line.tokens) else "."
        return said[-1:] in "?!…-—" and (after in (".", ",") or after in PREPOSITIONS or after in words_of("days"))

    def _announced(self, number: int) -> bool:
        """Whether the paragraph before ends with a colon."""
        return self.paragraphs[number - 1].span.of(self.text).rstrip(" \t\r\n*_").endswith(":")

    # -- who is meant --------------------------------------------------------------------------------------------------

    def _name(self, turn: _Turn, number: int, said: Attribution) -> None:
        """Give a turn its speaker."""
        line = self.paragraphs[number].line if said.first >= 0 or said.pattern == "continued" else None
        line = line or self.paragraphs[number - 1].line
        said = self._in_full(line, said)
        tokens = line.tokens[said.phrase.first : said.phrase.last]
        turn.speaker_span = Span(tokens[0].start, tokens[-1].end)
        lone = len(tokens) == 1 and (self.people.is_common(tokens[0].text) or is_title(tokens[0].text))
        turn.speaker = "" if lone else self.people.resolve(said.phrase.name)
        turn.named = bool(turn.speaker)
        if not turn.named:
            turn.speaker = " ".join(turn.speaker_span.of(self.text).split())
            meant = ""
            if tokens[0].low in PERSONS and len(tokens) == 1:
                meant = self._meant(number, tokens[0].low, tokens[0].start)
            elif len(tokens) == 1 + (tokens[0].low == "the"):
                meant = self.persons.bearer(tokens[-1].text)
            turn.speaker, turn.named = meant or turn.speaker, bool(meant)
        turn.cue, turn.pattern, turn.explicit = said.cue, said.pattern, said.explicit
        if turn.named:
            self.persons.speakers.add(turn.speaker)

    def _in_full(self, line: Line, said: Attribution) -> Attribution:
        """With the name that follows what somebody is: `said her brother, Jonas Falk`."""
        last = said.phrase.last
        if said.phrase.name or said.pattern not in ("after", "according") or last + 1 >= len(line.tokens):
            return said
        named = line.phrase(last + 1, len(line.tokens)) if line.tokens[last].text == "," else None
        if named is None or not self.persons.is_person(self.people.resolve(named.name)) or " " not in named.name:
            return said
        return replace(said, phrase=named)

    def _meant(self, number: int, pronoun: str, before: int) -> str:
        """Whom a pronoun stands for, of those named in its paragraph, else in the one before; empty where unsure."""
        return self.persons.meant(
            pronoun,
            (
                [each for one in self.paragraphs[first : number + 1] for each in one.persons if each.start < before]
                for first in (number, number - 1)
                if first >= 0
            ),
        )

    # -- transcripts, block quotes, speech without marks ---------------------------------------------------------------

    def _spoken(self, spoken: Spoken) -> _Turn:
        full = self.people.resolve(spoken.name)
        inner = list(spoken.inner)
        turn = _Turn(inner, inner[0].start, inner[-1].end, "turn", full or spoken.label, bool(full))
        turn.speaker_span = turn.cue = spoken.speaker_span
        turn.pattern, turn.explicit = "transcript", True
        return turn

    def _in_block(self, span: Span) -> bool:
        """Whether a paragraph is a Markdown block quote; its `>` may have been left out of view."""
        start = self.text.rfind("\n", 0, span.start) + 1
        return self.text[start : span.start].strip() == ">"

    def _block(self, number: int, paragraph: _Paragraph) -> None:
        if paragraph.outer and sum(len(one.span) for one in paragraph.outer) * 2 > len(paragraph.span):
            return
        inner = [
            span
            for match in re.finditer(r"^[ \t]*(?:>[ \t]*)*(.+)$", paragraph.span.of(self.text), re.MULTILINE)
            for span in trimmed(self.text, *(at + paragraph.span.start for at in match.span(1)))
        ]
        if not inner:
            return
        credit = CREDIT.match(self.text[inner[-1].start : inner[-1].end])
        before = self.turns[-1] if self.turns and self.turns[-1].kind == "block" else None
        goes_on = before is not None and not self.text[before.end : inner[0].start].strip("> \t\r\n")
        if credit and (len(inner) > 1 or goes_on):
            offset = inner.pop().start + credit.start(1)
            turn = (
                before if goes_on and before is not None and not inner else _Turn(inner, inner[0].start, inner[-1].end)
            )
            name = self.people.resolve(name_of(credit[1].partition(",")[0].split()))
            turn.speaker, turn.named, turn.pattern, turn.explicit = name, bool(name), "attribution", True
            turn.speaker_span = turn.cue = Span(offset, offset + len(credit[1].partition(",")[0]))
            if turn is before:
                return
        elif goes_on and before is not None:
            before.inner += inner
            before.end = inner[-1].end
            return
        else:
            turn = _Turn(inner, inner[0].start, inner[-1].end)
            if number and self._announced(number):
                previous = self.paragraphs[number - 1].line
                said = self.paragraphs[number - 1].clauses.before(len(previous.tokens), previous.begins[-1])
                if said is not None:
                    self._name(turn, number, replace(said, first=-1, last=-1))
        turn.kind = "block"
        self.turns.append(turn)

    def _indirect(self, number: int, paragraph: _Paragraph) -> None:
        """`S said that ...` and `..., S said`: what is given to a named speaker without quotation marks."""
        line, clauses = paragraph.line, paragraph.clauses
        first = 0
        while first < len(line.tokens):
            begin, end = line.sentence(first)
            following = first
            while following < len(line.tokens) and line.begins[following] == begin:
                following += 1
            inside = line.tokens[begin:end]
            if inside and not any(token.kind == "quoted" for token in inside):
                self._statement(number, clauses, begin, end)
            first = max(following, first + 1)

    def _statement(self, number: int, clauses: Clauses, begin: int, end: int) -> None:
        reported = statement(clauses, begin, end)
        if reported is None:
            return
        said, inner = reported
        turn = _Turn([inner], inner.start, inner.end, "indirect")
        self._name(turn, number, said)
        if turn.named:
            self.turns.append(turn)
