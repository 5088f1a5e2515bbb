"""The darkroom of the Streamlit face's tests, and AppTest as a visitor of the studio."""

import io
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from PIL import Image
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from engines.runtime.errors import InputError
from engines.runtime.progress import Progress
from engines.runtime.scheduler import Task
from studio.declared import Experiment, Panel
from studio.faces.streamlit.sheet import Made, Sheet
from studio.kinds import Choice, Comparison, Curves, Notices, Number, Photo, Seed, Strip, Switch, Table
from studio.runs.run import finished, start
from tests.support import hard_experiments

STAGES = ("first", "second", "third")


def develop(photo: np.ndarray, gain: float, seed: int, paper: str, fault: str, toned: bool, pace: int) -> Iterator[Any]:
    """Three pictures, each darker by a stage."""
    if fault == "refusal":
        raise InputError("Gain: <b>no</b> picture can be made of this; take another.")
    if fault == "bug":
        raise RuntimeError("a bug, with /secret/path in its words")
    yield {"result": {"content": photo}}
    for number, stage in enumerate(STAGES):
        for _ in range(pace):
            time.sleep(0.02)
            yield Progress(number / len(STAGES), f"Making {stage}")
        picture = (photo * gain ** (number + 1)).astype(np.uint8)
        brightness = {"brightness": float(picture.mean())}
        yield {"result": {stage: picture}, "stages": {stage: picture}, "numbers": {stage: brightness}}
    falling = [float(gain**step) for step in range(8)]
    yield {"words": {"done": f"Made with a gain of {gain} & seed {seed}."}, "fall": {"gain": (list(range(8)), falling)}}


def gradient() -> bytes:
    """A photograph whose red grows to the right."""
    file = io.BytesIO()
    ramp = np.linspace(60, 250, 240, dtype=np.uint8)
    Image.fromarray(np.stack([np.broadcast_to(ramp, (160, 240)), *[np.full((160, 240), 90, np.uint8)] * 2], 2)).save(
        file, "PNG"
    )
    return file.getvalue()


PANEL = Panel(
    slug="darkroom",
    title="Darkroom",
    paper=hard_experiments.PANEL.paper,
    story="A picture <em>darkens</em> in three stages.",
    experiments=[
        Experiment(
            name="develop",
            title="Develop",
            action="Develop",
            controls={
                "photo": Photo("Photograph", group="Photograph", examples={"gradient": gradient}),
                "gain": Number("Gain", 0.1, 1, 0.8, 0.05, group="Darkness", help="What each stage leaves."),
                "paper": Choice("Paper", {"matt": "matt", "gloss": "glossy"}, "matt", group="Darkness"),
                "toned": Switch("Toned", False, group="Darkness"),
                "seed": Seed("Seed", advanced=True),
                "fault": Choice(
                    "Fault", {"none": "none", "refusal": "a refusal", "bug": "a bug"}, "none", advanced=True
                ),
                "pace": Number("Pace", 0, 1000, 0, 1, advanced=True),
            },
            outputs={
                "result": Comparison("Result", left="content"),
                "stages": Strip("Stages", of=STAGES),
                "words": Notices("Words"),
                "numbers": Table("Numbers"),
                "fall": Curves("Fall", "stage", "gain"),
            },
            presets={"Gradient": {"photo": "gradient"}, "Dark": {"photo": "gradient", "gain": 0.5}},
            notes=("Each stage is darker.", "Try another gain."),
            run=develop,
        )
    ],
)
EXPERIMENT = PANEL.experiments[0]


def script() -> None:
    """What `streamlit run` runs, with the panels of these tests before the studio's own."""
    import pages
    from studio.faces.streamlit import page as streamlit_page
    from tests.support import hard_experiments, servers, streamlit

    panels = [streamlit.PANEL, hard_experiments.PANEL, *pages.panels()]
    streamlit_page.serve(panels, web=servers.web_files())


def visit(shown: Callable[[], None] = script, /, **query: str) -> AppTest:
    """A fresh visit, with that query, of the address where `shown` is run."""
    page = AppTest.from_function(shown, default_timeout=120)
    page.query_params.update(query)
    # A browser stays on the page to which the query led; AppTest must be told, and has no public word for it.
    page._page_hash = calc_hash(query.get("panel", ""))
    return page.run()


def sheet(page: AppTest) -> Sheet:
    """The sheet of the experiment that was opened last."""
    return next(reversed(page.session_state["sheets"].values()))


def made(page: AppTest) -> Made:
    """The result that is shown."""
    shown = sheet(page).made
    assert shown is not None
    return shown


def task(page: AppTest) -> Task:
    """The run that goes on."""
    running = sheet(page).task
    assert running is not None
    return running


def until_ended(page: AppTest) -> AppTest:
    """Rerun the page, as its fragments would, until nothing is computed any more."""
    for _ in range(200):
        if sheet(page).task is None:
            return page
        time.sleep(0.05)
        page.run()
    raise TimeoutError("the run did not end")


def widget(page: AppTest, kind: str, label: str) -> Any:
    """The first one of that kind with that label."""
    return next(found for found in page.get(kind) if found.label == label)


def words(page: AppTest) -> str:
    """All that stands on the page as HTML."""
    return " ".join(element.proto.body for element in page.get("html"))


def query(page: AppTest) -> dict[str, str]:
    """What the address asks for."""
    return {name: value for name, (value,) in page.query_params.items()}


def computed(experiment: Experiment, **values: Any) -> dict[str, Any]:
    """What the experiment gives for these values, and otherwise those it opens with."""
    return finished(start(experiment, {**experiment.opening(), **values}))


def same(one: Any, other: Any) -> bool:
    """Whether two results are the same to the last bit."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(value, other[name]) for name, value in one.items())
    return np.array_equal(one, other) if isinstance(one, np.ndarray) else bool(one == other)


OTHER = {"gain": 0.35, "paper": "gloss", "toned": True, "seed": 7}
"""Values of the darkroom that are not those it opens with."""
ASKED = {"panel": "darkroom", "experiment": "develop", "gain": "0.35", "paper": "gloss", "toned": "true", "seed": "7"}
"""The query that asks for them."""
