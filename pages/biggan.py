"""BigGAN: the truncation slider, and what else moves, mixes and breaks its pictures."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime.checkpoints import catalogue
from engines.runtime.class_names import class_id, class_names
from engines.runtime.progress import Progress
from engines.runtime.video import Recording
from pages._panel import (
    CheckpointChoice,
    Choice,
    Curves,
    Experiment,
    Figure,
    ImageClass,
    Movie,
    Notices,
    Number,
    Panel,
    Paper,
    Picture,
    Seed,
    Strip,
    Switch,
    Table,
)

if TYPE_CHECKING:
    from engines.biggan.engine import Weights

RECORDS = {name: each for name, each in catalogue().items() if each.architecture.startswith("biggan")}
CHECKPOINTS = {name: each.badge for name, each in RECORDS.items()}
NAMES = {name: class_names(each.config["classes"]) for name, each in RECORDS.items()}
BUNDLED = "biggan-small"
SAMPLINGS = {"paper": "the paper's: drawn anew beyond it", "published": "the published code's: shrunk by it"}
STATISTICS = {
    "right": "those of such latents",
    "published": "as the published code picks them",
    "untruncated": "those without truncation",
}
SHOWN_STATISTICS = {"right": "right", "published": "as published", "untruncated": "without truncation"}
GRID_WIDTH = 512
"""Pixels that a grid of small pictures is enlarged to, at most; sending a larger one takes longer than making it."""
LINE = 8
"""Pictures that stand in one row."""
TRUNCATIONS = (1.0, 0.8, 0.6, 0.4, 0.2, 0.1, 0.04)
FRAME_RATE = Fraction(24)
FRAMES_SHOWN = 8
STEPS = (-3, -2, -1, 0, 1, 2, 3)
"""Standard deviations at which a component is shown."""
DIRECTIONS_OF = {"features": "what the first layer makes of the latent", "pictures": "the pictures of this class"}
LAYERS = {
    "first": "the linear layer: a filter for each number of the latent",
    "middle": "a convolution of the middle",
    "last": "the convolution before the last",
}
COSINES = np.linspace(-0.5, 0.5, 41)


def truncation(
    label: str, truncation: float, seed: int, count: int, sampling: str, statistics: str, checkpoint: str
) -> Iterator[Progress | dict[str, Any]]:
    from engines.biggan import engine

    how = engine.Truncation(truncation, sampling, statistics)
    latent = engine.latents(seed, count, how, checkpoint)
    classes = engine.class_weights(checkpoint, {_class_id(label, checkpoint): 1})
    for made in engine.draw(latent, classes, how, checkpoint):
        yield made if isinstance(made, Progress) else {"pictures": grid(made)}


def trade(label: str, count: int, sampling: str, seed: int, checkpoint: str) -> Iterator[Progress | dict[str, Any]]:
    from engines.biggan import engine

    chosen = _class_id(label, checkpoint)
    small = len(NAMES[checkpoint]) == len(NAMES[BUNDLED])
    measured = range(len(NAMES[checkpoint])) if small else [chosen]
    shown = slice(count * chosen, count * chosen + LINE) if small else slice(LINE)
    if not small:
        yield {"words": {"fidelity": "No classifier of ImageNet comes with the studio: variety only, of this class."}}
    fidelities: list[float] = []
    varieties: list[float] = []
    steps = len(TRUNCATIONS) + 1
    for made in engine.trade(measured, seed, count, TRUNCATIONS, sampling, checkpoint):
        if isinstance(made, Progress):
            done = len(varieties) + (made.words != "Without truncation")
            yield Progress((done + made.fraction) / steps, made.words)
            continue
        varieties.append(made.variety)
        row: dict[str, Any] = {"variety": round(made.variety, 3)}
        curves: dict[str, Any] = {}
        if made.fidelity is not None:
            fidelities.append(made.fidelity)
            row["fidelity"] = round(made.fidelity, 3)
            curves["trade"] = {"this model": (varieties[::-1], fidelities[::-1])}
        lines = {"variety": varieties, "fidelity": fidelities}
        past = list(TRUNCATIONS[: len(varieties)])[::-1]
        curves["curves"] = {name: (past, values[::-1]) for name, values in lines.items() if values}
        name = f"{made.truncation:g}"
        yield {"pictures": {name: grid(made.pictures[shown])}, "numbers": {name: row}, **curves}


def interpolate(
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
    from engines.biggan import engine

    how = engine.Truncation(truncation)
    ends = [engine.latents(each, count, how, checkpoint) for each in (seed, other_seed)]
    classes = [engine.class_weights(checkpoint, {_class_id(each, checkpoint): 1}) for each in (label, other_label)]
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


def mix(
    label: str,
    weight: float,
    second_label: str,
    second_weight: float,
    third_label: str,
    third_weight: float,
    truncation: float,
    seed: int,
    count: int,
    checkpoint: str,
) -> Iterator[Progress | dict[str, Any]]:
    from engines.biggan import engine

    weights: dict[int, float] = {}
    for name, value in ((label, weight), (second_label, second_weight), (third_label, third_weight)):
        place = _class_id(name, checkpoint)
        weights[place] = weights.get(place, 0) + value
    how = engine.Truncation(truncation)
    latent = engine.latents(seed, count, how, checkpoint)
    for made in engine.draw(latent, engine.class_weights(checkpoint, weights), how, checkpoint):
        yield made if isinstance(made, Progress) else {"pictures": grid(made)}


def swap(
    label: str,
    seed: int,
    other_label: str,
    other_seed: int,
    latent_1: bool,
    latent_2: bool,
    latent_3: bool,
    latent_4: bool,
    class_1: bool,
    class_2: bool,
    class_3: bool,
    class_4: bool,
    truncation: float,
    checkpoint: str,
) -> Iterator[Progress | dict[str, Any]]:
    from engines.biggan import engine

    how = engine.Truncation(truncation)
    ends = [
        (
            engine.latents(number, LINE, how, checkpoint),
            engine.class_weights(checkpoint, {_class_id(name, checkpoint): 1}),
        )
        for name, number in ((label, seed), (other_label, other_seed))
    ]
    parts = [latent_1, latent_2, latent_3, latent_4], [class_1, class_2, class_3, class_4]
    rows = []
    for each in (([False] * 4,) * 2, parts, ([True] * 4,) * 2):
        for made in engine.exchange(*ends[0], *ends[1], *each, how, checkpoint):
            if isinstance(made, Progress):
                yield made
            else:
                rows.append(made)
    yield {"pictures": grid(np.concatenate(rows), LINE)}


def directions(
    label: str,
    of: str,
    component_1: float,
    component_2: float,
    component_3: float,
    component_4: float,
    component_5: float,
    truncation: float,
    seed: int,
    checkpoint: str,
) -> Iterator[Progress | dict[str, Any]]:
    import torch

    from engines.biggan import engine

    chosen = _class_id(label, checkpoint)
    how = engine.Truncation(truncation)
    latent = engine.latents(seed, LINE, how, checkpoint)
    classes = engine.class_weights(checkpoint, {chosen: 1})
    found = yield from engine.find_directions(checkpoint, chosen, of)
    amounts = torch.tensor([[component_1, component_2, component_3, component_4, component_5]])
    for made in engine.draw(latent + amounts @ found.steps, classes, how, checkpoint):
        yield made if isinstance(made, Progress) else {"pictures": grid(made)}
    names = [f"component {place + 1}" for place in range(len(found.steps))]
    yield {
        "explained": {
            name: {"of the variance, %": round(100 * share, 1)}
            for name, share in zip(names, found.explained.tolist(), strict=True)
        }
    }
    rows = []
    for step in found.steps:
        along = latent[:1] + torch.tensor(STEPS)[:, None] * step
        for made in engine.draw(along, classes, how, checkpoint, previewed=False):
            if isinstance(made, Progress):
                yield made
            else:
                rows.append(made)
    yield {"components": grid(np.concatenate(rows), len(STEPS))}


def wrong(
    label: str, truncation: float, sampling: str, seed: int, checkpoint: str
) -> Iterator[Progress | dict[str, Any]]:
    from engines.biggan import engine

    classes = engine.class_weights(checkpoint, {_class_id(label, checkpoint): 1})
    right = None
    for statistics, name in SHOWN_STATISTICS.items():
        how = engine.Truncation(truncation, sampling, statistics)
        latent = engine.latents(seed, LINE, how, checkpoint)
        for made in engine.draw(latent, classes, how, checkpoint, previewed=False):
            if isinstance(made, Progress):
                yield made
                continue
            right = made if right is None else right
            yield {"pictures": {name: grid(made)}, "numbers": {name: _beside(made, right)}}


def _beside(pictures: np.ndarray, right: np.ndarray) -> dict[str, float]:
    """How far pictures are from the right ones, and how many of their values are as dark or bright as can be."""
    apart = np.abs(pictures.astype(float) - right).mean()
    full = np.isin(pictures, (0, 255)).mean()
    differing = np.mean([np.abs(one.astype(float) - pictures).mean() for one in pictures]) * len(pictures)
    return {
        "from the right ones, levels": round(float(apart), 1),
        "from each other, levels": round(float(differing / max(1, len(pictures) - 1)), 1),
        "black or full, %": round(100 * float(full), 2),
    }


def weights(layer: str, steps: int, checkpoint: str) -> Iterator[dict[str, Any]]:
    from engines.biggan import engine

    before, after = engine.look_at_weights(checkpoint, layer, steps)
    seen = {"as loaded": before, f"after {steps} steps": after}
    yield {
        "singular": {
            name: (list(range(1, len(each.singular_values) + 1)), each.singular_values.tolist())
            for name, each in seen.items()
        },
        "cosines": {name: _histogram(each.cosines.numpy()) for name, each in seen.items()},
        "numbers": {name: _numbers(each) for name, each in seen.items()},
    }


def _histogram(cosines: np.ndarray) -> tuple[list[float], list[float]]:
    """The middles of equal intervals, and how many in a hundred lie in each; what lies beyond counts at the ends."""
    counts, edges = np.histogram(np.clip(cosines, COSINES[0], COSINES[-1]), COSINES)
    return ((edges[1:] + edges[:-1]) / 2).round(4).tolist(), (100 * counts / len(cosines)).tolist()


def _numbers(seen: "Weights") -> dict[str, Any]:
    largest, smallest = seen.singular_values[0].item(), seen.singular_values[-1].item()
    return {
        "filters": seen.shape[0],
        "largest singular value": largest,
        "smallest": smallest,
        "largest : smallest": largest / smallest,
        "mean |cosine|": seen.cosines.abs().mean().item(),
        "penalty": seen.penalty,
    }


def _class_id(label: str, checkpoint: str) -> int:
    return class_id(label, NAMES[checkpoint])


def grid(pictures: np.ndarray, across: int | None = None) -> np.ndarray:
    """Pictures `(N, H, W, 3)` in rows, small ones enlarged by a whole factor; what is missing in the last is white."""
    count, height, width, _ = pictures.shape
    if across is None:
        across = min(count, LINE // 2 if count <= LINE else LINE)
    factor = max(1, GRID_WIDTH // (across * width))
    rows = -(-count // across)
    sheet = np.full((rows * across, height, width, 3), 255, dtype=np.uint8)
    sheet[:count] = pictures
    sheet = sheet.reshape(rows, across, height, width, 3).swapaxes(1, 2).reshape(rows * height, across * width, 3)
    return sheet.repeat(factor, 0).repeat(factor, 1)


def _image_class(label: str, default: str, **words: Any) -> ImageClass:
    return ImageClass(label, NAMES, "checkpoint", default, **words)


def _truncation(default: float, **words: Any) -> Number:
    return Number("Truncation", 0.02, 1, default, 0.02, **words)


CHECKPOINT = CheckpointChoice("Checkpoint", CHECKPOINTS, BUNDLED, group="Checkpoint", advanced=True)
COUNT = Number("Pictures", 1, 64, 8, 1)


def _components() -> Mapping[str, Number]:
    return {
        f"component_{place}": Number(f"Component {place}", -3, 3, 0, 0.25, unit="deviations", group="Move along")
        for place in range(1, 6)
    }


def _parts(what: str, word: str, chosen: Sequence[int]) -> Mapping[str, Switch]:
    words = ("coarsest layers", "coarse", "fine", "finest")
    return {
        f"{what}_{place}": Switch(f"{words[place - 1].capitalize()}", place in chosen, group=f"{word} of the second in")
        for place in range(1, 5)
    }


PANEL = Panel(
    slug="biggan",
    title="BigGAN",
    paper=Paper(
        number=10,
        title="Large Scale GAN Training for High Fidelity Natural Image Synthesis",
        authors="Andrew Brock, Jeff Donahue, Karen Simonyan",
        venue="ICLR 2019",
        arxiv="1809.11096",
    ),
    story="One slider leads from many different pictures to few good ones.",
    experiments=[
        Experiment(
            name="truncation",
            title="Truncation",
            live=True,
            controls={
                "label": _image_class("Class", "horse"),
                "truncation": _truncation(0.5, help="Numbers of the latent beyond it are drawn anew."),
                "seed": Seed("Seed"),
                "count": COUNT,
                "sampling": Choice("Latents", SAMPLINGS, "paper", group="How", advanced=True),
                "statistics": Choice(
                    "Statistics of the norms",
                    STATISTICS,
                    "right",
                    group="How",
                    advanced=True,
                    help="The published code swaps the weights of two neighbouring rows of its table.",
                ),
                "checkpoint": CHECKPOINT,
            },
            outputs={"pictures": Picture("Pictures")},
            presets={
                "Horses": {"label": "horse", "truncation": 0.5},
                "Ships, all their variety": {"label": "ship", "truncation": 1},
                "Trucks, truncated far": {"label": "truck", "truncation": 0.1},
                "Sixty-four automobiles": {"label": "automobile", "count": 64},
            },
            notes=(
                "Each picture keeps its latent: the same random numbers, bent into ever narrower bounds.",
                "To the left they become more typical of their class, and more alike.",
                "Try: drag slowly from 1 to 0.02; then another class at the same place.",
            ),
            run=truncation,
        ),
        Experiment(
            name="trade",
            title="Fidelity and variety",
            action="Draw and measure",
            controls={
                "label": _image_class("Class that is shown", "ship"),
                "count": Number("Pictures of a class", 8, 64, 16, 1, help="At each truncation, of all ten classes."),
                "sampling": Choice("Latents", SAMPLINGS, "paper"),
                "seed": Seed("Seed"),
                "checkpoint": CHECKPOINT,
            },
            outputs={
                "trade": Curves(
                    "From right to left: truncation 1 to 0.04",
                    "variety",
                    "fidelity",
                    help="Fidelity: how often the studio's small classifier, right about 46 % of CIFAR-10's test "
                    "pictures, sees the class. Variety: mean distance of two pictures of a class; 1 is untruncated.",
                ),
                "curves": Curves("By truncation", "truncation", "share"),
                "pictures": Strip("Of the class", of=tuple(f"{value:g}" for value in TRUNCATIONS)),
                "numbers": Table("Numbers"),
                "words": Notices("Notices"),
            },
            presets={
                "Ships": {"label": "ship"},
                "Cats": {"label": "cat"},
                "As the published code draws": {"sampling": "published"},
            },
            notes=(
                "The same latents at seven truncations; what is lost in variety is won in fidelity.",
                "A small classifier prefers typical pictures, as the paper's Inception Score does: it is no eye.",
                "Try: the published code's latents; another seed, to see how sure the curve is.",
            ),
            run=trade,
        ),
        Experiment(
            name="interpolate",
            title="Interpolate",
            action="Film the way",
            controls={
                "label": _image_class("Class", "ship", group="From"),
                "seed": Seed("Seed", group="From"),
                "other_label": _image_class("Class", "automobile", group="To"),
                "other_seed": Seed("Seed", 1, group="To"),
                "truncation": _truncation(0.6, group="Film"),
                "frames": Number("Frames", 2, 240, 48, 1, group="Film", help="Twenty-four are a second."),
                "loop": Switch("And back, without end", True, group="Film"),
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
            run=interpolate,
        ),
        Experiment(
            name="mix",
            title="Mix",
            live=True,
            controls={
                "label": _image_class("Class", "horse", group="First"),
                "weight": Number("Weight", 0, 1, 0.5, 0.05, group="First"),
                "second_label": _image_class("Class", "automobile", group="Second"),
                "second_weight": Number("Weight", 0, 1, 0.5, 0.05, group="Second"),
                "third_label": _image_class("Class", "bird", group="Third"),
                "third_weight": Number("Weight", 0, 1, 0, 0.05, group="Third"),
                "truncation": _truncation(0.6, group="Latents"),
                "seed": Seed("Seed", group="Latents"),
                "count": Number("Pictures", 1, 64, 8, 1, group="Latents"),
                "checkpoint": CHECKPOINT,
            },
            outputs={"pictures": Picture("Pictures")},
            presets={
                "Horse and automobile": {},
                "Cat and dog": {"label": "cat", "second_label": "dog"},
                "Ship, truck, airplane": {
                    "label": "ship",
                    "second_label": "truck",
                    "third_label": "airplane",
                    "third_weight": 0.5,
                },
            },
            notes=(
                "A class is a vector that all blocks share; between classes there are vectors too.",
                "The weights are made to sum to 1.",
                "Try: drag one weight from 0 to 1, and see which layer of the picture follows first.",
            ),
            run=mix,
        ),
        Experiment(
            name="swap",
            title="Swap layers",
            live=True,
            controls={
                "label": _image_class("Class", "horse", group="First"),
                "seed": Seed("Seed", group="First"),
                "other_label": _image_class("Class", "truck", group="Second"),
                "other_seed": Seed("Seed", 1, group="Second"),
                **_parts("latent", "Latent", ()),
                **_parts("class", "Class", (1, 2)),
                "truncation": _truncation(0.6, advanced=True),
                "checkpoint": CHECKPOINT,
            },
            outputs={
                "pictures": Picture(
                    "Pictures", help="Above: the first; below: the second; between them: the first with those layers."
                )
            },
            presets={
                "Another class, coarse": {},
                "Another class, fine": {"class_1": False, "class_2": False, "class_3": True, "class_4": True},
                "Another latent, coarse": {"class_1": False, "class_2": False, "latent_1": True, "latent_2": True},
                "Another latent, fine": {"class_1": False, "class_2": False, "latent_3": True, "latent_4": True},
            },
            notes=(
                "Each block of BigGAN sees the class, and a part of the latent of its own.",
                "The layers stand in four parts; in the bundled model: 4 x 4 pixels, and the blocks to 8, 16 and 32.",
                "Try: one switch at a time; its first layer sees no class, so that one changes nothing.",
            ),
            run=swap,
        ),
        Experiment(
            name="directions",
            title="Directions",
            live=True,
            controls={
                "label": _image_class("Class", "horse"),
                "of": Choice("Components of", DIRECTIONS_OF, "pictures"),
                **_components(),
                "truncation": _truncation(0.5, group="Latents"),
                "seed": Seed("Seed", group="Latents"),
                "checkpoint": CHECKPOINT,
            },
            outputs={
                "pictures": Picture("Moved"),
                "components": Picture(
                    "What each does", help="The first picture: a row for each component, from -3 to 3 deviations."
                ),
                "explained": Table("Explained"),
            },
            presets={
                "Horses": {"component_5": 2},
                "Ships": {"label": "ship", "component_2": -2},
                "Of the first layer": {"of": "features", "component_3": 2},
            },
            notes=(
                "A network has no knob for light or pose; principal components find what varies most together.",
                "No label was needed, and nobody told them what to mean: look, and name them yourself.",
                "Try: one slider from end to end; the same component in another class.",
            ),
            run=directions,
        ),
        Experiment(
            name="wrong",
            title="What goes wrong",
            live=True,
            controls={
                "label": _image_class("Class", "automobile"),
                "truncation": _truncation(0.1),
                "sampling": Choice("Latents", SAMPLINGS, "paper"),
                "seed": Seed("Seed"),
                "checkpoint": CHECKPOINT,
            },
            outputs={
                "pictures": Strip("By the norms' statistics", of=tuple(SHOWN_STATISTICS.values())),
                "numbers": Table(
                    "Beside the right ones",
                    help="Levels of 255; a class has collapsed where its pictures differ little from each other.",
                ),
            },
            presets={
                "Wrong statistics": {},
                "Collapse": {"truncation": 0.02, "label": "horse"},
                "Little harm at 1": {"truncation": 1, "label": "ship"},
            },
            notes=(
                "Norms expect the means and variances that their latents cause; truncation changes both.",
                "The published code keeps a table of them, and mixes two neighbouring rows the wrong way round.",
                "Try: truncation 0.02, where one picture of the class is left, whatever the latent.",
            ),
            run=wrong,
        ),
        Experiment(
            name="weights",
            title="Singular values",
            live=True,
            controls={
                "layer": Choice("Layer", LAYERS, "middle"),
                "steps": Number("Steps of orthogonal regularisation", 0, 20, 3, 1),
                "checkpoint": CHECKPOINT,
            },
            outputs={
                "singular": Curves("Singular values", "number", "value"),
                "cosines": Curves("Cosines between filters", "cosine", "per cent of all pairs"),
                "numbers": Table("Numbers"),
            },
            presets={"A convolution": {}, "The linear layer": {"layer": "first"}, "Near the end": {"layer": "last"}},
            notes=(
                "Spectral norm holds the largest singular value at 1; it says nothing about the others.",
                "The paper's penalty pushes different filters apart, and does not mind how long they are.",
                "Here it acts on loaded weights by itself, with no pictures to learn: it shows a pull, not a training.",
            ),
            run=weights,
        ),
    ],
    figures=[
        Figure(
            caption="ImageNet at 128 x 128",
            rows={
                "BigGAN": {"Inception Score": "166.5", "Fréchet Inception Distance": "7.4"},
                "The best before": {"Inception Score": "52.52", "Fréchet Inception Distance": "18.65"},
            },
            citation="arXiv:1809.11096, abstract. Higher scores and lower distances are better.",
        )
    ],
)
