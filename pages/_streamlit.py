"""The studio's second face: every panel drawn with Streamlit from its declaration alone.

Streamlit runs `serve` anew at every touch of a control; what lasts for a visit stands in its sheets.
"""

import base64
import itertools
import os
import random
import secrets
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import numpy as np
import streamlit as st

from engines.runtime.errors import InputError
from engines.runtime.images import fit, read_parameters, read_photo
from engines.runtime.scheduler import State, Task
from engines.runtime.video import Recording, read_clip_parameters
from pages import _checkpoints, _live, _permalink, _typeset
from pages._panel import (
    PAINTED_SIDE,
    SEED_LIMIT,
    Attention,
    Camera,
    CheckpointChoice,
    Choice,
    Click,
    Clip,
    Comparison,
    Control,
    Curves,
    File,
    Footage,
    Globes,
    Hypergraph,
    ImageClass,
    Job,
    LabelClip,
    MeshFile,
    MoleculeFile,
    Movie,
    Notices,
    Number,
    Output,
    Panel,
    Photo,
    Picture,
    Plate,
    Regions,
    Rotation,
    Seed,
    Sketch,
    Stream,
    Strip,
    SubjectFile,
    Switch,
    Table,
    Upload,
    View,
    Word,
)
from pages._results import movie, rendered, resume
from pages._streamlit_sheet import Made, Sheet, encoded, newest

WEB = Path(__file__).parents[1] / "assets" / "web"
RESULT_AND_CONTROLS = (2.3, 1)
"""Shares of the page's width."""
SIDE_BY_SIDE = 3
"""So many options of a choice are shown at once; more fold into a list."""
POLL_SECONDS = 1.0
NEWS_SECONDS = 0.8
"""So long a page that polls waits for something new: it shows the end of a run at once, and draws no more often."""
THUMBNAIL_SIDE = 160
THUMBNAILS = 64
MAP_SIDE = 2048
"""Pixels of the longer side of a picture round a globe."""
STRIP_WIDTH = 124
OWN = "a {} of your own"
NONE = "none"
BAR = "bar-address"
WEB_ROUTE = f"component/{__name__}.web"
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
ATTEND = """
export default ({ parentElement, data }) => {
  const stage = parentElement.querySelector("div") ?? parentElement.appendChild(document.createElement("div"));
  stage.update ??= attend(stage);
  if (stage.shown === JSON.stringify(data)) return;
  stage.shown = JSON.stringify(data);
  stage.update(data);
};
"""
"""How attention.js becomes one."""
TURN = """
export default ({ parentElement, data, setTriggerValue }) => {
  const stage = parentElement.querySelector("div") ?? parentElement.appendChild(document.createElement("div"));
  stage.tell = (angles) => {
    clearTimeout(stage.resting);
    stage.resting = setTimeout(() => setTriggerValue("angles", angles), 250);
  };
  const module = new URL(data.module, document.baseURI);
  stage.drawn ??= import(module).then(({ globes }) => globes(stage, (angles) => stage.tell(angles)));
  if (stage.shown === JSON.stringify(data)) return;
  stage.shown = JSON.stringify(data);
  stage.drawn.then((update) => { update(data); if (data.turned) update.turn(data.turned); });
};
"""
"""How globe.js, which loads what lies beside it, becomes one: its trigger is the rotation, once the hand rests."""
LINK = """
export default ({ parentElement, data }) => {
  const stage = parentElement.querySelector("div") ?? parentElement.appendChild(document.createElement("div"));
  stage.update ??= hypergraph(stage);
  if (stage.shown === JSON.stringify(data)) return;
  stage.shown = JSON.stringify(data);
  stage.update(data);
};
"""
"""How hypergraph.js becomes one."""
DRAW = """
export default ({ parentElement, data, setTriggerValue }) => {
  if (parentElement.querySelector(".sketch")) return;
  const use = (blob) => {
    const reader = new FileReader();
    reader.onload = () => setTriggerValue("drawing", reader.result);
    reader.readAsDataURL(blob);
  };
  sketch(parentElement.appendChild(document.createElement("div")), { ...data, use });
};
"""
"""How sketch.js becomes one: its trigger is the drawing, as a data URL."""
Asked = tuple[str | None, Mapping[str, str]]
"""The panel and the query that a link, a saved file or the browser's history asks for."""
NOTHING: Asked = None, {}
SNAPSHOTS = "Here every snapshot is one frame; the main face follows the camera live."
ONLY_LIVE = "This goes on by itself, and only in the main face; here is how it opens."


