"""What is shown and said of somebody who dances."""

from typing import TYPE_CHECKING

import numpy as np

from engines.runtime import lazy

if TYPE_CHECKING:
    import cv2

    from engines.everybody_dance_now import engine
    from engines.everybody_dance_now import skeleton as skeletons
    from engines.everybody_dance_now.engine import Danced
    from engines.everybody_dance_now.subject import Subject
    from engines.ganimation import mark as marks
else:
    cv2 = lazy.load("cv2")
    engine = lazy.load("engines.everybody_dance_now.engine")
    skeletons = lazy.load("engines.everybody_dance_now.skeleton")
    marks = lazy.load("engines.ganimation.mark")

NO_FEET = "No feet are seen: the target's legs stand still. Step back until you are in the picture from head to foot."
SECOND_PERSON = "Two people are seen; the more prominent one is followed, and may change."


def views(frame: np.ndarray, danced: "Danced | None", target: "Subject") -> dict[str, np.ndarray]:
    """Source with its skeleton, that alone, the normalised one, the target, as high as it; nobody on an empty stage."""
    scale = target.side / frame.shape[0]
    source = small(frame, target.side)
    if danced is None:
        nothing = np.zeros((target.side, target.side, 3), np.uint8)
        return {
            "source": source,
            "skeleton": np.zeros_like(source),
            "normalized": nothing,
            "target": engine.stage(target),
        }
    figure = skeletons.draw_figure(skeletons.scaled(danced.skeleton, scale), *source.shape[:2])
    return {
        "source": np.where(figure.any(2, keepdims=True), figure, source),
        "skeleton": figure,
        "normalized": skeletons.draw_figure(danced.pose, target.side, target.side),
        "target": marks.mark(danced.picture),
    }


def small(frame: np.ndarray, height: int) -> np.ndarray:
    """Resize a frame to a height."""
    size = round(frame.shape[1] * height / frame.shape[0]), height
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA if height < frame.shape[0] else cv2.INTER_LINEAR)
