"""SAGAN's panel: pictures with their attention, entropy by class, the replay of a training, a hand on a picture."""

import base64
import io
import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gradio_client import Client
from PIL import Image
from playwright.sync_api import Browser, Page, expect
from safetensors.torch import save_file
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from engines.generative_adversarial.network import prepare
from engines.generative_adversarial.train import GENERATORS
from engines.runtime.errors import InputError
from engines.runtime.images import to_picture
from engines.sagan import engine
from engines.sagan import replay as recorded
from engines.sagan.network import SAGAN
from pages import _results, sagan
from pages._results import finished, start
from tests.browser import Visit, serious_findings, studio

ROOT = Path(__file__).parents[1]
PANEL = sagan.PANEL
ATTENTION = PANEL.experiment("attention")
ASKED: dict[str, Any] = {"label": "ship", "seed": 5, "count": 2, "sigma": 2}


def run(name: str, preset: str | None = None, **values: Any) -> dict[str, Any]:
    experiment = PANEL.experiment(name)
    return finished(start(experiment, {**experiment.opening(preset), **values}))


# Pictures and what their places attend to


@pytest.fixture(scope="module")
def network() -> SAGAN:
    """A small one whose attention has learnt something, of three classes and 16 pixels."""
    torch.manual_seed(0)
    made = SAGAN(widths=[24, 16, 16], latent_size=8, classes=3, attention_after=[0])
    made.generator.attentions["0"].sigma.data.fill_(0.7)
    for norm in (block.norm1 for block in made.generator.blocks):
        norm.gain.weight.data.normal_()
    prepare(made, torch.float32)
    return made


def test_a_strength_of_0_gives_exactly_what_the_network_makes_without_attention(network: SAGAN) -> None:
    latents = torch.randn(4, 8)
    without = [each.picture for each in engine.sample(network, latents, 1, strength=0)]
    learnt = [each.picture for each in engine.sample(network, latents, 1)]
    attentions, network.generator.attentions = network.generator.attentions, torch.nn.ModuleDict()
    bare = network(latents, torch.eye(3)[[1] * 4])
    network.generator.attentions = attentions
    assert torch.equal(torch.stack(without), bare)
    assert (torch.stack(learnt) - bare).abs().max() > 1e-3


def test_maps_sum_to_1_and_do_not_depend_on_the_strength(network: SAGAN) -> None:
    latents = torch.randn(2, 8)
    first, second = (engine.sample(network, latents, 0, strength)[1].maps for strength in (0.0, 3.0))
    assert first.shape == (8, 8, 4, 4) and first.min() >= 0
    assert torch.allclose(first.sum((2, 3)), torch.ones(8, 8), atol=1e-6)
    assert torch.equal(first, second)


def test_the_map_of_a_place_is_its_share_of_the_values_that_it_takes(network: SAGAN) -> None:
    features = torch.randn(1, 16, 8, 8)
    attention = network.generator.attentions["0"]
    seen: list[torch.Tensor] = []
    made = attention(features, 1.0, seen)
    values = torch.nn.functional.max_pool2d(attention.value(features), 2).flatten(2)
    taken = (seen[0][0, 11][None, None] * values).sum(-1)
    expected = features[0, :, 1, 3] + attention.sigma * attention.output(taken[..., None, None])[0, :, 0, 0]
    assert torch.allclose(made[0, :, 1, 3], expected, atol=1e-5)


def test_more_pictures_of_a_seed_begin_with_the_same() -> None:
    few, many, other = (
        [each.picture for each in engine.attend(7, seed, count, 1.0, engine.BUNDLED)]
        for seed, count in ((3, 1), (3, 3), (4, 1))
    )
    assert torch.equal(few[0], many[0]) and not torch.equal(few[0], other[0])


def test_entropy_is_0_of_one_key_and_all_bits_of_every_key_alike() -> None:
    one = torch.zeros(4, 4, 2, 2)
    one[..., 0, 1] = 1
    assert engine.entropy(one).abs().max() == 0
    assert torch.allclose(engine.entropy(torch.full((4, 4, 2, 2), 0.25)), torch.full((4, 4), 2.0))
    # From the middle of the first place, (1/8, 1/8), to that of the key above at the right, (1/4, 3/4).
    assert engine.distance(one)[0, 0] == pytest.approx(math.hypot(1 / 8, 5 / 8))


def test_classes_are_compared_all_or_ten_evenly_spaced() -> None:
    assert engine.compared_classes("sagan-small") == list(range(10))
    assert engine.compared_classes("sagan-studio") == list(range(0, 1000, 100))


# The page


