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
ASIDE = re.compile(r"[(\[](?:[A-Z][A-Z ,.]+|[Ll]aughter|[Aa]pplause|[Cc]rosstalk|[Ii]naudible|[Cc]heers[^)\]]*)[)\]]")
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
        if match:
            opened.append((number, match))
    loud = [one for one in opened if one[1][1].isupper() and len(one[1][1]) > 1]
    kept = loud if len(loud) >= LOUD_TURNS else opened
    if len(kept) < (LOUD_TURNS if kept is loud else TITLED_TURNS) or len({one[1][1] for one in kept}) < LOUD_TURNS:
        return
    for (number, match), following in zip(kept, [*(one[0] for one in kept[1:]), len(paragraphs)], strict=True):
        spans = paragraphs[number : following if kept is loud else number + 1]
        inner = tuple(_said(text, [Span(match.end(), spans[0].end), *spans[1:]]))
        if inner:
            yield Spoken(number, match[1], _name(match[1]), Span(match.start(1), match.end(1)), inner)


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
