"""The studio's second face: every panel drawn with Streamlit from its declaration alone.

Streamlit runs `serve` anew at every touch of a control; what lasts for a visit stands in its sheets.
"""

import base64
import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import numpy as np
import streamlit as st

from engines.runtime.errors import InputError
from engines.runtime.images import fit, read_photo, write_picture
from engines.runtime.scheduler import SCHEDULER, State, Task
from engines.runtime.video import Recording, write_clip
from pages import _permalink, _typeset
from pages._panel import (
    PAINTED_SIDE,
    SEED_LIMIT,
    Camera,
    Choice,
    Click,
    Clip,
    Comparison,
    Control,
    Curves,
    Experiment,
    Job,
    Movie,
    Notices,
    Number,
    Output,
    Panel,
    Photo,
    Picture,
    Regions,
    Seed,
    Stream,
    Strip,
    Switch,
    Table,
    Upload,
    View,
)
from pages._results import movie, pictures, plain, rendered, sentence, start

WEB = Path(__file__).parents[1] / "assets" / "web"
RESULT_AND_CONTROLS = (2.3, 1)
"""Shares of the page's width."""
SIDE_BY_SIDE = 3
"""So many options of a choice are shown at once; more fold into a list."""
POLL_SECONDS = 0.5
PATIENCE_SECONDS = 0.5
"""So long a result that follows a control is waited for, before the page polls for it."""
SHOWN_SIDE = 1600
"""Pixels of the longer side of a picture as it is shown; its download has them all."""
THUMBNAIL_SIDE = 160
THUMBNAILS = 64
STRIP_WIDTH = 124
OWN = "a {} of your own"
NONE = "none"
DRAW = "export default ({ parentElement, data }) => { parentElement.innerHTML = data; }"
PAINT = """
export default ({ parentElement, data, setTriggerValue }) => {
  if (parentElement.querySelector(".painter")) return;
  const address = (blob) => new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.readAsDataURL(blob);
  });
  const use = async (blobs) => setTriggerValue("masks", await Promise.all(blobs.map((blob) => blob && address(blob))));
  paint(parentElement.appendChild(document.createElement("div")), { ...data, use });
}
"""
"""How painter.js, before these lines, becomes a component: its trigger is the masks, as data URLs."""
WITHOUT = {
    Stream: "Here every snapshot is one frame; the main face follows the camera live.",
    View: "This experiment measures in its own page, which the main face shows.",
    Click: "A place on the picture can be clicked in the main face.",
}
"""What this face lacks, by the kind of experiment or control."""


def serve(panels: Sequence[Panel], first: Callable[[], None] | None = None) -> None:
    """Draw the page that this visitor is on; `first` is called before the first page of all."""
    if first is not None:
        st.cache_resource(first, show_spinner=False)()
    st.set_page_config("Ten Papers Studio", str(WEB / "favicon.svg"), "wide")
    st.html(WEB / "streamlit.css")
    pages = {panel.slug: st.Page(partial(_panel, panel), title=panel.title, url_path=panel.slug) for panel in panels}
    survey = st.Page(partial(_survey, panels, pages), title="The survey", url_path="survey", default=True)
    page = st.navigation([survey, *pages.values()], position="top")
    query = st.query_params.to_dict()
    asked = pages.get(query.get("panel", ""))
    if asked is not None and page is survey:
        st.switch_page(asked, query_params=query)
    page.run()


def _survey(panels: Sequence[Panel], pages: Mapping[str, Any]) -> None:
    asked = st.query_params.get("panel")
    if asked is not None:
        _alert([f"There is no panel {asked[:40]!r}; choose one below."])
    for panel in panels:
        with st.container(key=f"survey-{panel.slug}"):
            number, words, picture = st.columns((1, 9, 4))
            number.html(f'<p class="studio-survey"><span class="studio-number">{panel.paper.number}</span></p>')
            words.page_link(pages[panel.slug], label=panel.title)
            words.html(
                f'<p class="studio-story">{escape(panel.story)}</p>'
                f'<p class="studio-citation">{escape(panel.paper.citation)}</p>'
            )
            newest = _survey_picture(panel)
            if newest is not None:
                picture.image(newest, width="stretch")


def _survey_picture(panel: Panel) -> bytes | None:
    """The newest picture of the first output that the panel opens with."""
    for experiment in panel.experiments:
        opening = rendered(panel, experiment)
        paths = [(name, path) for name, _, path in pictures(experiment, opening[0] if opening else {})]
        if paths:
            return [path for name, path in paths if name == paths[0][0]][-1].read_bytes()
    return None


