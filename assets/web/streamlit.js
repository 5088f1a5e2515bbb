// What the Streamlit face draws itself: each function is one of its components, called anew with every drawing of the page.

const make = (tag, properties = {}, ...children) => {
  const { aria, ...rest } = properties;
  const element = Object.assign(document.createElement(tag), rest);
  for (const [name, value] of Object.entries(aria ?? {})) element.setAttribute(`aria-${name}`, value);
  element.append(...children);
  return element;
};

const button = (words, onclick, properties = {}) => make("button", { type: "button", textContent: words, onclick, ...properties });

/** What a component made when it was first drawn. */
const once = (parentElement, draw) => parentElement.querySelector(".studio-drawn") ?? (() => {
  const element = draw();
  element.classList.add("studio-drawn");
  return parentElement.appendChild(element);
})();

// A file that is let go of anywhere on the page is a saved one, but for the fields that take files themselves.
const listenForFiles = () => {
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      const carries = event.dataTransfer?.types.includes("Files") && !event.target.closest("[data-testid=stFileUploaderDropzone]");
      document.documentElement.classList.toggle("studio-dropping", carries && kind === "dragover");
      if (!carries) return;
      event.preventDefault();
      if (kind !== "drop") return;
      const field = document.querySelector(".st-key-saved input[type=file]");
      field.files = event.dataTransfer.files;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }
};

// Streamlit gives the name of such a field only to what stands around it.
const nameFields = () => {
  for (const field of document.querySelectorAll("section[aria-label] input[type=file]:not([aria-label])")) {
    field.setAttribute("aria-label", field.closest("section").getAttribute("aria-label"));
  }
};

// The address bar, and the browser's own buttons. Streamlit writes an address in several steps, each of which becomes an
// entry of the browser's history, and does not read the one to which a visitor goes back: neither is left to it.
const bar = { write: null, tell: null, turn: 0, answered: null };

const address = ({ data: { address, turn }, setStateValue }) => {
  bar.tell = setStateValue;
  if (!bar.write) {
    bar.write = history.pushState.bind(history);
    history.pushState = () => {};
    addEventListener("popstate", (event) => {
      event.stopImmediatePropagation();
      bar.tell("went", [location.pathname + location.search, ++bar.turn]); // Each is new, even to the same address.
    }, { capture: true });
    listenForFiles();
    new MutationObserver(nameFields).observe(document.body, { childList: true, subtree: true });
    nameFields();
  }
  if (turn !== bar.turn) return; // Drawn before the browser went: its address would take the place of those further on.
  const { pathname, search } = new URL(address, location.href);
  if (pathname + search !== location.pathname + location.search) {
    // The first address of a visit, and of each place gone to, stands for what Streamlit or the visitor wrote.
    if (bar.answered === turn) bar.write({}, "", pathname + search);
    else history.replaceState({}, "", pathname + search);
  }
  bar.answered = turn;
};

// Two pictures under one slider, each {caption, src}.
const wipe = ({ parentElement, data: { left, right } }) => {
  const frame = once(parentElement, () => make("div", { className: "studio-wipe" },
    make("img"), make("img"), make("span"), make("input", { type: "range", step: 0.5 })));
  const [under, over, , line] = frame.children;
  for (const [image, { caption, src }] of [[under, right], [over, left]]) {
    image.alt = caption;
    if (image.src !== src) image.src = src;
  }
  const cut = () => frame.style.setProperty("--cut", `${line.value}%`);
  line.setAttribute("aria-label", `${left.caption} left of the line, ${right.caption} right of it`);
  line.oninput = cut;
  cut();
};

