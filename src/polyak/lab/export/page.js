"use strict";
// The exported lab. A rule is its row (m, c, p, q), which ROWS gives for its settings:
//     v <- m v + c g,    x <- x - (p v + q g)
// and g is what GRADIENTS gives of the landscape. The trace is drawn with each change, all else a frame later.

const page = { state: structuredClone(ABOUT.first), dark: matchMedia("(prefers-color-scheme: dark)").matches, language: "en" };
page.state.active = 0;
const byId = id => document.getElementById(id);
const said = path => path.split(".").reduce((table, name) => table[name], ABOUT.words[page.language]);
const fill = (phrase, values) => phrase.replace(/\{(\w+)\}/g, (_, name) => values[name]);
const active = () => page.state.rules[page.state.active];
const number = (value, digits = 6) => Number.isFinite(value) ? String(Number(value.toPrecision(digits))) : value > 0 ? "∞" : "NaN";

function row(chosen, changes = {}) {
  const about = ABOUT.rules[chosen.rule], settings = { ...chosen.settings, ...changes };
  const [m, c, p, q] = ROWS[chosen.rule](...about.controls.map(control => settings[control.name] ?? control.begin));
  return { m, c, p, q };
}

// What is computed.

function descend(chosen, place, start, steps) {
  const { m, c, p, q } = row(chosen), of = GRADIENTS[place];
  const x1 = new Float64Array(steps + 1), x2 = new Float64Array(steps + 1), value = new Float64Array(steps + 1);
  let [a, b] = start, v1 = 0, v2 = 0;
  for (let k = 0; ; k++) {
    const [f, g1, g2] = of(a, b);
    x1[k] = a; x2[k] = b; value[k] = f;
    if (k === steps) return { x1, x2, value };
    v1 = m * v1 + c * g1; v2 = m * v2 + c * g2;
    a -= p * v1 + q * g1; b -= p * v2 + q * g2;
  }
}

// Of one step on curvature 1 or another: ((1 - (p c + q) l, -p m), (c l, m)). Regime codes are ABOUT.regimes' places.
function spectrum({ m, c, p, q }, curvature) {
  const shrink = 1 - (p * c + q) * curvature, trace = shrink + m, product = m * (1 - q * curvature);
  const half = trace / 2, under = ((shrink - m) / 2) ** 2 - p * m * c * curvature;
  const grain = 2e-15 * (Math.abs(shrink - m) * Math.max(Math.abs(shrink), m) + Math.abs(p * m * c * curvature));
  if (under < -grain) {
    const rate = Math.sqrt(product);
    return [rate, rate >= 1 - 2e-15 ? 4 : 2];
  }
  const root = Math.sqrt(Math.max(under, 0)), met = under <= grain && m > 0 && half > 0;
  const large = half >= 0 ? half + root : half - root, rate = Math.abs(large);
  if (rate >= 1 - 2e-15 * Math.min(1 + rate, 4)) return [rate, 4];
  if (met || rate <= 1e-12) return [rate, 1];
  return [rate, large < 0 || (half === 0 && root > 0) ? 3 : 0];
}

// The least lr times curvature from which on a rule diverges: of a row that the lr scales, by Jury's three conditions.
function edge({ m, c, p, q }) {
  const first = (2 + 2 * m) / (p * c + q + m * q);
  return m > 0 && q > 0 ? Math.min(first, (1 + 1 / m) / q) : first;
}

function memory({ m, c, p, q }) {
  const fading = p * c, gain = m < 1 ? fading / (1 - m) + q : Infinity, steps = 1 / (1 - m);
  const shown = Math.min(Math.max(Math.trunc(Number.isFinite(steps) ? 3 * steps : 60), 12), 60);
  const weight = Float64Array.from({ length: shown }, (_, k) => (fading * m ** k + (k ? 0 : q)) / gain);
  const half = steps % 1 === 0.5 ? 2 * Math.round(steps / 2) : Math.round(steps);  // as Python rounds
  const whole = Math.max(half, 1), held = (fading * (1 - m ** whole) / (1 - m) + q) / gain;
  return { weight, gain, steps, whole, held, half: m > 0 ? Math.log(0.5) / Math.log(m) : 0 };
}

