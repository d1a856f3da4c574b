"""Items by template: each rests on characters of a document that are checked, or on words that no document has.

`placement` is the Tow Center's test (2025): an excerpt goes in; headline, source and date are to come out.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from eval.making.sources import Page, words
from eval.suite import Item
from indexing.spans import Span

FIGURE = re.compile(r"(?<![\w.,-])(?:[$€£]\s?)?\d[\d,.]*\d(?:\s?(?:%|percent|per cent|million|billion))?(?![\w-])")
GAP = "____"
EXCERPT = (14, 40)  # words
QUOTED = (6, 30)  # words
STRANGERS = (
    "Alder Fenwick Quillon Thorsby Marlo Vess Okonjo-Hale Brandmere Castellan Durrow Ellingham Farrowby Grimsdal "
    "Hallewell Isaksdottir Jorvald Kestrelle Lindhurst Mercadal Norrington"
).split()
FIRST_NAMES = (
    "Ada Bram Clio Dario Esme Falk Greta Hugo Ines Jonas Kaia Leon Mira Nils Oona Pavel Rhea Sven Tilda Ugo".split()
)
NEGATE = re.compile(
    r"\b(is|are|was|were|will|would|can|could|should|has|have|had|does|do|did)\b(?!\s+(?:not|no|none|never|nothing|nobody)\b|['’]t)"
)
NEGATED = re.compile(r"\b(is|are|was|were|will|would|can|could|should|has|have|had|does|do|did)\s+not\b")


@dataclass(frozen=True, slots=True)
class Candidate:
    """An item that is not yet checked; `absent` are words that must stand nowhere for it to be what it says."""

    item: Item
    absent: str = ""


Template = Callable[[Page, random.Random], Iterator[Candidate]]


def placement(page: Page, rng: random.Random) -> Iterator[Candidate]:
    """Excerpt in; headline, source and date out."""
    about = page.document.metadata
    fitting = [one for one in page.sentences if EXCERPT[0] <= len(words(page.text(one))) <= EXCERPT[1]]
    if not (about.title and (about.source or about.date)) or not fitting:
        return
    excerpt = page.text(rng.choice(fitting))
    wanted = "; ".join(filter(None, (about.title, about.source, about.date)))
    yield _made(
        page, "quote_placement", f"Which article holds this passage, who published it, and when? “{excerpt}”", wanted,
        excerpt, aliases=(about.title,),
    )  # fmt: skip


def who_said(page: Page, rng: random.Random) -> Iterator[Candidate]:
    """Who is quoted with these words."""
    for words_said, speaker, sentence in _quotes(page):
        yield _made(page, "who_said", f"Who said “{words_said}”?", speaker, sentence)


def what_said(page: Page, rng: random.Random) -> Iterator[Candidate]:
    """What somebody is quoted with, by the words around it."""
    for words_said, speaker, sentence in _quotes(page):
        if topic := page.topic(words_said):
            question = f"What is {speaker} quoted as saying about “{topic}”?"
            yield _made(page, "single_fact", question, words_said, sentence)


def numeric(page: Page, rng: random.Random) -> Iterator[Candidate]:
    """A figure taken out of its sentence."""
    for sentence in page.sentences:
        text = page.text(sentence)
        figures = list(FIGURE.finditer(text))
        if len(figures) == 1 and not re.fullmatch(r"(?:19|20)\d\d", figures[0][0]):
            found = figures[0]
            gap = f"{text[: found.start()]}{GAP}{text[found.end() :]}"
            yield _made(page, "numeric", f"Which figure belongs in the gap? “{gap}”", found[0], text)


def published(page: Page, rng: random.Random) -> Iterator[Candidate]:
    """When a document with this title was published; its evidence is its first sentence, which shows the document."""
    about = page.document.metadata
    if about.title and about.date and page.sentences:
        text = page.text(page.sentences[0])
        question = f"When was “{about.title}” published?"
        yield _made(page, "temporal", question, about.date, text)


def stranger(page: Page, rng: random.Random) -> Iterator[Candidate]:
    """What somebody said who is nowhere in the collection, about something that is."""
    for words_said, _speaker, _ in _quotes(page):
        if topic := page.topic(words_said):
            name = f"{rng.choice(FIRST_NAMES)} {rng.choice(STRANGERS)}"
            question = f"What did {name} say about “{topic}”?"
            yield _made(page, "unanswerable_near", question, "", "", absent=name.rsplit(maxsplit=1)[-1])


def other_year(page: Page, rng: random.Random) -> Iterator[Candidate]:
    """A figure for a year that no document speaks of."""
    for sentence in page.sentences:
        text = page.text(sentence)
        years = re.findall(r"(?<![\w/–-])(?:19|20)\d\d(?![\w/–-])", text)
        if len(years) == 1 and FIGURE.search(text.replace(years[0], "")):
            year = str(rng.randrange(2071, 2099))
            asked = text.replace(years[0], year).rstrip(".")
            question = f"Is it so, and which figures hold, that “{asked}”?"
            yield _made(page, "unanswerable_near", question, "", "", absent=year)


def misquote(page: Page, rng: random.Random) -> Iterator[Candidate]:
    """A quotation that says the opposite, or another figure; the evidence is what was said."""
    for words_said, speaker, sentence in _quotes(page):
        changed = _misquoted(words_said, rng)
        if changed:
            answer = f"No: “{words_said}”"
            yield _made(
                page, "misquote", f"Did {speaker} say “{changed}”?", answer, sentence, aliases=(words_said,),
                absent=changed,
            )  # fmt: skip


TEMPLATES: dict[str, Template] = {
    "placement": placement,
    "who_said": who_said,
    "what_said": what_said,
    "numeric": numeric,
    "published": published,
    "stranger": stranger,
    "other_year": other_year,
    "misquote": misquote,
}


def _made(
    page: Page, kind: str, question: str, answer: str, evidence: str, *, aliases: Sequence[str] = (), absent: str = ""
) -> Candidate:
    file = page.document.name
    rests = [{"file": file, "quote": evidence}] if evidence else []
    item = Item.model_validate(
        {"id": "made", "type": kind, "question": question, "answer": answer, "aliases": list(aliases),
         "evidence": rests, "cluster": file}
    )  # fmt: skip
    return Candidate(item, absent)


def _quotes(page: Page) -> Iterator[tuple[str, str, str]]:
    """`(words, speaker, sentence)` of what is quoted in one piece within one sentence, of a named speaker."""
    for one in page.quotations:
        if one.kind != "marks" or one.depth or not (one.named and one.explicit) or len(one.inner) != 1:
            continue
        span = one.inner[0]
        said = span.of(page.document.text)
        sentence = page.around(Span(span.start, max(span.start, span.end - 1)))
        if sentence is not None and QUOTED[0] <= len(words(said)) <= QUOTED[1] and "\n" not in said:
            yield said.strip().rstrip(",;"), one.speaker, page.text(sentence)


def _misquoted(said: str, rng: random.Random) -> str:
    """The words with their meaning turned: a negation put in or taken out, or another figure; empty where none fits."""
    if found := NEGATED.search(said):
        return f"{said[: found.start()]}{found[1]}{said[found.end() :]}"
    if figure := re.search(r"(?<![\w.,])\d+(?![\w.,]\d)", said):
        other = str(int(figure[0]) + rng.choice((1, 2, 10)))
        return f"{said[: figure.start()]}{other}{said[figure.end() :]}"
    if found := NEGATE.search(said):
        return f"{said[: found.end()]} not{said[found.end() :]}"
    return ""
