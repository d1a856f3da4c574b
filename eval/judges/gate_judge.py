"""The gate as the harness's judge: any system's statements, held against what they cite (or else found)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from nupunkt import sent_spans

from app.answers import Citation, Statement
from app.commands.ground_command import source_of
from app.drafting.reported import without_report
from app.judging.check import Checker
from app.judging.ground import ground
from eval.records import UNKNOWN, Cited, Judgement, Kind, Output, Place, Said, Support
from indexing.documents import Document, Metadata
from indexing.spans import Span

Pair = tuple[Citation, Document]
Find = Callable[[Cited], Document | None]  # the document that a citation names, where it is at hand
WORSE: tuple[Support, ...] = ("unchecked", "not_a_claim", "supported", "partly", "unsupported")  # from best to worst
NO_TEXT = "\n"  # stands for characters of a document that nobody showed
LONGEST = 5_000_000  # characters of a document put together from what was shown
KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("numbers", re.compile(r"\d|\b(?:two|three|four|five|six|seven|eight|nine|ten|dozen|hundred|[mb]illion)\b", re.I)),
    ("names", re.compile(r"(?<=\w[\s,;:(“\"'‘-])[A-Z]\w+|\b[A-Z]{2,}\b")),
    ("negation", re.compile(r"\b(?:not?|never|none|nobody|nothing|neither|nor|without|cannot|\w+n[’']t)\b", re.I)),
    ("quotes", re.compile(r"[“”«»\"]|(?<!\w)[‘'][^’']{2,}[’'](?!\w)")),
)
WORD = re.compile(r"[a-z0-9]+")


def judge(output: Output, find: Find) -> tuple[Judgement, ...]:
    """A judgement for each statement of an answer, in order."""
    shown = _shown(output)
    passages = [passage.text for passage in output.retrieved if passage.text.strip()]
    uncited = any(not statement.citations for statement in output.statements)
    checker = Checker([source_of(text, "passage") for text in passages]) if passages and uncited else None
    found = " ".join(passages)
    return tuple(
        _by_citations(said, shown, find) if said.citations else _by_passages(said, checker, found)
        for said in output.statements
    )


def _by_citations(said: Said, shown: Mapping[str, Document], find: Find) -> Judgement:
    cited = [_pairs(one, shown, find) for one in said.citations if one.quote.strip()]
    documents = [document for pairs in cited for _, document in pairs]
    # Where and when is no sentence of a source: it is held against what is known of the document, and then left out.
    text = without_report(said.text, documents) if said.lead else said.text
    grounded = _grounded(text, cited)
    held = grounded.support == "supported"
    several = held and len(cited) > 1
    return Judgement(
        support=grounded.support,
        reason=grounded.reason,
        score=grounded.score,
        basis="citations",
        alone=tuple(_holds(text, [pairs]) if several else held for pairs in cited),
        without=tuple(several and _holds(text, [*cited[:at], *cited[at + 1 :]]) for at in range(len(cited))),
        kinds=kinds_of(said.text),
        overlap=round(overlap(said.text, " ".join(one.quote for one in said.citations)), 6),
    )


def _by_passages(said: Said, checker: Checker | None, passages: str) -> Judgement:
    """The gate itself looks for the sentences that support what is said; all of it must be."""
    checked = checker.check(said.text) if checker else None
    parts = checked.statements if checked else (_grounded(said.text, ()),)
    worst = max((part for part in parts), key=lambda part: WORSE.index(part.support), default=_grounded("", ()))
    return Judgement(
        support=worst.support,
        reason=worst.reason,
        score=checked.score if checked else worst.score,
        basis="retrieved" if checker else "nothing",
        kinds=kinds_of(said.text),
        overlap=round(overlap(said.text, passages), 6),
    )


def kinds_of(text: str) -> tuple[Kind, ...]:
    """What of the things that go wrong most a statement holds: figures, names, a negation, words in quotation marks."""
    return tuple(kind for kind, pattern in KINDS if pattern.search(text))


def overlap(text: str, source: str) -> float:
    """The share of a text's tokens, `[a-z0-9]+` of its lower case, that stand in the source; 0 without tokens."""
    tokens = WORD.findall(text.lower())
    there = set(WORD.findall(source.lower()))
    return sum(token in there for token in tokens) / len(tokens) if tokens else 0.0


def _grounded(text: str, cited: Sequence[Sequence[Pair]]) -> Statement:
    pairs = [pair for those in cited for pair in those]
    documents = {(citation.document_id, citation.version): document for citation, document in pairs}
    statement = Statement(text, tuple(citation for citation, _ in pairs), "unchecked")
    return ground(statement, lambda citation: documents.get((citation.document_id, citation.version)))


def _holds(text: str, cited: Sequence[Sequence[Pair]]) -> bool:
    return _grounded(text, cited).support == "supported"


def _pairs(cited: Cited, shown: Mapping[str, Document], find: Find) -> list[Pair]:
    """A citation, by sentences, in the text it is read in: the document's own, what was shown of it, or the quote."""
    if (document := find(cited)) and cited.start >= 0 and document.text[cited.start : cited.end] == cited.quote:
        return list(_sentences(Citation.of(document, Span(cited.start, cited.end)), document))
    if (document := shown.get(cited.file)) and cited.start >= 0:
        start = cited.start - int(document.id)
        if document.text[start : start + len(cited.quote)] == cited.quote:
            return list(_sentences(Citation.of(document, Span(start, start + len(cited.quote))), document))
    return list(_sentences(*_alone(cited, cited.quote)))


def _alone(place: Place, text: str) -> Pair:
    """A text as a document of its own."""
    about = Metadata(getattr(place, "title", ""), getattr(place, "source", ""))
    document = Document(f"{place.file}:{place.start}", text, place.file, text, about)
    return Citation.of(document, Span(0, len(text))), document


def _sentences(citation: Citation, document: Document) -> Iterator[Pair]:
    """The gate compares sentence with sentence, so a passage that is cited whole comes in its sentences."""
    spans = [(start, end) for start, end in sent_spans(citation.quote) if citation.quote[start:end].strip()]
    if len(spans) < 2:
        yield citation, document
        return
    for start, end in spans:
        start += len(citation.quote[start:end]) - len(citation.quote[start:end].lstrip())
        end = start + len(citation.quote[start:end].rstrip())
        yield Citation.of(document, Span(start, end).shift(citation.span.start)), document


def _shown(output: Output) -> dict[str, Document]:
    """What an answer shows of each file, at its offsets less the first one, which is the document's id."""
    places: dict[str, list[Place]] = defaultdict(list)
    for place in (*output.retrieved, *output.citations):
        if place.start > UNKNOWN and place.end - place.start == len(place.words) > 0:
            places[place.file].append(place)
    documents = {}
    for file, those in places.items():
        base, end = min(place.start for place in those), max(place.end for place in those)
        if end - base > LONGEST:
            continue
        text = [NO_TEXT] * (end - base)
        for place in those:
            text[place.start - base : place.end - base] = place.words
        about = next((Metadata(one.title, one.source) for one in output.citations if one.file == file), Metadata())
        documents[file] = Document(str(base), file, file, "".join(text), about)
    return documents
