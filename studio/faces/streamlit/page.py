"""Draws the studio's second face: every panel with Streamlit, from its declaration alone.

Streamlit runs `serve` again at every touch of a control; what lasts for a visit is in its sheets.
"""

import itertools
import os
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import streamlit as st

from engines.runtime.errors import InputError
from engines.runtime.images import MAXIMUM_BYTES, read_parameters
from engines.runtime.scheduler import State, Task
from engines.runtime.video import read_clip_parameters
from studio import WEB
from studio.declared import LongExperiment, Panel, Stream, View
from studio.faces import typeset
from studio.faces.streamlit import offer, outputs
from studio.faces.streamlit.components import WEB_ROUTE, address, alerts, component, serve_web
from studio.faces.streamlit.controls import WIDGETS
from studio.faces.streamlit.painter import paint
from studio.faces.streamlit.sheet import Made, Sheet, newest
from studio.kinds import Click, Control, Globes, Output, Rotation
from studio.kinds.control import UPLOADED
from studio.runs import permalink
from studio.runs.run import resume
from studio.runs.store import rendered
from studio.wire import live

RESULT_AND_CONTROLS = (2.3, 1)
"""Shares of the page's width."""
POLL_SECONDS = 1.0
NEWS_SECONDS = 0.8
"""How long a page that polls waits for something new: it shows the end of a run at once, and draws no more often."""
BAR = "bar-address"
Asked = tuple[str | None, Mapping[str, str]]
"""The panel and the query that a link, a saved file or the browser's history asks for."""
NOTHING: Asked = None, {}
SNAPSHOTS = "Here every snapshot is one frame; the main face follows the camera live."
ONLY_LIVE = "This goes on by itself, and only in the main face; here is how it opens."


def serve(panels: Sequence[Panel], first: Callable[[], None] | None = None, web: Path = WEB) -> None:
    """Draw the page that this visitor is on.

    `first` is called before the first page of all; `web` is the folder of what Views load.
    """
    drawn = time.time()
    if first is not None:
        st.cache_resource(first, show_spinner=False)()
    _resume_once(panels)
    serve_web(web)
    st.set_page_config("Ten Papers Studio", str(WEB / "favicon.svg"), "wide")
    st.html(WEB / "theme.css")
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
        data = {"address": address.removesuffix("?"), "turn": turn, "drawn": drawn}
        component("address", data=data, key=BAR, on_went_change=_go_back)


def _asked() -> Asked:
    """Return what is asked for and not yet answered; at the beginning of a visit, what its address asks for."""
    if "asked" not in st.session_state:
        query = st.query_params.to_dict()
        st.session_state["asked"] = query.get("panel"), query
    asked: Asked = st.session_state["asked"]
    return asked


def _answered(asked: Asked) -> None:
    """Forget what was asked for, but not something newer, which a drawing that is overtaken must not lose."""
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


def _survey(panels: Sequence[Panel], asked: Asked, pages: Mapping[str, Any]) -> None:
    _answered(asked)
    slug = st.query_params.get("panel")
    if slug is not None and slug not in pages:
        alerts([f"There is no panel {slug[:40]!r}; choose one below."])
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
    """Read the newest picture of the first output that the panel opens with."""
    for experiment in panel.experiments:
        opening = rendered(panel, experiment)
        path: Path | None = newest(experiment, opening[0]) if opening else None
        if path is not None:
            return path.read_bytes()
    return None


def _panel(panel: Panel, asked: Asked, slugs: Collection[str]) -> None:
    head, badge = st.columns(RESULT_AND_CONTROLS, gap="large", vertical_alignment="bottom")
    head.html(typeset.heading(panel))
    sheet = _sheet(panel, asked)
    _presets(sheet)
    offer.draw(sheet)
    result, controls = st.columns(RESULT_AND_CONTROLS, gap="large")
    said = result.container(key=sheet.key("said"))
    with controls:
        _controls(sheet)
        sheet.compute_if_due()
        sheet.follow()
        with st.container(key=sheet.key("running")):
            status = _run(sheet)
    with said:
        alerts(sheet.sentences)
    with result:
        if isinstance(sheet.experiment, View):
            # It is a fragment of the page, so that a reply to what it asks draws nothing else again.
            st.fragment(_view)(sheet, sheet.experiment)
        # It is a fragment of the page, which draws itself again and again while something is computed.
        results = st.fragment(_results, run_every=POLL_SECONDS if sheet.task else None)
        results(sheet, sheet.task, status, itertools.count())
        _visits(sheet)
        _open_saved(slugs)
        st.html(typeset.notes(sheet.experiment))
        if sheet.experiment.figures:
            st.html(typeset.figures(sheet.experiment.figures))
    made_by = sheet.badge()
    if made_by:
        badge.html(made_by)
    st.html(f"<style>{_standing(sheet)}</style>")
    if sheet.link() != st.query_params.to_dict():
        st.query_params.from_dict(sheet.link())


