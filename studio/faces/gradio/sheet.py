"""Draws one experiment on Gradio's page."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Any

import gradio as gr
from gradio.blocks import Block

from engines.runtime.errors import InputError, StudioError
from engines.runtime.jobs import JOBS, UNDO_SECONDS
from engines.runtime.scheduler import Task
from studio.declared import Experiment, LongExperiment, Panel, Stream, View
from studio.drawn.tables import failure, paragraph
from studio.faces import typeset
from studio.faces.gradio.classes import connect_classes
from studio.faces.gradio.consent import connect_consent
from studio.faces.gradio.controls import WIDGETS
from studio.faces.gradio.outputs import draw_output
from studio.faces.gradio.painter import connect_painter
from studio.faces.gradio.parts import QUIET, chooser, drawn, html
from studio.kinds import Click, Control, Upload
from studio.runs import permalink, visitors, words
from studio.runs.store import parameters, pictures, rendered
from studio.wire import files, live, socket
from studio.wire.beside import beside, offer
from studio.wire.payloads import Payloads
from studio.wire.visit import VISITS, Told, Visit, merged

PAGE_HEADER = "studio-page"
"""How a page names itself in what it asks of Gradio, so that it is answered by its socket."""
MOST_INLINE = 1500
"""The number of letters of an output that a page may hold; more is fetched once the output comes into sight."""
MOST_SENTENCES = 3
"""The number of a link's mistakes that are named; a hostile one has any number."""
FORGOTTEN = "The pictures of this result are no longer held here; the controls are as they were, so run it again."

Update = dict[Block, Any]
"""New values, by component; never other properties, because Gradio's browser side keeps only values in their order."""


