"""Spherical CNNs: Wigner's functions, transforms, layers, the networks, digits on the sphere, and a tiny training."""

import math
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from engines.runtime.checkpoints import catalogue
from engines.runtime.errors import InputError
from engines.spherical_cnn import features, grids
from engines.spherical_cnn.architecture import ARCHITECTURES
from engines.spherical_cnn.data import Digits, Samples, digit_samples, project, random_rotations, read_digits
from engines.spherical_cnn.engine import READERS, fitted, read_digit, sample_panorama
from engines.spherical_cnn.features import CHANNELS, Layers, of_signal, turn
from engines.spherical_cnn.grids import EulerAngles, quadrature_weights, soft_colatitudes, sphere_points
from engines.spherical_cnn.network import (
    Convolution,
    PlanarNetwork,
    S2Convolution,
    SO3Convolution,
    SphericalNetwork,
    remap,
)
from engines.spherical_cnn.quality import MEASURES, recognized
from engines.spherical_cnn.train import PLANAR, RECIPES, SPHERICAL, Recipe, Training
from engines.spherical_cnn.transform import all_orders, analyse, integrate, power, rotate, synthesize
from engines.spherical_cnn.wigner import orders, wigner_d, wigner_matrices

pytestmark = pytest.mark.slow

HIGHEST = 32
"""Bandwidth that equivariance and stability are held to."""
angle = st.floats(-7, 7)
colatitude = st.floats(0, math.pi)
rotations = st.builds(EulerAngles, angle, colatitude, angle)


def noise(seed: int, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def limited(signal: Tensor, bandwidth: int) -> Tensor:
    return synthesize(analyse(signal, bandwidth), bandwidth, signal.shape[-1] > 1)


def turned(signal: Tensor, rotation: EulerAngles) -> Tensor:
    bandwidth = signal.shape[-2] // 2
    return synthesize(rotate(analyse(signal, bandwidth), rotation), bandwidth, signal.shape[-1] > 1)


def band_limited(bandwidth: int, on_group: bool, channels: int = 1, dtype: torch.dtype = torch.float64) -> Tensor:
    """A random signal `(1, channels, 2b, 2b, 2b or 1)` without degrees from its bandwidth on."""
    sides = (2 * bandwidth, 2 * bandwidth, 2 * bandwidth if on_group else 1)
    return limited(noise(bandwidth, 1, channels, *sides, dtype=dtype), bandwidth)


def matrix(rotation: EulerAngles) -> Tensor:
    """Z(alpha) Y(beta) Z(gamma)."""

    def about_z(angle: float) -> np.ndarray:
        return np.array([[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1]])

    cosine, sine = math.cos(rotation.beta), math.sin(rotation.beta)
    about_y = np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]])
    return torch.from_numpy(about_z(rotation.alpha) @ about_y @ about_z(rotation.gamma))


def polynomial(points: Tensor) -> Tensor:
    """A function on the sphere of degrees up to 3, at `(..., 3)`."""
    x, y, z = points.unbind(-1)
    return 0.3 + x - 2 * y * z + 3 * x * y * z + x**3


# Wigner's functions


@pytest.mark.parametrize("degree", [0, 1, 2, 5, 9])
def test_wigner_d_is_the_exponential_of_its_generator(degree: int) -> None:
    m = np.arange(-degree, degree)
    raising = np.diag(np.sqrt(degree * (degree + 1) - m * (m + 1)), -1)
    generator = (raising - raising.T) / 2
    order = torch.arange(-degree, degree + 1)
    for beta in (0.0, 0.4, 1.7, 3.1):
        ours = wigner_d(degree + 1, torch.tensor(beta, dtype=torch.float64), order[:, None], order)[degree]
        np.testing.assert_allclose(ours, scipy.linalg.expm(-beta * generator), atol=1e-12)


@given(rotations, st.integers(1, HIGHEST))
@settings(max_examples=20)
def test_wigner_matrices_are_unitary(rotation: EulerAngles, degrees: int) -> None:
    found = wigner_matrices(degrees, *torch.tensor([rotation], dtype=torch.float64).unbind(1))[0]
    has_order = orders(degrees).abs() <= torch.arange(degrees)[:, None]
    torch.testing.assert_close(found @ found.mH, torch.diag_embed(has_order.to(torch.complex128)), atol=1e-11, rtol=0)


@given(rotations, rotations)
@settings(max_examples=20)
def test_a_signal_turned_twice_is_turned_by_the_product(first: EulerAngles, second: EulerAngles) -> None:
    points = sphere_points(4)
    twice = turned(turned(polynomial(points)[..., None], first), second)[..., 0]
    at_once = polynomial(points @ matrix(second) @ matrix(first))
    torch.testing.assert_close(twice, at_once, atol=1e-10, rtol=0)


