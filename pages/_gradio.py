"""The studio's main face: every panel drawn with Gradio from its declaration alone."""

import asyncio
import dataclasses
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import fastapi
import gradio as gr
from gradio.blocks import Block
from starlette.middleware import Middleware

from engines.runtime.errors import InputError
from engines.runtime.images import MAXIMUM_BYTES
from engines.runtime.jobs import JOBS
from engines.runtime.scheduler import State, Task
from pages import _api, _checkpoints, _live, _moves, _permalink, _pictures, _typeset, _visitors
from pages._drawing import Drawing, received
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
    Experiment,
    Footage,
    Globes,
    Hypergraph,
    ImageClass,
    Job,
    LabelClip,
    MeshFile,
    MoleculeFile,
    Movie,
    Number,
    Panel,
    Photo,
    Picture,
    Regions,
    Rotation,
    Seed,
    Sketch,
    Stream,
    Strip,
    SubjectFile,
    Switch,
    Upload,
    View,
    Word,
)
from pages._results import go_on, parameters, pictures, rendered, resume, sentence, start, used

WEB = Path(__file__).parents[1] / "assets" / "web"
SCRIPT = '<script src="web/studio.js"></script>'
POLL_SECONDS = 0.05
SIDE_BY_SIDE = 3
"""So many options of a choice are shown at once; more fold into a list."""
CACHE_SECONDS = 3600
MOST_SENTENCES = 3
"""So many of a link's mistakes are named; a hostile one has any number."""
FORGOTTEN = "The pictures of this result are no longer held here; the controls are as they were, so run it again."
QUEUE_LIMIT = 400
"""Events that Gradio follows at once, and as many that wait: ten for each of forty visitors. They only wait for the
scheduler, but Gradio would hold up all others while forty do."""

Update = dict[Block, Any]
"""New values, by component; never other properties, for Gradio's browser side keeps only values in their order."""


def _number(control: Number, value: Any) -> Block:
    label = f"{control.label} ({control.unit})" if control.unit else control.label
    return gr.Slider(
        control.low, control.high, value, step=control.step, label=label, info=control.help or None, buttons=[]
    )


def _seed(control: Seed, value: Any) -> Block:
    limit = SEED_LIMIT - 1
    return _drawn(
        value, "studio.seed(element, props, watch, trigger)", label=control.label, help=control.help, limit=limit
    )


def _choice(control: Choice, value: Any) -> Block:
    options = [(words, option) for option, words in control.options.items()]
    kind = gr.Radio if len(options) <= SIDE_BY_SIDE else gr.Dropdown
    return kind(options, value=value, label=control.label, info=control.help or None)


def _checkpoint(control: CheckpointChoice, value: Any) -> Block:
    options = [
        {"name": name, "badge": badge, "facts": _checkpoints.facts(name)} for name, badge in control.options.items()
    ]
    return _drawn(
        value,
        "studio.checkpoint(element, props, watch, trigger)",
        label=control.label,
        help=control.help,
        options=options,
    )


def _image_class(control: ImageClass, value: Any) -> Block:
    return _drawn(
        value,
        "studio.imageClass(element, props, watch, trigger)",
        label=control.label,
        help=control.help,
        # As one text: Gradio copies every property part by part, at every event.
        sets=json.dumps(list(dict.fromkeys(tuple(names) for names in control.names.values()))),
    )


def _word(control: Word, value: Any) -> Block:
    return gr.Textbox(value, label=control.label, info=control.help or None, max_length=control.longest)


def _switch(control: Switch, value: Any) -> Block:
    return gr.Checkbox(value, label=control.label, info=control.help or None)


def _upload(control: Upload, value: Any) -> Block:
    preview = type(control).preview
    examples = control.examples.items()
    return _drawn(
        value,
        "studio.upload(element, props, watch, trigger)",
        label=control.label,
        help=control.help,
        optional=control.optional,
        paintable=isinstance(control, Regions),
        drawable=isinstance(control, Sketch),
        noun=control.noun,
        route=control.route,
        accept=control.accept,
        largest=control.largest,
        seconds=control.seconds if isinstance(control, Footage) else None,
        examples=[{"name": name, "src": _pictures.example(read, preview=preview)} for name, read in examples],
    )


