"""Computes optical flow between frames, carries values along it, and measures how much a clip flickers against it.

A flow is (height, width, 2): the place in the previous frame where each pixel was, in pixels right and down from its
own.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

CUT = 20
"""The mean difference, in levels of 255, from the previous frame carried along the flow, above which a new scene
begins. Within four clips of dancers it stays below 8; between them, and between unlike pictures, it is 37 and more."""
AGREEMENT = 0.5
"""The number of pixels by which the way along the flow, there and back, may miss its start."""

Frame = NDArray[np.uint8]
"""A picture, (H, W, 3)."""
Flow = NDArray[np.float32]


def dense_flow(now: NDArray[np.uint8], before: NDArray[np.uint8], finest_scale: int = 1) -> Flow:
    """Find the flow of grey pictures `(H, W)`, by OpenCV's DIS, down to one in 2^`finest_scale` of their size."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setFinestScale(finest_scale)
    return search.calc(now, before, None)


def follow(frame: Frame, previous: Frame, finest_scale: int = 1) -> Flow | None:
    """Find the flow to the previous frame; None if it explains so little that a new scene must have begun."""
    now, before = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (frame, previous))
    flow = dense_flow(now, before, finest_scale)
    return flow if cv2.absdiff(now, carried(before, flow)).mean() <= CUT else None


def places(flow: Flow) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Compute where in the previous frame each pixel was, across and down, as `cv2.remap` takes it."""
    down, right = np.indices(flow.shape[:2], np.float32)
    return right + flow[..., 0], down + flow[..., 1]


def carried(values: NDArray[Any], flow: Flow, interpolation: int = cv2.INTER_LINEAR) -> NDArray[Any]:
    """Give each pixel what it had at its place in the previous frame; `values` are (..., height, width, channels)."""
    if values.ndim > 3:
        return np.stack([carried(part, flow, interpolation) for part in values])
    return cv2.remap(values, *places(flow), interpolation, borderMode=cv2.BORDER_REPLICATE)


class FlickerMeter:
    """Measures clips, frame after frame, against the motion of their content.

    It continues from `last`, the last frames of an earlier meter.
    """

    def __init__(self, last: tuple[Frame | None, Mapping[str, NDArray[np.float32]]] = (None, {})) -> None:
        self.last = last

    def measure(self, content: Frame, clips: Mapping[str, Frame]) -> dict[str, float]:
        """Measure the flicker of each clip since its last frame; nothing where a scene begins.

        All frames are (H, W, 3) uint8.
        """
        frames = {name: frame.astype(np.float32) for name, frame in clips.items()}
        flicker = {}
        previous, others = self.last
        if previous is not None:
            back, there = follow(content, previous, 0), follow(previous, content, 0)
            if back is not None and there is not None:
                agree = np.linalg.norm(back + carried(there, back), axis=2) < AGREEMENT
                for name, frame in frames.items():
                    # Cubic, because the blur of a linear interpolation would count as flicker.
                    expected = carried(others[name], back, cv2.INTER_CUBIC)
                    flicker[name] = float(np.abs(frame - expected)[agree].mean())
        self.last = content, frames
        return flicker


def flicker(real: Sequence[Frame], clips: Mapping[str, Sequence[Frame]]) -> dict[str, float]:
    """Measure each clip's mean difference, in levels of 255, from its previous frame carried along the real flow."""
    meter = FlickerMeter()
    measured = [
        meter.measure(frame, {name: clip[place] for name, clip in clips.items()}) for place, frame in enumerate(real)
    ]
    return {name: float(np.mean([each[name] for each in measured if each])) for name in clips}


def detail(frames: Sequence[Frame]) -> float:
    """Measure the mean difference of neighbouring pixels, in levels of 255; less than in real frames is blur."""
    values = np.stack(frames).astype(np.float32)
    return float(np.abs(np.diff(values, axis=1)).mean() + np.abs(np.diff(values, axis=2)).mean()) / 2
