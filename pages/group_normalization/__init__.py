"""Group Normalization: which numbers share a mean, what a small batch does to batch norm, and a race between norms."""

from pages.group_normalization import activations, inside, mates, published, race, share
from studio.declared import Living, Panel, Paper

PANEL = Panel(
    slug="group_normalization",
    title="Group normalization",
    paper=Paper(
        number=4,
        title="Group Normalization",
        authors="Yuxin Wu, Kaiming He",
        venue="ECCV 2018",
        arxiv="1803.08494",
    ),
    story="A network that normalizes each picture by itself does not care how many others stand beside it.",
    living=Living("race", "loss"),
    experiments=[
        share.EXPERIMENT,
        mates.EXPERIMENT,
        race.EXPERIMENT,
        activations.EXPERIMENT,
        published.EXPERIMENT,
        inside.EXPERIMENT,
    ],
)
