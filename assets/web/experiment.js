// The timed experiment: consent, the screen, practice, trials in blocks, and what they came to. jsPsych has the flow, and
// exposure.js each trial; the server has the plan, keeps the answers, and knows a participant by a code alone.
//
// The query has the controls: trials, how many, and room, a class's code. The answer is {participant}, once all is kept.

import { button, find, make, penOf } from "./dom.js";
import { Hands, present, Square } from "./exposure.js";
import { answer, ask, choose, fit, follow, followControls, Kept, Lost, paragraph, Refused, title } from "./page.js";
import { Screen } from "./screen.js";

const OFTEN = 0.3; // of the trials
const PRACTICE = 4;
const SHOW = 900; // milliseconds for which a word after a trial stands
const CONDITIONS = {
  image: ["As it is", "Nothing was added."],
  adv: ["Changed towards the other", "A perturbation that makes classifiers see the other of the two groups."],
  flip: [
    "Changed, upside down",
    "The same kind of perturbation turned upside down: as strong, but of no use to a classifier.",
  ],
  false: ["Neither", "It shows neither group, and was changed towards one of them."],
};

const stage = find("#stage");
const place = find("#place");
const kept = new Kept("studio-time-limited-experiment");
const sheet = await (await fetch("trials.json")).json();
const pixels = await createImageBitmap(await (await fetch("trials.png")).blob());
const tiles = await Promise.all(
  sheet.stimuli.map((_, number) => {
    const [across, down] = [number % sheet.columns, Math.floor(number / sheet.columns)];
    return createImageBitmap(pixels, across * sheet.side, down * sheet.side, sheet.side, sheet.side);
  }),
);
const arena = make("div", { className: "arena" });
const square = new Square(
  arena.appendChild(make("canvas", { role: "img", aria: { label: "Where the pictures are shown" } })),
);
const said = arena.appendChild(make("p", { className: "said", role: "status" }));
const choices = ["F", "J"].map((key, hand) =>
  make("button", { type: "button" }, make("strong"), make("kbd", { textContent: `${key} or ${"←→"[hand]}` })),
);
arena.append(make("div", { className: "choices" }, ...choices));
const hands = new Hands(choices);

let controls = new URLSearchParams(location.search);
let mine; // what the server knows of this participant, and `given`, the answers by trial
const screen = new Screen(kept, () => stage.clientWidth);

/** Know nothing more of the participant; the screen stays what it is. */
const forget = () => kept.set({ participant: null, unsent: [], begun: null });

/** What the server replies; while it does not, or refuses, its sentence stands under the page with a way on. */
async function insist(display, request) {
  for (;;) {
    try {
      return await ask(request);
    } catch (error) {
      if (!(error instanceof Lost)) throw error;
      const words = `${error.message} Your answers are safe in this browser, and are sent once the server takes them.`;
      await choose(display, [paragraph(words, { role: "alert" })], "Try again");
    }
  }
}

// Consent

async function welcome(display) {
  let sentence = "";
  if (kept.value.participant) {
    try {
      mine = await resumed(display);
      if (mine) return;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      sentence = error.message;
      forget();
    }
  }
  await consent(display, sentence);
}

async function resumed(display) {
  const found = await insist(display, { ask: "resume", participant: kept.value.participant });
  const given = new Map([...found.answers, ...kept.value.unsent].map((one) => [one.trial, one]));
  const whole = { ...found, given };
  if (given.size === found.trials.length) return whole;
  const parts = [
    title("You have begun"),
    paragraph(
      `${given.size} of ${found.trials.length} trials are answered. Your code is ${found.participant}: with it you can delete your answers at any time.`,
    ),
  ];
  const chosen = await choose(display, parts, "Go on", "Begin anew", "Delete my answers");
  if (chosen === 2) await insist(display, { ask: "delete", participant: found.participant });
  if (chosen > 0) {
    forget();
    return null;
  }
  // A picture that had come before the page was left is not shown twice.
  if (kept.value.begun !== null && !given.has(kept.value.begun))
    record(whole, kept.value.begun, { hand: null, milliseconds: null, exposure: 0, missed: true });
  return whole;
}

