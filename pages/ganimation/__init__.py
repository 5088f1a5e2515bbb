"""GANimation: the muscles of a face as sliders, in anyone's photograph."""

from engines.ganimation.action_units import TRAINED, UNITS
from pages.ganimation import cycle, film, grid, mirror, sliders
from studio.declared import Living, Panel, Paper

PANEL = Panel(
    slug="ganimation",
    title="GANimation",
    paper=Paper(
        number=7,
        title="GANimation: Anatomically-aware Facial Animation from a Single Image",
        authors="Albert Pumarola, Antonio Agudo, Aleix M. Martinez, Alberto Sanfeliu, Francesc Moreno-Noguer",
        venue="ECCV 2018",
        arxiv="1807.09251",
    ),
    story="Muscles of a face are sliders, and one photograph is enough; the bundled model learned "
    f"{len(TRAINED)} of the paper's {len(UNITS)} action units.",
    living=Living("film", "movie"),
    experiments=[
        sliders.EXPERIMENT,
        grid.EXPERIMENT,
        film.EXPERIMENT,
        mirror.EXPERIMENT,
        cycle.EXPERIMENT,
    ],
    shows_people=True,
)
