"""The page: one masthead, and a tab for each thing people come for. Only the modules of this folder know Gradio."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr

from app.assistant import Assistant
from app.conversations.keeper import Keeper
from app.identity import signed_in, user_of
from app.language_models.destination import destination
from app.settings import Settings
from app.ui.ask import AT_ONCE, AskTab
from app.ui.evaluations import EvaluationsTab
from app.ui.library import LibraryTab
from app.ui.place import html_place  # before gradio, whose settings it makes
from app.ui.quotes import QuotesTab
from app.ui.timeline import TimelineTab
from app.web import render
from app.web.assets import HEAD
from app.web.keys import keys_dialog

SANS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Liberation Sans", "sans-serif")
MONO = ("ui-monospace", "SF Mono", "Consolas", "Liberation Mono", "monospace")


class Page:
    """The whole page. `blocks` is the finished Gradio app."""

    def __init__(self, assistant: Assistant, settings: Settings, keeper: Keeper) -> None:
        self.assistant = assistant
        self.destination = destination(settings)
        self.blocks: gr.Blocks
        with gr.Blocks(title="Onrecord", analytics_enabled=False, fill_width=True) as self.blocks:
            self.masthead = html_place("masthead")
            with gr.Tabs(elem_id="tabs") as self.tabs:
                with gr.Tab("Ask", elem_id="tab-ask"):
                    self.ask = AskTab(assistant, keeper)
                with gr.Tab("Check quotes", elem_id="tab-quotes"):
                    QuotesTab(assistant, settings)
                with gr.Tab("Timeline", id="timeline", elem_id="tab-timeline") as times:
                    self.timeline = TimelineTab(assistant, settings, times)
                with gr.Tab("Library", elem_id="tab-library") as tab:
                    self.library = LibraryTab(assistant, settings, tab)
                with gr.Tab("Evaluations", elem_id="tab-evaluations") as runs:
                    EvaluationsTab(settings, runs)
            html_place("keys-place", keys_dialog())
            quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
            opening = self.blocks.load(self.counted, None, [self.masthead], **quiet)
            self.ask.opens(self.blocks, opening)
            asked_for = [self.tabs, self.timeline.topic, self.timeline.speaker, self.timeline.shown]
            self.library.list.select(self.said_by, None, asked_for, **quiet)
            for change in self.library.changes:
                change.then(self.counted, None, [self.masthead], **quiet)
        self.blocks.queue(default_concurrency_limit=AT_ONCE, api_open=False, max_size=256)

    def counted(self, request: gr.Request) -> str:
        """The masthead, which says how many documents there are: read anew each time, for the collection may grow."""
        user = user_of(request) if signed_in(request) else ""
        return render.masthead(self.destination, self.assistant.collection.count(), user)

    def said_by(self, chosen: gr.EventData) -> list[Any]:
        """The tab Timeline, with what somebody chosen in the library said."""
        name = str(chosen.speaker)
        return [gr.Tabs(selected="timeline"), "", name, self.timeline.found("", name)]


def build_blocks(assistant: Assistant, settings: Settings, keeper: Keeper) -> gr.Blocks:
    return Page(assistant, settings, keeper).blocks


def mount(app: Any, blocks: gr.Blocks, max_bytes: int) -> None:
    """Serve `blocks` at `/` of a FastAPI app; routes it already has come first. `max_bytes`: of an uploaded file."""
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
        max_file_size=max_bytes,
        theme=_theme(),
        head=HEAD,
    )


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
