"""Everybody Dance Now's poses: skeletons, their figures, smoothing and normalisation."""

from dataclasses import replace

import numpy as np
import pytest
import skimage
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.everybody_dance_now.normalization import LiveSource, PoseStatistics, Source, has_feet, normalized
from engines.everybody_dance_now.skeleton import (
    LEFT_ANKLE,
    LEFT_KNEE,
    LEFT_SMALL_TOE,
    LEFT_WRIST,
    MID_HIP,
    NECK,
    NOSE,
    POINTS,
    RIGHT_ANKLE,
    RIGHT_WRIST,
    Skeleton,
    draw_figure,
    find_skeleton,
    scaled,
)
from engines.everybody_dance_now.smoothing import OneEuro, median_smoothed
from engines.runtime.errors import InputError
from engines.runtime.video import read_clip
from tests.support import SHARED

pytestmark = pytest.mark.slow

CLIPS = SHARED / "data" / "video"


def noise(deviation: float, *shape: int) -> np.ndarray:
    """The same numbers whichever test asks, and in whichever order."""
    return np.random.default_rng(0).normal(0, deviation, shape)


SHIFTS = st.tuples(st.floats(-300, 300), st.floats(-300, 300))
SCALES = st.floats(0.25, 4)


def standing(foot: float, height: float, middle: float = 100.0, lifted: float = 0.0) -> Skeleton:
    """A body from nose to ankles, with its right ankle on the floor and the left one `lifted` by so many pixels."""
    points = np.zeros((POINTS, 2), np.float32)
    points[:, 0] = middle + height * np.linspace(-0.2, 0.2, POINTS)
    points[:, 1] = foot - height * np.linspace(1, 0, POINTS)
    points[[NOSE, NECK, MID_HIP], 0] = middle
    points[NOSE, 1], points[RIGHT_ANKLE, 1], points[LEFT_ANKLE, 1] = foot - height, foot, foot - lifted
    return Skeleton(points, np.ones(POINTS, np.float32))


def half_body(foot: float, height: float) -> Skeleton:
    """A body of which nothing is seen below the shoulders."""
    body = standing(foot, height)
    body.seen[MID_HIP:15] = 0
    return body


def walk(far: float, close: float, far_height: float, close_height: float, middle: float = 100.0) -> list[Skeleton]:
    """Up and down a floor on which a body grows linearly from the farthest place to the closest."""
    shares = np.concatenate([np.linspace(0, 1, 50), np.linspace(1, 0, 50)])
    places = zip(far + shares * (close - far), far_height + shares * (close_height - far_height), strict=True)
    return [standing(foot, height, middle) for foot, height in places]


def moved(skeleton: Skeleton, scale: float, shift: tuple[float, float]) -> Skeleton:
    return Skeleton((scale * skeleton.points + np.array(shift)).astype(np.float32), skeleton.seen)


def dance(frames: int = 30) -> list[Skeleton]:
    """A standing body whose points wander."""
    steps = noise(2, frames, POINTS, 2).cumsum(axis=0)
    return [
        Skeleton((standing(300, 200).points + step).astype(np.float32), np.ones(POINTS, np.float32)) for step in steps
    ]


def test_a_body_is_found_with_the_neck_between_the_shoulders_and_no_small_toes() -> None:
    skeleton = find_skeleton(skimage.data.astronaut())
    assert skeleton is not None and skeleton.points.shape == (POINTS, 2) and skeleton.seen.shape == (POINTS,)
    assert 200 < skeleton.points[NOSE, 0] < 250 and 100 < skeleton.points[NOSE, 1] < 150
    np.testing.assert_allclose(skeleton.points[NECK], skeleton.points[[2, 5]].mean(axis=0), atol=1e-3)
    assert skeleton.points[2, 0] < skeleton.points[5, 0], "her right shoulder is at the picture's left"
    assert skeleton.seen[LEFT_SMALL_TOE] == 0 and not has_feet(skeleton)
    assert find_skeleton(np.zeros((120, 160, 3), np.uint8)) is None