def serve(panels: Sequence[Panel], first: Callable[[], None] | None = None, web: Path = WEB) -> None:
    """Draw the page that this visitor is on; `first` is called before the first page of all, `web` is the folder of
    what Views load."""
    if first is not None:
        st.cache_resource(first, show_spinner=False)()
    _resume_once(panels)
    st.components.v1.declare_component("web", path=web)  # For its route: Streamlit serves the folder under WEB_ROUTE.
    st.set_page_config("Ten Papers Studio", str(WEB / "favicon.svg"), "wide")
    st.html(WEB / "streamlit.css")
    bar = st.container(key="bar")
    slug, query = asked = _asked()
    slugs = [panel.slug for panel in panels]
    pages = {
        panel.slug: st.Page(partial(_panel, panel, asked, slugs), title=panel.title, url_path=panel.slug)
        for panel in panels
    }
    survey = st.Page(partial(_survey, panels, asked, pages), title="The survey", url_path="survey", default=True)
    page = st.navigation([survey, *pages.values()], position="top")
    wanted = page if slug is None else pages.get(slug, survey)
    if wanted is not page:
        st.switch_page(wanted, query_params=dict(query))
    page.run()
    address = f"{page.url_path or '.'}?{urlencode(st.query_params.to_dict())}"
    _, turn = st.session_state.get(BAR, {}).get("went") or (None, 0)
    with bar:
        data = {"address": address.removesuffix("?"), "turn": turn}
        _component("address", data=data, key=BAR, on_went_change=_go_back)


def _asked() -> Asked:
    """What is asked for and not yet answered; at the beginning of a visit, what its address asks for."""
    if "asked" not in st.session_state:
        query = st.query_params.to_dict()
        st.session_state["asked"] = query.get("panel"), query
    asked: Asked = st.session_state["asked"]
    return asked


def _answered(asked: Asked) -> None:
    """Forget what was asked for, but not something newer: a drawing that is overtaken must not lose it."""
    if st.session_state["asked"] is asked:
        st.session_state["asked"] = NOTHING


def _go_back() -> None:
    """Ask for the address to which the browser went, back or forward."""
    address, _ = st.session_state[BAR]["went"]
    path, _, text = address.partition("?")
    query = dict(parse_qsl(text, keep_blank_values=True))
    slug = query.get("panel", path.rpartition("/")[2])
    sheet = st.session_state.get("sheets", {}).get((slug, query.get("experiment")))
    if sheet is not None:
        sheet.go_back(query)
        st.session_state[f"{slug}-experiment"] = sheet.experiment.name
        query = {}
    st.session_state["asked"] = slug, query


def _component(name: str, **mounted: Any) -> Any:
    """Mount a component of streamlit.js; what it answers."""
    source = f"{(WEB / 'streamlit.js').read_text()}\nexport default {name};\n"
    return st.components.v2.component(name, js=source, isolate_styles=False)(**mounted)


def _survey(panels: Sequence[Panel], asked: Asked, pages: Mapping[str, Any]) -> None:
    _answered(asked)
    slug = st.query_params.get("panel")
    if slug is not None and slug not in pages:
        _alert([f"There is no panel {slug[:40]!r}; choose one below."])
    for panel in panels:
        with st.container(key=f"survey-{panel.slug}"):
            number, words, picture = st.columns((1, 9, 4))
            number.html(f'<p class="studio-survey"><span class="studio-number">{panel.paper.number}</span></p>')
            words.page_link(pages[panel.slug], label=panel.title)
            words.html(
                f'<p class="studio-story">{escape(panel.story)}</p>'
                f'<p class="studio-citation">{escape(panel.paper.citation)}</p>'
            )
            shown = _survey_picture(panel)
            if shown is not None:
                picture.image(shown, width="stretch")
    _open_saved(pages)


