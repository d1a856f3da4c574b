"""The tab Timeline: when and where a topic is spoken of, and who said what; by topic, by speaker, or both."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import gradio as gr

from app.assistant import Assistant
from app.quotes.draft_commands import aliases_of
from app.quotes.said import quoted_people
from app.settings import Settings
from app.timeline import timeline
from app.ui.place import html_place  # before gradio, whose settings it makes
from app.web import hypertext
from app.web.timeline_view import as_html
from indexing.errors import OnrecordError

LOG = logging.getLogger(__name__)
SPEAKERS = 1000  # names offered
BROKEN = "Something went wrong inside Onrecord. The terminal it was started from shows the details."
LOOKING = '<p class="progress" role="status">Looking through the documents…</p>'
INTRODUCTION = (
    '<div class="welcome"><h2>When was it said, where, and by whom?</h2><p>Name a topic, and see in which source and '
    "when it is mentioned, and what people are quoted with about it. Choose a speaker, and see what they said. Every "
    "line leads to its exact words.</p></div>"
)


class TimelineTab:
    """The components and what happens to them; made inside a tab."""

    def __init__(self, assistant: Assistant, settings: Settings, tab: gr.Tab) -> None:
        self.assistant = assistant
        self.settings = settings
        with gr.Column(elem_id="timeline"):
            with gr.Row(elem_id="timeline-tools"):
                self.topic = gr.Textbox(
                    label="Topic", placeholder="One or more words, such as sanctions", elem_id="timeline-topic", scale=3
                )
                self.speaker = gr.Dropdown(
                    [], label="Speaker (if only one)", allow_custom_value=True, elem_id="timeline-speaker", scale=2
                )
                self.show = gr.Button("Show", variant="primary", elem_id="timeline-show", scale=0)
            self.shown = html_place("timeline-shown", INTRODUCTION)
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        given, told = [self.topic, self.speaker], [self.shown]
        tab.select(self.offered, None, [self.speaker], **quiet)
        asked = [self.show.click, self.topic.submit, self.speaker.input]
        gr.on(asked, self.looked_for, given, told, trigger_mode="always_last", **quiet)

    def offered(self) -> Any:
        """The names that there are now, the most quoted first."""
        people = quoted_people(self.assistant.collection.catalogue)
        return gr.update(choices=["", *(one.name for one in people[:SPEAKERS])])

    def looked_for(self, topic: str | None, speaker: str | None) -> Iterator[str]:
        """That it is being looked for, and then what was found."""
        yield LOOKING
        yield self.found(topic, speaker)

    def found(self, topic: str | None, speaker: str | None) -> str:
        topic, speaker = (topic or "").strip(), (speaker or "").strip()
        if not topic and not speaker:
            return INTRODUCTION
        try:
            return as_html(timeline(self.assistant.collection, topic, speaker, aliases_of(self.settings)))
        except OnrecordError as error:
            return hypertext.problem("Nothing to show", str(error))
        except Exception:  # a defect: its traceback goes to the terminal
            LOG.exception("while a timeline was made")
            return hypertext.problem("That did not work", BROKEN)
