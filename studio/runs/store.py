"""Keeps what a run made in a folder, as `python -m pages run` writes it, and as each panel opens with it."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from engines.runtime.images import write_motion, write_picture
from engines.runtime.scheduler import Task
from engines.runtime.video import write_clip
from studio import ASSETS
from studio.declared import Experiment, Panel
from studio.drawn.theme import PAPER
from studio.runs.run import used

RENDERED = ASSETS / "rendered"
LIVING = "living.webp"
LIVING_SIZE = 360, 240
LIVING_BYTES = 150_000


def parameters(panel: Panel, experiment: Experiment, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a picture or movie made with these control values carries.

    Of a visitor's own file it says only that it was one.
    """
    mark = {"synthetic": True} if panel.shows_people else {}
    written = {
        name: control.written(values.get(name, control.default)) for name, control in experiment.controls.items()
    }
    return {**mark, "panel": panel.slug, "experiment": experiment.name, "controls": written}


def pictures(experiment: Experiment, result: Mapping[str, Any]) -> Iterator[tuple[str, str | None, Any]]:
    """Yield (output, caption or None, picture) for every picture in a result; for a `rendered` one, its path."""
    for name, value in result.items():
        for caption, picture in experiment.outputs[name].pictures(value):
            yield name, caption, picture


class Written:
    """Is a folder into which a result is written; `paths` are its files so far, `stem` is the name of the next one."""

    def __init__(self, folder: Path, suffix: str, parameters: Mapping[str, Any], stem: str = "") -> None:
        self.folder = folder
        self.suffix = suffix
        self.parameters = parameters
        self.stem = stem
        self.paths: list[Path] = []

    def named(self, name: str) -> "Written":
        """Return the same folder, for what stands under that name within this one."""
        within = Written(self.folder, self.suffix, self.parameters, "-".join(filter(None, [self.stem, name])))
        within.stem = within.stem.replace(" ", "-")
        within.paths = self.paths
        return within

    def picture(self, picture: Any, exact: bool = False, ending: str = "", parameters: Any = None) -> str:
        """Write a picture with its parameters, as PNG if it must be `exact`, and return the file's name."""
        path = self._path(f"{self.stem}{ending}{'.png' if exact else self.suffix}")
        write_picture(picture, path, self.parameters if parameters is None else parameters)
        return path.name

    def array(self, values: Any) -> str:
        """Write an array as `.npy`, and return the file's name."""
        path = self._path(f"{self.stem}.npy")
        np.save(path, values)
        return path.name

    def arrays(self, **values: Any) -> str:
        """Write arrays by name as `.npz`, and return the file's name."""
        path = self._path(f"{self.stem}.npz")
        np.savez_compressed(path, **values)
        return path.name

    def movie(self, made: bytes) -> str:
        """Write a movie with its parameters as `.mp4`, and return the file's name."""
        path = self._path(f"{self.stem}.mp4")
        write_clip(made, path, self.parameters)
        return path.name

    def file(self, name: str, content: bytes) -> str:
        """Write a file of that name, and return the name."""
        path = self._path(name)
        path.write_bytes(content)
        return path.name

    def _path(self, name: str) -> Path:
        self.paths.append(self.folder / name)
        return self.paths[-1]


def save(
    panel: Panel, experiment: Experiment, values: Mapping[str, Any], task: Task, folder: Path, suffix: str = ".png"
) -> list[Path]:
    """Write every output of a finished task into a folder, and return the paths.

    Pictures are written as `output[-caption].png`, movies as `output.mp4`, arrays beside their pictures, files under
    their own names, and all the rest in `result.json`. Each picture and movie carries the parameters; `result.json`
    holds them too, with the seconds and device.
    """
    from engines.runtime.device import describe

    folder.mkdir(parents=True, exist_ok=True)
    made = parameters(panel, experiment, used(task, values))
    written = Written(folder, suffix, made)
    with_pictures = {name for name, _, _ in pictures(experiment, task.result)}
    # Outputs without pictures stand first in the document.
    names = sorted(task.result, key=with_pictures.__contains__)
    outputs = {name: experiment.outputs[name].store(task.result[name], written.named(name)) for name in names}
    document = {**made, "seconds": round(task.seconds, 1), "device": describe(), "outputs": outputs}
    path = folder / "result.json"
    path.write_text(json.dumps(document, indent=1, default=_listed) + "\n")
    return [*written.paths, path]


def living(panel: Panel) -> Path | None:
    """Return the file of the picture in motion that stands for a panel, if it was rendered."""
    path = RENDERED / panel.slug / LIVING
    return path if path.is_file() else None


def enliven(panel: Panel) -> Path | None:
    """Write the picture in motion that stands for a panel, from its rendered result; None if there is none."""
    shown = panel.living
    experiment = panel.experiment(shown.experiment) if shown else None
    kept = rendered(panel, experiment) if experiment else None
    if shown is None or experiment is None or kept is None:
        return None
    beat, frames = experiment.outputs[shown.output].motion(kept[0][shown.output])
    pictures = (_framed(frame, shown.part, panel.shows_people) for frame in frames)
    path = RENDERED / panel.slug / LIVING
    write_motion(pictures, path, parameters(panel, experiment, experiment.opening()), beat, LIVING_BYTES)
    return path


def _framed(frame: Any, part: tuple[float, ...], is_whole: bool) -> Any:
    """Return the part of a frame, cut to the common shape, or with margins if it has to be seen as a whole."""
    from PIL import Image, ImageOps

    picture = Image.fromarray(frame)
    left, top, right, bottom = (round(share * side) for share, side in zip(part, 2 * picture.size, strict=True))
    cut = picture.crop((left, top, right, bottom))
    if is_whole:
        return ImageOps.pad(cut, LIVING_SIZE, Image.Resampling.LANCZOS, PAPER)
    return ImageOps.fit(cut, LIVING_SIZE, Image.Resampling.LANCZOS)


def _listed(value: Any) -> Any:
    return value.tolist()


def rendered(panel: Panel, experiment: Experiment) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """Return (result, document) of the opening preset, rendered by `python -m pages render`; None if there is none yet.

    The result has the path of its file instead of each picture.
    """
    folder = RENDERED / panel.slug / experiment.name
    if not (folder / "result.json").is_file():
        return None
    document = json.loads((folder / "result.json").read_text())
    outputs = document["outputs"].items()
    return {name: experiment.outputs[name].restore(stored, folder) for name, stored in outputs}, document
