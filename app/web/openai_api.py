"""The OpenAI protocol over our collection: any program that speaks to a chat model can ask the documents instead.

The model is called `onrecord`. What the client sends as system messages changes nothing: what may be said is decided by
the documents. Each sentence is followed by its markers; each citation is an entry of `message.annotations`. A sentence
that its sources do not support is left out, since plain text has no way of striking it.
"""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict

from app.answers import Answer, Citation, Done, Event, Notice, Restart, Said, Statement, Turn
from app.assistant import SHOWN, Assistant
from app.exchange import REFUSED
from app.language_models.llm import count_tokens
from app.web.api import STREAM, problem, status_of
from app.web.meter import Meter
from indexing.errors import OnrecordError, UsageError

MODEL = "onrecord"
# What stands in a document's own words as an image, a link or a tag; clients show the content as Markdown.
_ACTING = re.compile(r"\[(?=[^\[\]]*\]\s?[\[(:])|<(?=[a-zA-Z/!?])")


class Part(BaseModel):
    """One part of a message's content; only text is read."""

    type: str
    text: str = ""


class ChatMessage(BaseModel):
    role: str
    content: str | list[Part] | None = None

    @property
    def text(self) -> str:
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type in ("text", "input_text"))
        return self.content or ""


class StreamOptions(BaseModel):
    include_usage: bool = False


class ChatRequest(BaseModel):
    """The parts of a chat completion request that mean something here; sampling settings are accepted and unused."""

    model_config = ConfigDict(extra="ignore")

    model: str
    messages: list[ChatMessage]
    stream: bool = False
    stream_options: StreamOptions | None = None
    n: int = 1

    def asked(self) -> tuple[str, tuple[Turn, ...]]:
        """The question, which is the last user message, and the conversation before it."""
        asked = [place for place, message in enumerate(self.messages) if message.role == "user"]
        if not asked:
            raise UsageError("there is no message with the role `user`; the last one is the question")
        if self.n != 1:
            raise UsageError("n must be 1: the documents give one answer")
        before = self.messages[: asked[-1]]
        turns = (
            Turn("user" if one.role == "user" else "assistant", one.text)
            for one in before
            if one.role in ("user", "assistant")
        )
        return self.messages[asked[-1]].text, tuple(turns)


@dataclass(slots=True)
class _Writing:
    """The content of a reply as it grows; citations are numbered in order of first use."""

    base: str
    length: int = 0
    numbers: dict[Citation, int] = field(default_factory=dict)
    annotations: list[dict[str, Any]] = field(default_factory=list)

    def statement(self, statement: Statement) -> str:
        """What one more statement adds to the content, nothing where it is not supported; its citations join."""
        if statement.support not in SHOWN:
            return ""
        text = (" " if self.length else "") + _ACTING.sub(r"\\\g<0>", statement.text)
        for citation in statement.citations:
            number = self.numbers.setdefault(citation, len(self.numbers) + 1)
            marker = f" [{number}]"
            start = self.length + len(text) + 1
            self.annotations.append(_annotation(citation, start, start + len(marker) - 1, self.base))
            text += marker
        self.length += len(text)
        return text


def _annotation(citation: Citation, start: int, end: int, base: str) -> dict[str, Any]:
    """In the shape of OpenAI's `url_citation` (`start_index`, `end_index`: the marker's place in the content, in code
    points), with the exact place in the source beside it."""
    document, version = quote(citation.document_id, safe=""), quote(citation.version, safe="")
    place = f"{base}source/{document}/{version}?start={citation.span.start}&end={citation.span.end}"
    about = {key: value for key, value in citation.as_json().items() if key != "copies"}
    title = citation.title or citation.file
    shown = {"start_index": start, "end_index": end, "title": title, "url": place}
    return {"type": "url_citation", "url_citation": shown, **about}


