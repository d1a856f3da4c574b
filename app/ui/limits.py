"""What a reader limits a question to: days, sources, authors; and the way out of each, and of a time that the question
named."""

from __future__ import annotations

from typing import Any

import gradio as gr

from app.exchange import Exchange
from app.questions.limits import Limits, limits_of
from app.ui.place import html_place  # before gradio, whose settings it makes
from app.web.hypertext import escape
from indexing.catalogue import Catalogue

CHOICES = 1000  # sources or authors offered at most
WITHOUT = "(...given) => window.onrecord.withoutLimit(given)"


class LimitControls:
    """Chips above the question box, each a limit that a press takes away; and a folded line of controls below it."""

    def __init__(self) -> None:
        self.chips = html_place("limit-chips", choosing=True)
        self.unlimited = gr.Button("", visible=False, elem_id="unlimited", size="sm")

    def place(self) -> None:
        """Put the folded controls here."""
        with gr.Accordion("Limit the search", open=False, elem_id="limits") as self.frame:
            with gr.Row(elem_id="limit-days"):
                self.since = gr.Textbox(label="From", placeholder="2016, 2016-03 or 2016-03-24", elem_id="since")
                self.until = gr.Textbox(label="Until", placeholder="2016, 2016-03 or 2016-03-24", elem_id="until")
            self.sources = gr.Dropdown([], label="Sources", multiselect=True, elem_id="limit-sources")
            self.authors = gr.Dropdown([], label="Authors", multiselect=True, elem_id="limit-authors")

        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        changes = [one.change for one in self.given]
        gr.on(changes, chips, self.given, [self.chips], trigger_mode="always_last", **quiet)
        # Within the page: a question asked right after is asked without it.
        self.chips.select(None, self.given, self.given, js=WITHOUT, **quiet)

    @property
    def given(self) -> list[Any]:
        """The components whose values `chosen` takes, in order."""
        return [self.since, self.until, self.sources, self.authors]

    def offered(self, catalogue: Catalogue) -> dict[Any, Any]:
        """The sources and authors that there are."""
        known = [entry.metadata for entry in catalogue.entries()]
        sources, authors = ({getattr(one, key) for one in known} - {""} for key in ("source", "author"))
        return {
            self.sources: gr.update(choices=sorted(sources, key=str.casefold)[:CHOICES]),
            self.authors: gr.update(choices=sorted(authors, key=str.casefold)[:CHOICES]),
        }

    def heeded(self, exchange: Exchange | None) -> Any:
        """The button that drops a time read from the question, where one was heeded."""
        dates = exchange.filters.get("dates", ()) if exchange is not None and not exchange.running else ()
        words = [one["words"] for one in dates if one["from"] == "question"]
        return gr.update(visible=bool(words), value=f"✕ “{words[0]}” preferred: search all dates" if words else "")


def chips(since: str | None, until: str | None, sources: list[str] | None, authors: list[str] | None) -> str:
    """The limits as buttons, as HTML; nothing where there is none."""
    days = [(key, text.strip(), f"{word} {text.strip()}") for key, word, text in _days(since, until) if text.strip()]
    names = [(key, name, name) for key, given in (("sources", sources), ("authors", authors)) for name in given or ()]
    buttons = "".join(
        f'<li><button type="button" data-limit="{key}" data-name="{escape(value)}" '
        f'aria-label="{escape(f"Do not limit the search to: {shown}")}">'
        f"<span aria-hidden=true>✕</span> {escape(shown)}</button></li>"
        for key, value, shown in (*days, *names)
    )
    return f'<ul class="limit-chips" aria-label="The search is limited to">{buttons}</ul>' if buttons else ""


def _days(since: str | None, until: str | None) -> tuple[tuple[str, str, str], ...]:
    return ("since", "from", since or ""), ("until", "until", until or "")


def chosen(
    since: str | None, until: str | None, sources: list[str] | None, authors: list[str] | None, *, dates: bool
) -> Limits:
    """The limits that were chosen. Raises UsageError for what is no day."""
    return limits_of(since or None, until or None, tuple(sources or ()), tuple(authors or ()), dates=dates)
