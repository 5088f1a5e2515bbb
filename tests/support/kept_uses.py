"""An ordinary use, at a tiny size, of everything that the studio keeps between two uses."""

import io
from collections.abc import Callable
from contextlib import closing
from fractions import Fraction
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from PIL import Image

from pages.examples import examples
from tests.support.heic_files import heic
from tests.support.pictures import png

ELSEWHERE = {
    "engines/runtime/log_lines.py:leave_foreign_out": "tests/engines/test_engines.py",
    "app.py:ENDING": "tests/faces/test_start.py",
    "studio/wire/limits.py:CARRIED": "tests/unit/test_places.py",
    "app.py:warm_aside": "what fails is logged, and the next panel is warmed",
    "engines/runtime/device.py:_bfloat16_is_faster": "a timing, of which each answer is right",
    "engines/runtime/device.py:threads": "a timing, of which each answer is right",
    "engines/runtime/downloads.py:Fetch": "tests/unit/test_hub.py",
    "engines/runtime/downloads.py:_running": "tests/unit/test_hub.py",
    "engines/runtime/downloads.py:_starting": "tests/unit/test_hub.py",
    "engines/runtime/downloads.py:_started": "tests/unit/test_hub.py",
    "engines/runtime/bugs.py:_FIRST": "tests/unit/test_bugs.py",
    "engines/runtime/measured.py:_read": "figures, kept once the file is read whole",
    "engines/runtime/jobs.py:JOBS": "tests/unit/test_jobs.py",
    "engines/runtime/jobs.py:Jobs": "tests/unit/test_jobs.py",
    "engines/runtime/kept.py:kept": "what keeps the others",
    "engines/runtime/scheduler.py:SCHEDULER": "tests/unit/test_scheduler.py",
    "engines/runtime/scheduler.py:Scheduler": "tests/unit/test_scheduler.py",
    "engines/spherical_cnn/quality.py:_molecules": "a command's, which ends when it fails",
    "engines/spherical_cnn/familiarity.py:known": "features, kept once the file is read whole",
    "engines/taskonomy/published.py:sure": "transfers chosen of others, kept once all are",
    "engines/taskonomy/train.py:train": "a command's, which ends when it fails",
    "studio/faces/gradio/opening.py:Opening": "a page is kept once it is whole",
    "studio/faces/gradio/scripts.py:_needed": "names, kept once all are read",
    "studio/runs/visitors.py:_signer": "what signs with one key, kept once it is made",
    "studio/wire/compressed.py:Compressed": "tests/faces/test_opening.py",
    "studio/wire/compressed.py:_packed": "bytes, kept once all are packed",
    "studio/wire/files.py:ENCODED": "bytes, kept once all are encoded",
    "studio/wire/limits.py:Limits": "tests/unit/test_limits.py",
    "studio/wire/socket.py:PAGES": "tests/faces/test_moves.py",
    "studio/wire/temporary.py:_held": "tests/faces/test_start.py",
    "studio/faces/streamlit/page.py:_followed": "an empty set, made once for each visitor",
    "studio/faces/streamlit/page.py:_resume_once": "Streamlit keeps nothing of what raises",
    "studio/faces/streamlit/controls.py:_thumbnail": "Streamlit keeps nothing of what raises",
    "studio/faces/streamlit/page.py:serve": "Streamlit keeps nothing of what raises",
    "studio/faces/streamlit/sheet.py:HELD": "a Shelf, as that of studio/wire/files.py",
}
"""What is proven in another file, or why it need not be."""


class Use(NamedTuple):
    """`run` returns what is compared bit by bit; `things` are named as kept_things.py does."""

    things: tuple[str, ...]
    run: Callable[[], Any]


USES: list[Use] = []


def uses(module: str, *names: str) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Say that a function uses these things of a module; for those of several modules, again."""

    def add(run: Callable[[], Any]) -> Callable[[], Any]:
        things = tuple(f"{module}:{name}" for name in names)
        known = [use for use in USES if use.run is run]
        if known:
            USES[USES.index(known[0])] = Use((*known[0].things, *things), run)
        else:
            USES.append(Use(things, run))
        return run

    return add


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape)


def photo(height: int, width: int) -> np.ndarray:
    return (255 * random(height, width, 3)).astype(np.uint8)


def returned(steps: Any) -> Any:
    """What a generator returns when it ends."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def dancer(count: int) -> list[np.ndarray]:
    from engines.runtime.video import read_clip

    return list(islice(read_clip(examples("dancer")["dancer"]()).frames(160), count))


