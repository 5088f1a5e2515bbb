"""Files brought from outside: a published state dict for the override folder, a better file for weights/bundled."""

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from engines.runtime import checkpoints
from engines.runtime.checkpoints import Architecture, Checkpoint, Quality, fingerprint, sha256
from engines.runtime.errors import CheckpointError
from engines.runtime.fitting import fit_file
from engines.runtime.state_files import readings
from weights import offered
from weights.layouts import difference, layout_of, recognised

if TYPE_CHECKING:
    from torch import nn

    from engines.runtime.checkpoints import Measure

LARGEST_BUNDLED = 8_000_000
"""Bytes; forty million for all of them together."""
READABLE = 0o644
"""The mode of an imported file, which a server that another user runs must be able to read."""


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


def measure(checkpoint: Checkpoint) -> "Measure":
    """How its paper measures it.

    Raises:
        CheckpointError: it does not.
    """
    if checkpoint.architecture not in offered("quality"):
        raise CheckpointError(
            f"{checkpoint.name} is not measured here, where the data that it was published with is not read; its card "
            "has the published figures."
        )
    return offered("quality")[checkpoint.architecture]


def network(checkpoint: Checkpoint, file: Path) -> "nn.Module":
    """The checkpoint's network with the weights of a published file, which must fit it strictly.

    Raises:
        CheckpointError: the file is damaged, holds more than tensors, or does not fit.
    """
    kind = architecture(checkpoint)
    layout = layout_of(checkpoint)
    misfit = None if layout is None else difference(file, layout)
    if misfit is not None:
        raise CheckpointError(f"{file} is not laid out as {checkpoint.name}: {misfit}")
    module = kind.build(checkpoint.config)
    fit_file(module, file, kind.remap, str(file))
    return module.eval()


def named(file: Path) -> Checkpoint:
    """Find the checkpoint that a published file is, by its sum, its name, or its keys and shapes.

    Raises:
        CheckpointError: it is none, or may be several; or it holds no tensors.
    """
    found = recognised(file)
    if len(found) > 1:
        digest = sha256(file)
        found = [each for each in found if digest.startswith(each.sha256 or " ")] or found
    if len(found) == 1:
        return found[0]
    if found:
        raise CheckpointError(
            f"{file} may be {' or '.join(each.name for each in found)}, which are laid out alike. Say which: `studio "
            "weights import NAME FILE`."
        )
    first = next(iter(next(readings(file)).keys))
    raise CheckpointError(
        f"{file} is laid out as none of the published files that `studio weights list` names: its first key is {first}."
    )


def import_file(checkpoint: Checkpoint, file: Path) -> Path:
    """Check a published file, and keep it under the network's own keys in the override folder; returns where.

    Raises:
        CheckpointError: it is not the recorded one, damaged, holds more than tensors, or does not fit.
    """
    from safetensors.torch import save_file

    network_of_file = network(checkpoint, file)
    digest = sha256(file)
    if not digest.startswith(checkpoint.sha256 or ""):
        raise CheckpointError(
            f"{file} is not the published {checkpoint.file}: its SHA-256 is {digest}, and should be "
            f"{checkpoint.sha256}. Get it from {_origin(checkpoint)}"
        )
    state = {key: tensor.contiguous() for key, tensor in network_of_file.state_dict().items()}
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
    unfinished.chmod(READABLE)
    unfinished.replace(kept)
    return kept


def _origin(checkpoint: Checkpoint) -> str:
    if checkpoint.repo is not None:
        return f"the Hub's {checkpoint.repo_type} {checkpoint.repo}."
    return " or ".join(checkpoint.addresses) or checkpoint.where or checkpoint.source


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
