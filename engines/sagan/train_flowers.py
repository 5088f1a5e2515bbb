"""Train the small generator of SAGAN (arXiv:1805.08318) on flowers, at 64 x 64.

    python -m engines.sagan.train_flowers --data DIR --out DIR --minutes 120

What is done, and what DIR is, engines/shared/generative_adversarial/train_flowers.py says.
"""

from engines.runtime.class_names import FLOWERS
from engines.sagan.network import SAGAN
from engines.shared.generative_adversarial.train import Recipe
from engines.shared.generative_adversarial.train_flowers import main

RECIPE = Recipe(
    "sagan",
    SAGAN,
    generator={
        "widths": [192, 128, 96, 32, 16],
        "latent_size": 80,
        "classes": len(FLOWERS),
        "attention_after": [2],
    },
    discriminator={"width": 32, "head_width": 64},
    looks_up=True,
)

if __name__ == "__main__":
    main(RECIPE)
