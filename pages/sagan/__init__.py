"""SAGAN: what every place of a picture attends to, how widely each class attends, and a training in replay."""

from pages.sagan import attention, entropy, replay
from studio.declared import Living, Panel, Paper

PANEL = Panel(
    slug="sagan",
    title="SAGAN",
    paper=Paper(
        number=6,
        title="Self-Attention Generative Adversarial Networks",
        authors="Han Zhang, Ian Goodfellow, Dimitris Metaxas, Augustus Odena",
        venue="ICML 2019",
        arxiv="1805.08318",
    ),
    story="While it draws, every place of the picture looks at all the others; touch one, and see what it looks at.",
    living=Living("replay", "with_strip"),
    experiments=[
        attention.EXPERIMENT,
        entropy.EXPERIMENT,
        replay.EXPERIMENT,
    ],
)
