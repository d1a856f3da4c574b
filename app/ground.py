"""The grounding gate: what of a statement its cited sentences support, and why, in words a reader understands.

It is one-sided on purpose: a test can only lower the support, so a statement is `supported` when no test finds a fault.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from app.answers import Citation, Statement, Support
from indexing.documents import Document
from indexing.fold import Folded, fold
from indexing.spans import Span
from indexing.words import stems

SUPPORTED_SHARE = 0.75  # of a statement's content words that its cited sentences must hold to support it
PARTLY_SHARE = 0.45  # ... to support it partly
QUOTED = re.compile(r'"([^"]{2,}?)"|(?<!\w)\'\'([^\']{2,}?)\'\'|(?<!\w)\'([^\']{2,}?)\'(?!\w)')
NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?")
NAME = re.compile(r"\b[A-Z][\w'.-]*[\w]")
NEGATION = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|\w+n't|refus\w+|reject\w+|den(?:y|ies|ied)|fail\w*|"
    r"hardly|barely|ruled out)\b",
    re.IGNORECASE,
)
HEDGE = re.compile(
    r"\b(?:may|might|could|would|should|possibly|perhaps|probably|likely|allegedly|reportedly|if|unless|plans?|hopes?|"
    r"proposed?|considers?)\b",
    re.IGNORECASE,
)
SMALL_NUMBERS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
)
LARGE_NUMBERS = {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
WORD_NUMBERS = {word: value for value, word in enumerate(SMALL_NUMBERS.split())} | LARGE_NUMBERS
WORD_NUMBERS |= {"dozen": 12, "hundred": 100, "thousand": 1000}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a statement's citations hold: their sentences folded into one text, and the documents they stand in."""

    text: str
    documents: tuple[Folded, ...]
    titles: str


Lookup = Callable[[Citation], Document | None]


def ground(statement: Statement, lookup: Lookup) -> Statement:
    """The statement with its support, its reason, and quotations set in the source's own characters.

    `lookup` reads the cited document. A citation that no longer slices to its quote is dropped.
    """
    cited = [
        (citation, document)
        for citation in statement.citations
        if (document := lookup(citation)) and _exact(citation, document)
    ]
    statement = replace(statement, citations=tuple(citation for citation, _ in cited))
    if not re.search(r"\w", statement.text):
        return replace(statement, support="not_a_claim", reason="it says nothing that could be checked")
    if not cited:
        return replace(statement, support="unsupported", reason="no source is cited for it")
    quotes = [citation.quote for citation, _ in cited]
    if statement.text in ("".join(quotes), " ".join(quotes)):
        return replace(statement, support="supported", reason="word for word in the source")
    documents = {document.version: document for _, document in cited}
    evidence = Evidence(
        fold(" ".join(quotes)).text,
        tuple(fold(document.text) for document in documents.values()),
        fold(
            " ".join(
                f"{document.metadata.title} {document.metadata.source} {document.metadata.author}"
                for document in documents.values()
            )
        ).text,
    )
    text, faults = _with_exact_quotations(statement.text, evidence, tuple(documents.values()))
    support, reason = _judge(text, evidence, faults)
    return replace(statement, text=text, support=support, reason=reason)


def _exact(citation: Citation, document: Document) -> bool:
    return (
        document.version == citation.version
        and document.text[citation.span.start : citation.span.end] == citation.quote
    )


def _with_exact_quotations(text: str, evidence: Evidence, documents: Sequence[Document]) -> tuple[str, list[str]]:
    """Quotations that stand in a cited document are written with its own characters; the others lose their marks."""
    folded = fold(text)
    faults = []
    for match in reversed(list(QUOTED.finditer(folded.text))):
        words = next(group for group in match.groups() if group is not None)
        whole = folded.source(Span(*match.span()))
        core = words.strip().rstrip(".,;:")
        found = next(
            (
                (folds, span, source)
                for folds, source in zip(evidence.documents, documents, strict=True)
                for span in folds.find_all(core)
            ),
            None,
        )
        if found is None or not core:
            faults.append(f"the words “{words.strip()}” are not in the cited source")
            text = text[: whole.start] + words + text[whole.end :]
        else:
            folds, span, source = found
            tail = words.strip()[len(core) :]
            text = f"{text[: whole.start]}“{folds.source(span).of(source.text)}{tail}”{text[whole.end :]}"
    return text, faults[::-1]


def _judge(text: str, evidence: Evidence, faults: list[str]) -> tuple[Support, str]:
    plain = fold(text).text
    known = evidence.text + " " + evidence.titles
    missing = sorted(_numbers(plain) - _numbers(evidence.text))
    faults = faults + [f"the figure {number:g} is not in the cited sentences" for number in missing]
    faults += [
        f"the name {name} is not in the cited sentences"
        for name in _names(plain)
        if name.casefold() not in known.casefold()
    ]
    if faults:
        return "unsupported", "; ".join(faults)
    said, backed = _stems(plain), _stems(known)
    share = len(said & backed) / len(said) if said else 0.0
    if share < PARTLY_SHARE:
        return "unsupported", "the cited sentences speak of something else"
    doubts = []
    if bool(NEGATION.search(plain)) != bool(NEGATION.search(evidence.text)):
        doubts.append("one of answer and source denies what the other does not")
    if HEDGE.search(evidence.text) and not HEDGE.search(plain):
        doubts.append("the source is less certain than the answer")
    opening = re.match(r"\W*([A-Z][\w'-]*)", plain)
    if opening and _stems(opening[1]) - backed:
        doubts.append(f"{opening[1]} is not in the cited sentences")
    if share < SUPPORTED_SHARE:
        doubts.append(
            "some of its words are not in the cited sentences: " + ", ".join(sorted(_strange(plain, backed))[:5])
        )
    return (
        ("partly", "; ".join(doubts))
        if doubts
        else ("supported", "its words, names and figures are in the cited sentences")
    )


def _numbers(text: str) -> set[float]:
    """The values named in a text, in digits or in words."""
    values = {
        float(match[0].replace(",", "").rstrip("."))
        for match in NUMBER.finditer(text)
        if match[0].replace(",", "").rstrip(".")
    }
    return values | {
        float(WORD_NUMBERS[word])
        for word in re.findall(r"[a-z]+", text.casefold())
        if word in WORD_NUMBERS and word != "one"
    }


def _names(text: str) -> list[str]:
    """Capitalised words that are not merely the first of the sentence."""
    found = [
        match
        for match in NAME.finditer(text)
        if match.start() > 0 or (len(match[0]) > 1 and match[0][1:].lower() != match[0][1:])
    ]
    return list(dict.fromkeys(re.sub(r"'s$|\.$", "", match[0]) for match in found))


def _stems(text: str) -> set[str]:
    """Stems of content words; figures are compared by value elsewhere."""
    words = (
        word
        for word in re.findall(r"[^\W\d][\w'-]*", text.replace("%", " percent"))
        if word.casefold() not in WORD_NUMBERS
    )
    return set(stems(" ".join(words)))


def _strange(text: str, backed: set[str]) -> set[str]:
    return {word for word in re.findall(r"\w+", text) if (parts := _stems(word)) and not parts & backed}
