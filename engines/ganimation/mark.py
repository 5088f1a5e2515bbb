"""The word on every picture that shows a face as it never was."""

import cv2
import numpy as np

WORD = "synthetic"
SHARE = 0.11
"""Of the picture's shorter side, how wide the word is."""
NARROWEST = 44
"""Pixels; narrower, it cannot be read."""
MARGIN = 0.6
"""Of the letters' height, dark around the word."""
DARKENED = 0.3
"""What is left of the picture's light under the word."""


def mark(picture: np.ndarray) -> np.ndarray:
    """The picture `(H, W, 3)` uint8 with the word in its lower right corner, white on what it covers, darkened."""
    marked = np.ascontiguousarray(picture).copy()
    height, width = picture.shape[:2]
    font = cv2.FONT_HERSHEY_SIMPLEX
    (natural, _), _ = cv2.getTextSize(WORD, font, 1.0, 1)
    scale = max(SHARE * min(height, width), NARROWEST) / natural
    thickness = max(1, round(1.5 * scale))
    (wide, tall), below = cv2.getTextSize(WORD, font, scale, thickness)
    margin = round(MARGIN * tall)
    left, base = max(0, width - wide - margin), height - below - margin // 2
    corner = marked[max(0, base - tall - margin) :, max(0, left - margin) :]
    corner[:] = (DARKENED * corner).astype(np.uint8)
    cv2.putText(marked, WORD, (left, base), font, scale, (255, 255, 255), thickness, cv2.LINE_AA)
    return marked
