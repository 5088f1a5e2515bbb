"""A film from one latent and class to another."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from engines.runtime import lazy
from engines.runtime.progress import Progress
from engines.runtime.video import Recording
from pages.biggan.controls import CHECKPOINT, class_number, image_class, truncation_number
from pages.biggan.grid import grid
from pages.film import FRAME_RATE, FRAMES, FRAMES_SHOWN, LOOP
from studio.declared import Experiment
from studio.kinds import Movie, Number, Seed, Strip

if TYPE_CHECKING:
    from engines.biggan import engine
else:
    engine = lazy.load("engines.biggan.engine")


def run(
    label: str,
    seed: int,
    other_label: str,
    other_seed: int,
    truncation: float,
    frames: int,
    loop: bool,
    count: int,
    checkpoint: str,
) -> Iterator[Progress | dict[str, Any]]:
    how = engine.Truncation(truncation)
    ends = [engine.latents(each, count, how, checkpoint) for each in (seed, other_seed)]
    classes = [engine.class_weights(checkpoint, {class_number(each, checkpoint): 1}) for each in (label, other_label)]
    every = -(-frames // FRAMES_SHOWN)
    with Recording(FRAME_RATE) as movie:
        for number, share in enumerate(engine.shares(frames, loop)):
            yield Progress(number / frames, f"Frame {number + 1} of {frames}")
            latent, weights = engine.between(ends[0], ends[1], share), classes[0].lerp(classes[1], share)
            for made in engine.draw(latent, weights, how, checkpoint, previewed=False):
                if isinstance(made, Progress):
                    continue
                picture = grid(made)
                movie.add(picture)
                if number % every == 0:
                    yield {"movie": movie, "frames": {f"{float(number / FRAME_RATE):.2f} s": picture}}
    yield {"movie": movie}


EXPERIMENT = Experiment(
    name="interpolate",
    title="Interpolate",
    action="Film the way",
    controls={
        "label": image_class("Class", "ship", group="From"),
        "seed": Seed("Seed", group="From"),
        "other_label": image_class("Class", "automobile", group="To"),
        "other_seed": Seed("Seed", 1, group="To"),
        "truncation": truncation_number(0.6, group="Film"),
        "frames": FRAMES,
        "loop": LOOP,
        "count": Number("Pictures side by side", 1, 8, 8, 1, group="Film"),
        "checkpoint": CHECKPOINT,
    },
    outputs={"movie": Movie("Film"), "frames": Strip("Frames")},
    presets={
        "Ship to automobile": {"label": "ship", "other_label": "automobile"},
        "Horse to deer, one latent": {"label": "horse", "other_label": "deer", "other_seed": 0},
        "Through trucks": {"label": "truck", "other_label": "truck", "other_seed": 7, "loop": False},
    },
    notes=(
        "Latents go along an arc, so that they stay as long as they are; classes go straight.",
        "A film without a jump is a sign that the network has not learnt its pictures by heart.",
        "Try: the same seed at both ends, and only the class goes; the same class, and only the latent.",
    ),
    run=run,
)
