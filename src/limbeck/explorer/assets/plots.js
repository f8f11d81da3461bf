// The scatter plots: where their points are, and what is drawn over them.

const SVG = "http://www.w3.org/2000/svg";
const REACH = 1.06; // of a frame that is not zoomed
const REDUCED = matchMedia("(prefers-reduced-motion: reduce)");

class Plot {
  constructor(name, label) {
    this.name = name;
    this.place = document.getElementById(`plot-${name}`);
    this.place.setAttribute("aria-hidden", "true");
    this.overlay = document.createElementNS(SVG, "svg");
    this.overlay.setAttribute("aria-hidden", "true");
    this.note = element("p", {class: "note", hidden: true});
    this.frame = element("div", {class: "frame", role: "img", "aria-label": label});
    this.frame.append(this.place, this.overlay, this.note);
    this.points = null;
  }

  // Bokeh's models, once they are there.
  connect(model) {
    this.model = model;
    this.glyphs = model.select_one(`points-${this.name}`);
    this.lasso = model.toolbar.tools.find(tool => tool.name === "lasso");
    model.on_event("selectiongeometry", event => event.geometry.type === "poly" &&
      event.final && this.onLasso?.(event.geometry));
  }

  get size() {
    return this.frame.clientWidth;
  }

  set pointSize(size) {
    for (const glyph of [this.glyphs.glyph, this.glyphs.nonselection_glyph, this.glyphs.selection_glyph])
      if (glyph?.size) glyph.size = {value: size};
  }

  toScreen(image) {
    const {x_range: x, y_range: y} = this.model;
    return [
      (this.points.x[image] - x.start) / (x.end - x.start) * this.size,
      (y.end - this.points.y[image]) / (y.end - y.start) * this.size,
    ];
  }

  // The shown image nearest to a place in the window, at most `radius` pixels away; -1 if none is.
  imageAt(clientX, clientY, radius) {
    if (!this.points) return -1;
    const box = this.frame.getBoundingClientRect();
    const {x_range: x, y_range: y} = this.model;
    const pixel = (x.end - x.start) / box.width;
    const left = x.start + (clientX - box.left) * pixel;
    const top = y.end - (clientY - box.top) * pixel;
    let best = -1, nearest = (radius * pixel) ** 2;
    for (let i = 0; i < COUNT; i++) {
      if (!shown[i]) continue;
      const distance = (this.points.x[i] - left) ** 2 + (this.points.y[i] - top) ** 2;
      if (distance < nearest) [best, nearest] = [i, distance];
    }
    return best;
  }

  // The shown images inside a polygon.
  imagesInside({x, y}) {
    const found = [];
    for (let i = 0; i < COUNT && this.points; i++) {
      if (!shown[i]) continue;
      const [px, py] = [this.points.x[i], this.points.y[i]];
      let inside = false;
      for (let j = 0, k = x.length - 1; j < x.length; k = j++)
        if (y[j] > py !== y[k] > py && px < (x[k] - x[j]) * (py - y[j]) / (y[k] - y[j]) + x[j])
          inside = !inside;
      if (inside) found.push(i);
    }
    return found;
  }

  // Ring an image, and draw lines from the picked one to its neighbours in this layer.
  mark(ringed, picked, neighbours) {
    const parts = [];
    const visible = image => image >= 0 && image < COUNT && this.points &&
      Number.isFinite(this.points.x[image]);
    const draw = (tag, attributes) => {
      const made = document.createElementNS(SVG, tag);
      for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
      parts.push(made);
    };
    const circle = (image, kind) => {
      const [cx, cy] = this.toScreen(image);
      draw("circle", {cx, cy, r: this.size > 250 ? 9 : 6, class: kind});
    };
    if (visible(picked)) {
      const [x1, y1] = this.toScreen(picked);
      for (const neighbour of neighbours ?? []) {
        if (!visible(neighbour)) continue;
        const [x2, y2] = this.toScreen(neighbour);
        draw("line", {x1, y1, x2, y2, class: "neighbour", "data-image": neighbour});
        draw("circle", {cx: x2, cy: y2, r: this.size > 250 ? 4 : 2.5, class: "neighbour"});
      }
      circle(picked, "picked");
    }
    if (visible(ringed) && ringed !== picked) circle(ringed, "ringed");
    this.overlay.replaceChildren(...parts);
  }

  say(text) {
    this.note.textContent = text;
    this.note.hidden = !text;
  }
}

const nameOf = (method, layer) => `${study.methods[method]}, layer ${study.layers[layer]}`;
const panels = [];
for (let method = 0; method < METHODS; method++)
  for (let layer = 0; layer < LAYERS; layer++)
    panels.push(new Plot(panels.length, nameOf(method, layer)));
const stage = new Plot("stage", "Stage");
let gridSource, stageSource, Colours;

// Wait until Bokeh has drawn its plots, and take hold of them.
function connectPlots(then) {
  const document_ = window.Bokeh?.documents[0];
  if (!document_?.is_idle) return setTimeout(() => connectPlots(then), 5);
  for (const plot of [...panels, stage])
    plot.connect(document_.get_model_by_name(`plot-${plot.name}`));
  gridSource = panels[0].glyphs.data_source;
  stageSource = stage.glyphs.data_source;
  // The type in which Bokeh takes colours as bytes.
  Colours = stageSource.data["colour-stage"].constructor;
  then();
}

const colours = bytes => new Colours(bytes, [COUNT, 4]);

// The panel whose colours the stage has.
const stagePlace = () =>
  placeOf(state.mix < 0.5 ? state.from : state.to, Math.round(state.layer));

// Points on the way between the panels around the stage's place; null where one is missing.
function stagePoints() {
  const low = Math.floor(state.layer), part = state.layer - low;
  const corners = [
    [state.from, low, (1 - state.mix) * (1 - part)],
    [state.from, low + 1, (1 - state.mix) * part],
    [state.to, low, state.mix * (1 - part)],
    [state.to, low + 1, state.mix * part],
  ].filter(([, , weight]) => weight > 0)
    .map(([method, layer, weight]) => [pointsOf(view(), placeOf(method, layer)), weight]);
  if (corners.some(([points]) => !points)) return null;
  const x = new Float32Array(COUNT), y = new Float32Array(COUNT);
  for (const [points, weight] of corners)
    for (let i = 0; i < COUNT; i++) {
      x[i] += weight * points.x[i];
      y[i] += weight * points.y[i];
    }
  return {x, y};
}

const nothing = new Float32Array(COUNT).fill(NaN);

// Move the stage's points; with colours where they change.
function drawStage(colour = null) {
  stage.points = stagePoints();
  const {x, y} = stage.points ?? {x: nothing, y: nothing};
  stage.say(stage.points ? "" : "not measured");
  stageSource.data = {
    "x-stage": x, "y-stage": y,
    "colour-stage": colour ? colours(colour) : stageSource.data["colour-stage"],
  };
}

function drawPanels(colourOf) {
  const data = {};
  panels.forEach((plot, place) => {
    plot.points = pointsOf(view(), place);
    plot.say(plot.points ? "" : "not measured");
    data[`x-${place}`] = plot.points?.x ?? nothing;
    data[`y-${place}`] = plot.points?.y ?? nothing;
    data[`colour-${place}`] = colours(colourOf(place));
  });
  gridSource.data = data;
}

function drawSelection() {
  stageSource.selected.indices = state.selected;
  gridSource.selected.indices = state.selected;
}
