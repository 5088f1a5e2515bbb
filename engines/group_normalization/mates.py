"""One picture among others drawn at random, and what they do to its answer: batch norm computes along the batch, group
norm does not (Group Normalization, Wu and He, ECCV 2018, arXiv:1803.08494, sections 1 and 3.2)."""

import copy
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Mates(NamedTuple):
    """Of each draw: which others were in the batch, `(draws, batch size - 1)`, and the logits of the picture, `(draws,
    classes)`; and its logits `at_test`, `(classes,)`, in evaluation mode, where no batch has a say."""

    chosen: Tensor
    logits: Tensor
    at_test: Tensor

    @property
    def spread(self) -> float:
        """The standard deviation of a logit over the draws, on average over the classes."""
        return float(self.logits.std(0).mean())

    @property
    def probabilities(self) -> Tensor:
        return self.logits.softmax(1)


@torch.no_grad()
def draw_mates(
    network: nn.Module, picture: Tensor, others: Tensor, batch_size: int, draws: int, generator: torch.Generator
) -> Mates:
    """The answers to a picture `(C, H, W)` at the head of batches of which the rest is drawn from `others`, `(N, C, H,
    W)`: those of the network in training mode, as each step of the training has them."""
    learning = copy.deepcopy(network).train()  # A copy: it moves its running statistics.
    chosen = torch.stack([torch.randperm(len(others), generator=generator)[: batch_size - 1] for _ in range(draws)])
    logits = [learning(torch.cat([picture[None], others[mates]]))[0] for mates in chosen.to(picture.device)]
    return Mates(chosen, torch.stack(logits).cpu(), copy.deepcopy(network).eval()(picture[None])[0].cpu())
