"""A panel of every everyday control, whose pictures are exposed by a gain."""

import io
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import numpy as np
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from engines.runtime.progress import Progress
from pages import photo_stylization
from studio.declared import Experiment, Panel
from studio.kinds import Choice, Comparison, Notices, Number, Photo, Seed, Switch
from tests.support import hard_experiments

RUNS: list[dict[str, Any]] = []
"""The values of every print that was made."""


def expose(photo: np.ndarray, gain: float, paper: str, toned: bool, seed: int, pace: int) -> Iterator[Any]:
    """A grainy print."""
    RUNS.append({"gain": gain, "paper": paper, "toned": toned, "seed": seed})
    yield {"result": {"negative": photo}}
    for step in range(pace):
        time.sleep(0.01)
        yield Progress(step / pace, "Exposing")
    grain = np.random.default_rng(seed).normal(0, 20 if paper == "rough" else 5, photo.shape)
    tone = np.array([1, 0.9, 0.7]) if toned else 1
    picture = np.clip(photo * gain * tone + grain, 0, 255).astype(np.uint8)
    yield {"result": {"print": picture}, "words": {"done": f"Printed with a gain of {gain:g} and seed {seed}."}}


def _ramp(level: int) -> bytes:
    file = io.BytesIO()
    ramp = np.linspace(0, level, 96, dtype=np.uint8)
    Image.fromarray(np.stack([np.broadcast_to(ramp, (64, 96))] * 3, axis=2)).save(file, "PNG")
    return file.getvalue()


PANEL = Panel(
    slug="darkroom",
    title="Darkroom",
    paper=hard_experiments.PANEL.paper,
    story="A print with grain.",
    experiments=[
        Experiment(
            name="expose",
            title="Expose",
            action="Expose",
            controls={
                "photo": Photo("Negative", examples={"dim": lambda: _ramp(120), "bright": lambda: _ramp(250)}),
                "gain": Number("Gain", 0.1, 1, 0.8, 0.05),
                "paper": Choice("Paper", {"smooth": "smooth paper", "rough": "rough paper"}, "smooth"),
                "toned": Switch("Toned", False),
                "seed": Seed("Seed"),
                "pace": Number("Pace", 0, 1000, 0, 1, advanced=True),
            },
            outputs={"result": Comparison("Result", left="negative"), "words": Notices("Words")},
            presets={"plain": {"photo": "dim"}, "bright": {"photo": "bright"}},
            run=expose,
        )
    ],
)
CHANGED = {"photo": "bright", "gain": "0.55", "paper": "rough", "toned": "true", "seed": "7"}
PANELS = [photo_stylization.PANEL, PANEL, hard_experiments.PANEL]
PLACE = {"panel": "darkroom", "experiment": "expose"}


def expect_query(page: Page, **expected: str) -> None:
    """Wait for the address bar to ask for the darkroom with these controls and no other."""
    panel, place = PLACE["panel"], {"experiment": PLACE["experiment"]}
    page.wait_for_function(
        """wanted => JSON.stringify([location.pathname.slice(1),
            Object.fromEntries([...new URLSearchParams(location.search)].sort())]) === wanted""",
        arg=json.dumps([panel, dict(sorted({**place, **expected}.items()))], separators=(",", ":")),
    )


def change_everything(page: Page) -> None:
    """Set every control of the darkroom as CHANGED says."""
    page.get_by_role("button", name="bright", exact=True).and_(page.locator(".studio-examples button")).click()
    page.get_by_role("slider", name="Gain").fill("0.55")
    page.get_by_role("radio", name="rough paper").check()
    page.get_by_role("checkbox", name="Toned").check()
    page.get_by_role("spinbutton", name="Seed").fill("7")


def shown(page: Page, selector: str) -> Locator:
    """What can be seen of it."""
    return page.locator(selector).locator("visible=true")


def query(page: Page) -> dict[str, str]:
    """What the address asks for."""
    address = urlsplit(page.url)
    return {"panel": address.path.removeprefix("/"), **dict(parse_qsl(address.query))}


def settle(page: Page, gain: float = 0.8, seed: int = 0) -> None:
    """Wait for the print that these values give."""
    expect(shown(page, "[role=status]").filter(has_text=f"gain of {gain:g} and seed {seed}.")).to_be_visible()


def download(page: Page, suffix: str = ".png") -> bytes:
    """The file behind the result's Download, or its WebP."""
    address = urljoin(page.url, str(shown(page, "a[download]").first.get_attribute("href")))
    return page.request.get(address.replace(".png", suffix)).body()


def pixels(file: bytes) -> np.ndarray:
    """The picture of a file."""
    return np.asarray(Image.open(io.BytesIO(file)))