# Transforms


@pytest.mark.parametrize("bandwidth", [1, 2, 3, 7, 16, HIGHEST])
def test_quadrature_is_exact_below_twice_the_bandwidth(bandwidth: int) -> None:
    zero = torch.zeros(1)
    legendre = wigner_d(2 * bandwidth, soft_colatitudes(bandwidth), zero, zero)
    expected = torch.eye(2 * bandwidth, dtype=torch.float64)[0]
    torch.testing.assert_close(legendre @ quadrature_weights(bandwidth), expected, atol=1e-12, rtol=0)


@given(st.integers(1, 9), st.booleans(), st.data())
@settings(max_examples=25)
def test_a_band_limited_signal_comes_back_and_its_energy_is_that_of_its_degrees(
    bandwidth: int, on_group: bool, data: st.DataObject
) -> None:
    signal = band_limited(bandwidth, on_group, 2)
    finer = data.draw(st.integers(bandwidth, 12))
    coefficients = analyse(signal, bandwidth)
    refined = synthesize(coefficients, finer, on_group)
    torch.testing.assert_close(analyse(refined, bandwidth), coefficients, atol=1e-12, rtol=0)
    torch.testing.assert_close(synthesize(analyse(refined, bandwidth), bandwidth, on_group), signal, atol=1e-11, rtol=0)
    torch.testing.assert_close(power(coefficients).sum(-1), integrate(refined.square()))


def test_the_coefficients_of_known_functions_are_known() -> None:
    x, _, z = sphere_points(3).unbind(-1)
    found = analyse((1 + 2 * z + x)[..., None], 3)[..., 0]
    expected = torch.zeros(3, 3, dtype=torch.complex128)
    # d^1_10 = sin(beta) / -sqrt(2), and x = sin(beta) cos(alpha), whose half is m = 1.
    expected[0, 0], expected[1, 0], expected[1, 1] = 1, 2 / 3, -(2**0.5) / 6
    torch.testing.assert_close(found, expected)


def test_the_mean_over_all_rotations_of_one_is_one() -> None:
    torch.testing.assert_close(integrate(torch.ones(2, 8, 8, 8)), torch.ones(2))


def test_the_coefficients_of_negative_orders_are_those_of_the_group_s_matrices() -> None:
    signal = band_limited(3, True)[0, 0]
    beta, alpha, gamma = torch.meshgrid(soft_colatitudes(3), grids.longitudes(3), grids.longitudes(3), indexing="ij")
    matrices = wigner_matrices(3, alpha.flatten(), beta.flatten(), gamma.flatten())
    weighted = signal * quadrature_weights(3)[:, None, None] / 36
    direct = torch.einsum("p,plmn->lmn", weighted.flatten().to(matrices.dtype), matrices.conj())
    torch.testing.assert_close(all_orders(analyse(signal, 3)), direct)


def test_a_degree_that_the_bandwidth_lacks_is_refused() -> None:
    with pytest.raises(ValueError, match="bandwidth 3 has no degree 3"):
        analyse(torch.zeros(6, 6, 1), 4)


def test_what_was_first_computed_for_inference_is_learned_through_later() -> None:
    layer = S2Convolution(1, 1, 5, 4, grids.s2_equatorial_grid(n_alpha=5))
    signal = noise(0, 1, 1, 10, 10)
    with torch.inference_mode():
        layer(signal)
    (gradient,) = torch.autograd.grad(layer(signal).square().mean(), layer.kernel)
    assert gradient.abs().max() > 0


def test_kernels_have_their_weights_where_the_published_ones_have_them() -> None:
    cap = grids.s2_near_identity_grid()
    assert len(cap) == 24
    assert cap[0] == pytest.approx((0, math.pi / 24, 0)) and cap[-1] == pytest.approx((7 * math.pi / 4, math.pi / 8, 0))
    belt = grids.s2_equatorial_grid(max_beta=0.2, n_alpha=4, n_beta=3)
    assert [point.beta for point in belt[::4]] == pytest.approx([math.pi / 2 - 0.2, math.pi / 2, math.pi / 2 + 0.2])
    near = grids.so3_near_identity_grid(n_alpha=6, n_beta=2)
    assert len(near) == 72
    assert near[6] == pytest.approx((math.pi / 3, math.pi / 16, -7 * math.pi / 3))
    assert near[7] == pytest.approx((math.pi / 3, math.pi / 16, -23 * math.pi / 15))
    assert near[11].gamma - near[6].gamma == pytest.approx(4 * math.pi)
    across = grids.so3_equatorial_grid(n_alpha=3, n_gamma=3)
    assert [point.gamma for point in across[:3]] == pytest.approx([-math.pi / 8, 0, math.pi / 8])


