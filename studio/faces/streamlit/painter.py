"""Draws the painter of regions on Streamlit's page."""

import base64
from collections.abc import Mapping

import streamlit as st

from engines.runtime.errors import InputError
from studio.faces.streamlit.components import address, component
from studio.faces.streamlit.sheet import Sheet, encoded
from studio.kinds import Control, Regions, Upload
from studio.kinds.regions import PAINTED_SIDE


def paint(sheet: Sheet, group: Mapping[str, Regions]) -> None:
    """Draw the painter of a group of regions in a dialog, until its masks are used."""
    matching = next(iter(group.values())).matching
    pictures = []
    for name, control in group.items():
        photograph = sheet.experiment.controls[control.of]
        pictures.append(
            {
                "label": photograph.label,
                "photograph": _painted(photograph, sheet.values[control.of], ".webp"),
                "mask": _painted(control, sheet.values[name], ".png"),
            }
        )
    palette = next(iter(group.values())).palette
    rule = matching and {
        "fewest": matching.fewest,
        "coarsest": matching.coarsest,
        "largestRatio": matching.largest_ratio,
        "longest": sheet.values[matching.longest],
    }
    painted = component(
        "painter",
        "painter.css",
        data={"pictures": pictures, "matching": rule, "palette": palette},
        key=sheet.key("painter"),
        on_masks_change=lambda: None,
    )
    if painted.masks is not None:
        masks = [mask and base64.b64decode(mask.partition(",")[2]) for mask in painted.masks]
        sheet.put(dict(zip(group, masks, strict=True)))
        st.rerun()


def _painted(control: Control, value: bytes | str | None, suffix: str) -> str | None:
    """Return the address of a photograph to paint on or of its mask; None if none can be read."""
    if not value:
        return None
    assert isinstance(control, Upload), "regions are those of a photograph, or of a clip's first labels"
    try:
        content = value if isinstance(value, bytes) else control.examples[value]()
        return address(encoded(control.preview(content, control.label, PAINTED_SIDE), suffix, {}))
    except InputError:
        return None
