// The live charts of learning: the loss, and what the model answers where its inputs are one or two numbers.

// Of two that stand side by side, and of one alone.
const smallChart = [210, 160], wideChart = [430, 160];

// An empty drawing of a size, with a border around its plot; gives the places of x and y in it.
function plot(svg, [width, height], [x0, x1], [y0, y1], [left, bottom] = [40, 20]) {
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const right = 6, top = 6, spread = (v, from, to) => (v - from) / (to - from || 1);
  const x = v => left + spread(v, x0, x1) * (width - left - right);
  const y = v => height - bottom - spread(v, y0, y1) * (height - top - bottom);
  draw(svg, "rect", { x: left, y: top, width: width - left - right, height: height - top - bottom, class: "plot" });
  draw(svg, "text", { x: left - 4, y: top + 9, "text-anchor": "end" }, short(y1));
  draw(svg, "text", { x: left - 4, y: height - bottom, "text-anchor": "end" }, short(y0));
  draw(svg, "text", { x: left, y: height - 6 }, short(x0));
  draw(svg, "text", { x: width - right, y: height - 6, "text-anchor": "end" }, short(x1));
  return { x, y };
}
const short = v => Number.isFinite(v) && Math.abs(v) >= 1e-2 && Math.abs(v) < 1e4 ? String(+v.toPrecision(3)).replace("-", "−") : brief(v);
const line = points => points.map(([x, y], k) => `${k ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");

function drawLoss(svg) {
  const { losses } = descent, chartSize = byId("picture").hasAttribute("hidden") ? wideChart : smallChart, last = Math.max(losses.length - 1, 10);
  const finite = losses.filter(Number.isFinite), top = Math.max(...finite, Number.MIN_VALUE), low = Math.min(0, ...finite);
  const { x, y } = plot(svg, chartSize, [0, last], [low, top]);
  const points = sampled(losses.length, 300).concat(losses.length - 1).filter(k => Number.isFinite(losses[k]));
  draw(svg, "path", { d: line(points.map(k => [x(k), y(losses[k])])), class: "curve" });
  const now = losses[losses.length - 1];
  if (Number.isFinite(now)) draw(svg, "circle", { cx: x(losses.length - 1), cy: y(now), r: 3.5, class: "now" });
  draw(svg, "text", { x: x(last / 2), y: chartSize[1] - 6, "text-anchor": "middle" }, "step");
  svg.setAttribute("aria-label", `Loss after ${descent.steps} step${descent.steps === 1 ? "" : "s"}: ${brief(now)}, from ${brief(losses[0])}`);
}

// Colours of classes: those of the heat maps for two, evenly spaced hues for more. Markers differ by shape too.
const classColour = (k, count, share) => count === 2 ? colour(k ? share : -share, 1)
  : `hsl(${Math.round(360 * k / count + 210) % 360} 55% ${document.documentElement.dataset.theme === "dark" ? 22 + 22 * share : 92 - 30 * share}%)`;
function marker(svg, x, y, k, label) {
  const shapes = ["M-5 0a5 5 0 1 0 10 0a5 5 0 1 0 -10 0z", "M-5 -5h10v10h-10z", "M0 -6l6 11h-12z", "M0 -7l6 7l-6 7l-6 -7z"];
  const path = draw(svg, "path", { d: shapes[k % shapes.length], transform: `translate(${x.toFixed(1)} ${y.toFixed(1)})`, class: "point" });
  draw(path, "title", {}, label);
}

const isClassifier = () => predictions.kind !== "values";
// The class of an answer, and the probability that it gives to it.
function decided(answer) {
  if (answer.length === 1) return answer[0] >= 0.5 ? [1, answer[0]] : [0, 1 - answer[0]];
  const k = answer.indexOf(Math.max(...answer));
  return [k, answer[k]];
}

// The extent of some numbers with a margin around them.
function extent(numbers) {
  const low = Math.min(...numbers), high = Math.max(...numbers), margin = 0.25 * (high - low || 1);
  return [low - margin, high + margin];
}
// The points that the pictures show: all examples that the page carries, else the batch.
function knownPoints() {
  const { features, examples } = predictions, inputs = examples ? examples.inputs : predictions.read(predictions.inputs);
  const count = inputs.length / features;
  return Array.from({ length: count }, (_, r) => ({
    input: Array.from(inputs.slice(r * features, (r + 1) * features)),
    target: examples ? Array.from(examples.targets.slice(r * examples.targets.length / count, (r + 1) * examples.targets.length / count))
      : predictions.target(r),
  }));
}

// The plane, coloured by the class that wins there and by how clearly, with the points of the data.
function drawBoundary(svg) {
  const points = knownPoints(), cells = 28, count = Math.max(2, predictions.width);
  const [[x0, x1], [y0, y1]] = [0, 1].map(axis => extent(points.map(p => p.input[axis])));
  const { x, y } = plot(svg, smallChart, [x0, x1], [y0, y1]);
  const middle = (k, from, to) => from + (k + 0.5) / cells * (to - from);
  const grid = Array.from({ length: cells * cells }, (_, k) => [middle(k % cells, x0, x1), middle(Math.floor(k / cells), y0, y1)]);
  const [width, height] = [(x(x1) - x(x0)) / cells, (y(y0) - y(y1)) / cells];
  const answers = predictions.at(grid).map(answer => isClassifier() ? decided(answer) : [answer[0] < 0 ? 0 : 1, Math.min(1, Math.abs(answer[0]))]);
  answers.forEach(([k, share], i) => draw(svg, "rect", {
    x: (x(grid[i][0]) - width / 2).toFixed(1), y: (y(grid[i][1]) - height / 2).toFixed(1), width: (width + 0.3).toFixed(1),
    height: (height + 0.3).toFixed(1), fill: classColour(k, count, isClassifier() ? 0.15 + 0.85 * Math.max(0, 2 * share - 1) : share) }));
  // The boundary: edges between cells of different classes.
  let edges = "";
  answers.forEach(([k], i) => {
    const column = i % cells, row = Math.floor(i / cells), right = x(grid[i][0]) + width / 2, upper = y(grid[i][1]) - height / 2;
    if (column + 1 < cells && answers[i + 1][0] !== k) edges += `M${right.toFixed(1)} ${upper.toFixed(1)}v${height.toFixed(1)}`;
    if (row + 1 < cells && answers[i + cells][0] !== k) edges += `M${(right - width).toFixed(1)} ${upper.toFixed(1)}h${width.toFixed(1)}`;
  });
  draw(svg, "path", { d: edges, class: "boundary" });
  for (const { input, target } of points) {
    marker(svg, x(input[0]), y(input[1]), isClassifier() ? target[0] : 0, `(${input.map(brief).join(", ")}), target ${target.map(brief).join(", ")}`);
  }
  svg.setAttribute("aria-label", `Answers over the plane of the two inputs, with ${points.length} points: shapes are classes, colours are answers`);
}

// The answer over a range of the one input, with the targets.
function drawCurve(svg) {
  const points = knownPoints(), [x0, x1] = extent(points.map(p => p.input[0]));
  const grid = Array.from({ length: 101 }, (_, k) => [x0 + k / 100 * (x1 - x0)]);
  const answers = predictions.at(grid).map(answer => answer[0]);
  const [y0, y1] = extent([...points.map(p => p.target[0]), ...answers.filter(Number.isFinite)]);
  const { x, y } = plot(svg, smallChart, [x0, x1], [y0, y1]);
  draw(svg, "path", { d: line(grid.flatMap(([v], k) => Number.isFinite(answers[k]) ? [[x(v), y(answers[k])]] : [])), class: "curve" });
  for (const { input, target } of points) marker(svg, x(input[0]), y(target[0]), 0, `${brief(input[0])} → ${brief(target[0])}`);
  svg.setAttribute("aria-label", `The answer as a curve over the input, with ${points.length} targets`);
}

// The batch: inputs where they are few, target, answer, and a sign for right and wrong.
function predictionTable() {
  const answers = predictions.answers(), inputs = predictions.read(predictions.inputs), { features, count, examples } = predictions;
  const hasInputs = features <= 3, most = 8;
  const head = [...(hasInputs ? ["input"] : ["example"]), "target", ...(isClassifier() ? ["answer", "p", ""] : ["answer"])];
  const table = make("table", {}, make("caption", {}, "what it answers"),
    make("thead", {}, make("tr", {}, ...head.map(text => make("th", { scope: "col" }, text)))));
  const body = table.createTBody();
  for (let r = 0; r < Math.min(count, most); r++) {
    const target = predictions.target(r), answer = answers[r], [k, share] = decided(answer), row = body.insertRow();
    const input = hasInputs ? Array.from(inputs.slice(r * features, (r + 1) * features), brief).join(", ")
      : String(examples ? examples.number + (predictions.first + r) % examples.count : r);
    const cells = isClassifier() ? [input, brief(target[0]), String(k), share.toFixed(3), k === target[0] ? "✓" : "✗"]
      : [input, target.map(brief).join(", "), answer.map(brief).join(", ")];
    for (const text of cells) row.insertCell().textContent = text;
  }
  return [table, ...(count > most ? [note(`the first ${most} of ${count}`)] : [])];
}
