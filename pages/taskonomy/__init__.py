"""Taskonomy: which tasks to learn from scratch and which from others, by the published numbers; how tasks resemble each
other; how shares of wins become affinities; and the whole method in a small world of this project's own."""

from pages.taskonomy import affinities, hierarchy, picture, small_world, taxonomy
from studio.declared import Living, Panel, Paper

PANEL = Panel(
    slug="taskonomy",
    title="Taskonomy",
    paper=Paper(
        number=5,
        title="Taskonomy: Disentangling Task Transfer Learning",
        authors="A. R. Zamir, A. Sax, W. Shen, L. Guibas, J. Malik, S. Savarese",
        venue="CVPR 2018",
        arxiv="1804.08328",
    ),
    story="Of two dozen visual tasks, which few should be learned from scratch, so that all others can be learned from "
    "them?",
    living=Living("picture", "answers"),
    experiments=[
        taxonomy.EXPERIMENT,
        affinities.EXPERIMENT,
        hierarchy.EXPERIMENT,
        picture.EXPERIMENT,
        small_world.EXPERIMENT,
    ],
)
