// What the Gradio face draws itself. Every gr.HTML of ours hands its element over once; afterwards only its value changes,
// so that a new partial result leaves the line, the choices and an open picture where the visitor put them.
window.studio = (() => {
  const LARGEST_FILE = 32_000_000; // bytes; the server refuses more, this only says so before they are sent

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

  const tools = (pictures, current) => {
    const download = make("a", { textContent: "Download" });
    const bar = make("span", { className: "studio-tools" }, button("Full size", () => viewer(pictures(), current().caption)), download);
    return [bar, () => Object.assign(download, { href: current().file, download: `${current().caption}.png` })];
  };

  // Each kind: (body, trigger) => update(value); what an update must not lose lives in the closure.
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
      const [bar, refresh] = tools(() => value.pictures, () => picture("right"));
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
        row.style.setProperty("--count", Math.max(2, captions.length));
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

    picture: (body, trigger) => {
      const image = make("img");
      const mark = make("div", { className: "studio-mark", hidden: true });
      const frame = make("div", { className: "studio-frame" }, image, mark);
      let value;
      const [bar, refresh] = tools(() => [value.picture], () => value.picture);
      body.append(frame, make("div", { className: "studio-below" }, bar));
      const place = [0.5, 0.5];
      const put = (x, y) => {
        [place[0], place[1]] = [x, y].map((at) => Math.min(1, Math.max(0, at)));
        mark.hidden = false;
        Object.assign(mark.style, { left: `${100 * place[0]}%`, top: `${100 * place[1]}%` });
      };
      const choose = () => trigger("select", { place: [...place] });
      frame.addEventListener("click", (event) => {
        if (!value.clickable) return;
        const box = frame.getBoundingClientRect();
        put((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
        choose();
      });
      frame.addEventListener("keydown", (event) => {
        const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
        if (!value.clickable || !(step || event.key === "Enter")) return;
        event.preventDefault();
        if (step) put(place[0] + step[0] / 40, place[1] + step[1] / 40);
        else choose();
      });
      return (next) => {
        value = next;
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

  const output = (element, props, watch, trigger) => {
    const body = make("div", { className: "studio-body" });
    const title = make("h3");
    const help = make("p", { className: "studio-help" });
    element.replaceChildren(make("section", { className: "studio-output" }, title, body, help));
    let update;
    const draw = () => {
      const value = props.value;
      element.firstChild.hidden = !value;
      if (!value) return;
      update ??= kinds[value.kind](body, trigger);
      title.textContent = value.label;
      help.textContent = value.help;
      Object.assign(element.firstChild.dataset, { kind: value.kind, run: value.run });
      update(value);
    };
    // What an earlier run made stands back while a newer one fills the sheet.
    watch("value", () => {
      draw();
      if (!props.value) return;
      for (const section of element.closest(".studio-result").querySelectorAll(".studio-output")) {
        section.classList.toggle("studio-stale", section.dataset.run !== props.value.run);
      }
    });
    draw();
  };

  // A picture to choose: an example by its name, or a file of the visitor's, which goes to the server at once.
  const photo = (element, props, watch, trigger) => {
    const { label, help, examples, optional } = props;
    const image = make("img", { alt: "" });
    const words = make("p", { className: "studio-help" });
    const alert = make("p", { className: "studio-alert" });
    alert.setAttribute("role", "alert");
    const file = make("input", { type: "file", accept: "image/*" });
    const offers = make("div", { className: "studio-examples" });
    const own = new Map(); // what was sent in this visit: token to address
    const choose = (value) => { alert.textContent = ""; props.value = value; draw(); trigger("input"); };
    const draw = () => {
      const chosen = examples.find((each) => each.name === props.value);
      const src = chosen?.src ?? own.get(props.value);
      image.hidden = !src;
      if (src) Object.assign(image, { src, alt: `${label}: ${chosen?.name ?? "your picture"}` });
      words.textContent = chosen?.name ?? (props.value ? "your picture" : "none");
      for (const offer of offers.children) offer.setAttribute("aria-pressed", offer.dataset.name === (props.value ?? ""));
    };
    const send = async (chosen) => {
      if (!chosen) return;
      alert.textContent = "";
      if (chosen.size > LARGEST_FILE) { alert.textContent = `The file is larger than ${LARGEST_FILE / 1e6} MB; choose a smaller one.`; return; }
      words.textContent = "sending…";
      try {
        const answer = await (await fetch("photographs", { method: "POST", body: chosen })).json();
        if (answer.error) { draw(); alert.textContent = answer.error; return; }
        own.set(answer.photograph, answer.src);
        choose(answer.photograph);
      } catch {
        draw();
        alert.textContent = "The file did not reach the studio; try once more.";
      }
    };
    file.onchange = () => { send(file.files[0]); file.value = ""; };
    for (const { name, src } of [...(optional ? [{ name: "" }] : []), ...examples]) {
      const offer = button("", () => choose(name), { title: name || "none", dataset: { name }, aria: { label: name || "none" } });
      offer.append(src ? make("img", { src, alt: "", loading: "lazy" }) : "none");
      offers.append(offer);
    }
    const field = make("fieldset", { className: "studio-photo" }, make("legend", { textContent: label, title: help }),
      make("div", { className: "studio-chosen" }, image),
      make("div", {}, make("label", { className: "studio-file" }, file, "Choose a file"), words, offers), alert);
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

  // Buttons that name what they choose: presets, and the rows of the front page.
  const choices = (element, trigger) => element.addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-choice]");
    if (!chosen) return;
    for (const each of element.querySelectorAll("[data-choice]")) each.setAttribute("aria-pressed", each === chosen);
    trigger("select", { choice: chosen.dataset.choice });
  });

  // A camera or a page of ours (live.js): what it measured goes to Python, the controls' values go to it.
  const live = (element, trigger) => {
    element.addEventListener("studio:answer", (event) => trigger("submit", { answer: event.detail }));
    element.addEventListener("studio:outputs", (event) => trigger("change", { outputs: event.detail }));
  };

  // A job's name outlives the page: after a reload the same browser finds the job that it started.
  const job = (element, props, watch, trigger, id) => {
    const key = `studio-job-${id}`;
    watch("value", () => props.value ? localStorage.setItem(key, JSON.stringify(props.value)) : localStorage.removeItem(key));
    const kept = localStorage.getItem(key);
    if (!kept) return;
    props.value = JSON.parse(kept);
    trigger("submit");
  };

  const controls = (id, names, values) => {
    const detail = Object.fromEntries(names.map((name, at) => [name, values[at]]));
    document.querySelector(`#${id} :is(.studio-stream, .studio-view)`)?.dispatchEvent(new CustomEvent("studio:controls", { detail }));
  };

  // Gradio loads its page about the endpoints only for the button in its footer, which is not shown.
  document.addEventListener("click", (event) => {
    if (event.target.closest(".studio-endpoints")) document.querySelector("footer button.show-api").click();
  });

  document.addEventListener("keydown", (event) => {
    if (!(event.key === "Enter" && (event.ctrlKey || event.metaKey))) return;
    [...document.querySelectorAll("button.studio-run")].find((each) => each.offsetParent)?.click();
  });

  return { output, photo, choices, live, job, controls };
})();