CAP, BELT = grids.s2_near_identity_grid(n_alpha=4, n_beta=2), grids.s2_equatorial_grid(n_alpha=6)
GROUP_CAP, GROUP_BELT = grids.so3_near_identity_grid(n_alpha=3, n_beta=1), grids.so3_equatorial_grid(n_alpha=3)


@pytest.mark.parametrize("bandwidth", range(2, HIGHEST + 1))
def test_linear_layers_are_equivariant(bandwidth: int) -> None:
    torch.manual_seed(bandwidth)
    rotation = EulerAngles(0.3 + bandwidth, 1.1 * bandwidth % math.pi, -0.7 * bandwidth)
    layers: list[Convolution] = [
        S2Convolution(1, 1, bandwidth, bandwidth, (CAP, BELT)[bandwidth % 2]),
        SO3Convolution(1, 1, bandwidth, bandwidth, (GROUP_CAP, GROUP_BELT)[bandwidth % 2]),
    ]
    for layer, on_group in zip(layers, (False, True), strict=True):
        signal = band_limited(bandwidth, on_group, dtype=torch.float32)
        both = torch.cat([turned(signal, rotation), signal])
        with torch.no_grad():
            of_turned, features = layer(both if on_group else both[..., 0])
        assert (of_turned - turned(features, rotation)).abs().max() < 1e-5 * features.std()
        assert (of_turned - features).abs().max() > 0.1 * features.std()


