"""An assistant without index or model: three documents, answers by rote. For tests of the page and the server."""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast
from unittest.mock import patch

from app.answers import Answer, Citation, Done, Event, Notice, Said, Sources, Statement, Turn, Usage
from app.assistant import Assistant
from app.questions.limits import EVERYTHING, Limits
from app.settings import Settings
from indexing.documents import Document, Hit, Metadata, Passage, Rank, Sentence
from indexing.errors import OnrecordError
from indexing.schema import Entry, Facts, Problem, Standing
from indexing.spans import Span

VOTE = """---
title: The vote at the United Nations
source: Onrecord brief
date: 2025-02-24
---

# The vote at the United Nations

The United States voted against a resolution that Ukraine had brought. Ninety-three countries voted for it.

## What followed

A second text, drafted in Washington, did not name the aggressor. The Kremlin called it “much more balanced”.\r
Café prices rose by 4 % in the same week \U0001f600, which has nothing to do with it.
"""
SECOND_QUOTE = "The Kremlin called it “much more balanced”.\r\nCafé prices rose by 4 % in the same week \U0001f600"
HOSTILE = (
    "Someone wrote <script>document.title='owned'</script> and <img src=x onerror=\"document.title='owned'\"> here. "
    "Templates say ${document.title='owned'} or `{{constructor}}` sometimes. \u202eReversed\u202c and \x1b[31mred."
)


SLOWLY = 0.4  # seconds before each statement, where the question asks for it: time enough to see them stream
LINGERING = 12.0  # the same before each further one: time enough to look at an answer that is being written


def document(name: str, text: str, **about: str) -> Document:
    version = hashlib.sha256(text.encode()).hexdigest()
    return Document(hashlib.sha256(name.encode()).hexdigest()[:16], version, name, text, Metadata(**about))


DOCUMENTS = (
    document("vote.md", VOTE, title="The vote at the United Nations", source="Onrecord brief", date="2025-02-24"),
    document("hostile.txt", HOSTILE, title="<b>Hostile</b> ${title}", source="<i>x</i>", author="A & B"),
)


class FakeCatalogue:
    """One version of each document, nothing to be said about how it was read, no copies."""

    def document(self, document_id: str, version: str = "") -> Document | None:
        return next((each for each in DOCUMENTS if each.id == document_id and version in ("", each.version)), None)

    def standing(self, document_id: str, version: str) -> Standing:
        return "current"

    def facts(self, document_id: str, version: str) -> Facts:
        return Facts()

    def versions(self, document_id: str) -> list[tuple[str, str]]:
        return []

    def entries(self) -> list[Entry]:
        return []

    def problems(self) -> list[Problem]:
        return []

    def sentences(self, document_id: str) -> tuple[Sentence, ...]:
        return ()

    def query(self, statement: str, values: Sequence[object] = ()) -> list[tuple[object, ...]]:
        return []


class FakeEmbedder:
    name = "none"


class FakeCollection:
    catalogue = FakeCatalogue()
    embedder = FakeEmbedder()

    def document(self, document_id: str, version: str) -> Document | None:
        return self.catalogue.document(document_id, version)

    def count(self) -> int:
        return len(DOCUMENTS)


class FakeAssistant:
    """Words of the question choose what happens: `refuse`, `fail`, `crash`, `hostile`, `notice`, `tokens`, `slowly`."""

    def __init__(self, pause: float = 0.0) -> None:
        self.collection = FakeCollection()
        self.pause = pause
        self.histories: list[tuple[Turn, ...]] = []

    def walk(self, question: str, history: Sequence[Turn] = (), limits: Limits = EVERYTHING) -> Iterator[Event]:
        self.histories.append(tuple(history))
        if "fail" in question:
            raise OnrecordError("the index is missing; run `onrecord index FOLDER` <b>first</b>")
        if "crash" in question:
            raise RuntimeError("a defect")
        hits = _hits()
        yield Sources(hits)
        said: tuple[Statement, ...] = ()
        notices = (
            ("The model's endpoint failed; this answer comes from the documents alone.",)
            if "notice" in question
            else ()
        )
        for notice in notices:
            yield Notice(notice)
        slow = SLOWLY if "slowly" in question else self.pause
        if "refuse" not in question:
            for statement in _hostile() if "hostile" in question else _statements():
                time.sleep(LINGERING if said and "linger" in question else slow)
                said = (*said, statement)
                yield Said(statement)
        text = " ".join(statement.text for statement in said)
        status = "answered" if said else "refused"
        usage: Usage = {"prompt_tokens": 1_234, "answer_tokens": 56, "cost_usd": 0.0042} if "tokens" in question else {}
        yield Done(
            Answer(question, status, text, said, hits, len(DOCUMENTS), "extractive", notices, usage=usage)  # type: ignore[arg-type]
        )


def cite(source: Document, words: str) -> Citation:
    start = source.text.index(words)
    return Citation.of(source, Span(start, start + len(words)))


def _statements() -> tuple[Statement, ...]:
    first = cite(DOCUMENTS[0], "The United States voted against a resolution that Ukraine had brought.")
    second = cite(DOCUMENTS[0], SECOND_QUOTE)
    return (
        Statement(first.quote, (first,), "supported"),
        Statement(
            "The Kremlin praised the second text, and cafés grew dearer.",
            (second, first),
            "partly",
            reason="“dearer” is our word",
        ),
        Statement("Everyone was satisfied.", (), "unsupported", reason="no passage says so"),
        Statement("It rained that day.", (), "unchecked"),
        Statement("I hope this helps.", (), "not_a_claim"),
    )


def _hostile() -> tuple[Statement, ...]:
    words = cite(DOCUMENTS[1], HOSTILE)
    return (Statement(HOSTILE, (words,), "supported", reason="<b>bold</b> ${document.title='owned'}"),)


def _hits() -> tuple[Hit, ...]:
    how = (Rank("meaning", 1, 0.8), Rank("words", 3, 7.5))
    return tuple(Hit(_passage(each), 0.03, how) for each in DOCUMENTS)


def _passage(source: Document) -> Passage:
    start = source.text.index("The United States") if source is DOCUMENTS[0] else 0
    pieces, position = [], start
    for line_number, line in enumerate(source.text[start:].splitlines(keepends=True)):
        for part in line.split(". "):
            words = part.strip()
            if words:
                at = source.text.index(words, position)
                span = Span(at, at + len(words))
                pieces.append(Sentence(span, (span,), "heading" if words.startswith("#") else "text", line_number))
                position = span.end
    return Passage(chunk_id=1, document=source, span=Span(start, len(source.text)), first=0, sentences=tuple(pieces))


def main() -> None:
    """Serve the page over this assistant: `python -m tests.fake_assistant PORT [PAUSE]`."""
    from app.web.server import build_app, serve

    folder = tempfile.TemporaryDirectory()  # for the conversations
    settings = Settings(port=int(sys.argv[1]), home=Path(folder.name))
    assistant = FakeAssistant(float(sys.argv[2]) if len(sys.argv) > 2 else 0.0)
    examples = ("How did the United States vote?", "What did the Kremlin say?")
    with patch("app.ui.ask.example_questions", return_value=examples):
        serve(build_app(cast(Assistant, assistant), settings), settings, open_browser=False)


if __name__ == "__main__":
    main()
