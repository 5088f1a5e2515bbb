"""Film a character's dance, or picture its head.

python -m engines.everybody_dance_now.character yara --seconds 60 --side 256 --out yara.mp4
python -m engines.everybody_dance_now.character yara --head --out yara.png
"""

import argparse
from fractions import Fraction
from pathlib import Path

from engines.everybody_dance_now.character.body import CHARACTERS
from engines.everybody_dance_now.character.film import frames, head
from engines.runtime.images import write_picture
from engines.runtime.video import Recording

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=CHARACTERS)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--side", type=int, default=256, help="pixels")
    parser.add_argument("--rate", type=int, default=15, help="frames a second")
    parser.add_argument("--head", action="store_true", help="no film, but one picture")
    parser.add_argument("--out", type=Path, required=True, help="an MP4 or PNG file")
    chosen = parser.parse_args()
    if chosen.head:
        write_picture(head(CHARACTERS[chosen.name]), chosen.out, {"character": chosen.name})
        parser.exit()
    with Recording(Fraction(chosen.rate)) as recording:
        for frame in frames(CHARACTERS[chosen.name], chosen.seconds, chosen.rate, chosen.side):
            recording.add(frame)
    chosen.out.write_bytes(recording.content)