# Engines


@uses("engines/runtime/device.py", "_choose")
def device() -> Any:
    from engines.runtime.device import device

    return str(device())


@uses("engines/runtime/checkpoints.py", "catalogue", "groups")
@uses("engines/runtime/class_names.py", "imagenet")
def lists() -> Any:
    from engines.runtime.checkpoints import find, groups
    from engines.runtime.class_names import class_names

    return find("biggan-small").file, [group.size for group in groups().values()], class_names(1000)


@uses("engines/runtime/images.py", "_heif")
@uses("engines/runtime/deep_pictures.py", "DeepPicture._parts")
def photographs() -> Any:
    from engines.runtime.images import read_photo

    file = io.BytesIO()
    Image.fromarray((65535 * random(20, 30)).astype(np.uint16)).save(file, "TIFF")
    return read_photo(file.getvalue()), read_photo(heic(photo(64, 64)))


@uses("engines/runtime/resident.py", "RESIDENT", "Resident")
def networks() -> Any:
    from engines.runtime.resident import RESIDENT

    def build() -> torch.nn.Module:
        layer = torch.nn.Linear(4, 4)
        for parameter in layer.requires_grad_(False).parameters():
            parameter.fill_(0.5)
        return layer

    return RESIDENT.get("of tests", build)(torch.arange(4.0))


def recorded() -> Any:
    from engines.runtime.video import Recording

    with Recording(Fraction(10)) as recording:
        for frame in dancer(2):
            recording.add(frame)
    return recording


@uses("engines/runtime/video.py", "Clip", "Recording")
def films() -> Any:
    from engines.runtime.video import read_clip

    return list(read_clip(recorded().content).frames(64))


@uses("engines/shared/landmarks/detection.py", "_models", "_lock", "_forked")
def landmarks() -> Any:
    from engines.shared.landmarks.detection import find_faces, find_pose, follow_face, follow_pose, segment_people

    frame = dancer(1)[0]
    visitor = object()
    found = find_pose(frame), follow_pose(frame, visitor), find_faces(frame), follow_face(frame), segment_people(frame)
    return found


@uses("engines/ganimation/engine.py", "_faces", "_lock")
@uses("engines/runtime/networks.py", "ready")
@uses("pages/ganimation/faces.py", "portrait", "group")
def faces() -> Any:
    from engines.ganimation.action_units import UNITS
    from engines.ganimation.engine import animate, faces_of, units_of
    from engines.runtime.images import read_photo
    from pages.ganimation.faces import group, portrait

    picture = read_photo(portrait())
    found = faces_of(picture)
    return group(), units_of(found[0]), animate(picture, found[:1], np.full(len(UNITS), 2.0))


@uses("engines/biggan/engine.py", "_FOUND")
@uses("engines/runtime/networks.py", "ready")
def biggan() -> Any:
    from engines.biggan.engine import BUNDLED, Truncation, find_directions, sample

    return sample([3], 1, 1, Truncation(0.5)), returned(find_directions(BUNDLED, 0, "features"))


@uses("engines/runtime/networks.py", "ready")
@uses("engines/sagan/replay.py", "recorded", "snapshots")
def sagan() -> Any:
    from engines.sagan.engine import BUNDLED, attend
    from engines.sagan.replay import recorded, snapshots

    return list(attend(1, 2, 1, 1.0, BUNDLED)), recorded()["with"]["steps"], snapshots("with")[0]


@uses("engines/runtime/networks.py", "ready")
@uses("engines/photo_stylization/multigrid.py", "Workers", "kernels")
@uses("engines/photo_stylization/post_filter.py", "kernels")
def stylization() -> Any:
    from engines.photo_stylization.engine import Stage, stylize

    content, style = (torch.from_numpy(2 * random(3, 48, 64) - 1).float() for _ in range(2))
    made = stylize(
        content,
        style.flip(2),
        strengths=dict.fromkeys(range(1, 5), 1.0),
        smoother="exact",
        smoothing_weight=0.9,
        post_filter=True,
    )
    return [each.picture for each in made if isinstance(each, Stage)]