// What is drawn.

const find = name => Bokeh.documents[0].get_model_by_name(name);
// What is given is painted again: nothing is given twice.
const given = new Map();
function give(name, data) {
  const spelled = JSON.stringify(Object.values(data).map(column => column.length > 8 ? null : Array.from(column)));
  if (given.get(name) === spelled && !spelled.includes("null")) return;
  given.set(name, spelled);
  find(name).data = data;
}

function drawTrace() {
  const { landscape, start, steps, rules } = page.state, about = ABOUT.landscapes[landscape];
  const [[left, right], [bottom, top]] = page.window, floor = about.floor ?? 0;
  let low = Infinity, high = -Infinity;
  page.paths = []; page.curves = [];
  for (let k = 0; k < ABOUT.most; k++) {
    const empty = { step: [], x1: [], x2: [], size: [], value: [] };
    if (k >= rules.length) { give(`trace${k}`, empty); page.curves.push({ step: [], value: [] }); continue; }
    const { x1, x2, value } = descend(rules[k], landscape, start, steps);
    const size = new Float64Array(steps + 1).fill(steps > 200 ? 0 : 4.5), step = Float64Array.from(x1, (_, j) => j);
    size[steps] = 12;
    const over = value.map(f => f - floor), shown = over.map(f => Math.abs(f) < 1e30 && (about.floor === null || f > 1e-30) ? f : NaN);
    for (const f of shown) if (!Number.isNaN(f)) { low = Math.min(low, f); high = Math.max(high, f); }
    page.curves.push({ step, value: shown });
    page.paths.push([x1.slice(), x2.slice()]);
    cut(x1, x2, left, right, bottom, top);
    give(`trace${k}`, { step, x1, x2, size, value });
  }
  give("start", { x1: [start[0]], x2: [start[1]] });
  return [low, high];
}

// The landscape's window, grown by quarters of its width to hold the start and the paths as far as is sensible.
function wantedWindow() {
  return ABOUT.landscapes[page.state.landscape].own.map(([low, high], axis) => {
    const width = high - low;
    let least = page.state.start[axis], most = least;
    for (const path of page.paths) for (const at of path[axis])
      if (at > low - width && at < high + width) { least = Math.min(least, at); most = Math.max(most, at); }
    const below = Math.max(Math.ceil(4 * (low - least) / width), 0), above = Math.max(Math.ceil(4 * (most - high) / width), 0);
    return [low - ABOUT.margin * width - below * width / 4, high + ABOUT.margin * width + above * width / 4];
  });
}

function settle() {
  const wanted = wantedWindow();
  if (JSON.stringify(wanted) === JSON.stringify(page.window)) return;
  page.window = wanted;
  drawGround(); drawTrace();
}

// Positions up to the border that they first cross, where the last lies on the border.
function cut(x1, x2, left, right, bottom, top) {
  const outside = x1.findIndex((a, k) => !(a >= left && a <= right && x2[k] >= bottom && x2[k] <= top));
  if (outside < 0) return;
  const [a, b] = [x1[outside], x2[outside]];
  x1.fill(NaN, outside); x2.fill(NaN, outside);
  if (!outside || !Number.isFinite(a) || !Number.isFinite(b)) return;
  const d1 = a - x1[outside - 1], d2 = b - x2[outside - 1];
  const part = Math.min(d1 ? ((d1 > 0 ? right : left) - x1[outside - 1]) / d1 : Infinity, d2 ? ((d2 > 0 ? top : bottom) - x2[outside - 1]) / d2 : Infinity);
  x1[outside] = x1[outside - 1] + part * d1; x2[outside] = x2[outside - 1] + part * d2;
}

