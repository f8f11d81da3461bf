// Which images are shown, and in which colours.

const RIGHT = "#0072b2", WRONG = "#d55e00", UNKNOWN = "#9a9aa2";
const HIDDEN = [186, 188, 196, 70];
// From no neighbour in common to all (viridis, without its lightest end).
const SCALE = ["#440154", "#482878", "#3e4989", "#31688e", "#26828e", "#1f9e89", "#35b779", "#6ece58", "#b5de2b"];
const shown = new Uint8Array(COUNT).fill(1);
let selectedMask = null; // 1 for each selected image; null where none is

function markSelected() {
  selectedMask = state.selected.length ? new Uint8Array(COUNT) : null;
  for (const image of state.selected) selectedMask[image] = 1;
}

function updateShown() {
  const wanted = state.verdicts.map((kind, method) => [kind, method]).filter(([kind]) => kind !== "any");
  for (let i = 0; i < COUNT; i++)
    shown[i] = (state.class < 0 || labels[i] === state.class) &&
      (state.superclass < 0 || superclassOf(i) === state.superclass) &&
      wanted.every(([kind, method]) => verdict(view(), method, i) === kind);
}

function shownImages() {
  const found = [];
  for (let i = 0; i < COUNT; i++) if (shown[i]) found.push(i);
  return found;
}

// The images that the lists are about: the selected ones, or all that are shown.
const listed = () => state.selected.length ? state.selected.filter(i => shown[i]) : shownImages();

const rgb = colour => [1, 3, 5].map(start => parseInt(colour.slice(start, start + 2), 16));

// The place of the teacher's layer beside a place; -1 for the teacher's own.
function teachersPlace(place) {
  const teacher = study.methods.indexOf(study.teacher);
  return teacher < 0 || Math.floor(place / LAYERS) === teacher
    ? -1 : placeOf(teacher, place % LAYERS);
}

// A function that gives the colour of an image in a panel.
function colouring(place) {
  const method = Math.floor(place / LAYERS);
  switch (state.colour) {
    case "superclass":
      return image => study.superclasses[superclassOf(image)]?.colour ?? UNKNOWN;
    case "correct":
      return image => ({right: RIGHT, wrong: WRONG})[verdict(view(), method, image)] ?? UNKNOWN;
    case "shared": {
      const other = teachersPlace(place);
      if (other < 0) return () => UNKNOWN;
      return image => {
        const part = sharedNeighbours(view(), place, other, image);
        return Number.isNaN(part) ? UNKNOWN : SCALE[Math.round(part * (SCALE.length - 1))];
      };
    }
    default:
      return image => study.classes[labels[image]].colour;
  }
}

// The colours of a panel's points, four bytes each.
function coloursOf(place) {
  const colour = colouring(place), bytes = new Uint8Array(4 * COUNT), known = new Map();
  for (let i = 0; i < COUNT; i++) {
    if (!shown[i]) {
      bytes.set(HIDDEN, 4 * i);
      continue;
    }
    const name = colour(i);
    if (!known.has(name)) known.set(name, [...rgb(name), 255]);
    bytes.set(known.get(name), 4 * i);
  }
  return bytes;
}

const swatch = colour => element("span", {class: "swatch", style: `background:${colour}`});

// The key of the colours; that of classes filters, too.
function drawLegend() {
  const legend = document.getElementById("legend");
  const key = (colour, text) => element("span", {class: "key"}, swatch(colour), text);
  if (state.colour === "class" || state.colour === "superclass") {
    const groups = state.colour === "class" ? study.classes : study.superclasses;
    const chosen = state[state.colour];
    legend.replaceChildren(...groups.map(({name, colour}, i) => element("button", {
      type: "button", class: "key", "aria-pressed": String(chosen === i),
      "aria-label": `Only ${state.colour} ${name}`,
      onclick: () => change({[state.colour]: chosen === i ? -1 : i}),
    }, swatch(colour), named(name))));
  } else if (state.colour === "correct") {
    legend.replaceChildren(
      key(RIGHT, "right, by the panel's own method"), key(WRONG, "wrong"));
  } else {
    const scale = element("span", {class: "scale", style: `background:linear-gradient(90deg,${SCALE})`});
    legend.replaceChildren(
      element("span", {class: "key"}, "no neighbour shared with ", named(study.teacher ?? ""), scale, "all"),
      key(UNKNOWN, "not known, or the teacher's own"));
  }
}
