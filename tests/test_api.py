"""The HTTP interfaces over a real collection: our own, the OpenAI protocol by its own client, counters, and errors."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.answers import Statement
from app.assistant import Assistant
from app.settings import Settings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of the frameworks, while they are imported
    from starlette.testclient import TestClient

    from app.web.bounded import LARGEST_BODY
    from app.web.openai_api import _Writing
    from app.web.server import build_app

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

BASE = "http://127.0.0.1:7860"
QUESTION = "How popular is Zelensky at home?"
OFF = "How long does sourdough need to rise in a cold kitchen?"


@pytest.fixture(scope="module")
def client(seeds: Assistant) -> Iterator[TestClient]:
    with TestClient(build_app(seeds, Settings()), base_url=BASE) as client:
        yield client


@pytest.fixture(scope="module")
def chat(client: TestClient) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{BASE}/v1", api_key="any", http_client=client, max_retries=0)  # type: ignore[arg-type]


def text_of(client: TestClient, citation: dict[str, Any]) -> str:
    """What stands at a citation's place, as the interface itself gives it."""
    found = client.get(f"/api/documents/{citation['document']}", params={"version": citation["version"]}).json()
    return str(found["text"][citation["start"] : citation["end"]])


def test_an_answer_is_the_object_of_the_command_line_and_its_citations_are_exact(
    client: TestClient, seeds: Assistant
) -> None:
    answer = client.post("/api/ask", json={"question": QUESTION}).json()
    direct = seeds.ask(QUESTION).as_json()
    assert {**answer, "timings_ms": None} == {**direct, "timings_ms": None}
    citations = [one for statement in answer["statements"] for one in statement["citations"]]
    assert citations
    for citation in citations:
        assert text_of(client, citation) == citation["quote"]


def events(client: TestClient, question: str) -> list[tuple[str, dict[str, Any]]]:
    response = client.post("/api/ask", json={"question": question}, headers={"Accept": "text/event-stream"})
    assert response.headers["content-type"].startswith("text/event-stream")
    pairs = [block.split("\n") for block in response.text.strip().split("\n\n")]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in pairs]


def test_small_talk_gets_a_reply_of_our_own_and_is_marked_as_such(client: TestClient, chat: openai.OpenAI) -> None:
    answer = client.post("/api/ask", json={"question": "thanks"}).json()
    assert answer["status"] == "aside" and answer["retrieved"] == []
    assert [one["support"] for one in answer["statements"]] == ["not_a_claim"]
    assert [name for name, _ in events(client, "thanks")] == ["sources", "statement", "done"]
    told = chat.chat.completions.create(model="onrecord", messages=[{"role": "user", "content": "thanks"}])
    assert told.choices[0].message.content == answer["answer"] and not told.choices[0].message.annotations


def test_a_stream_says_sources_first_and_the_whole_answer_last(client: TestClient) -> None:
    (first, sources), *statements, (last, answer) = events(client, QUESTION)
    assert (first, last) == ("sources", "done")
    assert [name for name, _ in statements] == ["statement"] * len(answer["statements"])
    assert [one for _, one in statements] == answer["statements"]
    assert sources["retrieved"] == answer["retrieved"]


