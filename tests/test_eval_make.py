"""Suites made from a collection: every answer is a verified span, nothing unanswerable is answerable by its words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.assistant import Assistant, build
from app.language_models.llm import language_model
from app.settings import Settings
from eval.__main__ import main
from eval.locate import locate
from eval.making import Made, make_suite
from eval.making.make import write_suite
from eval.making.templates import TEMPLATES
from eval.suite import SuiteError, load_suite
from indexing.collection import Collection
from indexing.embed import embedder
from indexing.errors import UsageError
from indexing.ingest import index
from tests.openai_server import OpenAIServer, Request, Says


@pytest.fixture(scope="module", name="seeds")
def collection_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """The assistant over the harness's own collection, which has quotations of every kind."""
    home = tmp_path_factory.mktemp("home")
    with Collection(home, embedder("minilm"), create=True) as collection:
        index(collection, [Path("eval/collection")])
    assistant = build(Settings(home=home))
    with assistant.collection:
        yield assistant


@pytest.fixture(scope="module")
def made(seeds: Assistant) -> Made:
    return make_suite(seeds, 4, seed=3)


def test_all_kinds_are_made_and_each_item_can_be_run(made: Made, seeds: Assistant, tmp_path: Path) -> None:
    out = tmp_path / "made.jsonl"
    write_suite(made, out, tmp_path / "review.jsonl")
    suite = load_suite(out)
    assert {item.id.rpartition("-")[0] for item in suite.items} == set(TEMPLATES)
    located = locate(suite.items, seeds.collection.catalogue.find_document)
    assert all(all(one.places) for one in located if one.item.evidence)


def test_answers_stand_in_their_evidence_or_with_their_document(made: Made, seeds: Assistant) -> None:
    for item in made.items:
        if item.type in ("who_said", "single_fact", "numeric"):
            document = seeds.collection.catalogue.find_document(item.evidence[0].file)
            assert document is not None
            near = item.answer if item.type != "who_said" else item.answer.split()[-1]
            assert near in (item.evidence[0].quote if item.type != "who_said" else document.text)
        if item.type == "numeric":
            assert item.answer not in item.question
        if item.type == "quote_placement":
            document = seeds.collection.catalogue.find_document(item.evidence[0].file)
            assert document is not None and document.metadata.title in item.answer


def test_what_must_be_refused_rests_on_words_that_no_document_has(made: Made, seeds: Assistant) -> None:
    texts = [seeds.collection.catalogue.document(one.id) for one in seeds.collection.catalogue.entries()]
    unanswerable = [item for item in made.items if item.type == "unanswerable_near"]
    assert unanswerable
    for item in unanswerable:
        assert not item.evidence and not item.answer
        strange = [
            word
            for word in item.question.replace("?", " ").split()
            if word[:1].isupper() or word.strip("”,.").isdigit()
        ]
        assert any(all(one is not None and word.strip("”,.") not in one.text for one in texts) for word in strange)


def test_a_misquote_is_no_quote(made: Made, seeds: Assistant) -> None:
    texts = [seeds.collection.catalogue.document(one.id) for one in seeds.collection.catalogue.entries()]
    for item in made.items:
        if item.type == "misquote":
            changed = item.question.split("“", 1)[1].rsplit("”", 1)[0]
            assert all(one is not None and changed not in one.text for one in texts)
            assert item.aliases[0] in item.evidence[0].quote


def test_the_same_seed_makes_the_same_suite(made: Made, seeds: Assistant) -> None:
    assert make_suite(seeds, 4, seed=3) == made
    assert make_suite(seeds, 4, seed=4) != made


def test_doubtful_items_wait_for_a_person(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    story = (
        "The mayor of Torvik opened the bridge over the river on Monday morning. "
        "“The bridge will be free for everybody,” said Mayor Ann Lee at the opening.\n"
    )
    for name in ("one", "two"):
        other = "It rained.\n" * (name == "two")
        text = f"---\ntitle: The {name} story\ndate: 2024-05-0{len(name)}\n---\n\n{story}{other}"
        (docs / f"{name}.md").write_text(text, encoding="utf-8")
    out, review = tmp_path / "suite.jsonl", tmp_path / "queue.jsonl"
    ran = main(["make", str(out), "--documents", str(docs), "--count", "2", "--review", str(review)])
    assert ran == 0
    queue = [json.loads(line) for line in review.read_text(encoding="utf-8").splitlines()]
    assert {one["doubt"] for one in queue if one["type"] == "who_said"} <= {
        "its evidence stands in several documents, so that its answer may not be the only one",
        "asked already",
    }
    assert all(one["keep"] is None for one in queue)


def test_an_unknown_kind_is_refused(seeds: Assistant) -> None:
    with pytest.raises(UsageError, match="the kinds are"):
        make_suite(seeds, 1, ["riddles"])
    with pytest.raises(UsageError, match="needs a language model"):
        make_suite(seeds, 1, ["model"])


@pytest.mark.parametrize(
    "said",
    [
        "Question: Who likes bananas most of all?\nAnswer: the moon",  # stands nowhere
        "I would rather not.",
        "Question: What is it\nAnswer: the",
        "",
    ],
)
def test_what_a_model_makes_up_is_not_kept(seeds: Assistant, said: str) -> None:
    with OpenAIServer(Says(said)) as server:
        settings = Settings(home=seeds.collection.home, llm="m", llm_url=server.url, llm_retries=0)
        with pytest.raises(SuiteError, match="no item could be made"):
            make_suite(seeds, 2, ["model"], model=language_model(settings))


def test_a_model_s_question_is_kept_when_its_answer_stands_in_the_sentence(seeds: Assistant) -> None:
    def asks(request: Request) -> Says:
        sentence = request.prompt.split("<sentence", 1)[1].split("\n")[1]
        first, last = sentence.split()[0], sentence.split()[-1].strip(".”’")
        return Says(
            f"Question: After {' '.join(sentence.split()[1:-1])}, what stands at the end?\nAnswer: {last or first}"
        )

    with OpenAIServer(asks) as server:
        settings = Settings(home=seeds.collection.home, llm="m", llm_url=server.url, llm_retries=0)
        made = make_suite(seeds, 2, ["model"], model=language_model(settings))
    assert [item.type for item in made.items] == ["single_fact", "single_fact"]
    for item in made.items:
        assert item.answer in item.evidence[0].quote