@uses("engines/runtime/networks.py", "ready")
@uses("engines/group_normalization/data.py", "read_digits")
@uses("engines/group_normalization/recorded.py", "runs")
def norms() -> Any:
    from engines.group_normalization.data import read_digits
    from engines.group_normalization.engine import look_inside
    from engines.group_normalization.recorded import errors, runs

    first = runs()[0]
    seen = look_inside(torch.from_numpy(2 * random(3, 32, 32) - 1).float(), "group-normalization-cifar", 1)
    return seen, read_digits().held_out[0], errors(first["norm"], first["batch_size"])


@uses("engines/runtime/networks.py", "ready")
@uses("engines/vid2vid/world.py", "Street", "_bend", "_centre_line")
@uses("pages/vid2vid/label_examples.py", "_street")
def streets() -> Any:
    from engines.vid2vid.engine import next_frame, nothing_before
    from engines.vid2vid.world import Street
    from pages.vid2vid.label_examples import _street

    labels = Street(0).labels(40, 32, 48)
    return next_frame(labels, nothing_before(labels)), _street(0, 0.0)


@uses("engines/spherical_cnn/transform.py", "_analysis", "_synthesis", "_wigner_at", "_kernel_table", "_rotation")
@uses("engines/spherical_cnn/features.py", "_at_rest", "_network", "_reading")
def features() -> Any:
    from engines.spherical_cnn.features import Layers, noise, turn

    return [turn(noise(4, 1, 0), (0.1, 0.2, 0.3), Layers(kind, 2)) for kind in ("spherical", "planar")]


@uses("engines/runtime/networks.py", "ready")
@uses("engines/spherical_cnn/molecules.py", "group", "example")
def molecules() -> Any:
    from engines.spherical_cnn.engine import energies
    from engines.spherical_cnn.molecules import EXAMPLES, example

    molecule = example(next(iter(EXAMPLES)))
    return molecule, energies([molecule], "spherical-cnn-molecules")


@uses("pages/spherical_cnn/signals.py", "_digit", "_noise", "_panorama")
def signals() -> Any:
    from pages.spherical_cnn.signals import _digit, _noise, _panorama, _Pixels

    return _digit(3, 4), _noise(1, 4, 0), _panorama(_Pixels(photo(16, 32)), 4)


@uses("engines/taskonomy/engine.py", "TABLES", "program", "taxonomy", "band", "price", "runner_up")
@uses("engines/taskonomy/program.py", *(f"Program.{name}" for name in ("_preferred", "edges", "importance")))
@uses("engines/taskonomy/program.py", "Program.sources", "Program.targets")
@uses("engines/taskonomy/published.py", "transfers")
@uses("engines/taskonomy/bundled_figures.py", "figures")
def taxonomies() -> Any:
    from engines.taskonomy.engine import SMALL_WORLD, band, price, runner_up, taxonomy
    from engines.taskonomy.program import Setting
    from engines.taskonomy.published import SIZES

    found = []
    for table in (SMALL_WORLD, SIZES[0]):
        best = taxonomy(table, Setting(), 6)
        edge = best.transfers[0]
        asked = table, Setting(), 6
        found.append((best, band(*asked), price(*asked, edge), runner_up(*asked, edge)))
    return found


@uses("engines/taskonomy/answers.py", "in_room")
@uses("engines/runtime/networks.py", "ready")
@uses("engines/taskonomy/rays.py", "kernels")
def rooms() -> Any:
    from engines.taskonomy.answers import in_room

    return in_room(0)


@uses("engines/time_limited_humans/engine.py", "retina", "_looked")
@uses("engines/runtime/networks.py", "ready")
def retinas() -> Any:
    from engines.time_limited_humans.engine import SMALL, look, member
    from engines.time_limited_humans.retina import Viewing

    seen = member(SMALL.attacked[0], Viewing())(torch.from_numpy(2 * random(1, 3, 32, 32) - 1).float())
    return seen, look(photo(32, 40), Viewing(across=0.2))


@uses("engines/time_limited_humans/service.py", "answers")
def answers() -> Any:
    from engines.time_limited_humans.service import serve

    room = serve({"ask": "open room"})
    begun = serve({"ask": "begin", "trials": 24, "room": room["room"]})
    counted = serve({"ask": "count", "room": room["room"]})
    serve({"ask": "end room", **room})
    return len(begun["trials"]), counted


