"""BigGAN: the truncation slider, and what else moves, mixes and breaks its pictures."""

from pages.biggan import directions, interpolate, mix, swap, trade, truncation, weights, wrong
from studio.declared import Living, Panel, Paper

PANEL = Panel(
    slug="biggan",
    title="BigGAN",
    paper=Paper(
        number=10,
        title="Large Scale GAN Training for High Fidelity Natural Image Synthesis",
        authors="Andrew Brock, Jeff Donahue, Karen Simonyan",
        venue="ICLR 2019",
        arxiv="1809.11096",
    ),
    story="One slider leads from many different pictures to few good ones.",
    living=Living("interpolate", "movie"),
    experiments=[
        truncation.EXPERIMENT,
        trade.EXPERIMENT,
        interpolate.EXPERIMENT,
        mix.EXPERIMENT,
        swap.EXPERIMENT,
        directions.EXPERIMENT,
        wrong.EXPERIMENT,
        weights.EXPERIMENT,
    ],
)