def _survey_picture(panel: Panel) -> bytes | None:
    """The newest picture of the first output that the panel opens with."""
    for experiment in panel.experiments:
        opening = rendered(panel, experiment)
        path = newest(experiment, opening[0]) if opening else None
        if path is not None:
            return path.read_bytes()
    return None


def _panel(panel: Panel, asked: Asked, slugs: Collection[str]) -> None:
    head, badge = st.columns(RESULT_AND_CONTROLS, gap="large", vertical_alignment="bottom")
    head.html(_typeset.heading(panel))
    sheet = _sheet(panel, asked)
    _presets(sheet)
    result, controls = st.columns(RESULT_AND_CONTROLS, gap="large")
    with controls:
        _controls(sheet)
        sheet.compute_if_due()
        sheet.follow()
        with st.container(key=sheet.key("running")):
            status = _run(sheet)
    with result:
        if isinstance(sheet.experiment, View):
            # A fragment of the page, so that a reply to what it asks draws nothing else anew.
            st.fragment(_view)(sheet, sheet.experiment)
        # A fragment of the page, which draws itself again and again while something is computed.
        results = st.fragment(_results, run_every=POLL_SECONDS if sheet.task else None)
        results(sheet, sheet.task, status, itertools.count())
        _visits(sheet)
        _open_saved(slugs)
        st.html(_typeset.notes(sheet.experiment))
        if panel.figures:
            st.html(_typeset.figures(panel.figures))
    made_by = sheet.badge()
    if made_by:
        badge.html(made_by)
    if sheet.link() != st.query_params.to_dict():
        st.query_params.from_dict(sheet.link())


def _sheet(panel: Panel, asked: Asked) -> Sheet:
    """The sheet of the experiment that the visitor chose, or that is asked for with its control values."""
    titles = {experiment.name: experiment.title for experiment in panel.experiments}
    key = f"{panel.slug}-experiment"
    chosen = st.session_state.get(key) or next(iter(titles))
    sentences = []
    query = dict(asked[1])
    if query:
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
    if sheet is None or asked[1]:
        sheet = sheets[panel.slug, chosen] = sheet or Sheet(panel, panel.experiment(chosen), _followed(), _token())
        job = query.pop("job", None)
        values, more = _permalink.read(sheet.experiment, query)
        sheet.open(values, [*sentences, *more])
        if job is not None:
            sheet.attach(job)
    _answered(asked)
    return sheet


@st.cache_resource(show_spinner=False)
def _resume_once(_panels: Sequence[Panel]) -> None:
    resume(_panels)


def _token() -> str:
    """What makes this visit its jobs' owner: Streamlit sets no cookies, so a job's address carries it."""
    token: str = st.session_state.setdefault("token", secrets.token_urlsafe(16))
    return token


@st.cache_resource(scope="session", on_release=lambda tasks: [task.cancel() for task in tasks], show_spinner=False)
def _followed() -> set[Task]:
    """The tasks that nobody waits for once this visitor has left: they are cancelled then."""
    return set()


def _presets(sheet: Sheet) -> None:
    with st.container(horizontal=True, key=sheet.key("presets"), gap="medium"):
        for preset in sheet.experiment.presets:
            st.button(preset, type="tertiary", on_click=sheet.choose, args=(preset,), key=sheet.key("preset", preset))


def _controls(sheet: Sheet) -> None:
    values, key = sheet.controls()
    draw = partial(_grouped, sheet, values, key)
    draw({name: control for name, control in sheet.experiment.controls.items() if not control.advanced})
    advanced = {name: control for name, control in sheet.experiment.controls.items() if control.advanced}
    if advanced:
        with st.expander("More", key=f"{sheet.panel.slug}-{sheet.experiment.name}-more"):
            draw(advanced)