async function consent(display, sentence) {
  const room = make("input", { value: controls.get("room") ?? "", size: 10, autocomplete: "off", spellcheck: false });
  const alert = paragraph(sentence, { role: "alert" });
  const moved = () => {
    room.value = controls.get("room") ?? "";
  };
  addEventListener("controls", moved);
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches
    ? " Your system asks for less motion; this experiment cannot do without it."
    : "";
  const parts = [
    title("See it for 63 milliseconds"),
    paragraph(
      "A picture comes for about a sixteenth of a second and is covered by noise. You say which of two things it showed. It takes two or three minutes.",
    ),
    make(
      "p",
      { className: "warning" },
      make("strong", { textContent: "Flicker. " }),
      `After each picture, black and white patterns flicker for a fifth of a second. Do not take part if flicker or flashing light has ever given you a seizure, a migraine or sickness.${still}`,
    ),
    make(
      "p",
      {},
      make("strong", { textContent: "What is kept. " }),
      "For each trial: the picture, your choice, how long you took, and for how long the picture was there. No name, no address. It is deleted after 30 days, or at any time before by a code that only you get. Taking part is free, and you may stop whenever you like.",
    ),
    make("label", { className: "field" }, "Room code, if a class was given one ", room),
    alert,
  ];
  for (;;) {
    await choose(display, parts, "I agree, and flicker does me no harm");
    try {
      const begun = await ask({ ask: "begin", trials: Number(controls.get("trials") ?? 24), room: room.value.trim() });
      mine = { ...begun, given: new Map() };
      break;
    } catch (error) {
      if (!(error instanceof Refused || error instanceof Lost)) throw error;
      alert.textContent = error.message;
      room.focus();
    }
  }
  removeEventListener("controls", moved);
  forget();
  kept.set({ participant: mine.participant });
}

// Trials

/** Show a tile until it was seen undisturbed, or was disturbed when it had been seen; what came of it.
 * @returns {Promise<any>} */
async function attempt(tile, beginning = () => {}, ended = () => {}) {
  square.prepare(tile);
  for (;;) {
    await attention();
    const leaving = new AbortController();
    const leave = () => leaving.abort();
    addEventListener("blur", leave);
    document.addEventListener("visibilitychange", leave);
    beginning();
    const made = await present(square, screen.frame, hands, leaving.signal, () => arena.classList.add("asking"));
    arena.classList.remove("asking");
    removeEventListener("blur", leave);
    document.removeEventListener("visibilitychange", leave);
    if (made.aborted && made.seen) return { hand: null, milliseconds: null, exposure: made.exposure, missed: true };
    if (!(made.early || made.aborted)) return made;
    ended();
    if (made.early) await tell("Too soon. Wait for the picture.");
  }
}

/** Once this page has the keyboard, and no key is held. */
async function attention() {
  if (document.hidden || !document.hasFocus()) {
    arena.classList.add("paused");
    const go = button("Go on", null, { className: "first" });
    said.replaceChildren("Paused: the page was left. ", go);
    await new Promise((resolve) => {
      go.onclick = resolve;
    });
    window.focus();
  }
  arena.classList.remove("paused");
  if (hands.down.size) said.textContent = "Let go of the key.";
  await hands.free();
  said.textContent = "";
}

async function tell(words) {
  said.textContent = words;
  await new Promise((resolve) => {
    setTimeout(resolve, SHOW);
  });
  said.textContent = "";
}

function lay(display, left, right) {
  for (const [hand, group] of [left, right].entries())
    choices[hand].getElementsByTagName("strong")[0].textContent = group;
  display.replaceChildren(arena);
  // Once the frame is as high as this.
  requestAnimationFrame(() => requestAnimationFrame(() => arena.scrollIntoView({ block: "nearest" })));
}