def _rotation(control: Rotation, value: Any) -> Block:
    bounds = [[name, *span] for name, span in control.bounds.items()]
    return _drawn(
        value,
        "studio.rotation(element, props, watch, trigger)",
        label=control.label,
        help=control.help,
        bounds=bounds,
    )


def _click(control: Click, value: Any, sheet: str) -> Block:
    place = json.dumps(f"{sheet}-{control.on}")
    return _drawn(value, f"studio.click(element, props, watch, trigger, {place})", elem_classes="studio-unseen")


CONTROLS: dict[type[Control], Callable[[Any, Any], Block]] = {
    Number: _number,
    Seed: _seed,
    Choice: _choice,
    CheckpointChoice: _checkpoint,
    ImageClass: _image_class,
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
}
"""How each kind of control is drawn, from the control and its value; a Camera is drawn by its Stream, and a Click is a
place on an output."""


QUIET = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
"""What all our events share: no veil over the page, no endpoint of their own, and no limit, for they only wait."""


def build(panels: Sequence[Panel]) -> gr.Blocks:
    """The whole studio: the front page, every panel, and the endpoints."""
    sheets: list[Sheet] = []
    with gr.Blocks(
        title="Ten Papers Studio",
        analytics_enabled=False,
        fill_width=True,
        delete_cache=(CACHE_SECONDS, CACHE_SECONDS),
    ) as studio:
        _html(_typeset.masthead())
        arrivals = _drawn(None, "studio.arrivals(element, props, watch, trigger)", elem_classes="studio-arrivals")
        with gr.Tabs(elem_classes="studio-panels") as tabs:
            with gr.Tab("The survey", id="survey"):
                survey = _chooser(_typeset.survey([(panel, _survey_picture(panel)) for panel in panels]))
            for panel in panels:
                with gr.Tab(f"{panel.paper.number}\u2002{panel.title}", id=panel.slug):
                    sheets += _draw_panel(panel)
        survey.select(_open, outputs=tabs, **QUIET)
        places: list[Block] = [arrivals, tabs, *(part for sheet in sheets for part in sheet.place_parts)]
        arrivals.submit(_follower(sheets, arrivals, tabs), outputs=places, **QUIET)
        for sheet in sheets:
            sheet.connect()
        _api.add_endpoints(panels)
    studio.queue(max_size=QUEUE_LIMIT, default_concurrency_limit=None)
    return studio


def serve(panels: Sequence[Panel], port: int | None = None, web: Path = WEB) -> gr.Blocks:
    """Serve the studio from a thread of its own, where GRADIO_SERVER_NAME and GRADIO_SERVER_PORT say, and return it;
    `web` is the folder of what browsers load. Jobs that an earlier server left unfinished go on."""
    faces = fastapi.FastAPI(openapi_url=None)
    _pictures.add_routes(faces)
    _checkpoints.add_routes(faces)
    _live.add_routes(faces, panels, web)
    _moves.add_routes(faces, panels)
    studio = build(panels)
    resume(panels)
    studio.launch(
        server_port=port,
        max_threads=QUEUE_LIMIT,
        prevent_thread_lock=True,
        theme=_theme(),
        # As `css`, Gradio would rewrite its selectors.
        head=f"<style>{(web / 'studio.css').read_text()}</style>"
        '<script src="web/stream.js"></script><script type="module" src="web/live.js"></script>'
        '<link rel="stylesheet" href="web/painter.css"><link rel="stylesheet" href="web/attention.css">'
        '<link rel="stylesheet" href="web/globe.css"><link rel="stylesheet" href="web/hypergraph.css">',
        favicon_path=web / "favicon.svg",
        footer_links=["api"],
        max_file_size=MAXIMUM_BYTES,
        app_kwargs={"routes": faces.routes, "middleware": [Middleware(_visitors.Cookies)]},
        mcp_server=True,
        enable_monitoring=False,
        run_history=False,
        ssr_mode=False,
        quiet=True,
    )
    return studio


def _theme() -> gr.Theme:
    """Gradio's barest theme, in the system's own type; all colour is in studio.css."""
    return gr.themes.Base(
        font=("system-ui", "-apple-system", "Segoe UI", "Helvetica", "Arial", "sans-serif"),
        font_mono=("ui-monospace", "Menlo", "Consolas", "monospace"),
        radius_size=gr.themes.sizes.radius_none,
    )


def _open(event: gr.EventData) -> gr.Tabs:
    return gr.Tabs(selected=event.choice)


