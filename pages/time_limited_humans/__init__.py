"""Time-limited humans: what an eye keeps of a picture, and pictures that classifiers take for something else."""

from pages.time_limited_humans import attack, experiment, results, retina
from studio.declared import Living, Panel, Paper

PANEL = Panel(
    slug="time_limited_humans",
    title="Time-limited humans",
    paper=Paper(
        number=2,
        title="Adversarial Examples that Fool both Computer Vision and Time-Limited Humans",
        authors="Gamaleldin F. Elsayed, Shreya Shankar, Brian Cheung, Nicolas Papernot, Alex Kurakin, Ian Goodfellow, "
        "Jascha Sohl-Dickstein",
        venue="NeurIPS 2018",
        arxiv="1802.08195",
    ),
    story="Make a picture that classifiers take for something else; then see it yourself, for a moment only.",
    living=Living("attack", "parts"),
    experiments=[
        retina.EXPERIMENT,
        attack.EXPERIMENT,
        experiment.EXPERIMENT,
        results.EXPERIMENT,
    ],
)
