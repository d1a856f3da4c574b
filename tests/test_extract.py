"""Extractive answers: the sources' own sentences, with exactly the characters they stand in, or a refusal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from app.answers import Answer, Turn
from app.assistant import Assistant
from app.drafting.extract import LIST, extract
from app.evidence.finding import find
from app.questions.question import read_question
from app.retrieval.matching import Match
from app.retrieval.retrieve import Found, Query, Retriever
from app.settings import Settings
from indexing.collection import Collection
from indexing.embed import embedder
from indexing.ingest import index

SUITES = Path(__file__).parent.parent / "eval" / "suites"


def suite(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SUITES / name).read_text(encoding="utf-8").splitlines()]


ITEMS = suite("seeds.jsonl")
MARKED = """---
title: "**Bold** title"
source: The Daily
---

# The *bridge*

The **old** bridge at [Little Wexcombe](http://example.org/wexcombe) was closed in `May` by [two](a) [inspectors](b).
A lorry had struck one of its <b>iron</b> piers, which ![a pier](pier.png) date from 1888\\_.

- Repairs of the bridge cost *nine* thousand pounds.
"""


def ask(assistant: Assistant, item: dict[str, Any]) -> Answer:
    return assistant.ask(item["question"], [Turn(turn["role"], turn["content"]) for turn in item["history"]])


@pytest.fixture(scope="module")
def answers(seeds: Assistant) -> dict[str, Answer]:
    return {item["id"]: ask(seeds, item) for item in ITEMS}


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """A collection of one Markdown document full of markup."""
    folder = tmp_path_factory.mktemp("marked")
    (folder / "bridge.md").write_text(MARKED, encoding="utf-8")
    with Collection(tmp_path_factory.mktemp("home"), embedder("minilm"), create=True) as collection:
        index(collection, [folder])
        yield Assistant(collection, Retriever(collection, 10), None, Settings())


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item["id"])
def test_citations_slice_exactly_and_statements_are_the_visible_characters_of_their_sentence(
    seeds: Assistant, answers: dict[str, Answer], item: dict[str, Any]
) -> None:
    answer = answers[item["id"]]
    most = LIST if read_question(answer.rewritten or answer.question).lists else Settings().max_statements
    assert answer.mode == "extractive" and len(answer.statements) <= most
    assert answer.text == " ".join(statement.text for statement in answer.statements)
    for statement in answer.statements:
        assert statement.support == "supported" and statement.citations
        assert statement.span.of(answer.text) == statement.text
        by_document: dict[str, str] = {}
        for citation in statement.citations:
            by_document[citation.document_id] = by_document.get(citation.document_id, "") + citation.quote
        whole = next(iter(by_document.values()))
        assert statement.lead or statement.text == whole, "other documents that agree are cited after it"
        for citation in statement.citations:
            document = seeds.collection.document(citation.document_id, citation.version)
            assert document is not None
            assert document.text[citation.span.start : citation.span.end] == citation.quote
            assert (document.name, document.metadata.title) == (citation.file, citation.title)
            source = next(hit.passage for hit in answer.hits if hit.passage.document.id == document.id)
            assert source.document.version == citation.version


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: item["id"])
def test_ten_passages_are_shown_whether_answered_or_refused(answers: dict[str, Answer], item: dict[str, Any]) -> None:
    hits = answers[item["id"]].hits
    assert len(hits) == 10 and len({hit.passage.chunk_id for hit in hits}) == 10
    assert max(len(hit.passage.text.split()) for hit in hits) <= 250
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@pytest.mark.parametrize("suite_name", ["seeds.jsonl", "off_topic.jsonl"])
def test_off_topic_questions_are_refused(seeds: Assistant, suite_name: str) -> None:
    items = [item for item in suite(suite_name) if item["type"] == "unanswerable_off"]
    refused = [item["id"] for item in items if ask(seeds, item).status == "refused"]
    assert len(items) >= 12 and len(refused) >= 0.9 * len(items)


def test_answerable_questions_are_answered(answers: dict[str, Answer]) -> None:
    items = [item for item in ITEMS if not item["type"].startswith("unanswerable")]
    answered = [item for item in items if answers[item["id"]].status == "answered"]
    assert len(answered) >= 0.91 * len(items)  # 97 of 104 are


def test_a_disagreement_shows_both_figures_each_from_its_own_source(seeds: Assistant) -> None:
    answer = seeds.ask("What share of Ukrainians trust Zelensky, according to polls?")
    files = {}
    for statement in answer.statements:
        files.update({figure: statement.citations[0].file for figure in ("52%", "57%") if figure in statement.text})
    assert files == {"52%": "washington-echoes-moscow.md", "57%": "us-russia-reset.md"}


def test_statements_stand_document_by_document_in_the_order_of_the_source(answers: dict[str, Answer]) -> None:
    several = 0
    for answer in answers.values():
        shown = [statement for statement in answer.statements if not statement.lead]
        files = [statement.citations[0].file for statement in shown]
        assert len(list(dict.fromkeys(files))) == len(
            [one for one, before in zip(files, [None, *files], strict=False) if one != before]
        )
        for before, after in pairwise(shown):
            if before.citations[0].file == after.citations[0].file:
                several += 1
                assert before.citations[-1].span.end <= after.citations[0].span.start
    assert several > 5, "the law was hardly tried"


def test_no_sentence_is_said_twice_although_passages_overlap(answers: dict[str, Answer]) -> None:
    for answer in answers.values():
        shown = [statement for statement in answer.statements if not statement.lead]  # a lead cites what is shown below
        assert len({statement.citations for statement in shown}) == len(shown)


def test_the_number_of_statements_is_held(seeds: Assistant) -> None:
    finding = find(*seeds.look_up("What share of Ukrainians trust Zelensky?"))
    lengths = [len(list(extract(finding, most))) for most in (1, 2, 3, 4)]
    assert lengths == sorted(lengths) and lengths[0] == 1
    assert all(length <= most for most, length in enumerate(lengths, 1))


MARKUP = "*`[]()<>!#\\"


@pytest.mark.parametrize(
    ("question", "text", "quotes"),
    [
        (
            "Who closed the old bridge at Little Wexcombe?",
            "The old bridge at Little Wexcombe was closed in May by two inspectors.",
            [
                "The ",
                "old",
                " bridge at ",
                "Little Wexcombe",
                " was closed in ",
                "May",
                " by ",
                "two",
                "inspectors",
                ".",
            ],
        ),
        (
            "What did repairs of the bridge cost?",
            "Repairs of the bridge cost nine thousand pounds.",
            ["Repairs of the bridge cost ", "nine", " thousand pounds."],
        ),
    ],
)
def test_markup_inside_a_sentence_is_never_cited(
    marked: Assistant, question: str, text: str, quotes: list[str]
) -> None:
    answer = marked.ask(question)
    statement = next(one for one in answer.statements if one.text == text)
    assert [citation.quote for citation in statement.citations] == quotes
    assert statement.support == "supported"


@pytest.mark.parametrize(
    "question", ["Who closed the bridge?", "When do the piers date from?", "What did repairs cost?"]
)
def test_no_citation_holds_markup_front_matter_or_nothing_but_white_space(marked: Assistant, question: str) -> None:
    answer = marked.ask(question)
    head = MARKED.index("# The")
    quotes = [citation for statement in answer.statements for citation in statement.citations]
    assert quotes
    for citation in quotes:
        assert MARKED[citation.span.start : citation.span.end] == citation.quote
        assert citation.quote.strip() and citation.span.start > head
        assert not set(citation.quote) & set(MARKUP)
        assert "example.org" not in citation.quote and "png" not in citation.quote


def test_a_heading_is_no_answer(marked: Assistant) -> None:
    answer = marked.ask("The bridge?")
    assert all(statement.text != "The bridge" for statement in answer.statements)


def test_answerability_grows_with_the_evidence(seeds: Assistant) -> None:
    query, found = seeds.look_up("What share of Ukrainians trust Zelensky?")
    strong = find(query, found)
    assert strong.answers
    assert not find(query, Found((), ())).answers
    weaker = Found(found.hits, tuple(tuple(Match(m.similarity / 2, m.coverage) for m in row) for row in found.matches))
    assert find(query, weaker).answerability < strong.answerability
    strange = replace(found, matches=tuple(tuple(replace(m, coverage=0.0) for m in row) for row in found.matches))
    assert find(replace(query, weights={"sourdough": 1.0}), strange).answerability <= strong.answerability


def test_nothing_found_is_a_refusal() -> None:
    import numpy as np

    query = Query("Who?", "Who?", np.zeros(3, dtype=np.float32), {})
    assert list(extract(find(query, Found((), ())), 3)) == []
