"""The reader in the answer chain: what its word changes, and what happens without its file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.assistant import Assistant
from app.evidence.candidates import weigh
from app.evidence.finding import find
from app.evidence.reader_model import Stance, Told, opened
from app.evidence.understanding import FIRST, LOOKED_AT, Reading, Seams, likely_with, odds, understood
from app.retrieval.retrieve import Retriever
from app.settings import Settings
from indexing.collection import Collection
from indexing.embed import embedder
from indexing.errors import ModelError
from indexing.ingest import index

STORY = """---
title: The lighthouse of Farrow
---

The lighthouse at Farrow was sold on Monday. It went to a hotel owner, Mina Castell, for 210,000 crowns.
The town had owned it since 1911. Its lamp went dark twelve years ago. The harbour master called it a sad day.
"""
SEAMS = Seams(rank=1.0, before=1.0, best=0.5, bias=0.0)
CHANCES = st.floats(0, 1)


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    folder = tmp_path_factory.mktemp("farrow")
    (folder / "farrow.md").write_text(STORY, encoding="utf-8")
    with Collection(tmp_path_factory.mktemp("home"), embedder("minilm"), create=True) as collection:
        index(collection, [folder])
        yield Assistant(collection, Retriever(collection, 10), None, Settings())


def saying(values: Sequence[float]) -> Reading:
    """A reader that says these of the sentences that it is given."""
    return Reading(
        lambda question, sentences, contexts: [Told(value) for value in values[: len(sentences)]],
        SEAMS,
        lambda claim, evidence: Stance(1.0, 0.0, 0.0),
    )


@settings(max_examples=30)
@given(values=st.lists(CHANCES, min_size=LOOKED_AT, max_size=LOOKED_AT), rank=st.floats(0, 3))
def test_what_was_read_orders_the_same_sentences_anew(assistant: Assistant, values: list[float], rank: float) -> None:
    before = weigh(*assistant.look_up("Who bought the lighthouse at Farrow?"))
    found = understood(before, replace(saying(values), seams=replace(SEAMS, rank=rank)))
    after = found.evidence.ranked
    assert {one.place for one in after} == {one.place for one in before.ranked} and len(after) == len(before.ranked)
    assert [one.score for one in after] == sorted((one.score for one in after), reverse=True)
    assert sorted(found.read) == sorted(values[: len(after)])
    if rank == 0:
        assert [one.place for one in after] == [one.place for one in before.ranked]


def test_the_sentence_that_the_reader_is_sure_of_comes_first(assistant: Assistant) -> None:
    before = weigh(*assistant.look_up("Who bought the lighthouse at Farrow?"))
    for place in range(len(before.ranked)):
        values = [0.999 if number == place else 0.001 for number in range(len(before.ranked))]
        found = understood(before, replace(saying(values), seams=replace(SEAMS, rank=3.0)))
        assert found.evidence.ranked[0].place == before.ranked[place].place and found.read[0] == 0.999


@settings(max_examples=20)
@given(values=st.lists(CHANCES, min_size=LOOKED_AT, max_size=LOOKED_AT))
def test_what_denies_stays_among_the_first_whatever_the_reader_says(assistant: Assistant, values: list[float]) -> None:
    before = weigh(*assistant.look_up("Why was the lighthouse at Farrow sold?"))
    second = replace(before.ranked[1], text="The lighthouse at Farrow was never sold.")
    given = replace(before, ranked=(before.ranked[0], second, *before.ranked[2:]))
    assert second.features.around >= 0.4 and second.features.names_around >= 0.6
    after = understood(given, replace(saying(values), seams=replace(SEAMS, rank=3.0))).evidence.ranked
    assert second.place in [one.place for one in after[:FIRST]]
    assert [one.score for one in after] == sorted((one.score for one in after), reverse=True)


@given(CHANCES, st.lists(CHANCES, min_size=1, max_size=5), CHANCES)
def test_an_answer_is_likelier_the_surer_the_reader(before: float, read: list[float], more: float) -> None:
    value = likely_with(before, read, SEAMS)
    assert 0 <= value <= 1
    assert likely_with(before, [*read, more], SEAMS) >= value
    assert likely_with(before, [], SEAMS) == before
    assert likely_with(0.0, read, SEAMS) == 0.0  # what the documents deny is no answer whatever was read


@given(CHANCES, CHANCES)
def test_logits_keep_the_order_of_probabilities(one: float, other: float) -> None:
    assert odds(min(one, other)) <= odds(max(one, other))


def test_a_reader_that_sees_no_answer_makes_a_refusal_of_what_was_answered(assistant: Assistant) -> None:
    query, found = assistant.look_up("When was the lighthouse at Farrow sold?")
    assert find(query, found).answers
    doubting = replace(saying([0.0] * LOOKED_AT), seams=replace(SEAMS, best=3.0))
    assert not find(query, found, reading=doubting).answers


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "there is no reader"),
        ({"reader.json": "{"}, "there is no reader"),
        ({"reader.json": '{"sha256": "0"}'}, "cannot be read"),
        ({"reader.json": '{"sha256": "0"}', "reader.onnx": "x"}, "was altered"),
        ({"reader.json": json.dumps({"sha256": hashlib.sha256(b"x").hexdigest(), "temperatures": {}}),
          "reader.onnx": "x"}, "cannot be used"),
    ],
)  # fmt: skip
def test_a_missing_or_altered_file_is_refused_with_what_to_do(
    tmp_path: Path, files: dict[str, str], words: str
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(ModelError, match=words) as error:
        opened(tmp_path)
    assert "python -m eval train reader" in str(error.value)