def _known(parts: Sequence[tuple[Block, ImageClass]], checkpoint: str, *values: str) -> Update:
    return {part: control.among(value, checkpoint) for (part, control), value in zip(parts, values, strict=True)}


def _follower(sheets: Sequence["Sheet"], arrivals: Block, tabs: Block) -> Callable[[gr.EventData], Update]:
    """What opens the experiment that a link, or a picture the studio saved, asks for."""

    def follow(event: gr.EventData) -> Update:
        query = event.query
        there = [sheet for sheet in sheets if sheet.panel.slug == query.get("panel")]
        if not there:
            return {arrivals: {"sentence": f"There is no panel {str(query.get('panel'))[:40]!r}; choose one below."}}
        asked = next((sheet for sheet in there if sheet.experiment.name == query.get("experiment")), there[0])
        return {arrivals: {"sentence": ""}, tabs: gr.Tabs(selected=asked.panel.slug), **asked.ask(query)}

    return follow


def _survey_picture(panel: Panel) -> str | None:
    """The address of the newest picture of the first output that the panel opens with."""
    for experiment in panel.experiments:
        opening = None if isinstance(experiment, Stream) else rendered(panel, experiment)
        paths = [(name, path) for name, _, path in pictures(experiment, opening[0] if opening else {})]
        if paths:
            return _pictures.example([path for name, path in paths if name == paths[0][0]][-1].read_bytes)
    return None


def _draw_panel(panel: Panel) -> list["Sheet"]:
    if len(panel.experiments) == 1:
        return [Sheet(panel, panel.experiments[0])]
    sheets = []
    with gr.Tabs(elem_classes="studio-experiments") as tabs:
        for experiment in panel.experiments:
            with gr.Tab(experiment.title, id=experiment.name):
                sheets.append(Sheet(panel, experiment, tabs))
    return sheets


def _html(value: str, **properties: Any) -> gr.HTML:
    return gr.HTML(value, js_on_load=None, apply_default_css=False, **properties)


def _drawn(value: Any, script: str, **properties: Any) -> gr.HTML:
    """A component that studio.js draws: its template never changes, so Gradio never touches what stands in it."""
    return gr.HTML(value, html_template="", js_on_load=script, head=SCRIPT, apply_default_css=False, **properties)


def _chooser(value: str) -> gr.HTML:
    return gr.HTML(value, js_on_load="studio.choices(element, trigger)", head=SCRIPT, apply_default_css=False)