class Sheet:
    """Is one experiment on its page: its components, and what happens when they are used."""

    def __init__(self, panel: Panel, experiment: Experiment) -> None:
        self.panel = panel
        self.experiment = experiment
        self._id = f"{panel.slug}-{experiment.name}"
        self._in_browser = isinstance(experiment, Stream | View)
        self._has_button = not (experiment.live or self._in_browser)
        self._opening = rendered(panel, experiment)
        self._controls: dict[str, Block] = {}
        self._outputs: dict[str, gr.HTML] = {}
        self._draw()

    def _draw(self) -> None:
        document = self._opening[1] if self._opening else {}
        seconds = None if self._in_browser else document.get("seconds")
        made = words.badge(self.experiment, self.experiment.opening(), document.get("device", ""), seconds)
        with gr.Row(elem_classes="studio-top"):
            html(typeset.heading(self.panel))
            self._badge = self._told("badge", made)
            self._offer = self._draw_offer()
        self._presets = chooser(
            typeset.presets(self.experiment) if len(self.experiment.presets) > 1 else "",
            "studio.presets(element, trigger, "
            f"{', '.join(json.dumps(each) for each in (self._id, self.experiment.name, _held(self.experiment)))})",
        )
        with gr.Row(elem_classes="studio-sheet"):
            with gr.Column(elem_classes="studio-result"):
                self._alert = self._told("alert")
                drawing = self._draw_result()
                self._history = self._draw_history(drawing)
                if self.experiment.notes:
                    html(typeset.notes(self.experiment))
                if self.experiment.figures:
                    html(typeset.figures(self.experiment.figures))
                html(typeset.paper(self.panel))
            with gr.Column(elem_classes="studio-controls"):
                self._draw_controls()
                self._draw_run()
        computes = not (self._opening or self._in_browser or isinstance(self.experiment, LongExperiment))
        script = f"studio.asked(props, watch, trigger, {json.dumps(self.experiment.name)}, {json.dumps(computes)})"
        self._asked = drawn(None, script, elem_classes="studio-unseen")

    def _draw_result(self) -> Payloads:
        if isinstance(self.experiment, Stream | View):
            if isinstance(self.experiment, Stream):
                markup = live.stream_html(self.panel, self.experiment, self._posters())
            else:
                markup = live.view_html(self.panel, self.experiment)
            self._live = gr.HTML(
                markup,
                js_on_load="studio.live(element, trigger)",
                apply_default_css=False,
                elem_id=self._id,
            )
        opening = self._parameters(self.experiment.opening())
        drawing = Payloads(self.panel, self.experiment, files.KeptAddresses, opening)
        drawing.changes(self._opening[0] if self._opening else {})
        drawing.drawn = {name: _opening(value) for name, value in drawing.drawn.items()}
        values = drawing.drawn
        for name, output in self.experiment.outputs.items():
            if not (isinstance(self.experiment, Stream) and output.is_framed):
                value = values.get(name) or drawing.empty(name)
                self._outputs[name] = draw_output(self.experiment.name, name, value)
        return drawing

    def _draw_offer(self) -> gr.HTML | None:
        """Draw what offers the published model here, or else where the panel offers it."""
        if self.experiment.offered:
            details = json.dumps(offer(self.panel, self.experiment))
            return drawn(None, f"studio.offer(element, props, watch, trigger, {details})")
        if self.panel.offering:
            html(typeset.offered_in(self.panel, self.panel.offering))
        return None

    def _posters(self) -> dict[str, str]:
        """Return the address of the opening's first picture of each output."""
        shown = pictures(self.experiment, self._opening[0] if self._opening else {})
        return {name: files.KeptAddresses({}).picture(path)["src"] for name, _, path in reversed(list(shown))}

    def _draw_history(self, drawing: Payloads) -> gr.HTML:
        """Draw what lasts for a visit, with buttons for `links` if no output has them by its Download."""
        details = {
            "place": {"panel": self.panel.slug, "experiment": self.experiment.name},
            "live": self.experiment.live,
            "links": self._in_browser or not any(output.has_pictures for output in self.experiment.outputs.values()),
        }
        is_made = self._opening and not self._in_browser
        opening = None
        if is_made:
            visit = Visit(self.panel, self.experiment)
            opening = visit.made(self.experiment.opening(), drawing, self._badge.value["html"])
        return drawn(opening, f"studio.history(element, props, watch, trigger, {json.dumps(details)})")

    def _draw_controls(self) -> None:
        shown = {name: control for name, control in self.experiment.controls.items() if control.is_drawn}
        self._draw_groups({name: control for name, control in shown.items() if not control.advanced})
        advanced = {name: control for name, control in shown.items() if control.advanced}
        if advanced:
            with gr.Accordion("More", open=False, elem_classes="studio-more"):
                self._draw_groups(advanced)

    def _draw_groups(self, controls: Mapping[str, Control]) -> None:
        values = self.experiment.opening()
        for group in dict.fromkeys(control.group for control in controls.values()):
            if group:
                html(typeset.group(group))
            for name, control in controls.items():
                if control.group == group:
                    self._controls[name] = WIDGETS.of(type(control))(control, values[name], self.experiment.name)
                    self._controls[name].elem_id = f"{self._id}-{name}"

    def _draw_run(self) -> None:
        with gr.Column(elem_classes="studio-running"):
            is_job = isinstance(self.experiment, LongExperiment)
            if is_job:  # Over what comes and goes, so that it never comes under a pointer that rests on Pause.
                self._delete = gr.Button("Delete what is kept of it", elem_classes="studio-delete")
            self._status = self._told("status")
            if is_job:
                self._undo = gr.Button("Undo: keep it", elem_classes="studio-undo")
                self._continue = gr.Button("Continue", elem_classes="studio-continue")
            self._run = gr.Button(self.experiment.action, visible=self._has_button, elem_classes="studio-run")
            words = "Pause" if is_job else "Cancel"
            self._cancel = gr.Button(words, visible=self._has_button, elem_classes="studio-cancel")

    def _told(self, part: str, value: str = "") -> gr.HTML:
        """Draw a text that changes with each run; it is no plain text, so that the same one again is a change."""
        script = f"studio.told(element, props, watch, {json.dumps(self.experiment.name)}, {json.dumps(part)})"
        return drawn({"html": value}, script, elem_classes=f"studio-told-{part}")

    def connect(self) -> None:
        """Connect each component to what it does.

        It is called when all are drawn, and outside the tabs: what is inside a tab comes to life only when that is
        opened, and a job must be found at once.
        """
        name = json.dumps(self.experiment.name)
        self._query = drawn(None, f"studio.query(props, watch, {name})", elem_classes="studio-unseen")
        self._job: gr.HTML | None = None
        if isinstance(self.experiment, LongExperiment):
            script = f"studio.job(element, props, watch, trigger, {name})"
            self._job = drawn(None, script, elem_classes="studio-unseen")
        controls = list(self._controls.values())
        told: list[Block] = [
            self._badge,
            self._alert,
            self._status,
            self._query,
            self._history,
            *self._outputs.values(),
        ]
        if self._job is not None:
            told.append(self._job)
        running: dict[str, Any] = {"inputs": controls, "outputs": told, **QUIET}
        # By default Gradio ignores an event while an earlier one of its kind is under way.
        last: dict[str, Any] = {"trigger_mode": "always_last", **QUIET}
        chosen = self._presets.select(self.choose, inputs=controls, outputs=[*controls, *told], **last)
        followed = self._asked.submit(self.follow, outputs=[*controls, *told, self._asked], **last)
        is_moving = self.experiment.live and not self._in_browser
        arguments = f"{name}, {json.dumps(list(self._controls))}"
        script = f"(...values) => studio.{'stand' if is_moving else 'write'}({arguments}, values)"
        gr.on([control.change for control in controls], None, inputs=controls, js=script, **QUIET)
        if not is_moving:
            self._connect_written(controls)
        connect_consent(self.experiment, self._controls)
        for group in self.experiment.painted_together().values():
            connect_painter(self.experiment, group, self._controls, self._alert)
        if self._in_browser:
            self._connect_browser(controls, running)
            return
        if self._offer is not None:
            options = {"inputs": controls, "outputs": self._offer, "trigger_mode": "multiple"}
            comparing = self._offer.submit(self.compare, **options, **QUIET)
            self._offer.click(None, cancels=comparing, api_visibility="private")
        self._history.select(self.recall, outputs=[*controls, *told, self._asked], **last)
        each: dict[str, Any] = {"trigger_mode": "multiple", **running}
        if not isinstance(self.experiment, LongExperiment):
            chosen.then(self.run, **each)
            followed.then(self.begin, **{**each, "inputs": [self._asked, *controls]})
        clicks = [self._controls[name] for name, one in self.experiment.controls.items() if isinstance(one, Click)]
        choices = connect_classes(self.experiment, self._controls)
        if is_moving:
            moved = [control.input for control in controls if control not in choices]
            gr.on(moved, None, inputs=controls, js=f"(...values) => studio.move({arguments}, values)", **QUIET)
            passes = json.dumps(socket.moves_here(self.experiment))
            rested = drawn(None, f"studio.rested({name}, trigger, {passes})", elem_classes="studio-unseen")
            for event in (rested.submit, *(one.submit for one in clicks), *(one.then for one in choices.values())):
                event(self.run, trigger_mode="always_last", **running)
        else:
            # A run that has shown its end may not have ended for Gradio, which would ignore a click meanwhile.
            for event in (self._run.click, *(one.submit for one in clicks)):
                event(self.run, **each)
            self._cancel.click(self.cancel, inputs=self._job, queue=False, **QUIET)
        if self._job is not None:
            found = self._job.submit(self.restore, inputs=self._job, outputs=controls, **QUIET)
            found.then(self.attach, inputs=self._job, outputs=told, **QUIET)
            going_on = self._continue.click(self.restore, inputs=self._job, outputs=controls, **QUIET)
            going_on.then(self.go_on, inputs=self._job, outputs=told, **QUIET)
            self._delete.click(self.delete, inputs=[self._job, *controls], outputs=told, **QUIET)
            self._undo.click(self.take_back, inputs=self._job, outputs=told, **QUIET)

    def _connect_written(self, controls: list[Block]) -> None:
        """Keep the page's address, and what a stream makes, true to the controls: by the socket, or else by Gradio."""
        name = json.dumps(self.experiment.name)
        unwritten = drawn(None, f"studio.unwritten({name}, trigger)", elem_classes="studio-unseen")
        written = {"inputs": controls, "outputs": [self._query, self._badge]}
        unwritten.submit(self.write, trigger_mode="always_last", **written, **QUIET)

    def _connect_browser(self, controls: list[Block], running: Mapping[str, Any]) -> None:
        if isinstance(self.experiment, View):
            self._live.submit(self.answer, trigger_mode="multiple", **running)
        elif self._outputs:
            outputs = list(self._outputs.values())
            self._live.change(self.measure, outputs=outputs, trigger_mode="always_last", **QUIET)
        arguments = f"{json.dumps(self._id)}, {json.dumps(list(self._controls))}"
        script = f"(...values) => {{ studio.controls({arguments}, values); return []; }}"
        gr.on([control.change for control in controls], None, inputs=controls, js=script)

    def choose(self, event: gr.EventData, request: gr.Request, *values: Any) -> Update:
        """Put a preset's values into the controls; what is a visitor's own stays."""
        put, told = self._visit(request).choose(event.choice, self._named(values), self._history.value)
        return {**self._set(put), **self._update({"alert": "", **told})}

    def follow(self, event: gr.EventData, request: gr.Request) -> Update:
        """Put the values that a link asks for into the controls."""
        values, sentences = self._read(event.query)
        told = self._visit(request).standing(values, self._history.value)
        said = "".join(paragraph(each) for each in sentences[:MOST_SENTENCES])
        written = permalink.write(self.panel, self.experiment, values)
        return {
            **self._update({**told, "alert": said}),
            self._asked: {"query": event.query, "written": written},
            **self._set(values),
        }

    async def begin(self, request: gr.Request, asked: dict[str, Any] | None, *values: Any) -> AsyncIterator[Update]:
        """Show the result of the values that a link asks for: rendered beforehand, or computed now."""
        wanted, sentences = self._read(asked["query"] if asked else {})
        if self._opening and wanted == self.experiment.opening():
            self._visit(request).leave()
            yield {self._status: {"html": ""}, **self._shown(self._history.value)}
        elif sentences:
            # If nothing were yielded, Gradio would empty everything, the sentences too.
            yield {self._status: {"html": ""}}
        else:
            async for update in self.run(request, *values):
                yield update

    def write(self, *values: Any) -> Update:
        """Write the query that asks for the controls as they stand, and what makes a result with them."""
        return self._update(socket.written(self.panel, self.experiment, self._named(values)))

    def recall(self, event: gr.EventData, request: gr.Request) -> Update:
        """Show an earlier result of this visit, which its browser has kept, and the values that made it."""
        self._visit(request).leave()
        controls = {**self._set(event.made["values"]), self._asked: {"written": event.made["query"]}}
        if not event.held:
            return {**controls, self._alert: {"html": failure(FORGOTTEN)}}
        return {**controls, self._alert: {"html": ""}, self._status: {"html": ""}, **self._shown(event.made)}

    def _read(self, query: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
        try:
            self.panel.experiment(query.get("experiment", self.experiment.name))
        except InputError as error:
            return self.experiment.opening(), [str(error)]
        # A file that another experiment made is passed on by the name under which it was sent here.
        sent = {
            name: text
            for name, text in query.items()
            if isinstance(self.experiment.controls.get(name), Upload) and files.UPLOADS.get(text) is not None
        }
        rest = {name: text for name, text in query.items() if name not in sent}
        values, sentences = permalink.read(self.experiment, rest)
        return {**values, **sent}, sentences

    def _set(self, values: Mapping[str, Any]) -> Update:
        return {component: values[name] for name, component in self._controls.items()}

    def _named(self, values: tuple[Any, ...]) -> dict[str, Any]:
        return dict(zip(self._controls, values, strict=True))

    def _shown(self, made: Mapping[str, Any]) -> Update:
        outputs = {part: made["outputs"].get(name) for name, part in self._outputs.items()}
        return {self._badge: {"html": made["badge"]}, **outputs}

    def _visit(self, request: gr.Request) -> Visit:
        """Return what the page that asks and this experiment say to each other."""
        return VISITS.of(_identity(request), _page(request), self.panel, self.experiment)

    def measure(self, event: gr.EventData) -> Update:
        """Show what a Stream made besides pictures; it comes through the visitor's own browser."""
        opening = self._parameters(self.experiment.opening())
        drawing = Payloads(self.panel, self.experiment, files.HeldAddresses, opening)
        drawn = drawing.changes({name: value for name, value in event.outputs.items() if name in self._outputs})
        return {self._outputs[name]: value for name, value in drawn.items()}

    async def run(self, request: gr.Request, *values: Any) -> AsyncIterator[Update]:
        """Compute with the controls as they stand."""
        visit = self._visit(request)
        async for update in self._telling(request, visit.run(_identity(request), self._named(values))):
            yield update

    async def compare(self, request: gr.Request, *values: Any) -> AsyncIterator[Update]:
        """Compute with the controls as they stand by the bundled model and by the published one."""
        assert self._offer is not None, "only an offer asks for it"
        async for told in beside(self.panel, self.experiment, _identity(request), self._named(values)):
            yield {self._offer: told}

    async def answer(self, event: gr.EventData, request: gr.Request, *values: Any) -> AsyncIterator[Update]:
        """Compute with what a View's page measured."""
        visit = self._visit(request)
        telling = visit.run(_identity(request), self._named(values), event.answer)
        async for update in self._telling(request, telling):
            yield update

    async def _telling(self, request: gr.Request, telling: AsyncIterator[Told]) -> AsyncIterator[Update]:
        """Bring the page what a run tells: by its socket, while it has one, or else all so far by Gradio's event.

        Gradio copies its whole state with each update, and its browser side may skip one that the next follows closely.
        """
        whole: Told = {}
        async for told in telling:
            whole = merged(whole, told)
            if not await socket.tell(_identity(request), _page(request), self.experiment.name, told):
                yield self._update(whole)
        yield {self._status: {"html": whole.get("status", "")}}

    def _update(self, told: Told) -> Update:
        """Return what is told by the components that show it."""
        texts = {"alert": self._alert, "status": self._status, "badge": self._badge}
        update: Update = {part: {"html": told[name]} for name, part in texts.items() if name in told}
        update |= {self._outputs[name]: value for name, value in told.get("outputs", {}).items()}
        whole = {"made": self._history, "query": self._query, "job": self._job}
        return update | {part: told[name] for name, part in whole.items() if part is not None and name in told}

    def restore(self, job: dict[str, Any]) -> Update:
        """Put the values of this browser's job, started before its page was reloaded, back into the controls."""
        return self._set(job["values"])

    async def attach(self, request: gr.Request, job: dict[str, Any]) -> AsyncIterator[Update]:
        """Follow the job that this browser started before its page was reloaded."""
        visit = self._visit(request)
        async for update in self._telling(request, visit.attach(_identity(request), job)):
            yield update

    async def go_on(self, request: gr.Request, job: dict[str, Any]) -> AsyncIterator[Update]:
        """Continue this visitor's paused job."""
        visit = self._visit(request)
        async for update in self._telling(request, visit.go_on(_identity(request), job)):
            yield update

    def cancel(self, request: gr.Request, job: dict[str, Any] | None = None) -> None:
        """Stop this visitor's run; what is finished stays."""
        task = JOBS.find(job["id"], _identity(request)) if job else self._visit(request).task
        if task is not None:
            task.cancel()

    def delete(self, request: gr.Request, job: dict[str, Any] | None, *values: Any) -> Update:
        """Stop this visitor's job, if it runs, and remove all that is kept of it, with the files that were sent.

        A job is removed after a minute, in which it can be taken back.
        """
        given = self._named(values).items()
        sent = [value for name, value in given if isinstance(self.experiment.controls[name], Upload) and value]
        if job is None:
            for token in sent:
                files.delete_upload(token)
            return self._update({"status": paragraph("Nothing is kept here.")})
        self._visit(request).leave()
        told: Told = {"job": None, "alert": "", "status": "", "made": None, "outputs": dict.fromkeys(self._outputs)}
        try:
            task = JOBS.find(job["id"], _identity(request))
            JOBS.delete(task.id, _identity(request), UNDO_SECONDS, partial(_forget, task, sent))
        except StudioError as error:
            return self._update({**told, "alert": paragraph(str(error))})
        return self._update({**told, "job": {**job, "deleted": True}, "status": words.deleted()})

    async def take_back(self, request: gr.Request, job: dict[str, Any]) -> AsyncIterator[Update]:
        """Keep the job that this visitor has just deleted, and show it again."""
        kept = {name: value for name, value in job.items() if name != "deleted"}
        try:
            await asyncio.to_thread(JOBS.take_back, job["id"], _identity(request))
        except InputError as error:
            yield self._update({"job": None, "status": "", "alert": paragraph(str(error))})
            return
        yield self._update({"job": kept})
        async for update in self.attach(request, kept):
            yield {**update, **self._update({"job": kept})}

    def _parameters(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters that a picture carries."""
        return parameters(self.panel, self.experiment, values)


def _held(experiment: Experiment) -> dict[str, Any]:
    """Return what a page has to know to tell which preset holds, and which controls stand back."""
    controls = {name: control for name, control in experiment.controls.items() if control.is_drawn}
    return {
        "defaults": {name: control.default for name, control in controls.items()},
        "presets": experiment.presets,
        "files": {
            name: control.belongs or name
            for name, control in controls.items()
            if control.belongs or isinstance(control, Upload)
        },
        "where": {name: control.where for name, control in controls.items() if control.where},
    }


def _opening(drawn: dict[str, Any]) -> dict[str, Any]:
    """Return what a page holds of an output that it opens with: all of it if that is little, else where to find it."""
    if len(json.dumps(drawn)) <= MOST_INLINE:
        return drawn
    said = {name: drawn[name] for name in ("label", "help", "kind", "run")}
    return {**said, "opening": files.keep_opening(drawn)}


def _forget(task: Task, sent: Sequence[str]) -> None:
    """Remove what is held of a deleted job outside its folder."""
    for token in sent:
        files.delete_upload(token)
    files.delete_made(task.id, task.result)


def _page(request: gr.Request) -> str:
    """Name the page in which a visitor has the studio open."""
    return request.headers.get(PAGE_HEADER) or request.session_hash or ""


def _identity(request: gr.Request) -> str:
    """Name the visitor, whichever page of theirs asks."""
    assert request.request is not None, "events come by HTTP"
    return visitors.asking(request.request)
