"""The endpoint of the language model: what goes wrong is said in a sentence, what may pass is tried again."""

from __future__ import annotations

import email.utils
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.answers import Turn
from app.language_models.destination import NOWHERE, destination
from app.language_models.llm import AnswerCutError, LanguageModel, answer_tokens, count_tokens, language_model
from app.settings import Settings
from indexing.errors import ModelError, UsageError
from tests.openai_server import (
    BAD_JSON,
    ERROR_IN_STREAM,
    NOT_THE_PROTOCOL,
    STRANGE_JSON,
    Behaviour,
    Cut,
    Drips,
    OpenAIServer,
    Raw,
    Says,
    Silence,
    Status,
)

KEY = "sk-very-secret"
PROMPT = "the-secret-prompt"


def model(server: OpenAIServer, **values: Any) -> LanguageModel:
    values = {"llm": "small", "llm_url": server.url, "llm_key": KEY, "llm_timeout": 5.0, **values}
    return language_model(Settings(**values), pause=0.001)


def ask(server: OpenAIServer, **values: Any) -> str:
    return "".join(model(server, **values).stream("Be brief.", PROMPT, ()))


@pytest.fixture(autouse=True)
def _no_key_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE"):
        monkeypatch.delenv(name, raising=False)


def test_the_answer_streams_and_the_request_says_what_it_should() -> None:
    history = [Turn("user", "Before?"), Turn("assistant", "So.")]
    with OpenAIServer(Says("Putin called first [1.2].", piece=1)) as server:
        deltas = list(model(server).stream("Be brief.", "Who?", history))
        request = server.requests[0]
    assert "".join(deltas) == "Putin called first [1.2]."
    assert len([delta for delta in deltas if delta]) == 25
    assert request.key == KEY
    assert request.messages == [("system", "Be brief."), ("user", "Before?"), ("assistant", "So."), ("user", "Who?")]
    assert request.body["model"] == "small" and request.body["stream"] is True and request.body["temperature"] == 0
    assert request.body["max_tokens"] == answer_tokens(4096)


def test_a_first_delta_arrives_before_the_last_is_sent() -> None:
    with OpenAIServer(Says("a" * 200, piece=1, delay=0.05)) as server:
        deltas = model(server).stream("", "Who?", ())
        assert next(delta for delta in deltas if delta) == "a"
        deltas.close()  # type: ignore[attr-defined]
        assert server.hung_up.wait(5), "the request goes on although nobody reads its answer"


FAILURES: list[tuple[Behaviour, str, int]] = [
    (Status(401, f"bad key {KEY}"), "does not accept the key", 1),
    (Status(403), "does not allow this key", 1),
    (Status(404), "does not know the model or the address", 1),
    (Status(400, f"too long: {PROMPT}"), "refused the request as invalid", 1),
    (Status(418), "refused the request", 1),
    (Status(429), "refusing requests for now", 3),
    (Status(429, retry_after="3600"), "refusing requests for now", 1),
    (Status(500), "failed", 3),
    (Status(503), "failed", 3),
    (Status(307, location="http://127.0.0.1:9/elsewhere"), "sends requests elsewhere", 1),
    (Cut(), "broke off in the middle", 1),
    (Cut(politely=True), "broke off in the middle", 1),
    (BAD_JSON, "not the chat protocol", 1),
    (NOT_THE_PROTOCOL, "nothing of the chat protocol", 1),
    (STRANGE_JSON, "no usable answer", 1),
    (Raw(b"data: \xff\xfe\n\n"), "not the chat protocol", 1),
    (ERROR_IN_STREAM, "reported an error in the middle", 1),
    (Says(""), "empty answer", 1),
    (Says(" \n "), "empty answer", 1),
    (Says("", finish="length"), "before it wrote a word", 1),
    (Says("I", finish="content_filter"), "withheld", 1),
]


@pytest.mark.parametrize(("behaviour", "message", "tries"), FAILURES, ids=lambda value: str(value)[:40])
def test_every_failure_is_a_sentence_without_secrets(behaviour: Behaviour, message: str, tries: int) -> None:
    with OpenAIServer(behaviour) as server:
        with pytest.raises(ModelError) as caught:
            ask(server, llm_retries=2)
        assert message in str(caught.value)
        assert KEY not in str(caught.value) and PROMPT not in str(caught.value)
        assert len(server.requests) == tries


