"""The small world of tasks: exact answers in rendered rooms, trainings that go on, and taxonomies from their losses."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from engines.runtime.errors import InputError
from engines.taskonomy import quality, rendered_rooms, train, transfer_figures, transfers
from engines.taskonomy.bundled_figures import NAME
from engines.taskonomy.rays import BOX, SPHERE, Camera, Material, Room, Seen, Solid, look
from engines.taskonomy.rendered_rooms import Scale
from engines.taskonomy.rooms import see, view
from engines.taskonomy.task_networks import SmallWorld, TaskNetwork, answer, exact
from engines.taskonomy.tasks import (
    ORDERS,
    TARGETS,
    TASKS,
    chroma,
    coloured,
    given,
    losses,
    occlusions,
    restored,
    sample,
    shown,
    shuffled,
    wanted,
)

SIZE = 32
GREY = Material((0.5, 0.5, 0.5))
BALL = Solid(SPHERE, (2.0, 3.0, 1.2), (0.5, 0.5, 0.5), 14, GREY)
CRATE = Solid(BOX, (1.0, 3.0, 0.4), (0.4, 0.3, 0.4), 9, GREY, turn=0.4)
TINY = Scale(size=16, learned=32, little=32, measured=16, tested=16, epochs=3, transfer_epochs=2)


def seen_in(*solids: Solid, yaw: float = np.pi / 2, pitch: float = 0.0) -> Seen:
    room = Room((4.0, 5.0, 2.6), (0, 0, 0, 0, 1, 2), (GREY,) * 6, solids, (2.0, 2.0, 2.2), (0.0, 0.6, -0.8))
    return look(room, Camera((2.0, 1.0, 1.2), yaw, pitch, 0.1), SIZE)


def test_a_wall_is_as_deep_as_it_is_far() -> None:
    seen = seen_in()
    wall, floor = seen.surface == 3, seen.surface == 4
    assert wall.sum() > 100 and np.allclose(seen.depth[wall], 4.0)
    assert np.allclose(seen.normal[wall], (0, 0, 1))
    # Straight ahead, every point of the floor is as far below the camera as that is high.
    down = -(seen.rays @ (np.sin(0.1), np.cos(0.1), 0))
    assert floor.sum() > 50 and np.allclose(seen.depth[floor] * down[floor], 1.2)


@pytest.mark.parametrize("pitch", [0.0, -0.3])
def test_normals_are_units_and_at_right_angles_to_the_surface(pitch: float) -> None:
    seen = seen_in(CRATE, BALL, yaw=1.4, pitch=pitch)
    assert np.allclose(np.linalg.norm(seen.normal, axis=-1), 1)
    assert ((seen.normal * seen.rays).sum(-1) < 0).all()
    points = seen.depth[..., None] * seen.rays
    flat = (seen.curvature == 0).all(-1)
    for axis in (0, 1):
        step = np.diff(points, axis=axis)
        one, other = np.split(np.stack([seen.surface, *np.moveaxis(seen.normal, -1, 0)], -1), [1], -1)
        same = (np.diff(one, axis=axis) == 0).all(-1) & (np.abs(np.diff(other, axis=axis)) < 1e-9).all(-1)
        inner = same & flat[: same.shape[0], : same.shape[1]]
        normal = seen.normal[: same.shape[0], : same.shape[1]]
        assert inner.sum() > 200 and np.abs((step * normal).sum(-1)[inner]).max() < 1e-9


def test_a_ball_is_round_everywhere() -> None:
    seen = seen_in(BALL)
    ball = seen.surface == 6
    assert ball.sum() > 20 and np.allclose(seen.curvature[ball], 2.0) and (seen.label[ball] == 14).all()
    centre = seen.depth[ball, None] * seen.rays[ball] - 0.5 * seen.normal[ball]
    assert np.allclose(centre, centre[0])


def test_only_what_hides_something_has_occlusion_edges() -> None:
    assert occlusions(seen_in(pitch=-0.2)).max() == 0
    seen = seen_in(BALL, CRATE)
    found = occlusions(seen)
    changes = np.zeros_like(found, bool)
    for axis in (0, 1):
        differs = np.diff(seen.surface, axis=axis) != 0
        for shift in (0, 1):
            changes |= np.pad(differs, [(shift, 1 - shift) if each == axis else (0, 0) for each in (0, 1)])
    assert found.max() == 1 and not found[~changes].any()
    # In the air, all of the ball's outline hides a wall.
    ball = seen.surface == 6
    assert (found[ball & changes] > 0.5).all()


def test_rooms_come_from_their_seed_and_no_camera_stands_in_furniture() -> None:
    (own, one), (_, same), (_, other) = see(5, SIZE), see(5, SIZE), see(6, SIZE)
    first, second, third = (sample(own, seen, seed) for seen, seed in ((one, 5), (same, 5), (other, 6)))
    for name, values in (first.given | first.asked).items():
        assert np.array_equal(values, (second.given | second.asked)[name])
    assert not np.array_equal(first.given["picture"], third.given["picture"])
    for seed in range(40):
        place = np.array(view(seed).camera.place)
        for solid in view(seed).room.solids:
            assert (np.abs(place - solid.centre) > np.minimum(solid.half, 0.02)).any()
    assert {view(seed).kind for seed in range(40)} == set(range(7))


def test_tiles_return_to_their_places_and_colours_to_their_greys() -> None:
    pictures = torch.rand(len(ORDERS), 3, 8, 8) * 2 - 1
    orders = torch.arange(len(ORDERS))
    moved = shuffled(pictures, orders)
    assert torch.equal(restored(moved, orders), pictures)
    assert sum(torch.equal(one, other) for one, other in zip(moved, pictures, strict=True)) == 1
    grey = (pictures * torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)).sum(1, keepdim=True)
    assert torch.allclose(coloured(grey, chroma(pictures)), pictures, atol=1e-5)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny world's rooms, and the networks of three of its tasks."""
    out = tmp_path_factory.mktemp("world")
    (out / "networks").mkdir()
    rendered_rooms.allocate(out / "rooms", TINY)
    for part, first in rendered_rooms.chunks(TINY):
        train.render(out, TINY, part, first)
    for name in ("denoising", "depth", "scene"):
        train.train_network(out, TINY, name)
        transfers.encode(out, TINY, name)
    return out


