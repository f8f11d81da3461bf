// What is looked at, kept in the address so that it can be sent.

const state = {
  view: 0,
  colour: study.colour,
  class: -1,
  superclass: -1,
  verdicts: study.methods.map(() => "any"),
  from: study.methods.indexOf(study.students[0]),
  to: study.methods.indexOf(study.students[1]),
  mix: 1,
  layer: LAYERS - 1,
  picked: -1,
  neighbourLayer: LAYERS - 1,
  selected: [],
};
const INITIAL = structuredClone(state);

const view = () => study.views[state.view];

// A view that is there, and has as much in common with the wanted one as can be; above all, what
// the reader chose.
function nearestView(wanted) {
  const keys = ["embedding", "budget", "fold"];
  const agreement = candidate =>
    keys.reduce((sum, key, i) => sum + (candidate[key] === wanted[key]) * (8 >> i), 0) +
    16 * (candidate[wanted.first] === wanted[wanted.first]);
  return study.views.reduce(
    (best, candidate, i) => agreement(candidate) > agreement(study.views[best]) ? i : best, 0);
}

// A bit for each image, in the characters that addresses leave alone.
function packed(images) {
  const bits = new Uint8Array(Math.ceil((Math.max(-1, ...images.slice(-1)) + 1) / 8));
  for (const image of images) bits[image >> 3] |= 1 << (image & 7);
  let text = "";
  for (const byte of bits) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function unpacked(text) {
  const images = [];
  let bytes = "";
  try {
    bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  } catch {
    return images;
  }
  for (let i = 0; i < Math.min(COUNT, 8 * bytes.length); i++)
    if (bytes.charCodeAt(i >> 3) >> (i & 7) & 1) images.push(i);
  return images;
}

// All by name, so that a page with other methods, layers or images takes nothing for something else.
function stateAsText() {
  const {embedding, budget, fold} = view();
  const words = new URLSearchParams({embedding, budget, fold, colour: state.colour});
  if (state.class >= 0) words.set("class", study.classes[state.class].name);
  if (state.superclass >= 0) words.set("superclass", study.superclasses[state.superclass].name);
  state.verdicts.forEach((wanted, m) => wanted !== "any" && words.append(wanted, study.methods[m]));
  const low = Math.floor(state.layer), part = state.layer - low;
  words.set("from", study.methods[state.from]);
  words.set("to", study.methods[state.to]);
  words.set("mix", state.mix);
  words.set("layer", study.layers[low]);
  if (part) {
    words.set("toward", study.layers[low + 1]);
    words.set("part", part);
  }
  words.set("neighbours", study.layers[state.neighbourLayer]);
  if (state.picked >= 0) words.set("image", study.ids[state.picked]);
  if (state.selected.length) words.set("selected", `${study.imagesDigest}.${packed(state.selected)}`);
  return words.toString();
}

// Take over what the address says. What it does not say is as at first, and so is what is not
// here, which is shown.
function readState(text) {
  const words = new URLSearchParams(text);
  const absent = [];
  const place = (key, names, otherwise, word = words.get(key)) => {
    if (!word) return otherwise;
    const found = names.indexOf(word);
    if (found < 0) absent.push(`${key} ${word}`);
    return found < 0 ? otherwise : found;
  };
  const share = key => {
    const value = Number(words.get(key) || NaN);
    return value >= 0 && value <= 1 ? value : null;
  };
  Object.assign(state, structuredClone(INITIAL));
  const first = study.views[0];
  state.view = nearestView({
    embedding: words.get("embedding") ?? first.embedding,
    budget: Number(words.get("budget") ?? first.budget),
    fold: Number(words.get("fold") ?? first.fold),
  });
  // The nearest view may be another than the one that is asked for.
  for (const key of ["embedding", "budget", "fold"]) place(key, [String(view()[key])], 0);
  const colours = [...control("colour").options].map(option => option.value);
  state.colour = colours[place("colour", colours, -1)] ?? state.colour;
  state.class = place("class", study.classes.map(({name}) => name), -1);
  state.superclass = place("superclass", study.superclasses.map(({name}) => name), -1);
  for (const wanted of ["right", "wrong"])
    for (const name of words.getAll(wanted)) {
      const method = place(wanted, study.methods, -1, name);
      if (method >= 0) state.verdicts[method] = wanted;
    }
  state.from = place("from", study.methods, state.from);
  state.to = place("to", study.methods, state.to);
  state.mix = share("mix") ?? state.mix;
  state.layer = place("layer", study.layers, state.layer);
  if (words.has("layer") && place("toward", study.layers, -1) === state.layer + 1)
    state.layer += share("part") ?? 0;
  state.neighbourLayer = place("neighbours", study.layers, state.neighbourLayer);
  state.picked = place("image", study.ids, -1);
  const [digest, bits] = (words.get("selected") ?? "").split(".");
  if (bits && digest !== study.imagesDigest) absent.push("a selection of other images");
  else if (bits) state.selected = unpacked(bits);
  control("unknown").textContent = absent.length ? `Not in this file, and left out: ${absent.join(", ")}.` : "";
}

let writing = 0;

// Browsers refuse hundreds of changes of the address in a few seconds.
function writeState() {
  clearTimeout(writing);
  writing = setTimeout(() => history.replaceState(null, "", `#${stateAsText()}`), 150);
}
