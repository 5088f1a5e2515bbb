"""Train the small generator of BigGAN (arXiv:1809.11096) on flowers, at 64 x 64.

    python -m engines.biggan.train_flowers --data DIR --out DIR --minutes 120

What is done, and what DIR is, engines/shared/generative_adversarial/train_flowers.py says.
"""

from engines.biggan.network import BigGAN
from engines.runtime.class_names import FLOWERS
from engines.shared.generative_adversarial.train import Recipe
from engines.shared.generative_adversarial.train_flowers import main

RECIPE = Recipe(
    "biggan",
    BigGAN,
    generator={
        "widths": [192, 128, 96, 32, 16],
        "latent_size": 80,
        "embedding_size": 64,
        "classes": len(FLOWERS),
        "attention_after": [2],
        "rows": 11,
    },
    discriminator={"width": 32, "head_width": 64},
)

if __name__ == "__main__":
    main(RECIPE)