def _sheet(panel: Panel, asked: Asked) -> Sheet:
    """Return the sheet of the experiment that the visitor chose, or that is asked for with its control values."""
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
    sheets: dict[tuple[str, str], Sheet] = st.session_state.setdefault("sheets", {})
    sheet = sheets.get((panel.slug, chosen))
    if sheet is None or asked[1]:
        sheet = sheets[panel.slug, chosen] = sheet or Sheet(panel, panel.experiment(chosen), _followed(), _token())
        job = query.pop("job", None)
        values, more = permalink.read(sheet.experiment, query)
        sheet.open(values, [*sentences, *more])
        if job is not None:
            sheet.attach(job)
    _answered(asked)
    return sheet


def _resume(_panels: Sequence[Panel]) -> None:
    resume(_panels)


_resume_once: Callable[[Sequence[Panel]], None] = st.cache_resource(show_spinner=False)(_resume)


def _token() -> str:
    """Return the token that makes this visit the owner of its jobs.

    Streamlit sets no cookies, so a job's address carries it.
    """
    token: str = st.session_state.setdefault("token", secrets.token_urlsafe(16))
    return token


def _none_yet() -> set[Task]:
    return set()


def _cancel(tasks: Iterable[Task]) -> None:
    for task in tasks:
        task.cancel()


_followed: Callable[[], set[Task]]
_followed = st.cache_resource(scope="session", on_release=_cancel, show_spinner=False)(_none_yet)
"""Gives the tasks that nobody waits for once this visitor has left: they are cancelled then."""


def _presets(sheet: Sheet) -> None:
    with st.container(horizontal=True, key=sheet.key("presets"), gap="medium"):
        for number, preset in enumerate(sheet.experiment.presets):
            key = sheet.key("preset", str(number))
            st.button(preset, type="tertiary", on_click=sheet.choose, args=(preset,), key=key)


def _standing(sheet: Sheet) -> str:
    """Write the style that marks the presets that hold, and lets what has no effect, or is past, stand back."""
    experiment = sheet.experiment
    held = (sheet.key("preset", str(number)) for number, each in enumerate(experiment.presets) if sheet.holds(each))
    idle = (sheet.key(name) for name in experiment.controls if not experiment.acts(name, sheet.values))
    past = (sheet.key("output", name) for name in experiment.outputs) if sheet.is_past else ()
    rules = [f".st-key-{key} button {{ text-decoration: underline; }}" for key in held]
    rules += [f".st-key-{key} {{ --ink: var(--quiet); filter: grayscale(1) opacity(0.7); }}" for key in idle]
    rules += [f".st-key-{key} :is(img, video, canvas, svg, iframe) {{ opacity: 0.45; }}" for key in past]
    return "\n".join(rules)


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
            st.html(typeset.group(group))
        for name, control in controls.items():
            if control.group == group:
                widget = WIDGETS.of(type(control))
                values[name] = widget(control, values[name], key(name), values)
        painted = sheet.experiment.painted_together().get(group, {})
        if painted and painted.keys() <= controls.keys():
            words = "Paint the regions"
            if st.button(words, key=sheet.key("paint", group), width="stretch"):
                sheet.painting = group
            # A run that ends draws the page again: what is not declared as open would close.
            if sheet.painting == group:
                st.dialog(words, width="large", on_dismiss=partial(sheet.put, {}))(paint)(sheet, painted)


def _run(sheet: Sheet) -> Any:
    """Draw the button that starts the run or, while one runs, ends it, and what this face lacks.

    Return the place above the button, for how far the run is.
    """
    status, again, button = st.container(), st.empty(), st.empty()
    if sheet.task is None and sheet.on_demand:
        if sheet.paused:
            again.button("Continue", on_click=sheet.go_on, type="primary", width="stretch", key=sheet.key("continue"))
        if button.button(
            sheet.experiment.action,
            type="secondary" if sheet.paused else "primary",
            width="stretch",
            key=sheet.key("run"),
        ):
            # It comes after the controls are drawn, because this very click may have set one of them.
            sheet.start()
        elif sheet.status:
            status.caption(sheet.status)
    if sheet.task is not None:
        again.empty()
        words = "Pause" if isinstance(sheet.experiment, LongExperiment) else "Cancel"
        button.button(words, on_click=sheet.task.cancel, width="stretch", key=sheet.key("cancel"))
    if isinstance(sheet.experiment, Stream):
        st.caption(SNAPSHOTS if sheet.experiment.camera else ONLY_LIVE)
        st.link_button("Open it in the main face", _main_face(sheet), width="stretch")
    return status


def _main_face(sheet: Sheet) -> str:
    """Return the address of the same experiment, with the same values, on the Gradio face of this host."""
    host = urlsplit(st.context.url or "").hostname or "127.0.0.1"
    query = urlencode(permalink.write(sheet.panel, sheet.experiment, sheet.values))
    return f"http://{host}:{os.environ.get('GRADIO_SERVER_PORT', '7860')}/?{query}"


