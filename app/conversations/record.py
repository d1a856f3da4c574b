"""An exchange as it is kept, and kept ones as they were: answers come back from the object of `ask --json`.

What was said and cited comes from the record alone, whatever became of the documents. The passages are read again in
the version that they were of; where a collection has it no more, the record's own copy of their words is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from app.answers import (
    Answer,
    AsOf,
    Citation,
    Disagreement,
    Done,
    Premise,
    Ruling,
    Side,
    Statement,
    Turn,
    hit_as_json,
)
from app.conversations.values import Kept, Wrong
from app.exchange import REFUSED, Exchange, numbered
from indexing.documents import Copy, Document, Hit, Metadata, Page, Passage, Rank, Sentence
from indexing.spans import Span

Read = Mapping[str, Any]
FindDocument = Callable[[str, str], Document | None]
"""A document's version by its id and sha256; None where it is not there."""


def record_of(exchange: Exchange) -> dict[str, Any]:
    """What is kept: the answer, or what was said until it was stopped or failed, and the sentences of its passages."""
    made: dict[str, Any] = {"sentences": [list(map(_sentence_row, hit.passage.sentences)) for hit in exchange.hits]}
    if exchange.answer is not None:
        return {"answer": exchange.answer.as_json(), **made}
    partial = {
        "statements": [statement.as_json() for statement in exchange.statements],
        "retrieved": [hit_as_json(hit) for hit in exchange.hits],
        "notices": list(exchange.notices),
        "rewritten": exchange.rewritten or None,
        "filters": exchange.filters,
        "problem": exchange.problem,
    }
    return {"partial": partial, **made}


def exchange_of(kept: Kept, document: FindDocument) -> Exchange:
    """The exchange as it was seen when it ended; one that never ended counts as stopped."""
    sentences = kept.record.get("sentences", ())
    if kept.answer is not None:
        answer = answer_of(kept.answer, document, sentences)
        asked = Exchange(kept.question, rewritten=answer.rewritten, filters=answer.filters)
        return asked.after(Done(answer))
    partial: Read = kept.record.get("partial", {})
    exchange = Exchange(
        kept.question,
        hits=_hits(partial.get("retrieved", ()), sentences, document),
        statements=tuple(map(_statement, partial.get("statements", ()))),
        notices=tuple(partial.get("notices", ())),
        rewritten=partial.get("rewritten") or "",
        filters=dict(partial.get("filters", {})),
    )
    return exchange.failed(partial.get("problem", "")) if kept.stage == "failed" else exchange.stopped()


def answer_of(read: Read, document: FindDocument, sentences: Sequence[Sequence[Any]] = ()) -> Answer:
    """The answer whose `as_json` this is."""
    as_of = read["as_of"]
    return Answer(
        read["question"],
        read["status"],
        read["answer"],
        tuple(map(_statement, read["statements"])),
        _hits(read["retrieved"], sentences, document),
        read["searched"],
        read["mode"],
        tuple(read["notices"]),
        dict(read["timings_ms"]),
        dict(read["usage"]),
        rewritten=read["rewritten"] or "",
        filters=dict(read["filters"]),
        ruling=_ruling(read),
        as_of=AsOf(as_of["newest_source"], as_of["indexed"]),
    )


def turns_of(exchanges: Iterable[Kept]) -> tuple[Turn, ...]:
    """What a question that follows hears of these; nothing of those that came to no answer, or asked nothing."""
    turns: list[Turn] = []
    for one in exchanges:
        if one.answer is not None and one.answer["status"] != "aside":
            said = REFUSED if one.answer["status"] == "refused" else one.answer["answer"]
            turns += [Turn("user", one.question), Turn("assistant", said)]
    return tuple(turns)


def cited(read: Read) -> dict[Wrong, Citation]:
    """Every citation of an answer at each statement that it stands at, by the numbers that a reader sees."""
    statements = tuple(map(_statement, read["statements"])) if read["status"] == "answered" else ()
    numbers = numbered(statements)
    return {
        Wrong(at, numbers[citation]): citation
        for at, statement in enumerate(statements, 1)
        for citation in statement.citations
    }


def _ruling(read: Read) -> Ruling:
    premise = read["premise"]
    return Ruling(
        read["answerability"],
        read["reason"],
        tuple(map(_citation, read["nearest"])),
        Premise(premise["text"], premise["verdict"], _citation(premise["citation"]) if premise["citation"] else None)
        if premise
        else None,
        tuple(
            Disagreement(one["about"], tuple(Side(side["value"], _citation(side["citation"])) for side in one["sides"]))
            for one in read["disagreements"]
        ),
    )


def _statement(read: Read) -> Statement:
    return Statement(
        read["text"],
        tuple(map(_citation, read["citations"])),
        read["support"],
        Span(read["start"], read["end"]),
        read["reason"],
        tuple(Span(one["start"], one["end"]) for one in read["highlight"]),
        read["score"],
    )


def _citation(read: Read) -> Citation:
    later = read["superseded_by"]
    return Citation(
        read["document"],
        read["version"],
        Span(read["start"], read["end"]),
        read["quote"],
        read["file"],
        read["title"],
        read["source"],
        read["date"],
        read["page"],
        tuple(map(_copy, read["copies"])),
        _copy(later) if later else None,
    )


def _copy(read: Read) -> Copy:
    return Copy(
        read["document"],
        read["version"],
        read["file"],
        read["title"],
        read["source"],
        read["date"],
        Span(read["start"], read["end"]),
    )


def _hits(found: Sequence[Read], sentences: Sequence[Sequence[Any]], document: FindDocument) -> tuple[Hit, ...]:
    rows = [*sentences, *[()] * (len(found) - len(sentences))]
    return tuple(_hit(read, row, document) for read, row in zip(found, rows, strict=True))


def _hit(read: Read, rows: Sequence[Any], find: FindDocument) -> Hit:
    span = Span(read["start"], read["end"])
    inside = tuple(map(_sentence, rows))
    document = find(read["document"], read["version"])
    if document is None or span.end > len(document.text):
        # All that is left of the document is the passage: it is shown as a text of its own.
        about = Metadata(title=read["title"], source=read["source"], date=read["date"])
        inside = tuple(_moved(one, -span.start) for one in inside)
        span = Span(0, len(read["text"]))
        pages = (Page(read["page"], span),) if read["page"] else ()
        document = Document(read["document"], read["version"], read["file"], read["text"], about, pages)
    passage = Passage(0, document, span, 0, inside)
    how = tuple(Rank(one["ranking"], one["place"], one["score"]) for one in read["how"])
    return Hit(passage, read["score"], how, tuple(map(_copy, read["copies"])))


def _sentence_row(one: Sentence) -> list[Any]:
    pieces = [[piece.start, piece.end] for piece in one.pieces]
    return [one.span.start, one.span.end, one.kind, one.paragraph, None if one.pieces == (one.span,) else pieces]


def _sentence(row: Sequence[Any]) -> Sentence:
    start, end, kind, paragraph, pieces = row
    whole = Span(start, end)
    return Sentence(whole, tuple(Span(*pair) for pair in pieces) if pieces is not None else (whole,), kind, paragraph)


def _moved(one: Sentence, by: int) -> Sentence:
    return Sentence(one.span.shift(by), tuple(piece.shift(by) for piece in one.pieces), one.kind, one.paragraph)
