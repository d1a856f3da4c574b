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
        for quotation in quoted(one.passage.document.id, one.passage.document.version):
            if _names_speaker(quotation, one) and not evidence.asked.words.issuperset(stems(quotation.speaker)):
                made = _lead(one, quotation)
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


def _both(one: Span, other: Span) -> bool:
    return one.start < other.end and other.start < one.end


def _lead(one: Candidate, quotation: Quotation) -> Statement | None:
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
    said, whole = _words(quotation, one)
    first = said and quotation.inner[0].start < quotation.speaker_span.start  # names keep the order of the source
    if first:
        begin = f"“{said}”, said {name}" if whole else f"“{said}” {PART} {name}"
    else:
        begin = name
    middle = f", {where}" if where else ""
    end = f"{',' if where else ''} {'said' if whole else IN_PART} {f'“{said}”' if said else 'so'}"
    text = f"{begin}{middle}{'' if first else end}."
    at = len(begin) - len(name)
    citations = tuple(Citation.of(document, span) for span in sorted(set(places)))
    return Statement(text, citations, "unchecked", highlight=(Span(at, at + len(name)),), lead=True)


def _words(quotation: Quotation, one: Candidate) -> tuple[str, bool]:
    """What is said in the sentence, as it stands, and whether that is the whole; nothing where no marks set it off."""
    text, span = one.passage.document.text, one.sentence.span
    inner = next((each for each in quotation.inner if _both(span, each)), None)
    if quotation.kind != "marks" or inner is None:
        return "", True
    said, whole = begun(Span(max(span.start, inner.start), min(span.end, inner.end)).of(text))
    return ("", True) if "\n" in said or re.search(r"[“”\"]", said) else (said, whole)


def begun(said: str) -> tuple[str, bool]:
    """Words that were said, less the stop at their end, and whether these are all; of many the first part.

    A part ends with a clause, else with a word that bears meaning: cut elsewhere, it could say what nobody said.
    """
    words, whole = list(re.finditer(r"\S+", said)), True
    if len(words) > WORDS:
        ends = [at for at, word in enumerate(words[:WORDS], 1) if at >= CLAUSE and word[0][-1] in ",;:.!?"]
        bearing = [at for at, word in enumerate(words[:WORDS], 1) if stems(word[0])]
        words, whole = words[: (ends or bearing or [WORDS])[-1]], False
    kept = said[words[0].start() : words[-1].end()] if words else ""
    return re.sub(r"[,.;:\s]+$", "", kept), whole
