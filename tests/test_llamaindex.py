"""Our collection in a LlamaIndex program."""

from __future__ import annotations

from pathlib import Path

from app.assistant import Assistant
from app.llamaindex import OnrecordQueryEngine, OnrecordRetriever

QUESTION = "How popular is Zelensky at home?"


def test_the_retriever_gives_our_passages_with_their_places(seeds: Assistant) -> None:
    nodes = OnrecordRetriever(seeds).retrieve(QUESTION)
    hits = seeds.search(QUESTION)
    assert [node.node.get_content() for node in nodes] == [hit.passage.text for hit in hits]
    for node in nodes:
        document = seeds.collection.catalogue.find_document(node.node.metadata["file"])
        assert document is not None
        start, end = node.node.start_char_idx, node.node.end_char_idx  # type: ignore[attr-defined]
        assert document.text[start:end] == node.node.get_content()


def test_the_query_engine_answers_as_we_do_and_its_sources_are_what_is_cited(seeds_home: Path) -> None:
    engine = OnrecordQueryEngine.open(seeds_home)
    with engine.assistant.collection:
        response = engine.query(QUESTION)
        answer = engine.assistant.ask(QUESTION)
        refused = engine.query("How long does sourdough need to rise in a cold kitchen?")
    assert str(response) == answer.text
    assert {node.node.get_content() for node in response.source_nodes} == {
        citation.quote for statement in answer.statements for citation in statement.citations
    }
    assert str(refused) == "The documents do not say." and not refused.source_nodes
