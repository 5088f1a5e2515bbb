"""Gradio's Blocks, which tell in a sentence what cannot be done, and log only bugs."""

import inspect
from typing import Any

import gradio as gr
from fastapi import Request
from fastapi.responses import JSONResponse
from gradio.blocks import BlockFunction
from gradio.exceptions import InvalidPathError
from gradio.route_utils import FnIndexInferError

from studio.faces.api import EXTRA, NO_FILE
from studio.runs.run import sentence
from studio.wire.origin import refusal

INFORMATION = "/gradio_api/info"


class Blocks(gr.Blocks):  # type: ignore[misc]
    """Are the studio's: Gradio alone would answer {"error": null}, and log what was sent."""

    async def process_api(self, *arguments: Any, **named: Any) -> dict[str, Any]:
        """Answer an event; whatever is raised meanwhile becomes a sentence."""
        try:
            made: dict[str, Any] = await super().process_api(*arguments, **named)
            return made
        except gr.Error:
            raise
        except InvalidPathError:
            raise gr.Error(f"{NO_FILE[0].upper()}{NO_FILE[1:]}", print_exception=False) from None
        except Exception as error:
            raise gr.Error(sentence(error), print_exception=False) from error

    def validate_inputs(self, block_fn: BlockFunction, inputs: list[Any]) -> None:
        """Refuse an event that brings too few values, and say which are missing."""
        needed = len(block_fn.inputs)
        if len(inputs) >= needed:
            return
        names = [name for name in inspect.signature(block_fn.fn).parameters if name not in EXTRA]
        words = f"{needed} values are needed, and {len(inputs)} were sent; {INFORMATION} names them."
        if block_fn.api_name and len(names) == needed:
            missing = ", ".join(names[len(inputs) :])
            words = f"{block_fn.api_name} takes {needed} values, and got {len(inputs)}; missing: {missing}."
        raise gr.Error(words, print_exception=False)


async def _unknown(request: Request, error: Exception) -> JSONResponse:
    return refusal(404, f"There is no such endpoint; {INFORMATION} lists those that there are.")


ANSWERS: dict[type[Exception], Any] = {FnIndexInferError: _unknown}
"""What is answered to exceptions of Gradio's that are no bug of ours."""
