"""The tab Ask: conversation at the left, sources at the right.

The conversation is `gr.HTML` of our own rather than `gr.Chatbot`: Chatbot puts text through Markdown and a sanitiser
that keeps remote images and strips what makes a marker accessible. Here the server renders and escapes everything
(`app/web/render.py`), and Gradio only patches the difference into the page, so a finished statement never flickers.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import replace
from threading import Lock
from typing import Any

import gradio as gr

from app.answers import Notice
from app.assistant import Assistant
from app.conversations import view
from app.conversations.keeper import Keeper
from app.examples import example_questions
from app.exchange import Exchange
from app.identity import noted, user_of
from app.ui.conversations import AT_ONCE as LISTED
from app.ui.conversations import REQUESTED, Shelf, hint_of
from app.ui.feedback import given as read
from app.ui.limits import LimitControls, chosen
from app.ui.place import html_place
from app.ui.talk import Talk
from app.web import render
from indexing.errors import OnrecordError

LOG = logging.getLogger(__name__)

EXAMPLES = 4
AT_ONCE = 16  # questions answered at the same time; most of them wait for a model
BETWEEN_UPDATES = 0.05  # seconds, so at most 20 updates a second

START_OVER = "() => { window.onrecord && window.onrecord.startOver(); }"
BROKEN = "Something went wrong inside Onrecord. The terminal it was started from shows the details."

Updates = dict[Any, Any]  # Gradio's own shape: component -> new value


class AskTab:
    """The components and what happens to them; made inside the page's `gr.Blocks`."""

    def __init__(self, assistant: Assistant, keeper: Keeper) -> None:
        self.assistant = assistant
        self.shelf = Shelf(keeper)
        self._examples: dict[int, tuple[str, ...]] = {}  # by the number of documents they were found among
        self._finding = Lock()
        self.talk = gr.State(Talk())
        with gr.Row(elem_id="desk"):
            self.shelf.place()
            with gr.Column(elem_id="talk", scale=3):
                self._conversation()
                self._composer()
            with gr.Column(elem_id="panel", scale=2):
                self.sources = html_place("sources", render.sources(None))
                html_place("reader-frame", render.READER_FRAME)
        self._listen()

    def _conversation(self) -> None:
        with gr.Column(elem_id="conversation"):
            self.past = html_place("past")
            self.current = html_place("current", template=render.LIVE_TEMPLATE, choosing=True)
            with gr.Column(elem_id="examples") as self.examples:
                self.buttons = [gr.Button("", visible=False, elem_classes="example") for _ in range(EXAMPLES)]

    def _composer(self) -> None:
        with gr.Column(elem_id="composer"):
            self.limits = LimitControls()
            self.box = gr.Textbox(
                label="Your question",
                placeholder="Ask the documents a question",
                lines=1,
                max_lines=6,
                autofocus=True,
                container=False,
                elem_id="question",
            )
            with gr.Row(elem_id="controls"):
                self.hint = html_place("hint")
                self.clear = gr.Button("New conversation", variant="secondary", elem_id="clear")
                self.stop = gr.Button("Stop", variant="stop", visible=False, elem_id="stop")
                self.ask = gr.Button("Ask", variant="primary", elem_id="ask")
            self.limits.place()

    def _listen(self) -> None:
        self.shown = [self.talk, self.past, self.current, self.sources, self.box, self.hint, self.stop, self.ask]
        self.shown += [self.examples, self.limits.unlimited, self.shelf.list, self.shelf.search, self.shelf.listed]
        shown = self.shown
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        # Gradio's default drops a question while the one before, stopped already, still waits for its model.
        asking = {**quiet, "trigger_mode": "multiple"}
        given = [self.talk, *self.limits.given]
        asked = [gr.on([self.box.submit, self.ask.click], self.answer, [self.box, *given], shown, **asking)]
        asked += [button.click(self.answer, [button, *given], shown, **asking) for button in self.buttons]
        asked += [self.current.select(self.again, given, shown, **asking)]
        asked += [self.limits.unlimited.click(self.answer_at_any_time, given, shown, **asking)]
        self.stop.click(self.stopped, [self.talk], shown, cancels=asked, **quiet)
        self.clear.click(self.cleared, [self.talk], shown, cancels=asked, **quiet)
        kept = [self.talk, self.shelf.search, self.shelf.listed]
        self.shelf.list.select(self.turned, [self.talk], shown, cancels=asked, **asking)
        self.shelf.list.submit(self.acted, kept, shown, **asking)
        self.shelf.search.change(self.searched, kept, [self.shelf.list], trigger_mode="always_last", **quiet)
        begins = [self.box.submit, self.ask.click, self.clear.click, self.limits.unlimited.click, self.current.select]
        begins += [button.click for button in self.buttons]
        gr.on([*begins, self.shelf.list.select], None, None, None, js=START_OVER, api_visibility="private")

    def opens(self, blocks: gr.Blocks, opening: Any) -> None:
        """What is shown once the page is opened."""
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        choices = [self.limits.sources, self.limits.authors]
        blocks.load(self.arrived, [self.shelf.requested], self.shown, js=REQUESTED, **quiet)
        opening.then(lambda: self.limits.offered(self.assistant.collection.catalogue), None, choices, **quiet)
        opening.then(self.suggested, None, self.buttons, **quiet)

    def suggested(self) -> Updates:
        """Example questions on their buttons. Finding them takes a while, so they are kept while the collection is."""
        documents = self.assistant.collection.count()
        with self._finding:
            if documents not in self._examples:
                self._examples = {documents: example_questions(self.assistant, EXAMPLES) if documents else ()}
            questions = self._examples[documents]
        updates: Updates = {}
        for place, button in enumerate(self.buttons):
            known = place < len(questions)
            updates[button] = gr.update(value=questions[place] if known else "", visible=known)
        return updates

    def answer_at_any_time(self, request: gr.Request, talk: Talk, *given: Any) -> Iterator[Updates]:
        """The question asked last once more, without regard to the time that it names."""
        yield from self.again(request, talk, *given, dates=False)

    def again(self, request: gr.Request, talk: Talk, *given: Any, dates: bool = True) -> Iterator[Updates]:
        """The question asked last once more, in place of its answer."""
        if talk.current is not None and not talk.running:
            again = replace(talk, editing=len(talk.past))
            yield from self.answer(request, talk.current.question, again, *given, dates=dates)

    def answer(
        self, request: gr.Request, question: str | None, talk: Talk, *given: Any, dates: bool = True
    ) -> Iterator[Updates]:
        """The question at once, the sources as soon as they are found, then statement by statement."""
        talk, question = talk.held_by(user_of(request)), (question or "").strip()
        if not question:
            yield {self.hint: render.hint("Type a question first.")}
            return
        if talk.running:
            yield {self.hint: render.hint("An answer is being written. Stop it first, or wait for its end.")}
            return
        try:
            limits = chosen(*given, dates=dates)
        except OnrecordError as error:
            yield {self.hint: render.hint(str(error))}
            return
        noted(request, "ask")
        replacing, talk = talk.replacing, talk.asking(question)
        exchange = Exchange(question)
        yield {**self._showing(talk), self.past: talk.past_html(), self.box: ""}
        shown_at, kept_at = time.monotonic(), 0.0
        try:
            for event in self.assistant.walk(question, talk.turns, limits):
                exchange, listing = exchange.after(event), {}
                if exchange.running and not talk.place:  # what cannot be asked is not kept
                    talk, trouble = self.shelf.begun(talk, replacing)
                    exchange = exchange.after(Notice(trouble)) if trouble else exchange
                    listing = self._listing(talk)
                time.sleep(max(0.0, shown_at + BETWEEN_UPDATES - time.monotonic()))
                kept_at = self.shelf.followed(talk, exchange, kept_at)
                if not exchange.running:
                    listing = self._listing(talk)
                yield {**self._going_on(replace(talk, current=exchange)), **listing}
                shown_at = time.monotonic()
        except GeneratorExit:  # the page was closed, or left
            if exchange.running:
                self.shelf.finished(talk, exchange.stopped())
            raise
        except OnrecordError as error:
            yield self._failed(talk, exchange.failed(str(error)))
        except Exception:  # a defect: its traceback goes to the terminal, and nobody's question is lost over it
            LOG.exception("while a question was answered")
            yield self._failed(talk, exchange.failed(BROKEN))

    def stopped(self, request: gr.Request, talk: Talk) -> Updates:
        talk = talk.held_by(user_of(request))
        if talk.current is not None and talk.running:
            self.shelf.left(talk)
            talk = replace(talk, current=talk.current.stopped())
        return self._showing(talk)

    def cleared(self, request: gr.Request, talk: Talk) -> Updates:
        talk = talk.held_by(user_of(request))
        self.shelf.left(talk)
        return self._entered(Talk(talk.user))

    # -- kept conversations ------------------------------------------------------------------------------------------

    def arrived(self, request: gr.Request, requested: str | None) -> Updates:
        """The page as it is opened: with the conversation that its address names, or with none."""
        user = user_of(request)
        talk = self.shelf.opened(user, requested, self.assistant.collection.document) if requested else Talk(user)
        updates = self._entered(talk)
        del updates[self.box]  # somebody may have begun to write while the page was loading
        return updates

    def turned(self, request: gr.Request, talk: Talk, event: gr.EventData) -> Updates:
        """Another conversation is opened, or none, or this one deleted."""
        try:
            talk, act = talk.held_by(user_of(request)), read(event._data)
            return self._entered(self.shelf.turned(talk, act, self.assistant.collection.document))
        except OnrecordError as error:
            return {self.hint: render.hint(str(error))}

    def acted(self, request: gr.Request, talk: Talk, search: str | None, listed: int, event: gr.EventData) -> Updates:
        """A conversation is renamed or another deleted, an answer is judged, a question is to be edited."""
        try:
            talk, act = talk.held_by(user_of(request)), read(event._data)
            after = self.shelf.acted(talk, act)
        except OnrecordError as error:
            return {self.hint: render.hint(str(error))}
        if act.act == "more":
            listed += LISTED
        updates: Updates = {self.shelf.list: self.shelf.listing(after, search, listed), self.shelf.listed: listed}
        if after is not talk:
            updates |= {self.talk: after, self.past: after.past_html(), self.hint: hint_of(after)}
            updates |= {self.current: after.current_html()}
        if act.act == "edit" and after.editing is not None:
            updates[self.box] = after.over[after.editing].question
        return updates

    def searched(self, request: gr.Request, talk: Talk, search: str | None, listed: int) -> str:
        return self.shelf.listing(talk.held_by(user_of(request)), search, listed)

    # -- what is shown -----------------------------------------------------------------------------------------------

    def _listing(self, talk: Talk) -> Updates:
        return {self.shelf.list: self.shelf.listing(talk), self.shelf.search: "", self.shelf.listed: LISTED}

    def _entered(self, talk: Talk) -> Updates:
        """A conversation as it is opened, or the page without one."""
        updates = {**self._showing(talk), **self._listing(talk), self.past: talk.past_html(), self.box: ""}
        if talk.current is None:
            documents = self.assistant.collection.count()
            blank = view.not_found() if talk.missing else render.welcome(documents) + self.shelf.last_time(talk)
            updates |= {self.current: blank, self.examples: gr.update(visible=not talk.missing)}
        return updates

    def _failed(self, talk: Talk, exchange: Exchange) -> Updates:
        self.shelf.finished(talk, exchange)
        return {**self._showing(replace(talk, current=exchange)), self.box: exchange.question}

    def _going_on(self, talk: Talk) -> Updates:
        """An answer as it comes. Whoever asks meanwhile is told why nothing came of it, and that stays till its end."""
        updates = self._showing(talk)
        if talk.running:
            del updates[self.hint]
        return updates

    def _showing(self, talk: Talk) -> Updates:
        return {
            self.talk: talk,
            self.current: talk.current_html(),
            self.sources: render.sources(talk.current),
            self.hint: "",
            self.stop: gr.update(visible=talk.running),
            self.ask: gr.update(visible=not talk.running),
            self.examples: gr.update(visible=False),
            self.limits.unlimited: self.limits.heeded(talk.current),
        }
