"""The lead of an answer to "who said", where the words have words of somebody else within."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.assistant import Assistant
from app.drafting.lead import WORDS, begun
from app.retrieval.retrieve import Retriever
from app.settings import Settings
from indexing.collection import Collection
from indexing.embed import embedder
from indexing.ingest import index
from indexing.spans import Span

TALKS = """---
title: Ferry talks
source: Sound Gazette
date: 2024-03-02
---

“My father told us, ‘Never lend a boat to a stranger. He will sink it,’ and so I kept the harbour launch under lock for
thirty years,” said Ann Lee, a deckhand.

“When we asked the owner about the pumps he said only, ‘They are old, they are slow, they are loud and I shall buy no
others, because nobody pays me for the water that stays outside,’ and he left the room,” said Bob Ray, the cook.

“‘Go home’ is what the pilots heard at every gate of the port that evening,” said Nils Krag, a pilot.

Ida Moe said: “The steward shouted, ‘Leave the nets. Save the dog,’ and we saved the dog.”
"""
REPORTED = "as Sound Gazette reported on 2 March 2024"


@pytest.fixture(scope="module")
def talks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("talks")
    (folder / "talks.md").write_text(
        TALKS.replace("for\nthirty", "for thirty").replace("no\nothers", "no others"), "utf-8"
    )
    with Collection(tmp_path_factory.mktemp("home"), embedder("minilm"), create=True) as collection:
        index(collection, [folder])
        yield Assistant(collection, Retriever(collection, 10), None, Settings())


@pytest.mark.parametrize(
    ("question", "lead"),
    [
        (
            "Who said that the harbour launch was kept under lock?",
            (
                "“My father told us, ‘Never lend a boat to a stranger. He will sink it,’ and so I kept the harbour "
                f"launch under lock for thirty years”, said Ann Lee, {REPORTED}."
            ),
        ),
        (
            "Who said that the owner would buy no other pumps?",
            f"“When we asked the owner about the pumps he said only” is part of what was said by Bob Ray, {REPORTED}.",
        ),
        (
            "Who said what the pilots heard at every gate?",
            f"“‘Go home’ is what the pilots heard at every gate of the port that evening”, said Nils Krag, {REPORTED}.",
        ),
        (
            "Who said that the steward shouted to leave the nets?",
            f"Ida Moe, {REPORTED}, said “The steward shouted, ‘Leave the nets. Save the dog,’ and we saved the dog”.",
        ),
    ],
)
def test_what_is_quoted_within_is_whole_or_left_out(talks: Assistant, question: str, lead: str) -> None:
    first = talks.ask(question).statements[0]
    assert first.lead and first.support == "supported" and first.text == lead
    said = first.text[first.text.index("“") + 1 : first.text.index("”")]
    assert said in " ".join(one.quote for one in first.citations)


@settings(deadline=None)
@given(st.integers(1, 70), st.integers(0, 60), st.integers(1, 60))
def test_a_part_never_ends_within_what_another_is_quoted_with(words: int, first: int, length: int) -> None:
    said = " ".join(["ferry,", "sails,", "tonight"][at % 3] for at in range(words))
    starts = [0, *(at + 1 for at, character in enumerate(said) if character == " ")]
    nested = Span(starts[min(first, words - 1)], (*starts, len(said) + 1)[min(first + length, words)] - 1)
    kept, whole = begun(said, [nested])
    assert said.startswith(kept) and whole == (words <= WORDS)
    if not whole and kept:
        assert not nested.start < len(kept) < nested.end - 1
