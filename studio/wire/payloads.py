"""Turns results into what the main face's browser side draws."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from studio.declared import Experiment, Panel
from studio.kinds import Click, File, Output, Rotation, Upload
from studio.kinds.output import Addresses
from studio.runs import permalink
from studio.wire.files import addressed


class Payloads:
    """Draws one run's results for studio.js; `addresses` takes the parameters that made them.

    A picture that stays from one partial result to the next keeps its address.
    """

    def __init__(
        self,
        panel: Panel,
        experiment: Experiment,
        addresses: Callable[[Mapping[str, Any]], Addresses],
        parameters: Mapping[str, Any],
    ) -> None:
        self._panel = panel
        self._experiment = experiment
        self._addresses = addresses
        self.parameters = parameters
        self._run = secrets.token_hex(4)
        self.drawn: dict[str, Any] = {}
        self._seen: dict[str, Any] = {}
        self._addressed: dict[str, dict[int, tuple[Any, dict[str, Any]]]] = {}

    def changes(self, result: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        """Return what to draw of the outputs that changed since the last call."""
        outputs = self._experiment.outputs
        playable = {name: value for name, value in result.items() if not outputs[name].is_growing(value)}
        changed = {name: value for name, value in playable.items() if self._seen.get(name) is not value}
        self._seen.update(changed)
        drawn = {name: self._drawn(name, value) for name, value in changed.items()}
        self.drawn.update(drawn)
        return drawn

    def empty(self, name: str) -> dict[str, Any] | None:
        """Return what to draw of an output that has no value: a strip's empty frames, else nothing."""
        value = self._experiment.outputs[name].empty()
        return None if value is None else self._drawn(name, value)

    def _drawn(self, name: str, value: Any) -> dict[str, Any]:
        before = self._addressed.get(name, {})
        now: dict[int, tuple[Any, dict[str, Any]]] = {}

        def address(picture: Any) -> dict[str, Any]:
            # The picture is kept beside its address, or another could get its id.
            now[id(picture)] = before.get(id(picture)) or (
                picture,
                addressed(picture, self._addresses(self.parameters)),
            )
            return now[id(picture)][1]

        output = self._experiment.outputs[name]
        drawn = output.payload(value, address)
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
            "link": permalink.write(self._panel, self._experiment, self.parameters["controls"]),
            **_drawer(output),
            **drawn,
        }

    def _turned(self, name: str) -> Any:
        """Return the rotation for which globes were made, if a visitor turns them."""
        for control, rotation in self._experiment.controls.items():
            if isinstance(rotation, Rotation) and rotation.on == name:
                return self.parameters["controls"][control]
        return None

    def _use(self, output: Output) -> dict[str, str] | None:
        """Return which control takes the file that an output offers, and where such a file is sent."""
        if not isinstance(output, File) or output.use is None:
            return None
        name, control = output.use
        if name not in (each.name for each in self._panel.experiments):
            return None  # The owner of the studio has switched it off.
        experiment = self._panel.experiment(name)
        taker = experiment.control(control)
        assert isinstance(taker, Upload), "a file is taken by what files are sent to"
        words = f"Use it in {experiment.title}"
        return {"experiment": name, "control": control, "route": taker.route, "words": words}


def _drawer(output: Output) -> dict[str, Any]:
    """Return what draws it in the browser: its kind's own module, or a part of studio.js."""
    if output.module is None:
        return {"kind": output.drawn_as}
    return {"kind": "module", "module": output.address(), "properties": output.properties()}
