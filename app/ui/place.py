"""A place on the page for HTML that `app/web/render.py` and its like have made."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read while gradio is imported
if "GRADIO_TEMP_DIR" not in os.environ:
    # Gradio calls its copy of an upload by its content: of one folder for all servers of a machine, each would take
    # away what the others are about to read.
    os.environ["GRADIO_TEMP_DIR"] = tempfile.mkdtemp(prefix="onrecord-")
    atexit.register(shutil.rmtree, os.environ["GRADIO_TEMP_DIR"], ignore_errors=True)

import gradio as gr

# A button in HTML of ours that names a speaker, a limit or what is to be done again comes to the server as `select`.
CHOOSING = """element.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-speaker], button[data-again], button[data-limit]");
    if (button) trigger("select", { ...button.dataset });
});"""


def html_place(name: str, value: str = "", template: str = "${value}", choosing: bool = False) -> gr.HTML:
    """A place for HTML made by `app/web/render.py`. The template is ours and constant; values are never compiled."""
    return gr.HTML(
        value, html_template=template, js_on_load=CHOOSING if choosing else None, apply_default_css=False, elem_id=name
    )