// A picture on which a place is chosen, with a click or by the keyboard.
const clickable = ({ parentElement, data: { src, alt, label, place }, setTriggerValue }) => {
  const frame = once(parentElement, () => make("div", { className: "studio-clickable", tabIndex: 0 },
    make("img"), make("div", { className: "studio-mark" })));
  const [image, mark] = frame.children;
  frame.setAttribute("role", "button");
  frame.setAttribute("aria-label", `${label}: arrow keys move the place, Enter chooses it`);
  image.alt = alt;
  if (image.src !== src) image.src = src;
  const put = (x, y) => {
    frame.place = [x, y].map((at) => Math.round(1e4 * Math.min(1, Math.max(0, at))) / 1e4);
    mark.hidden = false;
    Object.assign(mark.style, { left: `${100 * frame.place[0]}%`, top: `${100 * frame.place[1]}%` });
  };
  const choose = () => setTriggerValue("place", frame.place);
  frame.onclick = (event) => {
    const box = frame.getBoundingClientRect();
    put((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    choose();
  };
  frame.onkeydown = (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!(step || event.key === "Enter")) return;
    event.preventDefault();
    const [x, y] = frame.place ?? [0.5, 0.5];
    if (step) put(x + step[0] / 40, y + step[1] / 40);
    else { put(x, y); choose(); }
  };
  // A hand that moves the mark goes before a drawing of the place that was chosen last.
  if (String(frame.drawn) !== String(place)) {
    frame.drawn = place;
    mark.hidden = !place;
    if (place) put(...place);
  }
};

// The results of this visit, newest first; a click brings one back with its controls.
const visits = ({ parentElement, data: { link, made, chosen, busy }, setTriggerValue }) => {
  const section = once(parentElement, () => make("section", { className: "studio-history" },
    button("Copy link", null, { className: "studio-copy" }), make("h2", { textContent: "This visit" }),
    make("div", { className: "studio-visits", role: "group", aria: { label: "Results of this visit" } })));
  const [copy, title, row] = section.children;
  copy.onclick = async () => {
    const shown = new URL(link, location.href).href;
    // Only a page on HTTPS or localhost may write to the clipboard.
    if (!navigator.clipboard) { prompt("The link", shown); return; }
    await navigator.clipboard.writeText(shown);
    copy.textContent = "Copied";
    setTimeout(() => { copy.textContent = "Copy link"; }, 2000);
  };
  title.hidden = row.hidden = made.length < 2;
  // What stands there already keeps the keyboard's place.
  const drawn = JSON.stringify({ made, chosen, busy });
  if (row.drawn === drawn) return;
  row.drawn = drawn;
  row.replaceChildren(...made.map(({ token, words, src }) => {
    const thumbnail = button(src ? "" : words, () => setTriggerValue("chosen", token),
      { title: words, disabled: busy, aria: { label: words, pressed: token === chosen } });
    if (src) thumbnail.append(make("img", { src, alt: "" }));
    return thumbnail;
  }));
};

// A page of ours in a frame, which posts one answer, or several that are each `anew`, and asks what the server replies to.
const view = ({ parentElement, data: { src, title, replies }, setTriggerValue }) => {
  const frame = once(parentElement, () => {
    const made = make("iframe", { className: "studio-view", title, allow: "fullscreen" });
    const receive = ({ origin, source, data }) => {
      if (!made.isConnected) removeEventListener("message", receive);
      if (origin !== location.origin || source !== made.contentWindow) return;
      if (data?.studio === "ask") made.ask(data.ticket, JSON.stringify(data.request));
      if (data?.studio !== "answer" || (made.answered && !data.anew)) return;
      made.answered = true;
      made.answer(JSON.stringify(data.answer));
    };
    addEventListener("message", receive);
    return made;
  });
  frame.ask = (ticket, request) => setTriggerValue("asked", { ticket, request });
  frame.answer = (answer) => setTriggerValue("answer", answer);
  for (const [ticket, reply] of Object.entries(replies)) {
    if (ticket === frame.replied) continue;
    frame.replied = ticket;
    frame.contentWindow.postMessage({ studio: "reply", ticket, reply }, location.origin);
  }
  if (frame.getAttribute("src") === src) return;
  frame.answered = false;
  frame.src = src;
};

const drawing = ({ parentElement, data }) => { parentElement.innerHTML = data; };
