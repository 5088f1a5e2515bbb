"""The parts of a page that are set as HTML: headings, tables, curves, sentences. Every text is escaped here."""

import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from numbers import Integral
from typing import Any

from engines.runtime.checkpoints import find
from pages._panel import (
    CheckpointChoice,
    Choice,
    Control,
    Curves,
    Experiment,
    Figure,
    Number,
    Panel,
    Paper,
    Rotation,
    SubjectFile,
    Switch,
    Upload,
)

CURVE_WIDTH, CURVE_HEIGHT = 640, 300
"""Units of the drawing's own coordinates."""
CURVE_NAME = 20
"""The height of a line's name, as large as it is on a phone."""
CURVE_MARGINS = 56, 96, 12, 40
"""Room left, right, above and below the lines, for numbers and names."""
CURVE_POINTS = 400
COLOUR = re.compile("#[0-9a-f]{6}")
SMALLEST_DECIMAL = 1e-3
"""Below, a table's fractions are written with an exponent."""


def masthead() -> str:
    """The line over every page."""
    return (
        '<div class="studio-masthead"><span>Ten Papers Studio</span>'
        '<nav><button type="button" class="studio-memory">Memory</button>'
        '<button type="button" class="studio-endpoints">Use it from a program</button></nav></div>'
    )


def heading(panel: Panel) -> str:
    """A panel's number, title, story and citation."""
    arxiv = escape(panel.paper.arxiv)
    link = f'<a href="https://arxiv.org/abs/{arxiv}" target="_blank" rel="noopener">arXiv:{arxiv}</a>'
    return (
        '<header class="studio-heading">'
        f'<h1><span class="studio-number">{panel.paper.number}</span>{escape(panel.title)}</h1>'
        f'<p class="studio-story">{escape(panel.story)}</p>'
        f'<p class="studio-citation">{_citation(panel.paper)} {link}</p></header>'
    )


def _citation(paper: Paper) -> str:
    return f"{escape(paper.authors)}. <cite>{escape(paper.title)}</cite>. {escape(paper.venue)}."


def survey(rows: Sequence[tuple[Panel, str | None]]) -> str:
    """The front page: (panel, address of its picture or None) in the survey's order; a button in each row opens it."""
    drawn = "".join(_survey_row(panel, picture) for panel, picture in rows)
    return f'<h1 class="studio-heard">The survey</h1><ol class="studio-survey">{drawn}</ol>'


def _survey_row(panel: Panel, picture: str | None) -> str:
    image = f'<img src="{picture}" alt="A result of {escape(panel.title)}" loading="lazy">' if picture else ""
    return (
        f'<li><span class="studio-number">{panel.paper.number}</span>'
        f'<div><h2><button type="button" data-choice="{escape(panel.slug)}">{escape(panel.title)}</button></h2>'
        f'<p class="studio-story">{escape(panel.story)}</p>'
        f'<p class="studio-citation">{_citation(panel.paper)}</p>'
        f"</div>{image}</li>"
    )


def presets(experiment: Experiment) -> str:
    """The presets' names as buttons in one line."""
    buttons = "".join(
        f'<button type="button" data-choice="{escape(name)}">{escape(name)}</button>' for name in experiment.presets
    )
    return f'<div class="studio-presets" role="group" aria-label="Presets"><span>Start from</span>{buttons}</div>'


def badge(experiment: Experiment, values: Mapping[str, Any], device: str, seconds: float | None) -> str:
    """Which checkpoint made a result, under which licence, on which device, in how many seconds; what is not known is
    left out."""
    lines = []
    replaced = {
        control.instead_of
        for name, control in experiment.controls.items()
        if isinstance(control, SubjectFile) and values.get(name)
    }
    for name, control in experiment.controls.items():
        if name in replaced:
            lines.append(("Checkpoint", "a subject of the visitor's own"))
        elif isinstance(control, CheckpointChoice):
            lines += [("Checkpoint", control.options[values[name]]), ("Licence", find(values[name]).licence)]
    if device:
        lines.append(("Device", device))
    if seconds is not None:
        lines.append(("Computed in", f"{seconds:.1f} s"))
    items = "".join(f"<div><dt>{term}</dt><dd>{escape(words)}</dd></div>" for term, words in lines)
    return f'<dl class="studio-badge">{items}</dl>' if lines else ""