def _grouped(sheet: Sheet, values: dict[str, Any], key: Callable[[str], str], controls: Mapping[str, Control]) -> None:
    for group in dict.fromkeys(control.group for control in controls.values()):
        if group:
            st.html(_typeset.group(group))
        for name, control in controls.items():
            if control.group == group:
                if isinstance(control, ImageClass):
                    values[name] = _image_class(control, values[name], values[control.of], key(name))
                else:
                    values[name] = CONTROLS[type(control)](control, values[name], key(name))
        painted = sheet.experiment.painted_together().get(group, {})
        if painted and painted.keys() <= controls.keys():
            words = "Paint the regions"
            if st.button(words, key=sheet.key("paint", group), width="stretch"):
                sheet.painting = group
            # A run that ends draws the page anew: what is not said to be open would close.
            if sheet.painting == group:
                st.dialog(words, width="large", on_dismiss=partial(sheet.put, {}))(_paint)(sheet, painted)


def _number(control: Number, value: float, key: str) -> float:
    kind = int if isinstance(control.step, int) else float
    low, high, now, step = (kind(number) for number in (control.low, control.high, value, control.step))
    label = f"{control.label} ({control.unit})" if control.unit else control.label
    return st.slider(label, low, high, now, step, key=key, help=control.help or None)


def _seed(control: Seed, value: int, key: str) -> int:
    with st.container(horizontal=True, vertical_alignment="bottom", key=f"{key}-seed"):
        st.session_state.setdefault(key, value)
        number = st.number_input(control.label, 0, SEED_LIMIT - 1, step=1, key=key, help=control.help or None)
        st.button(
            "New", on_click=_draw_seed, args=(key,), key=f"{key}-new", help=f"Draw another {control.label.lower()}"
        )
    return number


def _draw_seed(key: str) -> None:
    st.session_state[key] = random.randrange(SEED_LIMIT)


def _choice(control: Choice, value: str, key: str) -> str:
    options = list(control.options)
    kind = st.radio if len(options) <= SIDE_BY_SIDE else st.selectbox
    words = control.options.__getitem__
    return kind(control.label, options, options.index(value), words, key=key, help=control.help or None)


def _checkpoint(control: CheckpointChoice, value: str, key: str) -> str:
    chosen = _choice(control, value, key)
    comes = _checkpoints.state(chosen)["fraction"] is not None
    st.fragment(_whereabouts, run_every=POLL_SECONDS if comes else None)(chosen, comes, key)
    return chosen


def _whereabouts(checkpoint: str, comes: bool, key: str) -> None:
    """What a checkpoint is and where; drawn again and again while it comes."""
    state = _checkpoints.state(checkpoint)
    if comes != (state["fraction"] is not None):
        st.rerun()
    st.caption(f"{_checkpoints.facts(checkpoint)}. {state['words']}")
    if comes:
        st.progress(state["fraction"])
    if state["action"]:
        st.button(state["action"], on_click=_checkpoints.act, args=(checkpoint, state["action"]), key=f"{key}-action")


def _image_class(control: ImageClass, value: str, checkpoint: str, key: str) -> str:
    names = control.names[checkpoint]
    # With other names it is another widget, which begins anew.
    place, key = names.index(control.among(value, checkpoint)), f"{key}-{len(names)}"
    return st.selectbox(control.label, names, place, key=key, help=control.help or None)


def _word(control: Word, value: str, key: str) -> str:
    return st.text_input(control.label, value, control.longest, key=key, help=control.help or None)


def _switch(control: Switch, value: bool, key: str) -> bool:
    return st.checkbox(control.label, value, key=key, help=control.help or None)


def _upload(control: Upload, value: bytes | str | None, key: str) -> bytes | str | None:
    own = OWN.format(control.noun)
    options = [*([NONE] if control.optional else []), *control.examples, own]
    now = value if isinstance(value, str) else NONE if control.optional and value is None else own
    chosen = st.selectbox(control.label, options, options.index(now), key=key, help=control.help or None)
    if chosen == own and isinstance(control, Sketch):
        chosen = _sketch(control, key) or (value if isinstance(value, bytes) else None)
    elif chosen == own:
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


def _sketch(control: Sketch, key: str) -> bytes | None:
    """What the visitor has drawn just now."""
    component = st.components.v2.component(
        "sketch", css=(WEB / "streamlit.css").read_text(), js=(WEB / "sketch.js").read_text() + DRAW
    )
    drawing = component(data={"label": control.label}, key=f"{key}-sketch", on_drawing_change=lambda: None).drawing
    return None if drawing is None else base64.b64decode(drawing.partition(",")[2])


