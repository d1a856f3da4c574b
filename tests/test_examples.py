"""Example questions: made from the collection at hand, and each of them answered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.assistant import Assistant
from app.examples import example_questions
from app.retrieval.retrieve import Retriever
from app.settings import Settings
from indexing.collection import Collection
from indexing.embed import embedder
from indexing.ingest import index


@contextmanager
def over(folder: Path, texts: dict[str, str]) -> Iterator[Assistant]:
    (folder / "docs").mkdir()
    for name, text in texts.items():
        (folder / "docs" / name).write_text(text, encoding="utf-8")
    with Collection(folder / "home", embedder("minilm"), create=True) as collection:
        if texts:
            index(collection, [folder / "docs"])
        yield Assistant(collection, Retriever(collection, 10), None, Settings())


def test_the_starter_collection_has_four_examples_and_each_is_answered(seeds: Assistant) -> None:
    questions = example_questions(seeds)
    assert len(questions) == len(set(questions)) == 4
    for question in questions:
        answer = seeds.ask(question)
        assert answer.status == "answered" and answer.statements[0].citations


def test_a_line_that_says_when_or_by_whom_is_neither_a_title_nor_an_example(tmp_path: Path) -> None:
    said = "The bridge over the Wend closes for repairs in May, and the ferry takes its place until the autumn comes. "
    opening = "Council of Wend: on the bridge\n\n24 October 2023\n\n"
    with over(tmp_path, {"a.txt": opening + said * 2, "b.txt": "By Ada Rowe, The Wend Review\n\n" + said}) as assistant:
        titles = {one.name: one.metadata.title for one in assistant.collection.catalogue.entries()}
        assert titles == {"a.txt": "Council of Wend: on the bridge", "b.txt": "By Ada Rowe, The Wend Review"}
        assert not any("2023" in one or "Ada Rowe" in one for one in example_questions(assistant))


def test_they_are_the_same_every_time(seeds: Assistant) -> None:
    assert example_questions(seeds) == example_questions(seeds)


@pytest.mark.parametrize("most", [0, 1, 2, 8])
def test_there_are_at_most_as_many_as_wanted(seeds: Assistant, most: int) -> None:
    questions = example_questions(seeds, most)
    assert len(questions) <= most and questions == example_questions(seeds, 12)[:most]


def test_another_collection_has_examples_of_its_own(tmp_path: Path) -> None:
    texts = {
        "bridge.md": "# The bridge at Wexcombe\n\nHarriet Vane said the bridge was closed in May after a lorry "
        "had struck one of its piers. Harriet Vane said that repairs would cost nine thousand pounds.\n",
    }
    with over(tmp_path, texts) as assistant:
        questions = example_questions(assistant)
        assert "What did Harriet Vane say?" in questions
        assert all(assistant.ask(question).status == "answered" for question in questions)


def test_a_collection_without_speakers_and_headings_or_without_documents_has_none(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with over(tmp_path / "a", {"list.txt": "one two three\nfour five six\n"}) as assistant:
        assert example_questions(assistant) == ()
    with over(tmp_path / "b", {}) as assistant:
        assert example_questions(assistant) == ()
