"""The HTTP interface of our own: questions in, the `ask --json` object out, whole or event by event.

Everything under `/api` speaks JSON; an error is `{"error": {"message": ...}}` with a status that says whose it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException  # what frameworks raise; FastAPI's own is one

from app.answers import Done, Event, Notice, Restart, Said, Sources, hit_as_json
from app.assistant import Assistant
from app.commands.batch import GivenLimits, Message, turns_of
from app.quotes.desk import QuoteDesk
from app.quotes.draft import check_draft, draft_of
from app.quotes.result import Profile
from app.quotes.speaker import Aliases
from app.timeline import timeline
from app.web.meter import Meter
from app.web.source import source_of
from indexing.copies import all_groups
from indexing.errors import HomeError, ModelError, OnrecordError, TooLargeError, UsageError

STREAM = "text/event-stream"
LONGEST_NAME = 500  # characters of a topic or a speaker
LONGEST_HISTORY = 200  # messages


class Question(BaseModel):
    """What is asked; `history` are the earlier messages of the conversation, oldest first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    history: Annotated[tuple[Message, ...], Field(max_length=LONGEST_HISTORY)] = ()
    filters: GivenLimits = GivenLimits()


class Quote(BaseModel):
    """A quote to be checked, and whom it is given to (empty: nobody)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quote: str
    speaker: str = ""
    profile: Profile = "strict"
    variants: bool = False


class DraftText(BaseModel):
    """A draft whose quotes are to be checked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    name: str = "draft"
    profile: Profile = "strict"


def add_api(app: FastAPI, assistant: Assistant, meter: Meter, desk: QuoteDesk) -> None:
    """Give `app` the routes under `/api`, `/metrics`, and one shape for errors."""
    app.include_router(_asking(assistant, meter))
    app.include_router(_quotes(desk))
    app.include_router(_documents(assistant, desk.aliases))

    @app.get("/metrics", include_in_schema=False)
    def metrics() -> Response:
        text, kind = meter.exposition(assistant.collection.count())
        return PlainTextResponse(text, media_type=kind)

    @app.exception_handler(OnrecordError)
    def refuse(_request: Request, error: Exception) -> JSONResponse:
        return problem(str(error), status_of(error))

    @app.exception_handler(HTTPException)
    def told(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        response = problem(str(error.detail), error.status_code)
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(RequestValidationError)
    def misunderstood(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        parts = (
            f"{'.'.join(str(at) for at in one['loc'] if at != 'body') or 'body'}: {one['msg']}"
            for one in error.errors()
        )
        return problem("; ".join(parts), 422)


def problem(message: str, status: int) -> JSONResponse:
    """An error as every route tells it."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    return JSONResponse({"error": {"message": message, "type": kind, "code": status}}, status_code=status)


def status_of(error: Exception) -> int:
    """Whose fault an error is: the request's, the model endpoint's, the index's, or ours."""
    if isinstance(error, TooLargeError):
        return 413
    if isinstance(error, UsageError):
        return 422
    if isinstance(error, ModelError):
        return 502
    return 503 if isinstance(error, HomeError) else 400


def _asking(assistant: Assistant, meter: Meter) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["ask"])

    @router.post("/ask", responses={200: {"content": {STREAM: {}}}})
    def ask(asked: Question, accept: Annotated[str, Header()] = "") -> Response:
        """Answer a question. With `Accept: text/event-stream` the answer comes as events: `sources`, `statement`,
        `notice`, `restart`, last `done` with the whole answer, or `error`."""
        turns, limits = turns_of(asked.history), asked.filters.limits()
        if STREAM in accept:
            walk = meter.walk(assistant, asked.question, turns, limits)
            first = next(walk)  # what cannot be asked is an error, not a stream
            return StreamingResponse(stream(first, walk), media_type=STREAM, headers={"Cache-Control": "no-store"})
        return JSONResponse(meter.ask(assistant, asked.question, turns, limits).as_json())

    return router


def stream(first: Event, rest: Iterator[Event]) -> Iterator[str]:
    """The events of an answer as server-sent events; what goes wrong on the way is the last of them."""
    yield _event(first)
    try:
        for event in rest:
            yield _event(event)
    except OnrecordError as error:
        yield line("error", {"message": str(error)})


def _event(event: Event) -> str:
    match event:
        case Sources(hits, rewritten, filters):
            found = [hit_as_json(hit) for hit in hits]
            return line("sources", {"retrieved": found, "rewritten": rewritten or None, "filters": filters})
        case Said(statement):
            return line("statement", statement.as_json())
        case Notice(text):
            return line("notice", {"text": text})
        case Restart():
            return line("restart", {})
        case Done(answer):
            return line("done", answer.as_json())


def line(name: str, value: dict[str, Any]) -> str:
    """A server-sent event."""
    return f"event: {name}\ndata: {json.dumps(value, ensure_ascii=False)}\n\n"


def _quotes(desk: QuoteDesk) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["quotes"])

    @router.post("/quote")
    def quote(given: Quote) -> JSONResponse:
        """What the collection says of one quote: the object of `onrecord quote --json`."""
        return JSONResponse(desk.check(given.quote, given.speaker, given.profile, variants=given.variants).as_json())

    @router.post("/check")
    def check(given: DraftText) -> JSONResponse:
        """Every quote of a draft; offsets are code points of its text."""
        report = check_draft(desk.check, draft_of(given.text, given.name), given.profile)
        return JSONResponse({"green": report.green, "quotes": [one.as_json() for one in report.checked]})

    return router


def _documents(assistant: Assistant, aliases: Aliases) -> APIRouter:
    router = APIRouter(prefix="/api", tags=["documents"])

    @router.get("/documents")
    def documents() -> JSONResponse:
        """Every document with its metadata, and the groups of copies."""
        catalogue = assistant.collection.catalogue
        entries = catalogue.entries()
        names = {entry.id: entry.name for entry in entries}
        listed = [
            {"document": one.id, "version": one.version, "file": one.name, **asdict(one.metadata)} for one in entries
        ]
        copies = [sorted(names[key] for key in group if key in names) for group in all_groups(catalogue)]
        problems = [asdict(one) for one in catalogue.problems()]
        return JSONResponse({"documents": listed, "copies": copies, "problems": problems})

    @router.get("/timeline")
    def times(
        topic: Annotated[str, Query(max_length=LONGEST_NAME)] = "",
        speaker: Annotated[str, Query(max_length=LONGEST_NAME)] = "",
    ) -> JSONResponse:
        """When a topic is mentioned and what people are quoted with about it, by document, the oldest first; with a
        speaker only what that person said."""
        return JSONResponse(timeline(assistant.collection, topic, speaker, aliases).as_json())

    @router.get("/documents/{document}")
    def document(document: str, version: str = "") -> JSONResponse:
        """The canonical text of a document, which all offsets point into; today's, or that of an older version."""
        found = assistant.collection.catalogue.document(document, version)
        source = source_of(assistant.collection, document, found.version) if found else None
        if found is None or source is None:
            return problem(f"there is no document {document!r} of that version; GET /api/documents lists them", 404)
        about = {"file": found.name, **asdict(found.metadata), "standing": source.standing}
        versions = [{"version": one, "indexed_at": moment} for one, moment in source.versions]
        pages = [{"label": page.label, "start": page.span.start, "end": page.span.end} for page in found.pages]
        identity = {"document": found.id, "version": found.version}
        return JSONResponse({**identity, **about, "text": found.text, "pages": pages, "versions": versions})

    return router
