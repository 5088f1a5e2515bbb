"""Results and controls as the main face's browser side has them: what studio.js draws of each output, and the tokens of
files that were sent."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from engines.runtime.errors import InputError
from engines.runtime.video import Recording
from pages import _permalink, _pictures, _typeset
from pages._panel import (
    Attention,
    Click,
    Comparison,
    Curves,
    Experiment,
    File,
    Globes,
    Hypergraph,
    Movie,
    Notices,
    Output,
    Panel,
    Picture,
    Plate,
    Rotation,
    Strip,
    Table,
    Upload,
)

Address = Callable[[Any], dict[str, Any]]
"""What gives a result's picture or movie the addresses under which a browser finds it."""


def _picture(output: Picture, value: Any, address: Address) -> dict[str, Any]:
    return {"kind": "picture", "picture": {"caption": output.label, **address(value)}}


def _comparison(output: Comparison, value: Mapping[str, Any], address: Address) -> dict[str, Any]:
    return {"kind": "comparison", "left": output.left, "pictures": _captioned(value, address)}


def _attention(output: Attention, value: Mapping[str, Any], address: Address) -> dict[str, Any]:
    return {"kind": "attention", "pictures": _captioned(value, address)}


def _globes(output: Globes, value: Mapping[str, Any], address: Address) -> dict[str, Any]:
    return {"kind": "globes", "of": list(output.of), "inside": output.inside, "pictures": _captioned(value, address)}


def _hypergraph(output: Hypergraph, value: Any, address: Address) -> dict[str, Any]:
    return {"kind": "hypergraph", "picture": {"caption": output.label, **address(value)}}


def _strip(output: Strip, value: Mapping[str, Any], address: Address) -> dict[str, Any]:
    return {"kind": "strip", "expected": list(output.of), "pictures": _captioned(value, address)}


def _captioned(value: Mapping[str, Any], address: Address) -> list[dict[str, Any]]:
    return [{"caption": caption, **address(picture)} for caption, picture in value.items()]


def _movie(output: Movie, value: Any, address: Address) -> dict[str, Any]:
    return {"kind": "movie", "picture": {"caption": output.label, **address(value)}}


def _file(output: File, value: Any, address: Address) -> dict[str, Any]:
    return {"kind": "file", "file": {"name": output.file, **address(value)}}


def _table(output: Table, value: Any, address: Address) -> dict[str, Any]:
    return {"kind": "html", "html": _typeset.table(value)}


def _curves(output: Curves, value: Any, address: Address) -> dict[str, Any]:
    return {"kind": "html", "html": _typeset.curves(output, value)}


def _plate(output: Plate, value: str, address: Address) -> dict[str, Any]:
    return {"kind": "html", "html": value}


def _notices(output: Notices, value: Any, address: Address) -> dict[str, Any]:
    return {"kind": "html", "html": _typeset.notices(value)}


OUTPUTS: dict[type[Output], Callable[[Any, Any, Address], dict[str, Any]]] = {
    Picture: _picture,
    Comparison: _comparison,
    Attention: _attention,
    Globes: _globes,
    Hypergraph: _hypergraph,
    Strip: _strip,
    Movie: _movie,
    File: _file,
    Table: _table,
    Curves: _curves,
    Plate: _plate,
    Notices: _notices,
}
"""What studio.js gets to draw for each kind of output, from the output, its value and what addresses pictures."""


class Drawing:
    """One run's results as studio.js draws them; `address` takes a picture and the parameters that made it.

    A picture that stays from one partial result to the next keeps its address.
    """

    def __init__(
        self,
        panel: Panel,
        experiment: Experiment,
        address: Callable[[Any, Mapping[str, Any]], dict[str, Any]],
        parameters: Mapping[str, Any],
    ) -> None:
        self._panel = panel
        self._experiment = experiment
        self._address = address
        self.parameters = parameters
        self._run = secrets.token_hex(4)
        self.drawn: dict[str, Any] = {}
        self._seen: dict[str, Any] = {}
        self._addressed: dict[str, dict[int, tuple[Any, dict[str, Any]]]] = {}

    def changes(self, result: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """What to draw of the outputs that changed since the last call."""
        playable = {name: value for name, value in result.items() if not _is_growing(value)}
        changed = {name: value for name, value in playable.items() if self._seen.get(name) is not value}
        self._seen.update(changed)
        drawn = {name: self._drawn(name, value) for name, value in changed.items()}
        self.drawn.update(drawn)
        return drawn

    def empty(self, name: str) -> dict[str, Any] | None:
        """What to draw of an output that has no value: a strip's empty frames, else nothing."""
        output = self._experiment.outputs[name]
        return self._drawn(name, {}) if isinstance(output, Strip) and output.of else None

    def _drawn(self, name: str, value: Any) -> dict[str, Any]:
        before = self._addressed.get(name, {})
        now: dict[int, tuple[Any, dict[str, Any]]] = {}

        def address(picture: Any) -> dict[str, Any]:
            # The picture is kept beside its address, or another could come to have its id.
            now[id(picture)] = before.get(id(picture)) or (picture, self._address(picture, self.parameters))
            return now[id(picture)][1]

        output = self._experiment.outputs[name]
        drawn = OUTPUTS[type(output)](output, value, address)
        self._addressed[name] = now
        clicks = (control for control in self._experiment.controls.values() if isinstance(control, Click))
        clickable = "".join(click.label for click in clicks if click.on == name)
        return {
            "label": output.label,
            "help": output.help,
            "clickable": clickable,
            "live": self._experiment.live,
            "turned": self._turned(name),
            "use": self._use(output),
            "run": self._run,
            "link": _permalink.write(self._panel, self._experiment, self.parameters["controls"]),
            **drawn,
        }

    def _turned(self, name: str) -> Any:
        """The rotation for which globes were made, where a hand turns them."""
        for control, rotation in self._experiment.controls.items():
            if isinstance(rotation, Rotation) and rotation.on == name:
                return self.parameters["controls"][control]
        return None

    def _use(self, output: Output) -> dict[str, str] | None:
        """Which control takes the file that an output offers, and where such a file is sent."""
        if not isinstance(output, File) or output.use is None:
            return None
        name, control = output.use
        experiment = self._panel.experiment(name)
        taker = experiment.control(control)
        assert isinstance(taker, Upload), "a file is taken by what files are sent to"
        words = f"Use it in {experiment.title}"
        return {"experiment": name, "control": control, "route": taker.route, "words": words}


def _is_growing(value: Any) -> bool:
    """Whether it is a movie that cannot be played yet."""
    return isinstance(value, Recording) and not value.content


def received(experiment: Experiment, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with the file itself in place of each upload's token.

    Raises:
        InputError: a file that was sent is no longer held.
    """
    received = dict(values)
    for name, control in experiment.controls.items():
        value = received.get(name)
        if isinstance(control, Upload) and isinstance(value, str) and value and value not in control.examples:
            received[name] = _pictures.UPLOADS.get(value)
            if received[name] is None:
                words = f"the {control.noun} you sent is no longer held here; choose it again."
                raise InputError(f"{control.label}: {words}")
    return received