function drawValueSpan(low, high) {
  const plain = ABOUT.landscapes[page.state.landscape].floor === null, figure = find(plain ? "plain" : "value");
  if (!(high > -Infinity)) return;
  const unit = 10 ** Math.floor(Math.log10(Math.max(high - low, 1e-9)));
  const ends = plain ? [unit * Math.floor(low / unit), unit * Math.ceil(high / unit)]
    : [10 ** Math.floor(Math.log10(low)), 10 ** Math.ceil(Math.log10(high) + 1e-9)];
  span(figure.y_range, ends[0], ends[1]);
  span(figure.x_range, 0, page.state.steps);
}

function span(range, start, end) {
  if (range.start !== start || range.end !== end) range.setv({ start, end });
}

function paint(name, box, code) {
  const source = find(name), image = source.data.image[0], [rows, columns] = image.shape;
  const [[left, right], [bottom, top]] = box;
  for (let r = 0; r < rows; r++) for (let k = 0; k < columns; k++)
    image[r * columns + k] = code(left + (k + 0.5) / columns * (right - left), bottom + (r + 0.5) / rows * (top - bottom));
  source.data = { image: [image], x: [left], y: [bottom], dw: [right - left], dh: [top - bottom] };
  source.change.emit();
}

function drawGround() {
  const about = ABOUT.landscapes[page.state.landscape], of = GRADIENTS[page.state.landscape], box = page.window;
  const [[left, right], [bottom, top]] = box, figure = find("trace");
  let low = Infinity, high = -Infinity;
  paint("ground", box, (a, b) => { const [f] = of(a, b); low = Math.min(low, f); high = Math.max(high, f); return 0; });
  // Spaced by the square, the levels show the valley as well as the walls.
  paint("ground", box, (a, b) => Math.min(Math.floor(ABOUT.levels * ((of(a, b)[0] - low) / (high - low)) ** (1 / 2.2)), ABOUT.levels - 1));
  span(figure.x_range, left, right); span(figure.y_range, bottom, top);
  give("minimisers", { x1: about.minimisers.map(point => point[0]), x2: about.minimisers.map(point => point[1]) });
  const plain = about.floor === null;
  byId("place-plain").hidden = !plain; byId("place-value").hidden = plain;
  byId("value_title").textContent = said(plain ? "trace.plain_value" : "trace.value");
}

function heights() {
  const about = ABOUT.rules[active().rule], control = about.controls.find(each => each.name === about.over);
  return control ? [control.low, control.high === 1 ? 0.999 : Math.min(control.high, 1)] : [0, 1];
}

function drawPlane() {
  const about = ABOUT.rules[active().rule], [low, high] = heights(), figure = find("phase"), count = new Map();
  const there = (a, value) => row(active(), about.over ? { [about.lr]: a, [about.over]: value } : { [about.lr]: a });
  paint("regimes", [[0, ABOUT.top], [low, high]], (a, value) => {
    const code = spectrum(there(a, value), 1)[1], seen = count.get(code) ?? [0, 0, 0];
    count.set(code, [seen[0] + 1, seen[1] + a, seen[2] + value]);
    return code;
  });
  span(figure.y_range, low, high);
  const all = [...count.values()].reduce((sum, seen) => sum + seen[0], 0);
  const named = [...count].filter(([code, seen]) => code !== 1 && seen[0] > 0.012 * all);
  give("regime_names", {
    x: named.map(([, seen]) => Math.max(seen[1] / seen[0], 0.17 * ABOUT.top)), y: named.map(([, seen]) => about.over ? seen[2] / seen[0] : 0.5),
    text: named.map(([code]) => said("regimes")[ABOUT.regimes[code]]),
  });
  const value = Array.from({ length: 201 }, (_, k) => low + k / 200 * (high - low));
  give("edge", { a: value.map(at => Math.min(edge(there(1, at)), 2 * ABOUT.top)), value });
  const [horizontal] = figure.below, [vertical] = figure.left;
  horizontal.axis_label = `${said("settings")[about.lr]} × ${said("phase.curvature")}`;
  vertical.axis_label = about.over ? said("settings")[about.over] : "";
  vertical.visible = about.over !== null;
}

