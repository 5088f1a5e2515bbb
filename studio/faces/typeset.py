"""Writes the parts of a page that are HTML and stay: headings, presets, notes."""

from collections.abc import Sequence

from markupsafe import Markup

from studio.declared import Experiment, Figure, Panel
from studio.drawn.tables import table
from studio.drawn.template import rendered


def top(panels: Sequence[Panel], here: str, programs: str, opening: str = "") -> str:
    """Write the line and the bar of panels above every page.

    `here` is this page's path, `programs` that of the endpoints, and `opening` the words that are shown until the page
    is there.
    """
    return rendered("top.html", panels=panels, here=here, programs=programs, opening=opening)


def foot() -> str:
    """Write the line below every page."""
    return rendered("foot.html")


def programs(has_mcp: bool) -> str:
    """Write the page about the endpoints, which are tools for language models as well if it `has_mcp`."""
    return rendered("programs.html", has_mcp=has_mcp)


def heading(panel: Panel) -> str:
    """Write a panel's number, title, story and citation."""
    return rendered("heading.html", panel=panel)


def offered_in(panel: Panel, experiment: Experiment) -> str:
    """Write where another experiment of a panel offers the published model."""
    assert experiment.offered, "the experiment offers one"
    return rendered("offered_in.html", panel=panel, experiment=experiment, published=experiment.offered.published)


def paper(panel: Panel) -> str:
    """Write the whole citation of a panel's paper."""
    return rendered("paper.html", paper=panel.paper)


def survey(rows: Sequence[tuple[Panel, str | None, str | None]]) -> str:
    """Write the front page: (panel, addresses of its picture at rest and in motion) in the survey's order."""
    return rendered("survey.html", rows=rows)


def presets(experiment: Experiment) -> str:
    """Write the presets' names as buttons in one line."""
    return rendered("presets.html", presets=experiment.presets)


def notes(experiment: Experiment) -> str:
    """Write what one sees and what to try."""
    return rendered("notes.html", notes=experiment.notes)


def figures(published: Sequence[Figure]) -> str:
    """Write published results, each with where it is printed."""
    return rendered("figures.html", figures=[(figure, Markup(table(figure.rows))) for figure in published])


def group(words: str) -> str:
    """Write the heading over a group of controls."""
    return str(Markup('<h3 class="studio-group">{}</h3>').format(words))
