"use strict";
// Figures that are touched. A rule is its row (m, c, p, q): v <- m v + c g, x <- x - (p v + q g), with g = H (x - x*).
(() => {
function step([m, c, p, q], g, v, x) {
  for (const k of [0, 1]) {
    v[k] = m * v[k] + c * g[k];
    x[k] -= p * v[k] + q * g[k];
  }
}

function descend(about, rule) {
  const { hessian: [[a, b], [c, d]], centre } = about.landscape, lr = rule.lr, momentum = rule.momentum ?? 0;
  const row = rule.row.map(([one, two, three, four]) => one + two * lr + three * momentum + four * lr * momentum);
  const x = [...about.start], v = [0, 0], seen = { step: [], x1: [], x2: [], value: [] };
  for (let k = 0; k <= about.steps; k++) {
    const away = [x[0] - centre[0], x[1] - centre[1]], g = [a * away[0] + b * away[1], c * away[0] + d * away[1]];
    seen.step.push(k); seen.x1.push(x[0]); seen.x2.push(x[1]);
    seen.value.push((away[0] * g[0] + away[1] * g[1]) / 2);
    step(row, g, v, x);
  }
  return seen;
}

const spelled = value => String(Number(value.toPrecision(6)));
const fill = (phrase, values) => phrase.replace(/\{(\w+)\}/g, (_, name) => values[name]);

function draw(figure) {
  const { about, document: shown } = figure, bowl = Math.min(...about.landscape.curvatures) > 0, lines = [];
  let low = Infinity, high = -Infinity;
  about.rules.forEach((rule, k) => {
    const seen = descend(about, rule), last = about.steps, lost = seen.value.findIndex(f => !Number.isFinite(f));
    const said = { rule: rule.name, steps: last, step: lost, x1: spelled(seen.x1[last]), x2: spelled(seen.x2[last]),
      value: bowl ? about.words.above : about.words.value, f: spelled(seen.value[last] + (bowl ? 0 : about.landscape.value)) };
    lines.push(fill(lost < 0 ? about.words.said : about.words.left, said));
    // What a canvas cannot draw is left out of the picture.
    const value = seen.value.map(f => bowl ? (f > 1e-30 && f < 1e30 ? f : NaN) : Math.abs(f) < 1e30 ? f + about.landscape.value : NaN);
    for (const f of value) if (!Number.isNaN(f)) { low = Math.min(low, f); high = Math.max(high, f); }
    const near = value.map((_, j) => Math.max(Math.abs(seen.x1[j]), Math.abs(seen.x2[j])) < 1e6 * figure.reach);
    const drawn = column => column.map((at, j) => near[j] ? at : NaN);
    shown.get_model_by_name(`trace${k}`).data = { step: seen.step, x1: drawn(seen.x1), x2: drawn(seen.x2), value };
  });
  shown.get_model_by_name("start").data = { x1: [about.start[0]], x2: [about.start[1]] };
  if (high > -Infinity) {
    const range = shown.get_model_by_name("values").y_range, room = (high - low) / 20 || 1;
    range.setv(bowl ? { start: 10 ** Math.floor(Math.log10(low)), end: 10 ** Math.ceil(Math.log10(high) + 1e-9) }
      : { start: low - room, end: high + room });
  }
  figure.said.textContent = lines.join("\n");
}

function made(tag, about, ...inside) {
  const element = Object.assign(document.createElement(tag), about);
  element.append(...inside);
  return element;
}

function hand(figure, rule, name, most) {
  const words = figure.about.words[name], value = rule[name];
  const slider = made("input", { type: "range", min: 0, max: most, step: "any", value });
  const typed = made("input", { type: "number", min: 0, step: "any", value });
  slider.setAttribute("aria-label", words); typed.setAttribute("aria-label", words);
  const set = (wanted, other) => {
    const inside = wanted >= 0 && Number.isFinite(wanted) && (name === "lr" || wanted < 1);
    typed.setAttribute("aria-invalid", String(!inside));
    if (!inside) return;
    rule[name] = wanted; other.value = wanted; draw(figure);
  };
  slider.oninput = () => set(Number(Number(slider.value).toPrecision(4)), typed);
  typed.oninput = () => set(typed.value === "" ? NaN : Number(typed.value), slider);
  return made("label", {}, words, made("br", {}), slider, " ", typed);
}

function hands(figure) {
  const { about } = figure;
  const rules = about.rules.map((rule, k) => {
    const group = made("fieldset", {}, made("legend", { textContent: rule.name }), hand(figure, rule, "lr", rule.most));
    if (rule.momentum !== null) group.append(hand(figure, rule, "momentum", 0.99));
    group.style.setProperty("--mark", about.colours[k]);
    return group;
  });
  const places = [0, 1].map(k => {
    const typed = made("input", { type: "number", step: "any", value: about.start[k] });
    typed.setAttribute("aria-label", `${about.words.start} x${k + 1}`);
    typed.oninput = () => {
      if (typed.value === "" || !Number.isFinite(Number(typed.value))) return;
      about.start[k] = Number(typed.value); draw(figure);
    };
    return typed;
  });
  const start = made("label", {}, about.words.start, made("br", {}), places[0], " ", places[1]);
  const again = made("button", { type: "button", textContent: about.words.again });
  again.onclick = () => { begin(figure); hands(figure); draw(figure); };
  figure.hands.replaceChildren(...rules, start, again);
}

// The numbers as they were given: what is moved is a copy.
function begin(figure) {
  const { start, rules } = structuredClone(figure.given);
  Object.assign(figure.about, { start, rules });
}

async function show(place) {
  const given = JSON.parse(place.querySelector("script").textContent), part = name => place.querySelector(name);
  const figure = { given, about: { ...given }, said: part(".said"), hands: part(".hands") };
  figure.reach = Math.max(...given.landscape.window.flat().map(Math.abs));
  part(".planes").hidden = false;
  const before = Bokeh.documents.length;
  await Bokeh.embed.embed_items({ figure: given.document }, [{ docid: "figure", roots: given.roots, root_ids: Object.keys(given.roots) }]);
  figure.document = Bokeh.documents[before];
  begin(figure); hands(figure); draw(figure);
  figure.document.get_model_by_name("plane").on_event("tap", event => {
    figure.about.start = [event.x, event.y].map(at => Number(at.toPrecision(4)));
    hands(figure); draw(figure);
  });
  part(".still").hidden = true; part(".hands").hidden = false; part(".hint").hidden = false;
}

async function all() {
  for (const place of document.querySelectorAll(".touched")) await show(place);
  document.documentElement.dataset.touched = "ready";
}

document.readyState === "loading" ? document.addEventListener("DOMContentLoaded", all) : all();
})();
