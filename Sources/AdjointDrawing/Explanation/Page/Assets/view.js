// The steps, and the text at each: every forward node in order, then every adjoint in reverse, then the update.

const steps = data.walk.map(node => ({ node, isBackward: false }));
// An exercise asks for the backward half, so it does not show it.
const isExercise = document.body.classList.contains("asking"), isFilledIn = byId("homework") !== null;
for (const node of isExercise ? [] : [...data.walk].reverse()) if (adjointOf(node) !== undefined) steps.push({ node, isBackward: true });
const backwardCount = steps.length - data.walk.length;
if (descent.parameters.length && !isExercise) steps.push({ node: data.output, isBackward: true, isUpdate: true });
let now = 0;
// A teacher asks first: each part of a step is covered until somebody wants to see it.
let isAsking = false;

const graph = new Graph(data, node => {
  const isBackward = steps[now].isBackward && adjointOf(node) !== undefined;
  go(steps.findIndex(step => step.node === node && step.isBackward === isBackward));
});
const heat = (label, i, options = {}) =>
  heatMap(label, engine.values[i], data.nodes[i].shape, options);

function go(step) {
  if (step < 0 || step >= steps.length) return;
  now = step;
  show();
  const { node, isBackward } = steps[now];
  say(`Step ${now + 1} of ${steps.length}. ${title()}`);
}

const title = () => {
  const { node, isBackward, isUpdate } = steps[now];
  return isUpdate ? "Update of the parameters" : (isBackward ? `${data.nodes[node].adjointSymbol}, adjoint of ` : "") + nodeTitle(node);
};

// The title of the step, with the symbol of its adjoint typeset.
function heading() {
  const { node, isBackward, isUpdate } = steps[now];
  return isBackward && !isUpdate ? make("h2", {}, adjointName(data.nodes[node]), `, adjoint of ${nodeTitle(node)}`) : make("h2", {}, title());
}

function show() {
  const { node: i, isBackward, isUpdate } = steps[now], node = data.nodes[i], forward = data.walk.length;
  byId("position").textContent = isUpdate ? "update" : isBackward
    ? `backward ${now - forward + 1} of ${backwardCount}` : `forward ${now + 1} of ${forward}`;
  byId("progress").value = now;
  byId("progress").setAttribute("aria-valuetext", `${byId("position").textContent}: ${title()}`);
  for (const id of ["first", "previous"]) byId(id).disabled = now === 0;
  for (const id of ["next", "last"]) byId(id).disabled = now === steps.length - 1;
  graph.draw(i, isBackward, (k, adjoint) => adjoint
    ? isUpdate && adjointOf(k) !== undefined || isBackward && adjointOf(k) !== undefined && (isAsking ? k > i : k >= i)
    : isBackward || (isAsking ? k < i : k <= i));
  const detail = byId("detail"), facts = [node.role || "operation", shapeText(node.shape) || "a number",
    node.path === node.symbol ? "" : node.path];
  detail.className = isBackward ? "backward" : "forward";
  detail.replaceChildren(make("div", { class: "title" }, heading(),
    make("p", { class: "facts" }, isUpdate ? `θ ← θ − η·θ̄ with η = ${engine.values[descent.rate][0]}` : facts.filter(Boolean).join(" · ")),
    isUpdate || !node.math ? "" : make("div", { class: "formula" }, covered("formula", formula(node.math)))));
  if (node.foreign) detail.append(note("This page has no rule for this operation: it shows the values recorded, and a slider "
    + "on what stands before it stops here."));
  detail.append(make("div", { class: "parts" }, ...isUpdate ? updates() : isBackward ? backwardParts(i) : forwardParts(i)));
  drawLearning();
  refreshPlay();
  fit();
}

// Beside a lesson's text and exercise, a step fits when it and the steps' bar do.
const isAlone = !document.querySelector("#lesson, #exercise, #homework-fields");
const stepHeight = () => isAlone ? document.documentElement.scrollHeight
  : Math.ceil(document.querySelector("nav").offsetHeight + document.querySelector("main").offsetHeight);

// A step fits a desk's window: where it would not, it is set closer, Jacobians and lists close to a line that opens them
// again, and pictures get smaller.
function fit() {
  const detail = byId("detail"), parts = [...detail.querySelectorAll("details")].reverse();
  const measures = [() => detail.classList.add("close"), ...parts.map(part => () => { part.open = false; }),
    () => detail.classList.add("small"), () => detail.classList.add("tiny")];
  if (innerWidth > 1180) measures.every(measure => stepHeight() > innerHeight && (measure(), true));
}

