"""The tab Library: what is in the collection, what is not and why; adding files and taking them away again."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from app import library, render
from app.assistant import Assistant
from app.settings import Settings
from app.ui.place import html_place  # before gradio, whose settings it makes
from indexing.errors import OnrecordError
from indexing.ingest import Progress

LOG = logging.getLogger(__name__)
BROKEN = "Something went wrong inside Onrecord. The terminal it was started from shows the details."

Updates = dict[Any, Any]


class LibraryTab:
    """The components and what happens to them; made inside a tab."""

    def __init__(self, assistant: Assistant, settings: Settings, tab: gr.Tab) -> None:
        self.assistant = assistant
        self.settings = settings
        with gr.Column(elem_id="library"):
            with gr.Row(elem_id="library-tools"):
                self.search = gr.Textbox(
                    label="Search the library",
                    placeholder="Title, source, author, date or file",
                    elem_id="library-search",
                )
                self.files = gr.File(
                    label="Add documents", file_count="multiple", type="filepath", elem_id="library-add", height=120
                )
            self.said = html_place("library-said")
            with gr.Row(elem_id="library-own", visible=False) as self.own:
                self.chosen = gr.Dropdown([], label="Added here", multiselect=True, elem_id="library-chosen")
                self.away = gr.Button("Remove", variant="stop", elem_id="library-remove")
            self.list = html_place("library-list")
        self._listen(tab)

    def _listen(self, tab: gr.Tab) -> None:
        shown = [self.list, self.own, self.chosen]
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        tab.select(self.listed, [self.search], shown, **quiet)
        self.search.change(self.listed, [self.search], shown, trigger_mode="always_last", **quiet)
        working = [*shown, self.said, self.files]
        self.changes = (
            self.files.upload(self.added, [self.files, self.search], working, **quiet),
            self.away.click(self.removed, [self.chosen, self.search], working, **quiet),
        )

    def listed(self, wanted: str) -> Updates:
        names = library.uploaded(self.settings)
        return {
            self.list: library.as_html(library.shelf(self.assistant.collection.catalogue, wanted or "")),
            self.own: gr.update(visible=bool(names)),
            self.chosen: gr.update(choices=names, value=[]),
        }

    def added(self, paths: list[str] | None, wanted: str) -> Iterator[Updates]:
        """Keep what was given, index it, and say what became of it."""
        files = [(Path(path).name, Path(path)) for path in paths or ()]
        try:
            yield from self._worked(library.add(self.settings, files), wanted)
        finally:
            for _, path in files:
                path.unlink(missing_ok=True)  # Gradio's own copy

    def removed(self, names: list[str] | None, wanted: str) -> Iterator[Updates]:
        if not names:
            yield {self.said: render.hint("Choose what to remove first.")}
            return
        yield from self._worked(library.remove(self.settings, names), wanted)

    def _worked(self, work: Iterator[Progress | dict[str, Any]], wanted: str) -> Iterator[Updates]:
        yield {self.said: _status("Reading…")}
        try:
            for heard in work:
                if isinstance(heard, Progress):
                    share = heard.done / heard.total if heard.total else 1.0
                    yield {self.said: _status(f"{share:.0%}, {heard.name}")}
                else:
                    yield {self.said: _status(_summary(heard)), self.files: None, **self.listed(wanted)}
        except OnrecordError as error:
            yield {self.said: _problem(str(error)), self.files: None, **self.listed(wanted)}
        except Exception:  # a defect: its traceback goes to the terminal
            LOG.exception("while the library was changed")
            yield {self.said: _problem(BROKEN), self.files: None}


def _summary(report: dict[str, Any]) -> str:
    done = [f"{report[key]:,} {key}" for key in ("added", "changed", "removed", "unchanged") if report[key]]
    left = report["skipped"] + report["failed"]
    said = ", ".join(done) or "Nothing to do"
    return f"{said}. {left:,} did not go in; the list below says why." if left else f"{said}."


def _status(text: str) -> str:
    return f'<p class="library-status" role="status">{render.escape(text)}</p>'


def _problem(text: str) -> str:
    return f'<div class="error" role="alert"><strong>That did not work</strong><p>{render.escape(text)}</p></div>'
