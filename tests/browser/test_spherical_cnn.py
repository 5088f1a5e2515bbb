"""The page on Spherical CNNs in a browser: globes that a hand turns, flat ones without WebGL, a digit that it draws."""

import io
from collections.abc import Callable
from functools import partial

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from pages import spherical_cnn
from pages.spherical_cnn.globe import LEFT, OF, ROTATED, RX, X
from pages.spherical_cnn.shapes import SEEN, SOLID
from tests.support.browser import Visit, serious_in_both_schemes
from tests.support.waiting import wait_until

PANEL = spherical_cnn.PANEL
SECONDS, ATTEMPTS = 1.5, 6
"""So long a hand drags, and so often at most, until what it does is seen on a busy machine too."""
WINDOW = {"width": 1400, "height": 1000}
NO_WEBGL = """
const given = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind.startsWith("webgl") ? null : given.call(this, kind, ...rest);
};
"""
HEARD = """
window.heard = [];
const Given = WebSocket;
window.WebSocket = class extends Given {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", ({ data }) => {
      const pictures = JSON.parse(data).passing?.globes?.pictures;
      const parts = pictures?.map(({ caption, levels, words }) => [caption, [levels, words]]);
      if (parts) heard.push(Object.fromEntries(parts));
    });
  }
};
"""
SHOWS = (
    "pad => pad.getContext('2d').getImageData(0, 0, pad.width, pad.height).data.some((v, at) => at % 4 < 3 && v > 200)"
)
DRAG = """
([stage, seconds, phase]) => new Promise((resolve) => {
  const { left, top, width, height } = stage.getBoundingClientRect();
  const began = performance.now();
  heard.length = 0;
  let step = 0;
  const move = () => {
    const now = performance.now();
    if (now - began > 1000 * seconds) return resolve(heard);
    step += 1;
    const [right, down] = [120 * Math.sin(step / 9), 60 * Math.sin(step / 7 + phase)];
    const place = { clientX: left + width / 2 + right, clientY: top + height / 2 + down };
    stage.dispatchEvent(new PointerEvent("pointermove", { ...place, bubbles: true }));
    requestAnimationFrame(move);
  };
  move();
})
"""
LOSE = """
() => {
  const canvas = document.querySelector(".globes > canvas");
  window.taken = canvas.getContext("webgl2").getExtension("WEBGL_lose_context");
  window.taken.loseContext();
}
"""
READ_BACK = "GPU stall due to ReadPixels"
"""What Chromium says where it draws without a graphics processor."""


@pytest.fixture(scope="module")
def address(studio_of: Callable[..., str]) -> str:
    return studio_of(PANEL)


def figure(page: Page, caption: str) -> Locator:
    return page.locator(".globes figure", has=page.get_by_text(caption, exact=True)).locator("visible=true")


def middle(part: Locator) -> tuple[float, float]:
    box = part.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def angles(page: Page) -> list[float]:
    fields = page.get_by_role("spinbutton", name="Rotation R").locator("visible=true")
    return [float(field.input_value()) for field in fields.all()]


def error(page: Page) -> float:
    return float(figure(page, LEFT).locator(".globe-words").inner_text().split()[-1])


def colours(page: Page, caption: str) -> int:
    """So many colours are seen on a globe."""
    stage = figure(page, caption).locator(".globe-stage")
    picture = Image.open(io.BytesIO(stage.screenshot())).convert("RGB")
    return len(picture.getcolors(picture.width * picture.height) or [])


def is_drawn(page: Page, caption: str) -> bool:
    return colours(page, caption) > 100


def is_blank(page: Page, caption: str) -> bool:
    return colours(page, caption) < 10


def complaints(visit: Visit) -> list[str]:
    return [words for words in visit.complaints if READ_BACK not in words]


def test_a_hand_turns_the_signal_and_both_features_at_once(chromium: Browser, address: str) -> None:
    visit = Visit(chromium, address, "?panel=spherical_cnn", viewport=WINDOW)
    page = visit.page
    page.add_init_script(HEARD)
    page.reload()
    visit.arrive()
    visit.complaints.clear()  # That it was left early.
    page.get_by_role("application", name="Power by degree").locator("visible=true").wait_for()
    for caption in (X, RX, OF, LEFT, ROTATED):
        wait_until(partial(is_drawn, page, caption))
    assert error(page) < 1e-4
    before = angles(page)

    stage = figure(page, X).locator(".globe-stage")
    x, y = middle(stage)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 3, y)
    both: set[tuple[str, str]] = set()
    errors: list[float] = []
    for attempt in range(ATTEMPTS):
        heard = page.evaluate(DRAG, [stage.element_handle(), SECONDS, attempt])
        both |= {(each[OF][0], each[ROTATED][0]) for each in heard}
        errors += [float(each[LEFT][1].split()[-1]) for each in heard]
        if len(both) > 5:
            break
    page.mouse.up()
    assert len(both) > 5 and 0 < max(errors) < 1e-4
    assert angles(page) != before

    # The keyboard does the same; with ReLU the error is shown as it is.
    stage.focus()
    held = angles(page)
    page.keyboard.press("ArrowRight")
    page.wait_for_function("held => [...document.querySelectorAll('.studio-rotation input[type=number]')].some("
                           "(field, place) => place < 3 && Number(field.value) !== held[place])", arg=held)  # fmt: skip
    page.get_by_label("ReLU after each layer").locator("visible=true").check()
    expect(page.get_by_text("ReLU makes degrees beyond the bandwidth")).to_be_visible()
    assert error(page) > 0.001
    page.wait_for_function("location.search.includes('rotation=')")
    assert serious_in_both_schemes(page) == []

    # A digit is drawn with the hand, and both networks read it.
    visit.open("Draw a digit")
    pad = page.locator("canvas.sketch").locator("visible=true")
    pad.scroll_into_view_if_needed()
    page.wait_for_function(SHOWS, arg=pad.element_handle())  # The preset's three, in whose place a stroke begins.
    x, y = middle(pad)
    page.mouse.move(x, y - 50)
    page.mouse.down()
    page.mouse.move(x, y + 50, steps=5)
    page.mouse.up()
    expect(page.get_by_role("columnheader", name="of a 1").locator("visible=true")).to_be_visible()
    expect(page.get_by_text("Rolled from pole to pole, it stays a 1")).to_be_visible()
    assert complaints(visit) == []
    visit.context.close()


def test_without_webgl_the_spheres_are_shown_flat(chromium: Browser, address: str) -> None:
    context = chromium.new_context(viewport=WINDOW)  # type: ignore[arg-type]
    page = context.new_page()
    page.add_init_script(NO_WEBGL)
    page.goto(f"{address}?panel=spherical_cnn")
    expect(page.get_by_text("This browser has no WebGL").locator("visible=true")).to_be_visible()
    for caption in (X, OF):
        flat = figure(page, caption).locator("canvas").locator("visible=true")
        expect(flat).to_be_visible()
        assert colours(page, caption) > 100
    context.close()


def test_what_the_graphics_processor_lost_is_drawn_again(chromium: Browser, address: str) -> None:
    context = chromium.new_context(viewport=WINDOW)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{address}?panel=spherical_cnn&experiment=shapes")
    shown = (SOLID, *SEEN)
    for caption in shown:
        wait_until(partial(is_drawn, page, caption))
    page.evaluate(LOSE)
    for caption in shown:
        wait_until(partial(is_blank, page, caption))
    page.evaluate("window.taken.restoreContext()")
    for caption in shown:
        wait_until(partial(is_drawn, page, caption))
    context.close()
