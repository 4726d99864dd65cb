// The page's data, its tape, and the small helpers that every part uses.

const byId = id => document.getElementById(id);
function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}
function draw(parent, name, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return parent.appendChild(element);
}
const say = text => { byId("live").textContent = text; };
const note = text => make("p", { class: "note" }, text);
// A formula: finished MathML from the page's own data, in which every name is escaped.
const formula = math => { const span = make("span", { class: "math" }); span.innerHTML = math; return span; };

const data = JSON.parse(byId("recording").textContent);
const engine = new Engine(data);
const descent = new Descent(engine, data);
const predictions = data.predictions && new Predictions(engine, data.predictions);
const adjointOf = i => data.adjoints[i];
// The symbol of an adjoint, as a formula where letters have no room for its marks.
const adjointName = node => node.adjointName ? formula(node.adjointName) : node.adjointSymbol;
const nodeTitle = i => data.nodes[i].symbol;
const shapeText = shape => shape.length ? "[" + shape.join(", ") + "]" : "";
const exact = v => String(Number.isFinite(v) ? +v.toPrecision(14) : v).replaceAll("-", "−");
const brief = v => !Number.isFinite(v) ? String(v).replace("-", "−") : v === 0 ? "0"
  : (Math.abs(v) >= 1e5 || Math.abs(v) < 1e-3 ? v.toExponential(2) : String(+v.toPrecision(4))).replaceAll("-", "−");
