"""The grounding gate: what of a statement its cited sentences support, and why, in words a reader understands.

It is one-sided on purpose: a test can only lower the support, so a statement is `supported` when no test finds a fault.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from app.answers import Citation, Statement
from app.drafting.reported import without_report
from app.grounding.alignment import Evidence
from app.grounding.judgement import Known, Opinion, judge
from app.grounding.wording import compact, plain
from app.judging.attributed import Quoted, misattributed, quoted_in
from app.judging.quotations import exact_quotations
from indexing.documents import Document

SENTENCE_END = re.compile(r"[.!?…][\"'”’»)\]]*$")
BLOCK_END = re.compile(r"[\r\n]\s*(?:[\r\n]|[-*+>#|]|\d+[.)])")

Lookup = Callable[[Citation], Document | None]


def ground(
    statement: Statement, lookup: Lookup, opinion: Opinion | None = None, quoted: Quoted = quoted_in
) -> Statement:
    """The statement with its support, its reason, its score, and quotations set in the source's own characters.

    `lookup` reads the cited document. A citation that no longer slices to its quote is dropped. `opinion` is asked,
    too, unless the statement is the source's own words; `quoted` tells who is quoted where in a document.
    """
    found = ((citation, lookup(citation)) for citation in statement.citations)
    cited = [(citation, document) for citation, document in found if document and _exact(citation, document)]
    statement = replace(statement, citations=tuple(citation for citation, _ in cited))
    if not re.search(r"\w", statement.text):
        return replace(statement, support="not_a_claim", reason="it says nothing that could be checked")
    if not cited:
        text, _ = exact_quotations(statement.text, ())
        return replace(
            statement, text=text.strip(), support="unsupported", reason="no source is cited for it", score=0.0
        )
    verbatim = replace(statement, support="supported", reason="word for word in the source", score=1.0)
    quotes = [citation.quote for citation, _ in cited]
    if statement.text in ("".join(quotes), " ".join(quotes)):
        return verbatim
    documents = tuple({document.version: document for _, document in cited}.values())
    sentences = list(_sentences(cited))
    text, faults = exact_quotations(statement.text, documents)
    text = text.strip()
    if not faults and compact(plain(text)) in map(compact, [" ".join(sentences), *sentences]):
        return replace(verbatim, text=text)
    if not statement.lead:
        faults += misattributed(text, documents, quoted)
    said = without_report(text, documents) if statement.lead else text
    judged = judge(said, Evidence(sentences), range(len(sentences)), known_of(documents), faults)
    if opinion:
        judged = opinion(text, sentences, judged)
    return replace(statement, text=text, support=judged.support, reason=judged.reason, score=judged.score)


def known_of(documents: Sequence[Document]) -> Known:
    """What the documents say about themselves."""
    about = [document.metadata for document in documents]
    titles = plain(" ".join(one.title for one in about))
    return Known(titles, plain(" ".join(f"{one.source} {one.author}" for one in about)))


def _exact(citation: Citation, document: Document) -> bool:
    inside = document.text[citation.span.start : citation.span.end]
    return document.version == citation.version and inside == citation.quote


def _sentences(cited: Sequence[tuple[Citation, Document]]) -> Iterator[str]:
    """The cited sentences, folded; one that markup cuts into pieces has a citation for each, in a row."""
    whole = ""
    for (before, _), (citation, document) in pairwise([cited[0], *cited]):
        gap = document.text[before.span.end : citation.span.start]
        goes_on = gap and before.version == citation.version and not BLOCK_END.search(gap)
        if whole and not (goes_on and not SENTENCE_END.search(whole.rstrip())):
            yield plain(whole)
            whole = ""
        apart = bool(gap) and (gap[0].isspace() or gap[-1].isspace())
        whole += (" " if whole and apart else "") + citation.quote
    yield plain(whole)
