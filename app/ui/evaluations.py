"""The tab Evaluations: past runs, one by itself or two side by side."""

from __future__ import annotations

from typing import Any

import gradio as gr

from app.settings import Settings
from app.ui.place import html_place  # before gradio, whose settings it makes
from app.web import evaluations, hypertext

NONE = "(none)"


class EvaluationsTab:
    """The components and what happens to them; made inside a tab."""

    def __init__(self, settings: Settings, tab: gr.Tab) -> None:
        self.home = settings.home
        with gr.Column(elem_id="evaluations"):
            with gr.Row(elem_id="runs"):
                self.first = gr.Dropdown([], label="Run", elem_id="run-first")
                self.second = gr.Dropdown([NONE], value=NONE, label="Compare with", elem_id="run-second")
            self.shown = html_place("run-shown")
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
        chosen = [self.first, self.second]
        tab.select(self.listed, chosen, [*chosen, self.shown], **quiet)
        gr.on([self.first.input, self.second.input], self.read, chosen, [self.shown], **quiet)

    def listed(self, first: str | None, second: str | None) -> list[Any]:
        """The runs that there are now; what was chosen stays where it is still there."""
        names = evaluations.names(self.home)
        first = first if first in names else next(iter(names), None)
        second = second if second in names else NONE
        choices = [gr.update(choices=names, value=first), gr.update(choices=[NONE, *names], value=second)]
        return [*choices, self.read(first, second)]

    def read(self, first: str | None, second: str | None) -> str:
        if not first:
            return evaluations.none_yet()
        runs = [evaluations.read(self.home, name) for name in (first, second) if name and name != NONE]
        if any(run is None for run in runs):
            return hypertext.problem(
                "This run cannot be shown", "This run's files are not what a run leaves; run it again."
            )
        known = [run for run in runs if run is not None]
        return evaluations.one(known[0]) if len(known) == 1 else evaluations.two(known[0], known[1])