def test_an_endpoint_that_never_answers_is_given_up_after_the_timeout() -> None:
    with OpenAIServer(Silence()) as server:
        with pytest.raises(ModelError, match="did not answer in time"):
            ask(server, llm_timeout=0.2)
        assert len(server.requests) == 1


@pytest.mark.parametrize("body", [b": still here\n\n", b'data: {"choices": [{"index": 0, "delta": {}}]}\n\n'])
def test_an_endpoint_that_only_says_that_it_is_still_there_is_given_up(
    body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.language_models.llm.WHOLE", 0.01)
    with OpenAIServer(Drips(body)) as server:
        with pytest.raises(ModelError, match="did not answer in time"):
            ask(server, llm_timeout=30.0)
        assert server.hung_up.wait(5)


NO_CHOICES = b'data: {"id": "1", "choices": [], "usage": {"prompt_tokens": -1, "completion_tokens": 1}}\n\n'
DELTA = b'data: {"id": "1", "choices": [{"index": 0, "delta": {"content": "Yes."}, "finish_reason": null}]}\n\n'
STOP = b'data: {"id": "1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\n'
OVER = b"data: [DONE]\n\n"


@pytest.mark.parametrize(
    "events", [(NO_CHOICES, DELTA, STOP), (DELTA, STOP, NO_CHOICES), (DELTA, STOP, DELTA.replace(b"Yes.", b""))]
)
def test_an_answer_that_ended_is_whole_whatever_events_without_words_come_beside_it(events: tuple[bytes, ...]) -> None:
    with OpenAIServer(Raw(b"".join([*events, OVER]))) as server:
        assert ask(server) == "Yes."


@pytest.mark.parametrize("events", [(DELTA,), (DELTA, NO_CHOICES), (NO_CHOICES, DELTA)])
def test_an_answer_that_did_not_end_is_not_whole(events: tuple[bytes, ...]) -> None:
    with OpenAIServer(Raw(b"".join([*events, OVER]))) as server, pytest.raises(ModelError, match="broke off"):
        ask(server)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1", "http://no-such-host.invalid/v1"])
def test_an_endpoint_that_is_not_there_cannot_be_reached(url: str) -> None:
    asked = language_model(Settings(llm="small", llm_url=url, llm_timeout=5))
    with pytest.raises(ModelError, match="cannot be reached"):
        list(asked.stream("", "Who?", ()))


@pytest.mark.parametrize("first", [Status(429), Status(429, retry_after="0"), Status(500), Status(502), Status(408)])
def test_what_may_pass_is_tried_again(first: Behaviour) -> None:
    with OpenAIServer(first, Says("Yes.")) as server:
        assert ask(server, llm_retries=1) == "Yes."
        assert len(server.requests) == 2


def test_without_retries_there_is_one_request() -> None:
    with OpenAIServer(Status(500), Says("Yes.")) as server:
        with pytest.raises(ModelError):
            ask(server, llm_retries=0)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("retry_after", "expected"),
    [
        (None, [2.0, 4.0, 8.0]),
        ("7", [7.0, 7.0, 7.0]),
        ("soon", [2.0, 4.0, 8.0]),
        ("Mon, 01 Jan 2001 00:00:00 GMT", [0.0, 0.0, 0.0]),
        ("31", []),
    ],
)
def test_the_waits_double_or_are_what_the_endpoint_asks_for_within_bounds(
    retry_after: str | None, expected: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("app.language_models.llm.time.sleep", waits.append)
    with OpenAIServer(Status(429, retry_after=retry_after)) as server:
        asked = language_model(Settings(llm="small", llm_url=server.url, llm_retries=3), pause=2.0)
        with pytest.raises(ModelError):
            list(asked.stream("", "Who?", ()))
    assert waits == expected


def test_a_date_to_wait_for_becomes_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr("app.language_models.llm.time.sleep", waits.append)
    date = email.utils.formatdate(time.time() + 20, usegmt=True)
    with OpenAIServer(Status(503, retry_after=date), Says("Yes.")) as server:
        assert ask(server) == "Yes."
    assert len(waits) == 1 and 10 < waits[0] <= 20


def test_an_answer_at_its_length_limit_is_told_from_a_finished_one() -> None:
    heard: list[str] = []
    with OpenAIServer(Says("It fell. And th", finish="length")) as server:
        deltas = model(server).stream("", "Who?", ())
        with pytest.raises(AnswerCutError):
            heard.extend(iter(lambda: next(deltas), None))
    assert "".join(heard) == "It fell. And th"


def test_the_key_comes_from_the_settings_then_from_the_environment_and_this_machine_needs_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with OpenAIServer() as server:
        ask(server, llm_key="")
        monkeypatch.setenv("OPENAI_API_KEY", "sk-from-environment")
        ask(server, llm_key="")
        ask(server)
        assert [request.key for request in server.requests] == ["none", "sk-from-environment", KEY]


def test_openai_itself_needs_a_key_and_the_environment_cannot_redirect_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://elsewhere.example/v1")
    monkeypatch.setenv("OPENAI_API_BASE", "http://elsewhere.example/v1")
    with pytest.raises(UsageError, match="needs a key"):
        language_model(Settings(llm="gpt-4o"))
    built: Any = language_model(Settings(llm="gpt-4o", llm_key=KEY))
    assert built._llm.api_base == "https://api.openai.com/v1"
    assert str(built._llm._get_client().base_url) == "https://api.openai.com/v1/"


def test_a_proxy_in_the_environment_does_not_take_local_questions_off_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with OpenAIServer(Says("Yes.")) as server:
        assert ask(server) == "Yes."


CLASSES = """
from llama_index.core.llms import LLM, MockLLM
class Chatty(MockLLM):
    api_key: str = ""
    context_window: int = 0
    def __init__(self, **values):
        LLM.__init__(self, **values)
    def stream_chat(self, messages, **kwargs):
        from llama_index.core.llms import ChatMessage, ChatResponse
        for word in ("Asked", f" {self.api_key}", f" {self.context_window}", f" {len(messages)}."):
            yield ChatResponse(message=ChatMessage(role="assistant", content=""), delta=word)
class Failing(MockLLM):
    def stream_chat(self, messages, **kwargs):
        raise RuntimeError("sk-very-secret")
class NotOne: ...
"""


@pytest.fixture
def classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package with LlamaIndex LLM classes, and one whose dependency is missing."""
    package = tmp_path / "plugged_in"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "models.py").write_text(CLASSES)
    (package / "broken.py").write_text("import a_module_that_is_missing")
    (package / "halved.py").write_text("from os import no_such_name")
    monkeypatch.syspath_prepend(str(tmp_path))
    return "plugged_in"


def test_any_llamaindex_class_can_be_plugged_in(classes: str) -> None:
    plugged = Settings(llm=f"{classes}.models:Chatty", llm_key="k", llm_context=1000)
    assert "".join(language_model(plugged).stream("", "Who?", ())) == "Asked k 1000 2."
    optioned = Settings(llm=f"{classes}.models:Chatty", llm_key="k", llm_options={"context_window": 7, "api_key": "o"})
    assert "".join(language_model(optioned).stream("", "Who?", ())) == "Asked o 7 2."


def test_what_a_plugged_in_class_raises_becomes_a_sentence_without_its_message(classes: str) -> None:
    with pytest.raises(ModelError, match="no usable answer") as caught:
        list(language_model(Settings(llm=f"{classes}.models:Failing")).stream("", "Who?", ()))
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("plugged_in.models:NotOne", "not a LlamaIndex LLM class"),
        ("plugged_in.models:Missing", "has no class Missing"),
        ("plugged_in.missing:Chatty", "plugged_in.missing is not installed; run: pip install plugged-in"),
        ("llama_index.llms.nobodys:Nobodys", "run: pip install llama-index-llms-nobodys"),
        ("plugged_in.broken:Chatty", "installed but broken: it needs the missing module a_module_that_is_missing"),
        ("plugged_in.halved:Chatty", "installed but does not import"),
    ],
)
def test_a_missing_package_names_its_install_command_and_a_broken_one_does_not(
    classes: str, name: str, message: str
) -> None:
    with pytest.raises(UsageError) as caught:
        language_model(Settings(llm=name))
    assert message in str(caught.value)


def test_options_that_do_not_fit_are_named_without_their_values() -> None:
    with pytest.raises(UsageError, match="temperature") as caught:
        language_model(Settings(llm="small", llm_url="http://localhost/v1", llm_options={"temperature": KEY}))
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("url", ["localhost:8080/v1", "ftp://localhost/v1"])
def test_an_address_that_is_no_web_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="http://"):
        language_model(Settings(llm="small", llm_url=url))


@pytest.mark.parametrize(
    ("values", "where"),
    [
        ({}, ""),
        ({"embed": "folder:/models/x"}, ""),
        ({"llm": "gpt-4o"}, "api.openai.com"),
        ({"llm": "small", "llm_url": "http://localhost:8080/v1"}, ""),
        ({"llm": "small", "llm_url": "http://127.4.5.6/v1"}, ""),
        ({"llm": "small", "llm_url": "http://[::1]:1/v1"}, ""),
        ({"llm": "small", "llm_url": "http://[::ffff:127.0.0.1]:1/v1"}, ""),
        ({"llm": "small", "llm_url": "http://localhost.evil.example/v1"}, "localhost.evil.example"),
        ({"llm": "small", "llm_url": "http://127.0.0.1.evil.example/v1"}, "127.0.0.1.evil.example"),
        ({"llm": "small", "llm_url": "http://user:pass@llm.example:81/v1"}, "llm.example"),
        ({"llm": "small", "llm_url": "http://localhost@llm.example/v1"}, "llm.example"),
        ({"llm": "small", "llm_url": "http://192.168.1.7/v1"}, "192.168.1.7"),
        ({"embed": "openai:e"}, "api.openai.com"),
        ({"embed": "openai:e", "embed_url": "http://localhost/v1"}, ""),
        ({"llm": "gpt-4o", "embed": "openai:e"}, "api.openai.com"),
        ({"llm": "gpt-4o", "embed": "openai:e", "embed_url": "http://e.example"}, "api.openai.com and e.example"),
        ({"llm": "a.b:C"}, "the service behind a.b:C"),
        ({"llm": "a.b:C", "llm_options": {"base_url": "http://localhost:11434"}}, ""),
        ({"embed": "a.b:C", "embed_options": {"api_base": "https://e.example"}}, "e.example"),
        ({"llm": "llama3.1:8b", "llm_url": "http://localhost:11434/v1"}, ""),
    ],
)
def test_the_destination_is_told_from_the_settings_alone(values: dict[str, Any], where: str) -> None:
    assert destination(Settings(**values)) == (f"Questions and passages are sent to {where}" if where else NOWHERE)


@settings(max_examples=30)
@given(st.text(max_size=200), st.text(max_size=200))
def test_tokens_are_counted_for_any_text(first: str, second: str) -> None:
    assert (count_tokens(first) == 0) == (first == "")
    assert count_tokens(first + " " + second) <= count_tokens(first) + count_tokens(second) + 2


def test_tokens_are_counted_without_a_network_and_without_loading_llamaindex() -> None:
    script = (
        "import socket, sys\n"
        "def refuse(*_): raise AssertionError('network')\n"
        "socket.socket.connect = refuse\n"
        "from app.language_models.llm import count_tokens\n"
        "assert 'tiktoken' not in sys.modules\n"
        "counted = count_tokens('Putin called first. <|endoftext|>')\n"
        "assert counted == 10, counted\n"
        "assert not {'llama_index.core', 'openai'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_server_answers_every_path_of_the_protocol() -> None:
    import openai

    with OpenAIServer(lambda request: Says(f"{request.question}!" if "messages" in request.body else "")) as server:
        client = openai.OpenAI(base_url=server.url, api_key=KEY, max_retries=0)
        with client:
            assert [known.id for known in client.models.list()] == ["small"]
            done = client.chat.completions.create(model="small", messages=[{"role": "user", "content": "Who"}])
            vectors = client.embeddings.create(model="small", input=["Putin called", "called Putin", "weather"]).data
            floats = client.embeddings.create(model="small", input="Putin called", encoding_format="float").data
    assert done.choices[0].message.content == "Who!"
    assert vectors[0].embedding == vectors[1].embedding != vectors[2].embedding
    assert floats[0].embedding == pytest.approx(vectors[0].embedding, abs=1e-6)
    assert all(request.key == KEY for request in server.requests)
