"""Drives by the paper's own generator of Cityscapes' streets, 512 x 256, from this panel's labels.

Its published test never put it in evaluation mode, so that its norms take the statistics of the frame they see.
"""

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from engines.vid2vid.labels import LABELS
from engines.vid2vid.network import Generator, Synthesis
from engines.vid2vid.street import NONE

CITYSCAPES = 35
"""Labels that the generator knows, by their numbers in github.com/mcordts/cityscapesScripts."""
NUMBERS = {
    "sky": 23,
    "building": 11,
    "pole": 17,
    "road": 7,
    "pavement": 8,
    "tree": 21,
    "sign": 20,
    "fence": 13,
    "car": 26,
    "pedestrian": 24,
    "cyclist": 25,
    "void": 0,
}
"""Of this panel's labels."""
FOREGROUND = (26,)
"""Cars, as in scripts/street/test_2048.sh of github.com/NVIDIA/vid2vid."""


class CityGenerator(nn.Module):
    """Takes what the street generator takes; motion, light and place it does not tell the published one."""

    def __init__(self, published: Generator) -> None:
        super().__init__()
        self.published = by_the_frames_statistics(published)
        self.register_buffer("numbers", torch.tensor([NUMBERS[name] for name in LABELS]), persistent=False)

    numbers: Tensor

    def forward(self, labels: Tensor, pictures: Tensor, *untold: Tensor) -> Synthesis:
        """Make the frame of the last of three label maps `(1, 3, H, W)`, behind two pictures `(1, 6, H, W)`.

        Before the first frame there is nothing, and its weight is 1, as is that of the foreground.
        """
        kind = next(self.published.parameters()).dtype
        conditions = [self._condition(each, kind) for each in labels.unbind(1)]
        cars = conditions[-1][:, list(FOREGROUND)].sum(1, keepdim=True)
        made = self.published(torch.cat(conditions, 1), pictures.to(kind), foreground_mask=cars)
        is_first = labels[:, -2, :1, :1, None] == NONE
        weight = torch.where(is_first, torch.ones_like(made.weight), torch.maximum(made.weight, cars))
        return made._replace(raw=made.raw.float(), flow=made.flow.float(), weight=weight.float())

    def _condition(self, labels: Tensor, kind: torch.dtype) -> Tensor:
        """A label map `(1, H, W)` one-hot, and its edges, `(1, 36, H, W)`; zeros where there is none.

        This panel has no instances, whose edges the published data set has as well.
        """
        known = labels != NONE
        numbers = self.numbers[torch.where(known, labels, 0).long()]
        one_hot = nn.functional.one_hot(numbers, CITYSCAPES).movedim(3, 1)
        edges = torch.zeros_like(known)
        across, down = numbers[..., 1:] != numbers[..., :-1], numbers[:, 1:] != numbers[:, :-1]
        for part, found in (
            (edges[..., 1:], across),
            (edges[..., :-1], across),
            (edges[:, 1:], down),
            (edges[:, :-1], down),
        ):
            part |= found
        return (torch.cat([one_hot, edges[:, None]], 1) * known[:, None]).to(kind)


def by_the_frames_statistics(network: Generator) -> Generator:
    """Let every norm of a network take the statistics of what it is given, in place."""
    for module in network.modules():
        if isinstance(module, _BatchNorm):
            module.track_running_stats = False
            module.running_mean = module.running_var = module.num_batches_tracked = None
    return network