@pytest.mark.parametrize("preset", list(ATTENTION.presets))
def test_every_preset_shows_pictures_with_maps_that_sum_to_1(preset: str) -> None:
    made = run("attention", preset)["attention"]
    label = ATTENTION.opening(preset)["label"]
    assert list(made) == [f"{label} {number}" for number in range(1, 7)]
    for picture, maps in made.values():
        assert picture.shape == (32, 32, 3) and picture.dtype == np.uint8
        assert maps.shape == (16, 16, 8, 8) and maps.dtype == np.float16
        assert np.abs(maps.astype(np.float64).sum((2, 3)) - 1).max() < 1e-3


def test_the_bundled_network_without_attention_is_the_picture_of_sigma_0() -> None:
    made = run("attention", label="horse", sigma=0, count=1)
    network = engine.network(engine.BUNDLED)
    bare = SAGAN(**GENERATORS["sagan"])
    bare.load_state_dict(network.state_dict())
    bare.generator.attentions = torch.nn.ModuleDict()
    prepare(bare, torch.float32)
    expected = bare(engine.draw_latents(engine.BUNDLED, 0, 1), torch.eye(10)[[7]])[0]
    assert np.array_equal(made["attention"]["horse 1"].picture, to_picture(expected))
    assert "attention is off" in made["words"]["sigma"]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"label": "unicorn"}, "Class: There is no class 'unicorn' among"),
        ({"label": "goldfish"}, "Class: There is no class 'goldfish' among the 10; there are airplane, .* or another"),
        ({"label": "horse", "checkpoint": "sagan-studio"}, "Class: There is no class 'horse' among the 1,000"),
        ({"seed": 10**30}, r"Seed: 10+ is no seed; give a whole number from 0 to 4294967295"),
        ({"sigma": math.nan}, "Strength of attention: nan is out of bounds; give a number from 0 to 4"),
        ({"sigma": -0.05}, "Strength of attention: -0.05 is out of bounds"),
        ({"sigma": 1e6}, "Strength of attention: 1000000.0 is out of bounds"),
        ({"sigma": "much"}, "Strength of attention: 'much' is not a number"),
        ({"count": 500}, "Pictures: 500 is out of bounds; give a number from 1 to 6"),
        ({"checkpoint": "sagan"}, "Checkpoint: 'sagan' is not among"),
    ],
)
def test_what_cannot_be_drawn_is_one_clear_sentence(values: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message) as raised:
        run("attention", **values)
    assert "\n" not in str(raised.value)


def test_entropies_come_class_by_class_and_end_in_a_sentence() -> None:
    made = run("entropy", samples=4)
    assert list(made["numbers"]) == list(made["places"]) == list(sagan.OURS)
    entropies = {label: row["entropy, bits"] for label, row in made["numbers"].items()}
    narrowest, widest = min(entropies, key=entropies.__getitem__), max(entropies, key=entropies.__getitem__)
    assert 0 < entropies[narrowest] < entropies[widest] < 6
    assert made["words"]["outcome"].startswith(f"{narrowest.capitalize()} attends most narrowly")
    assert list(made["lines"]) == [narrowest, widest]
    assert all(shares[0] < shares[-1] == 1 for _, shares in made["lines"].values())
    assert made["places"]["frog"].shape == (192, 192, 3)


@pytest.mark.parametrize("preset", list(PANEL.experiment("replay").presets))
def test_the_replay_shows_both_trainings_from_the_same_latents(preset: str) -> None:
    made = run("replay", preset)
    asked = PANEL.experiment("replay").opening(preset)["snapshot"]
    for name in recorded.RUNS:
        steps = recorded.recorded()[name]["steps"]
        assert steps == sorted(steps) and len(made[f"{name}_strip"]) == len(steps)
        assert made[name].shape == (296, 996, 3)
        assert f"after {steps[min(asked, len(steps)) - 1]:,} steps" in made["words"][name]
        assert made["losses"][name][0][-1] <= steps[-1]


def test_a_training_is_recorded_as_pictures(tmp_path: Path) -> None:
    torch.manual_seed(0)
    trained = tmp_path / "training"
    trained.mkdir()
    generator = SAGAN(**GENERATORS["sagan"])
    for step, sigma in ((64, 0.25), (128, 0.5)):
        generator.generator.attentions["1"].sigma.data.fill_(sigma)
        save_file(generator.state_dict(), trained / f"step-{step:06}.safetensors")
    logged = "90 s, step 100, 1.21 steps/s: hinge {}, fooling 2.0\n180 s, step 200, 1.2 steps/s: hinge 0.5, fooling 1\n"
    (trained / "log").write_text(logged.format("1.682"))
    recorded.record({"with": trained}, None, tmp_path / "recorded")
    assert recorded.recorded(tmp_path / "recorded")["with"] == {
        "steps": [64, 128],
        "sigmas": [0.25, 0.5],
        "losses": [[100, 1.682]],
        "judged": {},
        "minutes": 2,
    }
    first, second = recorded.snapshots("with", tmp_path / "recorded")
    assert second.step == 128 and first.pictures.shape == (3, 10, 32, 32, 3)
    latents = torch.randn(3, 64, generator=torch.Generator().manual_seed(0))
    expected = engine.sample(generator.eval(), latents[2:], 7)[0].picture
    assert np.abs(second.pictures[2, 7].astype(int) - to_picture(expected)).mean() < 12  # WebP loses some.


