"""Photo stylization of a clip, steady in time: a step beyond arXiv:1802.06474, which stylizes one picture at a time.

Frame by frame, the statistics that whitening and colouring reads, and with them all colours, change a little with every
frame. Here a look is what the guided filter makes of a stylized frame: an affine function of the content's colours at
each pixel. Looks are computed at a small size for every eighth frame, carried from frame to frame along the content's
optical flow, and pass gradually into one another. What a look would amplify, the content's own grain, is calmed first
along the same flow; all else in a frame is its own pixels under a look, so that nothing lags behind.
"""

from collections.abc import Generator, Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from engines.photo_stylization import engine
from engines.photo_stylization.smoothing import GUIDED_EPSILON, GUIDED_RADIUS, apply_colours, fit_colours
from engines.runtime.images import fit
from engines.runtime.progress import Progress
from engines.shared.flow import Flow, Frame, carried, follow
from engines.shared.tensors import to_tensor

LONGEST = 256
"""Pixels of the longer side at which looks are computed."""
RADIUS = GUIDED_RADIUS // 2
"""Covers as much of these pictures as the published radius does of pictures twice their size."""
EVERY = 8
"""Frames from one computed look to the next."""
PACE = 0.1
"""Share of its way to the newest computed look that a look goes in a frame: half in seven, nine tenths in a second."""
CALM = 0.6
"""Share of the carried frame before in what a look is applied to, where the two differ by nothing."""
GRAIN = 14.0
"""Levels of 255 at which that share has fallen to a third: grain lies below, what moves unlike the flow above."""

Look = NDArray[np.float32]
"""(3, height, width, 4): for each colour of a pixel factors for the content's red, green and blue, and a constant."""


class ClipStylizer:
    """Gives the frames of a clip, one after the other, the look of one style; with a new scene the look begins anew.

    Frames and style are (H, W, 3) uint8, as clips give them; `count` is how many frames there are; `strengths` are as
    in `engine.stylize`. Where not `steady`, every frame has the look computed for it alone. `state` between two frames
    is all that another one needs to go on from there, by `load`.
    """

    def __init__(
        self,
        style: Frame,
        *,
        count: int,
        strengths: Mapping[int, float],
        steady: bool,
        checkpoint: str = engine.BUNDLED,
    ) -> None:
        self._style = to_tensor(fit(style, LONGEST))
        self._count = count
        self._strengths = strengths
        self._steady = steady
        self._checkpoint = checkpoint
        self.state: dict[str, Any] = {"place": 0}

    def load(self, state: Mapping[str, Any]) -> None:
        self.state = dict(state)

    @property
    def place(self) -> int:
        """How many frames are done."""
        return self.state["place"]

    def stylize(self, frame: Frame) -> Generator[Progress, None, Frame]:
        """The next frame in that look.

        Raises:
            InputError: the style is smaller than 16 pixels a side, or so is the frame, made small.
            CheckpointError: the checkpoint is not here, or does not fit.
        """
        before, place, small = self.state, self.place, fit(frame, LONGEST)
        progress = Progress(place / self._count, f"Frame {place + 1} of {self._count}")
        computing = _compute(small, self._style, self._strengths, self._checkpoint, progress)
        flow = follow(small, before["small"]) if self._steady and place else None
        if flow is None:
            look = newest = yield from computing
            due = place + EVERY
            calm = frame.astype(np.float32)
        else:
            look, newest, due = carried(before["look"], flow), carried(before["newest"], flow), before["due"]
            if place == due:
                newest = yield from computing
                due += EVERY
            look += PACE * (newest - look)
            calm = calmed(frame, before["calm"], flow)
        yield progress
        self.state = {"place": place + 1, "small": small, "look": look, "newest": newest, "due": due, "calm": calm}
        colours = apply_colours(look, calm / 255)
        return (255 * colours.clip(0, 1) + 0.5).astype(np.uint8)


def calmed(frame: Frame, before: NDArray[np.float32], flow: Flow) -> NDArray[np.float32]:
    """The frame with less grain, in levels of 255: mixed with the calmed one before, where that, carried, agrees.

    `flow` may be of a smaller size than the frame.
    """
    height, width = frame.shape[:2]
    scale = np.array([width / flow.shape[1], height / flow.shape[0]], np.float32)
    # Cubic, since a linear interpolation would blur a little more with every frame.
    expected = carried(before, cv2.resize(flow, (width, height)) * scale, cv2.INTER_CUBIC)
    change = expected - frame
    distance = cv2.blur(np.abs(change).max(2), (3, 3))
    return frame + CALM * np.exp(-np.square(distance / GRAIN))[..., None] * change


def _compute(
    frame: Frame, style: Tensor, strengths: Mapping[int, float], checkpoint: str, progress: Progress
) -> Generator[Progress, None, Look]:
    """The look of one frame; `progress` is told again at every step of the network."""
    stages = engine.stylize(
        to_tensor(frame),
        style,
        strengths=strengths,
        smoother="none",
        smoothing_weight=0,
        post_filter=False,
        checkpoint=checkpoint,
    )
    for stage in stages:
        if isinstance(stage, engine.Stage):
            stylized = stage.picture
        yield progress
    target = (stylized.permute(1, 2, 0).numpy() + 1) / 2
    return fit_colours(target, frame.astype(np.float32) / 255, RADIUS, GUIDED_EPSILON)