def _rotation(control: Rotation, value: Sequence[float], key: str) -> tuple[float, ...]:
    st.caption(f"{control.label}. {control.help}")
    angles = zip(control.bounds.items(), value, strict=True)
    return tuple(st.slider(name, low, high, now, 1.0, key=f"{key}-{name}") for (name, (low, high)), now in angles)


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
    palette = next(iter(group.values())).palette
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
        data={"pictures": pictures, "matching": rule, "palette": palette},
        key=sheet.key("painter"),
        on_masks_change=lambda: None,
    )
    if painted.masks is not None:
        masks = [mask and base64.b64decode(mask.partition(",")[2]) for mask in painted.masks]
        sheet.put(dict(zip(group, masks, strict=True)))
        st.rerun()


def _painted(control: Control, value: bytes | str | None, suffix: str) -> str | None:
    """The address of a photograph to paint on or of its mask; None where none can be read."""
    if not value:
        return None
    assert isinstance(control, Upload), "regions are those of a photograph, or of a clip's first labels"
    try:
        content = value if isinstance(value, bytes) else control.examples[value]()
        return _address(encoded(control.preview(content, control.label, PAINTED_SIDE), suffix, {}))
    except InputError:
        return None


@st.cache_data(max_entries=THUMBNAILS, show_spinner=False)
def _thumbnail(content: bytes, label: str, _preview: Callable[[bytes, str, int], np.ndarray]) -> np.ndarray:
    return _preview(content, label, THUMBNAIL_SIDE)


def _click(control: Click, value: Any, key: str) -> Any:
    return value  # It is chosen on the picture.


def _camera(control: Camera, value: bytes | None, key: str) -> bytes | None:
    snapshot = st.camera_input(control.label, key=key, help=control.help or None)
    return value if snapshot is None else snapshot.getvalue()


CONTROLS: dict[type[Control], Callable[[Any, Any, str], Any]] = {
    Number: _number,
    Seed: _seed,
    Choice: _choice,
    CheckpointChoice: _checkpoint,
    Word: _word,
    Switch: _switch,
    Photo: _upload,
    Regions: _upload,
    Clip: _upload,
    Footage: _upload,
    LabelClip: _upload,
    SubjectFile: _upload,
    MeshFile: _upload,
    MoleculeFile: _upload,
    Sketch: _upload,
    Rotation: _rotation,
    Click: _click,
    Camera: _camera,
}
"""How each kind of control is drawn: from the control, its value and its widget's key to the value it has now."""


def _run(sheet: Sheet) -> Any:
    """The button that starts the run or, while one goes on, ends it, and what this face lacks; the place over the
    button, for how far the run is."""
    said, status, again, button = st.container(), st.container(), st.empty(), st.empty()
    if sheet.task is None and sheet.on_demand:
        if sheet.paused:
            again.button("Continue", on_click=sheet.go_on, type="primary", width="stretch", key=sheet.key("continue"))
        if button.button(
            sheet.experiment.action,
            type="secondary" if sheet.paused else "primary",
            width="stretch",
            key=sheet.key("run"),
        ):
            # Not before the controls are drawn: one of them may have been set by this very click.
            sheet.start()
        elif sheet.status:
            status.caption(sheet.status)
    if sheet.task is not None:
        again.empty()
        words = "Pause" if isinstance(sheet.experiment, Job) else "Cancel"
        button.button(words, on_click=sheet.task.cancel, width="stretch", key=sheet.key("cancel"))
    with said:
        _alert(sheet.sentences)
    if isinstance(sheet.experiment, Stream):
        st.caption(SNAPSHOTS if sheet.experiment.camera else ONLY_LIVE)
        st.link_button("Open it in the main face", _main_face(sheet), width="stretch")
    return status


def _main_face(sheet: Sheet) -> str:
    """The address of the same experiment, with the same values, on the Gradio face of this host."""
    host = urlsplit(st.context.url or "").hostname or "127.0.0.1"
    query = urlencode(_permalink.write(sheet.panel, sheet.experiment, sheet.values))
    return f"http://{host}:{os.environ.get('GRADIO_SERVER_PORT', '7860')}/?{query}"


