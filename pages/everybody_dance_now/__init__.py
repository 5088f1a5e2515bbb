"""Everybody Dance Now: one dances, and another is seen dancing."""

from pages.everybody_dance_now import dance, train, transfer
from studio.declared import Living, Panel, Paper

PANEL = Panel(
    slug="everybody_dance_now",
    title="Everybody Dance Now",
    paper=Paper(
        number=9,
        title="Everybody Dance Now",
        authors="Caroline Chan, Shiry Ginosar, Tinghui Zhou, Alexei A. Efros",
        venue="ICCV 2019",
        arxiv="1808.07371",
    ),
    story="One dances, and another is seen dancing: a stick figure is all that goes between them.",
    living=Living("transfer", "movie", part=(1 / 2, 0, 1, 1)),
    experiments=[
        dance.EXPERIMENT,
        transfer.EXPERIMENT,
        train.EXPERIMENT,
    ],
    shows_people=True,
)