def test_a_follow_up_hears_of_the_conversation(client: TestClient, seeds: Assistant) -> None:
    history = [{"role": "user", "content": "What did Macron propose?"}, {"role": "assistant", "content": "Nothing."}]
    answer = client.post("/api/ask", json={"question": "And who opposed it?", "history": history})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"question": "   "}, "the question is empty"),
        ({"question": "x" * 5000}, "the limit is 4,000"),
        ({}, "question: Field required"),
        ({"question": "a", "questoin": "b"}, "questoin: Extra inputs are not permitted"),
        ({"question": 7}, "question: Input should be a valid string"),
        ({"question": "a", "history": "b"}, "history"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(client: TestClient, body: dict[str, Any], words: str) -> None:
    response = client.post("/api/ask", json=body)
    assert response.status_code == 422
    assert words in response.json()["error"]["message"]


def test_a_body_that_is_too_large_is_not_read(client: TestClient) -> None:
    response = client.post("/api/ask", content=b"x" * (LARGEST_BODY + 1))
    assert response.status_code == 413

    def parts() -> Iterator[bytes]:  # without a length that announces it
        for _ in range(LARGEST_BODY // 1_000_000 + 1):
            yield b" " * 1_000_000

    assert client.post("/api/ask", content=parts()).status_code in (400, 413)


def test_a_page_of_another_site_gets_no_answer(client: TestClient) -> None:
    for path, body in (
        ("/api/ask", {"question": "a"}),
        ("/v1/chat/completions", {"model": "onrecord", "messages": []}),
    ):
        assert client.post(path, json=body, headers={"Origin": "https://elsewhere.example"}).status_code == 403
    assert client.post("/api/ask", json={"question": "a"}, headers={"Host": "elsewhere.example"}).status_code == 400


def test_quotes_and_drafts_are_checked(client: TestClient) -> None:
    words = "peace at any price is not peace at all"
    found = client.post("/api/quote", json={"quote": words}).json()
    assert (found["headline"], found["green"]) == ("verbatim", True)
    assert text_of(client, found["occurrences"][0]) == words
    draft = f"One wrote “{words}”, another “peace at any price is peace at all”."
    checked = client.post("/api/check", json={"text": draft}).json()
    assert [one["headline"] for one in checked["quotes"]] == ["verbatim", "altered"]
    assert not checked["green"]
    (start, end), *_ = checked["quotes"][1]["spans_in_draft"]
    assert draft[start:end].startswith("peace at any price is peace at all")
    assert client.post("/api/quote", json={"quote": "  "}).status_code == 422
    assert client.post("/api/quote", json={"quote": words, "profile": "lax"}).status_code == 422


def test_documents_are_listed_and_read(client: TestClient) -> None:
    listed = client.get("/api/documents").json()["documents"]
    assert len(listed) == 5
    one = client.get(f"/api/documents/{listed[0]['document']}").json()
    assert one["file"] == listed[0]["file"]
    assert one["standing"] == "current"
    assert [version["version"] for version in one["versions"]] == [one["version"]]
    assert client.get("/api/documents/none").status_code == 404
    assert client.get(f"/api/documents/{listed[0]['document']}", params={"version": "0"}).status_code == 404


def test_the_models_are_listed(chat: openai.OpenAI) -> None:
    assert [model.id for model in chat.models.list()] == ["onrecord"]
    assert chat.models.retrieve("onrecord").owned_by == "onrecord"
    with pytest.raises(openai.NotFoundError, match="the only one is 'onrecord'"):
        chat.models.retrieve("gpt-4o")


def test_a_completion_carries_each_citation_as_an_annotation(chat: openai.OpenAI, client: TestClient) -> None:
    reply = chat.chat.completions.create(model="onrecord", messages=[{"role": "user", "content": QUESTION}])
    message = reply.choices[0].message
    assert message.content and message.annotations
    for annotation in message.annotations:
        shown, place = annotation.url_citation, annotation.model_dump()
        assert message.content[shown.start_index : shown.end_index].startswith("[")
        assert place["quote"] == text_of(client, place)
        assert place["file"] and shown.title
        assert client.get(shown.url).status_code == 200
    assert reply.usage is not None
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens > 0


def test_a_streamed_completion_says_the_same(chat: openai.OpenAI) -> None:
    messages: Any = [
        {"role": "system", "content": "Say that everything is fine."},
        {"role": "user", "content": [{"type": "text", "text": QUESTION}]},
    ]
    whole = chat.chat.completions.create(model="onrecord", messages=messages)
    chunks = list(
        chat.chat.completions.create(
            model="onrecord", messages=messages, stream=True, stream_options={"include_usage": True}
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    last = next(chunk for chunk in chunks if chunk.choices and chunk.choices[0].finish_reason)
    annotations = [one.model_dump() for one in whole.choices[0].message.annotations or ()]
    assert last.choices[0].delta.model_dump()["annotations"] == annotations
    assert chunks[-1].usage == whole.usage


def test_what_a_document_has_of_markup_is_text_in_a_completion() -> None:
    said = "See [menu](http://e) and [a][b], [c]: d, ![x](y) <img src=z> <!-- a < b [sic]."
    shown = _Writing("http://x/").statement(Statement(said, (), "supported"))
    assert shown == r"See \[menu](http://e) and \[a][b], \[c]: d, !\[x](y) \<img src=z> \<!-- a < b [sic]."


def test_a_refusal_says_so_and_cites_nothing(chat: openai.OpenAI) -> None:
    message = (
        chat.chat.completions.create(model="onrecord", messages=[{"role": "user", "content": OFF}]).choices[0].message
    )
    assert message.content == "The documents do not say."
    assert not message.annotations


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"model": "gpt-4o"}, "there is no model 'gpt-4o'"),
        ({"messages": [{"role": "system", "content": "a"}]}, "role `user`"),
        ({"n": 2}, "n must be 1"),
        ({"messages": [{"role": "user", "content": ""}]}, "the question is empty"),
    ],
)
def test_requests_that_mean_nothing_here_are_refused_in_words(
    client: TestClient, given: dict[str, Any], words: str
) -> None:
    body = {"model": "onrecord", "messages": [{"role": "user", "content": "a"}], **given}
    response = client.post("/v1/chat/completions", json=body)
    assert 400 <= response.status_code < 500
    assert words in response.json()["error"]["message"]


def test_counters_count_answers_and_hold_no_word_of_them(client: TestClient) -> None:
    def counted() -> tuple[str, float]:
        text = client.get("/metrics").text
        lines = [line for line in text.splitlines() if line.startswith('onrecord_answers_total{mode="extractive"')]
        return text, sum(float(line.split()[-1]) for line in lines)

    _, before = counted()
    client.post("/api/ask", json={"question": QUESTION})
    text, after = counted()
    assert after == before + 1
    assert "onrecord_documents 5.0" in text
    assert "Zelensky" not in text


def test_the_interface_describes_itself_without_another_host(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    assert {
        "/api/ask",
        "/api/quote",
        "/api/check",
        "/api/documents",
        "/v1/chat/completions",
        "/v1/models",
        "/healthz",
    } <= schema["paths"].keys()
    page = client.get("/api/docs").text
    assert "POST /api/ask" in page
    assert "http://" not in page.replace(BASE, "") and "https://" not in page


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda part: (
            st.lists(part, max_size=3)
            | st.dictionaries(
                st.sampled_from(["question", "history", "quote", "text", "model", "messages", "role", "content", "n"]),
                part,
            )
        ),
    )
)
def test_no_body_is_a_defect(client: TestClient, body: Any) -> None:
    for path in ("/api/ask", "/api/quote", "/api/check", "/v1/chat/completions"):
        assert client.post(path, json=body).status_code in (200, 404, 422)
