// The page's test of itself, run when it is opened with `#selftest=LEAF,ELEMENT,VALUE`. It walks to the end and
// back by real key events, moves the slider, and writes what it found into the document as JSON.

const failures = [];
addEventListener("error", event => failures.push(event.message));
addEventListener("unhandledrejection", event => failures.push(String(event.reason)));
document.addEventListener("securitypolicyviolation", event => failures.push(`refused: ${event.blockedURI}`));

function selfTest(leaf, element, value) {
  const press = key => document.body.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  const walk = key => {
    let count = 0;
    for (let before = -1; before !== now; count++) { before = now; press(key); }
    return count - 1;
  };
  const gradients = () => Object.fromEntries(leaves.filter(i => adjointOf(i) !== undefined)
    .map(i => [i, Array.from(engine.values[adjointOf(i)])]));
  const report = { steps: steps.length, forth: walk("ArrowRight"), atEnd: now === steps.length - 1 };
  report.back = walk("ArrowLeft");
  report.atStart = now === 0;
  press("End");
  report.end = now;
  press("Home");
  report.home = now;
  // In a heat map the arrows read elements, and do not step.
  const map = document.querySelector("#detail .cells");
  map.focus();
  map.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true, cancelable: true }));
  report.read = now === 0 ? byId("live").textContent : "stepped";
  map.blur();
  report.unnamed = [...document.querySelectorAll("button, input, select, [tabindex]")]
    .filter(e => !(e.textContent.trim() || e.getAttribute("aria-label") || e.labels && e.labels.length)).map(e => e.outerHTML);
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
    byId("reset").click();
    report.lossAfterReset = engine.objective();
  }
  byId("theme").click();
  byId("theme").click();
  report.requests = performance.getEntriesByType("resource").map(entry => entry.name);
  report.failures = failures;
  document.body.append(make("script", { type: "application/json", id: "selftest" }, JSON.stringify(report)));
}

start();
// A link such as step.html#step=12 opens the page at that step; one beyond the last at the last.
const linked = /^#step=(\d+)$/.exec(location.hash);
if (linked) go(Math.min(+linked[1], steps.length) - 1);
const asked = /^#selftest(?:=(.*))?$/.exec(location.hash);
if (asked) selfTest(...(asked[1] || "").split(",").filter(Boolean).map(Number));
