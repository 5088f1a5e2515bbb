"""Answers MCP clients: a result as JSON, and its pictures as pictures."""

import base64
import json
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.processing_utils import add_root_url
from gradio_client.utils import is_file_obj_with_meta

MOST_PICTURES = 16
MOST_BYTES = 4_000_000
"""Of the pictures in an answer; others are there by their addresses."""


def connect(studio: gr.Blocks) -> None:
    """Let the tools of a server that was started answer so."""
    tools = studio.mcp_server_obj
    assert tools is not None, "it was started with them"
    tools.postprocess_output_data = partial(contents, tools.types)


def contents(types: Any, data: Sequence[Any], root_url: str) -> list[Any]:
    """Return what a tool answers: a text of JSON for each result, then the pictures in them.

    Args:
        types: MCP's module of that name.
        root_url: the address of the server, at which files are found.
    """
    results = add_root_url(list(data), root_url, None)
    texts = [types.TextContent(type="text", text=json.dumps(result, ensure_ascii=False)) for result in results]
    return [*texts, *(types.ImageContent(type="image", **picture) for picture in _pictures(results))]


def _pictures(results: Any) -> Iterator[dict[str, str]]:
    room = MOST_BYTES
    for path, media_type in list(_files(results))[:MOST_PICTURES]:
        content = path.read_bytes()
        room -= len(content)
        if room < 0:
            return
        yield {"data": base64.b64encode(content).decode(), "mimeType": media_type}


def _files(value: Any) -> Iterator[tuple[Path, str]]:
    """Yield each picture's path and media type."""
    if is_file_obj_with_meta(value):
        if str(value.get("mime_type")).startswith("image/"):
            yield Path(value["path"]), value["mime_type"]
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _files(each)
