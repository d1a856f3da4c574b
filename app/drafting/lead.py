"""The lead of an answer to "who said": who is quoted there, with what words, by which source, on which day.

It is put together from what is stored and nothing else: the speaker that indexing read off the text, characters of the
quotation, and the source and the day of the document. So the gate can hold it against the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from app.answers import Citation, Statement
from app.drafting.reported import IN_PART, PART, reported
from app.evidence.candidates import Candidate
from app.evidence.finding import Finding
from indexing.quotations import Quotation
from indexing.spans import Span
from indexing.words import stems

Quoted = Callable[[str, str], Sequence[Quotation]]
"""Who is quoted where in a version of a document."""

WORDS = 30  # of a quotation in a lead; the whole stands in its sentence below
CLAUSE = 6  # words at least that a part of a longer one has, where it ends with a clause; then it is cut there
LOOKED_AT = 3  # sentences


def lead(finding: Finding, quoted: Quoted) -> Statement | None:
    """The lead, not grounded yet; none unless the question asks who said a thing and an explicit speaker is stored."""
    evidence = finding.evidence
    if not finding.answers or finding.owed or not (evidence.asked.said and evidence.asked.kind == "person"):
        return None
    best = evidence.ranked[0]
    for one in (each for each in evidence.ranked[:LOOKED_AT] if each.place[0] == best.place[0]):
        known = quoted(one.passage.document.id, one.passage.document.version)
        for quotation in known:
            if _names_speaker(quotation, one) and not evidence.asked.words.issuperset(stems(quotation.speaker)):
                made = _lead(one, quotation, _within(quotation, known))
                if made is not None:
                    return made
        if one is best and one.features.saying:
            break  # what it quotes has no name: another's words are not the answer
    return None


def _names_speaker(quotation: Quotation, one: Candidate) -> bool:
    """Whether it is given to a name by explicit words, and that and some of what is said stand in the sentence."""
    if not (quotation.named and quotation.explicit and quotation.speaker_span):
        return False
    span = one.sentence.span
    return span.contains(quotation.speaker_span) and any(_both(span, inner) for inner in quotation.inner)


def _within(quotation: Quotation, known: Sequence[Quotation]) -> tuple[Span, ...]:
    """Where somebody else is quoted within it, marks included."""
    return tuple(
        each.span for each in known if each.depth > quotation.depth and quotation.holds(each.span) and each.inner
    )


def _both(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _lead(one: Candidate, quotation: Quotation, nested: Sequence[Span]) -> Statement | None:
    document = one.passage.document
    assert quotation.speaker_span is not None
    name, places = quotation.speaker, [one.sentence.span]
    if name not in one.sentence.span.of(document.text):
        full = next((each for each in one.passage.sentences if name in each.span.of(document.text)), None)
        if full is None or full.kind != "text":
            name = " ".join(quotation.speaker_span.of(document.text).split())
        else:
            places.insert(0, full.span)
    if not name or not name[0].isupper():
        return None
    where = reported(document.metadata)
    said, whole, cited = _words(quotation, one, nested)
    first = said and quotation.inner[0].start < quotation.speaker_span.start  # names keep the order of the source
    if first:
        begin = f"“{said}”, said {name}" if whole else f"“{said}” {PART} {name}"
    else:
        begin = name
    middle = f", {where}" if where else ""
    end = f"{',' if where else ''} {'said' if whole else IN_PART} {f'“{said}”' if said else 'so'}"
    text = f"{begin}{middle}{'' if first else end}."
    at = len(begin) - len(name)
    citations = tuple(Citation.of(document, span) for span in sorted({*places, *cited}))
    return Statement(text, citations, "unchecked", highlight=(Span(at, at + len(name)),), lead=True)


def _words(quotation: Quotation, one: Candidate, nested: Sequence[Span]) -> tuple[str, bool, tuple[Span, ...]]:
    """What is said in the sentence, as it stands, whether that is the whole, and the sentences that it stands in;
    nothing where no marks set it off.

    Where the sentence has only a part of what somebody else is quoted with, the sentences of the rest come along:
    without its other mark, that part would be given to the speaker.
    """
    text, span = one.passage.document.text, one.sentence.span
    inner = next((each for each in quotation.inner if _both(span, each)), None)
    if quotation.kind != "marks" or inner is None:
        return "", True, ()
    reach = [each for each in nested if _both(each, span)]
    first, last = min([span, *reach]).start, max(each.end for each in (span, *reach))
    stood = [each for each in one.passage.sentences if _both(each.span, Span(first, last))]
    part = Span(max(stood[0].span.start, inner.start), min(stood[-1].span.end, inner.end))
    if any(each.kind != "text" for each in stood) or not all(part.contains(each) for each in reach):
        return "", True, ()
    said, whole = begun(part.of(text), [each.shift(-part.start) for each in reach])
    if not said or "\n" in said or re.search(r"[“”\"]", said):
        return "", True, ()
    return said, whole, tuple(each.span for each in stood)


def begun(said: str, nested: Sequence[Span] = ()) -> tuple[str, bool]:
    """Words that were said, less the stop at their end, and whether these are all; of many the first part.

    A part ends with a clause, else with a word that bears meaning: cut elsewhere, it could say what nobody said. It
    does not end within what somebody else is quoted with (`nested`); empty where there is no other part.
    """
    words, whole = list(re.finditer(r"\S+", said)), True
    if len(words) > WORDS:
        whole_ones = [
            (at, word[0])
            for at, word in enumerate(words[:WORDS], 1)
            if not any(each.start < word.end() < each.end for each in nested)
        ]
        ends = [at for at, word in whole_ones if at >= CLAUSE and word.rstrip("’'")[-1:] in (*",;:.!?",)]
        bearing = [at for at, word in whole_ones if stems(word)]
        words, whole = words[: (ends or bearing or [at for at, _ in whole_ones] or [0])[-1]], False
    kept = said[words[0].start() : words[-1].end()] if words else ""
    return re.sub(r"[,.;:\s]+$", "", kept), whole
