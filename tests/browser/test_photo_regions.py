"""The painter of regions, by hand and by keys."""

import io
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urljoin

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from engines.photo_stylization import engine, transform
from engines.runtime.checkpoints import find, present
from engines.runtime.images import fit, read_photo
from engines.runtime.region_masks import region_labels
from pages import photo_stylization
from pages.photo_stylization.controls import PICTURES
from studio.kinds.regions import PAINTED_SIDE
from tests.support.browser import Visit, serious_in_both_schemes, visits

PAIR = ("temple", "dusk")


@pytest.fixture(scope="module", autouse=True)
def checkpoint() -> None:
    if present(find(engine.BUNDLED)) is None:
        pytest.skip("the bundled checkpoint of photo stylization is not here")


@pytest.fixture(scope="module")
def address(studio_of: Callable[..., str]) -> str:
    engine.warm()
    return studio_of(photo_stylization.PANEL)


@pytest.fixture
def open_panel(chromium: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Opens the panel in a browser of its own."""
    with visits(chromium, address) as opened:

        def open_panel(**options: Any) -> Page:
            page = opened(**options).open("Photo stylization")
            page.get_by_role("button", name="More").locator("visible=true").click()
            return page

        yield open_panel


def _paint(page: Page, control: str = "Regions of the content") -> tuple[Locator, Locator]:
    """Open the painter; the frames of the content and of the style."""
    page.get_by_role("button", name=f"Paint: {control}").click()
    expect(_table(page)).to_be_visible()
    return page.get_by_role("application", name="Content, to paint"), page.get_by_role(
        "application", name="Style, to paint"
    )


def _table(page: Page) -> Locator:
    return page.get_by_role("dialog").get_by_role("table")


def _row(page: Page, region: str) -> Locator:
    return _table(page).get_by_role("row").filter(has=page.get_by_role("rowheader", name=region))


def _drag(page: Page, start: tuple[Locator, float, float], *ends: tuple[Locator, float, float]) -> None:
    """Drag over places, each in fractions of a frame."""

    def move(frame: Locator, x: float, y: float) -> None:
        frame.scroll_into_view_if_needed()
        box = frame.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=5)

    move(*start)
    page.mouse.down()
    for end in ends:
        move(*end)
    page.mouse.up()


def _use(page: Page) -> None:
    page.get_by_role("button", name="Use", exact=True).click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def _field(page: Page, control: str) -> Locator:
    return page.get_by_role("group", name=control, exact=True)


def _mask(page: Page, control: str) -> bytes:
    """The file that a control of regions holds."""
    shown = _field(page, control).get_by_role("img", name=f"{control}: your picture")
    expect(shown).to_have_attribute("src", re.compile("pictures/"))  # It is fetched once it is in sight.
    src = shown.get_attribute("src")
    return page.request.get(urljoin(page.url, str(src).replace(".webp", ".png"))).body()


def _result(page: Page) -> np.ndarray:
    shown = page.locator(".studio-output").locator("visible=true").first
    before = str(shown.get_attribute("data-run"))
    page.get_by_role("button", name="Stylize").click()
    expect(shown).not_to_have_attribute("data-run", before)
    expect(page.locator(".studio-stale").locator("visible=true")).to_have_count(0)
    expect(page.get_by_role("button", name="Stylize")).to_be_visible()
    link = page.get_by_role("link", name="Download").locator("visible=true").first
    content = page.request.get(urljoin(page.url, str(link.get_attribute("href")))).body()
    return np.asarray(Image.open(io.BytesIO(content)))


def test_regions_painted_with_the_mouse_give_what_the_same_masks_give_as_files(open_panel: Callable[..., Page]) -> None:
    page = open_panel(viewport={"width": 1400, "height": 1000})
    page.get_by_label("none: the network's picture").check()
    page.get_by_label("Sharpen by the content afterwards").uncheck()
    page.get_by_role("slider", name="Computed at").fill("128")
    whole = _result(page)
    content, style = _paint(page)
    _drag(page, (content, 0.05, 0.1), (content, 0.95, 0.1))
    page.get_by_role("radio", name="Outline").check(force=True)
    page.keyboard.press("2")
    _drag(page, (content, 0.1, 0.5), (content, 0.5, 0.5), (content, 0.5, 0.95), (content, 0.1, 0.95))
    _drag(page, (style, 0.2, 0.6), (style, 0.9, 0.6), (style, 0.9, 0.9), (style, 0.2, 0.9))
    page.get_by_role("radio", name="Fill").check(force=True)
    page.keyboard.press("1")
    page.get_by_label("Reach of the fill").fill("40")
    _drag(page, (style, 0.5, 0.1), (style, 0.5, 0.1))
    for region in ("Not painted", "Region 1", "Region 2"):
        expect(_row(page, region)).to_contain_text("matched")
    _use(page)
    painted = _result(page)
    assert abs(painted.astype(int) - whole).mean() > 2
    controls = ("Regions of the content", "Regions of the style")
    masks = {control: _mask(page, control) for control in controls}
    for control, mask in masks.items():
        colours = np.unique(np.asarray(Image.open(io.BytesIO(mask)).convert("RGB")).reshape(-1, 3), axis=0)
        assert colours.tolist() == [[0, 0, 0], [86, 180, 233], [230, 159, 0]]
        _field(page, control).get_by_role("button", name="none").click()
        expect(_field(page, control).get_by_role("img", name=f"{control}: your picture")).not_to_be_visible()
    assert np.array_equal(_result(page), whole)
    for control, mask in masks.items():
        file = {"name": "mask.png", "mimeType": "image/png", "buffer": mask}
        _field(page, control).get_by_label("Choose a file").set_input_files(file)
        expect(_field(page, control).get_by_role("img", name=f"{control}: your picture")).to_be_visible()
    assert np.array_equal(_result(page), painted)


def test_masks_of_numbers_are_their_regions_in_the_painter(open_panel: Callable[..., Page]) -> None:
    page = open_panel()
    for control, picture in zip(("Regions of the content", "Regions of the style"), PAIR, strict=True):
        height, width = read_photo(PICTURES[picture]()).shape[:2]
        thirds = (np.arange(height) * 3 // height).astype(np.uint8)
        file = io.BytesIO()
        Image.fromarray(np.repeat(thirds[:, None], width, axis=1)).save(file, "PNG")
        upload = {"name": "numbers.png", "mimeType": "image/png", "buffer": file.getvalue()}
        _field(page, control).get_by_label("Choose a file").set_input_files(upload)
        expect(_field(page, control).get_by_role("img", name=f"{control}: your picture")).to_be_visible()
    _paint(page)
    for region in ("Not painted", "Region 1", "Region 2"):
        expect(_row(page, region)).to_contain_text("matched")


@pytest.mark.proof
def test_a_region_of_one_picture_alone_is_said_in_the_painter_and_by_the_run(open_panel: Callable[..., Page]) -> None:
    page = open_panel()
    page.get_by_label("none: the network's picture").check()
    page.get_by_role("slider", name="Computed at").fill("128")
    content, style = _paint(page)
    _drag(page, (content, 0.3, 0.3), (content, 0.7, 0.3))
    expect(_row(page, "Region 1")).to_contain_text("not in the style: follows the whole picture")
    page.get_by_label("Brush size").fill("2")
    _drag(page, (style, 0.3, 0.3), (style, 0.31, 0.3))
    expect(_row(page, "Region 1")).to_contain_text("too small in the style: follows the whole picture")
    page.keyboard.press("3")
    _drag(page, (style, 0.1, 0.7), (style, 0.9, 0.7))
    expect(_row(page, "Region 3")).to_contain_text("not in the content: not used")
    _use(page)
    page.get_by_role("button", name="Stylize").click()
    said = page.get_by_role("status").filter(has_text="it follows the whole picture")
    expect(said.get_by_text("The region in #e69f00 covers")).to_be_visible()
    expect(said.locator("i").first).to_have_css("background-color", "rgb(230, 159, 0)")


@pytest.mark.proof
def test_axe_finds_nothing_serious_in_the_painter(open_panel: Callable[..., Page]) -> None:
    page = open_panel()
    content, _ = _paint(page)
    _drag(page, (content, 0.3, 0.3), (content, 0.7, 0.3))
    expect(_row(page, "Region 1")).to_be_visible()
    assert serious_in_both_schemes(page) == []


def test_a_stroke_is_undone_and_cancel_leaves_the_controls_as_they_were(open_panel: Callable[..., Page]) -> None:
    page = open_panel()
    content, style = _paint(page)
    undo = page.get_by_role("button", name="Undo")
    expect(undo).to_be_disabled()
    _drag(page, (content, 0.3, 0.3), (content, 0.7, 0.3))
    page.keyboard.press("2")
    _drag(page, (style, 0.3, 0.3), (style, 0.7, 0.3))
    expect(_row(page, "Region 2")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(_row(page, "Region 2")).to_have_count(0)
    expect(_row(page, "Region 1")).to_be_visible()
    page.get_by_role("button", name="Clear the content").click()
    expect(_row(page, "Region 1")).to_have_count(0)
    undo.click()
    expect(_row(page, "Region 1")).to_be_visible()
    page.get_by_role("button", name="Cancel", exact=True).last.click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    none = _field(page, "Regions of the content").get_by_role("button", name="none")
    expect(none).to_have_attribute("aria-pressed", "true")
    _paint(page)
    expect(_row(page, "Region 1")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_keyboard_alone_paints_matches_and_uses(open_panel: Callable[..., Page]) -> None:
    page = open_panel()
    content, style = _paint(page, "Regions of the style")
    expect(content).to_be_focused()
    page.keyboard.press("4")
    page.keyboard.down("Space")
    for _ in range(6):
        page.keyboard.press("Shift+ArrowLeft")
    page.keyboard.up("Space")
    expect(_row(page, "Region 4").get_by_role("cell").first).not_to_have_text("0 %")
    style.focus()
    page.get_by_role("radio", name="Brush").press("ArrowRight")
    expect(page.get_by_role("radio", name="Outline")).to_be_checked()
    page.keyboard.press("5")
    style.focus()
    for key in ["Space", *["Shift+ArrowRight"] * 4, "Space", *["Shift+ArrowDown"] * 4, "Space", "Enter"]:
        page.keyboard.press(key)
    expect(_row(page, "Region 5").get_by_role("cell").nth(1)).not_to_have_text("0 %")
    page.get_by_label("Region 4 of the content follows the style's").select_option("Region 5")
    expect(_row(page, "Region 4")).to_have_count(0)
    expect(_row(page, "Region 5")).to_contain_text("matched")
    page.get_by_role("button", name="Use", exact=True).press("Enter")
    expect(_field(page, "Regions of the style").get_by_role("img")).to_be_visible()


def test_a_region_dragged_onto_one_of_the_other_picture_becomes_that_region(open_panel: Callable[..., Page]) -> None:
    page = open_panel(viewport={"width": 1400, "height": 1000})
    content, style = _paint(page)
    _drag(page, (content, 0.3, 0.3), (content, 0.7, 0.3))
    page.keyboard.press("2")
    _drag(page, (style, 0.3, 0.6), (style, 0.7, 0.6))
    page.get_by_role("radio", name="Match").check(force=True)
    _drag(page, (content, 0.5, 0.3), (style, 0.5, 0.6))
    expect(_row(page, "Region 1")).to_have_count(0)
    expect(_row(page, "Region 2")).to_contain_text("matched")


@pytest.mark.proof
def test_masks_that_were_used_are_there_again_and_go_with_a_photograph_of_another_shape(
    open_panel: Callable[..., Page],
) -> None:
    page = open_panel()
    content, style = _paint(page)
    _drag(page, (content, 0.3, 0.3), (content, 0.7, 0.3))
    _drag(page, (style, 0.3, 0.3), (style, 0.7, 0.3))
    _use(page)
    first = _mask(page, "Regions of the content")
    _paint(page)
    expect(_row(page, "Region 1")).to_contain_text("matched")
    _use(page)
    expect(_field(page, "Regions of the content").get_by_role("img")).to_be_visible()
    pixels = [np.asarray(Image.open(io.BytesIO(mask))) for mask in (first, _mask(page, "Regions of the content"))]
    assert np.array_equal(pixels[0], pixels[1])
    assert max(pixels[0].shape) <= PAINTED_SIDE
    _field(page, "Content").get_by_role("button", name="flower").click()
    expect(_field(page, "Regions of the content").get_by_role("img")).to_be_visible()
    _field(page, "Content").get_by_role("button", name="astronaut").click()
    expect(page.get_by_role("alert").filter(has_text="which were dropped")).to_be_visible()
    expect(_field(page, "Regions of the content").get_by_role("img")).not_to_be_visible()
    expect(_field(page, "Regions of the style").get_by_role("img")).to_be_visible()


def test_a_phone_paints_by_touch_without_horizontal_scroll(open_panel: Callable[..., Page]) -> None:
    page = open_panel(viewport={"width": 390, "height": 844}, has_touch=True)
    content, style = _paint(page)
    for frame in (content, style):
        frame.scroll_into_view_if_needed()
        box = frame.bounding_box()
        assert box is not None
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390
        page.touchscreen.tap(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(_row(page, "Region 1")).to_be_visible()
    assert [cell.inner_text() for cell in _row(page, "Region 1").get_by_role("cell").all()[:2]] != ["0 %", "0 %"]
    assert page.get_by_role("dialog").evaluate("e => [e.scrollWidth, e.clientWidth]") == [390, 390]


JUDGE = """async ([sizes, labels, longest]) => {
  const { Mask, judge } = await import("/web/mask.js");
  const masks = sizes.map((size) => new Mask(...size));
  masks.forEach((mask, number) => mask.labels.set(labels[number]));
  const matching = { fewest: 10, coarsest: 8, largestRatio: 100, longest };
  return judge(masks, ["content", "style"], matching).flatMap(({ matched }, label) => (matched ? [label] : []));
}"""


@pytest.mark.proof
def test_the_painter_matches_the_regions_that_the_engine_matches(chromium: Browser, address: str) -> None:
    page = Visit(chromium, address).page
    draw = np.random.default_rng(0)
    sizes = [(160, 120), (128, 160)]
    matched_by_some = set()
    for longest in [64, 128, 160] * 4:
        masks = [np.zeros((height, width), dtype=np.uint8) for width, height in sizes]
        for mask in masks:
            for label in range(1, 7):
                side = int(6 * 14 ** draw.random())
                y, x = draw.integers(0, mask.shape[0] - side), draw.integers(0, mask.shape[1] - side)
                mask[y : y + side, x : x + side] = label
        judged = page.evaluate(JUDGE, [sizes, [mask.flatten().tolist() for mask in masks], longest])
        colours = np.arange(7, dtype=np.uint8)[:, None] * np.uint8(40) + np.zeros(3, dtype=np.uint8)
        computed = [fit(np.zeros((height, width, 3), np.uint8), longest).shape[:2] for width, height in sizes]
        (content, style), names = region_labels([colours[mask] for mask in masks], computed)
        regions = transform.pair_regions(content, style, names)
        rows, columns = (
            (2 * np.arange(new) + 1) * old // (2 * new) for new, old in zip(computed[0], masks[0].shape, strict=True)
        )
        small = masks[0][rows[:, None], columns]
        matched = {int(np.bincount(small[content == label]).argmax()) for label in regions.matched}
        assert set(judged) == matched
        matched_by_some |= matched
    assert len(matched_by_some) > 3
    page.context.close()
