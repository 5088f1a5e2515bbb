"""Shapes, recognized by what the sphere round them sees."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy
from pages.checkpoints import only
from pages.spherical_cnn.mesh_file import MeshFile
from studio.declared import Experiment, Figure
from studio.drawn.globes import Solid, Sphere, turned
from studio.kinds import Choice, Curves, Globes, Notices, Rotation, Seed, Table

if TYPE_CHECKING:
    from engines.spherical_cnn import engine, familiarity, meshes
    from engines.spherical_cnn import shapes as families
    from engines.spherical_cnn.meshes import Mesh
else:
    engine = lazy.load("engines.spherical_cnn.engine")
    familiarity = lazy.load("engines.spherical_cnn.familiarity")
    meshes = lazy.load("engines.spherical_cnn.meshes")
    families = lazy.load("engines.spherical_cnn.shapes")

FAMILIES = (
    *("ellipsoid", "box", "cylinder", "cone", "torus", "vase"),
    *("helix", "star", "table", "chair", "cross", "dumbbell"),
)
SOLID = "the shape"
SEEN = tuple(f"{channel}{of}" for of in ("", " of its hull") for channel in ("distance", "cosine", "sine"))
CHANNEL_SPANS = {"distance": (0.0, 1.0), "cosine": (0.0, 1.0), "sine": (0.0, 1.0)}
MOST_CLASSES, TILTS = 5, 9
SHAPE_SEEDS = 7
"""Beside which a seed makes shapes that the network has neither learned nor been tested on."""


def run(
    family: str, seed: int, mesh: "Mesh | None", rotation: tuple[float, float, float], checkpoint: str
) -> Iterator[dict[str, Any]]:
    chosen = meshes.enclosed(mesh or _shape(family, seed))
    vertices = chosen.vertices.astype(np.float32)
    solid = {SOLID: Solid(vertices, chosen.faces, turn=rotation)}
    seen, probabilities, far = engine.recognize(_rotated(chosen, rotation), checkpoint)
    channels = {name: Sphere(values, *CHANNEL_SPANS[name.split()[0]]) for name, values in zip(SEEN, seen, strict=True)}
    best = max(probabilities, key=probabilities.__getitem__)
    order = sorted(probabilities, key=probabilities.__getitem__, reverse=True)
    yield {
        "globes": channels,
        "words": {"class": _recognized(best, probabilities[best], None if mesh else family), "far": _on_distance(far)},
        "classes": {name: {"probability": round(probabilities[name], 3)} for name in order[:MOST_CLASSES]},
    }
    yield {"globes": solid}
    tilts: list[float] = []
    lines: dict[str, list[float]] = {name: [] for name in dict.fromkeys([best, *([] if mesh else [family])])}
    for tilt in np.linspace(0, 180, TILTS):
        probabilities = engine.recognize(_rotated(chosen, (0.0, float(tilt), 0.0)), checkpoint).probabilities
        tilts.append(float(tilt))
        for name, line in lines.items():
            line.append(probabilities[name])
        yield {"lines": {name: (list(tilts), list(line)) for name, line in lines.items()}}


def _shape(family: str, seed: int) -> "Mesh":
    return families.shape(family, np.random.default_rng([SHAPE_SEEDS, seed]))


def _rotated(mesh: "Mesh", rotation: tuple[float, float, float]) -> "Mesh":
    return mesh._replace(vertices=mesh.vertices @ turned(rotation).T)


def _recognized(best: str, probability: float, family: str | None) -> str:
    words = f"The network sees {'an' if best[0] in 'aeiou' else 'a'} {best}, with probability {probability:.2f}"
    if family is None:
        return f"{words}. It knows twelve families of shapes and must choose one of them."
    return f"{words}; it is one." if best == family else f"{words}; it is a {family}."


def _on_distance(times: float) -> str:
    """Say how far a shape is from what was learned, and what that means for the answer."""
    usual = familiarity.usual()
    words = (
        f"In the network's own features it lies {times:.1f} times as far from the nearest shape that was learned as a "
        f"new shape of the twelve families does; of these {familiarity.MOST:.0%} lie within {usual:.1f} times."
    )
    if times <= usual:
        return words
    return f"{words} So it is like nothing that the network knows, and the name it gives means little."


EXPERIMENT = Experiment(
    name="shapes",
    title="Shapes",
    live=True,
    controls={
        "rotation": Rotation("Rotation", on="globes", group="Turn", help="Or drag the shape."),
        "family": Choice("Family", {name: name for name in FAMILIES}, "chair", group="Shape", where={"mesh": False}),
        "seed": Seed("Which of the family", group="Shape", where={"mesh": False}),
        "mesh": MeshFile("Or a mesh of yours", optional=True, group="Shape", help="Wavefront OBJ."),
        "checkpoint": only("spherical-cnn-shapes"),
    },
    outputs={
        "globes": Globes("The shape, and what the sphere round it sees", of=(SOLID, *SEEN)),
        "words": Notices("Seen"),
        "classes": Table("Recognized as"),
        "lines": Curves("Recognized while it tilts", "degrees", "probability", span=(0, 1)),
    },
    presets={
        "A chair": {"rotation": (30.0, 20.0, 0.0)},
        "The same, upside down": {"rotation": (30.0, 160.0, 0.0)},
        "A torus": {"family": "torus", "rotation": (0.0, 60.0, 0.0)},
        "A helix": {"family": "helix", "rotation": (0.0, 70.0, 0.0)},
    },
    notes=(
        "From each point of the sphere a ray goes to the middle: how far it comes, and at which angle it hits.",
        "The network learned twelve families, each shape in a random position; none is upright to it.",
        "Try: drag the chair on its head; then a mesh of your own, open or closed.",
    ),
    figures=[
        Figure(
            caption="SHREC17, shapes in random positions; the twelve families here are other data",
            rows={"the paper": {"P": ".701", "R": ".711", "F1": ".699", "mAP": ".676", "NDCG": ".756"}},
            citation="arXiv:1801.10130v3, section 5.3; 1.4 million weights.",
        )
    ],
    run=run,
)