def _results(sheet: Sheet, task: Task | None, status: Any, turns: Iterator[int]) -> None:
    """Draw the results of `task` so far, with how far it is in `status`; without a task, those that were made last."""
    if next(turns) > 0:
        sheet.wait(NEWS_SECONDS)
        # Another fragment may have seen the end of the run first: this page was drawn while it ran.
        if task is not None and sheet.follow() is not task:
            st.rerun()
    if task is not None:
        with status:
            _progress(task)
    made = sheet.made or Made(sheet.experiment, {}, {})
    for name, output in sheet.experiment.outputs.items():
        value = made.result.get(name, output.empty())
        if value is not None:
            with st.container(key=sheet.key("output", name)):
                click = _click_on(sheet, name)
                if (turned := _rotation_of(sheet, name)) is not None:
                    _turnable(sheet, turned, name, value, made)
                elif click is None:
                    outputs.WIDGETS.of(type(output))(output, value, made, sheet.key(name))
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
    """Name the control that is a click on the picture of that output."""
    clicks = (
        name
        for name, control in sheet.experiment.controls.items()
        if isinstance(control, Click) and control.on == output
    )
    return next(clicks, None)


def _clickable(sheet: Sheet, click: str, output: Output, value: Any, made: Made) -> None:
    data = {
        "src": address(made.shown(value)),
        "alt": output.label,
        "label": sheet.experiment.controls[click].label,
        "place": sheet.values[click],
    }
    place = component("clickable", data=data, key=sheet.key(click, "place"), on_place_change=lambda: None).place
    outputs.download(made, partial(made.download, value), sheet.key(click))
    if place is not None:
        sheet.values[click] = tuple(place)
        if sheet.on_demand:
            sheet.start()
        st.rerun()


def _rotation_of(sheet: Sheet, output: str) -> str | None:
    """Name the control by which a visitor turns the globes of that output."""
    controls = sheet.experiment.controls.items()
    return next((name for name, each in controls if isinstance(each, Rotation) and each.on == output), None)


def _turnable(sheet: Sheet, control: str, name: str, value: Mapping[str, Any], made: Made) -> None:
    output = sheet.experiment.outputs[name]
    assert isinstance(output, Globes), "a rotation turns globes"
    angles = outputs.globes(output, value, made, sheet.key(name), made.values.get(control))
    if angles is not None:
        sheet.put({control: tuple(float(angle) for angle in angles)})
        st.rerun()


def _view(sheet: Sheet, experiment: View) -> None:
    """Draw the page of the experiment in a frame; its answer is what the run gets."""
    key = sheet.key("view")
    replies = st.session_state.setdefault(f"{key}-replies", {})

    def reply() -> None:
        asked = st.session_state[key]["asked"]
        replies.clear()
        replies[asked["ticket"]] = live.reply(experiment, asked["request"])[1]

    src = f"{WEB_ROUTE}/{experiment.page}?{live.view_query(sheet.values)}"
    data = {"src": src, "title": experiment.title, "replies": replies}
    answer = component("view", data=data, key=key, on_answer_change=lambda: None, on_asked_change=reply).answer
    if answer is not None:
        try:
            sheet.start(live.read_answer(answer))
        except InputError as error:
            sheet.sentences = [str(error)]
        st.rerun()


def _visits(sheet: Sheet) -> None:
    """Draw the link to the experiment as it stands, and the results of this visit."""
    made = [
        {"token": visited.token, "words": visited.words, "src": visited.thumbnail and address(visited.thumbnail)}
        for visited in sheet.visits
    ]
    data = {
        "link": f"?{urlencode(permalink.write(sheet.panel, sheet.experiment, sheet.values))}",
        "made": made,
        "chosen": sheet.visited and sheet.visited.token,
        "busy": sheet.busy,
    }
    if UPLOADED in permalink.write(sheet.panel, sheet.experiment, sheet.values).values():
        st.caption("Your own file goes along with no link and no saved file: whoever opens one is asked for it.")
    chosen = component("visits", data=data, key=sheet.key("visits"), on_chosen_change=lambda: None).chosen
    if chosen is not None:
        sheet.recall(chosen)
        st.rerun()


def _open_saved(slugs: Collection[str]) -> None:
    """Draw the place to which a file that the studio saved is dropped, to have its controls back."""
    turn = st.session_state.setdefault("opened", 0)
    with st.container(key="saved"):
        largest = MAXIMUM_BYTES // 1_000_000
        file = st.file_uploader("Open a saved picture or film", key=f"saved-{turn}", max_upload_size=largest)
        if file is None:
            return
        try:
            query = _query(file.getvalue(), slugs)
        except InputError as error:
            return alerts([str(error)])
    st.session_state["opened"] = turn + 1
    st.session_state["asked"] = query["panel"], query
    st.rerun()


def _query(content: bytes, slugs: Collection[str]) -> dict[str, str]:
    """Return the query that makes again what a file shows.

    Raises:
        InputError: it is none that the studio saved, or none of these panels'.
    """
    read = read_clip_parameters if content[4:8] == b"ftyp" else read_parameters  # It is an MP4 or a picture.
    query = permalink.saved(read(content))
    if query["panel"] not in slugs:
        raise InputError(f"There is no panel {query['panel'][:40]!r} here; choose a file of one that there is.")
    return query
