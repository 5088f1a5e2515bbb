"""Opens the painter of regions on Gradio's page."""

import dataclasses
import json
from collections.abc import Mapping

from gradio.blocks import Block

from studio.declared import Experiment
from studio.faces.gradio.parts import QUIET
from studio.kinds import Control, Regions, Upload
from studio.kinds.regions import PAINTED_SIDE
from studio.wire import files


def connect_painter(
    experiment: Experiment, group: Mapping[str, Regions], controls: Mapping[str, Block], alert: Block
) -> None:
    """Open one painter for the whole group, from each of its buttons.

    A mask of another shape than the photograph that is chosen under it is dropped.
    """
    matching = next(iter(group.values())).matching
    pictures = [
        {
            "label": experiment.controls[control.of].label,
            "photographs": _sources(experiment.controls[control.of]),
            "masks": _sources(control),
        }
        for control in group.values()
    ]
    palette = next(iter(group.values())).palette
    settings = {"matching": matching and dataclasses.asdict(matching), "palette": palette, "pictures": pictures}
    masks = [controls[name] for name in group]
    below = [controls[control.of] for control in group.values()]
    sizes = [controls[matching.longest]] if matching else []
    script = f"(...values) => studio.paint({json.dumps(settings)}, values)"
    for mask in masks:
        mask.select(None, inputs=[*below, *masks, *sizes], outputs=masks, js=script, **QUIET)
    for photograph, mask, picture in zip(below, masks, pictures, strict=True):
        script = f"(...values) => studio.fitting({json.dumps(picture)}, ...values)"
        photograph.change(None, inputs=[photograph, mask], outputs=[mask, alert], js=script, **QUIET)


def _sources(control: Control) -> dict[str, str]:
    """Return where a browser finds the examples of a photograph or a mask, as large as they are painted on."""
    assert isinstance(control, Upload), "regions are those of a photograph, or of a clip's first labels"
    preview = type(control).preview
    return {name: files.example(read, PAINTED_SIDE, preview) for name, read in control.examples.items()}
