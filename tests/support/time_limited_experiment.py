"""The panel of the timed experiment and its pooled results alone."""

from pages.time_limited_humans.experiment import EXPERIMENT
from pages.time_limited_humans.results import EXPERIMENT as RESULTS
from studio.declared import Panel, Paper

PANEL = Panel(
    slug="time_limited_humans",
    title="Time-limited humans",
    paper=Paper(2, "Adversarial Examples that Fool both Computer Vision and Time-Limited Humans", "", "", "1802.08195"),
    story="",
    experiments=[EXPERIMENT, RESULTS],
)