def value(control: Control, value: Any) -> str:
    """A control's value in words."""
    match control:
        case Choice():
            return control.options[value]
        case Switch():
            return "on" if value else "off"
        case Upload():
            return value if value in control.examples else "your own" if value else "none"
        case Number():
            return f"{value:g} {control.unit}".rstrip()
        case Rotation():
            return ", ".join(f"{angle:g}°" for angle in value)
        case _:
            return str(value)


def notes(experiment: Experiment) -> str:
    """What is seen and what to try."""
    lines = "".join(f"<p>{escape(note)}</p>" for note in experiment.notes)
    return f'<section class="studio-notes">{lines}</section>'


def figures(published: Sequence[Figure]) -> str:
    """Published results, each with where it is printed."""
    drawn = "".join(
        f"<figure><figcaption>{escape(figure.caption)}</figcaption>{table(figure.rows)}"
        f'<p class="studio-citation">{escape(figure.citation)}</p></figure>'
        for figure in published
    )
    return f'<section class="studio-published"><h3>As published</h3>{drawn}</section>'


def group(words: str) -> str:
    """The heading over a group of controls."""
    return f'<h3 class="studio-group">{escape(words)}</h3>'


def sentence(words: str) -> str:
    """One sentence, or none."""
    return f"<p>{escape(words)}</p>" if words else ""


def paused() -> str:
    """What stands in the place of a job's progress while it may go on."""
    return '<p class="studio-paused">Paused; what was finished stays.</p>'


def progress(fraction: float | None, words: str, seconds: int) -> str:
    """How far a run is; `fraction` is None while it waits."""
    value = "" if fraction is None else f' value="{fraction:.3f}"'
    return (
        f'<progress max="1"{value} aria-label="Progress"></progress>'
        f'<p><span role="status">{escape(words)}</span><span class="studio-seconds">{seconds} s</span></p>'
    )


def notices(value: Mapping[str, str]) -> str:
    """Sentences about a result; a colour that they name (#rrggbb) is shown beside its name."""
    paragraphs = (COLOUR.sub(r'<i style="background:\g<0>"></i>\g<0>', escape(text)) for text in value.values())
    return f'<div role="status">{"".join(f"<p>{text}</p>" for text in paragraphs)}</div>'


