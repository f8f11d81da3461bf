// One image, its neighbours, and lists of many.

const TILES = 120; // of the contact sheet at first, and more each time

function classText(image) {
  const group = study.superclasses[superclassOf(image)];
  return element("span", {},
    swatch(study.classes[labels[image]].colour), named(study.classes[labels[image]].name),
    ...group ? [" · ", named(group.name)] : []);
}

// What each method says of an image, a row each.
function predictionTable(image) {
  const rows = study.methods.map((method, m) => {
    const found = verdict(view(), m, image);
    if (!found) return element("tr", {}, element("th", {scope: "row"}, named(method)), element("td", {}, "–"));
    const {labels: predicted, confidences} = predictionsOf(view(), m);
    return element("tr", {class: found},
      element("th", {scope: "row"}, named(method)),
      element("td", {}, found === "right" ? "✓ " : "✗ ", named(study.classes[predicted[image]].name)),
      element("td", {class: "number"}, `${confidences[image]} %`));
  });
  return element("table", {class: "predictions"}, element("tbody", {}, ...rows));
}

function describeImage(image) {
  const says = study.methods.map((method, m) => {
    const predicted = predictionsOf(view(), m)?.labels[image] ?? MISSING;
    return predicted === MISSING ? "" : `; ${method} predicts ${study.classes[predicted].name}`;
  });
  return `Image ${study.ids[image]}, class ${study.classes[labels[image]].name}${says.join("")}`;
}

const tip = document.getElementById("tip");
let ringed = -1;

// Ring an image in all plots, and show it beside a place in the window.
function hover(image, clientX, clientY) {
  if (image !== ringed) {
    ringed = image;
    markAll();
    tip.hidden = image < 0;
    if (image >= 0)
      tip.replaceChildren(
        thumbnail("div", image, 96, {id: "tip-image", "data-image": image}),
        element("div", {}, classText(image), named(study.ids[image], {class: "id"}), predictionTable(image)));
  }
  if (image < 0) return;
  const {width, height} = tip.getBoundingClientRect();
  const right = clientX + 18 + width < innerWidth;
  const below = clientY + 18 + height < innerHeight;
  tip.style.left = `${Math.max(4, right ? clientX + 18 : clientX - 14 - width)}px`;
  tip.style.top = `${Math.max(4, below ? clientY + 18 : clientY - 14 - height)}px`;
}

function markAll() {
  panels.forEach((plot, place) => plot.mark(ringed, state.picked,
    state.picked >= 0 ? neighboursOf(view(), place, state.picked) : null));
  stage.mark(ringed, state.picked,
    state.picked >= 0 ? neighboursOf(view(), stagePlace(), state.picked) : null);
}

const pick = image => change({picked: image, neighbourLayer: Math.round(state.layer)});

function drawImage() {
  const card = document.getElementById("card"), strips = document.getElementById("strips");
  const image = state.picked;
  if (image < 0) {
    card.replaceChildren(element("p", {class: "hint"},
      "Click a point, or search for an image, to see it with its nearest neighbours in each layer’s own space."));
    strips.replaceChildren();
    return;
  }
  card.replaceChildren(
    thumbnail("div", image, 120, {role: "img", "aria-label": study.ids[image], id: "card-image", "data-image": image}),
    element("div", {}, classText(image), named(study.ids[image], {class: "id"}), predictionTable(image),
      element("button", {type: "button", onclick: () => change({picked: -1})}, "Close")));
  const found = study.methods.map((_, m) => neighboursOf(view(), placeOf(m, state.neighbourLayer), image));
  strips.replaceChildren(...study.methods.map((method, m) => {
    const others = found.filter((neighbours, other) => neighbours && other !== m);
    const tiles = [...found[m] ?? []].map(neighbour => {
      const shared = others.some(neighbours => neighbours.includes(neighbour));
      const kind = shared ? ", shared" : "";
      if (neighbour >= COUNT) return element("span", {class: "absent", title: `not in this file${kind}`}, "?");
      const {name, colour} = study.classes[labels[neighbour]];
      return thumbnail("button", neighbour, 48, {
        type: "button", class: shared ? "shared" : "", style: `--class:${colour}`,
        "aria-label": `${name}, ${study.ids[neighbour]}${kind}`, title: `${name}, ${study.ids[neighbour]}${kind}`,
        "data-image": neighbour, onclick: () => pick(neighbour),
      });
    });
    const shared = tiles.filter(tile => tile.classList.contains("shared")).length;
    return element("div", {class: "strip"},
      element("h3", {}, named(method), element("small", {}, tiles.length
        ? `${shared} of ${tiles.length} shared with another method` : "no neighbours stored")),
      element("div", {class: "tiles"}, ...tiles));
  }));
}

