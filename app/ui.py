"""The chat page: conversation at the left, sources at the right. The only file that knows Gradio.

The conversation is `gr.HTML` of our own rather than `gr.Chatbot`: Chatbot puts text through Markdown and a sanitiser
that keeps remote images and strips what makes a marker accessible. Here the server renders and escapes everything
(`app/render.py`), and Gradio only patches the difference into the page, so a finished statement never flickers.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read while gradio is imported

import gradio as gr

from app import render
from app.answers import Turn
from app.assistant import Assistant
from app.destination import destination
from app.examples import example_questions
from app.exchange import Exchange
from app.settings import Settings
from indexing.errors import OnrecordError

LOG = logging.getLogger(__name__)

EXAMPLES = 4
TURNS_KEPT = 20
AT_ONCE = 16  # questions answered at the same time; most of them wait for a model
BETWEEN_UPDATES = 0.05  # seconds, so at most 20 updates a second

SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Liberation Sans", "sans-serif")
MONO = ("ui-monospace", "SF Mono", "Consolas", "Liberation Mono", "monospace")
HEAD = '<link rel="stylesheet" href="page.css"><script src="page.js" defer></script>'
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


class Page:
    """The components and what happens to them. `blocks` is the finished Gradio app."""

    def __init__(self, assistant: Assistant, settings: Settings) -> None:
        self.assistant = assistant
        self.destination = destination(settings)
        self._examples: dict[int, tuple[str, ...]] = {}  # by the number of documents they were found among
        self._finding = Lock()
        self.blocks: gr.Blocks
        with gr.Blocks(title="Onrecord", analytics_enabled=False, fill_width=True) as self.blocks:
            self.talk = gr.State(Talk())
            self.masthead = _html("masthead")
            with gr.Row(elem_id="desk"):
                with gr.Column(elem_id="talk", scale=3):
                    self._conversation()
                    self._composer()
                with gr.Column(elem_id="panel", scale=2):
                    self.sources = _html("sources", render.sources(None))
                    _html("reader-frame", render.READER_FRAME)
            self._listen()
        self.blocks.queue(default_concurrency_limit=AT_ONCE, api_open=False, max_size=256)

    def _conversation(self) -> None:
        with gr.Column(elem_id="conversation"):
            self.past = _html("past")
            self.current = _html("current", template=render.LIVE_TEMPLATE)
            with gr.Column(elem_id="examples") as self.examples:
                self.buttons = [gr.Button("", visible=False, elem_classes="example") for _ in range(EXAMPLES)]

    def _composer(self) -> None:
        with gr.Column(elem_id="composer"):
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
                self.hint = _html("hint")
                self.clear = gr.Button("New conversation", variant="secondary", elem_id="clear")
                self.stop = gr.Button("Stop", variant="stop", visible=False, elem_id="stop")
                self.ask = gr.Button("Ask", variant="primary", elem_id="ask")

    def _listen(self) -> None:
        shown = [self.talk, self.past, self.current, self.sources, self.box, self.hint]
        shown += [self.stop, self.ask, self.examples]
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        # Gradio's default drops a question while the one before, stopped already, still waits for its model.
        asking = {**quiet, "trigger_mode": "multiple"}
        asked = [gr.on([self.box.submit, self.ask.click], self.answer, [self.box, self.talk], shown, **asking)]
        asked += [button.click(self.answer, [button, self.talk], shown, **asking) for button in self.buttons]
        self.stop.click(self.stopped, [self.talk], shown, cancels=asked, **quiet)
        self.clear.click(self.cleared, None, shown, cancels=asked, **quiet)
        begins = [self.box.submit, self.ask.click, self.clear.click, *(button.click for button in self.buttons)]
        gr.on(begins, None, None, None, js=START_OVER, api_visibility="private")
        opening = self.blocks.load(self.opened, None, [self.masthead, self.current], **quiet)
        opening.then(self.suggested, None, self.buttons, **quiet)

    def opened(self) -> Updates:
        """The page as it is first seen: read anew each time, for the collection may have grown."""
        documents = self.assistant.collection.count()
        return {
            self.masthead: render.masthead(self.destination, documents),
            self.current: render.welcome(documents),
        }

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

    def answer(self, question: str | None, talk: Talk) -> Iterator[Updates]:
        """The question at once, the sources as soon as they are found, then statement by statement."""
        question = (question or "").strip()
        if not question:
            yield {self.hint: render.hint("Type a question first.")}
            return
        if talk.current is not None and talk.current.running:
            yield {self.hint: render.hint("An answer is being written. Stop it first, or wait for its end.")}
            return
        talk = talk.asking(question)
        exchange = Exchange(question)
        yield {**self._showing(talk), self.past: talk.past, self.box: ""}
        shown_at = time.monotonic()
        try:
            for event in self.assistant.walk(question, talk.turns):
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
        }


def build_blocks(assistant: Assistant, settings: Settings) -> gr.Blocks:
    return Page(assistant, settings).blocks


def mount(app: Any, blocks: gr.Blocks) -> None:
    """Serve `blocks` at `/` of a FastAPI app; routes it already has come first."""
    gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        app_kwargs={"docs_url": None, "redoc_url": None, "openapi_url": None},
        footer_links=[],
        run_history=False,
        show_error=False,
        ssr_mode=False,
        pwa=False,
        mcp_server=False,
        enable_monitoring=False,
        max_file_size=1,  # nothing is uploaded; the upload route is closed as well
        theme=_theme(),
        head=HEAD,
    )


def _html(name: str, value: str = "", template: str = "${value}") -> gr.HTML:
    """A place for HTML made by `app/render.py`. The template is ours and constant; values are never compiled."""
    return gr.HTML(value, html_template=template, js_on_load=None, apply_default_css=False, elem_id=name)


def _theme() -> gr.themes.Base:
    """System fonts only: Gradio's own themes would ask another host for theirs."""
    return gr.themes.Base(primary_hue="stone", neutral_hue="stone", font=_fonts(SANS), font_mono=_fonts(MONO)).set(
        body_background_fill="#faf8f4",
        body_background_fill_dark="#15171a",
        body_text_color="#1d1c1a",
        body_text_color_dark="#ece8e0",
    )


def _fonts(names: Sequence[str]) -> list[gr.themes.Font]:
    return [gr.themes.Font(name) for name in names]
