// Where a visitor is. Each panel is a page; its address says which experiment is open and how its controls stand, so that
// Back and Forward go through what was visited, and a link or a saved picture leads there.

import { find } from "./dom.js";

const top = find(".studio-head");
const shell = find("gradio-app");
const [alert, status] = [top.querySelector(".studio-arrivals .studio-alert"), top.querySelector(".studio-opening")];
/** @type {HTMLAnchorElement[]} */
const links = Array.from(document.querySelectorAll("a[data-panel]"));
const panels = new Set(links.map((each) => each.dataset.panel).filter(Boolean));
const parts = window.gradio_config.components;
const experiments = parts.filter(({ type }) => type === "tabitem").map(({ props }) => props.id);
const OPENING = "Opening what was asked for.";
const PATIENCE = 20_000; // milliseconds after which a page can be used whether or not what was asked for has come
const HUB = "https://huggingface.co";
const onSpace = Boolean(window.gradio_config.space_id);

// Gradio (6.31) watches its list of events for changes, which never come, and looks through all of it for each component:
// a third of the time that a page takes to be drawn. Svelte does not watch what is no plain array.
class Unwatched extends Array {}
Object.setPrototypeOf(window.gradio_config.dependencies, Unwatched.prototype);

/** The panel of this page; empty on the front page. */
export const page = top.dataset.page;

const queryHere = () =>
  Object.fromEntries(
    [...new URLSearchParams(location.search)].filter(([name]) => !name.startsWith("__") && name !== "panel"),
  );
export const same = (one, other) =>
  JSON.stringify(Object.entries(one).sort()) === JSON.stringify(Object.entries(other ?? {}).sort());

/** The address that asks for this; Gradio's own choices, as of light or dark, go along. */
const address = ({ panel = "", ...rest }) => {
  const kept = [...new URLSearchParams(location.search)].filter(([name]) => name.startsWith("__"));
  const text = new URLSearchParams([...kept, ...Object.entries(rest)]).toString();
  return new URL((panel || "./") + (text && `?${text}`), document.baseURI).href;
};

/** The link to hand on: on a Space, only the query reaches the address that others see. */
export const link = (query) =>
  onSpace ? new URL(`./?${new URLSearchParams(query)}`, document.baseURI).href : address(query);

export const say = (words) => {
  alert.textContent = words;
};

// What each page of this visit was left at, for the bar to lead back to.
const left = (panel) => JSON.parse(sessionStorage.getItem(`studio-left-${panel}`) ?? "null");
const HANDED = "studio-asked";

/** What was asked of another page before this one was opened for it. */
const handed = () => {
  const query = JSON.parse(sessionStorage.getItem(HANDED) ?? "null");
  sessionStorage.removeItem(HANDED);
  return query?.panel === page ? query : null;
};

export const keptJob = (experiment) => JSON.parse(localStorage.getItem(`studio-job-${page}-${experiment}`) ?? "null");

const written = new Map(); // experiment to query
const askers = new Map(); // experiment to what takes a query
const recallers = new Map(); // experiment to what shows a result of this visit again, if there is one for the query
let here; // the experiment in sight
let addressing;
let asked = handed() ?? { panel: page, ...queryHere() };
let arriving = Boolean(page) && Object.keys(asked).length > 1;
const [navigation] = /** @type {PerformanceNavigationTiming[]} */ (performance.getEntriesByType("navigation"));
const returned = navigation.type === "reload" || same(asked, left(page));
// The job that goes on, whatever the controls said when its page was left.
if (returned) asked = keptJob(asked.experiment)?.query ?? asked;

/** What this page was opened for. */
export const askedFirst = asked;

let wanted; // the experiment that the address asked for last, until its tab is drawn

const turnTo = (experiment) => {
  wanted = experiment;
  find(`.studio-experiments [data-tab-id="${experiment}"]`)?.click();
};

const named = (query) => (experiments.includes(query.experiment) ? query.experiment : experiments[0]);
let pending = arriving ? asked : null;
if (arriving && experiments.length) parts.find(({ type }) => type === "tabs").props.selected = named(asked);

let waiting;

/** Say that what was asked for is awaited. Until it is here, nothing can be used: it would take back what a hand did. */
const announce = () => {
  shell.inert = arriving;
  clearTimeout(waiting);
  if (arriving) waiting = setTimeout(arrived, PATIENCE);
  if (!status) return;
  if (arriving) status.textContent = OPENING;
  status.hidden = !arriving && here !== undefined;
};

