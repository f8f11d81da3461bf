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

// A view that is there, and has as much in common with the wanted one as can be.
function nearestView(wanted) {
  const keys = ["embedding", "budget", "fold"];
  const agreement = candidate =>
    keys.reduce((sum, key, i) => sum + (candidate[key] === wanted[key]) * (8 >> i), 0) +
    8 * (candidate[wanted.first] === wanted[wanted.first]);
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
  const bytes = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const images = [];
  for (let i = 0; i < Math.min(COUNT, 8 * bytes.length); i++)
    if (bytes.charCodeAt(i >> 3) >> (i & 7) & 1) images.push(i);
  return images;
}

function stateAsText() {
  const {embedding, budget, fold} = view();
  const words = new URLSearchParams({embedding, budget, fold, colour: state.colour});
  if (state.class >= 0) words.set("class", state.class);
  if (state.superclass >= 0) words.set("superclass", state.superclass);
  if (state.verdicts.some(wanted => wanted !== "any"))
    words.set("predictions", state.verdicts.map(wanted => wanted[0]).join(""));
  words.set("stage", [state.from, state.to, state.mix, state.layer].join("_"));
  words.set("neighbours", state.neighbourLayer);
  if (state.picked >= 0) words.set("image", study.ids[state.picked]);
  if (state.selected.length) words.set("selected", packed(state.selected));
  return words.toString();
}

// Take over what the address says; what it does not say, or says wrongly, is as at first.
function readState(text) {
  const words = new URLSearchParams(text);
  const number = (name, below) => {
    const value = Number(words.get(name) ?? NaN);
    return Number.isInteger(value) && value >= 0 && value < below ? value : -1;
  };
  Object.assign(state, structuredClone(INITIAL));
  state.view = nearestView({
    embedding: words.get("embedding") ?? study.views[0].embedding,
    budget: Number(words.get("budget") ?? study.views[0].budget),
    fold: Number(words.get("fold") ?? study.views[0].fold),
  });
  if (["class", "superclass", "correct", "shared"].includes(words.get("colour")))
    state.colour = words.get("colour");
  state.class = number("class", study.classes.length);
  state.superclass = number("superclass", study.superclasses.length);
  const verdicts = {a: "any", r: "right", w: "wrong"};
  const wanted = [...words.get("predictions") ?? ""].map(letter => verdicts[letter]);
  if (wanted.length === METHODS && wanted.every(Boolean)) state.verdicts = wanted;
  const [from, to, mix, layer] = (words.get("stage") ?? "").split("_").map(Number);
  if (study.methods[from] !== undefined && study.methods[to] !== undefined &&
      mix >= 0 && mix <= 1 && layer >= 0 && layer <= LAYERS - 1)
    Object.assign(state, {from, to, mix, layer});
  if (number("neighbours", LAYERS) >= 0) state.neighbourLayer = number("neighbours", LAYERS);
  state.picked = study.ids.indexOf(words.get("image"));
  try {
    state.selected = unpacked(words.get("selected") ?? "");
  } catch {
    state.selected = [];
  }
}

let writing = 0;
let written = "";

// Browsers refuse hundreds of changes of the address in a few seconds.
function writeState() {
  clearTimeout(writing);
  writing = setTimeout(() => {
    written = `#${stateAsText()}`;
    history.replaceState(null, "", written);
  }, 150);
}
