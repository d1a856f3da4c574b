"""The tab Check quotes: one quote with its speaker, or a draft, pasted or dropped as a file. Nothing here keeps it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from app.assistant import Assistant
from app.identity import noted
from app.quotes.desk import QuoteDesk
from app.quotes.draft import DRAFTS, Checked, DraftQuote, check_draft, draft_of, read_draft
from app.quotes.draft_commands import aliases_of
from app.quotes.result import PROFILES, Profile
from app.quotes.view import report_view, verdict_view
from app.settings import Settings
from app.ui.place import html_place  # before gradio, whose settings it makes
from app.web import hypertext, render
from indexing.errors import OnrecordError
from indexing.files import MEGABYTE
from indexing.spans import Span

LOG = logging.getLogger(__name__)
QUOTE, DRAFT = "A quote", "A draft"
LONGEST = 1_000_000  # characters of a draft that is pasted
BROKEN = "Something went wrong inside Onrecord. The terminal it was started from shows the details."

Updates = dict[Any, Any]


class QuotesTab:
    """The components and what happens to them; made inside a tab."""

    def __init__(self, assistant: Assistant, settings: Settings) -> None:
        self.assistant = assistant
        self.settings = settings
        with gr.Row(elem_id="quotes"):
            with gr.Column(elem_id="quote-form", scale=1):
                self.kind = gr.Radio([QUOTE, DRAFT], value=QUOTE, label="What to check", elem_id="quote-kind")
                self.text = gr.Textbox(
                    label="The words", placeholder="Paste a quote, with or without its marks", lines=6, max_lines=24,
                    elem_id="quote-text",
                )  # fmt: skip
                self.speaker = gr.Textbox(label="Given to (if known)", placeholder="Name", elem_id="quote-speaker")
                self.profile = gr.Dropdown(list(PROFILES), value="strict", label="House rules", elem_id="quote-profile")
                self.file = gr.File(
                    label=f"or a draft as a file ({' '.join(DRAFTS)})", type="filepath", file_types=list(DRAFTS),
                    height=110, elem_id="quote-file", visible=False,
                )  # fmt: skip
                self.check = gr.Button("Check", variant="primary", elem_id="quote-check")
            with gr.Column(elem_id="quote-result", scale=3):
                self.result = html_place("verdicts", _INTRODUCTION)
        self._listen()

    def _listen(self) -> None:
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        given = [self.kind, self.text, self.speaker, self.profile]
        shown = [self.result, self.file]
        gr.on([self.check.click, self.speaker.submit], self.checked, given, shown, **quiet)
        self.file.upload(self.dropped, [self.file, self.profile], shown, **quiet)
        self.kind.change(_fields, [self.kind], [self.speaker, self.file, self.text], **quiet)

    def checked(
        self, request: gr.Request, kind: str, text: str | None, speaker: str | None, profile: Profile
    ) -> Iterator[Updates]:
        """One quote, or every quote of a pasted draft."""
        text = text or ""
        if not text.strip():
            yield {self.result: render.hint("Paste a quote or a draft first.")}
            return
        if len(text) > LONGEST:
            yield {self.result: render.hint(f"This is longer than {LONGEST:,} characters; check it in parts.")}
            return
        noted(request, "check quotes")
        yield {self.result: _WORKING}
        if kind == DRAFT:
            yield self._answered(lambda desk: report_view(check_draft(desk.check, draft_of(text), profile)))
        else:
            yield self._answered(lambda desk: verdict_view(self._one(desk, text, speaker or "", profile)))

    def dropped(self, request: gr.Request, path: str | None, profile: Profile) -> Iterator[Updates]:
        """A draft as a file; the copy that was made of it on the way goes at once."""
        if not path:
            return
        noted(request, "check quotes")
        yield {self.result: _WORKING}
        largest = int(self.settings.max_document_mb * MEGABYTE)
        try:
            yield self._answered(
                lambda desk: report_view(check_draft(desk.check, read_draft(Path(path), largest), profile))
            )
        finally:
            Path(path).unlink(missing_ok=True)

    def _one(self, desk: QuoteDesk, text: str, speaker: str, profile: Profile) -> Checked:
        quote = DraftQuote(text.strip(), (Span(0, len(text)),), speaker.strip())
        return Checked(quote, desk.check(text, speaker, profile, variants=True))

    def _answered(self, work: Any) -> Updates:
        try:
            desk = QuoteDesk(self.assistant.collection, aliases_of(self.settings))
            return {self.result: work(desk), self.file: None}
        except OnrecordError as error:
            return {self.result: hypertext.problem("This could not be checked", str(error)), self.file: None}
        except Exception:  # a defect: its traceback goes to the terminal, without the words that were checked
            LOG.exception("while quotes were checked")
            return {self.result: hypertext.problem("This could not be checked", BROKEN), self.file: None}


def _fields(kind: str) -> list[Any]:
    draft = kind == DRAFT
    hint = "Paste a draft with its quotation marks" if draft else "Paste a quote, with or without its marks"
    return [gr.update(visible=not draft), gr.update(visible=draft), gr.update(placeholder=hint)]


_WORKING = '<p class="progress" role="status">Comparing word for word…</p>'
_INTRODUCTION = (
    '<div class="welcome"><h2>Was it said, and just so?</h2><p>Paste a quote or a draft. For each quote you learn '
    "whether these documents have it word for word, what differs, in what context it stands and who said it. Nothing "
    "you paste is kept or leaves this machine.</p></div>"
)