def _panel(panel: Panel) -> None:
    head, badge = st.columns(RESULT_AND_CONTROLS, gap="large", vertical_alignment="bottom")
    head.html(_typeset.heading(panel))
    sheet = _sheet(panel)
    _presets(sheet)
    result, controls = st.columns(RESULT_AND_CONTROLS, gap="large")
    with controls:
        _controls(sheet)
        sheet.compute_if_due()
        sheet.follow()
        with st.container(key=sheet.key("running")):
            _run(sheet)
    with result:
        # The results are a fragment of the page, which draws itself again and again while something is computed.
        st.fragment(_results, run_every=POLL_SECONDS if sheet.task else None)(sheet)
        st.html(_typeset.notes(sheet.experiment))
        if panel.figures:
            st.html(_typeset.figures(panel.figures))
    made_by = sheet.badge()
    if made_by:
        badge.html(made_by)
    _keep_address(sheet)


def _sheet(panel: Panel) -> "Sheet":
    """The sheet of the experiment that the visitor chose, or that a link asks for with its control values."""
    query = st.query_params.to_dict()
    linked = query.get("panel") == panel.slug and urlencode(query) not in _written()
    address = urlencode(query)
    titles = {experiment.name: experiment.title for experiment in panel.experiments}
    key = f"{panel.slug}-experiment"
    chosen = st.session_state.get(key) or next(iter(titles))
    sentences = []
    if linked:
        try:
            chosen = panel.experiment(query.get("experiment", chosen)).name
        except InputError as error:
            sentences, query = [str(error)], {}
    if len(titles) > 1:
        st.session_state[key] = chosen
        chosen = st.segmented_control(
            "Experiment",
            list(titles),
            required=True,
            format_func=titles.__getitem__,
            key=key,
            label_visibility="collapsed",
            persist_state="session",
        )
    sheets = st.session_state.setdefault("sheets", {})
    sheet = sheets.get((panel.slug, chosen))
    if sheet is None or linked:
        sheet = sheets[panel.slug, chosen] = sheet or Sheet(panel, panel.experiment(chosen))
        job = query.pop("job", None)
        values, more = _permalink.read(sheet.experiment, query if linked else {})
        sheet.open(values, [*sentences, *more])
        if job is not None:
            sheet.attach(job)
    _written().add(address)
    return sheet


def _written() -> set[str]:
    """Every query this visit has had: a browser may still send an older one, which is no link that was followed."""
    return st.session_state.setdefault("written", set())


def _keep_address(sheet: "Sheet") -> None:
    query = _permalink.write(sheet.panel, sheet.experiment, sheet.values)
    if sheet.job is not None:
        query["job"] = sheet.job
    _written().add(urlencode(query))
    if query != st.query_params.to_dict():
        st.query_params.from_dict(query)


@st.cache_resource(scope="session", on_release=lambda tasks: [task.cancel() for task in tasks], show_spinner=False)
def _followed() -> set[Task]:
    """The tasks that nobody waits for once this visitor has left: they are cancelled then."""
    return set()


@dataclass
class Made:
    """A result, whole or so far, and what made it; its pictures are encoded once."""

    experiment: Experiment
    parameters: Mapping[str, Any]
    result: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None
    device: str = ""
    _shown: dict[int, tuple[Any, bytes]] = field(default_factory=dict)

    def update(self, result: Mapping[str, Any]) -> None:
        """Take what the run has made by now."""
        self.result = result
        present = {id(picture) for _, _, picture in pictures(self.experiment, result)}
        self._shown = {number: held for number, held in self._shown.items() if number in present}

    def shown(self, picture: Any) -> bytes:
        """A picture of this result, an array or the path of its file, as a browser shows it (WebP)."""
        if isinstance(picture, Path):
            return picture.read_bytes()
        if id(picture) not in self._shown:
            # The picture is kept beside its encoding, or another could come to have its id.
            self._shown[id(picture)] = picture, _encoded(fit(picture, SHOWN_SIDE), ".webp", self.parameters)
        return self._shown[id(picture)][1]

    def download(self, picture: Any) -> bytes:
        """The same picture as a PNG of every pixel, which carries the parameters."""
        return _encoded(read_photo(picture) if isinstance(picture, Path) else picture, ".png", self.parameters)

    def download_movie(self, made: Recording | Path, suffix: str) -> bytes:
        """A movie of this result, as MP4 with the parameters or as GIF."""
        return _encoded(movie(made), suffix, self.parameters)


