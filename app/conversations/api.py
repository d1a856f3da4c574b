"""Kept conversations over HTTP: listed, opened, asked in, renamed, deleted, packed, judged; each reader their own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Literal

from fastapi import APIRouter, FastAPI, Header, Path, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.answers import Done, Event
from app.assistant import Assistant
from app.commands.batch import GivenLimits
from app.conversations.keeper import Keeper, checked, packet_of_conversation
from app.conversations.record import turns_of
from app.conversations.values import LONGEST_NOTE, Feedback, Wrong
from app.exchange import Exchange
from app.identity import user_of
from app.packet import as_html
from app.web.api import STREAM, line, problem, stream
from app.web.meter import Meter
from indexing.errors import OnrecordError, UsageError

LARGEST = 2**31 - 1
HISTORY = 200  # messages before a question that it hears of, at most

Id = Annotated[str, Path(max_length=64, description="as the list gives it")]
Place = Annotated[int, Path(ge=1, le=LARGEST, description="of the exchange in its conversation")]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"\S")]


class Asked(BaseModel):
    """A question in a conversation; `replacing` is the place of the one that it takes the place of, with all after."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    question: str
    filters: GivenLimits = GivenLimits()
    replacing: Annotated[int | None, Field(ge=1, le=LARGEST)] = None


class Renamed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    title: Title


class WrongCitation(BaseModel):
    """A citation that does not carry its statement: the statement counted from 1, and the number shown at it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    statement: Annotated[int, Field(ge=1, le=LARGEST)]
    citation: Annotated[int, Field(ge=1, le=LARGEST)]


class GivenFeedback(BaseModel):
    """All that a reader says of an answer, in place of what was said before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    verdict: Literal["up", "down"] | None = None
    wrong_citations: Annotated[tuple[WrongCitation, ...], Field(max_length=100)] = ()
    note: Annotated[str, Field(max_length=LONGEST_NOTE)] = ""

    def feedback(self) -> Feedback:
        wrong = tuple(Wrong(one.statement, one.citation) for one in self.wrong_citations)
        return Feedback(self.verdict or "", wrong, self.note)


def add_conversations_api(app: FastAPI, assistant: Assistant, meter: Meter, keeper: Keeper) -> None:
    """Give `app` the routes under `/api/conversations`."""
    app.include_router(_reading(assistant, keeper))
    app.include_router(_asking(assistant, meter, keeper))
    app.include_router(_changing(keeper))


def _none() -> JSONResponse:
    return problem("you have no such conversation; GET /api/conversations lists yours", 404)


def _reading(assistant: Assistant, keeper: Keeper) -> APIRouter:
    router, store = APIRouter(prefix="/api/conversations", tags=["conversations"]), keeper.store

    @router.get("")
    def conversations(
        request: Request,
        search: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        offset: Annotated[int, Query(ge=0, le=LARGEST)] = 0,
    ) -> JSONResponse:
        """Yours, the latest first; with `search` those in whose questions, answers or title all its words stand."""
        found = store.listed(user_of(request), search, limit, offset)
        return JSONResponse({"conversations": [one.as_json() for one in found]})

    @router.get("/{conversation}")
    def conversation(request: Request, conversation: Id) -> JSONResponse:
        """One of yours with its exchanges as they stand now; each answer is the object of `ask --json`."""
        found = store.conversation(user_of(request), conversation)
        return JSONResponse(found.as_json()) if found else _none()

    @router.get("/{conversation}/packet.json")
    def packet(request: Request, conversation: Id) -> Response:
        """Its evidence packet, which `onrecord verify` checks."""
        found = store.conversation(user_of(request), conversation)
        if found is None:
            return _none()
        made = packet_of_conversation(found, assistant.collection.catalogue)
        body = json.dumps(made, ensure_ascii=False, indent=1).encode("utf-8", "surrogatepass")
        return Response(body, media_type="application/json", headers=_attached(f"evidence-{found.summary.id}.json"))

    @router.get("/{conversation}/packet.html", response_class=HTMLResponse)
    def page(request: Request, conversation: Id) -> Response:
        """The same to read and print."""
        found = store.conversation(user_of(request), conversation)
        if found is None:
            return _none()
        made = packet_of_conversation(found, assistant.collection.catalogue)
        return HTMLResponse(as_html(made), headers=_attached(f"evidence-{found.summary.id}.html"))

    return router


def _attached(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}