@pytest.mark.slow
def test_every_task_has_answers_of_its_shape_and_a_picture_of_them(world: Path) -> None:
    rooms, chosen = rendered_rooms.rooms(world / "rooms", "learned"), torch.tensor([3, 1])
    for task in TASKS.values():
        shown_to, right = given(task, rooms, chosen), wanted(task, rooms, chosen)
        answers = TaskNetwork(task, TINY.size).eval()(shown_to).detach()
        assert answers.shape == (2, task.channels, *((16, 16) if task.dense else ()))
        assert losses(task, answers, right).shape == (2,)
        for one in (right[0], answers[0]):
            assert shown(task, one, shown_to[0]).shape == (16, 16, 3)
        if task.loss != "cross entropy":
            assert right.abs().max() < 6 and not losses(task, right, right).any()


def test_a_stopped_training_goes_on_with_the_same_numbers(world: Path, tmp_path: Path) -> None:
    def fresh() -> train.Training:
        return train.Training(TASKS["depth"], world / "rooms", TINY)

    whole, stopped = fresh(), fresh()
    wanted_losses = [whole.advance() for _ in range(whole.steps)]
    assert stopped.advance() == wanted_losses[0]
    stopped.save(tmp_path / "state.pt")
    resumed = fresh()
    resumed.load(tmp_path / "state.pt")
    assert [resumed.advance() for _ in range(resumed.steps - 1)] == wanted_losses[1:]


def test_a_transfer_is_learned_once_and_always_alike(world: Path) -> None:
    for sources, target in ((("depth",), "scene"), (("depth", "scene"), "denoising"), (("pixels",), "depth")):
        file = world / "losses" / f"{transfers.key(sources, target)}.npz"
        kept = []
        for _ in range(2):
            file.unlink(missing_ok=True)
            transfers.transfer(world, TINY, sources, target)
            kept.append({name: np.load(file)[name] for name in ("measured", "tested")})
        for name in ("measured", "tested"):
            assert kept[0][name].shape == (16,) and np.array_equal(kept[0][name], kept[1][name])
        written = file.stat().st_mtime_ns
        transfers.transfer(world, TINY, sources, target)
        assert file.stat().st_mtime_ns == written


def test_bundled_networks_answer_any_picture(world: Path) -> None:
    tasks = ("denoising", "depth", "scene")
    networks = SmallWorld(TINY.size, tasks)
    train.bundle(world, TINY, tasks)
    networks.load_state_dict(load_file(world / f"{NAME}.safetensors"))
    figures = quality.on_rooms(networks.eval(), 8)
    assert all(0 < figures[name] < 10 for name in tasks)
    right = exact(3, TINY.size)
    assert list(right) == list(TASKS) and np.array_equal(right["denoising"].found, right["depth"].given)
    found = [answer(networks, "denoising", torch.zeros(3, 16, 16), seed) for seed in (0, 0, 1)]
    assert np.array_equal(found[0].found, found[1].found) and not np.array_equal(found[0].given, found[2].given)


def test_a_world_of_another_scale_is_not_gone_on_with(world: Path) -> None:
    train.claim(world, TINY)
    with pytest.raises(InputError, match="another folder"):
        train.claim(world, TINY._replace(little=64))


@pytest.mark.slow
def test_the_task_that_all_others_learn_from_is_supervised_first(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    (tmp_path / "losses").mkdir()
    for target in TARGETS:
        singles = [*transfer_figures.first_order(target), ("self",), ("pixels",)]
        for sources in singles:
            _losses(tmp_path, random, sources, target)
        for pair in transfer_figures.second_order(tmp_path, target):
            _losses(tmp_path, random, pair, target)
    figures = transfer_figures.results(tmp_path, Scale(little=64))
    assert len(figures["measured"]) == len(TARGETS) * (1 + 14 + 10)
    for number in range(len(TARGETS)):
        assert sum(row[2] for row in figures["measured"] if row[0] == number) == pytest.approx(1, abs=1e-3)
    for objective in ("affinity", "gain", "quality"):
        alone = quality.standing(figures, objective, 1)
        assert alone.supervised == ("normals",) and alone.place == 1 and alone.others == 15
        assert quality.standing(figures, objective, 3).above_random > 0.95


def _losses(out: Path, random: np.random.Generator, sources: tuple[str, ...], target: str) -> None:
    """As if normals served every target best, and full supervision were better still."""
    level = 0.6 if "self" in sources else 1.5 if "pixels" in sources else 0.8 if "normals" in sources else 1.0
    drawn = {part: level + 0.15 * random.normal(size=300) for part in ("measured", "tested")}
    np.savez(out / "losses" / f"{transfers.key(sources, target)}.npz", seconds=1.0, **drawn)
