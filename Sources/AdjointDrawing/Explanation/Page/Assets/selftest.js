// The page's test of itself, run when it is opened with `#selftest=LEAF,ELEMENT,VALUE`. It walks to the end and
// back by real key events, moves the slider, takes gradient steps, and writes what it found into the document as JSON;
// in a frame it posts that too.

const failures = [];
addEventListener("error", event => failures.push(event.message));
addEventListener("unhandledrejection", event => failures.push(String(event.reason)));
document.addEventListener("securitypolicyviolation", event => failures.push(`refused: ${event.blockedURI}`));

// What a window of this size does not show whole: what reaches beyond its sides, or is wider than what holds it. Formulas
// and the graph scroll by themselves.
function cut() {
  const width = document.documentElement.clientWidth, found = [], name = e => `${title()}: ${e.tagName} ${e.id || e.className} ${e.textContent.slice(0, 40)}`;
  for (const e of document.querySelectorAll("body *")) {
    if (e.closest(".scroll, .unseen, math, svg, script, .math, .formula .body") || !e.getClientRects().length) continue;
    const { left, right } = e.getBoundingClientRect(), isScrolling = getComputedStyle(e).overflowX === "auto" && e.querySelector("math");
    if (left < -1 || right > width + 1 && !e.closest(".formula, .parts p, .recorded")) found.push(name(e) + " beyond the window");
    if (e.scrollWidth > e.clientWidth + 1 && e.clientWidth && !isScrolling && !/^(SELECT|INPUT|MATH)$/.test(e.tagName)) found.push(name(e) + " is cut");
    if (e.tagName === "SELECT" && e.clientWidth < 30) found.push(name(e) + " is too narrow");
  }
  // A formula scrolls sideways, and is whole from top to bottom.
  for (const e of document.querySelectorAll(".formula mi, .parts p mi, .recorded mi")) {
    const frame = e.closest(".formula, p, .recorded"), box = frame.getBoundingClientRect(), { top, bottom } = e.getBoundingClientRect();
    if (bottom > top && (top < box.top + 1 || bottom > box.bottom + 1)) found.push(name(frame) + " is cut in height");
  }
  return found;
}
// A test of the repository looks for more; see `Frame` there.
const pale = window.pale || (() => []);
const later = () => new Promise(resolve => setTimeout(resolve, 20));

async function selfTest(leaf, element, value) {
  const press = (key, on = document.body) => on.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  const walk = (key, look = () => {}) => {
    let count = 0;
    for (let before = -1; before !== now; count++) { before = now; press(key); look(); }
    return count - 1;
  };
  const gradients = () => Object.fromEntries(leaves.filter(i => adjointOf(i) !== undefined)
    .map(i => [i, Array.from(engine.values[adjointOf(i)])]));
  const report = { steps: steps.length, cut: cut(), pale: [], tall: [], unnamed: [], mouseOnly: [], noReason: [] };
  const measure = what => { if (stepHeight() > innerHeight) report.tall.push(`${what}: ${stepHeight()} of ${innerHeight}`); };
  const look = () => {
    report.cut.push(...cut());
    report.pale.push(...pale().map(text => `${title()}: ${text}`));
    measure(title());
    if (!document.querySelector("#detail .why") && steps[now].isBackward) report.noReason.push(title());
    report.unnamed.push(...[...document.querySelectorAll("button, input, select, [tabindex]")]
      .filter(e => !e.closest("[hidden]") && e.tabIndex >= 0)
      .filter(e => !(e.textContent.trim() || e.getAttribute("aria-label") || e.labels && e.labels.length)).map(e => e.outerHTML));
    report.mouseOnly.push(...[...document.querySelectorAll("body *")].filter(e => getComputedStyle(e).cursor === "pointer"
      && !e.closest("button, a[href], input, select, summary, label, [tabindex='0']:not(.scroll)")).map(e => e.outerHTML));
  };
  report.forth = walk("ArrowRight", look);
  report.atEnd = now === steps.length - 1;
  byId("theme").click();
  report.back = walk("ArrowLeft", look);
  byId("theme").click();
  report.atStart = now === 0;
  press("End");
  report.end = now;
  press("Home");
  report.home = now;
  // Arrows read elements there, and do not step.
  const map = document.querySelector("#detail .cells");
  map.focus();
  press("ArrowRight", map);
  report.read = now === 0 ? byId("live").textContent : "stepped";
  map.blur();
  const box = document.querySelector("#graph-drawing .box:not(.here)");
  if (box) press("Enter", box);
  report.entered = !box || now !== 0;
  press("Home");
  report.loss = engine.objective();
  report.gradients = gradients();
  if (leaf !== undefined) {
    take(leaf, element);
    byId("slider").min = Math.min(byId("slider").min, value);
    byId("slider").max = Math.max(byId("slider").max, value);
    byId("slider").step = "any";
    byId("slider").value = value;
    byId("slider").dispatchEvent(new Event("input", { bubbles: true }));
    report.moved = { value: engine.values[leaf][element], loss: engine.objective(), gradients: gradients() };
    report.check = checkElement();
    measure("checked");
    byId("reset").click();
    report.lossAfterReset = engine.objective();
  }
  // Asking first covers all parts; a key uncovers one after the other.
  press("End");
  press("ArrowLeft");
  byId("teacher").click();
  const covers = () => document.querySelectorAll("#detail .ask").length;
  report.covered = covers();
  report.shown = [...document.querySelectorAll("#detail .body")].filter(e => e.getClientRects().length).length;
  for (let k = 0; k < report.covered; k++) press("a");
  report.uncovered = report.covered - covers();
  byId("teacher").click();
  // A hundred gradient steps, three of them by the button; more by running.
  report.learned = { losses: [], ran: 0, gradients: {} };
  if (descent.parameters.length) {
    for (let k = 0; k < 3; k++) byId("step").click();
    while (descent.steps < 100) descent.step();
    report.learned = { losses: descent.losses.slice(), gradients: gradients() };
    byId("run").click();
    for (let wait = 0; descent.steps <= 100 && wait < 500; wait++) await later();
    byId("run").click();
    report.learned.ran = descent.steps;
    measure("learned");
    byId("restart").click();
    report.lossAfterRestart = engine.objective();
  }
  if (predictions && predictions.examples) {
    const select = byId("example");
    select.value = 1;
    select.dispatchEvent(new Event("change", { bubbles: true }));
    report.lossOfNext = engine.objective();
    byId("restart").click();
  }
  if (isFilledIn) Object.assign(report, fillInKey());
  report.cut.push(...cut());
  report.pale.push(...pale().map(text => `${title()}: ${text}`));
  report.requests = performance.getEntriesByType("resource").map(entry => entry.name);
  report.failures = failures;
  document.body.append(make("script", { type: "application/json", id: "selftest" }, JSON.stringify(report)));
  if (parent !== window) parent.postMessage(JSON.stringify(report), "*");
}

start();
// A link such as step.html#step=12 opens the page at that step; one beyond the last at the last.
const linked = /^#step=(\d+)$/.exec(location.hash);
if (linked) go(Math.min(+linked[1], steps.length) - 1);
const asked = /^#selftest(?:=(.*))?$/.exec(location.hash);
if (asked) selfTest(...(asked[1] || "").split(",").filter(Boolean).map(Number));