def test_what_was_rendered_is_read_again_as_it_was_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {**ATTENTION.opening(), **ASKED}
    task = start(ATTENTION, values)
    made = finished(task)["attention"]["ship 2"]
    _results.save(PANEL, ATTENTION, values, task, tmp_path / "sagan" / "attention", suffix=".webp")
    monkeypatch.setattr(_results, "RENDERED", tmp_path)
    opened = _results.rendered(PANEL, ATTENTION)
    assert opened is not None
    again = opened[0]["attention"]["ship 2"]
    assert np.array_equal(np.load(again.maps), made.maps)
    assert np.array_equal(np.asarray(Image.open(again.picture)), made.picture)


# Its faces


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    engine.warm()
    with studio([PANEL], tmp_path_factory.mktemp("studio")) as address:
        yield address


def script() -> None:
    from pages import _streamlit, sagan

    _streamlit.serve([sagan.PANEL])


def test_the_same_seed_is_the_same_picture_on_every_face(
    chromium: Browser, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = run("attention", **ASKED)["attention"]["ship 2"]

    client = Client(address, verbose=False, download_files=tmp_path / "api", analytics_enabled=False)
    answer = client.predict(**ASKED, api_name="/sagan_attention")["attention"]["ship 2"]
    assert np.array_equal(np.asarray(Image.open(answer["picture"])), expected.picture)
    assert np.array_equal(np.load(answer["maps"]), expected.maps)

    settings = [part for name, value in ASKED.items() for part in ("--set", f"{name}={value}")]
    command = [sys.executable, "-m", "pages", "run", "sagan", "attention", *settings, "--out", str(tmp_path / "out")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert np.array_equal(np.asarray(Image.open(tmp_path / "out" / "attention-ship-2.png")), expected.picture)
    assert json.loads((tmp_path / "out" / "result.json").read_text())["controls"]["seed"] == 5

    page = AppTest.from_function(script, default_timeout=60)
    page.query_params.update({"panel": "sagan", "experiment": "attention", **{k: str(v) for k, v in ASKED.items()}})
    page._page_hash = calc_hash("sagan")
    page.run()
    sheet = next(reversed(page.session_state["sheets"].values()))
    for _ in range(20):
        if sheet.made is not None and sheet.made.whole:
            break
        page.run()
    assert np.array_equal(sheet.made.result["attention"]["ship 2"].picture, expected.picture)

    query = "&".join(f"{name}={value}" for name, value in ASKED.items())
    visit = Visit(chromium, address, f"?panel=sagan&experiment=attention&{query}")
    sample = visit.page.get_by_role("button", name="ship 2", exact=True).locator("img")
    expect(sample).to_be_visible()
    file = visit.page.request.get(f"{address}{sample.get_attribute('src')}").body()
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(file))), expected.picture)
    assert visit.complaints == []
    visit.context.close()


# The hand on a picture, in a browser


def drawn(page: Page) -> np.ndarray:
    """The pixels of the picture as it is drawn, (32, 32, 3)."""
    address = page.evaluate("document.querySelector('.attention canvas').toDataURL()")
    file = io.BytesIO(base64.b64decode(address.partition(",")[2]))
    return np.asarray(Image.open(file).convert("RGB"))


def hottest(page: Page) -> tuple[int, int]:
    """The key, of 8 x 8, that is drawn in the most heat."""
    pixels = drawn(page).astype(int).reshape(8, 4, 8, 4, 3).mean((1, 3))
    heat = pixels[..., 0] - pixels[..., 1] - pixels[..., 2] / 2
    row, column = divmod(int(heat.argmax()), 8)
    return row, column