function methodTable(images) {
  const rows = study.methods.map((method, m) => {
    const predicted = predictionsOf(view(), m)?.labels;
    const confused = new Map();
    let right = 0, known = 0;
    for (const image of images) {
      if (!predicted || predicted[image] === MISSING) continue;
      known++;
      if (predicted[image] === labels[image]) right++;
      else {
        const key = labels[image] * MISSING + predicted[image];
        confused.set(key, (confused.get(key) ?? 0) + 1);
      }
    }
    const most = [...confused].sort((a, b) => b[1] - a[1] || a[0] - b[0]).slice(0, 3);
    return element("tr", {},
      element("th", {scope: "row"}, named(method)),
      element("td", {class: "number"}, known ? percent(right / known) : "–"),
      element("td", {}, ...most.flatMap(([key, count], i) => [
        ...i ? [element("br")] : [],
        named(study.classes[Math.floor(key / MISSING)].name), " → ",
        named(study.classes[key % MISSING].name), ` (${count})`,
      ])));
  });
  const heads = ["Method", "Right", "Most confused, true → predicted"];
  return element("table", {}, element("caption", {}, "Accuracy and confusion"),
    element("thead", {}, element("tr", {}, ...heads.map(head => element("th", {scope: "col"}, head)))),
    element("tbody", {}, ...rows));
}

function classTable(images) {
  const counts = new Map();
  for (const image of images) counts.set(labels[image], (counts.get(labels[image]) ?? 0) + 1);
  const most = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  const largest = most[0]?.[1] ?? 1;
  const rows = most.slice(0, 10).map(([label, count]) => element("tr", {},
    element("th", {scope: "row"}, named(study.classes[label].name)),
    element("td", {class: "bar"}, element("span", {
      style: `width:${100 * count / largest}%;background:${study.classes[label].colour}`})),
    element("td", {class: "number"}, String(count))));
  const rest = most.length - rows.length;
  return element("table", {}, element("caption", {},
    `${most.length === 1 ? "1 class" : `${most.length} classes`}${rest > 0 ? `, the ten most frequent` : ""}`),
    element("tbody", {}, ...rows));
}

let tiles = TILES;

// Ring the image of a tile that the mouse is over.
for (const id of ["sheet", "strips"]) {
  const list = document.getElementById(id);
  list.addEventListener("pointermove", event =>
    hover(Number(event.target.dataset.image ?? -1), event.clientX, event.clientY));
  list.addEventListener("pointerleave", () => hover(-1));
}

function drawLists() {
  const images = listed();
  document.getElementById("selection-title").textContent = state.selected.length
    ? `${counted(images.length, "image")} selected` : `${counted(images.length, "image")} shown`;
  document.getElementById("clear").disabled = !state.selected.length;
  document.getElementById("by-method").replaceChildren(methodTable(images));
  document.getElementById("by-class").replaceChildren(classTable(images));
  document.getElementById("sheet").replaceChildren(...images.slice(0, tiles).map(image => {
    const text = `${study.classes[labels[image]].name}, ${study.ids[image]}`;
    return thumbnail("button", image, 40, {
      type: "button", "aria-label": text, title: text, "data-image": image, onclick: () => pick(image),
      style: `--class:${study.classes[labels[image]].colour}`,
    });
  }));
  document.getElementById("more").hidden = images.length <= tiles;
}

function showMore() {
  tiles += 4 * TILES;
  drawLists();
}