const signs = ["circle", "square", "diamond", "triangle"], signsSaid = ["●", "■", "◆", "▲"];

function drawMarks() {
  const about = ABOUT.rules[active().rule], place = ABOUT.landscapes[page.state.landscape], known = place.curvatures;
  const now = row(active()), [low, high] = heights(), lr = setting(about.lr), at = about.over ? Math.min(setting(about.over), high) : 0.5;
  give("marks", {
    a: known.map(curvature => Math.min(Math.max(lr * curvature, 0), ABOUT.top)), value: known.map(() => at),
    marker: known.map((curvature, k) => lr * curvature > ABOUT.top ? "asterisk" : signs[k % 4]), curvature: known,
  });
  const colour = ABOUT.colours[page.dark ? "dark" : "light"][page.state.active], dots = find("dots");
  if (dots.glyph.fill_color.value !== colour) dots.glyph.fill_color = { value: colour };
  const lines = known.map((curvature, k) => {
    const [rate, code] = spectrum(now, curvature);
    return fill(said("phase.on_curvature"), { sign: signsSaid[k % 4], curvature: number(curvature), regime: said("regimes")[ABOUT.regimes[code]], rate: rateSaid(rate) });
  });
  const most = edge(row(active(), { [about.lr]: 1 })) / Math.max(...known);
  if (known.length && known.every(curvature => curvature > 0))
    lines.push(fill(said("phase.stable_up_to"), { lr: said("settings")[about.lr], most: number(most) }));
  if (known.length) lines.push(said(place.quadratic ? "phase.on_quadratics" : "phase.near_the_minimiser"));
  lines_to(byId("prediction"), lines);
}

// A rate is spelled 1 only where it cannot be told from 1.
function rateSaid(rate) {
  const over = rate - 1;
  return over !== 0 && Math.abs(over) < 5e-7 && Math.abs(over) > 4e-15 ? `1 ${over > 0 ? "+" : "−"} ${number(Math.abs(over), 3)}` : number(rate);
}

function lines_to(place, lines) {
  place.replaceChildren(...lines.flatMap((line, k) => k ? [document.createElement("br"), line] : [line]));
}

function drawMemory() {
  const found = memory(row(active())), figure = find("memory"), known = Number.isFinite(found.gain) && found.gain !== 0;
  const weight = known ? found.weight : new Float64Array(0), most = Math.max(...weight, 0), least = Math.min(...weight, 0);
  give("weights", { ago: Array.from(weight, (_, k) => k), weight });
  give("memory_mark", { ago: known && found.steps <= weight.length ? [found.steps - 0.5] : [] });
  const margin = 0.06 * (most - least) || 1e-3;
  span(figure.y_range, least - margin, most + margin);
  span(figure.x_range, -0.5, Math.max(weight.length, 12) - 0.5);
  byId("memory_words").textContent = known ? fill(said("memory.linear"), {
    memory: number(found.steps, 4), steps: found.whole, held: (100 * found.held).toFixed(1), gain: number(found.gain), half_life: number(found.half, 3),
  }) : "";
}

// A change: the trace in the frame that it comes in, the rest in the one after the next.

let due = null, later = null, plane = "";
function changed() {
  const [low, high] = drawTrace();
  clearTimeout(later);
  later = setTimeout(settle, 200);
  if (due !== null) return;
  due = setTimeout(() => {
    due = null;
    const about = ABOUT.rules[active().rule], settings = { ...active().settings };
    delete settings[about.lr]; delete settings[about.over];
    const wanted = JSON.stringify([active().rule, settings]);
    if (plane !== wanted) { plane = wanted; drawPlane(); }
    page.curves.forEach((curve, k) => give(`value${k}`, curve));
    drawValueSpan(...page.span); drawMarks(); drawMemory();
  }, 20);
  page.span = [low, high];
}

