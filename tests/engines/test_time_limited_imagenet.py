"""The classifiers of ImageNet that can be attacked: timm's layouts, their way from the Hub, and an attack on them."""

import hashlib
from collections.abc import Iterable

import pytest
import torch
from safetensors.torch import save
from torch import Tensor

from engines.runtime.checkpoints import find
from engines.runtime.downloads import latest
from engines.runtime.errors import CheckpointError
from engines.runtime.progress import Progress
from engines.time_limited_humans import engine, imagenet
from engines.time_limited_humans.architecture import ARCHITECTURES
from engines.time_limited_humans.attack import Attack
from engines.time_limited_humans.retina import Viewing
from pages import time_limited_humans
from studio.runs.run import finished, start
from tests.support.hub_server import Hub
from weights.parity import fill

pytestmark = pytest.mark.slow

ATTACK = time_limited_humans.PANEL.experiment("attack")
BOUND = 8
TIMM = {
    "resnet18": ("46bd7814ec81a02c3390911e5bf458e1d17c66184eb4b03cbe48c4bcad77cb0a", [23.4382, 21.7065, -0.4564]),
    "resnet50": ("eeb21a877a7592d7be6e7582411ee9a8144d8890f0cd3384a82ab4fa798e7b92", [52.2778, 526.5745, -168.3859]),
    "mobilenet": ("a9f7dd0e4db552cbb11ef5bf414b3cce4b2fa6750973a8b411639c7d95ef0755", [-2.6559, 0.1982, 0.2343]),
    "mnasnet": ("7646d282e6d98503f1de395379b2c981eadc434095e582b8a8fcef7c555512d8", [-12.6259, 27.684, -21.1669]),
    "densenet": ("7276922e3dc9be16708b7fc240e0d025619aabf1dfd8e509175f5d359728eceb", [-0.849, 1.0529, -0.8647]),
    "resnetv2": ("b51ac8d830b22d5d4e9631b4d0577648ada29eed6f41bbef53b39c3d0f15f35e", [-12.4114, -23.4692, -23.9592]),
}
"""Of timm 1.0.31, by kind: the SHA-256 of all keys with their shapes, and the first scores with weights by `fill`:

theirs = timm.create_model(repo.removeprefix("timm/")).eval()
shapes = {key: tuple(tensor.shape) for key, tensor in theirs.state_dict().items()}
hashlib.sha256("".join(f"{key} {shape}\\n" for key, shape in sorted(shapes.items())).encode()).hexdigest()
theirs.load_state_dict({key: fill(key, shape) for key, shape in shapes.items()})
theirs(((picture() + 1) / 2 - mean) / std)[0, :3]  # of theirs.pretrained_cfg
"""


def picture() -> Tensor:
    return torch.linspace(-1, 1, 3 * 64 * 64).reshape(1, 3, 64, 64).sin()


def published(kind: str) -> dict[str, Tensor]:
    """Weights by `fill` under timm's keys."""
    with torch.device("meta"):
        network = imagenet.KINDS[kind]()
    keys = {key: key.removeprefix("network.") for key in network.state_dict()}
    if kind in ("resnet18", "resnet50"):
        keys = {key: name.replace("norm", "bn") for key, name in keys.items()}
    return {keys[key]: fill(keys[key], tuple(tensor.shape)) for key, tensor in network.state_dict().items()}


@pytest.mark.parametrize("kind", list(TIMM))
def test_a_network_has_the_keys_of_timm_and_computes_what_it_computed(kind: str) -> None:
    layout, scores = TIMM[kind]
    state = published(kind)
    lines = "".join(f"{key} {tuple(tensor.shape)}\n" for key, tensor in sorted(state.items()))
    assert hashlib.sha256(lines.encode()).hexdigest() == layout
    record = find(engine.checkpoint(kind))
    architecture = ARCHITECTURES[record.architecture]
    network = architecture.build(record.config).eval()
    network.load_state_dict(architecture.remap(state))
    with torch.inference_mode():
        made = network(picture())[0]
    assert made[:3].tolist() == pytest.approx(scores, abs=1e-3 * float(made.std()))
    assert record.size == sum(tensor.nbytes for tensor in state.values())


def wait_for(kinds: Iterable[str]) -> None:
    """Until the downloads have ended, well or badly."""
    for kind in kinds:
        under_way = latest(find(engine.checkpoint(kind)))
        assert under_way is not None
        under_way.wait()


def test_what_is_not_here_is_asked_for_and_attacked_when_it_came(hub: Hub) -> None:
    preset = {**ATTACK.opening(), **ATTACK.presets["A cat as vegetables (ImageNet)"]}
    task = start(ATTACK, preset)
    with pytest.raises(CheckpointError, match="6 of 6 classifiers are not on this machine; attack again when they are"):
        finished(task)
    wait_for(TIMM)
    with pytest.raises(CheckpointError, match="time-limited-resnet18 could not be downloaded"):
        engine.check_here(engine.LARGE)
    wait_for(TIMM)

    two = engine.Ensemble(("mobilenet",), ("mnasnet",), imagenet.GROUPS, 224, read_every=5)
    for kind in two.kinds:
        record = find(engine.checkpoint(kind))
        assert record.repo is not None
        hub.put(record.repo, record.file, save(published(kind)))
    with pytest.raises(CheckpointError, match="2 of 2"):
        engine.check_here(two)
    wait_for(two.kinds)
    engine.check_here(two)

    levels = engine.start(ATTACK.controls["photo"].check("photograph of a cat"), two.side)
    assert levels.shape == (1, 3, 224, 224)
    made = list(engine.fool(levels, 2, two.attacked, two, Attack(BOUND, 2, 4), Viewing(), 0))
    assert [one.words for one in made if isinstance(one, Progress)] == ["step 1 of 2", "step 2 of 2"]
    (fooling,) = [one for one in made if not isinstance(one, Progress)]
    assert (fooling.picture - levels[0]).abs().max() == (fooling.control - levels[0]).abs().max() == BOUND
    assert fooling.read.shape == (2, 2, 3) and torch.allclose(fooling.read.sum(-1), torch.ones(2, 2))
