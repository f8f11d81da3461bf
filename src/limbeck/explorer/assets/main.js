// The page: its panels and stage, and what happens on each change.

const REDUCED = matchMedia("(prefers-reduced-motion: reduce)");
const SLIDE = 450, PLAY = 2600; // milliseconds: of a panel to the stage, and through all layers

function score(label, value, title) {
  return element("span", {title}, `${label} ${value}`);
}

// What stands under a panel.
function scoresOf(place) {
  const panel = view().panels[place];
  if (!panel) return [];
  const {trustworthiness, class_area_ratio: area, class_area_ratio_null: nullArea} = panel.scores;
  const parts = [];
  if (panel.collapsed) parts.push(element("strong", {class: "collapsed",
    title: "The points lie on a line or in one place."}, "collapsed"));
  if (trustworthiness !== undefined) parts.push(score("trust", trustworthiness.toFixed(2),
    "Trustworthiness: 1 if the neighbours here are neighbours in the layer"));
  if (area !== undefined) parts.push(score("area", percent(area),
    "Mean area of a class over the area of all points"));
  if (nullArea !== undefined) parts.push(score("permuted", `${Math.round(100 * nullArea)} %`,
    "The area if classes were permuted"));
  return parts;
}

// Of all test images, also those that are not here.
function accuracyOf(method) {
  const predicted = runsOf(view()).predictions[study.methods[method]];
  return predicted ? `${percent(predicted.accuracy)} right` : "";
}

const captions = [], accuracies = [];

function buildPanels() {
  const rows = study.methods.map((method, m) => {
    accuracies.push(element("small"));
    return element("section", {class: "row", "aria-label": method},
      element("h3", {}, named(method), accuracies[m]),
      element("div", {class: "panels"}, ...study.layers.map((layer, l) => {
        const plot = panels[placeOf(m, l)];
        captions.push(element("p", {class: "scores"}));
        const name = `${method}, layer ${layer}: put in the main view`;
        return element("figure", {class: "panel"}, plot.frame, element("figcaption", {},
          element("button", {type: "button", class: "to-stage", "aria-label": name, title: name,
            onclick: () => toStage(m, l)}, named(layer)), captions.at(-1)));
      })));
  });
  control("rows").append(...rows);
  control("rows").style.setProperty("--layers", LAYERS);
  control("stage-frame").append(stage.frame);
}

// Change the state, and draw what depends on it.
function change(changes) {
  const before = {...state};
  Object.assign(state, changes);
  if (before.class !== state.class || before.superclass !== state.superclass || before.view !== state.view ||
      before.selected !== state.selected) tiles = TILES;
  draw(key => before[key] !== state[key]);
  writeState();
}

function draw(changed) {
  const filtered = ["view", "class", "superclass", "verdicts"].some(changed);
  const coloured = filtered || changed("colour");
  const moved = ["from", "to", "mix", "layer"].some(changed);
  if (filtered) {
    updateShown();
    hover(-1); // The image may be hidden, and what stands beside it is of the view before.
  }
  if (changed("view")) {
    accuracies.forEach((small, m) => { small.textContent = accuracyOf(m); });
    captions.forEach((caption, place) => caption.replaceChildren(...scoresOf(place)));
  }
  const place = stagePlace();
  if (coloured) {
    panels.forEach((plot, i) => {
      plot.points = pointsOf(view(), i);
      plot.colours = coloursOf(i);
    });
    drawLegend();
  }
  if (coloured || place !== stage.place) stage.colours = coloursOf(stage.place = place);
  if (coloured || moved) {
    stage.points = stagePoints();
    drawSliders();
  }
  if (changed("selected")) markSelected();
  if (coloured || changed("selected")) for (const plot of panels) plot.draw();
  if (coloured || changed("selected") || moved) stage.draw();
  if (filtered || changed("selected")) drawLists();
  if (filtered || ["picked", "neighbourLayer"].some(changed)) drawImage();
  if (filtered || moved || changed("picked")) markAll();
  if (!moved || coloured) drawControls();
  if (changed("selected"))
    say(state.selected.length ? `${counted(state.selected.length, "image")} selected` : "Selection cleared");
  else if (filtered) say(`${counted(shownImages().length, "image")} shown`);
  else if (changed("picked") && state.picked >= 0) say(describeImage(state.picked));
}

function select(images, added = false) {
  change({selected: added ? [...new Set([...state.selected, ...images])].sort((a, b) => a - b) : images});
}

function drawSliders() {
  control("layer").value = state.layer;
  control("method").value = state.mix;
  control("from").value = state.from;
  control("to").value = state.to;
  const low = Math.floor(state.layer), high = Math.ceil(state.layer);
  const layer = low === high ? study.layers[low] : `${study.layers[low]} → ${study.layers[high]}`;
  const [from, to] = [study.methods[state.from], study.methods[state.to]];
  const method = state.mix === 0 || from === to ? [named(from)] : state.mix === 1 ? [named(to)]
    : [named(from), " → ", named(to)];
  control("stage-title").replaceChildren(...method, ", layer ", named(layer));
  control("layer").setAttribute("aria-valuetext", `layer ${layer}`);
  control("method").setAttribute("aria-valuetext",
    `${Math.round(100 * state.mix)} % of the way from ${from} to ${to}`);
  stage.frame.setAttribute("aria-label", `Stage: ${control("stage-title").textContent}`);
  captions.forEach((caption, place) => caption.closest("figure").classList.toggle("on-stage",
    place === stagePlace() && low === high && (state.mix === 0 || state.mix === 1)));
}

