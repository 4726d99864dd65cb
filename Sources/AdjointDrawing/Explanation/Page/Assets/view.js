// The steps, and the text at each: every forward node in order, then every adjoint in reverse.

function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}
const say = text => { document.getElementById("live").textContent = text; };
// A formula: finished MathML from the page's own data, in which every name is escaped.
const formula = math => { const span = make("span", { class: "math" }); span.innerHTML = math; return span; };

const data = JSON.parse(document.getElementById("recording").textContent);
const engine = new Engine(data);
const nodeTitle = i => data.nodes[i].symbol;
const adjointOf = i => data.adjoints[i];
const steps = data.walk.map(node => ({ node, isBackward: false }));
// An exercise asks for the backward half, so it does not show it.
const isAsking = document.getElementById("exercise") !== null;
for (const node of isAsking ? [] : [...data.walk].reverse()) if (adjointOf(node) !== undefined) steps.push({ node, isBackward: true });
let now = 0;

const graph = new Graph(data, node => {
  const isBackward = steps[now].isBackward && adjointOf(node) !== undefined;
  go(steps.findIndex(step => step.node === node && step.isBackward === isBackward));
});
const heat = (label, i, options = {}) =>
  heatMap(label, engine.values[i], data.nodes[i].shape, { image: data.image, ...options });

function go(step) {
  if (step < 0 || step >= steps.length) return;
  now = step;
  show();
  const { node, isBackward } = steps[now];
  say(`Step ${now + 1} of ${steps.length}. ${isBackward ? "Adjoint of " : ""}${nodeTitle(node)}`);
}

function show() {
  const { node: i, isBackward } = steps[now], node = data.nodes[i];
  const forward = data.walk.length;
  document.getElementById("position").textContent = isBackward
    ? `backward ${now - forward + 1} of ${steps.length - forward}` : `forward ${now + 1} of ${forward}`;
  document.getElementById("progress").value = now;
  for (const id of ["first", "previous"]) document.getElementById(id).disabled = now === 0;
  for (const id of ["next", "last"]) document.getElementById(id).disabled = now === steps.length - 1;
  graph.draw(i, isBackward, (k, adjoint) => adjoint
    ? isBackward && adjointOf(k) !== undefined && k >= i : isBackward || k <= i);
  const detail = document.getElementById("detail");
  detail.className = isBackward ? "backward" : "forward";
  detail.replaceChildren(make("h2", {}, isBackward ? `${node.adjointSymbol}, adjoint of ${nodeTitle(i)}` : nodeTitle(i)));
  detail.append(make("p", { class: "facts" }, [node.role || node.op, shapeText(node.shape), node.path || ""]
    .filter(Boolean).join(" · ")));
  if (node.math) detail.append(make("p", { class: "formula" }, formula(node.math)));
  if (node.foreign) detail.append(note("This page has no rule for this operation: it shows the values recorded, and a slider "
    + "on what stands before it stops here."));
  if (isBackward) detail.append(...children(i), ...toInputs(i), ...serving(i));
  const values = section("Value", heat(`value of ${nodeTitle(i)}`, i, { pick: node.role && !isAsking ? k => take(i, k) : null }));
  if (node.role && sliding(i) && !isAsking) values.append(note("Click an element, or press Enter on it, to put it on the slider."));
  detail.append(values);
  if (!isBackward) {
    detail.append(section("Adjoint", note(adjointOf(i) === undefined ? noAdjoint(i)
      : "Not computed yet: the backward pass has not come this far.")));
    for (const x of new Set(node.inputs || [])) {
      detail.append(section(`Input ${nodeTitle(x)} ${shapeText(data.nodes[x].shape)}`, heat(`value of ${nodeTitle(x)}`, x)));
    }
    detail.append(...jacobians(i));
  }
  refreshPlay();
}

const note = text => make("p", { class: "note" }, text);
const section = (title, ...content) => make("section", {}, make("h3", {}, title), ...content);
const noAdjoint = i => data.nodes[i].role
  ? `None: nothing is differentiated with respect to this ${data.nodes[i].role} leaf. Absent is not zero.`
  : "None: no path from here reaches a leaf that is differentiated. Absent is not zero.";

// The adjoint and the contributions of its consumers: the sum at a fan-out.
function children(i) {
  const edges = data.edges.filter(edge => edge.to === i), adjoint = adjointOf(i);
  const total = heat(`adjoint of ${nodeTitle(i)}`, adjoint);
  if (i === data.output) return [section(`Adjoint ${shapeText(data.nodes[i].shape)}: where the backward pass begins`, total)];
  const parts = edges.map(edge => make("div", { class: "part" },
    make("p", {}, `from ${nodeTitle(edge.from)}: `, formula(edge.math)),
    edges.length > 1 ? heat(`contribution of ${nodeTitle(edge.from)}`, edge.node) : ""));
  const title = edges.length > 1 ? `Adjoint: the sum over ${edges.length} children` : "Adjoint, from the one child";
  return [section(title, ...parts, edges.length > 1 ? make("p", { class: "equals" }, `= their sum, ${data.nodes[i].adjointSymbol}`) : "",
    total)];
}

// What this node hands on: its local Jacobians and the contribution to each input.
function toInputs(i) {
  return data.edges.filter(edge => edge.from === i).map(edge => section(`To ${nodeTitle(edge.to)}`,
    make("p", {}, "contribution ", formula(edge.math)),
    heat(`contribution to ${nodeTitle(edge.to)}`, edge.node), jacobian(edge)));
}
const jacobians = i => data.edges.filter(edge => edge.from === i)
  .map(edge => section(`Local Jacobian ∂${nodeTitle(i)}/∂${nodeTitle(edge.to)}`, jacobian(edge)));

function jacobian(edge) {
  const m = size(data.nodes[edge.from].shape), n = size(data.nodes[edge.to].shape);
  const box = make("div", {}, make("p", {}, `Jacobian [${m} × ${n}], elements in row-major order`));
  if (edge.jacobian) box.append(make("p", { class: "structure" }, edge.jacobian));
  const numbers = sampled(m, m * n > 1e8 ? 6 : 24), rows = engine.jacobianRows(adjointOf(edge.from), edge.node, numbers);
  if (!rows) { box.append(note("not listed: an operation of its rule has no rule in this page")); return box; }
  if (numbers.length === m && m * n > 1) {
    const count = rows.reduce((sum, row) => sum + row.filter(v => v !== 0).length, 0);
    box.append(note(`${count} of ${m * n} entries differ from 0 at these values`));
  }
  const columns = sampled(n, 48), flat = new Float64Array(rows.length * columns.length);
  rows.forEach((row, r) => columns.forEach((c, k) => { flat[r * columns.length + k] = row[c]; }));
  box.append(heatMap(`Jacobian of ${nodeTitle(edge.from)} by ${nodeTitle(edge.to)}`, flat, [rows.length, columns.length],
    { place: k => `row ${numbers[Math.floor(k / columns.length)]}, column ${columns[k % columns.length]}` }));
  if (rows.length < m || columns.length < n) {
    box.append(note(`sampled: ${rows.length} of ${m} rows, ${columns.length} of ${n} columns`));
  }
  return box;
}

// The recorded backward nodes that serve this one.
function serving(i) {
  const nodes = data.nodes.map((node, k) => ({ node, k })).filter(({ node }) => node && node.serves === i && node.op);
  if (!nodes.length) return [];
  return [section("Recorded for it", make("ul", { class: "recorded" },
    ...nodes.map(({ node }) => make("li", {}, formula(node.math), ` ${shapeText(node.shape)}`))))];
}
