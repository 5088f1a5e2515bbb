"""What the races learn without a download: scikit-learn's digits."""

from functools import cache

import numpy as np
import torch

from engines.shared.cifar import Data

DIGITS_HELD_OUT = 500
DIGITS_LEVELS = 16


@cache
def read_digits() -> Data:
    """1,297 digits of 8 x 8 grey pixels, and 500 held out."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    order = np.random.default_rng(0).permutation(len(digits.target))
    pictures = torch.from_numpy(digits.images[order]).float()[:, None] / (DIGITS_LEVELS / 2) - 1
    labels = torch.from_numpy(digits.target[order])
    held_out = slice(DIGITS_HELD_OUT)
    learned = slice(DIGITS_HELD_OUT, None)
    return Data(pictures[learned], labels[learned], pictures[held_out], labels[held_out])