def _asking(assistant: Assistant, meter: Meter, keeper: Keeper) -> APIRouter:
    router = APIRouter(prefix="/api/conversations", tags=["conversations"])

    def answered(user: str, conversation: str, asked: Asked, accept: str) -> Response:
        walk = _walked(assistant, meter, keeper, user, conversation, asked)
        if STREAM in accept:
            first = next(walk)  # what cannot be asked is an error, not a stream
            return StreamingResponse(_told(first, walk), media_type=STREAM, headers={"Cache-Control": "no-store"})
        *_, (conversation, place, last) = walk
        assert isinstance(last, Done)
        return JSONResponse({"conversation": conversation, "place": place, "answer": last.answer.as_json()})

    @router.post("", responses={200: {"content": {STREAM: {}}}})
    def begun(request: Request, asked: Asked, accept: Annotated[str, Header()] = "") -> Response:
        """Begin a conversation with a question; `conversation` in the answer is its id. With `Accept:
        text/event-stream` the event `conversation` tells it first, and then come the events of `/api/ask`."""
        return answered(user_of(request), "", asked, accept)

    @router.post("/{conversation}/exchanges", responses={200: {"content": {STREAM: {}}}})
    def followed(request: Request, conversation: Id, asked: Asked, accept: Annotated[str, Header()] = "") -> Response:
        """Ask in a conversation of yours; the question hears of what was said before it. As events, as to begin one."""
        if keeper.store.conversation(user_of(request), conversation) is None:
            return _none()
        return answered(user_of(request), conversation, asked, accept)

    return router


def _walked(
    assistant: Assistant, meter: Meter, keeper: Keeper, user: str, conversation: str, asked: Asked
) -> Iterator[tuple[str, int, Event]]:
    """Conversation, place and event, for each event; kept as far as it came, also when nobody listens any more."""
    if not keeper.on:
        raise UsageError("conversations are not kept here (keep_conversations is off); ask at /api/ask")
    found = keeper.store.conversation(user, conversation)
    before = [one for one in found.exchanges if not asked.replacing or one.place < asked.replacing] if found else []
    exchange, place = Exchange(asked.question), 0
    try:
        for event in meter.walk(assistant, asked.question, turns_of(before)[-HISTORY:], asked.filters.limits()):
            if not place:  # what cannot be asked is not kept
                conversation, place = keeper.begin(user, asked.question, conversation, asked.replacing)
            exchange = exchange.after(event)
            if not exchange.running:  # kept before whoever listens hears that it is done
                keeper.finish(user, conversation, place, exchange)
            yield conversation, place, event
    except OnrecordError as error:
        keeper.finish(user, conversation, place, exchange.failed(str(error)))
        raise
    except GeneratorExit:
        if exchange.running:
            keeper.finish(user, conversation, place, exchange.stopped())
        raise


def _told(first: tuple[str, int, Event], rest: Iterator[tuple[str, int, Event]]) -> Iterator[str]:
    conversation, place, event = first
    yield line("conversation", {"conversation": conversation, "place": place})
    yield from stream(event, (later for _, _, later in rest))


def _changing(keeper: Keeper) -> APIRouter:
    router, store = APIRouter(prefix="/api/conversations", tags=["conversations"]), keeper.store

    @router.patch("/{conversation}")
    def rename(request: Request, conversation: Id, given: Renamed) -> JSONResponse:
        """Give it another title."""
        if not store.rename(user_of(request), conversation, given.title):
            return _none()
        return JSONResponse({"id": conversation, "title": given.title})

    @router.delete("/{conversation}")
    def delete(request: Request, conversation: Id) -> JSONResponse:
        """Delete it for good, with what was said of its answers."""
        return JSONResponse({"deleted": conversation}) if store.delete(user_of(request), conversation) else _none()

    @router.put("/{conversation}/exchanges/{place}/feedback")
    def give(request: Request, conversation: Id, place: Place, given: GivenFeedback) -> JSONResponse:
        """Say what you think of an answer: a verdict, the citations that are wrong, a note."""
        user = user_of(request)
        kept = store.exchange(user, conversation, place)
        if kept is None:
            return problem("you have no such exchange; GET /api/conversations/ID lists those of a conversation", 404)
        store.give(user, conversation, place, checked(given.feedback(), kept))
        again = store.exchange(user, conversation, place)
        return JSONResponse(again.feedback.as_json()) if again else _none()

    return router
