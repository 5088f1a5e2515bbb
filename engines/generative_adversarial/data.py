"""CIFAR-10, which the small generators are trained on."""

import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from pyarrow import parquet
from torch import Tensor

CLASSES = 10


def read_cifar(data: Path, split: str) -> tuple[Tensor, Tensor]:
    """Pictures `(N, 3, 32, 32)` uint8 and labels of `data`/cifar10, parquet as on the Hugging Face Hub."""
    table = parquet.read_table(data / "cifar10" / f"{split}-00000-of-00001.parquet", columns=["img", "label"])
    pictures = [np.array(Image.open(io.BytesIO(row["bytes"])).convert("RGB")) for row in table["img"].to_pylist()]
    labels = torch.tensor(table["label"].to_pylist())
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous(), labels
