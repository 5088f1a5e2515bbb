// What draws each kind of output: (body, name) => update(value); what an update must not lose lives in the closure.

import { wipe } from "../comparison.js";
import { button, make } from "../dom.js";
import { pointed } from "../place.js";
import { follow } from "../places.js";
import { deliver, NOT_ARRIVED } from "./files.js";
import { byModule, load } from "./load.js";
import { copy, opener, show, tellOfOwn, tools, viewer } from "./pictures.js";
import { rotating } from "./rotation.js";
import { spotted } from "./spots.js";

/** Give a frame, and the block in which it stands, the proportion of what it shows. */
const shape = (frame, aspect) => {
  for (const each of [frame, frame.closest(".block")]) each?.style.setProperty("--aspect", String(aspect));
};

export const kinds = {
  // A kind that brings a module of its own; see studio/kinds/kind.py.
  module: (body) => {
    let drawn;
    return async (value) => {
      drawn ??= byModule(value.module, (draw) => draw(body, value.properties));
      (await drawn)(value);
    };
  },

  html: (body) => (value) => {
    body.innerHTML = value.html;
  },

  curves: (body) => {
    const drawn = load("curves").then(({ draw }) => draw(body));
    return async (value) => (await drawn)(value);
  },

  plate: (body) => {
    const drawn = load("plate").then(({ draw }) => draw(body));
    return async (value) => (await drawn)(value);
  },

  comparison: (body) => {
    const choices = {
      left: make("select", { aria: { label: "On the left" } }),
      right: make("select", { aria: { label: "On the right" } }),
    };
    const chosen = {};
    let value;
    const { frame, update } = wipe((image, picture) => show(image, picture, `${value.label}: ${picture.caption}`));
    const picture = (side) => value.pictures.find((each) => each.caption === choices[side].value);
    const [bar, refresh] = tools(
      () => value.pictures,
      () => picture("right"),
      () => value,
    );
    body.append(frame, make("div", { className: "studio-below" }, choices.left, bar, choices.right));
    const draw = () => {
      update(picture("left"), picture("right"));
      refresh();
    };
    for (const side of ["left", "right"])
      choices[side].onchange = () => {
        chosen[side] = choices[side].value;
        draw();
      };
    return (next) => {
      value = next;
      const captions = value.pictures.map((each) => each.caption);
      const wanted = { left: value.left, right: captions.at(-1), ...chosen };
      for (const side of ["left", "right"]) {
        choices[side].replaceChildren(...captions.map((caption) => make("option", { textContent: caption })));
        choices[side].value = captions.includes(wanted[side]) ? wanted[side] : captions.at(side === "left" ? 0 : -1);
      }
      const newest = value.pictures.at(-1);
      shape(frame, newest.width / newest.height);
      body.classList.toggle("studio-alone", captions.length < 2);
      draw();
    };
  },

  attention: (body) => {
    const stage = make("div");
    let value;
    let looked;
    const sharp = (picture) => ({ ...picture, src: picture.file }); // Its pixels are shown, one by one: PNG, not WebP.
    const [bar, refresh] = tools(
      () => value.pictures.map(sharp),
      () => looked,
      () => value,
    );
    body.append(stage, make("div", { className: "studio-below" }, bar));
    const drawn = load("attention").then(({ attend }) =>
      attend(stage, (picture) => {
        looked = picture;
        refresh();
      }),
    );
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
    const [bar, refresh] = tools(
      pictures,
      () => pictures()[0],
      () => value,
    );
    body.append(stage, make("div", { className: "studio-below" }, bar));
    const drawn = load("globe").then(({ globes }) => {
      const update = globes(stage, (angles) => sheet.dispatchEvent(new CustomEvent("studio:turn", { detail: angles })));
      sheet.addEventListener("studio:turned", ({ detail }) => update.turn(detail));
      return update;
    });
    return async (next) => {
      if (next.pictures.some(({ src }) => src)) {
        value = next;
        refresh();
      }
      const update = await drawn;
      update(next);
      if (next.turned && !rotating(sheet)) update.turn(next.turned);
      sheet.dispatchEvent(new CustomEvent("studio:shown"));
    };
  },

  hypergraph: (body) => {
    const stage = make("div");
    let value;
    const [bar, refresh] = tools(
      () => [value.picture],
      () => value.picture,
      () => value,
    );
    body.append(stage, make("div", { className: "studio-below" }, bar));
    const drawn = load("hypergraph").then(({ hypergraph }) => hypergraph(stage));
    return async (next) => {
      if (next.picture.src) {
        value = next;
        refresh();
      }
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
      row.style.setProperty("--aspect", String(first.width / first.height));
      row.style.setProperty("--count", String(value.expected.length ? Math.max(2, captions.length) : 6));
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
      for (const [caption, { figure }] of frames)
        if (!captions.includes(caption)) {
          figure.remove();
          frames.delete(caption);
        }
    };
  },

  movie: (body) => {
    const film = make("video", { controls: true, loop: true, muted: true, playsInline: true, preload: "metadata" });
    const onclick = ({ target }) => tellOfOwn(target.parentElement, value.link);
    const [movie, gif] = ["MP4", "GIF"].map((kind) => make("a", { textContent: `Download ${kind}`, onclick }));
    let value;
    const frame = make("div", { className: "studio-frame" }, film);
    film.onloadedmetadata = () => shape(frame, film.videoWidth / film.videoHeight);
    body.append(
      frame,
      make(
        "div",
        { className: "studio-below" },
        make(
          "span",
          { className: "studio-tools" },
          movie,
          gif,
          button("Copy link", (event) => copy(event, value.link)),
          opener(),
        ),
      ),
    );
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
      const {
        file,
        link: { panel },
        use: { experiment, control, route },
      } = value;
      try {
        const answer = await deliver(await (await fetch(file.src)).blob(), route);
        alert.textContent = answer.error ?? "";
        if (!answer.error) follow({ panel, experiment, [control]: answer.upload });
      } catch {
        alert.textContent = NOT_ARRIVED;
      }
    });
    body.append(
      make("div", { className: "studio-below" }, make("span", { className: "studio-tools" }, link, use)),
      alert,
    );
    return (next) => {
      value = next;
      const { file } = value;
      Object.assign(link, {
        href: file.src,
        download: file.name,
        textContent: `Download ${file.name} (${(file.size / 1e6).toFixed(1)} MB)`,
      });
      Object.assign(use, { hidden: !value.use, textContent: value.use?.words ?? "" });
    };
  },

  picture: (body, name) => {
    const image = make("img", { draggable: false });
    const frame = make("div", { className: "studio-frame" }, image);
    let value;
    const [bar, refresh] = tools(
      () => [value.picture],
      () => value.picture,
      () => value,
    );
    body.append(frame, make("div", { className: "studio-below" }, bar));
    const spot = spotted(name);
    const place = pointed(frame, {
      isOn: () => Boolean(value.clickable),
      isLive: () => value.live,
      choose: (at, moves) => spot.choose(at, moves),
    });
    spot.show = () => place.show(spot.at);
    return (next) => {
      value = next;
      if (!place.isMarked()) spot.show();
      shape(frame, value.picture.width / value.picture.height);
      frame.classList.toggle("studio-clickable", Boolean(value.clickable));
      if (value.clickable) place.name(value.clickable);
      show(image, value.picture, value.label);
      refresh();
    };
  },
};
