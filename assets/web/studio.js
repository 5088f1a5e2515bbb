// What the Gradio face draws itself. Every gr.HTML of ours hands its element over once; afterwards only its value changes,
// so that a new partial result leaves the line, the choices and an open picture where the visitor put them.
window.studio = (() => {
  const LARGEST_FILE = 32_000_000; // bytes; the server refuses more, this only says so before they are sent
  const tooLarge = (largest) => `The file is larger than ${largest / 1e6} MB; choose a smaller one.`;
  const NOT_ARRIVED = "The file did not reach the studio; try once more.";
  const MOST_VISITS = 12;
  const FEW_PIXELS = 256;

  const make = (tag, properties = {}, ...children) => {
    const { dataset, aria, ...rest } = properties;
    const element = Object.assign(document.createElement(tag), rest);
    Object.assign(element.dataset, dataset);
    for (const [name, value] of Object.entries(aria ?? {})) element.setAttribute(`aria-${name}`, value);
    element.append(...children);
    return element;
  };

  const button = (words, action, properties = {}) =>
    make("button", { type: "button", textContent: words, onclick: action, ...properties });

  const show = (image, picture, label) => {
    if (image.getAttribute("src") !== picture.src) image.src = picture.src;
    Object.assign(image, { width: picture.width, height: picture.height, alt: label });
  };

  // One dialog for all pictures at full size.
  const viewer = (() => {
    const image = make("img");
    const caption = make("span");
    const download = make("a", { textContent: "Download" });
    const previous = button("Previous", () => turn(-1));
    const next = button("Next", () => turn(1));
    const dialog = make("dialog", { className: "studio-viewer", aria: { label: "Picture at full size" } }, image,
      make("p", {}, caption, previous, next, download, button("Close", () => dialog.close())));
    let pictures = [];
    let at = 0;
    const turn = (step) => {
      at = (at + step + pictures.length) % pictures.length;
      const picture = pictures[at];
      show(image, picture, picture.caption);
      // A picture of a few pixels is shown pixel by pixel, by a whole factor.
      const factor = Math.floor(Math.min(innerWidth - 40, innerHeight - 100) / Math.max(picture.width, picture.height));
      const few = Math.max(picture.width, picture.height) <= FEW_PIXELS && factor > 1;
      Object.assign(image.style, few ? { width: `${factor * picture.width}px`, imageRendering: "pixelated" } : { width: "", imageRendering: "" });
      caption.textContent = `${picture.caption}, ${picture.width} × ${picture.height}`;
      Object.assign(download, { href: picture.file, download: `${picture.caption}.png` });
    };
    dialog.addEventListener("keydown", (event) => {
      if (event.key === "ArrowLeft") turn(-1);
      if (event.key === "ArrowRight") turn(1);
    });
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    return (all, caption) => {
      pictures = all;
      at = Math.max(0, all.findIndex((picture) => picture.caption === caption));
      previous.hidden = next.hidden = all.length < 2;
      if (!dialog.isConnected) document.querySelector(".gradio-container").append(dialog);
      turn(0);
      dialog.showModal();
    };
  })();

  // Where a visitor is: the address bar says what the open sheet's controls say, and a link or a saved picture leads there.

  const written = new Map(); // place to query
  let here = "";
  const isGradios = (name) => name.startsWith("__") || name === "view";
  let asked = Object.fromEntries([...new URLSearchParams(location.search)].filter(([name]) => !isGradios(name)));
  let arriving = "panel" in asked;
  const inPlace = (query, id) => `${query.panel}-${query.experiment}` === id;
  const keptJob = (id) => JSON.parse(localStorage.getItem(`studio-job-${id}`));
  const reloaded = performance.getEntriesByType("navigation")[0].type === "reload";
  // The job that goes on, whatever the controls said when the page was reloaded.
  if (reloaded) asked = keptJob(`${asked.panel}-${asked.experiment}`)?.query ?? asked;
  let follow;
  let addressing;

  const linkTo = (query) => {
    const kept = [...new URLSearchParams(location.search)].filter(([name]) => isGradios(name));
    const text = new URLSearchParams([...kept, ...Object.entries(query)]).toString();
    return location.pathname + (text && `?${text}`);
  };

  // A browser refuses more than some replacements a second.
  const keepAddress = () => {
    clearTimeout(addressing);
    addressing = setTimeout(() => arriving || history.replaceState(history.state, "", linkTo(written.get(here) ?? {})), 250);
  };

  const whenSeen = (element, place) => new ResizeObserver(() => {
    if (!element.offsetParent || here === place) return;
    here = place;
    keepAddress();
  }).observe(element);

  const address = (props, watch, place) => watch("value", () => {
    written.set(place.join("/"), props.value);
    keepAddress();
  });

  const copy = async (event, query) => {
    const { currentTarget } = event;
    const link = new URL(linkTo(query), location.href).href;
    // Only a page on HTTPS or localhost may write to the clipboard.
    if (!navigator.clipboard) { prompt("The link", link); return; }
    await navigator.clipboard.writeText(link);
    currentTarget.textContent = "Copied";
    setTimeout(() => { currentTarget.textContent = "Copy link"; }, 2000);
  };

  const opener = () => {
    const file = make("input", { type: "file", accept: "image/png,image/webp,video/mp4" });
    file.onchange = () => { open(file.files[0]); file.value = ""; };
    return make("label", { className: "studio-file" }, file, "Open a saved file");
  };

  let say;
  const open = async (file) => {
    if (!file) return;
    say("");
    if (file.size > LARGEST_FILE) { say(tooLarge(LARGEST_FILE)); return; }
    try {
      const answer = await (await fetch("saved", { method: "POST", body: file })).json();
      if (answer.error) say(answer.error);
      else follow(answer.query);
    } catch {
      say(NOT_ARRIVED);
    }
  };

  // One line over all pages for what a link or a saved picture asks and we cannot do.
  const arrivals = (element, props, watch, trigger) => {
    const alert = make("p", { className: "studio-alert" });
    alert.setAttribute("role", "alert");
    element.replaceChildren(alert);
    say = (words) => { alert.textContent = words; };
    follow = (query) => trigger("submit", { query });
    watch("value", () => {
      say(props.value.sentence);
      arriving = false;
      keepAddress();
    });
    if (arriving) follow(asked);
  };

  for (const kind of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(kind, (event) => {
      const carries = !event.defaultPrevented && event.dataTransfer?.types.includes("Files");
      document.documentElement.classList.toggle("studio-dropping", carries && kind === "dragover");
      if (!carries) return;
      event.preventDefault();
      if (kind === "drop") open(event.dataTransfer.files[0]);
    });
  }

  // A sheet that a link leads to says so as soon as it is drawn; one that opens with nothing computes its opening.
  const asking = (props, watch, trigger, computes) => {
    const submit = () => trigger("submit", { query: props.value?.query ?? {} });
    watch("value", submit);
    if (props.value || computes) submit();
  };

  // The results of this visit, newest first, each with what changed; they last as long as the page.
  const remember = (element, props, watch, trigger, { place, live, links }) => {
    const row = make("div", { className: "studio-visits", hidden: true, role: "group", aria: { label: "Results of this visit" } });
    const made = [];
    let newest = 0;
    const pictures = (value) => Object.values(value.outputs).flatMap((each) => each?.pictures ?? each?.picture ?? []);
    const restore = async (chosen) => {
      if (element.closest(".studio-sheet").querySelector("progress") && !live) return;
      const held = await Promise.all(pictures(chosen).map(async ({ src }) => (await fetch(src)).ok));
      trigger("select", { made: chosen, held: held.every(Boolean) });
      draw(chosen);
    };
    const draw = (current) => {
      title.hidden = row.hidden = made.length < 2;
      row.replaceChildren(...made.map((each) => {
        const first = Object.values(each.outputs).find((output) => output?.pictures?.length || output?.picture);
        const image = first?.picture ?? first?.pictures.at(-1);
        const thumbnail = button("", () => restore(each), { title: each.words, aria: { label: each.words, pressed: each === current } });
        thumbnail.append(image ? make("img", { src: image.src, alt: "" }) : each.words);
        return thumbnail;
      }));
    };
    const add = () => {
      if (!props.value?.outputs) return;
      // While a hand moves a control, its results are one.
      if (live && performance.now() - newest < 2000) made.shift();
      newest = performance.now();
      const before = made[0];
      const changed = Object.keys(props.value.values)
        .filter((name) => before && JSON.stringify(props.value.values[name]) !== JSON.stringify(before.values[name]));
      const words = changed.map((name) => props.value.written[name]).join(", ");
      made.unshift({ ...props.value, words: words || (before ? "The same again" : "As it opened") });
      made.splice(MOST_VISITS);
      draw(made[0]);
    };
    const bar = make("span", { className: "studio-tools" });
    if (links) bar.append(button("Copy link", (event) => copy(event, written.get(here) ?? place)), opener());
    const title = make("h2", { textContent: "This visit", hidden: true });
    element.replaceChildren(make("section", { className: "studio-history" }, bar, title, row));
    const key = Object.values(place).join("/");
    if (!written.has(key)) written.set(key, place);
    whenSeen(element.closest(".studio-sheet"), key);
    watch("value", add);
    add();
  };

  // When Run gives its place to Cancel, and back, the keyboard stays where it was.
  const status = (element) => new MutationObserver(() => {
    const buttons = [...element.closest(".studio-running").querySelectorAll(".studio-continue, .studio-run, .studio-cancel")];
    if (buttons.includes(document.activeElement)) buttons.find((each) => each.checkVisibility())?.focus();
  }).observe(element, { childList: true, subtree: true });

  const tools = (pictures, current, value) => {
    const download = make("a", { textContent: "Download" });
    const bar = make("span", { className: "studio-tools" }, button("Full size", () => viewer(pictures(), current().caption)), download,
      button("Copy link", (event) => copy(event, value().link)), opener());
    return [bar, () => Object.assign(download, { href: current().file, download: `${current().caption}.png` })];
  };

  // Each kind: (body, name) => update(value); what an update must not lose lives in the closure.
  const kinds = {
    html: (body) => (value) => { body.innerHTML = value.html; },

    comparison: (body) => {
      const under = make("img");
      const over = make("img", { className: "studio-over" });
      const line = make("input", { type: "range", min: 0, max: 100, step: 0.5, value: 50 });
      const frame = make("div", { className: "studio-frame" }, under, over, make("div", { className: "studio-cut" }), line);
      const choices = { left: make("select", { aria: { label: "On the left" } }), right: make("select", { aria: { label: "On the right" } }) };
      const chosen = {};
      let value;
      const picture = (side) => value.pictures.find((each) => each.caption === choices[side].value);
      const [bar, refresh] = tools(() => value.pictures, () => picture("right"), () => value);
      body.append(frame, make("div", { className: "studio-below" }, choices.left, bar, choices.right));
      const cut = () => frame.style.setProperty("--cut", `${line.value}%`);
      const draw = () => {
        frame.classList.toggle("studio-single", choices.left.value === choices.right.value);
        show(over, picture("left"), `${value.label}: ${choices.left.value}`);
        show(under, picture("right"), `${value.label}: ${choices.right.value}`);
        line.setAttribute("aria-label", `Line between ${choices.left.value} and ${choices.right.value}`);
        refresh();
      };
      for (const side of ["left", "right"]) choices[side].onchange = () => { chosen[side] = choices[side].value; draw(); };
      line.oninput = cut;
      cut();
      return (next) => {
        value = next;
        const captions = value.pictures.map((each) => each.caption);
        const wanted = { left: value.left, right: captions.at(-1), ...chosen };
        for (const side of ["left", "right"]) {
          choices[side].replaceChildren(...captions.map((caption) => make("option", { textContent: caption })));
          choices[side].value = captions.includes(wanted[side]) ? wanted[side] : captions.at(side === "left" ? 0 : -1);
        }
        const newest = value.pictures.at(-1);
        frame.style.setProperty("--aspect", newest.width / newest.height);
        body.classList.toggle("studio-alone", captions.length < 2);
        draw();
      };
    },

    attention: (body) => {
      const stage = make("div");
      let value;
      let looked;
      const sharp = (picture) => ({ ...picture, src: picture.file }); // Its pixels are shown, one by one: PNG, not WebP.
      const [bar, refresh] = tools(() => value.pictures.map(sharp), () => looked, () => value);
      body.append(stage, make("div", { className: "studio-below" }, bar));
      const drawn = import("./attention.js").then(({ attend }) => attend(stage, (picture) => { looked = picture; refresh(); }));
      return async (next) => {
        value = next;
        looked ??= value.pictures[0];
        (await drawn)({ label: value.label, pictures: value.pictures.map(sharp) });
      };
    },

    globes: (body) => {
      const stage = make("div");
      let value;
      const pictures = () => value.pictures.filter(({ src }) => src);
      const sheet = body.closest(".studio-sheet");
      const [bar, refresh] = tools(pictures, () => pictures()[0], () => value);
      body.append(stage, make("div", { className: "studio-below" }, bar));
      const drawn = import("./globe.js").then(({ globes }) => {
        const update = globes(stage, (angles) => sheet.dispatchEvent(new CustomEvent("studio:turn", { detail: angles })));
        sheet.addEventListener("studio:turned", ({ detail }) => update.turn(detail));
        return update;
      });
      return async (next) => {
        if (next.pictures.some(({ src }) => src)) { value = next; refresh(); }
        const update = await drawn;
        update(next);
        if (next.turned && !rotating(sheet)) update.turn(next.turned);
        sheet.dispatchEvent(new CustomEvent("studio:shown"));
      };
    },

    hypergraph: (body) => {
      const stage = make("div");
      let value;
      const [bar, refresh] = tools(() => [value.picture], () => value.picture, () => value);
      body.append(stage, make("div", { className: "studio-below" }, bar));
      const drawn = import("./hypergraph.js").then(({ hypergraph }) => hypergraph(stage));
      return async (next) => {
        if (next.picture.src) { value = next; refresh(); }
        (await drawn)(next.picture);
      };
    },

    strip: (body) => {
      const frames = new Map();
      const row = make("div", { className: "studio-strip" });
      body.append(row);
      let pictures = [];
      return (value) => {
        pictures = value.pictures;
        const captions = [...new Set([...value.expected, ...pictures.map((each) => each.caption)])];
        const first = pictures[0] ?? { width: 4, height: 3 };
        row.style.setProperty("--aspect", first.width / first.height);
        row.style.setProperty("--count", value.expected.length ? Math.max(2, captions.length) : 6);
        for (const caption of captions) {
          if (!frames.has(caption)) {
            const image = make("img", { loading: "lazy" });
            const open = button("", () => viewer(pictures, caption), { aria: { label: `${caption}, full size` } });
            open.append(image);
            const figure = make("figure", {}, open, make("figcaption", { textContent: caption }));
            frames.set(caption, { figure, open, image });
            row.append(figure);
          }
          const { open, image } = frames.get(caption);
          const picture = pictures.find((each) => each.caption === caption);
          open.disabled = image.hidden = !picture;
          if (picture) show(image, picture, `${value.label}: ${caption}`);
        }
        for (const [caption, { figure }] of frames) if (!captions.includes(caption)) { figure.remove(); frames.delete(caption); }
      };
    },

    movie: (body) => {
      const film = make("video", { controls: true, loop: true, muted: true, playsInline: true, preload: "metadata" });
      const [movie, gif] = ["MP4", "GIF"].map((kind) => make("a", { textContent: `Download ${kind}` }));
      let value;
      const frame = make("div", { className: "studio-frame" }, film);
      film.onloadedmetadata = () => frame.style.setProperty("--aspect", film.videoWidth / film.videoHeight);
      body.append(frame, make("div", { className: "studio-below" }, make("span", { className: "studio-tools" }, movie, gif,
        button("Copy link", (event) => copy(event, value.link)), opener())));
      return (next) => {
        value = next;
        const { picture } = value;
        film.setAttribute("aria-label", value.label);
        Object.assign(movie, { href: picture.movie, download: `${picture.caption}.mp4` });
        Object.assign(gif, { href: picture.gif, download: `${picture.caption}.gif` });
        if (film.getAttribute("src") !== picture.movie) Object.assign(film, { poster: picture.src, src: picture.movie });
      };
    },

    file: (body) => {
      let value;
      const link = make("a");
      const alert = make("p", { className: "studio-alert" });
      alert.setAttribute("role", "alert");
      const use = button("", async () => {
        const { file, link: { panel }, use: { experiment, control, route } } = value;
        try {
          const answer = await deliver(await (await fetch(file.src)).blob(), route);
          alert.textContent = answer.error ?? "";
          if (!answer.error) follow({ panel, experiment, [control]: answer.upload });
        } catch {
          alert.textContent = NOT_ARRIVED;
        }
      });
      body.append(make("div", { className: "studio-below" }, make("span", { className: "studio-tools" }, link, use)), alert);
      return (next) => {
        value = next;
        const { file } = value;
        Object.assign(link, { href: file.src, download: file.name, textContent: `Download ${file.name} (${(file.size / 1e6).toFixed(1)} MB)` });
        Object.assign(use, { hidden: !value.use, textContent: value.use?.words ?? "" });
      };
    },

    picture: (body, name) => {
      const image = make("img", { draggable: false });
      const mark = make("div", { className: "studio-mark", hidden: true });
      const frame = make("div", { className: "studio-frame" }, image, mark);
      let value;
      const [bar, refresh] = tools(() => [value.picture], () => value.picture, () => value);
      body.append(frame, make("div", { className: "studio-below" }, bar));
      const place = [0.5, 0.5];
      const put = (x, y) => {
        [place[0], place[1]] = [x, y].map((at) => Math.min(1, Math.max(0, at)));
        mark.hidden = false;
        Object.assign(mark.style, { left: `${100 * place[0]}%`, top: `${100 * place[1]}%` });
      };
      const spot = spotted(name);
      const choose = () => spot.choose([...place], dragged);
      const point = (event) => {
        const box = frame.getBoundingClientRect();
        put((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
        choose();
      };
      let dragged = false;
      frame.addEventListener("pointerdown", ({ pointerId }) => {
        dragged = false;
        if (value.clickable && value.live) frame.setPointerCapture(pointerId);
      });
      frame.addEventListener("pointermove", (event) => {
        if (!(value.clickable && value.live && event.buttons)) return;
        dragged = true;
        point(event);
      });
      frame.addEventListener("click", (event) => { if (value.clickable && !dragged) point(event); });
      frame.addEventListener("keydown", (event) => {
        const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
        if (!value.clickable || !(step || event.key === "Enter")) return;
        event.preventDefault();
        dragged = false;
        if (step) put(place[0] + step[0] / 40, place[1] + step[1] / 40);
        else choose();
      });
      spot.show = () => {
        if (spot.at) put(...spot.at);
        else mark.hidden = true;
      };
      return (next) => {
        value = next;
        if (mark.hidden) spot.show();
        frame.style.setProperty("--aspect", value.picture.width / value.picture.height);
        frame.classList.toggle("studio-clickable", value.clickable);
        if (value.clickable) {
          Object.assign(frame, { tabIndex: 0, role: "button" });
          frame.setAttribute("aria-label", `${value.clickable}: arrow keys move the place, Enter chooses it`);
        }
        show(image, value.picture, value.label);
        refresh();
      };
    },
  };

  // Where a hand points on the picture of an output: what the control of that place has, and what it is told.
  const spots = new Map(); // by the name of the output's sheet with its own
  const spotted = (name) => spots.get(name) ?? spots.set(name, {}).get(name);
  const click = (element, props, watch, trigger, name) => {
    const spot = spotted(name);
    const tell = () => { spot.at = props.value; spot.show?.(); };
    spot.choose = (at, moving) => { props.value = at; trigger(moving ? "input" : "submit"); };
    watch("value", tell);
    tell();
  };

  const places = new Map(); // of outputs, by the name of their sheet with their own: what draws a value there
  const output = (element, props, watch, trigger, place) => {
    const body = make("div", { className: "studio-body" });
    const title = make("h2");
    const help = make("p", { className: "studio-help" });
    element.replaceChildren(make("section", { className: "studio-output" }, title, body, help));
    let update;
    const draw = (value) => {
      element.firstChild.hidden = !value;
      if (!value) return;
      update ??= kinds[value.kind](body, place);
      title.textContent = value.label;
      help.textContent = value.help;
      Object.assign(element.firstChild.dataset, { kind: value.kind, run: value.run });
      update(value);
    };
    // What an earlier run made stands back while a newer one fills the sheet.
    watch("value", () => {
      draw(props.value);
      if (!props.value) return;
      for (const section of element.closest(".studio-result").querySelectorAll(".studio-output")) {
        section.classList.toggle("studio-stale", section.dataset.run !== props.value.run);
      }
    });
    draw(props.value);
    places.set(place, draw);
  };

  const own = new Map(); // what was sent in this visit: token to address

  const deliver = async (file, to = "photographs") => {
    const answer = await (await fetch(to, { method: "POST", body: file })).json();
    if (answer.upload) own.set(answer.upload, answer.src);
    return answer;
  };

  // A picture, clip or the like to choose: an example by its name, or a file of the visitor's, which goes to the server
  // at once. What takes minutes of film can be recorded on the page.
  const upload = (element, props, watch, trigger) => {
    const { label, help, examples, optional, paintable, drawable, noun, route, accept, largest, seconds } = props;
    const image = make("img", { alt: "" });
    const words = make("p", { className: "studio-help" });
    const alert = make("p", { className: "studio-alert" });
    alert.setAttribute("role", "alert");
    const file = make("input", { type: "file", accept });
    const offers = make("div", { className: "studio-examples" });
    const choose = (value) => { alert.textContent = ""; props.value = value; draw(); trigger("input"); };
    const draw = () => {
      const chosen = examples.find((each) => each.name === props.value);
      const src = chosen?.src ?? own.get(props.value);
      image.hidden = !src;
      if (src) Object.assign(image, { src, alt: `${label}: ${chosen?.name ?? `your ${noun}`}` });
      words.textContent = chosen?.name ?? (props.value ? `your ${noun}` : "none");
      for (const offer of offers.children) offer.setAttribute("aria-pressed", offer.dataset.name === (props.value ?? ""));
    };
    const send = async (chosen) => {
      if (!chosen) return;
      alert.textContent = "";
      if (chosen.size > largest) { alert.textContent = tooLarge(largest); return; }
      words.textContent = "sending…";
      try {
        const answer = await deliver(chosen, route);
        if (answer.error) { draw(); alert.textContent = answer.error; return; }
        choose(answer.upload);
      } catch {
        draw();
        alert.textContent = NOT_ARRIVED;
      }
    };
    file.onchange = () => { send(file.files[0]); file.value = ""; };
    const record = async () => send(await (await import("./recorder.js")).record(seconds));
    for (const { name, src } of [...(optional ? [{ name: "" }] : []), ...examples]) {
      const offer = button("", () => choose(name), { title: name || "none", dataset: { name }, aria: { label: name || "none" } });
      offer.append(src ? make("img", { src, alt: "", loading: "lazy" }) : "none");
      offers.append(offer);
    }
    const field = make("fieldset", { className: "studio-photo" }, make("legend", { textContent: label, title: help }),
      make("div", { className: "studio-chosen" }, image),
      make("div", {}, make("label", { className: "studio-file" }, file, "Choose a file"),
        ...(seconds ? [button("Record", record, { className: "studio-paint", aria: { label: `Record: ${label}` } })] : []),
        ...(paintable ? [button("Paint", () => trigger("select"), { className: "studio-paint", aria: { label: `Paint: ${label}` } })] : []), words, offers), alert);
    if (drawable) {
      const pad = make("div", { className: "studio-pad" });
      field.firstChild.after(pad);
      import("./sketch.js").then(({ sketch }) => sketch(pad, { label, use: send }));
    }
    for (const kind of ["dragover", "dragleave", "drop"]) {
      field.addEventListener(kind, (event) => {
        event.preventDefault();
        field.classList.toggle("studio-over", kind === "dragover");
        if (kind === "drop") send(event.dataTransfer.files[0]);
      });
    }
    field.addEventListener("paste", (event) => send(event.clipboardData.files[0]));
    element.replaceChildren(field);
    watch("value", draw);
    draw();
  };

  // Regions are painted in a dialog; its promise is kept when it closes. A mask must be had as it is: PNG, not WebP.
  const unchanged = { __type__: "update" };
  const maskAddress = (value, examples) => (examples[value] ?? own.get(value))?.replace(".webp", ".png");

  const paint = async ({ pictures, matching, palette }, values) => {
    const painter = await import("./painter.js");
    const body = make("div");
    const alert = make("p", { className: "studio-alert" });
    alert.setAttribute("role", "alert");
    const title = make("h2", { textContent: pictures.length > 1 ? "Paint regions: a colour is the same region in each picture" : "Paint regions" });
    const dialog = make("dialog", { className: "studio-painter", aria: { label: "Paint regions" } }, title, body, alert);
    document.body.append(dialog);
    dialog.showModal();
    return new Promise((resolve) => {
      let chosen = pictures.map(() => unchanged);
      dialog.onclose = () => { dialog.remove(); resolve(chosen); };
      painter.paint(body, {
        pictures: pictures.map(({ label, photographs, masks }, number) => ({
          label,
          photograph: photographs[values[number]] ?? own.get(values[number]),
          mask: maskAddress(values[pictures.length + number], masks),
        })),
        palette,
        matching: matching && { fewest: matching.fewest, coarsest: matching.coarsest, largestRatio: matching.largest_ratio, longest: values.at(-1) },
        use: async (files) => {
          try {
            const answers = await Promise.all(files.map((file) => file && deliver(file)));
            const refused = answers.find((answer) => answer?.error);
            if (refused) { alert.textContent = refused.error; return; }
            chosen = answers.map((answer) => answer && answer.upload);
            dialog.close();
          } catch {
            alert.textContent = "The regions did not reach the studio; try once more.";
          }
        },
        cancel: () => dialog.close(),
      });
    });
  };

  // A mask stays only on a photograph of its shape.
  const fitting = async ({ label, photographs, masks }, photograph, mask) => {
    const [below, above] = [photographs[photograph] ?? own.get(photograph), maskAddress(mask, masks)];
    if (!below || !above) return [unchanged, unchanged];
    const { load, fits } = await import("./painter.js");
    const images = await Promise.all([load(above), load(below)]);
    if (images.includes(null) || fits(...images)) return [unchanged, unchanged];
    return [null, `<p>${label}: the new photograph has another shape than its regions, which were dropped.</p>`];
  };

  // What random draws start from, and a button that draws another.
  const seed = (element, props, watch, trigger) => {
    const { label, help, limit } = props;
    const id = `seed-${Math.random().toString(36).slice(2)}`;
    const number = make("input", { id, type: "number", min: 0, max: limit, step: 1 });
    const choose = (value) => { props.value = value; draw(); trigger("input"); };
    const draw = () => { if (number.value !== String(props.value)) number.value = props.value; };
    number.oninput = () => choose(number.value);
    const dice = button("New", () => choose(Math.floor(Math.random() * (limit + 1))), { title: "Draw another", aria: { label: `New ${label.toLowerCase()}` } });
    element.replaceChildren(make("div", { className: "studio-seed" }, make("label", { htmlFor: id, textContent: label }),
      make("p", { className: "studio-help", textContent: help }), make("span", {}, number, dice)));
    watch("value", draw);
    draw();
  };

  // Three angles, which sliders set, or a hand that drags the globes of the same sheet.
  const PATIENCE = 40; // milliseconds
  const turning = new WeakMap(); // of a sheet: when a hand last turned something
  const rotating = (sheet) => performance.now() - (turning.get(sheet) ?? -Infinity) < 2000;
  const rotation = (element, props, watch, trigger) => {
    const { label, help, bounds } = props;
    const sheet = element.closest(".studio-sheet");
    const rows = bounds.map(([name, low, high]) => {
      const slider = make("input", { type: "range", min: low, max: high, step: 1, aria: { label: `${label}: ${name}, degrees` } });
      const field = make("input", { type: "number", min: low, max: high, step: 0.1, aria: { label: `${label}: ${name}, as a number` } });
      for (const input of [slider, field]) input.oninput = () => input.value !== "" && input.checkValidity() && choose(rows.map((row) => Number((row.slider === slider ? input : row.field).value)));
      return { slider, field, row: make("div", {}, make("span", { textContent: name }), slider, field) };
    });
    const tell = () => sheet.dispatchEvent(new CustomEvent("studio:turned", { detail: props.value }));
    const choose = (angles, told = false) => {
      turning.set(sheet, performance.now());
      props.value = angles;
      draw();
      if (!told) tell();
      ask();
    };
    // What a hand passes through is not asked for while an answer is awaited.
    let asked = -Infinity;
    let later;
    const ask = () => {
      clearTimeout(later);
      if (performance.now() - asked < PATIENCE) { later = setTimeout(ask, PATIENCE); return; }
      asked = performance.now();
      trigger("input");
    };
    sheet.addEventListener("studio:shown", () => {
      asked = -Infinity;
      if (later) ask();
      later = null;
    });
    const draw = () => rows.forEach(({ slider, field }, place) => {
      slider.value = props.value[place];
      if (Number(field.value) !== props.value[place] || field.value === "") field.value = props.value[place];
    });
    const back = button("Turn back", () => choose([0, 0, 0]));
    sheet.addEventListener("studio:turn", ({ detail }) => choose(detail, true));
    element.replaceChildren(make("fieldset", { className: "studio-rotation" }, make("legend", { textContent: label }),
      make("p", { className: "studio-help", textContent: help }), ...rows.map(({ row }) => row), back));
    watch("value", () => { draw(); tell(); });
    draw();
  };

  // A class of pictures, by its name: of a few in a list, of many by typing a part of it.
  const FEW_CLASSES = 20;
  const imageClass = (element, props, watch, trigger) => {
    const { label, help } = props;
    const sets = JSON.parse(props.sets);
    const id = `class-${Math.random().toString(36).slice(2)}`;
    const choose = (value) => { if (value !== props.value) { props.value = value; draw(); trigger("input"); } };
    let names;
    const list = (known) => {
      names = known;
      const options = names.map((name) => make("option", { value: name, textContent: name }));
      if (names.length <= FEW_CLASSES) return make("select", { id, onchange: ({ target }) => choose(target.value) }, ...options);
      const field = make("input", { id, type: "search", autocomplete: "off", spellcheck: false });
      field.setAttribute("list", `${id}-names`);
      field.onfocus = () => field.select();
      field.oninput = () => { if (names.includes(field.value)) choose(field.value); };
      field.onchange = () => field.value.trim() ? choose(field.value.trim()) : draw();
      return make("span", {}, field, make("datalist", { id: `${id}-names` }, ...options));
    };
    const draw = () => {
      const known = sets.find((set) => set.includes(props.value)) ?? names ?? sets[0];
      if (known !== names) {
        element.replaceChildren(make("div", { className: "studio-class" }, make("label", { htmlFor: id, textContent: label }),
          make("p", { className: "studio-help", textContent: known.length > FEW_CLASSES ? `${help} Type a part of one of ${known.length.toLocaleString()} names.` : help }), list(known)));
      }
      const field = element.querySelector(`#${id}`);
      if (field.value !== props.value) field.value = props.value;
    };
    watch("value", draw);
    draw();
  };

  // Which checkpoint computes, what it is, whether it is here; what is not can be downloaded, which goes on without the page.
  const checkpoint = (element, props, watch, trigger) => {
    const { label, help, options } = props;
    const group = `checkpoint-${Math.random().toString(36).slice(2)}`;
    const rows = options.map(({ name, badge, facts }) => {
      const radio = make("input", { type: "radio", name: group, onchange: () => { props.value = name; draw(); trigger("input"); } });
      const words = make("span");
      const bar = make("progress", { hidden: true, max: 1, aria: { label: `Download of ${badge}` } });
      const act = button("", () => tell({ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ action: act.textContent }) }), { hidden: true });
      const row = make("div", {}, make("label", {}, radio, badge), make("p", { className: "studio-help", textContent: facts }),
        make("p", { className: "studio-help" }, words, " ", act), bar);
      let next;
      const tell = async (request) => {
        clearTimeout(next);
        try {
          const state = await (await fetch(`checkpoints/${name}`, request)).json();
          words.textContent = state.words;
          act.textContent = state.action ?? "";
          act.setAttribute("aria-label", `${state.action}: ${badge}`);
          act.hidden = !state.action;
          bar.hidden = state.fraction === null;
          bar.value = state.fraction ?? 0;
          // A run may ask for what is not here.
          if (state.action && (radio.checked || state.fraction !== null)) next = setTimeout(watched, 1000);
        } catch {
          next = setTimeout(watched, 5000);
        }
      };
      const watched = () => element.checkVisibility() ? tell() : (next = setTimeout(watched, 1000));
      return { name, radio, row, tell };
    });
    const draw = () => {
      for (const { name, radio, tell } of rows) {
        radio.checked = name === props.value;
        tell();
      }
    };
    element.replaceChildren(make("fieldset", { className: "studio-checkpoints" }, make("legend", { textContent: label, title: help }), ...rows.map(({ row }) => row)));
    watch("value", draw);
    draw();
  };

  // Buttons that name what they choose: presets, and the rows of the front page.
  const choices = (element, trigger) => {
    const survey = element.querySelector(".studio-survey");
    if (survey) whenSeen(survey, "");
    element.addEventListener("click", (event) => {
      const chosen = event.target.closest("[data-choice]");
      if (!chosen) return;
      if (!survey) for (const each of element.querySelectorAll("[data-choice]")) each.setAttribute("aria-pressed", each === chosen);
      trigger("select", { choice: chosen.dataset.choice });
    });
  };

  // A camera or a page of ours (live.js): what it measured goes to Python, the controls' values go to it.
  const live = (element, trigger) => {
    element.addEventListener("studio:answer", (event) => trigger("submit", { answer: event.detail }));
    element.addEventListener("studio:outputs", (event) => trigger("change", { outputs: event.detail }));
  };

  // A job's name outlives the page: after a reload the same browser finds the job that it started.
  const job = (element, props, watch, trigger, id) => {
    const key = `studio-job-${id}`;
    watch("value", () => props.value ? localStorage.setItem(key, JSON.stringify(props.value)) : localStorage.removeItem(key));
    const kept = keptJob(id);
    const same = () => JSON.stringify(kept.query) === JSON.stringify(asked);
    // A link to other values than the job's goes before it.
    if (!kept || inPlace(asked, id) && !same()) return;
    props.value = kept;
    trigger("submit");
  };

  const controls = (id, names, values) => {
    const detail = Object.fromEntries(names.map((name, at) => [name, values[at]]));
    document.querySelector(`#${id} :is(.studio-stream, .studio-view)`)?.dispatchEvent(new CustomEvent("studio:controls", { detail }));
  };

  // A moved control of a live experiment is answered by our own route; once all rest, Gradio's run follows.
  const REST = 250;
  let holding = false; // a globe or a place, whose move has not ended while the hand pauses
  for (const kind of ["pointerdown", "pointerup", "pointercancel"]) {
    addEventListener(kind, ({ target }) => { holding = kind === "pointerdown" && Boolean(target.closest?.(".globe-stage, .studio-clickable")); }, true);
  }
  const sheets = new Map();
  const rested = (id, route, trigger) => sheets.set(id, { route, trigger });
  const move = (id, names, values) => {
    const sheet = sheets.get(id);
    sheet.values = JSON.stringify(Object.fromEntries(names.map((name, at) => [name, values[at]])));
    clearTimeout(sheet.timer);
    const rest = () => {
      if (holding) { sheet.timer = setTimeout(rest, REST); return; }
      sheet.values = null;
      if (sheet.socket.readyState === WebSocket.OPEN) sheet.socket.send("null");
      sheet.trigger("submit");
    };
    sheet.timer = setTimeout(rest, REST);
    if (sheet.socket?.readyState === WebSocket.OPEN) sheet.socket.send(sheet.values);
    if (sheet.socket && sheet.socket.readyState <= WebSocket.OPEN) return;
    sheet.socket = new WebSocket(new URL(sheet.route, location.href).href.replace(/^http/, "ws"));
    sheet.socket.onopen = () => sheet.values && sheet.socket.send(sheet.values);
    sheet.socket.onmessage = ({ data }) => {
      if (!sheet.values) return; // Gradio's run has the word.
      for (const [name, value] of Object.entries(JSON.parse(data))) places.get(`${id}-${name}`)?.(value);
    };
  };

  const showMemory = async () => {
    const body = make("div", { innerHTML: await (await fetch("memory")).text() });
    const dialog = make("dialog", { className: "studio-loaded", aria: { label: "What is in memory" } }, make("h2", { textContent: "What is in memory" }),
      body, button("Close", () => dialog.close()));
    dialog.onclose = () => dialog.remove();
    document.querySelector(".gradio-container").append(dialog);
    dialog.showModal();
  };

  // Gradio loads its page about the endpoints only for the button in its footer, which is not shown.
  document.addEventListener("click", (event) => {
    if (event.target.closest(".studio-memory")) showMemory();
    if (event.target.closest(".studio-endpoints")) document.querySelector("footer button.show-api").click();
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") document.querySelector(".api-docs .backdrop")?.click();
    if (!(event.key === "Enter" && (event.ctrlKey || event.metaKey))) return;
    [...document.querySelectorAll("button.studio-run")].find((each) => each.offsetParent)?.click();
  });

  return { arrivals, address, asked: asking, history: remember, status, seed, rotation, click, imageClass, checkpoint, output, upload, paint, fitting, choices, live, job, controls, move, rested };
})();