// What the step shows: a section for the value, and one for each neighbour.
const valuePart = i => section("Value", heat(`value of ${nodeTitle(i)}`, i, { pick: data.nodes[i].role ? k => take(i, k) : null }),
  data.nodes[i].role && sliding(i) ? note("Click an element, or press Enter on it, to put it on the slider.") : "");
const backwardParts = i => [...children(i), ...serving(i), ...toInputs(i), valuePart(i)];
function forwardParts(i) {
  const inputs = [...new Set(data.nodes[i].operands || data.nodes[i].inputs || [])].filter(x => data.walk.includes(x));
  return [valuePart(i),
    ...inputs.map(x => section(`Input ${nodeTitle(x)} ${shapeText(data.nodes[x].shape)}`, heat(`value of ${nodeTitle(x)}`, x))),
    ...jacobians(i),
    section("Adjoint", note(adjointOf(i) === undefined ? noAdjoint(i)
      : "Not computed yet: the backward pass has not come this far."))];
}
const mostUpdates = 4;
function updates() {
  const single = descent.updates.filter(({ parameter }) => size(data.nodes[parameter].shape) === 1);
  const others = descent.updates.filter(update => !single.includes(update)), rest = others.length - mostUpdates;
  return [...single.length ? [section("Numbers", updateTable(single))] : [],
    ...others.slice(0, mostUpdates).map(({ parameter, next }) => section(nodeTitle(parameter),
    make("div", { class: "row" }, labelled("value", heat(`value of ${nodeTitle(parameter)}`, parameter)),
      labelled("adjoint", heat(`adjoint of ${nodeTitle(parameter)}`, adjointOf(parameter), { says: false })),
      labelled("value next", heat(`next value of ${nodeTitle(parameter)}`, next, { says: false }))))),
    section("Why", why("The adjoint points where the loss grows fastest; a small step against it makes the loss smaller. The button "
      + "“step” takes it, and both halves run again."), rest > 0 ? note(`${rest} more parameters are updated in the same way.`) : "")];
}
// Parameters of one number each, a row for each.
function updateTable(updates) {
  const table = make("table", { class: "updates" }), row = (name, cells) => table.append(make("tr", {}, ...name.map(text => make("th",
    { scope: "row" }, text)), ...cells));
  row([], ["", "value", "adjoint", "value next"].map(text => make("th", { scope: "col" }, text)));
  for (const { parameter, next } of updates) {
    row([nodeTitle(parameter)], [parameter, adjointOf(parameter), next].map(i => make("td", {}, brief(engine.values[i][0]))));
  }
  return make("div", { class: "cells", tabindex: 0, role: "group", "aria-label": "the parameters, their adjoints and what they become" }, table);
}
const labelled = (text, element) => make("div", {}, make("p", { class: "note" }, text), element);
const why = text => make("p", { class: "why" }, text);

// What stands under a button until it is asked for, where a teacher asks first.
function covered(name, ...content) {
  const body = make("div", { class: "body", tabindex: -1 }, ...content);
  if (!isAsking) return body;
  body.hidden = true;
  const ask = make("button", { type: "button", class: "ask", "aria-label": `show ${name}` }, "show");
  ask.addEventListener("click", () => { body.hidden = false; body.focus({ preventScroll: true }); ask.remove(); });
  return make("div", {}, ask, body);
}
const section = (title, ...content) => make("section", {}, make("h3", {}, title), covered(title, ...content));
const noAdjoint = i => data.nodes[i].role
  ? `None: nothing is differentiated with respect to this ${data.nodes[i].role} leaf. Absent is not zero.`
  : "None: no path from here reaches a leaf that is differentiated. Absent is not zero.";

// The adjoint and the contributions of its consumers: the sum at a fan-out.
function children(i) {
  const edges = data.edges.filter(edge => edge.to === i), adjoint = adjointOf(i);
  const total = heat(`adjoint of ${nodeTitle(i)}`, adjoint);
  if (i === data.output) {
    return [section("Adjoint: where the backward pass begins", total,
      why("The loss moves with itself at rate 1; every other adjoint follows from this one."))];
  }
  // A node that hands something on says why there; a leaf says why it gets what it gets.
  const parts = edges.map(edge => make("div", { class: "part" },
    make("p", {}, `from ${nodeTitle(edge.from)}: `, formula(edge.math)), data.edges.some(other => other.from === i) ? "" : why(edge.why),
    edges.length > 1 ? heat(`contribution of ${nodeTitle(edge.from)}`, edge.node) : ""));
  const list = make("div", { class: "row" }, ...parts);
  if (edges.length === 1) return [section("Adjoint, from the one child", ...parts, total)];
  return [section(`Adjoint: the sum over ${edges.length} children`, list,
    make("p", { class: "equals" }, "= their sum, ", adjointName(data.nodes[i])), total,
    why(`Used ${edges.length} times: a small change moves the loss along ${edges.length} paths at once, so the contributions add. `
      + "All must be there before it hands on: hence the reverse order."))];
}

