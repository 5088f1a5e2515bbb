// A file that is let go of anywhere on the page is a saved one, but for the fields that take files themselves.
const listenForFiles = () => {
  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (/** @type {any} */ event) => {
      const carries =
        event.dataTransfer?.types.includes("Files") && !event.target.closest("[data-testid=stFileUploaderDropzone]");
      document.documentElement.classList.toggle("studio-dropping", carries && kind === "dragover");
      if (!carries) return;
      event.preventDefault();
      if (kind !== "drop") return;
      const field = /** @type {HTMLInputElement} */ (document.querySelector(".st-key-saved input[type=file]"));
      field.files = event.dataTransfer.files;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }
};

// Streamlit gives the name of such a field only to what stands around it.
const nameFields = () => {
  for (const field of document.querySelectorAll("section[aria-label] input[type=file]:not([aria-label])")) {
    field.setAttribute("aria-label", field.closest("section")?.getAttribute("aria-label") ?? "");
  }
};

// The address bar, and the browser's own buttons. Streamlit writes an address in several steps, each of which becomes an
// entry of the browser's history, and does not read the one to which a visitor goes back: neither is left to it.
/** @type {any} */
const bar = { write: null, tell: null, turn: 0, answered: null, drawn: 0 };

export default ({ data: { address, turn, drawn }, setStateValue }) => {
  if (drawn < bar.drawn) return; // Streamlit mounts a component once it is loaded, and an earlier drawing of it may come last.
  bar.drawn = drawn;
  bar.tell = setStateValue;
  if (!bar.write) {
    bar.write = history.pushState.bind(history);
    history.pushState = () => {};
    addEventListener(
      "popstate",
      (event) => {
        event.stopImmediatePropagation();
        bar.tell("went", [location.pathname + location.search, ++bar.turn]); // Each is new, even to the same address.
      },
      { capture: true },
    );
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