def _results(sheet: Sheet, task: Task | None, status: Any, turns: Iterator[int]) -> None:
    """The results of `task` so far, with how far it is drawn into `status`; with none, those that were made last."""
    if next(turns) > 0:
        sheet.wait(NEWS_SECONDS)
        # Whoever saw the end of the run first: this page was drawn while it went on.
        if task is not None and sheet.follow() is not task:
            st.rerun()
    if task is not None:
        with status:
            _progress(task)
    made = sheet.made or Made(sheet.experiment, {}, {})
    for name, output in sheet.experiment.outputs.items():
        value = made.result.get(name, {} if isinstance(output, Strip) and output.of else None)
        if value is not None:
            with st.container(key=sheet.key("output", name)):
                click = _click_on(sheet, name)
                if (turned := _rotation_of(sheet, name)) is not None:
                    _turnable(sheet, turned, name, value, made)
                elif click is None:
                    OUTPUTS[type(output)](output, value, made, sheet.key(name))
                else:
                    _clickable(sheet, click, output, value, made)
                if output.help:
                    st.html(f'<p class="studio-help">{escape(output.help)}</p>')


def _progress(task: Task) -> None:
    words = task.progress.words or "Computing"
    if task.state is State.WAITING:
        place = task.place
        words = f"{place} {'run' if place == 1 else 'runs'} before yours" if place else "Starting"
    st.progress(min(1.0, task.progress.fraction), f"{words}, {time.monotonic() - task.submitted:.0f} s")


def _click_on(sheet: Sheet, output: str) -> str | None:
    """The control that is a click on the picture of that output."""
    clicks = (
        name
        for name, control in sheet.experiment.controls.items()
        if isinstance(control, Click) and control.on == output
    )
    return next(clicks, None)


def _clickable(sheet: Sheet, click: str, output: Output, value: Any, made: Made) -> None:
    data = {
        "src": _address(made.shown(value)),
        "alt": output.label,
        "label": sheet.experiment.controls[click].label,
        "place": sheet.values[click],
    }
    place = _component("clickable", data=data, key=sheet.key(click, "place"), on_place_change=lambda: None).place
    _download(made, partial(made.download, value), sheet.key(click))
    if place is not None:
        sheet.values[click] = tuple(place)
        if sheet.on_demand:
            sheet.start()
        st.rerun()


def _rotation_of(sheet: Sheet, output: str) -> str | None:
    """The control by which a hand turns the globes of that output."""
    controls = sheet.experiment.controls.items()
    return next((name for name, each in controls if isinstance(each, Rotation) and each.on == output), None)


def _turnable(sheet: Sheet, control: str, name: str, value: Mapping[str, Any], made: Made) -> None:
    output = sheet.experiment.outputs[name]
    assert isinstance(output, Globes), "a rotation turns globes"
    angles = _globes(output, value, made, sheet.key(name), made.values.get(control))
    if angles is not None:
        sheet.put({control: tuple(float(angle) for angle in angles)})
        st.rerun()


def _view(sheet: Sheet, experiment: View) -> None:
    """The page of the experiment in a frame; its answer is what the run gets."""
    key = sheet.key("view")
    replies = st.session_state.setdefault(f"{key}-replies", {})

    def reply() -> None:
        asked = st.session_state[key]["asked"]
        replies.clear()
        replies[asked["ticket"]] = _live.reply(experiment, asked["request"])[1]

    src = f"{WEB_ROUTE}/{experiment.page}?{_live.view_query(sheet.values)}"
    data = {"src": src, "title": experiment.title, "replies": replies}
    answer = _component("view", data=data, key=key, on_answer_change=lambda: None, on_asked_change=reply).answer
    if answer is not None:
        try:
            sheet.start(_live.read_answer(answer))
        except InputError as error:
            sheet.sentences = [str(error)]
        st.rerun()


