"""A real, small language model that invents freely: what it makes up never reaches a reader as supported."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest

from app.answers import Answer, Citation, Done, Statement
from app.assistant import Assistant
from app.commands.terminal import LABELS, answer_for_terminal
from app.drafting.generate import GenerativeAnswerer
from app.drafting.references import read_claims
from app.exchange import Exchange
from app.judging.ground import ground
from app.language_models.llm import AnswerCutError, LanguageModel, language_model
from app.retrieval.retrieve import Retriever
from app.settings import Settings
from indexing.documents import Document, Sentence
from tests.small_llm import small_llm  # noqa: F401 - a fixture

pytestmark = [pytest.mark.llm, pytest.mark.timeout(600)]  # seconds: half a minute where nothing else runs

QUESTIONS = ["What share of Ukrainians trust Zelensky?", "Which territories does Putin demand?"]
# Passages that it is to retell, by a word that only their sentence has; each is what its sentences then cite.
RETOLD = ["57%", "Starlink", "Brink, who", "350 billion"]
# Words that carry no claim of their own; the check below is deliberately plain and shares no code with the gate.
EMPTY = set(
    """a an the and or but of to in on at by for from with as is are was were be been has have had do does did not no it
    its this that these those he she they them his her their who which what when where will would could can may than
    then so if into about over after before also there said says more most very such own""".split()
)


@pytest.fixture(scope="module")
def settings(small_llm: str) -> Settings:  # noqa: F811
    few = {"max_tokens": 40}
    return Settings(llm="smollm2", llm_url=small_llm, llm_context=1024, llm_references="text", llm_options=few)


@pytest.fixture(scope="module")
def answers(seeds: Assistant, settings: Settings) -> list[Answer]:
    generate = GenerativeAnswerer(language_model(settings), settings.llm_context)
    assistant = Assistant(seeds.collection, Retriever(seeds.collection, 10), generate, settings)
    return [assistant.ask(question) for question in QUESTIONS]


@pytest.fixture(scope="module")
def retold(seeds: Assistant, settings: Settings) -> list[Statement]:
    """What it says about single sentences of the seeds, each of its own sentences citing that sentence, grounded."""
    model = language_model(settings)
    statements = []
    for word in RETOLD:
        document, sentence = _sentence(seeds, word)
        citations = tuple(Citation.of(document, piece) for piece in sentence.pieces)
        for claim in read_claims(_told(model, sentence.visible(document.text))):
            said = Statement(claim.text, citations, "unchecked")
            statements.append(ground(said, lambda one: seeds.collection.document(one.document_id, one.version)))
    return statements


def _told(model: LanguageModel, text: str) -> Iterator[str]:
    with suppress(AnswerCutError):  # it talks until it is stopped
        yield from model.stream("Retell what you read in two sentences.", text, ())


def _sentence(seeds: Assistant, word: str) -> tuple[Document, Sentence]:
    for passage in seeds.collection.passages(list(seeds.collection.catalogue.chunk_ids(current=True))).values():
        for sentence in passage.sentences:
            if word in sentence.visible(passage.document.text):
                return passage.document, sentence
    raise AssertionError(f"no sentence has {word}")


def test_the_model_was_asked_and_spoke(answers: list[Answer], retold: list[Statement]) -> None:
    assert all(answer.usage.get("answer_tokens") for answer in answers)
    assert len(retold) >= len(RETOLD) / 2
    assert len({statement.support for statement in retold}) > 1, (
        "the checks below need both what it kept and what it made up"
    )


def test_what_is_shown_as_supported_has_its_figures_names_and_words_in_the_cited_sentences(
    answers: list[Answer], retold: list[Statement]
) -> None:
    for statement in (*retold, *(one for answer in answers for one in answer.statements)):
        if statement.support == "supported":
            assert statement.citations
            assert _plainly_backed(statement) == ""


def _plainly_backed(statement: Statement) -> str:
    """What of a statement plainly is not in its sources; "" where nothing strikes."""
    cited = plain(" ".join(citation.quote for citation in statement.citations))
    about = plain(" ".join(f"{citation.title} {citation.source}" for citation in statement.citations))
    said = plain(statement.text)
    figures = set(re.findall(r"\d+", said.replace(",", ""))) - set(re.findall(r"\d+", cited.replace(",", "")))
    if figures:
        return f"figures {figures}"
    for name in re.findall(r"(?<!^)\b[A-Z]\w+", said):
        if name[:4].casefold() not in (cited + about).casefold():
            return f"name {name}"
    words = [word for word in re.findall(r"[a-z]+", said.casefold()) if word not in EMPTY]
    held = [word for word in words if word[:5] in cited.casefold()]
    return "" if len(held) >= 0.6 * len(words) else f"words {sorted(set(words) - set(held))}"


def plain(text: str) -> str:
    return text.translate(str.maketrans("“”‘’", "\"\"''"))


def test_its_citations_slice_exactly(seeds: Assistant, answers: list[Answer], retold: list[Statement]) -> None:
    for answer in answers:
        assert all(statement.span.of(answer.text) == statement.text for statement in answer.statements)
    for statement in (*retold, *(one for answer in answers for one in answer.statements)):
        for citation in statement.citations:
            document = seeds.collection.document(citation.document_id, citation.version)
            assert document is not None
            assert document.text[citation.span.start : citation.span.end] == citation.quote


def test_what_it_puts_between_quotation_marks_is_the_sources(seeds: Assistant, retold: list[Statement]) -> None:
    for statement in retold:
        found = (seeds.collection.document(one.document_id, one.version) for one in statement.citations)
        texts = [document.text for document in found if document]
        for quoted in re.findall(r"“([^”]+)”", statement.text):
            assert any(quoted.rstrip(".,;: ") in text for text in texts)
        assert '"' not in statement.text


def test_whatever_is_not_supported_is_labelled(answers: list[Answer], retold: list[Statement]) -> None:
    for statement in retold:
        assert statement.support != "unchecked" and statement.reason
        answer = replace(answers[0], status="answered", statements=(statement,), notices=())
        shown = answer_for_terminal(answer, 100)
        labels = [label for label in LABELS.values() if f"    {label}" in shown]
        assert labels == ([LABELS[statement.support]] if statement.support in LABELS else [])


def test_an_answer_none_of_which_is_supported_is_a_refusal_and_says_so(answers: list[Answer]) -> None:
    for answer in answers:
        backed = [one for one in answer.statements if one.support in ("supported", "partly") and one.citations]
        assert (answer.status == "answered") == bool(backed)
        if answer.statements and not backed:
            assert any("counts as no answer" in notice for notice in answer.notices)
            assert "The documents do not say." in answer_for_terminal(answer, 100)
            exchange = Exchange(answer.question).after(Done(answer))
            assert exchange.refused and exchange.statements == ()