function record(whose, trial, { hand, milliseconds, exposure, missed }) {
  const { left, right } = whose.trials[trial];
  const chosen = hand === null ? null : [left, right][hand];
  const one = { trial, chosen, milliseconds, exposure: Math.min(2000, Math.max(0, exposure)), missed };
  whose.given.set(trial, one);
  kept.set({ unsent: [...kept.value.unsent, one], begun: null });
}

/** Have the answers so far kept by the server. */
async function send(display) {
  place.textContent = "";
  if (!kept.value.unsent.length) return;
  await insist(display, { ask: "give", participant: mine.participant, answers: kept.value.unsent });
  kept.set({ unsent: [] });
}

const key = (group, hand, keys) => [
  make("strong", { textContent: group }),
  `: the ${hand} button`,
  make("span", { className: "keys", textContent: `, ${keys}` }),
  ".",
];

async function ready(display, { left, right }, words, go) {
  square.resize(screen.extent().side);
  const missed = [...mine.given.values()].filter((one) => one.missed).length;
  const often = missed > OFTEN * mine.given.size;
  if (often) await screen.measure();
  const parts = [
    title(`${left.replace(/^./, (letter) => letter.toUpperCase())} or ${right}?`),
    make("p", {}, ...key(left, "left", "F or ←"), " ", ...key(right, "right", "J or →")),
    paragraph(words),
    paragraph(
      often
        ? `${missed} trials so far were disturbed, or a frame of the screen came late: they are left out. Close what else is busy.`
        : "",
    ),
  ];
  const chosen = await choose(display, parts, ...go, "Stop, and delete my answers");
  if (chosen === go.length) {
    await insist(display, { ask: "delete", participant: mine.participant });
    forget();
    location.reload();
    await new Promise(() => {});
  }
  return chosen === 0;
}

// jsPsych's parts

class Step {
  static info = {
    name: "step",
    version: "1.0.0",
    parameters: { show: { type: jsPsychModule.ParameterType.FUNCTION } },
    data: {},
  };

  async trial(display, { show }) {
    return show(display);
  }
}

class Trial {
  static info = {
    name: "trial",
    version: "1.0.0",
    parameters: { trial: { type: jsPsychModule.ParameterType.INT } },
    data: {},
  };

  async trial(display, { trial }) {
    const { stimulus, left, right } = mine.trials[trial];
    place.textContent = `Trial ${trial + 1} of ${mine.trials.length}`;
    lay(display, left, right);
    record(
      mine,
      trial,
      await attempt(
        tiles[stimulus],
        () => kept.set({ begun: trial }),
        () => kept.set({ begun: null }),
      ),
    );
  }
}

class Practice {
  static info = {
    name: "practice",
    version: "1.0.0",
    data: {},
    parameters: { stimulus: { type: jsPsychModule.ParameterType.INT }, left: {}, right: {} },
  };

  async trial(display, { stimulus, left, right }) {
    const { shown } = sheet.stimuli[stimulus];
    place.textContent = "Practice";
    lay(display, left, right);
    const { hand } = await attempt(tiles[stimulus]);
    await tell(
      hand === null
        ? `No answer came in time. It was ${shown}.`
        : [left, right][hand] === shown
          ? `Right: ${shown}.`
          : `It was ${shown}.`,
    );
  }
}

const step = (show) => ({
  type: Step,
  show: async (display) => {
    await show(display);
  },
});
const run = (timeline) => initJsPsych({ display_element: stage }).run(timeline);

/** The trials that are not answered, in runs that ask for the same two groups. */
function blocks() {
  const found = [];
  mine.trials.forEach(({ left, right }, trial) => {
    if (mine.given.has(trial)) return;
    const last = found.at(-1);
    if (last && last.left === left && last.right === right) last.trials.push(trial);
    else found.push({ left, right, trials: [trial] });
  });
  return found;
}