def _visits(sheet: Sheet) -> None:
    """The link to the experiment as it stands, and the results of this visit."""
    made = [
        {"token": visited.token, "words": visited.words, "src": visited.thumbnail and _address(visited.thumbnail)}
        for visited in sheet.visits
    ]
    data = {
        "link": f"?{urlencode(_permalink.write(sheet.panel, sheet.experiment, sheet.values))}",
        "made": made,
        "chosen": sheet.visited and sheet.visited.token,
        "busy": sheet.busy,
    }
    chosen = _component("visits", data=data, key=sheet.key("visits"), on_chosen_change=lambda: None).chosen
    if chosen is not None:
        sheet.recall(chosen)
        st.rerun()


def _open_saved(slugs: Collection[str]) -> None:
    """Where a file that the studio saved is dropped, or chosen, to have its controls back."""
    turn = st.session_state.setdefault("opened", 0)
    with st.container(key="saved"):
        file = st.file_uploader("Open a saved picture or film", key=f"saved-{turn}")
        if file is None:
            return
        try:
            query = _query(file.getvalue(), slugs)
        except InputError as error:
            return _alert([str(error)])
    st.session_state["opened"] = turn + 1
    st.session_state["asked"] = query["panel"], query
    st.rerun()


def _query(content: bytes, slugs: Collection[str]) -> dict[str, str]:
    """The query that makes again what a file shows.

    Raises:
        InputError: it is none that the studio saved, or none of these panels'.
    """
    read = read_clip_parameters if content[4:8] == b"ftyp" else read_parameters  # an MP4 or a picture
    query = _permalink.saved(read(content))
    if query["panel"] not in slugs:
        raise InputError(f"There is no panel {query['panel'][:40]!r} here; choose a file of one that there is.")
    return query


def _picture(output: Picture, value: Any, made: Made, key: str) -> None:
    st.image(made.shown(value), output.label)
    _download(made, partial(made.download, value), key)


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
        _download(made, partial(made.download, value[right]), f"{key}-{right}")
    with wipe:
        if left == right:
            st.image(made.shown(value[left]), width="stretch")
        else:
            shown = [_named(caption, made.shown(value[caption])) for caption in (left, right)]
            _component("wipe", data=dict(zip(("left", "right"), shown, strict=True)), key=f"{key}-wipe")


def _attention(output: Attention, value: Mapping[str, Any], made: Made, key: str) -> None:
    st.html(_typeset.group(output.label))
    shown = []
    for caption, attended in value.items():
        picture = made.download(attended.picture)
        maps = np.load(attended.maps) if isinstance(attended.maps, Path) else attended.maps
        height, width = read_photo(picture).shape[:2]
        address = f"data:application/octet-stream;base64,{base64.b64encode(maps.astype('<f2').tobytes()).decode()}"
        size = {"width": width, "height": height}
        shown.append({**_named(caption, picture), **size, "maps": address, "shape": maps.shape})
    component = st.components.v2.component(
        "attention", css=(WEB / "attention.css").read_text(), js=(WEB / "attention.js").read_text() + ATTEND
    )
    component(data={"label": output.label, "pictures": shown}, key=f"{key}-attention")
    with st.container(horizontal=True):
        for caption, attended in value.items():
            _download(made, partial(made.download, attended.picture), f"{key}-{caption}", words=caption)


def _globes(output: Globes, value: Mapping[str, Any], made: Made, key: str, turned: Any = None) -> Any:
    """Draw globes that were made for a rotation; the angles to which a hand has turned them since."""
    st.html(_typeset.group(output.label))
    component = st.components.v2.component("globes", css=(WEB / "globe.css").read_text(), js=TURN)
    shown = [{"caption": caption, **globe.drawn(_map)} for caption, globe in value.items()]
    data = {
        "module": f"{WEB_ROUTE}/globe.js",
        "label": output.label,
        "of": list(output.of),
        "inside": output.inside,
        "turned": turned,
        "pictures": shown,
    }
    angles = component(data=data, key=f"{key}-globes", on_angles_change=lambda: None).angles
    with st.container(horizontal=True):
        for caption, globe in value.items():
            _download(made, partial(made.download, globe.picture), f"{key}-{caption}", words=caption)
    return angles


