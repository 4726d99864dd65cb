// The panel in which the model learns: gradient steps, the rate, the choice of an example, and the charts as it goes.

let isRunning = false;

function drawLearning() {
  if (descent.parameters.length) drawLoss(byId("loss-curve"));
  byId("learned").textContent = `step ${descent.steps}: loss ${brief(engine.objective())}`;
  if (!predictions) return;
  if (predictions.features === 2 && predictions.width <= 4) drawBoundary(byId("picture"));
  if (predictions.features === 1) drawCurve(byId("picture"));
  byId("predictions").replaceChildren(...predictionTable());
}

// One gradient step; the next example after it, where that is asked for.
function learn() {
  descent.step();
  if (byId("cycle").checked) chooseExample((predictions.first + predictions.count) % predictions.examples.count);
}

function chooseExample(first) {
  predictions.choose(first);
  byId("example").value = first;
}

// As many steps as fit into a part of a frame, so that the charts stay live.
const soon = work => setTimeout(work, 16);
function run() {
  if (!isRunning) return;
  const end = performance.now() + 12;
  do learn(); while (performance.now() < end && Number.isFinite(engine.objective()) && descent.steps % 5);
  drawLearning();
  refreshPlay();
  if (Number.isFinite(engine.objective())) return soon(run);
  setRunning(false);
  byId("learned").textContent += ". It is no number any more: reset, and take a smaller rate.";
}

function setRunning(on) {
  isRunning = on;
  byId("run").textContent = on ? "pause" : "run";
  byId("run").setAttribute("aria-pressed", on);
  if (on) return soon(run);
  show();
  say(`Step ${descent.steps}, loss ${brief(engine.objective())}`);
}

// All leaves as recorded, and the curve from its beginning.
function reset() {
  if (isRunning) setRunning(false);
  for (const leaf of leaves) engine.values[leaf] = engine.recorded[leaf];
  engine.evaluate(engine.nodes.keys());
  if (predictions && predictions.examples) { predictions.first = predictions.examples.first; byId("example").value = predictions.first; }
  descent.restart();
  take(held.leaf, held.element);
  show();
}

function startLearning() {
  const canLearn = descent.parameters.length > 0, examples = predictions && predictions.examples;
  byId("learn").hidden = !canLearn && !predictions;
  for (const element of document.querySelectorAll("#learn .steps, #loss-curve")) element.toggleAttribute("hidden", !canLearn);
  byId("picture").toggleAttribute("hidden", !predictions || predictions.features > 2 || predictions.features === 2 && predictions.width > 4);
  for (const id of ["examples", "cycling"]) byId(id).hidden = !examples;
  byId("rate").value = data.rate;
  byId("rate").addEventListener("input", event => {
    if (event.target.value !== "" && Number.isFinite(+event.target.value)) descent.setRate(+event.target.value);
  });
  byId("step").addEventListener("click", () => {
    learn();
    show();
    say(`Step ${descent.steps}, loss ${brief(engine.objective())}`);
  });
  byId("run").addEventListener("click", () => setRunning(!isRunning));
  byId("restart").addEventListener("click", reset);
  if (!examples) return;
  const { count, names, number } = examples;
  predictions.first = predictions.examples.first;
  for (let k = 0; k < count; k++) {
    const last = (k + predictions.count - 1) % count;
    byId("example").append(make("option", { value: k }, predictions.count === 1 ? names[k] : `${number + k} … ${number + last}`));
  }
  byId("example").value = predictions.first;
  byId("example").addEventListener("change", event => {
    chooseExample(+event.target.value);
    descent.restart();
    show();
  });
}