// What this node hands on: its local Jacobians and the contribution to each input.
function toInputs(i) {
  return data.edges.filter(edge => edge.from === i).map(edge => section(`To ${nodeTitle(edge.to)}`,
    make("p", {}, "contribution ", formula(edge.math)), why(edge.why),
    make("div", { class: "row" }, heat(`contribution to ${nodeTitle(edge.to)}`, edge.node), jacobian(edge))));
}
const jacobians = i => data.edges.filter(edge => edge.from === i)
  .map(edge => section(`Local Jacobian ∂${nodeTitle(i)}/∂${nodeTitle(edge.to)}`, jacobian(edge), why(edge.why)));

// A Jacobian: all of it where it is small. Of a large one its structure and its first entries; where the structure is not
// known, rows and columns with the same distance.
const mostRows = 24;
function jacobian(edge) {
  const m = size(data.nodes[edge.from].shape), n = size(data.nodes[edge.to].shape), isWhole = m <= mostRows && n <= mostRows;
  const box = make("details", { class: "jacobian", open: "" }, make("summary", { class: "structure" }, `Jacobian [${m} × ${n}]`
    + (edge.jacobian ? `: ${edge.jacobian}` : "")));
  const step = isWhole || edge.pattern ? 1 : Math.ceil(Math.max(m, n) / mostRows), most = edge.pattern ? 8 : mostRows;
  const every = count => Array.from({ length: Math.min(Math.ceil(count / step), most) }, (_, k) => k * step);
  const numbers = every(m), columns = every(n), rows = engine.jacobianRows(adjointOf(edge.from), edge.node, numbers);
  const pair = make("div", { class: "row" });
  box.append(pair);
  if (edge.pattern) pair.append(structure(edge, m, n));
  if (!rows) { box.append(note("not listed: an operation of its rule has no rule in this page")); return box; }
  if (m * n === 1) return make("p", { class: "structure" }, `slope ${brief(rows[0][0])}`);
  const flat = Float64Array.from(rows.flatMap(row => columns.map(c => row[c])));
  const entries = make("div", {}, heatMap(`Jacobian of ${nodeTitle(edge.from)} by ${nodeTitle(edge.to)}`, flat, [rows.length, columns.length],
    { place: k => `row ${numbers[Math.floor(k / columns.length)]}, column ${columns[k % columns.length]}` }));
  pair.append(entries);
  if (isWhole) box.firstChild.append(make("span", { class: "note" }, ` ${flat.filter(v => v !== 0).length} of ${m * n} ≠ 0`));
  else if (edge.pattern) entries.append(note(`its first ${rows.length} rows and ${columns.length} columns`));
  else entries.append(note(`sampled: every ${step}th row and column`));
  return box;
}

// The places at which entries of a large Jacobian can differ from 0.
function structure({ pattern: { rows, width: w }, jacobian }, m, n) {
  const h = rows.length, cell = Math.max(4, Math.floor(120 / Math.max(h, w)));
  const svg = draw(make("div", {}), "svg", { viewBox: `0 0 ${w * cell} ${h * cell}`, width: w * cell, height: h * cell, class: "pattern",
    role: "img", "aria-label": `Where entries can differ from 0: ${jacobian}` });
  rows.forEach((row, r) => [...row.toString(2).padStart(w, "0")].forEach((mark, c) => {
    if (mark === "1") draw(svg, "rect", { x: c * cell, y: r * cell, width: cell - 0.5, height: cell - 0.5 });
  }));
  return make("div", {}, svg, note(`where entries can differ from 0: a cell stands for about ${brief(Math.ceil(m / h))} × ${brief(Math.ceil(n / w))} entries`));
}

// The recorded backward nodes that serve this one.
function serving(i) {
  const nodes = data.nodes.map((node, k) => ({ node, k })).filter(({ node }) => node && node.serves === i && node.op);
  if (!nodes.length) return [];
  return [section("Recorded for it", make("details", { open: "" }, make("summary", { class: "note" }, nodes.length === 1 ? "1 node"
    : `${nodes.length} nodes`), make("ul", { class: "recorded" },
    ...nodes.map(({ node }) => make("li", {}, formula(node.math), ` ${shapeText(node.shape)}`)))))];
}
