// The study, and its arrays as they are needed.

const study = JSON.parse(document.getElementById("study").textContent);
const COUNT = study.ids.length;
const LAYERS = study.layers.length;
const METHODS = study.methods.length;
const MISSING = 65535;

function bytesOf(id) {
  const text = document.getElementById(id).textContent;
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

const decoded = new Map();

function arrayOf(id, Type) {
  if (!decoded.has(id)) decoded.set(id, new Type(bytesOf(id).buffer));
  return decoded.get(id);
}

const labels = arrayOf(study.labels, Uint16Array);

function superclassOf(image) {
  return study.superclassOfClass[labels[image]] ?? -1;
}

const placeOf = (method, layer) => method * LAYERS + layer;

// The coordinates of a panel, NaN where an image has none; null for a panel that is not there.
function pointsOf(view, place) {
  const panel = view.panels[place];
  if (!panel) return null;
  const key = `${panel.points} coordinates`;
  if (!decoded.has(key)) {
    const steps = new Uint16Array(bytesOf(panel.points).buffer);
    const x = new Float32Array(COUNT), y = new Float32Array(COUNT);
    for (let i = 0; i < COUNT; i++) {
      x[i] = steps[2 * i] === MISSING ? NaN : steps[2 * i] / 32767 - 1;
      y[i] = steps[2 * i + 1] === MISSING ? NaN : steps[2 * i + 1] / 32767 - 1;
    }
    decoded.set(key, {x, y});
  }
  return decoded.get(key);
}

const runsOf = view => study.runs[`${view.budget}/${view.fold}`];

// What a method predicts: {labels, confidences}, null where it is not known.
function predictionsOf(view, method) {
  const stored = runsOf(view).predictions[study.methods[method]];
  return stored ? {
    labels: arrayOf(stored.labels, Uint16Array),
    confidences: arrayOf(stored.confidences, Uint8Array),
  } : null;
}

// "right", "wrong", or null where it is not known.
function verdict(view, method, image) {
  const predicted = predictionsOf(view, method)?.labels[image] ?? MISSING;
  if (predicted === MISSING) return null;
  return predicted === labels[image] ? "right" : "wrong";
}

// The nearest others of an image in a layer's own space, COUNT or more for an image that is not in
// this file; null where the layer has none.
function neighboursOf(view, place, image) {
  const stored = runsOf(view).neighbours[place];
  if (!stored) return null;
  const all = arrayOf(stored.blob, stored.bits === 32 ? Uint32Array : Uint16Array);
  const unknown = stored.bits === 32 ? 2 ** 32 - 1 : MISSING;
  const found = all.subarray(image * stored.count, (image + 1) * stored.count);
  return found.includes(unknown) ? found.filter(other => other !== unknown) : found;
}

// The part of an image's neighbours that two layers share, from 0 to 1.
function sharedNeighbours(view, place, other, image) {
  const here = neighboursOf(view, place, image), there = neighboursOf(view, other, image);
  if (!here?.length || !there) return NaN;
  let shared = 0;
  for (const neighbour of here) if (there.includes(neighbour)) shared++;
  return shared / here.length;
}

// All images are in one picture, which CSS gets as a blob: long data URLs are dropped.
const sprite = new Blob([bytesOf(study.sprite.blob)], {type: "image/webp"});
document.documentElement.style.setProperty("--sprite", `url(${URL.createObjectURL(sprite)})`);

// An element of the page with text and children; text is never read as HTML.
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter(child => child !== null));
  return made;
}

// A name from the study; its direction is its own, and no neighbour's.
const named = (name, attributes = {}) => element("bdi", attributes, name);

// An element showing an image `size` pixels large.
function thumbnail(tag, image, size, attributes = {}, ...children) {
  const {width, height, columns} = study.sprite;
  const scale = size / Math.max(width, height);
  const rows = Math.ceil(COUNT / columns);
  const [column, row] = [image % columns, Math.floor(image / columns)];
  const made = element(tag, attributes, ...children);
  made.classList.add("thumbnail");
  Object.assign(made.style, {
    width: `${width * scale}px`,
    height: `${height * scale}px`,
    backgroundSize: `${width * scale * columns}px ${height * scale * rows}px`,
    backgroundPosition: `${-column * width * scale}px ${-row * height * scale}px`,
  });
  return made;
}

const percent = part => `${(100 * part).toFixed(1)} %`;
const counted = (count, thing) => `${count.toLocaleString("en")} ${thing}${count === 1 ? "" : "s"}`;
