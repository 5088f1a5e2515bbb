"""Builds components that studio.js brings to life."""

from typing import Any

import gradio as gr

QUIET = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
"""The options of all our events: no veil over the page, no endpoint of their own, and no limit, because they only
wait."""


def html(value: str, **properties: Any) -> gr.HTML:
    """Build a text that stays as it is."""
    return gr.HTML(value, js_on_load=None, apply_default_css=False, **properties)


def drawn(value: Any, script: str, **properties: Any) -> gr.HTML:
    """Build a component that studio.js draws; its template never changes, so Gradio never touches what stands in it."""
    return gr.HTML(value, html_template="", js_on_load=script, apply_default_css=False, **properties)


def chooser(value: str, script: str) -> gr.HTML:
    """Build buttons of which one is chosen."""
    return gr.HTML(value, js_on_load=script, apply_default_css=False)