def _hypergraph(output: Hypergraph, value: Any, made: Made, key: str) -> None:
    st.html(_typeset.group(output.label))
    component = st.components.v2.component(
        "hypergraph", css=(WEB / "hypergraph.css").read_text(), js=(WEB / "hypergraph.js").read_text() + LINK
    )
    component(data={"caption": output.label, **value.drawn()}, key=f"{key}-hypergraph")
    _download(made, partial(made.download, value.picture), key)


def _map(picture: np.ndarray) -> dict[str, str]:
    return {"src": _address(encoded(fit(picture, MAP_SIDE), ".webp", {}))}


def _named(caption: str, picture: bytes) -> dict[str, str]:
    return {"caption": caption, "src": _address(picture)}


def _address(picture: bytes) -> str:
    """A picture's file as an address that has it all within."""
    kind = {b"RIFF": "webp", b"\x89PNG": "png"}.get(picture[:4], "jpeg")
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode()}"


def _strip(output: Strip, value: Mapping[str, Any], made: Made, key: str) -> None:
    st.html(_typeset.group(output.label))
    with st.container(horizontal=True, gap="small"):
        for caption in dict.fromkeys([*output.of, *value]):
            with st.container(width=STRIP_WIDTH, gap="xsmall"):
                if caption in value:
                    st.image(made.shown(value[caption]), caption)
                    _download(made, partial(made.download, value[caption]), f"{key}-{caption}")
                else:
                    st.html(f'<div class="studio-empty"></div><p>{escape(caption)}</p>')


def _file(output: File, value: bytes | Path, made: Made, key: str) -> None:
    st.subheader(output.label)
    content = value.read_bytes() if isinstance(value, Path) else value
    st.download_button(
        f"Download {output.file}", content, output.file, type="tertiary", on_click="ignore", key=f"{key}-file"
    )


def _movie(output: Movie, value: Recording | Path, made: Made, key: str) -> None:
    content = movie(value)
    if not content:
        return
    st.html(_typeset.group(output.label))
    st.video(content, loop=True, muted=True)
    with st.container(horizontal=True):
        _download(made, partial(made.download_movie, value, ".mp4"), key, ".mp4", "video/mp4", "Download MP4")
        _download(made, partial(made.download_movie, value, ".gif"), key, ".gif", "image/gif", "Download GIF")


def _download(
    made: Made,
    content: Callable[[], bytes],
    key: str,
    suffix: str = ".png",
    media_type: str = "image/png",
    words: str = "Download",
) -> None:
    """Offer a file of a result that is whole; while it grows, each button would slow its run down a little."""
    if made.whole:
        name = f"{key}{suffix}".replace(" ", "-")
        key = f"{key}-download{suffix}"
        st.download_button(words, content, name, media_type, type="tertiary", on_click="ignore", key=key)


def _table(output: Table, value: Any, made: Made, key: str) -> None:
    st.html(_typeset.group(output.label) + _typeset.table(value))


def _curves(output: Curves, value: Any, made: Made, key: str) -> None:
    st.html(_typeset.group(output.label))
    # st.html would take the drawing out: it lets no SVG pass.
    _component("drawing", data=_typeset.curves(output, value), key=f"{key}-drawing")


def _plate(output: Plate, value: str, made: Made, key: str) -> None:
    st.html(_typeset.group(output.label))
    _component("drawing", data=value, key=f"{key}-drawing")


def _notices(output: Notices, value: Mapping[str, str], made: Made, key: str) -> None:
    if value:
        st.html(f'<div class="studio-notices">{_typeset.notices(value)}</div>')


OUTPUTS: dict[type[Output], Callable[[Any, Any, Made, str], None]] = {
    Picture: _picture,
    Comparison: _comparison,
    Attention: _attention,
    Globes: _globes,
    Hypergraph: _hypergraph,
    Strip: _strip,
    Movie: _movie,
    File: _file,
    Table: _table,
    Curves: _curves,
    Plate: _plate,
    Notices: _notices,
}
"""How each kind of output is drawn, from the output, its value, the result it is part of, and a key for its widgets."""


def _alert(sentences: Sequence[str]) -> None:
    if sentences:
        lines = "".join(_typeset.sentence(words) for words in dict.fromkeys(sentences))
        st.html(f'<div role="alert" class="studio-alert">{lines}</div>')
