"""Video-to-video synthesis: a drive through labels that becomes photographs, is painted over, and is foretold."""

from pages.vid2vid import drive, film, future, paint
from studio.declared import Living, Panel, Paper

PANEL = Panel(
    slug="vid2vid",
    title="Video-to-video",
    paper=Paper(
        number=8,
        title="Video-to-Video Synthesis",
        authors="Ting-Chun Wang, Ming-Yu Liu, Jun-Yan Zhu, Guilin Liu, Andrew Tao, Jan Kautz, Bryan Catanzaro",
        venue="NeurIPS 2018",
        arxiv="1808.06601",
    ),
    story="A drive through a street of flat labels becomes a film: each frame is carried on, or painted anew.",
    living=Living("film", "movie", part=(2 / 3, 1 / 2, 1, 1)),
    experiments=[
        drive.EXPERIMENT,
        film.EXPERIMENT,
        paint.EXPERIMENT,
        future.EXPERIMENT,
    ],
)
