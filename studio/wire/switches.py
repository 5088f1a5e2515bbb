"""What the owner of a studio has switched off: STUDIO_WITHOUT="vid2vid everybody_dance_now/train jobs mcp".

The words are panels, experiments of panels, `jobs` for every experiment that is kept as a job, and `mcp`.
"""

import os
from collections.abc import Sequence
from dataclasses import replace

from engines.runtime.errors import DeviceError
from studio.declared import LongExperiment, Panel

JOBS, MCP = "jobs", "mcp"


def shown(panels: Sequence[Panel]) -> list[Panel]:
    """Return the panels with the experiments that are not switched off.

    Raises:
        DeviceError: STUDIO_WITHOUT names what is none of these, or leaves nothing.
    """
    words = _without()
    parts = (_part(panel, words) for panel in panels if panel.slug not in words)
    kept = [panel for panel in parts if panel.experiments]
    known = {JOBS, MCP, *(panel.slug for panel in panels)}
    known |= {f"{panel.slug}/{each.name}" for panel in panels for each in panel.experiments}
    for word in words:
        if word not in known:
            raise DeviceError(
                f"STUDIO_WITHOUT: {word!r} is no panel, no experiment such as everybody_dance_now/train, and neither "
                f"{JOBS} nor {MCP}; `studio list` names them."
            )
    if not kept:
        raise DeviceError("STUDIO_WITHOUT leaves no panel; take a word out of it.")
    return kept


def _part(panel: Panel, words: Sequence[str]) -> Panel:
    experiments = [
        each
        for each in panel.experiments
        if f"{panel.slug}/{each.name}" not in words and not (JOBS in words and isinstance(each, LongExperiment))
    ]
    if len(experiments) == len(panel.experiments):
        return panel
    is_living = panel.living is not None and panel.living.experiment in [each.name for each in experiments]
    return replace(panel, experiments=experiments, living=panel.living if is_living else None)


def has_mcp() -> bool:
    """Tell whether language models are offered the experiments as tools."""
    return MCP not in _without()


def _without() -> list[str]:
    return os.environ.get("STUDIO_WITHOUT", "").replace(",", " ").split()
