// The controls around the plots.

const control = id => document.getElementById(id);

function fill(select, options) {
  select.replaceChildren(...options.map(([value, text]) => element("option", {value}, text)));
}

function say(text) {
  control("status").textContent = text;
}

// A select of the views' budgets, say; the views that have it and are most like this one follow.
function bindView(id, format = String) {
  const values = [...new Set(study.views.map(each => each[id]))];
  if (id !== "embedding") values.sort((a, b) => a - b);
  fill(control(id), values.map(value => [value, format(value)]));
  control(id).disabled = values.length < 2;
  control(id).addEventListener("change", () => {
    const value = values.find(each => String(each) === control(id).value);
    change({view: nearestView({...view(), [id]: value, first: id})});
  });
}

function bindControls() {
  bindView("embedding");
  bindView("budget", value => Number(value).toLocaleString("en"));
  bindView("fold");
  const all = [[-1, "all"]];
  fill(control("class"), [...all, ...study.classes.map(({name}, i) => [i, name])]);
  fill(control("superclass"), [...all, ...study.superclasses.map(({name}, i) => [i, name])]);
  for (const id of ["colour", "class", "superclass"])
    control(id).addEventListener("change", () => change({
      [id]: id === "colour" ? control(id).value : Number(control(id).value),
    }));
  const colourOptions = [...control("colour").options];
  if (!study.superclasses.length) {
    control("superclass").closest("label").hidden = true;
    colourOptions.find(option => option.value === "superclass").remove();
  }
  const sharing = colourOptions.find(option => option.value === "shared");
  if (study.teacher) sharing.textContent = `neighbours shared with ${study.teacher}`;
  else sharing.remove();
  bindVerdicts();
  control("search").addEventListener("input", search);
  control("search").addEventListener("keydown", event => {
    if (event.key === "Enter") event.preventDefault();
    if (event.key === "Enter") control("results").querySelector("button")?.click();
    if (event.key === "Escape") closeSearch();
  });
  control("controls").addEventListener("submit", event => event.preventDefault());
  control("reset").addEventListener("click", () => {
    stop();
    closeSearch();
    control("zoom-all").click();
    control("unknown").textContent = "";
    change(structuredClone(INITIAL));
  });
  control("link").addEventListener("click", () => {
    history.replaceState(null, "", `#${stateAsText()}`);
    copy(location.href, "Link copied: it opens this file as you see it now");
  });
  control("select-shown").addEventListener("click", () => select(shownImages()));
  control("clear").addEventListener("click", () => select([]));
  control("more").addEventListener("click", showMore);
  control("copy-ids").addEventListener("click", () =>
    copy(idsAsJson(), `${counted(listed().length, "id")} copied: paste them into study.select(...)`));
  control("save-ids").addEventListener("click", saveIds);
  fill(control("neighbour-layer"), study.layers.map((name, i) => [i, name]));
  control("neighbour-layer").addEventListener("change", () =>
    change({neighbourLayer: Number(control("neighbour-layer").value)}));
}

function bindVerdicts() {
  const rows = study.methods.map((method, m) => element("label", {}, named(method), " ", element("select", {
    onchange: event => change({verdicts: state.verdicts.with(m, event.target.value)}),
  }, ...["any", "right", "wrong"].map(value => element("option", {value}, value)))));
  const [teacher, from, to] = [study.teacher, ...study.students].map(name => study.methods.indexOf(name));
  const preset = new Set([teacher, from, to]).size === 3 && teacher >= 0 ? element("button", {
    type: "button", id: "preset", onclick: () => change({
      verdicts: study.methods.map((_, m) => m === from ? "wrong" : m === teacher || m === to ? "right" : "any"),
    }),
  }, named(study.teacher), " right, ", named(study.students[0]), " wrong, ", named(study.students[1]), " right") : null;
  control("verdicts").querySelector("div").append(...rows, ...preset ? [preset] : []);
}

function idsAsJson() {
  return `[${listed().map(image => JSON.stringify(study.ids[image])).join(", ")}]`;
}

function saveIds() {
  const file = new Blob([`${idsAsJson()}\n`], {type: "application/json"});
  const link = element("a", {href: URL.createObjectURL(file), download: "selection.json"});
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  say(`${counted(listed().length, "id")} saved as selection.json`);
}

async function copy(text, message) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Pages opened from disk have no clipboard in some browsers.
    const field = element("textarea", {readonly: true}, text);
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
  say(message);
}

function closeSearch() {
  control("search").value = "";
  control("results").replaceChildren();
}

// Classes, superclasses and images whose name or id holds what was typed.
function search() {
  const wanted = control("search").value.trim().toLowerCase();
  const found = [];
  const offer = (kind, name, action) => found.push(element("li", {}, element("button", {
    type: "button", onclick: () => {
      closeSearch();
      action();
    },
  }, element("small", {}, `${kind} `), named(name))));
  if (wanted) {
    for (const [kind, groups] of [["class", study.classes], ["superclass", study.superclasses]])
      groups.forEach(({name}, i) => name.toLowerCase().includes(wanted) && found.length < 8 &&
        offer(kind, name, () => change({class: -1, superclass: -1, [kind]: i})));
    for (let i = 0; i < COUNT && found.length < 12; i++)
      if (study.ids[i].toLowerCase().includes(wanted)) offer("image", study.ids[i], () => pick(i));
    if (!found.length) found.push(element("li", {class: "none"}, "nothing found"));
  }
  control("results").replaceChildren(...found);
}

// Show in the controls what the state says.
function drawControls() {
  for (const id of ["embedding", "budget", "fold"]) control(id).value = view()[id];
  for (const id of ["colour", "class", "superclass"]) control(id).value = state[id];
  control("neighbour-layer").value = state.neighbourLayer;
  control("verdicts").querySelectorAll("select").forEach((select, m) => {
    select.value = state.verdicts[m];
  });
  const active = state.verdicts.filter(wanted => wanted !== "any").length;
  control("verdict-count").textContent = active ? `(${active})` : "";
}