def test_limbs_are_drawn_in_their_colours_where_both_ends_are_seen() -> None:
    skeleton = standing(200, 160)
    skeleton.points[LEFT_KNEE], skeleton.points[LEFT_ANKLE] = (40.5, 100.5), (40.5, 140.5)
    figure = draw_figure(skeleton, 256, 200)
    assert figure.shape == (256, 200, 3) and tuple(figure[120, 40]) == (0, 0, 255)
    skeleton.seen[LEFT_ANKLE] = 0.1
    assert not draw_figure(skeleton, 256, 200)[120, 40].any()
    assert not draw_figure(Skeleton(skeleton.points, np.zeros(POINTS, np.float32)), 64, 64).any()


def test_a_figure_keeps_its_proportions_at_any_size_and_may_leave_the_frame() -> None:
    skeleton = standing(200, 160)
    shares = [(draw_figure(scaled(skeleton, size / 256), size, size) > 60).any(axis=2).mean() for size in (256, 1024)]
    assert shares[0] == pytest.approx(shares[1], rel=0.5)
    assert not draw_figure(moved(skeleton, 1, (1e9, -1e9)), 256, 256).any()


def test_a_filtered_pose_rests_where_its_points_rest_and_keeps_up_with_a_jump() -> None:
    still = standing(200, 160)
    noisy = [moved(still, 1, tuple(step)) for step in noise(1, 60, 2)]
    smooth = OneEuro()
    filtered = [smooth(skeleton, place / 15) for place, skeleton in enumerate(noisy)]
    before, after = (np.std([each.points[NOSE] for each in poses[15:]], axis=0).mean() for poses in (noisy, filtered))
    assert after < 0.6 * before
    gone = moved(still, 1, (120, 0))
    for place in range(60, 64):
        caught = smooth(gone, place / 15)
    assert abs(caught.points[NOSE, 0] - gone.points[NOSE, 0]) < 12


@settings(max_examples=15, deadline=None)
@given(SCALES, SHIFTS)
def test_smoothing_does_not_care_where_and_how_large_a_dancer_is(scale: float, shift: tuple[float, float]) -> None:
    poses = dance()
    elsewhere = [moved(pose, scale, shift) for pose in poses]
    here, there = OneEuro(), OneEuro()
    for place, (one, other) in enumerate(zip(poses, elsewhere, strict=True)):
        np.testing.assert_allclose(
            there(other, place / 15).points, moved(here(one, place / 15), scale, shift).points, atol=0.05
        )
    for middle, other_middle in zip(median_smoothed(poses), median_smoothed(elsewhere), strict=True):
        assert middle is not None and other_middle is not None
        np.testing.assert_allclose(other_middle.points, moved(middle, scale, shift).points, atol=0.01)


def test_the_median_drops_what_one_frame_sees_and_fills_what_one_misses() -> None:
    poses: list[Skeleton | None] = [standing(200 + place, 160) for place in range(15)]
    wild = moved(standing(200, 160), 1, (500, -80))
    blind = Skeleton(wild.points, np.zeros(POINTS, np.float32))
    for stray in (wild, blind, None):
        smoothed = median_smoothed([*poses[:7], stray, *poses[8:]])
        assert smoothed[7] is not None and smoothed[7].is_seen.all()
        np.testing.assert_allclose(smoothed[7].points[NOSE], poses[7].points[NOSE], atol=1)  # type: ignore[union-attr]
    glimpse = [each._replace(seen=each.seen * 0) for each in poses if each is not None]
    glimpse[7].seen[LEFT_WRIST] = 1
    assert median_smoothed(glimpse) == [None] * 15


def test_the_median_leaves_a_long_absence_empty_and_no_one_at_all_as_well() -> None:
    poses = [standing(200, 160)] * 10
    smoothed = median_smoothed([*poses, *([None] * 10), *poses])
    assert [each is None for each in smoothed] == [False] * 10 + [True] * 10 + [False] * 10
    assert median_smoothed([None] * 9) == [None] * 9 and median_smoothed([]) == []