// The controls.

const scaled = {
  logarithmic: [value => value > 0 ? Math.log10(value) : -Infinity, at => Number((10 ** at).toPrecision(3))],
  memory: [value => value < 1 ? -Math.log10(1 - value) : Infinity, at => Number((1 - Number((10 ** -at).toPrecision(3))).toFixed(12))],
  linear: [value => value, at => Number(at.toPrecision(4))],
};

function setting(name, chosen = active()) {
  return chosen.settings[name] ?? ABOUT.rules[chosen.rule].controls.find(control => control.name === name).begin;
}

function option(value, text) {
  const made = document.createElement("option");
  made.value = value; made.textContent = text;
  return made;
}

function rows() {
  byId("settings").replaceChildren(...ABOUT.rules[active().rule].controls.map(control => {
    const label = document.createElement("label"), text = document.createElement("span"), pair = document.createElement("span");
    const slider = document.createElement("input"), typed = document.createElement("input"), [position, value] = scaled[control.kind];
    text.textContent = said("settings")[control.name];
    pair.className = "row";
    Object.assign(slider, { type: "range", id: `slider_${control.name}`, min: control.ends[0], max: control.ends[1], step: control.step });
    Object.assign(typed, { type: "number", id: `number_${control.name}`, min: control.low, step: "any" });
    if (control.high !== null) typed.max = control.high;
    typed.setAttribute("aria-label", text.textContent);
    slider.value = position(setting(control.name)); typed.value = setting(control.name);
    slider.oninput = () => { set(control.name, value(Number(slider.value))); typed.value = setting(control.name); };
    typed.oninput = () => {
      const wanted = Number(typed.value), inside = wanted >= control.low && (control.high === null || wanted < control.high || (!control.open && wanted === control.high));
      typed.setAttribute("aria-invalid", String(!(typed.value !== "" && inside)));
      if (typed.value !== "" && inside) { set(control.name, wanted); slider.value = position(wanted); }
    };
    pair.append(slider, " ", typed); label.append(text, " ", pair);
    return label;
  }));
}

function set(name, value) {
  active().settings[name] = value;
  changed();
}

function controls() {
  const { rules } = page.state, names = ABOUT.words[page.language].rules;
  byId("rules").replaceChildren(...rules.map((chosen, k) => {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: "rule", textContent: `${k + 1} ${names[chosen.rule]}` });
    button.setAttribute("aria-pressed", String(k === page.state.active));
    button.style.setProperty("--mark", ABOUT.colours[page.dark ? "dark" : "light"][k]);
    button.onclick = () => { page.state.active = k; controls(); changed(); };
    return button;
  }));
  byId("rule").replaceChildren(...Object.keys(ABOUT.rules).map(name => option(name, names[name])));
  byId("landscape").replaceChildren(...Object.keys(ABOUT.landscapes).map(name => option(name, name)));
  byId("rule").value = active().rule;
  byId("landscape").value = page.state.landscape;
  byId("add").disabled = rules.length >= ABOUT.most; byId("drop").disabled = rules.length < 2;
  [byId("start1").value, byId("start2").value] = page.state.start;
  byId("steps").value = byId("steps_typed").value = page.state.steps;
  rows();
}

