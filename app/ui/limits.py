"""What a reader limits a question to: days, sources, authors; and the way out of a time that the question named."""

from __future__ import annotations

from typing import Any

import gradio as gr

from app.exchange import Exchange
from app.limits import Limits, limits_of
from app.ui.place import html_place  # noqa: F401  # before gradio, whose settings it makes
from indexing.catalogue import Catalogue

CHOICES = 1000  # sources or authors offered at most


class LimitControls:
    """A chip above the question box, and a folded line of controls below it; chosen names are chips there."""

    def __init__(self) -> None:
        self.unlimited = gr.Button("", visible=False, elem_id="unlimited", size="sm")

    def place(self) -> None:
        """Put the folded controls here."""
        with gr.Accordion("Limit the search", open=False, elem_id="limits") as self.frame:
            with gr.Row(elem_id="limit-days"):
                self.since = gr.Textbox(label="From", placeholder="2016, 2016-03 or 2016-03-24", elem_id="since")
                self.until = gr.Textbox(label="Until", placeholder="2016, 2016-03 or 2016-03-24", elem_id="until")
            self.sources = gr.Dropdown([], label="Sources", multiselect=True, elem_id="limit-sources")
            self.authors = gr.Dropdown([], label="Authors", multiselect=True, elem_id="limit-authors")

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


def chosen(
    since: str | None, until: str | None, sources: list[str] | None, authors: list[str] | None, *, dates: bool
) -> Limits:
    """The limits that were chosen. Raises UsageError for what is no day."""
    return limits_of(since or None, until or None, tuple(sources or ()), tuple(authors or ()), dates=dates)