def test_statistics_are_the_ends_of_the_floor_and_the_heights_there_without_jumps() -> None:
    jump = [standing(foot, 90) for foot in (150, 120, 150)]
    found = PoseStatistics.of([*walk(200, 300, 100, 150), None, *jump])
    assert found.close == 300 and found.close_height == pytest.approx(150, abs=1) and found.centre == 100
    assert 200 <= found.far <= 226 and found.far_height < 120
    assert PoseStatistics.from_dict(found.to_dict()) == found
    lying = standing(300, 150)._replace(points=standing(300, 150).points[:, ::-1].copy())
    assert PoseStatistics.of([lying, *walk(200, 300, 100, 150), None, *jump]) == found
    with pytest.raises(InputError, match="whole body"):
        PoseStatistics.of([None, Skeleton(np.zeros((POINTS, 2), np.float32), np.zeros(POINTS, np.float32))])


@pytest.mark.parametrize("values", [{}, {"far": "x"}, {"depth": 1.0}, None])
def test_damaged_statistics_are_refused(values: object) -> None:
    with pytest.raises(InputError, match="statistics"):
        PoseStatistics.from_dict(values)  # type: ignore[arg-type]
    whole = PoseStatistics.of(walk(200, 300, 100, 150))
    for number in (float("nan"), 0.0):
        with pytest.raises(InputError, match="no sense"):
            PoseStatistics.from_dict(replace(whole, far_height=number).to_dict())


@pytest.mark.parametrize(("scale", "shift"), [(0.6, (30.0, -40.0)), (1.0, (0.0, 0.0)), (1.7, (-80.0, 55.0))])
def test_ankles_of_known_scale_and_place_come_out_to_a_pixel(scale: float, shift: tuple[float, float]) -> None:
    source = walk(200, 300, 100, 150)
    target = [moved(each, scale, shift) for each in source]
    there, here = PoseStatistics.of(source), PoseStatistics.of(target)
    for one, other in zip(source, target, strict=True):
        np.testing.assert_allclose(normalized(one, there, here).points, other.points, atol=1)


def test_a_child_takes_the_height_and_floor_of_an_adult_before_another_camera() -> None:
    child, adult = walk(220, 260, 60, 80, middle=320), walk(150, 240, 110, 190, middle=128)
    source, target = PoseStatistics.of(child), PoseStatistics.of(adult)
    ends = [normalized(pose, source, target) for pose in child if pose.points[RIGHT_ANKLE, 1] in (260, 220)]
    assert [pose.points[RIGHT_ANKLE, 1] for pose in ends] == pytest.approx([150, 240, 240, 150], abs=25)
    closest = normalized(child[49], source, target)
    assert closest.points[RIGHT_ANKLE, 1] == pytest.approx(240, abs=1)
    assert np.ptp(closest.points[[NOSE, RIGHT_ANKLE], 1]) == pytest.approx(190, abs=1)
    assert closest.points[MID_HIP, 0] == pytest.approx(128, abs=1)


def test_a_lifted_foot_does_not_sink_the_other_and_a_jump_leaves_the_floor() -> None:
    source = PoseStatistics.of(walk(200, 300, 100, 150))
    target = PoseStatistics.of(walk(80, 180, 60, 90))
    kick = normalized(standing(300, 150, lifted=70), source, target)
    assert kick.points[RIGHT_ANKLE, 1] == pytest.approx(180, abs=1)
    assert kick.points[LEFT_ANKLE, 1] == pytest.approx(180 - 70 * 90 / 150, abs=1)
    still = PoseStatistics.of([standing(300, 150)] * 20)
    leap = normalized(standing(260, 150), still, target)
    assert leap.points[RIGHT_ANKLE, 1] == pytest.approx(180 - 40 * 90 / 150, abs=1)