def test_a_hand_explores_attention_without_a_call_to_the_server(chromium: Browser, address: str) -> None:
    visit = Visit(chromium, address, "?panel=sagan&experiment=attention", viewport={"width": 1400, "height": 1100})
    page = visit.page
    words = page.locator(".attention-words")
    expect(words).to_contain_text("Row 9, column 9 of 16 attends most to")
    expect(page.locator(".attention-samples img")).to_have_count(6)
    page.wait_for_load_state("networkidle")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    stage = page.locator(".attention-stage")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    assert box is not None and box["width"] % 32 == 0 and box["width"] >= 320
    cell = box["width"] / 16

    def place(row: int, column: int) -> tuple[float, float]:
        return box["x"] + (column + 0.5) * cell, box["y"] + (row + 0.5) * cell

    made = run("attention")["attention"]["horse 1"]
    for row, column in ((0, 0), (15, 15), (7, 3), (2, 12)):
        page.mouse.move(*place(row, column))
        expect(words).to_contain_text(f"Row {row + 1}, column {column + 1} of 16 attends")
        keys = made.maps[row, column]
        assert hottest(page) == np.unravel_index(keys.argmax(), keys.shape)
        share = 100 * keys.max().astype(float)
        expect(words).to_contain_text(f"{share:.0f} % on one key of 64" if share >= 10 else f"{share:.1f} %")

    measured = page.evaluate(
        """() => {
            const stage = document.querySelector(".attention-stage");
            const canvas = stage.querySelector("canvas");
            const { left, top, width } = stage.getBoundingClientRect();
            const seen = new Set();
            const began = performance.now();
            for (let at = 0; at < 256; at += 1) {
                const clientX = left + (at % 16 + 0.5) * width / 16;
                const clientY = top + (Math.floor(at / 16) + 0.5) * width / 16;
                stage.dispatchEvent(new PointerEvent("pointermove", { clientX, clientY }));
                seen.add(canvas.toDataURL());
            }
            return { maps: seen.size, seconds: (performance.now() - began) / 1000 };
        }"""
    )
    print(f"{measured['maps'] / measured['seconds']:.0f} attention maps a second")
    assert measured["maps"] > 200 and measured["maps"] / measured["seconds"] > 50

    page.mouse.move(*place(4, 4))
    page.mouse.down()
    page.mouse.up()
    page.mouse.move(*place(10, 10))
    expect(words).to_contain_text("Row 5, column 5 of 16, pinned, attends")
    page.mouse.move(*place(4, 4))
    page.mouse.down()
    page.mouse.up()
    page.mouse.move(*place(10, 10))
    expect(words).to_contain_text("Row 11, column 11 of 16 attends")

    page.mouse.move(*place(12, 1))
    page.mouse.down()
    page.mouse.move(*place(12, 6))
    page.mouse.up()
    page.mouse.move(*place(0, 0))
    expect(words).to_contain_text("A path of 6 places attends, on average, most to")
    mean = made.maps[12, 1:7].astype(float).mean(0)
    assert hottest(page) == np.unravel_index(mean.argmax(), mean.shape)

    stage.focus()
    page.keyboard.press("ArrowUp")
    expect(words).to_contain_text("Row 12, column 7 of 16, pinned, attends")
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.press("Shift+ArrowLeft")
    expect(words).to_contain_text("A path of 3 places")
    page.keyboard.press("Escape")
    expect(words).to_contain_text("Point at the picture")
    assert np.array_equal(drawn(page), made.picture)
    page.keyboard.press("ArrowDown")
    assert asked == []

    page.get_by_role("button", name="horse 4", exact=True).click()
    expect(page.get_by_role("button", name="horse 4", exact=True)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("slider", name="Strength").fill("0")
    expect(page.get_by_text("attention is off")).to_be_visible()
    page.get_by_role("button", name="Show the picture alone").click()
    without = run("attention", sigma=0)["attention"]["horse 4"].picture
    before = time.monotonic()
    while not np.array_equal(drawn(page), without) and time.monotonic() - before < 10:
        time.sleep(0.05)
    assert np.array_equal(drawn(page), without)
    assert serious_findings(page) == []
    assert visit.complaints == []
    visit.context.close()


def test_on_a_phone_a_tap_pins_and_nothing_is_wider_than_the_screen(chromium: Browser, address: str) -> None:
    options: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "color_scheme": "dark"}
    visit = Visit(chromium, address, "?panel=sagan&experiment=attention&seed=2", **options)
    page = visit.page
    stage = page.locator(".attention-stage")
    expect(page.locator(".attention-words")).to_contain_text("attends most to")
    box = stage.bounding_box()
    assert box is not None and box["width"] == 352
    stage.tap(position={"x": 33, "y": 121})
    expect(page.locator(".attention-words")).to_contain_text("Row 6, column 2 of 16, pinned, attends")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert serious_findings(page) == []
    assert visit.complaints == []
    visit.context.close()
