// The page of orders: two sides that step together through what was recorded when the page was made.

const byId = id => document.getElementById(id);
function draw(parent, name, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return parent.appendChild(element);
}
function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}
const comparisons = JSON.parse(byId("comparisons").textContent);
const [boxWidth, boxHeight, gap, lineHeight] = [136, 66, 14, 90];
let chosen = 0, now = 0, views = [], timer;
const length = () => Math.max(...comparisons[chosen].sides.map(side => side.steps.length));

class Side {
  constructor(place, side, number) {
    this.side = side;
    this.isRight = side.isRight;
    place.setAttribute("aria-label", side.title);
    place.replaceChildren(make("h3", {}, side.title), make("pre", {}, side.code));
    this.words = place.appendChild(make("p", { class: "words" }));
    this.count = place.appendChild(make("p", { class: "count" }));
    const rows = Math.max(...side.boxes.map(box => box.row)) + 1;
    const height = rows * lineHeight - lineHeight + boxHeight + 4, width = 2 * boxWidth + gap + 4;
    this.drawing = draw(place, "svg", { viewBox: `${-width / 2} -2 ${width} ${height}`, role: "img", class: "boxes" });
    this.byId = Object.fromEntries(side.boxes.map(box => [box.id, box]));
    this.edges = side.edges.map(([from, to]) => {
      const [a, b] = [this.byId[from], this.byId[to]];
      const [x, y, u, v] = [this.x(a), a.row * lineHeight + boxHeight, this.x(b), b.row * lineHeight];
      // An edge that passes a row goes around what stands there.
      const path = b.row - a.row > 1 ? `M${x + 40} ${y}C${x + 150} ${y + 30} ${x + 150} ${v - 30} ${u + 40} ${v}`
        : `M${x} ${y}C${x} ${y + 14} ${u} ${v - 14} ${u} ${v}`;
      return { from, to, line: draw(this.drawing, "path", { d: path, class: "edge" }) };
    });
    this.groups = side.boxes.map(box => {
      const group = draw(this.drawing, "g", { transform: `translate(${this.x(box)} ${box.row * lineHeight})` });
      draw(group, "rect", { x: -boxWidth / 2, y: 0, width: boxWidth, height: boxHeight, rx: box.title === box.symbol ? 16 : 4 });
      draw(group, "text", { y: 18, class: "name" }, box.title);
      draw(group, "text", { y: 37, class: "value" }, box.value);
      const adjoint = draw(group, "text", { y: 57, class: "adjoint" });
      const visits = draw(group, "text", { x: boxWidth / 2 - 6, y: 37, class: "visits" });
      return { group, adjoint, visits };
    });
  }
  x(box) { return box.column * (boxWidth + gap); }
  show(number) {
    const last = this.side.steps.length - 1, step = this.side.steps[Math.min(number, last)], isOver = number >= last;
    const heard = [];
    this.groups.forEach(({ group, adjoint, visits }, k) => {
      const box = this.side.boxes[k], [text, isWrong, count] = step.boxes[k];
      const full = text ? `${box.adjoint} = ${text}` : `${box.adjoint} –`;
      adjoint.textContent = isWrong ? `✗ ${full}` : full;
      visits.textContent = count > 1 ? `${count}×` : "";
      group.setAttribute("class", ["box", step.at === box.id && !isOver ? "here" : "", isWrong ? "wrong" : "", text ? "has" : ""].join(" "));
      heard.push(`${box.title}, value ${box.value}, adjoint ${text || "not computed"}${isWrong ? `, wrong, ${box.truth} is right` : ""}`);
      // Long texts shrink into their box.
      for (const line of group.querySelectorAll("text:not(.visits)")) {
        line.removeAttribute("textLength");
        line.removeAttribute("lengthAdjust");
        if (line.getComputedTextLength() > boxWidth - 10) {
          line.setAttribute("textLength", boxWidth - 10);
          line.setAttribute("lengthAdjust", "spacingAndGlyphs");
        }
      }
    });
    for (const edge of this.edges) {
      const isAt = step.edge && step.edge[0] === edge.to && step.edge[1] === edge.from;
      edge.line.setAttribute("class", isAt ? "edge at" : "edge");
    }
    this.drawing.setAttribute("aria-label", heard.join("; "));
    this.words.textContent = step.words;
    this.words.className = "words" + (isOver ? this.isRight ? " right" : " wrong" : "");
    this.count.textContent = `visits so far: ${step.boxes.reduce((sum, box) => sum + box[2], 0)}`;
    return step.words;
  }
}

function choose(number, step = 0) {
  chosen = number;
  const { question, reason, sides } = comparisons[chosen];
  byId("asked").textContent = question;
  byId("reason").textContent = reason;
  const places = document.querySelectorAll(".side");
  views = sides.map((side, k) => new Side(places[k], side));
  byId("choices").querySelectorAll("button").forEach((button, k) => button.setAttribute("aria-pressed", k === chosen));
  byId("progress").max = length() - 1;
  go(step);
}
function go(number) {
  now = Math.max(0, Math.min(number, length() - 1));
  const words = views.map(view => view.show(now));
  byId("progress").value = now;
  byId("position").textContent = `step ${now + 1} of ${length()}`;
  byId("first").disabled = byId("previous").disabled = now === 0;
  byId("last").disabled = byId("next").disabled = now === length() - 1;
  byId("live").textContent = `Left: ${words[0]} Right: ${words[1]}`;
}
function run(isOn) {
  clearInterval(timer);
  timer = undefined;
  byId("run").setAttribute("aria-pressed", isOn);
  byId("run").textContent = isOn ? "stop" : "run";
  if (!isOn) return;
  if (now === length() - 1) go(0);
  timer = setInterval(() => { go(now + 1); if (now === length() - 1) run(false); }, 900);
}
comparisons.forEach((comparison, k) => {
  const button = make("button", { type: "button", "aria-keyshortcuts": k + 1 }, `${k + 1}. ${comparison.name}`);
  button.addEventListener("click", () => { run(false); choose(k); });
  byId("choices").append(button);
});
const moves = { first: () => 0, previous: () => now - 1, next: () => now + 1, last: () => length() - 1 };
for (const [id, place] of Object.entries(moves)) byId(id).addEventListener("click", () => { run(false); go(place()); });
byId("run").addEventListener("click", () => run(timer === undefined));
byId("progress").addEventListener("input", event => { run(false); go(+event.target.value); });
const keys = { Home: moves.first, ArrowLeft: moves.previous, ArrowRight: moves.next, End: moves.last };
addEventListener("keydown", event => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "INPUT") return;
  const number = +event.key;
  if (keys[event.key]) { run(false); go(keys[event.key]()); }
  else if (number >= 1 && number <= comparisons.length) { run(false); choose(number - 1); }
  else return;
  event.preventDefault();
});
const setTheme = name => { document.documentElement.dataset.theme = name; };
setTheme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
byId("theme").addEventListener("click", () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
// A link such as order.html#2/5 opens the second comparison at its fifth step.
const linked = /^#(\d+)(?:\/(\d+))?$/.exec(location.hash);
if (linked && comparisons[linked[1] - 1]) choose(linked[1] - 1, (linked[2] || 1) - 1); else choose(0);