let moving = 0;
const stop = () => cancelAnimationFrame(moving);

// Take the stage to a state, gradually.
function animate(target, duration, ease = part => part) {
  stop();
  const start = {mix: state.mix, layer: state.layer}, begun = performance.now();
  const step = now => {
    const part = Math.min(1, Math.max(0, (now - begun) / duration));
    const values = {};
    for (const key of Object.keys(target)) values[key] = start[key] + (target[key] - start[key]) * ease(part);
    change(part < 1 ? values : target);
    if (part < 1) moving = requestAnimationFrame(step);
  };
  if (REDUCED.matches) change(target);
  else moving = requestAnimationFrame(step);
}

function toStage(method, layer) {
  const smooth = part => part * part * (3 - 2 * part);
  if (method !== state.from && method !== state.to) {
    const from = state.mix < 0.5 ? state.from : state.to;
    change({from, to: method, mix: 0});
  }
  animate({mix: method === state.to ? 1 : 0, layer}, SLIDE, smooth);
}

function bindStage() {
  control("layer").max = LAYERS - 1;
  control("layer").closest(".slider").hidden = LAYERS < 2;
  control("method").closest(".slider").hidden = METHODS < 2;
  control("layer-ticks").append(...study.layers.map(name => named(name)));
  for (const id of ["from", "to"]) {
    fill(control(id), study.methods.map((name, m) => [m, name]));
    control(id).addEventListener("change", () => change({[id]: Number(control(id).value)}));
  }
  control("layer").addEventListener("input", event => { stop(); change({layer: Number(event.target.value)}); });
  control("method").addEventListener("input", event => { stop(); change({mix: Number(event.target.value)}); });
  control("play-layer").addEventListener("click", () => {
    change({layer: 0});
    animate({layer: LAYERS - 1}, PLAY);
  });
  control("play-method").addEventListener("click", () => {
    change({mix: 0});
    animate({mix: 1}, PLAY / 2);
  });
  const useTool = moves => {
    stage.moves = moves;
    stage.frame.classList.toggle("moves", moves);
    control("tool-lasso").setAttribute("aria-pressed", String(!moves));
    control("tool-move").setAttribute("aria-pressed", String(moves));
  };
  control("tool-lasso").addEventListener("click", () => useTool(false));
  control("tool-move").addEventListener("click", () => useTool(true));
  control("zoom-in").addEventListener("click", () => stage.zoom(1.5));
  control("zoom-out").addEventListener("click", () => stage.zoom(1 / 1.5));
  control("zoom-all").addEventListener("click", () => {
    stage.zoomAll();
    stage.redraw();
  });
  control("stage-frame").setAttribute("role", "application");
  control("stage-frame").setAttribute("aria-label",
    "Stage: arrow keys go from image to image, Escape leaves it");
  control("stage-frame").addEventListener("keydown", walk);
}

// Go to the nearest image in the direction of an arrow key.
function walk(event) {
  const direction = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]}[event.key];
  if (event.key === "Escape") return change({picked: -1});
  if (!direction || !stage.points) return;
  event.preventDefault();
  const {x, y} = stage.points, [dx, dy] = direction;
  const [x0, y0] = state.picked < 0 ? stage.middle : [x[state.picked], y[state.picked]];
  let best = -1, nearest = Infinity;
  for (let i = 0; i < COUNT; i++) {
    const ahead = (x[i] - x0) * dx + (y[i] - y0) * dy, aside = Math.abs((x[i] - x0) * dy) + Math.abs((y[i] - y0) * dx);
    if (!shown[i] || i === state.picked || !(ahead > 1e-4) || aside > 2 * ahead) continue;
    if (ahead + 2 * aside < nearest) [best, nearest] = [i, ahead + 2 * aside];
  }
  if (best < 0) return;
  if (!stage.sees(best)) {
    stage.middle = [x[best], y[best]];
    stage.draw();
  }
  change({picked: best});
}

buildPanels();
control("study-name").textContent = study.study;
control("summary").append(named(study.dataset),
  `: ${counted(COUNT, "test image")}, ${counted(study.classes.length, "class").replace("classs", "classes")}, ` +
  `${counted(METHODS, "method")}, ${counted(LAYERS, "layer")}. Panels are rotated and mirrored to match.`);
control("left-out").append(...study.leftOut.map(text => element("li", {}, text)));
bindControls();
bindStage();
readState(location.hash.slice(1));
draw(() => true);
// Plots are drawn for the pixels that they have.
new ResizeObserver(() => {
  for (const plot of [...panels, stage]) plot.draw();
  markAll();
}).observe(control("rows"));
new ResizeObserver(() => stage.redraw()).observe(stage.frame);
addEventListener("hashchange", () => {
  stop();
  readState(location.hash.slice(1));
  draw(() => true);
});
document.documentElement.dataset.ready = "true";