const keep = () => {
  clearTimeout(addressing);
  const query = written.get(here);
  const asks = queryHere().experiment;
  if (arriving || !query || (experiments.includes(asks) && asks !== here)) return;
  if (document.visibilityState === "visible" && address(query) !== location.href)
    history.replaceState(history.state, "", address(query));
  sessionStorage.setItem(`studio-left-${page}`, JSON.stringify(query));
  if (onSpace && parent !== window) parent.postMessage({ queryString: String(new URLSearchParams(query)) }, HUB);
};

// A browser refuses more than some replacements a second.
const keepSoon = () => {
  clearTimeout(addressing);
  addressing = setTimeout(keep, 250);
};

const arrived = () => {
  arriving = false;
  announce();
  keepSoon();
};

/** The controls of an experiment stand like this. */
export const write = (experiment, query) => {
  written.set(experiment, query);
  keepSoon();
};

export const writtenHere = () => written.get(here);

/** Note which experiment is in sight: another one that a hand has chosen is another place to come back to. */
export const whenSeen = (element, experiment) =>
  new ResizeObserver(() => {
    if (!element.offsetParent || here === experiment) return;
    const chosen = here !== undefined && queryHere().experiment !== experiment;
    if (here === undefined && wanted && wanted !== experiment) turnTo(wanted);
    here = experiment;
    if (chosen) {
      arriving = false;
      pending = null;
      history.pushState(null, "", address(written.get(here)));
    }
    announce();
    keepSoon();
  }).observe(element);

const ask = async (experiment, query) => {
  if (!(await recallers.get(experiment)?.(query))) askers.get(experiment)(query);
};

/** A sheet takes what a link asks of it as soon as it is drawn; one that opens with nothing computes its opening. */
export const asking = (props, watch, trigger, experiment, computes) => {
  askers.set(experiment, (query) => {
    props.value = { query };
    trigger("submit", { query });
  });
  watch("value", () => {
    if (!props.value?.written) return;
    write(experiment, props.value.written);
    arrived();
  });
  // Once the sheet's earlier results are there too.
  setTimeout(() => {
    const query = pending && (named(pending) ?? experiment) === experiment ? pending : null;
    if (query) {
      pending = null;
      ask(experiment, query);
    } else if (computes) {
      arriving = true;
      announce();
      askers.get(experiment)({});
    }
  });
};

/** Let results of this visit stand for a query: `recall(query)` shows one of them, or says that there is none. */
export const recalling = (experiment, recall) => recallers.set(experiment, recall);

/** Open what a query asks for, here or on the panel's page. */
export const follow = (query, isNew = true) => {
  if (!panels.has(query.panel)) {
    say(`There is no panel '${String(query.panel).slice(0, 40)}'; choose one ${page ? "above" : "below"}.`);
    return;
  }
  say("");
  const place = { panel: query.panel, ...(query.experiment && { experiment: query.experiment }) };
  if (query.panel !== page) {
    sessionStorage.setItem(HANDED, JSON.stringify(query));
    location.assign(address(place));
    return;
  }
  const experiment = named(query) ?? [...askers.keys()][0];
  if (isNew) history.pushState(null, "", address({ ...place, ...(experiment && { experiment }) }));
  turnTo(experiment);
  if (!isNew && (Object.keys(query).length < 2 || same(query, written.get(experiment)))) return;
  arriving = true;
  announce();
  if (askers.has(experiment)) ask(experiment, query);
  else pending = query;
};

addEventListener("popstate", () => follow({ panel: page, ...queryHere() }, false));
document.addEventListener("visibilitychange", keep); // As the page is left, too.

for (const each of links) {
  each.addEventListener("click", (event) => {
    const { panel } = each.dataset;
    if (panel === page && panel && !(event.ctrlKey || event.metaKey || event.shiftKey)) {
      event.preventDefault();
      scrollTo(0, 0);
      return;
    }
    each.href = address((panel && left(panel)) || { panel });
  });
}
const all = find(".studio-all");
all.onclick = () => all.setAttribute("aria-expanded", String(all.getAttribute("aria-expanded") === "false"));
announce();
const wrong = new URLSearchParams(location.search).get("panel");
if (wrong !== null) follow({ panel: wrong });
