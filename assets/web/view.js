// A page of ours in its frame: what it answers, and what it asks of the server.

/** The address of a part of the studio. */
export const here = (path) => new URL(path, document.baseURI);

export class OpenedView {
  constructor(element) {
    this.element = element;
    this.frame = element.querySelector("iframe");
    this.query = new URLSearchParams(element.dataset.query);
    this.open();
    element.addEventListener("studio:controls", ({ detail }) => {
      const before = this.query.toString();
      for (const [name, value] of Object.entries(detail)) this.query.set(name, String(value));
      if (this.query.toString() === before) return;
      if (this.follows) this.tell();
      else this.open();
    });
  }

  open() {
    this.answered = this.follows = false;
    const address = new URL(this.element.dataset.page, import.meta.url);
    address.search = this.query.toString();
    this.frame.src = address;
  }

  /** Tell a page that follows its controls what they are now; it answers anew. */
  tell() {
    this.answered = false;
    this.frame.contentWindow.postMessage({ studio: "controls", query: this.query.toString() }, location.origin);
  }

  /** A page that answers more than once says of each further answer that it is `anew`. */
  receive(answer, anew) {
    if (this.answered && !anew) return;
    this.answered = true;
    this.element.dispatchEvent(new CustomEvent("studio:answer", { bubbles: true, detail: JSON.stringify(answer) }));
  }

  /** Reply to what the page asks of the server; with null where the network fails. */
  async ask(ticket, request) {
    const asked = fetch(here(`services/${this.element.dataset.view}`), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(request),
    });
    const reply = await asked.then((response) => response.json()).catch(() => null);
    this.frame.contentWindow?.postMessage({ studio: "reply", ticket, reply }, location.origin);
  }

  stop() {}
}
