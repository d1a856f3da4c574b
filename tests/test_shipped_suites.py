"""The suites that are shipped hold what they promise: exact evidence, honest gaps, parts that share nothing."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest

from eval.locate import locate
from eval.suite import FOLDER, Suite, SuiteError, load_suite
from indexing.documents import Document
from indexing.extraction import Extraction, ReadOptions
from indexing.readers import read

SEEDS = Path(__file__).parent.parent / "seeds"
COLLECTION = FOLDER.parent / "collection"
SUITES = {"seeds": SEEDS, "collection": COLLECTION}
ASKED = {
    "single_fact",
    "who_said",
    "numeric",
    "temporal",
    "comparison",
    "list",
    "why_how",
    "follow_up",
    "disagreement",
    "false_premise",
    "unanswerable_near",
    "unanswerable_off",
}


@cache
def documents(folder: Path) -> Mapping[str, Document]:
    """The documents of a folder as the index reads them, by name."""
    found = {}
    for path in sorted(folder.iterdir()):
        (one,) = read(path, ReadOptions())
        assert isinstance(one, Extraction)
        found[path.name] = Document(path.name, "v", path.name, one.text, one.metadata)
    return found


@pytest.fixture(params=SUITES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def suite(name: str) -> Suite:
    return load_suite(FOLDER / f"{name}.jsonl")


def test_every_quote_is_in_its_document_word_for_word(name: str, suite: Suite) -> None:
    for located in locate(suite.items, documents(SUITES[name]).get):
        assert all(located.places)


def test_a_quote_with_one_letter_changed_is_not_found(name: str, suite: Suite) -> None:
    chance = random.Random(6)
    find = documents(SUITES[name]).get
    for item in chance.sample([item for item in suite.items if item.evidence], 20):
        quote = item.evidence[0].quote
        place = chance.randrange(len(quote))
        wrong = item.evidence[0].model_copy(update={"quote": f"{quote[:place]}¶{quote[place + 1 :]}"})
        with pytest.raises(SuiteError, match=item.id):
            locate([item.model_copy(update={"evidence": (wrong,)})], find)


def test_an_item_has_evidence_and_an_answer_or_neither(suite: Suite) -> None:
    for item in suite.items:
        refused = item.type.startswith("unanswerable")
        assert bool(item.evidence) is bool(item.answer) is not refused, item.id
        assert not (refused and item.aliases), item.id


def test_no_question_is_asked_twice_and_every_follow_up_follows_something(suite: Suite) -> None:
    asked = Counter((item.question, item.history) for item in suite.items)
    assert max(asked.values()) == 1
    for item in suite.items:
        assert [turn.role for turn in item.history] == ["user", "assistant"] * (len(item.history) // 2), item.id
        assert bool(item.history) is (item.type == "follow_up"), item.id


def test_all_types_are_asked_for_in_every_part(suite: Suite) -> None:
    for split in {item.split for item in suite.items}:
        assert {item.type for item in suite.part(split)} == ASKED


def test_the_parts_of_the_collection_share_neither_cluster_nor_document() -> None:
    items = load_suite(FOLDER / "collection.jsonl").items
    parts: dict[str, set[str]] = {}
    for item in items:
        for owned in (item.group, *(evidence.file for evidence in item.evidence)):
            parts.setdefault(owned, set()).add(item.split)
    assert all(len(splits) == 1 for splits in parts.values())


def test_the_collection_is_indexed_from_beside_its_suite() -> None:
    assert load_suite(FOLDER / "collection.jsonl").documents() == (COLLECTION.resolve(),)


def test_every_document_of_the_collection_is_asked_about() -> None:
    asked = {evidence.file for item in load_suite(FOLDER / "collection.jsonl").items for evidence in item.evidence}
    assert asked == set(documents(COLLECTION))


def test_two_documents_with_one_quote_are_copies_and_nothing_else() -> None:
    """An item whose evidence stands elsewhere too would be marked wrong for citing the other place."""
    texts = documents(COLLECTION)
    copies = {"wire-bridge-closure.md", "tessel-evening-bridge.md"}
    for item in load_suite(FOLDER / "collection.jsonl").items:
        for evidence in item.evidence:
            holders = {file for file, document in texts.items() if evidence.quote in document.text}
            assert holders == {evidence.file} or holders <= copies, item.id


def test_each_suite_holds_as_many_items_of_the_hard_kinds_as_it_says() -> None:
    seeds, collection = (Counter(item.type for item in load_suite(FOLDER / f"{name}.jsonl").items) for name in SUITES)
    assert seeds.total() >= 130 and collection.total() >= 260
    assert seeds["unanswerable_near"] >= 15 and seeds["false_premise"] >= 8
    assert collection["unanswerable_near"] >= 110 and collection["false_premise"] >= 45
    assert collection["unanswerable_off"] == 20


def test_the_collection_is_of_dated_and_signed_documents() -> None:
    """Three plain text files have no place for a date and an author; all others say both."""
    said = {name: document.metadata for name, document in documents(COLLECTION).items() if not name.endswith(".txt")}
    assert len(documents(COLLECTION)) >= 24 and len(documents(COLLECTION)) - len(said) == 3
    for name, metadata in said.items():
        assert metadata.title and metadata.author, name
        assert "2023-01-01" <= metadata.date <= "2025-12-31", name