@pytest.mark.parametrize(("kind", "grid", "on_group"), [(S2Convolution, CAP, False), (SO3Convolution, GROUP_CAP, True)])
@pytest.mark.parametrize(("b_in", "b_out"), [(2, 2), (3, 2)])
def test_gradients_are_right(
    kind: type[Convolution], grid: grids.KernelGrid, on_group: bool, b_in: int, b_out: int
) -> None:
    layer = kind(2, 1, b_in, b_out, grid[:5]).double()
    signal = noise(0, 1, 2, *[2 * b_in] * (3 if on_group else 2), dtype=torch.float64)

    def computed(signal: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
        return torch.func.functional_call(layer, {"kernel": kernel, "bias": bias}, (signal,))

    inputs = [tensor.detach().requires_grad_() for tensor in (signal, layer.kernel, layer.bias)]
    assert torch.autograd.gradcheck(computed, inputs)


def test_a_signal_of_another_bandwidth_is_refused() -> None:
    with pytest.raises(ValueError, match="bandwidth 4 for a layer of bandwidth 5"):
        S2Convolution(1, 1, 5, 4, grids.s2_near_identity_grid())(torch.zeros(1, 1, 8, 8))


# Networks


def test_networks_have_the_published_keys_and_sizes() -> None:
    with torch.device("meta"):
        networks = {
            "published": SphericalNetwork(),
            "spherical": ARCHITECTURES["spherical-cnn-mnist"].build(SPHERICAL),
            "planar": ARCHITECTURES["spherical-cnn-planar"].build(PLANAR),
        }
    sizes = {name: sum(each.numel() for each in network.parameters()) for name, network in networks.items()}
    assert sizes == {"published": 154_550, "spherical": 58_550, "planar": 68_106}
    assert list(SphericalNetwork().state_dict()) == [
        "conv1.kernel", "conv1.bias", "conv2.kernel", "conv2.bias", "out_layer.weight", "out_layer.bias"
    ]  # fmt: skip
    state = PlanarNetwork().state_dict()
    published = {
        key.replace("conv1", "feature_layer.0").replace("conv2", "feature_layer.2"): tensor
        for key, tensor in state.items()
    }
    assert "feature_layer.2.weight" in published and remap(published).keys() == remap(state).keys() == state.keys()


def test_scores_stay_when_a_signal_is_turned_along_its_grid_and_a_planar_network_s_do_not() -> None:
    torch.manual_seed(0)
    signal = noise(0, 2, 1, 20, 20)
    spherical = SphericalNetwork((10, 5, 3), (3, 4))
    planar = PlanarNetwork(10, (3, 4))
    with torch.no_grad():
        # Half a turn is a whole number of steps in every grid, of 20, 10 and 6.
        torch.testing.assert_close(spherical(signal.roll(10, 3)), spherical(signal), atol=1e-5, rtol=0)
        assert (planar(signal.roll(10, 3)) - planar(signal)).abs().max() > 0.01


# Digits on the sphere


def test_a_picture_lies_round_the_south_pole_and_reads_from_outside() -> None:
    picture = torch.zeros(1, 28, 28)
    picture[:, 13:15, 22:26] = 1  # to the right of the centre
    signal = project(picture, 16)[0, 0]
    points = sphere_points(16)
    centre = (points * signal[..., None]).sum((0, 1)) / signal.sum()
    right_of_who_looks_up_from_below = torch.tensor([0.0, -1, 0], dtype=centre.dtype)
    assert centre @ right_of_who_looks_up_from_below > 0.5 and centre[2] < -0.2 and centre[0].abs() < 0.05
    assert signal[:10].max() == 0


def test_a_picture_is_rotated_as_its_signal_is() -> None:
    row, column = torch.meshgrid(torch.linspace(-1, 1, 28), torch.linspace(-1, 1, 28), indexing="ij")
    blob = torch.exp(-((row - 0.2) ** 2 + 2 * (column + 0.3) ** 2) * 8)[None]
    rotation = EulerAngles(0.5, 1.2, -2.0)
    rotated = project(blob, 16, matrix(rotation)[None].float())[0, 0]
    of_signal = turned(project(blob, 16)[0, 0, ..., None], rotation)[..., 0]
    assert (of_signal - rotated).abs().max() < 0.03 and rotated.max() > 0.9


def test_random_rotations_are_rotations_in_all_directions() -> None:
    found = random_rotations(4000, torch.Generator().manual_seed(0))
    torch.testing.assert_close(found @ found.mT, torch.eye(3).expand(4000, 3, 3), atol=1e-5, rtol=0)
    assert (torch.det(found) > 0).all()
    assert found.mean(0).abs().max() < 0.03 and (found.square().mean(0) - 1 / 3).abs().max() < 0.03


def test_digits_that_are_not_there_are_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no MNIST at .*name the folder"):
        read_digits(tmp_path, "train")
    with pytest.raises(InputError, match="Digits are MNIST's"):
        MEASURES["spherical-cnn-planar"](PlanarNetwork(), None)


# Training

TINY = Recipe(
    "spherical-cnn-mnist",
    {
        "bandwidths": [8, 4, 3],
        "channels": [6, 8],
        "s2_grid": {"function": "s2_near_identity_grid", "max_beta": 0.8, "n_alpha": 5, "n_beta": 2},
        "so3_grid": {"function": "so3_near_identity_grid", "max_beta": 0.8, "n_alpha": 4, "n_beta": 1},
    },
    kind="rotated digits",
    rate=0.02,
)


def figures() -> Samples:
    """Blots and rings, 128 of each."""
    row, column = torch.meshgrid(torch.linspace(-1, 1, 28), torch.linspace(-1, 1, 28), indexing="ij")
    distance = (row.square() + column.square()).sqrt() + 0.1 * noise(0, 256, 28, 28)
    labels = torch.arange(256) % 2
    rings = ((distance - 0.7).abs() < 0.15).float()
    digits = Digits(torch.where(labels[:, None, None] == 0, (distance < 0.5).float(), rings), labels)
    return digit_samples(digits, TINY.config["bandwidths"][0], rotated=True)


def test_a_training_that_was_stopped_goes_on_as_if_it_were_not(tmp_path: Path) -> None:
    through, stopped = Training(TINY, figures(), 2), Training(TINY, figures(), 2)
    for _ in range(3):
        stopped.advance()
    stopped.save(tmp_path / "state.pt")
    resumed = Training(TINY, figures(), 2)
    resumed.load(tmp_path / "state.pt")
    for _ in range(3):
        resumed.advance()
    for _ in range(6):
        through.advance()
    assert resumed.step == 6 and resumed.seconds > stopped.seconds > 0
    assert all(torch.equal(tensor, through.folded()[key]) for key, tensor in resumed.folded().items())


def test_a_trained_network_tells_rotated_figures_apart_with_its_norm_folded() -> None:
    training = Training(TINY, figures(), 4)
    while training.step < training.steps:
        training.advance()
    network = ARCHITECTURES[TINY.architecture].build(TINY.config)
    network.load_state_dict(training.folded(), strict=True)
    assert recognized(network.eval(), figures()).mean() > 0.95


def test_a_table_s_networks_are_of_about_equal_size() -> None:
    sizes = {
        sum(parameter.numel() for parameter in ARCHITECTURES[recipe.architecture].build(recipe.config).parameters())
        for recipe in RECIPES.values()
        if recipe.kind.endswith("digits")
    }
    assert max(sizes) < 1.2 * min(sizes)


# What pages call


def test_features_of_linear_layers_turn_with_the_signal_and_no_others_quite() -> None:
    signal, rotation = of_signal(noise(0, 16, 16)), EulerAngles(0.5, 1.2, -2.0)
    for depth in (1, 2, 3):
        linear = turn(signal, rotation, Layers(depth=depth))
        assert linear.error < 1e-5
        torch.testing.assert_close(linear.of, linear.rotated, atol=1e-4, rtol=1e-4)
        assert turn(signal, rotation, Layers(depth=depth, rectified=True)).error > 0.01
        assert turn(signal, rotation, Layers("planar", depth)).error > 0.1
        assert turn(signal, rotation, Layers(depth=depth), half_a_step_off=True).error > 0.01
    assert linear.of.shape == (CHANNELS, 16, 16, 16) and linear.signal.shape == (16, 16) and linear.power.shape == (8,)
    again, other = (turn(signal, rotation, Layers(depth=3, seed=seed)).of for seed in (0, 1))
    assert torch.equal(linear.of, again) and not torch.equal(linear.of, other)


def test_planar_layers_turn_with_the_signal_about_the_poles_by_the_grid_s_steps() -> None:
    signal = of_signal(noise(0, 16, 16))
    assert turn(signal, EulerAngles(math.pi / 8, 0, 0), Layers("planar", 2)).error < 1e-5


def test_noise_has_its_degree_alone_and_unit_power() -> None:
    for degree in (0, 3, 7):
        parts = power(features.noise(8, degree, seed=1))
        assert parts[degree] == pytest.approx(1, abs=1e-5) and parts.sum() == pytest.approx(1, abs=1e-5)
    with pytest.raises(ValueError, match="no degree 8"):
        features.noise(8, 8, seed=1)


def panorama(points: Tensor) -> Tensor:
    x, y, z = points.unbind(-1)
    return (0.5 + 0.2 * x - 0.1 * y * z + 0.2 * z)[None]


def test_a_panorama_is_sampled_where_the_grid_has_its_points() -> None:
    beta = (torch.arange(200) + 0.5) * math.pi / 200
    alpha = (torch.arange(400) + 0.5) * math.pi / 200
    points = [beta.sin()[:, None] * alpha.cos(), beta.sin()[:, None] * alpha.sin(), beta.cos()[:, None].expand(-1, 400)]
    picture = panorama(torch.stack(points, -1))
    expected = panorama(sphere_points(12).float())
    torch.testing.assert_close(sample_panorama(picture, 12), expected, atol=0.004, rtol=0)
    half_a_step_north = sample_panorama(picture, 12, grids.driscoll_healy_colatitudes(12))
    assert (half_a_step_north - expected).abs().max() > 0.01


def test_a_picture_of_another_aspect_is_refused_until_it_is_cropped_or_stretched() -> None:
    for height, width in ((90, 160), (120, 100), (10, 100)):
        picture = np.arange(height * width * 3, dtype=np.int64).reshape(height, width, 3)
        with pytest.raises(InputError, match=f"{width} x {height} pixels.*Crop or stretch"):
            sample_panorama(torch.from_numpy(picture).float().permute(2, 0, 1), 4)
        for stretch in (False, True):
            fit = fitted(picture, stretch)
            assert fit.shape[1] == 2 * fit.shape[0]
    assert fitted(picture, stretch=True).shape == (50, 100, 3) and fitted(picture, stretch=False).shape == (10, 20, 3)


def drawn_zero() -> Tensor:
    """A ring, `(28, 28)` in [0, 1]."""
    row, column = torch.meshgrid(torch.linspace(-1, 1, 28), torch.linspace(-1, 1, 28), indexing="ij")
    distance = (row.square() / 0.45 + column.square() / 0.2).sqrt()
    return (1 - ((distance - 1).abs() * 3 - 0.4).clamp(min=0) * 2).clamp(0, 1)


@pytest.mark.skipif(not set(READERS.values()) <= set(catalogue()), reason="the networks for digits are not bundled yet")
def test_a_zero_stays_a_zero_for_the_bundled_spherical_network_only() -> None:
    turns = torch.cat([torch.eye(3)[None], random_rotations(40, torch.Generator().manual_seed(0))])
    found = read_digit(drawn_zero(), turns)
    assert found["spherical"].shape == found["planar"].shape == (41, 10)
    torch.testing.assert_close(found["spherical"].sum(1), torch.ones(41))
    assert found["spherical"][0].argmax() == found["planar"][0].argmax() == 0
    zeros = {name: (probabilities.argmax(1) == 0).float().mean() for name, probabilities in found.items()}
    assert zeros["spherical"] > 0.9 and zeros["planar"] < 0.5