byId("rule").onchange = event => { page.state.rules[page.state.active] = { rule: event.target.value, settings: {} }; controls(); changed(); };
byId("add").onclick = () => { page.state.active = page.state.rules.push({ rule: "gradient_descent", settings: {} }) - 1; controls(); changed(); };
byId("drop").onclick = () => { page.state.rules.splice(page.state.active, 1); page.state.active = 0; controls(); changed(); };
byId("landscape").onchange = event => {
  page.state.landscape = event.target.value;
  page.state.start = [...ABOUT.landscapes[event.target.value].start];
  page.paths = []; page.window = wantedWindow();
  drawGround(); controls(); changed();
};
for (const [k, id] of ["start1", "start2"].entries()) byId(id).oninput = event => {
  const wanted = Number(event.target.value), [low, high] = page.window[k];
  event.target.setAttribute("aria-invalid", String(!(event.target.value !== "" && wanted >= low && wanted <= high)));
  if (event.target.value !== "" && wanted >= low && wanted <= high) { page.state.start[k] = wanted; changed(); }
};
function steps(event) {
  const wanted = Math.round(Number(event.target.value));
  if (!(wanted >= 1 && wanted <= 1000)) return;
  page.state.steps = wanted;
  for (const id of ["steps", "steps_typed"]) if (byId(id) !== event.target) byId(id).value = wanted;
  changed();
}
byId("steps").oninput = byId("steps_typed").oninput = steps;
byId("paper").onclick = () => { page.dark = !page.dark; show(); };
byId("language").onclick = () => { page.language = page.language === "en" ? "zh" : "en"; show(); };
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", event => { page.dark = event.matches; show(); });

// The pointer: the start on the trace, a mark on the phase plane.

function placed(event) {
  const spans = page.window;
  page.state.start = [event.x, event.y].map((at, k) => Number(Math.min(Math.max(at, spans[k][0]), spans[k][1]).toPrecision(4)));
  [byId("start1").value, byId("start2").value] = page.state.start;
  changed();
}

function pointer() {
  const trace = find("trace"), phase = find("phase");
  let dragging = false, handle = 0;
  const grab = event => { const away = find("marks").data.a.map(a => Math.abs(a - event.x)); handle = away.indexOf(Math.min(...away)); };
  const drag = event => {
    const curvature = ABOUT.landscapes[page.state.landscape].curvatures[handle], about = ABOUT.rules[active().rule], [low, high] = heights();
    if (!(curvature > 0)) return;
    active().settings[about.lr] = Number((Math.max(event.x, 0) / curvature).toPrecision(3));
    if (about.over) active().settings[about.over] = Number(Math.min(Math.max(event.y, low), high).toFixed(3));
    rows(); changed();
  };
  trace.on_event("panstart", event => {
    const { x_range, y_range } = trace, [a, b] = page.state.start;
    dragging = Math.max(Math.abs(event.x - a) / (x_range.end - x_range.start), Math.abs(event.y - b) / (y_range.end - y_range.start)) < 0.07;
  });
  trace.on_event("pan", event => { if (dragging) placed(event); });
  trace.on_event("panend", () => { dragging = false; });
  trace.on_event("tap", placed);
  phase.on_event("panstart", grab); phase.on_event("pan", drag);
  phase.on_event("tap", event => { grab(event); drag(event); });
}

// The page on this paper, in this language.

async function show() {
  const paper = page.dark ? "dark" : "light", { json, roots } = ABOUT.documents[`${paper}-${page.language}`];
  document.documentElement.classList.toggle("dark", page.dark);
  document.documentElement.lang = page.language === "zh" ? "zh-CN" : "en";
  document.title = said("page.title");
  for (const element of document.querySelectorAll("[data-say]")) element.textContent = said(element.dataset.say);
  for (const element of document.querySelectorAll("[data-name]")) element.setAttribute("aria-label", said(element.dataset.name));
  byId("paper").textContent = said(page.dark ? "page.light" : "page.dark");
  for (const place of Object.values(roots)) byId(place).replaceChildren();
  for (const shown of [...Bokeh.documents]) shown.clear();
  Bokeh.documents.length = 0;
  await Bokeh.embed.embed_items({ lab: structuredClone(json) }, [{ docid: "lab", roots, root_ids: Object.keys(roots) }]);
  given.clear(); plane = ""; page.paths = []; page.window = wantedWindow();
  controls(); drawGround(); pointer(); changed(); settle();
}

Bokeh.safely(show);
