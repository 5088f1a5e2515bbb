"""Make the example clips of this folder: an adult's and a child's dance. Neither of them exists.

python -m assets.examples.dance
"""

from fractions import Fraction
from pathlib import Path

from engines.everybody_dance_now.character.body import CHARACTERS
from engines.everybody_dance_now.character.film import frames
from engines.runtime.video import Recording

RATE = 24
SIDE = 384
SECONDS = {"dancer": 7, "child": 6}

if __name__ == "__main__":
    for name, seconds in SECONDS.items():
        with Recording(Fraction(RATE)) as recording:
            for frame in frames(CHARACTERS[name], seconds, RATE, SIDE):
                recording.add(frame)
        (Path(__file__).parent / f"{name}.mp4").write_bytes(recording.content)
