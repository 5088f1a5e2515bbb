"""Files brought from outside: a published state dict for the override folder, a better file for weights/bundled."""

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from engines.runtime import checkpoints
from engines.runtime.checkpoints import Architecture, Checkpoint, Quality, fingerprint, fit, parse_state, sha256
from engines.runtime.errors import CheckpointError
from weights import offered

if TYPE_CHECKING:
    from torch import nn

LARGEST_BUNDLED = 8_000_000
"""Bytes; forty million for all of them together."""


def architecture(checkpoint: Checkpoint) -> Architecture:
    """How its engine builds and measures it.

    Raises:
        CheckpointError: no engine offers it.
    """
    if checkpoint.architecture not in offered("architecture"):
        raise CheckpointError(
            f"The studio has no network for {checkpoint.name}: its architecture {checkpoint.architecture} is none of "
            f"{', '.join(offered('architecture'))}."
        )
    return offered("architecture")[checkpoint.architecture]


def network(checkpoint: Checkpoint, file: Path) -> "nn.Module":
    """The checkpoint's network with the weights of a published file, which must fit it strictly.

    Raises:
        CheckpointError: the file is damaged, holds more than tensors, or does not fit.
    """
    kind = architecture(checkpoint)
    module = kind.build(checkpoint.config)
    state = {key: tensor.float() if tensor.is_floating_point() else tensor for key, tensor in parse_state(file).items()}
    fit(module, kind.remap(state), str(file))
    return module.eval()


def import_file(checkpoint: Checkpoint, file: Path) -> Path:
    """Check a published file, and keep it under the network's own keys in the override folder; returns where.

    Raises:
        CheckpointError: it is not the recorded one, damaged, holds more than tensors, or does not fit.
    """
    from safetensors.torch import save_file

    digest = sha256(file)
    if checkpoint.sha256 not in (None, digest):
        raise CheckpointError(
            f"{file} is not the published {checkpoint.file}: its SHA-256 is {digest}, and should be "
            f"{checkpoint.sha256}. Get it from {checkpoint.where or checkpoint.source}"
        )
    state = {key: tensor.contiguous() for key, tensor in network(checkpoint, file).state_dict().items()}
    kept = checkpoints.override_folder() / f"{checkpoint.name}.safetensors"
    kept.parent.mkdir(parents=True, exist_ok=True)
    unfinished = kept.with_suffix(".new")
    metadata = {
        "checkpoint": checkpoint.name,
        "source": checkpoint.source,
        "licence": checkpoint.licence,
        "published_sha256": digest,
        checkpoints.FINGERPRINT: fingerprint(state),
    }
    save_file(state, unfinished, metadata)
    unfinished.replace(kept)
    return kept


def replace_bundled(checkpoint: Checkpoint, file: Path, before: Quality, after: Quality) -> bool:
    """Put a file in the bundled one's place, in the manifest too, if its quality is better; returns whether it was.

    Raises:
        CheckpointError: the checkpoint is not bundled, or the file is too large or no safetensors file.
    """
    if not checkpoint.bundled:
        raise CheckpointError(f"{checkpoint.name} is published by others; only bundled checkpoints are replaced.")
    if file.suffix != ".safetensors" or file.stat().st_size > LARGEST_BUNDLED:
        raise CheckpointError(
            f"{file} is not bundled: that takes a .safetensors file of {LARGEST_BUNDLED} bytes at most."
        )
    if after.score <= before.score:
        return False
    manifest = checkpoints.MANIFEST.read_text()
    written, places = re.subn(
        rf'sha256 = "{checkpoint.sha256}"\nsize = \d+',
        f'sha256 = "{sha256(file)}"\nsize = {file.stat().st_size}',
        manifest,
    )
    if places != 1:
        raise CheckpointError(
            f"{checkpoints.MANIFEST} has no line with the SHA-256 of {checkpoint.name} before its size."
        )
    shutil.copyfile(file, checkpoints.BUNDLED / checkpoint.file)
    checkpoints.MANIFEST.write_text(written)
    checkpoints.catalogue.cache_clear()
    return True
