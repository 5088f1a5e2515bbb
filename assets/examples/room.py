"""Render the picture of a room in this folder, of the kind that Taskonomy's small world is made of.

    python assets/examples/room.py

Its networks learned from other rooms, of other seeds.
"""

import sys
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[2]))

from engines.taskonomy.task_networks import exact

SEED, SIDE = 40_000_014, 512


def main() -> None:
    picture = exact(SEED, SIDE)["autoencoding"].given
    Image.fromarray(picture).save(Path(__file__).with_name("room.jpg"), quality=92)


if __name__ == "__main__":
    main()
