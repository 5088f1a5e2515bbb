"""Spherical CNNs: a globe that shows what equivariance means, and networks that read what lies on the sphere."""

from pages.spherical_cnn import digit, globe, inside, molecule, shapes
from studio.declared import Living, Panel, Paper

PANEL = Panel(
    slug="spherical_cnn",
    title="Spherical CNNs",
    paper=Paper(
        number=1,
        title="Spherical CNNs",
        authors="Taco S. Cohen, Mario Geiger, Jonas Köhler, Max Welling",
        venue="ICLR 2018",
        arxiv="1801.10130",
    ),
    story="Turn what lies on a sphere, and what the network sees in it turns along.",
    living=Living("globe", "globes"),
    experiments=[
        globe.EXPERIMENT,
        inside.EXPERIMENT,
        digit.EXPERIMENT,
        shapes.EXPERIMENT,
        molecule.EXPERIMENT,
    ],
)