class Sheet:
    """One experiment on its page: its components, and what happens when they are used."""

    def __init__(self, panel: Panel, experiment: Experiment, tabs: gr.Tabs | None = None) -> None:
        self.panel = panel
        self.experiment = experiment
        self._tabs = tabs
        self._id = f"{panel.slug}-{experiment.name}"
        self._in_browser = isinstance(experiment, Stream | View)
        self._has_button = not (experiment.live or self._in_browser)
        self._opening = rendered(panel, experiment)
        self._tasks: dict[str, Task] = {}
        self._controls: dict[str, Block] = {}
        self._outputs: dict[str, gr.HTML] = {}
        self._draw()

    def _draw(self) -> None:
        document = self._opening[1] if self._opening else {}
        seconds = None if self._in_browser else document.get("seconds")
        made = _typeset.badge(self.experiment, self.experiment.opening(), document.get("device", ""), seconds)
        with gr.Row(elem_classes="studio-top"):
            _html(_typeset.heading(self.panel))
            self._badge = _html(made)
        self._presets = _chooser(_typeset.presets(self.experiment) if len(self.experiment.presets) > 1 else "")
        with gr.Row(elem_classes="studio-sheet"):
            with gr.Column(elem_classes="studio-result"):
                drawing = self._draw_result()
                self._history = self._draw_history(drawing)
                if self.experiment.notes:
                    _html(_typeset.notes(self.experiment))
                if self.panel.figures:
                    _html(_typeset.figures(self.panel.figures))
            with gr.Column(elem_classes="studio-controls"):
                self._draw_controls()
                self._draw_run()
        computes = not (self._opening or self._in_browser or isinstance(self.experiment, Job))
        script = f"studio.asked(props, watch, trigger, {json.dumps(computes)})"
        self._asked = _drawn(None, script, elem_classes="studio-unseen")

    def _draw_result(self) -> "Drawing":
        if isinstance(self.experiment, Stream | View):
            if isinstance(self.experiment, Stream):
                markup = _live.stream_html(self.panel, self.experiment, self._posters())
            else:
                markup = _live.view_html(self.panel, self.experiment)
            self._live = gr.HTML(
                markup,
                js_on_load="studio.live(element, trigger)",
                head=SCRIPT,
                apply_default_css=False,
                elem_id=self._id,
            )
        drawing = Drawing(self.panel, self.experiment, _pictures.keep, self._parameters(self.experiment.opening()))
        values = drawing.changes(self._opening[0] if self._opening else {})
        for name, output in self.experiment.outputs.items():
            if not (isinstance(self.experiment, Stream) and isinstance(output, Picture | Strip | Comparison)):
                value = values.get(name) or drawing.empty(name)
                place = json.dumps(f"{self._id}-{name}")
                self._outputs[name] = _drawn(value, f"studio.output(element, props, watch, trigger, {place})")
        return drawing

    def _posters(self) -> dict[str, str]:
        """The address of the opening's first picture of each output."""
        shown = pictures(self.experiment, self._opening[0] if self._opening else {})
        return {name: _pictures.keep(path, {})["src"] for name, _, path in reversed(list(shown))}

    def _draw_history(self, drawing: "Drawing") -> gr.HTML:
        """What lasts for a visit, drawn with the sheet; `links` where no output has the buttons by its Download."""
        details = {
            "place": {"panel": self.panel.slug, "experiment": self.experiment.name},
            "live": self.experiment.live,
            "links": self._in_browser
            or not any(
                isinstance(output, Picture | Comparison | Attention | Globes | Hypergraph | Movie)
                for output in self.experiment.outputs.values()
            ),
        }
        is_made = self._opening and not self._in_browser
        opening = self._made(self.experiment.opening(), drawing, self._badge.value) if is_made else None
        return _drawn(opening, f"studio.history(element, props, watch, trigger, {json.dumps(details)})")

    def _draw_controls(self) -> None:
        shown = {name: control for name, control in self.experiment.controls.items() if not isinstance(control, Camera)}
        self._draw_groups({name: control for name, control in shown.items() if not control.advanced})
        advanced = {name: control for name, control in shown.items() if control.advanced}
        if advanced:
            with gr.Accordion("More", open=False, elem_classes="studio-more"):
                self._draw_groups(advanced)

    def _draw_groups(self, controls: Mapping[str, Control]) -> None:
        values = self.experiment.opening()
        for group in dict.fromkeys(control.group for control in controls.values()):
            if group:
                _html(_typeset.group(group))
            for name, control in controls.items():
                if control.group == group:
                    if isinstance(control, Click):
                        self._controls[name] = _click(control, values[name], self._id)
                    else:
                        self._controls[name] = CONTROLS[type(control)](control, values[name])

    def _draw_run(self) -> None:
        with gr.Column(elem_classes="studio-running"):
            self._alert = gr.HTML(
                "",
                html_template='<div role="alert" class="studio-alert">${value}</div>',
                js_on_load=None,
                apply_default_css=False,
            )
            self._status = gr.HTML(
                "",
                js_on_load="studio.status(element)",
                head=SCRIPT,
                apply_default_css=False,
                elem_classes="studio-status",
            )
            is_job = isinstance(self.experiment, Job)
            if is_job:
                self._continue = gr.Button("Continue", elem_classes="studio-continue")
            self._run = gr.Button(self.experiment.action, visible=self._has_button, elem_classes="studio-run")
            words = "Pause" if is_job else "Cancel"
            self._cancel = gr.Button(words, visible=self._has_button, elem_classes="studio-cancel")
            if is_job:
                self._delete = gr.Button("Delete what is kept of it", elem_classes="studio-delete")

    def connect(self) -> None:
        """Say what each component does; called when all are drawn, and outside the tabs, for what is inside a tab
        comes to life only when it is opened, and a job must be found at once."""
        place = json.dumps([self.panel.slug, self.experiment.name])
        address = _drawn(None, f"studio.address(props, watch, {place})", elem_classes="studio-unseen")
        self._job: gr.HTML | None = None
        if isinstance(self.experiment, Job):
            script = f"studio.job(element, props, watch, trigger, {json.dumps(self._id)})"
            self._job = _drawn(None, script, elem_classes="studio-unseen")
        controls = list(self._controls.values())
        changed: list[Block] = [self._badge, self._alert, self._status, self._history, *self._outputs.values()]
        if self._job is not None:
            changed.append(self._job)
        running: dict[str, Any] = {"inputs": controls, "outputs": changed, **QUIET}
        chosen = self._presets.select(self.choose, outputs=controls, **QUIET)
        followed = self._asked.submit(self.follow, outputs=[*controls, self._alert], **QUIET)
        written: dict[str, Any] = {"inputs": controls, "outputs": address, "trigger_mode": "always_last", **QUIET}
        is_moving = self.experiment.live and not self._in_browser
        if not is_moving:
            gr.on([control.change for control in controls], self.write, **written)
        for group in self.experiment.painted_together().values():
            self._connect_painter(group)
        if self._in_browser:
            self._connect_browser(controls, running)
            return
        recalled = self._history.select(self.recall, outputs=[*controls, *changed], **QUIET)
        if not isinstance(self.experiment, Job):
            chosen.then(self.run, **running)
            followed.then(self.begin, **{**running, "inputs": [self._asked, *controls]})
        clicks = [self._controls[name] for name, one in self.experiment.controls.items() if isinstance(one, Click)]
        choices = self._connect_classes()
        if is_moving:
            moved = [control.input for control in controls if control not in choices]
            script = f"studio.move({json.dumps(self._id)}, {json.dumps(list(self._controls))}, values)"
            gr.on(moved, None, inputs=controls, js=f"(...values) => {{ {script}; return []; }}")
            route = f"moves/{self.panel.slug}/{self.experiment.name}"
            script = f"studio.rested({json.dumps(self._id)}, {json.dumps(route)}, trigger)"
            rested = _drawn(None, script, elem_classes="studio-unseen")
            settled = [rested.submit, *(each.submit for each in clicks), *(each.then for each in choices.values())]
            for event in settled:
                event(self.run, trigger_mode="always_last", **running)
            for event in (*settled, chosen.then, followed.then, recalled.then):
                event(self.write, **written)
        else:
            # A run that has shown its end may not have ended for Gradio, which would pass over a click meanwhile.
            for event in (self._run.click, *(each.submit for each in clicks)):
                event(self.run, trigger_mode="multiple", **running)
            self._cancel.click(self.cancel, inputs=self._job, queue=False, **QUIET)
        if self._job is not None:
            found = self._job.submit(self.restore, inputs=self._job, outputs=controls, **QUIET)
            found.then(self.attach, inputs=self._job, outputs=changed, **QUIET)
            going_on = self._continue.click(self.restore, inputs=self._job, outputs=controls, **QUIET)
            going_on.then(self.go_on, inputs=self._job, outputs=changed, **QUIET)
            self._delete.click(self.delete, inputs=[self._job, *controls], outputs=changed, **QUIET)

    def _connect_classes(self) -> dict[Block, Any]:
        """Keep to the classes that a checkpoint knows when another is chosen; what comes of it, by its control."""
        classes: dict[str, dict[str, ImageClass]] = {}
        for name, control in self.experiment.controls.items():
            if isinstance(control, ImageClass):
                classes.setdefault(control.of, {})[name] = control
        fitted = {}
        for of, controls in classes.items():
            checkpoint = self._controls[of]
            parts = [self._controls[name] for name in controls]
            fit = partial(_known, list(zip(parts, controls.values(), strict=True)))
            fitted[checkpoint] = checkpoint.input(fit, inputs=[checkpoint, *parts], outputs=parts, **QUIET)
        return fitted

    def _connect_painter(self, group: Mapping[str, Regions]) -> None:
        """Open one painter for the whole group, from each of its buttons; and drop a mask of another shape than the
        photograph that is chosen under it."""
        matching = next(iter(group.values())).matching
        pictures = [
            {
                "label": self.experiment.controls[control.of].label,
                "photographs": _sources(self.experiment.controls[control.of]),
                "masks": _sources(control),
            }
            for control in group.values()
        ]
        palette = next(iter(group.values())).palette
        settings = {"matching": matching and dataclasses.asdict(matching), "palette": palette, "pictures": pictures}
        masks = [self._controls[name] for name in group]
        below = [self._controls[control.of] for control in group.values()]
        sizes = [self._controls[matching.longest]] if matching else []
        script = f"(...values) => studio.paint({json.dumps(settings)}, values)"
        for mask in masks:
            mask.select(None, inputs=[*below, *masks, *sizes], outputs=masks, js=script, **QUIET)
        for photograph, mask, picture in zip(below, masks, pictures, strict=True):
            script = f"(...values) => studio.fitting({json.dumps(picture)}, ...values)"
            photograph.change(None, inputs=[photograph, mask], outputs=[mask, self._alert], js=script, **QUIET)

    def _connect_browser(self, controls: list[Block], running: Mapping[str, Any]) -> None:
        if isinstance(self.experiment, View):
            self._live.submit(self.answer, **running)
        elif self._outputs:
            outputs = list(self._outputs.values())
            self._live.change(self.measure, outputs=outputs, trigger_mode="always_last", **QUIET)
        arguments = f"{json.dumps(self._id)}, {json.dumps(list(self._controls))}"
        script = f"(...values) => {{ studio.controls({arguments}, values); return []; }}"
        changes = [control.change for control in controls]
        gr.on(changes, None, inputs=controls, js=script)
        if isinstance(self.experiment, Stream):
            gr.on(changes, self.tell, inputs=controls, outputs=self._badge, **QUIET)

    def tell(self, *values: Any) -> str:
        """Which checkpoint makes what is live."""
        from engines.runtime.device import describe

        return _typeset.badge(self.experiment, dict(zip(self._controls, values, strict=True)), describe(), None)

    def choose(self, event: gr.EventData) -> Update:
        """Put a preset's values into the controls."""
        return self._set(self.experiment.opening(event.choice))

    @property
    def place_parts(self) -> list[Block]:
        """What `ask` sets."""
        return [self._asked, *([self._tabs] if self._tabs else [])]

    def ask(self, query: Mapping[str, str]) -> Update:
        """Open this sheet's tab and let it follow the query, once it is drawn."""
        tab = {self._tabs: gr.Tabs(selected=self.experiment.name)} if self._tabs else {}
        return {**tab, self._asked: {"query": query, "turn": secrets.token_hex(4)}}

    def follow(self, event: gr.EventData) -> Update:
        """Put the values that a link asks for into the controls."""
        values, sentences = self._read(event.query)
        words = "".join(_typeset.sentence(each) for each in sentences[:MOST_SENTENCES])
        return {self._alert: words, **self._set(values)}

    async def begin(self, request: gr.Request, asked: dict[str, Any] | None, *values: Any) -> AsyncIterator[Update]:
        """Show what the values that a link asks for come to: rendered beforehand, or computed now."""
        wanted, sentences = self._read(asked["query"] if asked else {})
        if self._opening and wanted == self.experiment.opening():
            self._leave(request)
            yield {self._status: "", **self._shown(self._history.value)}
        elif sentences:
            yield {self._status: ""}  # Had nothing been yielded, Gradio would empty all, the sentences too.
        else:
            async for update in self.run(request, *values):
                yield update

    def write(self, *values: Any) -> dict[str, str]:
        """The query that asks for the controls as they stand."""
        return _permalink.write(self.panel, self.experiment, dict(zip(self._controls, values, strict=True)))

    def recall(self, event: gr.EventData, request: gr.Request) -> Update:
        """Show an earlier result of this visit, which its browser has kept, and the values that made it."""
        self._leave(request)
        controls = self._set(event.made["values"])
        if not event.held:
            return {**controls, self._alert: _typeset.sentence(FORGOTTEN)}
        return {**controls, self._alert: "", self._status: "", **self._shown(event.made)}

    def _read(self, query: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
        try:
            self.panel.experiment(query.get("experiment", self.experiment.name))
        except InputError as error:
            return self.experiment.opening(), [str(error)]
        # A file that another experiment made is handed over by the name under which it was sent here.
        sent = {
            name: text
            for name, text in query.items()
            if isinstance(self.experiment.controls.get(name), Upload) and _pictures.UPLOADS.get(text) is not None
        }
        rest = {name: text for name, text in query.items() if name not in sent}
        values, sentences = _permalink.read(self.experiment, rest)
        return {**values, **sent}, sentences

    def _set(self, values: Mapping[str, Any]) -> Update:
        return {component: values[name] for name, component in self._controls.items()}

    def _made(self, values: Mapping[str, Any], drawing: "Drawing", badge: str) -> dict[str, Any]:
        """A result as the history keeps it."""
        controls = self.experiment.controls
        written = {
            name: f"{controls[name].label}: {_typeset.value(controls[name], values[name])}" for name in self._controls
        }
        outputs = {name: drawing.drawn.get(name) or drawing.empty(name) for name in self.experiment.outputs}
        return {"values": values, "written": written, "outputs": outputs, "badge": badge}

    def _shown(self, made: Mapping[str, Any]) -> Update:
        outputs = {part: made["outputs"].get(name) for name, part in self._outputs.items()}
        return {self._badge: made["badge"], **outputs}

    def _leave(self, request: gr.Request) -> None:
        """Follow this visitor's run no longer, which ends it."""
        self._tasks.pop(_visitor(request), None)

    def measure(self, event: gr.EventData) -> Update:
        """Show what a Stream made besides pictures; it comes through the visitor's own browser."""
        drawing = Drawing(self.panel, self.experiment, _pictures.hold, self._parameters(self.experiment.opening()))
        drawn = drawing.changes({name: value for name, value in event.outputs.items() if name in self._outputs})
        return {self._outputs[name]: value for name, value in drawn.items()}

    async def run(self, request: gr.Request, *values: Any) -> AsyncIterator[Update]:
        """Compute with the controls as they stand."""
        async for update in _whole(self._computed(request, values)):
            yield update

    async def answer(self, event: gr.EventData, request: gr.Request, *values: Any) -> AsyncIterator[Update]:
        """Compute with what a View's page measured."""
        async for update in _whole(self._computed(request, values, event.answer)):
            yield update

    def restore(self, job: dict[str, Any]) -> Update:
        """Put the values of this browser's job, started before its page was reloaded, back into the controls."""
        return self._set(job["values"])

    async def attach(self, request: gr.Request, job: dict[str, Any]) -> AsyncIterator[Update]:
        """Follow the job that this browser started before its page was reloaded."""
        try:
            task = await asyncio.to_thread(JOBS.find, job["id"], _identity(request))
        except InputError:
            yield {self._job: None}
            return
        async for update in _whole(self._reattached(request, task, job)):
            yield update

    async def go_on(self, request: gr.Request, job: dict[str, Any]) -> AsyncIterator[Update]:
        """Let this visitor's job go on, which was paused."""
        try:
            task = await asyncio.to_thread(go_on, [self.panel], job["id"], _identity(request))
        except InputError as error:
            yield {self._status: "", self._alert: _typeset.sentence(str(error))}
            return
        async for update in _whole(self._reattached(request, task, job)):
            yield update

    def cancel(self, request: gr.Request, job: dict[str, Any] | None = None) -> None:
        """Stop this visitor's run; what is finished stays."""
        task = JOBS.find(job["id"], _identity(request)) if job else self._tasks.get(_visitor(request))
        if task is not None:
            task.cancel()

    def delete(self, request: gr.Request, job: dict[str, Any] | None, *values: Any) -> Update:
        """Stop this visitor's job, if it goes on, and remove all that is kept of it, with the files that were sent."""
        for control, value in zip(self._controls, values, strict=True):
            if isinstance(self.experiment.controls[control], Upload) and value:
                _pictures.UPLOADS.drop(value)
        if job is None:
            return {self._status: _typeset.sentence("Nothing is kept here.")}
        self._leave(request)
        empty = {part: None for part in self._outputs.values()}
        try:
            JOBS.delete(job["id"], _identity(request))
        except InputError as error:
            return {self._job: None, self._status: "", self._alert: _typeset.sentence(str(error)), **empty}
        return {self._job: None, self._alert: "", self._status: _typeset.sentence("Deleted."), **empty}

    async def _computed(self, request: gr.Request, values: Sequence[Any], *answer: str) -> AsyncIterator[Update]:
        chosen = dict(zip(self._controls, values, strict=True))
        yield self._beginning()
        try:
            given = received(self.experiment, chosen)
            extra = [_live.read_answer(text) for text in answer]
            computing = partial(start, visitor=_identity(request), panel=self.panel.slug)
            task = await _pictures.aside(computing, self.experiment, given, *extra)
        except Exception as error:
            yield {self._status: "", self._alert: _typeset.sentence(sentence(error))}
            return
        made = self._parameters(given)
        try:
            if self._job is not None:
                yield {self._job: {"id": task.id, "values": chosen, "parameters": made, "query": self.write(*values)}}
            async for update in self._followed(request, task, chosen, made):
                yield update
        finally:
            if self._job is None:
                task.cancel()

    async def _reattached(self, request: gr.Request, task: Task, job: Mapping[str, Any]) -> AsyncIterator[Update]:
        yield self._beginning()
        async for update in self._followed(request, task, job["values"], job["parameters"]):
            yield update

    async def _followed(
        self, request: gr.Request, task: Task, chosen: Mapping[str, Any], made: Mapping[str, Any]
    ) -> AsyncIterator[Update]:
        """Show what the task has made until it ends, or until this visitor starts another here."""
        visitor = _visitor(request)
        before = self._tasks.get(visitor)
        if before is not None:
            before.cancel()
        self._tasks[visitor] = task
        try:
            drawing = Drawing(self.panel, self.experiment, _pictures.hold, made)
            async for update in self._watched(task, drawing):
                if self._tasks.get(visitor) is not task:
                    return
                yield update
            if task.error is None:
                device = await asyncio.to_thread(_device)
                badge = _typeset.badge(self.experiment, used(task, chosen), device, task.seconds)
                kept = {self._history: self._made(chosen, drawing, badge)} if task.state is State.DONE else {}
                yield {self._badge: badge, **kept}
        finally:
            if self._tasks.get(visitor) is task:
                del self._tasks[visitor]

    async def _watched(self, task: Task, drawing: "Drawing") -> AsyncIterator[Update]:
        began = time.monotonic()
        last = ""
        substitution = None
        while True:
            ended = task.ended
            update: Update = {}
            if substitution is None and task.substitution is not None:
                substitution = task.substitution
                drawing.parameters = {**drawing.parameters, "controls": used(task, drawing.parameters["controls"])}
                update[self._alert] = _typeset.sentence(substitution.sentence)
            update |= {self._outputs[name]: value for name, value in drawing.changes(task.result).items()}
            if ended:
                yield {**update, **self._outcome(task, drawing)}
                return
            line = self._line(task, int(time.monotonic() - began))
            if line != last:
                last = update[self._status] = line
            if update:
                yield update
            await asyncio.sleep(POLL_SECONDS)

    def _parameters(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What a picture carries."""
        return parameters(self.panel, self.experiment, values)

    def _beginning(self) -> Update:
        status = _typeset.progress(None, "Starting", 0) if self._has_button else ""
        return {self._alert: "", self._status: status}

    def _outcome(self, task: Task, drawing: "Drawing") -> Update:
        if task.error is not None:
            return {self._status: "", self._alert: _typeset.sentence(sentence(task.error))}
        if task.state is State.CANCELLED:
            is_job = isinstance(self.experiment, Job)
            words = _typeset.paused() if is_job else _typeset.sentence("Cancelled; what was finished stays.")
            return {self._status: words}
        missing = {name: part for name, part in self._outputs.items() if name not in task.result}
        return {self._status: "", **{part: drawing.empty(name) for name, part in missing.items()}}

    def _line(self, task: Task, seconds: int) -> str:
        if not self._has_button and seconds == 0:
            return ""
        if task.state is State.WAITING:
            place = task.place
            words = f"{place} {'run' if place == 1 else 'runs'} before yours" if place else "Starting"
            return _typeset.progress(None, words, seconds)
        return _typeset.progress(task.progress.fraction, task.progress.words or "Computing", seconds)


async def _whole(updates: AsyncIterator[Update]) -> AsyncIterator[Update]:
    """Each update over all before it: Gradio's browser side may pass over one that the next follows closely."""
    whole: Update = {}
    async for update in updates:
        whole = {**whole, **update}
        yield whole


def _sources(control: Control) -> dict[str, str]:
    """Where a browser finds the examples of a photograph or a mask, as large as they are painted on."""
    assert isinstance(control, Photo | LabelClip), "regions are those of a photograph, or of a clip's first labels"
    preview = type(control).preview
    return {name: _pictures.example(read, PAINTED_SIDE, preview) for name, read in control.examples.items()}


def _visitor(request: gr.Request) -> str:
    """The page in which a visitor has the studio open."""
    return request.session_hash or ""


def _identity(request: gr.Request) -> str:
    """The visitor, whichever page of theirs asks."""
    assert request.request is not None, "events come by HTTP"
    return _visitors.visitor(request.request.cookies, _visitor(request))


def _device() -> str:
    from engines.runtime.device import describe

    return describe()
