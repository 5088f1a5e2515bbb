"""What Gradio keeps of each page that is open, and of each call of a program.

It would describe every component of every page in each of them, for links that no page of ours makes: as long as a run
takes, on the thread that answers everybody, and megabytes each. Here a session notes only what has changed in it.
"""

from types import SimpleNamespace

from gradio.blocks import Blocks
from gradio.state_holder import SessionState

MOST_SESSIONS = 1000
"""Sessions that are kept; that used longest ago is forgotten first. None of ours holds what is not also elsewhere."""

_describe_all = SessionState.__init__


def _begin(session: SessionState, blocks: Blocks) -> None:
    _describe_all(session, SimpleNamespace(default_config=blocks.default_config, blocks=()))


def begin_empty() -> None:
    """Let every session of Gradio's begin without a description of its components."""
    SessionState.__init__ = _begin
