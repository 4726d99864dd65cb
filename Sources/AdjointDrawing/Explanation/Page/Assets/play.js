// The page's slider and check. An element of a leaf changes, loss and adjoints follow, and the adjoint is compared
// with a finite difference.

const leaves = data.nodes.flatMap((node, i) => node && node.role && i <= data.output ? [i] : []);
const sliding = i => !/^(index|random)/.test(data.nodes[i].role);
const objectiveAtFirst = engine.objective();
const held = { leaf: leaves.find(i => data.nodes[i].role === "parameter") ?? leaves.find(sliding), element: 0 };

// The element whose change the objective feels most; the first, where nothing was differentiated.
function strongest(leaf) {
  const adjoint = adjointOf(leaf), g = adjoint === undefined ? [] : engine.values[adjoint];
  return g.reduce((best, v, k) => Math.abs(v) > Math.abs(g[best]) ? k : best, 0);
}

// Puts an element of a leaf on the slider.
function take(leaf, element) {
  const count = size(data.nodes[leaf].shape);
  held.leaf = leaf;
  held.element = Math.min(Math.max(0, Math.trunc(element) || 0), count - 1);
  const value = engine.values[leaf][held.element] ?? 0, reach = Math.max(2, 2 * Math.abs(value));
  byId("slider").min = value - reach;
  byId("slider").max = value + reach;
  byId("leaf").value = leaf;
  byId("element").max = count - 1;
  byId("element").parentElement.hidden = count === 1;
  byId("check-result").textContent = "";
  refreshPlay();
}

function change(value) {
  if (!Number.isFinite(value)) return;
  engine.write(held.leaf, held.element, value);
  byId("check-result").textContent = "";
  show();
  say(`${data.nodes[data.output].path || "loss"} ${brief(engine.objective())}`);
}

function refreshPlay() {
  const { leaf, element } = held, objective = engine.objective();
  byId("loss").textContent = exact(objective);
  byId("loss-change").textContent = objective === objectiveAtFirst ? "as recorded"
    : `${brief(objective - objectiveAtFirst)} from the recorded ${brief(objectiveAtFirst)}`;
  if (leaf === undefined) return;
  const canSlide = sliding(leaf) && engine.values[leaf].length > 0, value = engine.values[leaf][element];
  for (const id of ["slider", "value", "check"]) byId(id).disabled = !canSlide;
  if (document.activeElement !== byId("element")) byId("element").value = element;
  byId("slider").value = value;
  byId("slider").setAttribute("aria-valuetext", brief(value ?? NaN));
  if (document.activeElement !== byId("value")) byId("value").value = +(value ?? NaN).toPrecision(12);
  byId("coordinates").textContent = canSlide ? coordinates(element, data.nodes[leaf].shape) : "";
  const adjoint = adjointOf(leaf);
  byId("gradient").textContent = adjoint === undefined ? noAdjoint(leaf) : exact(engine.values[adjoint][element]);
  const stops = engine.reach(leaf).stops;
  byId("stops").textContent = !canSlide ? (/^random/.test(data.nodes[leaf].role)
      ? "A random leaf keeps the values recorded." : "Positions and classes are no numbers to slide.")
    : stops.length ? `The slider stops at ${stops.map(nodeTitle).join(", ")}: the page has no rule for it, so it and all that `
      + "follows from it keep the values recorded." : "";
}

function checkElement() {
  const { leaf, element } = held, adjoint = adjointOf(leaf);
  const { estimate, error } = engine.difference(leaf, element);
  const given = adjoint === undefined ? undefined : engine.values[adjoint][element];
  const bound = Math.max(10 * error, 1e-9 * Math.max(1, Math.abs(estimate)));
  const apart = given === undefined ? NaN : Math.abs(given - estimate);
  const verdict = given === undefined ? "there is no adjoint to compare with"
    : apart <= bound ? `agrees: apart by ${brief(apart)}`
      : `differs by ${brief(apart)}: a kink nearby, or a wrong rule`;
  byId("check-result").textContent =
    `difference ${exact(estimate)} ± ${brief(error)}; adjoint ${given === undefined ? "none" : exact(given)}; ${verdict}`;
  return { estimate, error, adjoint: given, agrees: apart <= bound };
}

function start() {
  document.body.classList.toggle("scalar", data.unfolded);
  for (const leaf of leaves) {
    byId("leaf").append(make("option", { value: leaf }, nodeTitle(leaf) + (data.nodes[leaf].shape.length ? ` ${shapeText(data.nodes[leaf].shape)}` : "")));
  }
  byId("leaf").addEventListener("change", event => take(+event.target.value, strongest(+event.target.value)));
  byId("element").addEventListener("input", event => take(held.leaf, +event.target.value));
  byId("slider").addEventListener("input", event => change(+event.target.value));
  byId("value").addEventListener("change", event => change(+event.target.value));
  byId("check").addEventListener("click", checkElement);
  byId("reset").addEventListener("click", reset);
  byId("progress").max = steps.length - 1;
  byId("progress").addEventListener("input", event => go(+event.target.value));
  const moves = { first: () => 0, previous: () => now - 1, next: () => now + 1, last: () => steps.length - 1 };
  for (const [id, to] of Object.entries(moves)) byId(id).addEventListener("click", () => go(to()));
  const keys = { Home: "first", ArrowLeft: "previous", ArrowRight: "next", End: "last" };
  document.addEventListener("keydown", event => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
    if (/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName || "")) return;
    // Where a teacher asks first, a key shows what comes next.
    if (event.key === "a" && isAsking) { const ask = document.querySelector("#detail .ask"); if (ask) ask.click(); }
    if (!(event.key in keys)) return;
    event.preventDefault();
    go(moves[keys[event.key]]());
  });
  byId("teacher").addEventListener("click", () => {
    isAsking = !isAsking;
    byId("teacher").setAttribute("aria-pressed", isAsking);
    show();
  });
  startLearning();
  byId("unfold").addEventListener("click", () => {
    graph.isUnfolded = !graph.isUnfolded;
    byId("unfold").setAttribute("aria-pressed", graph.isUnfolded);
    show();
  });
  byId("unfold").setAttribute("aria-pressed", graph.isUnfolded);
  byId("unfold").hidden = !("" in data.layouts);
  const isDark = matchMedia("(prefers-color-scheme: dark)");
  const paint = theme => { document.documentElement.dataset.theme = theme; show(); };
  byId("theme").addEventListener("click", () =>
    paint(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
  isDark.addEventListener("change", event => paint(event.matches ? "dark" : "light"));
  // Paper is white, whatever the screen shows.
  let screen = "light";
  addEventListener("resize", fit);
  addEventListener("beforeprint", () => { screen = document.documentElement.dataset.theme; paint("light"); });
  addEventListener("afterprint", () => paint(screen));
  document.documentElement.dataset.theme = isDark.matches ? "dark" : "light";
  if (held.leaf !== undefined) take(held.leaf, strongest(held.leaf));
  go(0);
}
