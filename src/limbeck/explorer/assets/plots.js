// The scatter plots: their points, what is drawn over them, and what a mouse or finger does there.

const SVG = "http://www.w3.org/2000/svg";
const REACH = 1.06; // of a frame that is not zoomed; points reach to 1
const FADED = 0.1; // opacity of what is not selected, where something is
const DRAG = 4; // pixels that a press moves before it is no click

function svg(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

class Plot {
  constructor(label, radius) {
    this.radius = radius; // around the mouse, in which it finds a point
    this.canvas = element("canvas", {"aria-hidden": "true"});
    this.overlay = svg("svg", {"aria-hidden": "true"});
    this.note = element("p", {class: "note", hidden: true});
    this.frame = element("div", {class: "frame", role: "img", "aria-label": label});
    this.frame.append(this.canvas, this.overlay, this.note);
    this.points = null; // {x, y}, NaN where an image has none; null: not measured
    this.colours = null; // four bytes an image
    this.moves = false; // whether a drag moves the points rather than selecting them
    this.zoomAll();
    this.listen();
  }

  zoomAll() {
    this.middle = [0, 0];
    this.reach = REACH;
  }

  // Pixels a unit of the coordinates.
  get scale() {
    return this.frame.clientWidth / 2 / this.reach;
  }

  toScreen(image) {
    const scale = this.scale;
    return [
      (this.points.x[image] - this.middle[0] + this.reach) * scale,
      (this.middle[1] + this.reach - this.points.y[image]) * scale,
    ];
  }

  toData(clientX, clientY) {
    const box = this.canvas.getBoundingClientRect(), scale = this.scale;
    return [
      this.middle[0] - this.reach + (clientX - box.left) / scale,
      this.middle[1] + this.reach - (clientY - box.top) / scale,
    ];
  }

  // Whether the place of an image is in the frame.
  sees(image) {
    return Math.abs(this.points.x[image] - this.middle[0]) < this.reach &&
      Math.abs(this.points.y[image] - this.middle[1]) < this.reach;
  }

  // Draw all points, selected ones on top. A disc is laid into the pixels one by one: for thousands of
  // points that is many times as fast as a path each.
  draw() {
    this.note.textContent = this.points ? "" : "not measured";
    this.note.hidden = Boolean(this.points);
    const side = Math.round(this.frame.clientWidth * devicePixelRatio);
    if (!side) return;
    if (this.canvas.width !== side) this.canvas.width = this.canvas.height = side;
    const context = this.canvas.getContext("2d");
    const picture = context.createImageData(side, side);
    picture.data.fill(255);
    if (this.points) {
      const radius = this.pointRadius * devicePixelRatio;
      const selects = selectedMask !== null;
      this.paint(picture, radius, i => !shown[i], 1);
      this.paint(picture, radius, i => shown[i] && !(selects && selectedMask[i]), selects ? FADED : 0.85);
      if (selects) this.paint(picture, radius, i => shown[i] && selectedMask[i], 0.9);
    }
    context.putImageData(picture, 0, 0);
  }

  get pointRadius() {
    const size = 0.24 * this.frame.clientWidth / Math.sqrt(COUNT);
    return Math.max(1, Math.min(4.2, size));
  }

  paint({data, width}, radius, wanted, opacity) {
    const {x, y} = this.points, colours = this.colours, scale = width / 2 / this.reach;
    const [left, top] = [this.middle[0] - this.reach, this.middle[1] + this.reach];
    for (let i = 0; i < COUNT; i++) {
      if (!wanted(i)) continue;
      const cx = (x[i] - left) * scale - 0.5, cy = (top - y[i]) * scale - 0.5;
      if (!(cx > -radius && cx < width + radius && cy > -radius && cy < width + radius)) continue;
      const alpha = opacity * colours[4 * i + 3] / 255;
      const [red, green, blue] = [colours[4 * i], colours[4 * i + 1], colours[4 * i + 2]];
      const right = Math.min(width - 1, Math.floor(cx + radius + 0.5));
      const bottom = Math.min(width - 1, Math.floor(cy + radius + 0.5));
      for (let row = Math.max(0, Math.ceil(cy - radius - 0.5)); row <= bottom; row++)
        for (let column = Math.max(0, Math.ceil(cx - radius - 0.5)); column <= right; column++) {
          const inside = radius + 0.5 - Math.hypot(column - cx, row - cy);
          if (inside <= 0) continue;
          const part = alpha * Math.min(1, inside), at = 4 * (row * width + column);
          data[at] += (red - data[at]) * part;
          data[at + 1] += (green - data[at + 1]) * part;
          data[at + 2] += (blue - data[at + 2]) * part;
        }
    }
  }

  // The shown image nearest to a place in the window; -1 if none is near.
  imageAt(clientX, clientY) {
    if (!this.points) return -1;
    const [left, top] = this.toData(clientX, clientY);
    let best = -1, nearest = (this.radius / this.scale) ** 2;
    for (let i = 0; i < COUNT; i++) {
      if (!shown[i]) continue;
      const distance = (this.points.x[i] - left) ** 2 + (this.points.y[i] - top) ** 2;
      if (distance < nearest) [best, nearest] = [i, distance];
    }
    return best;
  }

  // The shown images inside a polygon, a list of points.
  imagesInside(corners) {
    const found = [];
    for (let i = 0; i < COUNT && this.points; i++) {
      if (!shown[i]) continue;
      const px = this.points.x[i], py = this.points.y[i];
      let inside = false, [x0, y0] = corners.at(-1);
      for (const [x1, y1] of corners) {
        if (y1 > py !== y0 > py && px < (x0 - x1) * (py - y1) / (y0 - y1) + x1) inside = !inside;
        [x0, y0] = [x1, y1];
      }
      if (inside) found.push(i);
    }
    return found;
  }

  // Ring an image, and draw lines from the picked one to its neighbours in this layer.
  mark(ringed, picked, neighbours) {
    const parts = [], large = this.frame.clientWidth > 250;
    const visible = image => image >= 0 && image < COUNT && this.points &&
      Number.isFinite(this.points.x[image]);
    const circle = (image, r, kind) => {
      const [cx, cy] = this.toScreen(image);
      parts.push(svg("circle", {cx, cy, r, class: kind, "data-image": image}));
    };
    if (visible(picked)) {
      const [x1, y1] = this.toScreen(picked);
      for (const neighbour of (neighbours ?? []).filter(visible)) {
        const [x2, y2] = this.toScreen(neighbour);
        parts.push(svg("line", {x1, y1, x2, y2, class: "neighbour", "data-image": neighbour}));
        circle(neighbour, large ? 4 : 2.5, "neighbour");
      }
      circle(picked, large ? 9 : 6, "picked");
    }
    if (visible(ringed) && ringed !== picked) circle(ringed, large ? 9 : 6, "ringed");
    this.overlay.replaceChildren(...parts);
  }

  zoom(factor, clientX, clientY) {
    const [x, y] = clientX === undefined ? this.middle : this.toData(clientX, clientY);
    const reach = Math.min(4 * REACH, Math.max(REACH / 200, this.reach / factor));
    factor = this.reach / reach;
    this.reach = reach;
    this.middle = [x + (this.middle[0] - x) / factor, y + (this.middle[1] - y) / factor];
    this.redraw();
  }

  redraw() {
    this.draw();
    markAll();
  }

  listen() {
    let start = null, corners = null, line = null;
    const finish = () => {
      line?.remove();
      start = corners = line = null;
    };
    this.frame.addEventListener("pointermove", event => {
      if (!start) {
        if (event.pointerType !== "touch") hover(this.imageAt(event.clientX, event.clientY), event.clientX, event.clientY);
        return;
      }
      const far = Math.hypot(event.clientX - start[0], event.clientY - start[1]) >= DRAG;
      if (!corners && !far) return;
      if (this.moves) {
        corners ??= [];
        const [x0, y0] = this.toData(...start), [x1, y1] = this.toData(event.clientX, event.clientY);
        this.middle = [this.middle[0] + x0 - x1, this.middle[1] + y0 - y1];
        start = [event.clientX, event.clientY];
        this.redraw();
        return;
      }
      if (!corners) {
        corners = [this.toData(...start)];
        this.frame.append(line = svg("svg", {class: "lasso", "aria-hidden": "true"}));
        line.append(svg("polygon", {points: ""}));
      }
      const box = this.canvas.getBoundingClientRect();
      // A browser joins the moves of one frame; all of them are the line.
      const steps = event.getCoalescedEvents?.() ?? [];
      for (const {clientX, clientY} of steps.length ? steps : [event]) {
        corners.push(this.toData(clientX, clientY));
        line.firstChild.points.appendItem(Object.assign(line.createSVGPoint(),
          {x: clientX - box.left, y: clientY - box.top}));
      }
    });
    this.frame.addEventListener("pointerleave", () => start || hover(-1));
    this.frame.addEventListener("pointerdown", event => {
      if (event.button) return;
      this.frame.setPointerCapture(event.pointerId);
      start = [event.clientX, event.clientY];
      hover(-1);
    });
    this.frame.addEventListener("pointerup", event => {
      if (!start) return;
      const [drawn, moved] = [corners, this.moves];
      finish();
      if (!drawn) pick(this.imageAt(event.clientX, event.clientY));
      else if (!moved) select(this.imagesInside(drawn), event.shiftKey);
    });
    this.frame.addEventListener("pointercancel", finish);
    this.frame.addEventListener("wheel", event => {
      if (!this.moves) return;
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 400), event.clientX, event.clientY);
    }, {passive: false});
  }
}

const panels = [];
for (const method of study.methods)
  for (const layer of study.layers) panels.push(new Plot(`${method}, layer ${layer}`, 8));
const stage = new Plot("Stage", 12);

// The panel whose colours and neighbours the stage has.
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
