"""A place on the page for HTML that `app/render.py` and its like have made."""

from __future__ import annotations

import os

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read while gradio is imported

import gradio as gr


def html_place(name: str, value: str = "", template: str = "${value}") -> gr.HTML:
    """A place for HTML made by `app/render.py`. The template is ours and constant; values are never compiled."""
    return gr.HTML(value, html_template=template, js_on_load=None, apply_default_css=False, elem_id=name)
