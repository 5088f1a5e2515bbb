"""Train the small generator of SAGAN (arXiv:1805.08318) on CIFAR-10.

    python -m engines.sagan.train --data DIR --out DIR --minutes 240

What is done, and what DIR is, engines/shared/generative_adversarial/train.py says.
"""

from engines.sagan.network import SAGAN
from engines.shared.cifar import CLASSES
from engines.shared.generative_adversarial.train import Recipe, main

RECIPE = Recipe(
    "sagan",
    SAGAN,
    generator={"widths": [192, 128, 96, 64], "latent_size": 64, "classes": CLASSES, "attention_after": [1]},
    discriminator={"widths": (64, 128, 256, 256), "halvings": 3},
    looks_up=True,
)

if __name__ == "__main__":
    main(RECIPE)