def table(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Rows by name; a cell that a row lacks stays empty, and the numbers of a column have equally many decimals."""
    columns = list(dict.fromkeys(column for row in rows.values() for column in row))
    formats = {column: _format([row[column] for row in rows.values() if column in row]) for column in columns}
    head = "".join(f'<th scope="col">{escape(str(column))}</th>' for column in columns)
    body = "".join(
        f'<tr><th scope="row">{escape(str(name))}</th>'
        f"{''.join(_cell(row.get(column, ''), formats[column]) for column in columns)}</tr>"
        for name, row in rows.items()
    )
    return f"<table><thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table>"


def _format(values: Sequence[Any]) -> str:
    """How a column's fractions are written: with as many decimals as one of them needs for four figures."""
    fractions = [value for value in values if not isinstance(value, str | Integral)]
    if any(0 < abs(value) < SMALLEST_DECIMAL for value in fractions):
        return ".4g"
    return f".{min(4, max((len(f'{value:.4g}'.partition('.')[2]) for value in fractions), default=0))}f"


def _cell(value: Any, format: str) -> str:
    if isinstance(value, str):
        return f"<td>{escape(value)}</td>"
    return f'<td class="studio-figures">{value if isinstance(value, Integral) else f"{value:{format}}"}</td>'


def curves(output: Curves, lines: Mapping[str, tuple[Sequence[float], ...]]) -> str:
    """Lines and bands over a common axis, each with its name at its end, as one drawing in the page's own ink."""
    sides = {name: [_points(xs, ys, output.logarithmic) for ys in rows] for name, (xs, *rows) in lines.items()}
    sides = {name: rows for name, rows in sides.items() if all(rows)}
    if not sides:
        return ""
    points = {name: rows[0] for name, rows in sides.items() if len(rows) == 1}
    bands = {name: rows for name, rows in sides.items() if len(rows) == 2}
    every = [point for rows in sides.values() for line in rows for point in line]
    x_axis = _Axis([x for x, _ in every], False, CURVE_MARGINS[0], CURVE_WIDTH - CURVE_MARGINS[1])
    y_axis = _Axis(
        [*(y for _, y in every), *output.span], output.logarithmic, CURVE_HEIGHT - CURVE_MARGINS[3], CURVE_MARGINS[2]
    )
    words = f"{output.label}: {output.y} over {output.x}, " + ", ".join(sides)
    parts = [_grid(x_axis, y_axis, output)]
    for name, (low, high) in bands.items():
        path = " ".join(f"{x_axis.place(x):.1f},{y_axis.place(y):.1f}" for x, y in [*low, *high[::-1]])
        middle = (y_axis.place(low[-1][1]) + y_axis.place(high[-1][1])) / 2
        parts.append(
            f'<g class="studio-band"><polygon points="{path}"/>'
            f'<text x="{x_axis.place(low[-1][0]) + 6:.1f}" y="{middle + 4:.1f}">{escape(name)}</text></g>'
        )
    labels = _apart([y_axis.place(line[-1][1]) for line in points.values()])
    for number, ((name, line), at) in enumerate(zip(points.items(), labels, strict=True)):
        path = " ".join(f"{x_axis.place(x):.1f},{y_axis.place(y):.1f}" for x, y in line)
        end = x_axis.place(line[-1][0]) + 6
        parts.append(
            f'<g class="studio-line studio-line-{number % 4}"><polyline points="{path}"/>'
            f'<text x="{end:.1f}" y="{at + 4:.1f}">{escape(name)}</text></g>'
        )
    return (
        f'<svg class="studio-curves" viewBox="0 0 {CURVE_WIDTH} {CURVE_HEIGHT}"'
        f' role="img" aria-label="{escape(words)}">{"".join(parts)}</svg>'
    )


def _points(xs: Sequence[float], ys: Sequence[float], logarithmic: bool) -> list[tuple[float, float]]:
    """The line's points that can be drawn, thinned to what can be seen."""
    pairs = [(float(x), float(y)) for x, y in zip(xs, ys, strict=True)]
    pairs = [(x, y) for x, y in pairs if math.isfinite(x) and math.isfinite(y) and (y > 0 or not logarithmic)]
    stride = max(1, len(pairs) // CURVE_POINTS)
    return pairs[::stride] + (pairs[-1:] if (len(pairs) - 1) % stride else [])


class _Axis:
    """Where values stand between two places, and at which values a number is printed."""

    def __init__(self, values: Sequence[float], logarithmic: bool, start: float, end: float) -> None:
        self._scale = math.log10 if logarithmic else float
        low, high = self._scale(min(values)), self._scale(max(values))
        if high - low < 1e-12:
            low, high = low - 0.5, high + 0.5
        if logarithmic:
            low, high = math.floor(low), math.ceil(high)
            stride = max(1, (high - low) // 5)
            self.ticks = [10.0**power for power in range(low, high + 1, stride)]
        else:
            step = _round_step((high - low) / 5)
            first = math.ceil(low / step - 1e-9)
            self.ticks = [step * n for n in range(first, math.floor(high / step + 1e-9) + 1)]
        self._low, self._span, self._start, self._length = low, high - low, start, end - start

    def place(self, value: float) -> float:
        return self._start + (self._scale(value) - self._low) / self._span * self._length


def _round_step(step: float) -> float:
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= step * 0.999)


def _grid(x_axis: _Axis, y_axis: _Axis, output: Curves) -> str:
    left, right, _, bottom = CURVE_MARGINS
    base, end = CURVE_HEIGHT - bottom, CURVE_WIDTH - right
    parts = [f'<line class="studio-axis" x1="{left}" y1="{base}" x2="{end}" y2="{base}"/>']
    for tick in y_axis.ticks:
        y = y_axis.place(tick)
        parts.append(f'<line x1="{left}" y1="{y:.1f}" x2="{end}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:.4g}</text>')
    for tick in x_axis.ticks:
        parts.append(f'<text x="{x_axis.place(tick):.1f}" y="{base + 18}" text-anchor="middle">{tick:.4g}</text>')
    parts.append(f'<text x="{end}" y="{base + 34}" text-anchor="end">{escape(output.x)}</text>')
    parts.append(f'<text x="{left}" y="{base + 34}">{escape(output.y)}</text>')
    return f'<g class="studio-grid">{"".join(parts)}</g>'


def _apart(places: Sequence[float]) -> list[float]:
    """The places, moved down, and at the bottom up, where two names would stand on each other."""
    order = sorted(range(len(places)), key=lambda n: places[n])
    moved = list(places)
    for above, below in zip(order, order[1:], strict=False):
        moved[below] = max(moved[below], moved[above] + CURVE_NAME)
    lowest = float(CURVE_HEIGHT - CURVE_MARGINS[3])
    for place in reversed(order):
        moved[place] = min(moved[place], lowest)
        lowest = moved[place] - CURVE_NAME
    return moved