def add_openai_api(app: FastAPI, assistant: Assistant, meter: Meter) -> None:
    """Give `app` the routes under `/v1`."""
    router = APIRouter(prefix="/v1", tags=["OpenAI-compatible"])

    @router.get("/models")
    def models() -> JSONResponse:
        return JSONResponse({"object": "list", "data": [_model()]})

    @router.get("/models/{model}")
    def model(model: str) -> JSONResponse:
        return JSONResponse(_model()) if model == MODEL else _unknown(model)

    @router.post("/chat/completions", responses={200: {"content": {STREAM: {}}}})
    def complete(request: Request, chat: ChatRequest) -> Response:
        """Answer the last user message from the documents."""
        if chat.model != MODEL:
            return _unknown(chat.model)
        question, turns = chat.asked()
        writing = _Writing(str(request.base_url))
        if not chat.stream:
            answer = meter.ask(assistant, question, turns)
            return JSONResponse(_completion(writing, answer, question, turns))
        walk = meter.walk(assistant, question, turns)
        first = next(walk)
        usage = chat.stream_options is not None and chat.stream_options.include_usage
        chunks = _chunks(writing, _with(first, walk), question, turns, usage)
        return StreamingResponse(chunks, media_type=STREAM, headers={"Cache-Control": "no-store"})

    app.include_router(router)


def _with(first: Event, rest: Iterator[Event]) -> Iterator[Event]:
    yield first
    yield from rest


def _model() -> dict[str, Any]:
    return {"id": MODEL, "object": "model", "created": 0, "owned_by": MODEL}


def _unknown(model: str) -> JSONResponse:
    return problem(f"there is no model {model!r} here; the only one is {MODEL!r}", 404)


def _head(kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": MODEL}


def _completion(writing: _Writing, answer: Answer, question: str, turns: Sequence[Turn]) -> dict[str, Any]:
    content = _refusal(answer) or "".join(writing.statement(one) for one in answer.statements)
    message = {"role": "assistant", "content": content, "refusal": None, "annotations": writing.annotations}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return {
        **_head("chat.completion"),
        "choices": [choice],
        "usage": _usage(question, turns, content),
        "onrecord": answer.as_json(),
    }


def _refusal(answer: Answer) -> str:
    """What is said where nothing answers; the passages that came nearest are in `onrecord.retrieved`."""
    return REFUSED if answer.status == "refused" else ""


def _usage(question: str, turns: Sequence[Turn], content: str) -> dict[str, int]:
    """Tokens of what the client sent and got, not of what a model behind it read (`onrecord.usage` has those)."""
    asked = count_tokens(question) + sum(count_tokens(turn.content) for turn in turns)
    said = count_tokens(content)
    return {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said}


def _chunks(
    writing: _Writing, events: Iterator[Event], question: str, turns: Sequence[Turn], usage: bool
) -> Iterator[str]:
    """Server-sent chunks, a statement each. Annotations come with the last one, when the whole content is known.

    A protocol that can only append cannot take back: where a model's endpoint fails half-way, what was said stays
    above a notice, and the documents' own answer follows it.
    """
    head = _head("chat.completion.chunk")

    def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _sent({**head, "choices": [choice], **({"usage": None} if usage else {}), **more})

    yield chunk({"role": "assistant", "content": ""})
    said: list[str] = []
    last: Answer | None = None
    try:
        for event in events:
            match event:
                case Said(statement):
                    if text := writing.statement(statement):
                        said.append(text)
                        yield chunk({"content": text})
                case Restart() if said:
                    said.append("\n\n")
                    writing.length += 2
                    yield chunk({"content": said[-1]})
                case Notice(text) if said:
                    said.append(f"\n\n({text})\n\n")
                    writing.length += len(said[-1])
                    yield chunk({"content": said[-1]})
                case Done(answer):
                    last = answer
    except OnrecordError as error:
        yield _sent({"error": {"message": str(error), "type": "server_error", "code": status_of(error)}})
        return
    if last is not None and (text := _refusal(last)):
        said.append(("\n\n" if said else "") + text)
        yield chunk({"content": said[-1]})
    onrecord = last.as_json() if last else None
    yield chunk({"annotations": writing.annotations}, "stop", onrecord=onrecord)
    if usage:
        yield _sent({**head, "choices": [], "usage": _usage(question, turns, "".join(said))})
    yield "data: [DONE]\n\n"


def _sent(value: dict[str, Any]) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n"
