"""How long a film is that a page makes frame by frame, and whether it comes back to its beginning."""

from fractions import Fraction

from studio.kinds import Number, Switch

FRAME_RATE = Fraction(24)
FRAMES_SHOWN = 8
"""Of a film, beside it."""
FRAMES = Number("Frames", 2, 240, 48, 1, group="Film", help="Twenty-four are a second.")
LOOP = Switch("And back, without end", True, group="Film")
