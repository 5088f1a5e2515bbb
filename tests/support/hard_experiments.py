"""Declarations of the four hardest experiments to come, as stubs: what the page language must be able to say."""

import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from engines.runtime.errors import InputError
from engines.runtime.progress import Progress, Saved
from studio.declared import Experiment, LongExperiment, Panel, Paper, Stream, View
from studio.kinds import Camera, Choice, Click, Curves, Number, Photo, Picture, Seed, Table


def race(
    saved: dict[str, Any] | None, norm: str, batch_size: int, seed: int
) -> Iterator[Progress | Saved | dict[str, Any]]:
    """A training race: a loss curve that grows for some seconds."""
    draw = np.random.default_rng(seed)
    losses: list[float] = []
    if saved is not None:
        draw.bit_generator.state = saved["draw"]
        losses = saved["losses"]
    for step in range(len(losses), 60):
        time.sleep(0.1)
        losses.append(float(np.exp(-step / 20) + 0.1 * draw.random() / batch_size))
        yield {"curves": {norm: (list(range(step + 1)), list(losses))}}
        yield Progress((step + 1) / 60, f"step {step + 1} of 60")
        yield Saved({"draw": draw.bit_generator.state, "losses": losses})


def mirror(memory: dict[str, Any], frame: np.ndarray, strength: float) -> Iterator[dict[str, Any]]:
    """A webcam that drives a picture: each frame blended with the one before it."""
    previous = memory.get("previous", frame)
    memory["previous"] = frame
    blend = strength * frame + (1 - strength) * previous if previous.shape == frame.shape else frame
    yield {"picture": np.asarray(blend, dtype=np.uint8)}


def record(answer: dict[str, Any], exposure: int) -> Iterator[dict[str, Any]]:
    """A browser experiment with exact timing: what the page measured, as a table."""
    yield {"trials": {f"trial {n}": {"asked": exposure, "shown": shown} for n, shown in enumerate(answer["shown"], 1)}}


def frames(request: Mapping[str, Any]) -> dict[str, Any]:
    """How many frames of 16 milliseconds come nearest to an exposure."""
    if request["exposure"] > 400:
        raise InputError("So long an exposure needs no frames.")
    return {"frames": round(request["exposure"] / 16)}


def lighten(photo: np.ndarray, place: tuple[float, float] | None) -> Iterator[dict[str, Any]]:
    """A click on a result that becomes an input: the quarter that was clicked is lightened."""
    picture = photo.copy()
    if place is not None:
        rows, columns = (
            slice(round(size * int(at * 2) / 2), round(size * (int(at * 2) + 1) / 2))
            for size, at in zip(photo.shape, reversed(place), strict=False)
        )
        picture[rows, columns] = 255 - (255 - picture[rows, columns]) // 2
    yield {"picture": picture}


def _noise() -> bytes:
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 200, (64, 96, 3), dtype=np.uint8)).save(file, "PNG")
    return file.getvalue()


PANEL = Panel(
    slug="hard_experiments",
    title="Hard experiments",
    paper=Paper(number=99, title="Four stubs", authors="The studio", venue="tests", arxiv="0000.00000"),
    story="Four experiments that test what a page can say.",
    experiments=[
        LongExperiment(
            name="race",
            title="Race",
            action="Start",
            controls={
                "norm": Choice("Norm", {"bn": "batch", "gn": "group"}, "gn"),
                "batch_size": Number("Batch size", 1, 64, 2, 1),
                "seed": Seed("Seed"),
            },
            outputs={"curves": Curves("Loss", "step", "loss")},
            presets={"small batch": {"batch_size": 2}},
            run=race,
        ),
        Stream(
            name="mirror",
            title="Mirror",
            controls={"frame": Camera("Camera"), "strength": Number("Strength", 0, 1, 0.5, 0.1)},
            outputs={"picture": Picture("Blend")},
            presets={"half": {"strength": 0.5}},
            run=mirror,
        ),
        View(
            name="trial",
            title="Trial",
            page="trial-stub.html",
            service=frames,
            controls={"exposure": Number("Exposure", 16, 500, 64, 1, unit="ms")},
            outputs={"trials": Table("Trials")},
            presets={"short": {"exposure": 64}},
            run=record,
        ),
        Experiment(
            name="click",
            title="Click",
            live=True,
            controls={"photo": Photo("Photo", examples={"noise": _noise}), "place": Click("Place", "picture")},
            outputs={"picture": Picture("Picture")},
            presets={"noise": {"photo": "noise"}},
            run=lighten,
        ),
    ],
)