@uses("engines/everybody_dance_now/engine.py", "load_subject")
@uses("engines/everybody_dance_now/subject.py", "Subject._ready")
@uses("engines/everybody_dance_now/character/motion.py", "Dance.beats")
@uses("engines/everybody_dance_now/character/render.py", "_plate", "kernels")
def dance() -> Any:
    from engines.everybody_dance_now.character.body import CHARACTERS
    from engines.everybody_dance_now.character.film import frames
    from engines.everybody_dance_now.engine import load_subject, portrait

    with closing(frames(next(iter(CHARACTERS.values())), 1, 2, 24)) as shown:  # type: ignore[type-var]
        return portrait(load_subject("dance-ruben")), next(shown)


# Pages


@uses("pages/__init__.py", "panels")
def panels() -> Any:
    import pages

    return [panel.slug for panel in pages.panels()]


@uses("studio/drawn/globes.py", "Globe.picture", "_eye", "_front")
@uses("studio/drawn/hypergraphs.py", "Graph.picture")
def drawings() -> Any:
    from studio.drawn.globes import Sphere
    from studio.drawn.hypergraphs import Edge, Graph, Node

    nodes = [Node(name, name, "2d", True, False) for name in "abc"]
    graph = Graph({"2d": "2D"}, nodes, [Edge("a", ["b"], "a from b", {}, [])], "of a, b and c")
    return Sphere(random(8, 16), points=np.eye(3)).picture, graph.picture


@uses("studio/kinds/photo.py", "DECODED")
@uses("pages/vid2vid/label_clip.py", "FILMS")
@uses("pages/spherical_cnn/mesh_file.py", "_mesh")
@uses("pages/everybody_dance_now/subject_file.py", "SUBJECTS")
def uploads() -> Any:
    from engines.runtime.checkpoints import find, locate
    from engines.vid2vid.labels import COLOURS
    from engines.vid2vid.world import Street
    from pages.everybody_dance_now.subject_file import SubjectFile
    from pages.spherical_cnn.mesh_file import MeshFile
    from pages.vid2vid.label_clip import LabelClip
    from studio.kinds import Photo

    corners = "\n".join(f"v {x} {y} {z}" for x, y, z in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)))
    mesh = f"{corners}\nf 1 3 2\nf 1 2 4\nf 2 3 4\nf 3 1 4\n".encode()
    subject = locate(find("dance-yara")).read_bytes()
    return (
        Photo("Photograph").open(png(photo(20, 30))),
        LabelClip("Labels").open(png(COLOURS[Street(0).labels(40, 48, 64)])),
        MeshFile("Mesh").open(mesh),
        SubjectFile("Subject", instead_of="").open(subject).statistics.to_dict(),
    )


@uses("studio/wire/files.py", "HELD", "KEPT", "PATTERNS", "UPLOADS", "READERS", "STARTERS", "example")
@uses("studio/wire/shelf.py", "Shelf")
@uses("engines/runtime/memory.py", "Memory", "Cache", "MEMORY")
@uses("studio/drawn/template.py", "TEMPLATES")
def pictures() -> Any:
    from studio.drawn.tables import table
    from studio.kinds import Attended, Photo
    from studio.wire import files

    def sent(kind: str, address: str) -> bytes:
        return bytes(files._send(kind, Path(address).name).body)

    picture, maps = photo(16, 24), random(2, 2, 1, 1)
    held = files.HeldAddresses({})
    attended = files.addressed(Attended(picture, maps), held)
    upload = files._accept(Photo.preview, "somebody", png(picture))
    return (
        sent("pictures", held.pattern(picture)["file"]),
        sent("pictures", attended["file"]),
        sent("maps", attended["maps"]),
        sent("files", held.file(b"a file")["src"]),
        files.UPLOADS.get(upload["upload"]),
        sent("pictures", files.example(partial(png, picture))),
        files.READERS.submit(sum, [1, 2]).result(),
        files.STARTERS.submit(sum, [1, 2]).result(),
        table({"row": {"column": 1.5}}),
    )


@uses("studio/wire/files.py", "Film")
def held_films() -> Any:
    from studio.wire import files

    film = files.Film(recorded(), {})
    return [film.file(suffix).read_bytes() for suffix in (".gif", ".webp")]
