"""Photorealistic stylization: one photograph's content in another's colours, stage by stage."""

from pages.photo_stylization import clip, stylize
from studio.declared import Living, Panel, Paper

PANEL = Panel(
    slug="photo_stylization",
    title="Photo stylization",
    paper=Paper(
        number=3,
        title="A Closed-form Solution to Photorealistic Image Stylization",
        authors="Yijun Li, Ming-Yu Liu, Xueting Li, Ming-Hsuan Yang, Jan Kautz",
        venue="ECCV 2018",
        arxiv="1802.06474",
    ),
    story="A photograph takes on the colours and light of another, and stays a photograph.",
    living=Living("stylize", "result"),
    experiments=[
        stylize.EXPERIMENT,
        clip.EXPERIMENT,
    ],
)
