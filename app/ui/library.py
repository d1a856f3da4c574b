"""The tab Library: what is in the collection, what is not and why; adding files and taking them away again."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from app.access.roles import allows
from app.assistant import Assistant
from app.identity import noted, require, role_of
from app.quotes.said import quoted_people
from app.settings import Settings
from app.ui.place import html_place  # before gradio, whose settings it makes
from app.web import hypertext, library, render
from app.web.timeline_view import speakers_as_html
from indexing.errors import OnrecordError
from indexing.ingest import Progress

LOG = logging.getLogger(__name__)
DOCUMENTS, SPEAKERS = "Documents", "Who is quoted"
BROKEN = "Something went wrong inside Onrecord. The terminal it was started from shows the details."

Updates = dict[Any, Any]
Work = Iterator[Progress | dict[str, Any]]


class LibraryTab:
    """The components and what happens to them; made inside a tab."""

    def __init__(self, assistant: Assistant, settings: Settings, tab: gr.Tab) -> None:
        self.assistant = assistant
        self.settings = settings
        with gr.Column(elem_id="library"):
            with gr.Row(elem_id="library-tools"):
                with gr.Column(scale=1, elem_id="library-find"):
                    self.kind = gr.Radio([DOCUMENTS, SPEAKERS], value=DOCUMENTS, label="Show", elem_id="library-kind")
                    self.search = gr.Textbox(
                        label="Search the library",
                        placeholder="Title, source, author, date or file; or a name",
                        elem_id="library-search",
                    )
                self.files = gr.File(
                    label="Add documents", file_count="multiple", type="filepath", elem_id="library-add", height=120
                )
            self.said = html_place("library-said")
            with gr.Row(elem_id="library-own", visible=False) as self.own:
                self.chosen = gr.Dropdown([], label="Added here", multiselect=True, elem_id="library-chosen")
                self.away = gr.Button("Remove", variant="stop", elem_id="library-remove")
            self.list = html_place("library-list", choosing=True)
        self._listen(tab)

    def _listen(self, tab: gr.Tab) -> None:
        shown = [self.list, self.own, self.chosen]
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        asked = [self.search, self.kind]
        offered = [*shown, self.files]
        gr.on([tab.select, self.kind.change], self.listed, asked, offered, **quiet)
        self.search.change(self.listed, asked, offered, trigger_mode="always_last", **quiet)
        working = [*shown, self.said, self.files]
        self.changes = (
            self.files.upload(self.added, [self.files, *asked], working, **quiet),
            self.away.click(self.removed, [self.chosen, *asked], working, **quiet),
        )

    def listed(self, wanted: str | None, kind: str, request: gr.Request) -> Updates:
        names, catalogue = library.uploaded(self.settings), self.assistant.collection.catalogue
        if kind == SPEAKERS:
            shown = speakers_as_html(quoted_people(catalogue), wanted or "")
        else:
            shown = library.as_html(library.shelf(catalogue, wanted or ""))
        return {
            self.list: shown,
            self.own: gr.update(visible=bool(names) and allows(role_of(request), "editor")),
            self.files: gr.update(visible=allows(role_of(request), "editor")),
            self.chosen: gr.update(choices=names, value=[]),
        }

    def added(self, paths: list[str] | None, wanted: str, kind: str, request: gr.Request) -> Iterator[Updates]:
        """Keep what was given, index it, and say what became of it."""
        files = [(Path(path).name, Path(path)) for path in paths or ()]
        try:
            work = _permitted(request, "add", [name for name, _ in files], library.add(self.settings, files))
            yield from self._worked(work, wanted, kind, request)
        finally:
            for _, path in files:
                path.unlink(missing_ok=True)  # Gradio's own copy

    def removed(self, names: list[str] | None, wanted: str, kind: str, request: gr.Request) -> Iterator[Updates]:
        if not names:
            yield {self.said: render.hint("Choose what to remove first.")}
            return
        work = _permitted(request, "remove", names, library.remove(self.settings, names))
        yield from self._worked(work, wanted, kind, request)

    def _worked(self, work: Work, wanted: str, kind: str, request: gr.Request) -> Iterator[Updates]:
        yield {self.said: _status("Reading…", 0.0)}
        try:
            for heard in work:
                if isinstance(heard, Progress):
                    share = heard.done / heard.total if heard.total else 1.0
                    yield {self.said: _status(heard.name, share)}
                else:
                    yield self._ended(_status(_summary(heard)), wanted, kind, request)
        except OnrecordError as error:
            yield self._ended(hypertext.problem("That did not work", str(error)), wanted, kind, request)
        except Exception:  # a defect: its traceback goes to the terminal
            LOG.exception("while the library was changed")
            yield {self.said: hypertext.problem("That did not work", BROKEN), self.files: None}

    def _ended(self, said: str, wanted: str, kind: str, request: gr.Request) -> Updates:
        return {self.said: said, **self.listed(wanted, kind, request), self.files: None}


def _permitted(request: gr.Request, action: str, names: list[str], work: Work) -> Work:
    """`work`, which begins when it is first looked at, where the asker may have it done."""
    require(request, "editor")
    noted(request, f"{action} documents", ", ".join(names))
    yield from work


def _summary(report: dict[str, Any]) -> str:
    done = [f"{report[key]:,} {key}" for key in ("added", "changed", "removed", "unchanged") if report[key]]
    left = report["skipped"] + report["failed"]
    said = ", ".join(done) or "Nothing to do"
    return f"{said}. {left:,} did not go in; the list below says why." if left else f"{said}."


def _status(text: str, share: float | None = None) -> str:
    """What is being done, with how far it is, from 0 to 1."""
    bar = "" if share is None else f'<progress max="100" value="{share * 100:.0f}" aria-label="Read so far"></progress>'
    return f'<p class="library-status" role="status">{bar}{hypertext.escape(text)}</p>'
