"""A visitor's picture through every task."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.runtime import lazy
from engines.runtime.checkpoints import choice_of
from engines.runtime.progress import Progress
from engines.taskonomy.bundled_figures import NAME, NAMES
from engines.taskonomy.published import TASKS
from pages.examples import examples
from pages.taskonomy.answers import IN_WORDS, answered, large
from pages.taskonomy.tables import OURS
from pages.taskonomy.words import listed
from studio.declared import Experiment
from studio.kinds import CheckpointChoice, Notices, Photo, Published, Seed, Strip

if TYPE_CHECKING:
    from engines.taskonomy import answers
else:
    answers = lazy.load("engines.taskonomy.answers")

PICTURES = examples("room", "coffee", "temple", "cat", "astronaut")
PUBLISHED = "taskonomy-published"
FILES = {OURS: NAME, "published": PUBLISHED}
NETWORKS = {value: choice_of(name).badge for value, name in FILES.items()}
GUESSES = (
    "These networks have seen nothing but rendered rooms of 64 x 64 pixels. Of a real photograph expect edges and "
    "corners; its depth, normals, segments and scene are guesses."
)
OWN = Published(
    "published",
    "the authors' own networks",
    {
        "Real rooms": "They learned from scanned buildings, and find walls, floors and furniture in a photograph.",
        "Twelve tasks": "Edges, corners, curvature, depth, normals and more, each by a network of its own.",
        "Their limits": "Outdoors, and of faces and animals, they answer as if all were a room.",
    },
)
HOW_TO_GET = "They are downloaded under Networks, or by `studio weights fetch --panel taskonomy`."


def run(photo: np.ndarray, networks: str, seed: int) -> Iterator[Any]:
    here = answers.imported() if networks == "published" else ()
    if here:
        picture = answers.square(photo, published=True)
        for place, name in enumerate(here):
            yield Progress(place / len(here), answers.PUBLISHED[name])
            yield {"answers": {answers.PUBLISHED[name]: answers.of_published(name, picture)}}
        lacking = [title for name, title in answers.PUBLISHED.items() if name not in here]
        if lacking:
            yield {"words": {"lacking": f"Not on this machine: {listed(lacking)}. {HOW_TO_GET}"}}
        return
    found = answers.of_small_world(answers.square(photo), seed)
    words = {
        "origin": GUESSES
        if networks == OURS
        else f"None of the published networks is on this machine, so these are ours. {HOW_TO_GET}"
    }
    yield {
        "answers": {
            TASKS[NAMES[name]].title: answered(name, each.found) for name, each in found.items() if name not in IN_WORDS
        },
        "given": {
            TASKS[NAMES[name]].title: large(found[name].given) for name in ("denoising", "colorization", "jigsaw")
        },
        "words": words
        | {name: f"{TASKS[NAMES[name]].title}: {each.words}." for name, each in found.items() if each.words},
    }


EXPERIMENT = Experiment(
    name="picture",
    title="My picture",
    live=True,
    controls={
        "photo": Photo("Picture", examples=PICTURES, default="room", help="Its middle square is looked at."),
        "networks": CheckpointChoice("Networks", NETWORKS, OURS, group="Networks", files=FILES, published=OWN),
        "seed": Seed("Seed", group="Networks", help="Of the noise, and of the tiles' order.", advanced=True),
    },
    outputs={
        "answers": Strip("Through every task", help="What each task's own network answers."),
        "words": Notices("In words"),
        "given": Strip("What three of them are given"),
    },
    presets={
        "A rendered room": {},
        "A cup of coffee": {"photo": "coffee"},
        "A temple": {"photo": "temple"},
        "A cat": {"photo": "cat"},
    },
    notes=(
        "Depth: the darker, the nearer. Normals: right, up and towards you as red, green and blue.",
        "The red line is the horizon that the camera's pose has, with marks where walls vanish in it.",
        "Try a photograph of your own room: edges go over to it, what must be known of rooms does not.",
    ),
    run=run,
)
