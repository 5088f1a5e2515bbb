// What can be told from how the controls of an experiment stand.

/** A control's value as a text: some have numbers as what was typed, and null or nothing for none. */
export const plain = (value) => (typeof value === "object" && value ? JSON.stringify(value) : String(value ?? ""));

/** Whether a control has an effect while all stand so: as in Experiment.acts of studio/declared.py. */
export const acts = (name, where, stand) =>
  !where[name] ||
  Object.entries(where[name]).some(([other, wanted]) => {
    const has = typeof wanted === "boolean" ? isOn(stand[other]) === wanted : wanted.includes(stand[other]);
    return has && acts(other, where, stand);
  });

const isOn = (value) => Boolean(value) && value !== "0";

/** Whether the controls stand as a preset puts them; a visitor's own file may stay. */
export const holds = (preset, { defaults, files }, stand, isOwn) =>
  Object.keys(defaults).every(
    (name) =>
      (!(name in preset) && files[name] && isOwn(stand[files[name]])) ||
      plain(stand[name]) === plain({ ...defaults, ...preset }[name]),
  );