def _encoded(made: np.ndarray | bytes, suffix: str, parameters: Mapping[str, Any]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"made{suffix}"
        if isinstance(made, bytes):
            write_clip(made, path, parameters)
        else:
            write_picture(made, path, parameters)
        return path.read_bytes()


class Sheet:
    """One experiment as this visitor has it: control values, the run that goes on, and the result that is shown."""

    def __init__(self, panel: Panel, experiment: Experiment) -> None:
        self.panel = panel
        self.experiment = experiment
        self.values = experiment.opening()
        self.sentences: Sequence[str] = ()
        self.status = ""
        self.task: Task | None = None
        self.job: str | None = None
        self.made: Made | None = None
        self.painting: str | None = None
        self._generation = 0
        self._parameters: Mapping[str, Any] = {}
        self._computed: Mapping[str, Any] = {}
        self._memory: dict[str, Any] = {}

    @property
    def on_demand(self) -> bool:
        """Whether a button starts the run."""
        return not (self.experiment.live or isinstance(self.experiment, Stream | View))

    def key(self, *names: str) -> str:
        """The key of a widget; it changes when values are put into the controls, so that all are drawn anew."""
        return "-".join([self.panel.slug, self.experiment.name, str(self._generation), *names])

    def open(self, values: Mapping[str, Any], sentences: Sequence[str] = ()) -> None:
        """Put the values into the controls and show what comes of them: rendered beforehand, or computed now."""
        self.values = dict(values)
        self.sentences = sentences
        self._generation += 1
        if isinstance(self.experiment, Job):
            return
        opening = rendered(self.panel, self.experiment) if self.values == self.experiment.opening() else None
        if opening is not None:
            self._abandon()
            self._computed = dict(self.values)
            self.made = _opened(self.experiment, *opening)
        elif self.on_demand and not sentences:
            self.start()

    def put(self, **masks: bytes | None) -> None:
        """Put painted masks into their controls, and close the painter."""
        self.painting = None
        self.values.update(masks)
        self._generation += 1

    def choose(self, preset: str) -> None:
        """Open a preset."""
        self.open(self.experiment.opening(preset))

    def attach(self, job: str) -> None:
        """Follow the job of that identifier, which another visit of this page started."""
        try:
            self.task = SCHEDULER.job(job)
        except InputError as error:
            self.sentences = [*self.sentences, str(error)]
            return
        self.job = job
        self._parameters = self._written()

    def compute_if_due(self) -> None:
        """Follow the controls where the experiment does: each change of a live one's, each snapshot of a Stream's."""
        if isinstance(self.experiment, Stream):
            cameras = [name for name, control in self.experiment.controls.items() if isinstance(control, Camera)]
            if any(self.values[name] not in (None, self._computed.get(name)) for name in cameras):
                self.start(self._memory)
        elif self.experiment.live and self.values != self._computed:
            self.start()
        if self.task is not None and not self.on_demand:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not self.task.ended and (left := deadline - time.monotonic()) > 0:
                self.task.wait(self.task.version, left)

    def start(self, *extra: Any) -> None:
        """Compute with the controls as they stand."""
        self._abandon()
        self.sentences, self.status = (), ""
        self._computed = dict(self.values)
        self._parameters = self._written()
        try:
            self.task = start(self.experiment, self.values, *extra)
        except Exception as error:
            self.sentences = [sentence(error)]
            return
        if isinstance(self.experiment, Job):
            self.job = self.task.id
        else:
            _followed().add(self.task)

    def follow(self) -> Task | None:
        """Take what the run has made by now; None where it has ended."""
        task = self.task
        if task is None:
            return None
        ended = task.ended
        if task.result:
            if self.made is None or self.made.parameters is not self._parameters:
                self.made = Made(self.experiment, self._parameters)
            self.made.update(task.result)
        if not ended:
            return task
        self.task = None
        _followed().discard(task)
        if task.error is not None:
            self.sentences = [sentence(task.error)]
        elif task.state is State.CANCELLED:
            self.status = "Cancelled; what was finished stays."
        elif self.made is not None:
            from engines.runtime.device import describe

            self.made.seconds, self.made.device = task.seconds, describe()
        return None

    def badge(self) -> str:
        """What made the result that is shown."""
        if self.made is None:
            return _typeset.badge(self.experiment, self.values, "", None)
        return _typeset.badge(self.experiment, self.made.parameters["controls"], self.made.device, self.made.seconds)

    def _written(self) -> Mapping[str, Any]:
        controls = plain(self.experiment, self.values)
        return {"panel": self.panel.slug, "experiment": self.experiment.name, "controls": controls}

    def _abandon(self) -> None:
        if self.task is not None:
            self.task.cancel()
            self.task = None


def _opened(experiment: Experiment, result: Mapping[str, Any], document: Mapping[str, Any]) -> Made:
    parameters = {name: document[name] for name in ("panel", "experiment", "controls")}
    return Made(experiment, parameters, result, document["seconds"], document["device"])


def _presets(sheet: Sheet) -> None:
    with st.container(horizontal=True, key=sheet.key("presets"), gap="medium"):
        for preset in sheet.experiment.presets:
            st.button(preset, type="tertiary", on_click=sheet.choose, args=(preset,), key=sheet.key("preset", preset))


def _controls(sheet: Sheet) -> None:
    _grouped(sheet, {name: control for name, control in sheet.experiment.controls.items() if not control.advanced})
    advanced = {name: control for name, control in sheet.experiment.controls.items() if control.advanced}
    if advanced:
        with st.expander("More"):
            _grouped(sheet, advanced)


def _grouped(sheet: Sheet, controls: Mapping[str, Control]) -> None:
    for group in dict.fromkeys(control.group for control in controls.values()):
        if group:
            st.html(_typeset.group(group))
        for name, control in controls.items():
            if control.group == group:
                sheet.values[name] = CONTROLS[type(control)](control, sheet.values[name], sheet.key(name))
        painted = sheet.experiment.painted_together().get(group, {})
        if painted and painted.keys() <= controls.keys():
            words = "Paint the regions"
            if st.button(words, key=sheet.key("paint", group), width="stretch"):
                sheet.painting = group
            # A run that ends draws the page anew: what is not said to be open would close.
            if sheet.painting == group:
                st.dialog(words, width="large", on_dismiss=sheet.put)(_paint)(sheet, painted)


def _number(control: Number, value: float, key: str) -> float:
    kind = int if isinstance(control.step, int) else float
    low, high, now, step = (kind(number) for number in (control.low, control.high, value, control.step))
    label = f"{control.label} ({control.unit})" if control.unit else control.label
    return st.slider(label, low, high, now, step, key=key, help=control.help or None)


def _seed(control: Seed, value: int, key: str) -> int:
    return st.number_input(control.label, 0, SEED_LIMIT - 1, value, 1, key=key, help=control.help or None)


def _choice(control: Choice, value: str, key: str) -> str:
    options = list(control.options)
    kind = st.radio if len(options) <= SIDE_BY_SIDE else st.selectbox
    words = control.options.__getitem__
    return kind(control.label, options, options.index(value), words, key=key, help=control.help or None)


def _switch(control: Switch, value: bool, key: str) -> bool:
    return st.checkbox(control.label, value, key=key, help=control.help or None)


def _upload(control: Upload, value: bytes | str | None, key: str) -> bytes | str | None:
    own = OWN.format(control.noun)
    options = [*([NONE] if control.optional else []), *control.examples, own]
    now = value if isinstance(value, str) else NONE if control.optional and value is None else own
    chosen = st.selectbox(control.label, options, options.index(now), key=key, help=control.help or None)
    if chosen == own:
        file = st.file_uploader(control.label, key=f"{key}-file", label_visibility="collapsed")
        # After a while on another page the widget has forgotten the file, but not we.
        chosen = file.getvalue() if file is not None else value if isinstance(value, bytes) else None
    if chosen is None or chosen == NONE:
        return None
    try:
        content = chosen if isinstance(chosen, bytes) else control.examples[chosen]()
        st.image(_thumbnail(content, control.label, type(control).preview))
    except InputError as error:
        _alert([str(error)])
    return chosen


def _paint(sheet: Sheet, group: Mapping[str, Regions]) -> None:
    """The painter of a group of regions, which is drawn in a dialog until its masks are used."""
    matching = next(iter(group.values())).matching
    pictures = []
    for name, control in group.items():
        photograph = sheet.experiment.controls[control.of]
        pictures.append(
            {
                "label": photograph.label,
                "photograph": _painted(photograph, sheet.values[control.of], ".webp"),
                "mask": _painted(control, sheet.values[name], ".png"),
            }
        )
    rule = matching and {
        "fewest": matching.fewest,
        "coarsest": matching.coarsest,
        "largestRatio": matching.largest_ratio,
        "longest": sheet.values[matching.longest],
    }
    component = st.components.v2.component(
        "painter", css=(WEB / "painter.css").read_text(), js=(WEB / "painter.js").read_text() + PAINT
    )
    painted = component(
        data={"pictures": pictures, "matching": rule}, key=sheet.key("painter"), on_masks_change=lambda: None
    )
    if painted.masks is not None:
        masks = [mask and base64.b64decode(mask.partition(",")[2]) for mask in painted.masks]
        sheet.put(**dict(zip(group, masks, strict=True)))
        st.rerun()


def _painted(control: Control, value: bytes | str | None, suffix: str) -> str | None:
    """The address of a photograph to paint on or of its mask; None where none can be read."""
    try:
        picture = control.check(value)
    except InputError:
        return None
    if picture is None:
        return None
    encoded = base64.b64encode(_encoded(fit(picture, PAINTED_SIDE), suffix, {})).decode()
    return f"data:image/{suffix[1:]};base64,{encoded}"


@st.cache_data(max_entries=THUMBNAILS, show_spinner=False)
def _thumbnail(content: bytes, label: str, _preview: Callable[[bytes, str, int], np.ndarray]) -> np.ndarray:
    return _preview(content, label, THUMBNAIL_SIDE)


def _click(control: Click, value: Any, key: str) -> Any:
    return value


def _camera(control: Camera, value: bytes | None, key: str) -> bytes | None:
    snapshot = st.camera_input(control.label, key=key, help=control.help or None)
    return value if snapshot is None else snapshot.getvalue()


CONTROLS: dict[type[Control], Callable[[Any, Any, str], Any]] = {
    Number: _number,
    Seed: _seed,
    Choice: _choice,
    Switch: _switch,
    Photo: _upload,
    Regions: _upload,
    Clip: _upload,
    Click: _click,
    Camera: _camera,
}
"""How each kind of control is drawn: from the control, its value and its widget's key to the value it has now."""


def _run(sheet: Sheet) -> None:
    """The button that starts the run or, while one goes on, how far it is; and what this face lacks."""
    _alert(sheet.sentences)
    if sheet.task is not None:
        st.fragment(_progress, run_every=POLL_SECONDS)(sheet)
    elif sheet.on_demand:
        if sheet.status:
            st.caption(sheet.status)
        if st.button(sheet.experiment.action, type="primary", width="stretch", key=sheet.key("run")):
            sheet.start()
            st.rerun()
    kinds = {type(sheet.experiment), *(type(control) for control in sheet.experiment.controls.values())}
    lacking = [words for kind, words in WITHOUT.items() if kind in kinds]
    if lacking:
        st.caption(" ".join(lacking))
        st.link_button("Open it in the main face", _main_face(sheet), width="stretch")


def _main_face(sheet: Sheet) -> str:
    """The address of the same experiment, with the same values, on the Gradio face of this host."""
    host = urlsplit(st.context.url or "").hostname or "127.0.0.1"
    query = urlencode(_permalink.write(sheet.panel, sheet.experiment, sheet.values))
    return f"http://{host}:{os.environ.get('GRADIO_SERVER_PORT', '7860')}/?{query}"


def _progress(sheet: Sheet) -> None:
    task = sheet.follow()
    if task is None:
        return st.rerun()
    words = task.progress.words or "Computing"
    if task.state is State.WAITING:
        place = task.place
        words = f"{place} {'run' if place == 1 else 'runs'} before yours" if place else "Starting"
    st.progress(min(1.0, task.progress.fraction), f"{words}, {time.monotonic() - task.submitted:.0f} s")
    st.button("Cancel", on_click=task.cancel, width="stretch", key=sheet.key("cancel"))


def _results(sheet: Sheet) -> None:
    if sheet.task is not None and sheet.follow() is None:
        st.rerun()
    made = sheet.made or Made(sheet.experiment, {})
    for name, output in sheet.experiment.outputs.items():
        value = made.result.get(name, {} if isinstance(output, Strip) and output.of else None)
        if value is not None:
            with st.container(key=sheet.key("output", name)):
                OUTPUTS[type(output)](output, value, made, sheet.key(name))
                if output.help:
                    st.html(f'<p class="studio-help">{escape(output.help)}</p>')


def _picture(output: Picture, value: Any, made: Made, key: str) -> None:
    st.image(made.shown(value), output.label)
    _download(partial(made.download, value), key)


def _comparison(output: Comparison, value: Mapping[str, Any], made: Made, key: str) -> None:
    captions = list(value)
    # The newest stands at the right: with each that comes, the two lists are drawn anew.
    key = f"{key}-{len(captions)}"
    wipe = st.container()
    with st.container(horizontal=True, vertical_alignment="center"):
        first = captions.index(output.left) if output.left in captions else 0
        hidden: dict[str, Any] = {"label_visibility": "collapsed"}
        left = st.selectbox("Left of the line", captions, first, key=f"{key}-left", **hidden)
        right = st.selectbox("Right of the line", captions, len(captions) - 1, key=f"{key}-right", **hidden)
        _download(partial(made.download, value[right]), f"{key}-{right}")
    with wipe:
        if left == right:
            st.image(made.shown(value[left]), width="stretch")
        else:
            _wipe(_named(left, made.shown(value[left])), _named(right, made.shown(value[right])), key)


def _named(caption: str, picture: bytes) -> dict[str, str]:
    return {"caption": caption, "src": f"data:image/webp;base64,{base64.b64encode(picture).decode()}"}


def _wipe(left: Mapping[str, str], right: Mapping[str, str], key: str) -> None:
    """Two pictures under one slider, which moves in the browser alone."""
    component = st.components.v2.component(
        "wipe",
        html='<div><img><img><span></span><input type="range" step="0.5"></div>',
        css=(WEB / "wipe.css").read_text(),
        js=(WEB / "wipe.js").read_text(),
    )
    component(data={"left": left, "right": right}, key=f"{key}-wipe")


def _strip(output: Strip, value: Mapping[str, Any], made: Made, key: str) -> None:
    st.html(_typeset.group(output.label))
    with st.container(horizontal=True, gap="small"):
        for caption in dict.fromkeys([*output.of, *value]):
            with st.container(width=STRIP_WIDTH, gap="xsmall"):
                if caption in value:
                    st.image(made.shown(value[caption]), caption)
                    _download(partial(made.download, value[caption]), f"{key}-{caption}")
                else:
                    st.html(f'<div class="studio-empty"></div><p>{escape(caption)}</p>')


def _movie(output: Movie, value: Recording | Path, made: Made, key: str) -> None:
    content = movie(value)
    if not content:
        return
    st.html(_typeset.group(output.label))
    st.video(content, loop=True, muted=True)
    with st.container(horizontal=True):
        _download(partial(made.download_movie, value, ".mp4"), key, ".mp4", "video/mp4", "Download MP4")
        _download(partial(made.download_movie, value, ".gif"), key, ".gif", "image/gif", "Download GIF")


def _download(
    content: Callable[[], bytes], key: str, suffix: str = ".png", media_type: str = "image/png", words: str = "Download"
) -> None:
    name = f"{key}{suffix}".replace(" ", "-")
    st.download_button(
        words, content, name, media_type, type="tertiary", on_click="ignore", key=f"{key}-download{suffix}"
    )


def _table(output: Table, value: Any, made: Made, key: str) -> None:
    st.html(_typeset.group(output.label) + _typeset.table(value))


def _curves(output: Curves, value: Any, made: Made, key: str) -> None:
    st.html(_typeset.group(output.label))
    # st.html would take the drawing out: it lets no SVG pass.
    component = st.components.v2.component("drawing", js=DRAW, isolate_styles=False)
    component(data=_typeset.curves(output, value), key=f"{key}-drawing")


def _notices(output: Notices, value: Mapping[str, str], made: Made, key: str) -> None:
    if value:
        st.html(f'<div class="studio-notices">{_typeset.notices(value)}</div>')


OUTPUTS: dict[type[Output], Callable[[Any, Any, Made, str], None]] = {
    Picture: _picture,
    Comparison: _comparison,
    Strip: _strip,
    Movie: _movie,
    Table: _table,
    Curves: _curves,
    Notices: _notices,
}
"""How each kind of output is drawn, from the output, its value, the result it is part of, and a key for its widgets."""


def _alert(sentences: Sequence[str]) -> None:
    if sentences:
        lines = "".join(_typeset.sentence(words) for words in dict.fromkeys(sentences))
        st.html(f'<div role="alert" class="studio-alert">{lines}</div>')
