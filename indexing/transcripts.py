"""Transcripts: turns of the form `NAME: words`, without what the transcriber put in brackets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from indexing.people import name_of
from indexing.spans import Span

LOUD = r"(?:[^\W\d_a-z]{2,}|[A-Z]\.)(?:[ .,'’-]+(?:[^\W\d_a-z]{2,}|[A-Z]\.))*"
TITLED = r"[A-Z][\w’'.-]+(?: [A-Z][\w’'.-]+){0,3}"
SPEAKER_LINE = re.compile(rf"\s*[*_]{{0,2}}({LOUD}|{TITLED})(?: ?\([^()\n]{{1,60}}\))?[*_]{{0,2}}:[*_]{{0,2}}\s+(?=\S)")
ASKED_LINE = re.compile(r"\s*[*_]{0,2}([QA])[*_]{0,2}[.:][*_]{0,2}\s+(?=\S)")
ASIDE = re.compile(r"[(\[](?:[A-Z][A-Z ,.]+|[Ll]aughter|[Aa]pplause|[Cc]rosstalk|[Ii]naudible|[Cc]heers[^)\]]*)[)\]]")
ASKED = ("Q", "A")
OPENING = 600  # characters of a text in which it says who is interviewed
# `Five questions for Carla Weiss`, `An interview with Dr. Abel`
INTERVIEW = re.compile(
    r"\b(?i:interview(?:ed)?|questions?|q ?& ?a|conversation|talk(?:s|ed)?|spoke|speaks|sat down|chat)(?: \w+)? "
    r"(?:with|for|to|of) ((?:[^\W\d_a-z][\w’'.-]*(?: (?:de|da|van|von|der|al|bin) )?[ ]?){1,5})"
)
LOUD_TURNS, TITLED_TURNS = 2, 3  # turns that make a text a transcript: names in capitals, names as usual


@dataclass(frozen=True, slots=True)
class Spoken:
    """One turn: the paragraph it begins with, how the transcript calls the speaker, that as a name, and the words."""

    paragraph: int
    label: str
    name: str
    speaker_span: Span
    inner: tuple[Span, ...]


def transcript_of(text: str, paragraphs: Sequence[Span]) -> Iterator[Spoken]:
    """The turns of a text that has several of at least two speakers; a turn in capitals goes on until the next."""
    opened: list[tuple[int, re.Match[str]]] = []
    for number, paragraph in enumerate(paragraphs):
        match = SPEAKER_LINE.match(text, paragraph.start, paragraph.end)
        match = match or ASKED_LINE.match(text, paragraph.start, paragraph.end)
        if match:
            opened.append((number, match))
    loud = [one for one in opened if one[1][1].isupper() and len(one[1][1]) > 1]
    asked = [one for one in opened if one[1][1] in ASKED]
    answers = ""
    if {one[1][1] for one in asked} == set(ASKED):
        loud = sorted([*loud, *asked], key=lambda one: one[0])
        answers = interviewed(text[: paragraphs[asked[0][0]].start])
    opened = [one for one in opened if one not in asked]
    kept = loud if len(loud) >= LOUD_TURNS else opened
    if len(kept) < (LOUD_TURNS if kept is loud else TITLED_TURNS) or len({one[1][1] for one in kept}) < LOUD_TURNS:
        return
    yield from _turns(text, paragraphs, kept, answers, goes_on=kept is loud)


def _turns(
    text: str,
    paragraphs: Sequence[Span],
    kept: Sequence[tuple[int, re.Match[str]]],
    asked: str = "",
    *,
    goes_on: bool = True,
) -> Iterator[Spoken]:
    """The turns that begin in these paragraphs. They go on until the next, or are a paragraph each; `asked` is the name
    of who answers where the labels are Q and A."""
    for (number, match), following in zip(kept, [*(one[0] for one in kept[1:]), len(paragraphs)], strict=True):
        alone = not goes_on or (
            match[1] in ASKED and following == len(paragraphs)
        )  # what follows the last is the article
        spans = paragraphs[number : number + 1 if alone else following]
        inner = tuple(_said(text, [Span(match.end(), spans[0].end), *spans[1:]]))
        name = {"A": asked, "Q": ""}.get(match[1], "") if match[1] in ASKED else _name(match[1])
        if inner:
            yield Spoken(number, match[1], name, Span(match.start(1), match.end(1)), inner)


def interviewed(opening: str) -> str:
    """Whom the words before the first question name as the one who answers; empty where nobody, or more than one."""
    names = {name_of(match[1].split()) for match in INTERVIEW.finditer(opening[:OPENING])} - {""}
    return names.pop() if len(names) == 1 else ""


def _said(text: str, spans: Sequence[Span]) -> Iterator[Span]:
    for span in spans:
        start = span.start
        for aside in ASIDE.finditer(text, start, span.end):
            yield from trimmed(text, start, aside.start())
            start = aside.end()
        yield from trimmed(text, start, span.end)


def _name(label: str) -> str:
    words = label.replace(",", "").split()
    return name_of([word.title() if len(word) > 1 and word.isupper() else word for word in words])


def trimmed(text: str, start: int, end: int) -> list[Span]:
    """The span without white space at its ends; none where there is nothing else."""
    body = text[start:end]
    left = start + len(body) - len(body.lstrip())
    right = start + len(body.rstrip())
    return [Span(left, right)] if left < right else []
