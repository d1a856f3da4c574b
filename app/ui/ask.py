"""The tab Ask: conversation at the left, sources at the right.

The conversation is `gr.HTML` of our own rather than `gr.Chatbot`: Chatbot puts text through Markdown and a sanitiser
that keeps remote images and strips what makes a marker accessible. Here the server renders and escapes everything
(`app/render.py`), and Gradio only patches the difference into the page, so a finished statement never flickers.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

import gradio as gr

from app import render
from app.answers import Turn
from app.assistant import Assistant
from app.examples import example_questions
from app.exchange import Exchange
from app.ui.limits import LimitControls, chosen
from app.ui.place import html_place
from indexing.errors import OnrecordError

LOG = logging.getLogger(__name__)

EXAMPLES = 4
TURNS_KEPT = 20
AT_ONCE = 16  # questions answered at the same time; most of them wait for a model
BETWEEN_UPDATES = 0.05  # seconds, so at most 20 updates a second

START_OVER = "() => { window.onrecord && window.onrecord.startOver(); }"
BROKEN = "Something went wrong inside Onrecord. The terminal it was started from shows the details."

Updates = dict[Any, Any]  # Gradio's own shape: component -> new value


@dataclass(frozen=True, slots=True)
class Talk:
    """One reader's conversation, kept on the server: finished exchanges as shown, and the one being answered."""

    past: str = ""
    turns: tuple[Turn, ...] = ()
    current: Exchange | None = None

    def asking(self, question: str) -> Talk:
        """With the current exchange laid by and a new one begun."""
        if self.current is None:
            return replace(self, current=Exchange(question))
        turns = (*self.turns, *self.current.turns())[-TURNS_KEPT:]
        return Talk(self.past + render.exchange(self.current), turns, Exchange(question))


class AskTab:
    """The components and what happens to them; made inside the page's `gr.Blocks`."""

    def __init__(self, assistant: Assistant) -> None:
        self.assistant = assistant
        self._examples: dict[int, tuple[str, ...]] = {}  # by the number of documents they were found among
        self._finding = Lock()
        self.talk = gr.State(Talk())
        with gr.Row(elem_id="desk"):
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
            self.current = html_place("current", template=render.LIVE_TEMPLATE)
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
        shown = [self.talk, self.past, self.current, self.sources, self.box, self.hint]
        shown += [self.stop, self.ask, self.examples, self.limits.unlimited]
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        # Gradio's default drops a question while the one before, stopped already, still waits for its model.
        asking = {**quiet, "trigger_mode": "multiple"}
        given = [self.talk, *self.limits.given]
        asked = [gr.on([self.box.submit, self.ask.click], self.answer, [self.box, *given], shown, **asking)]
        asked += [button.click(self.answer, [button, *given], shown, **asking) for button in self.buttons]
        asked += [self.limits.unlimited.click(self.answer_at_any_time, given, shown, **asking)]
        self.stop.click(self.stopped, [self.talk], shown, cancels=asked, **quiet)
        self.clear.click(self.cleared, None, shown, cancels=asked, **quiet)
        begins = [self.box.submit, self.ask.click, self.clear.click, self.limits.unlimited.click]
        begins += [button.click for button in self.buttons]
        gr.on(begins, None, None, None, js=START_OVER, api_visibility="private")

    def opens(self, opening: Any) -> None:
        """What is shown once the page is opened."""
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        choices = [self.limits.sources, self.limits.authors]
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

    def answer_at_any_time(self, talk: Talk, *given: Any) -> Iterator[Updates]:
        """The question asked last once more, without regard to the time that it names."""
        if talk.current is not None:
            yield from self.answer(talk.current.question, replace(talk, current=None), *given, dates=False)

    def answer(self, question: str | None, talk: Talk, *given: Any, dates: bool = True) -> Iterator[Updates]:
        """The question at once, the sources as soon as they are found, then statement by statement."""
        question = (question or "").strip()
        if not question:
            yield {self.hint: render.hint("Type a question first.")}
            return
        if talk.current is not None and talk.current.running:
            yield {self.hint: render.hint("An answer is being written. Stop it first, or wait for its end.")}
            return
        try:
            limits = chosen(*given, dates=dates)
        except OnrecordError as error:
            yield {self.hint: render.hint(str(error))}
            return
        talk = talk.asking(question)
        exchange = Exchange(question)
        yield {**self._showing(talk), self.past: talk.past, self.box: ""}
        shown_at = time.monotonic()
        try:
            for event in self.assistant.walk(question, talk.turns, limits):
                exchange = exchange.after(event)
                time.sleep(max(0.0, shown_at + BETWEEN_UPDATES - time.monotonic()))
                yield self._showing(replace(talk, current=exchange))
                shown_at = time.monotonic()
        except OnrecordError as error:
            yield self._failed(talk, exchange.failed(str(error)))
        except Exception:  # a defect: its traceback goes to the terminal, and nobody's question is lost over it
            LOG.exception("while a question was answered")
            yield self._failed(talk, exchange.failed(BROKEN))

    def stopped(self, talk: Talk) -> Updates:
        if talk.current is not None and talk.current.running:
            talk = replace(talk, current=talk.current.stopped())
        return self._showing(talk)

    def cleared(self) -> Updates:
        documents = self.assistant.collection.count()
        blank: Updates = {self.past: "", self.current: render.welcome(documents), self.box: ""}
        return {**self._showing(Talk()), **blank, self.examples: gr.update(visible=True)}

    def _failed(self, talk: Talk, exchange: Exchange) -> Updates:
        return {**self._showing(replace(talk, current=exchange)), self.box: exchange.question}

    def _showing(self, talk: Talk) -> Updates:
        running = talk.current is not None and talk.current.running
        return {
            self.talk: talk,
            self.current: render.exchange(talk.current) if talk.current else "",
            self.sources: render.sources(talk.current),
            self.hint: "",
            self.stop: gr.update(visible=running),
            self.ask: gr.update(visible=not running),
            self.examples: gr.update(visible=False),
            self.limits.unlimited: self.limits.heeded(talk.current),
        }
