"""Who has runs in Gradio's queue, and the end of those to which nobody listens."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr
from gradio.utils import get_upload_folder

from studio.runs.visitors import Who
from studio.wire.gate import WHO, Waiting

UNHEARD_SECONDS = 30.0
"""For which a run waits that its client listens: pages and programs do so at once."""


class Queued(Waiting):
    """The runs in the queue of these Blocks."""

    def __init__(self, studio: gr.Blocks) -> None:
        self._studio = studio

    def __call__(self) -> Iterable[Who]:
        """List who has asked for each event that waits or runs."""
        return [event.request.scope[WHO] for event in self._events() if WHO in event.request.scope]

    async def forget_abandoned(self, listened: Counter[str]) -> None:
        """End the events of pages that have not been heard of for long."""
        oldest = time.monotonic() - UNHEARD_SECONDS
        sessions = {
            event.session_hash
            for event in self._events()
            if event.enqueue_time < oldest and not listened.keys() & {event.session_hash, event._id}
        }
        for session in sessions:
            await self._studio._queue.clean_events(session_hash=session)

    def remove_unfinished(self) -> None:
        """Remove the files into which Gradio receives uploads, which it moves into folders once they are whole."""
        folder = Path(get_upload_folder())
        for file in folder.glob("*") if folder.is_dir() else ():
            if file.is_file():
                file.unlink(missing_ok=True)

    def _events(self) -> Iterator[Any]:
        queue = self._studio._queue
        for waiting in queue.event_queue_per_concurrency_id.values():
            yield from waiting.queue
        for events in queue.active_jobs:
            yield from (event for event in events or () if event.alive)