function practice({ left, right }) {
  const planned = new Set(mine.trials.map(({ stimulus }) => stimulus));
  const fit = sheet.stimuli.filter(
    ({ number, condition, shown }) => condition === "image" && !planned.has(number) && [left, right].includes(shown),
  );
  const drawn = fit
    .map((one) => [Math.random(), one.number])
    .sort(([one], [other]) => one - other)
    .slice(0, PRACTICE);
  const words = `First, ${drawn.length} for practice. Look at the cross. Answer as soon as you know, and guess where you do not.`;
  let goes;
  return [
    step(async (display) => {
      goes = await ready(display, { left, right }, words, ["Practise", "Skip it"]);
    }),
    {
      timeline: drawn.map(([, stimulus]) => ({ type: Practice, stimulus, left, right })),
      conditional_function: () => goes,
    },
  ];
}

async function takePart() {
  place.textContent = "";
  await run([step(welcome)]);
  const rest = blocks();
  if (rest.length) {
    const begun = mine.given.size > 0;
    const timeline = [step((display) => screen.calibrate(display)), ...(begun ? [] : practice(rest[0]))];
    for (const block of rest) {
      const words = `${block.trials.length} pictures in a row. No word follows. Some are hard to tell: choose what comes nearest.`;
      timeline.push(
        step((display) => ready(display, block, words, ["Begin"])),
        ...block.trials.map((trial) => ({ type: Trial, trial })),
        step(send),
      );
    }
    await run(timeline);
  }
  await run([step(send), step(debrief)]);
}

// The end

async function debrief(display) {
  answer({ participant: mine.participant }, true);
  const rows = Object.entries(CONDITIONS).map(([condition, [name, words]]) => {
    const numbers = [...mine.trials.keys()].filter(
      (trial) => sheet.stimuli[mine.trials[trial].stimulus].condition === condition,
    );
    const counted = numbers.map((trial) => mine.given.get(trial)).filter(({ chosen, missed }) => chosen && !missed);
    const right = counted.filter(({ trial, chosen }) => {
      const { shown, target } = sheet.stimuli[mine.trials[trial].stimulus];
      return chosen === (condition === "false" ? target : shown);
    });
    const picture = make("canvas", {
      width: 96,
      height: 96,
      role: "img",
      aria: { label: `One of these pictures: ${name}` },
    });
    const pen = penOf(picture);
    pen.imageSmoothingQuality = "high";
    pen.drawImage(tiles[mine.trials[numbers[0]].stimulus], 0, 0, 96, 96);
    return make(
      "li",
      {},
      picture,
      make(
        "div",
        {},
        make("strong", { textContent: name }),
        paragraph(words),
        paragraph(
          `You chose ${condition === "false" ? "that one" : "what it shows"} in ${right.length} of ${counted.length}.`,
        ),
      ),
    );
  });
  const code = make("strong", { className: "code", textContent: mine.participant });
  const parts = [
    title("What you saw"),
    paragraph(
      "Each picture was of one of four kinds. If the perturbations reach people too, you were misled more often where the picture was changed than where the same kind of change stood upside down.",
    ),
    make("ul", { className: "conditions" }, ...rows),
    make(
      "p",
      {},
      "Your code: ",
      code,
      ". With it you, and nobody else, can delete your answers; write it down if you may want to.",
    ),
    paragraph("The numbers with their intervals stand below this page."),
  ];
  const chosen = await choose(display, parts, "Take part again", "Delete my answers");
  if (chosen === 1) {
    await insist(display, { ask: "delete", participant: mine.participant }).catch((error) => {
      if (!(error instanceof Refused)) throw error;
    });
    forget();
    await choose(display, [title("Deleted"), paragraph("Nothing of your answers is kept.")], "Take part again");
  }
  forget();
}

follow();
fit();
followControls((query) => {
  controls = query;
  dispatchEvent(new Event("controls"));
});
for (;;) {
  try {
    await takePart();
  } catch (error) {
    // The answers were deleted elsewhere, or forgotten after their thirty days.
    if (!(error instanceof Refused)) throw error;
    forget();
    await run([
      step((display) =>
        choose(display, [title("It ends here"), paragraph(error.message, { role: "alert" })], "Begin anew"),
      ),
    ]);
  }
}
