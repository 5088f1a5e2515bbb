"""Train the small generator of BigGAN (arXiv:1809.11096) on CIFAR-10.

    python -m engines.biggan.train --data DIR --out DIR --minutes 240

What is done, and what DIR is, engines/shared/generative_adversarial/train.py says.
"""

from engines.biggan.network import BigGAN
from engines.shared.cifar import CLASSES
from engines.shared.generative_adversarial.train import Recipe, main

RECIPE = Recipe(
    "biggan",
    BigGAN,
    generator={
        "widths": [192, 128, 96, 64],
        "latent_size": 80,
        "embedding_size": 64,
        "classes": CLASSES,
        "attention_after": [1],
        "rows": 11,
    },
    discriminator={"widths": (64, 128, 128, 128), "halvings": 2},
)

if __name__ == "__main__":
    main(RECIPE)