def test_a_source_that_stands_still_does_not_shake_the_target() -> None:
    trembling = [standing(300 + tremor, 150) for tremor in noise(1, 50)]
    source, target = PoseStatistics.of(trembling), PoseStatistics.of(walk(80, 180, 60, 90))
    feet = [normalized(pose, source, target).points[RIGHT_ANKLE, 1] for pose in trembling]
    assert np.std(feet) < 2 and 172 < np.mean(feet) <= 180


@settings(max_examples=30, deadline=None)
@given(
    far=st.floats(50, 200),
    reach=st.floats(0, 200),
    far_height=st.floats(40, 200),
    growth=st.floats(1, 3),
    middle=st.floats(0, 500),
)
def test_normalising_by_its_own_statistics_changes_nothing(
    far: float, reach: float, far_height: float, growth: float, middle: float
) -> None:
    poses = [*walk(far, far + reach, far_height, growth * far_height, middle), standing(far - 30, far_height, middle)]
    own = PoseStatistics.of(poses)
    for pose in poses:
        np.testing.assert_allclose(normalized(pose, own, own).points, pose.points, atol=0.01)


@settings(max_examples=30, deadline=None)
@given(SCALES, SHIFTS)
def test_normalising_does_not_care_where_and_how_large_the_source_is(scale: float, shift: tuple[float, float]) -> None:
    source, target = walk(200, 300, 100, 150), PoseStatistics.of(walk(80, 180, 60, 90))
    elsewhere = [moved(pose, scale, shift) for pose in source]
    here, there = PoseStatistics.of(source), PoseStatistics.of(elsewhere)
    for one, other in zip(source[::7], elsewhere[::7], strict=True):
        np.testing.assert_allclose(
            normalized(other, there, target).points, normalized(one, here, target).points, atol=0.05
        )


def test_a_live_source_has_statistics_from_the_first_whole_body_on_and_ends_as_the_clip_s() -> None:
    live, poses = LiveSource(), walk(200, 300, 100, 150)
    assert live.add(half_body(200, 160)).statistics is None
    grown = [live.add(pose) for pose in poses]
    assert grown[0].statistics is not None and grown[0].statistics.close == 200
    assert grown[-1] == live.add(half_body(200, 160)) == Source.of([None, half_body(200, 160), *poses])


def test_a_half_body_dances_on_legs_that_stand_on_the_target_s_floor() -> None:
    target = PoseStatistics.of(walk(80, 180, 60, 90, middle=50))
    sitting = half_body(600, 480)
    source = Source.of([sitting])
    assert source.statistics is None and source.trunk == pytest.approx(np.diff(sitting.points[[NOSE, MID_HIP], 1])[0])
    placed = source.on(target, sitting)
    assert placed.points[[LEFT_ANKLE, RIGHT_ANKLE], 1].tolist() == [180, 180]
    assert placed.points[NOSE, 1] == pytest.approx(90, abs=1) and placed.points[MID_HIP, 0] == 50
    assert has_feet(placed) and PoseStatistics.of([placed]).close_height == pytest.approx(90, abs=1)
    assert placed.is_seen[[MID_HIP, LEFT_KNEE, LEFT_ANKLE, RIGHT_ANKLE]].all()
    with pytest.raises(InputError, match="step back"):
        Source.of([sitting._replace(seen=np.zeros(POINTS, np.float32))]).on(target, sitting)


@pytest.mark.skipif(not CLIPS.is_dir(), reason="the dancers' clips are not here")
def test_a_dancer_is_followed_through_a_clip_with_both_hands() -> None:
    clip = read_clip((CLIPS / "dance-65f.mp4").read_bytes())
    frames = [frame for place, frame in enumerate(clip.frames(256)) if place % 8 == 0]
    skeletons = [find_skeleton(frame) for frame in frames]
    found = [each for each in skeletons if each is not None]
    assert len(found) >= 0.9 * len(frames)
    assert np.mean([each.is_seen[[LEFT_WRIST, RIGHT_WRIST, NECK]].all() for each in found]) > 0.5
    assert draw_figure(found[0], *frames[0].shape[:2]).any()
