"""Draw small.png: a picture of each class of CIFAR-10, of 32 pixels a side, beside one another.

    python -m assets.examples.small

They are drawn by the bundled BigGAN, not taken from CIFAR-10; which of twenty latents of seed 0 was chosen by eye.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from engines.biggan.engine import Truncation, sample

CHOSEN = (5, 2, 5, 5, 11, 2, 14, 8, 15, 5)
"""By class id."""


def main() -> None:
    pictures = [sample([label], 0, 20, Truncation(0.6))[number] for label, number in enumerate(CHOSEN)]
    Image.fromarray(np.concatenate(pictures, 1)).save(Path(__file__).with_suffix(".png"), optimize=True)


if __name__ == "__main__":
    main()
