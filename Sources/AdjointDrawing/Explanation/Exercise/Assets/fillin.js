// The exercise to fill in on the page: a field for each adjoint, graded as one types, and the answers as text to hand in.

const exercise = JSON.parse(byId("homework").textContent), ownRecording = byId("homework-recording");
const askedData = ownRecording ? JSON.parse(ownRecording.textContent) : data, askedEngine = ownRecording ? new Engine(askedData) : engine;

// A tensor as one types it: nested brackets.
function typed(values, shape) {
  if (!shape.length) return shown(values[0], 6);
  const width = values.length / (shape[0] || 1);
  return `[${Array.from({ length: shape[0] }, (_, k) => typed(values.slice(k * width, (k + 1) * width), shape.slice(1))).join(", ")}]`;
}

// What a keyboard has for the name of a value.
const keyOf = i => (exercise.values.find(({ node }) => node === i) || { names: [] }).names[1];

// How an answer is written, for the shapes that are asked for.
function howToAnswer() {
  const [first] = exercise.questions, isNumbers = exercise.questions.every(({ shape }) => !shape.length);
  return (isNumbers ? "Write each adjoint as a number, or as a formula, such as 2 * (1 - 0.5^2), which may use the names on this page."
    : "Write each adjoint as nested brackets, [[1, -0.5], [2/3, 0]], or as a formula, such as 2 * (1 - 0.5^2), which may use the names on this page: "
      + "· is the product of matrices (@ on a keyboard), ᵀ transposes (.T), sum(x, 0) sums over an axis.")
    + ` On a keyboard ${first.adjoint[0]} is ${first.adjoint[1]}. ${exercise.digits} significant digits are enough; going on from a wrong answer costs nothing more.`;
}

// The forward pass that the questions are about, where the page walks through another.
function givenValues() {
  return make("table", { class: "given" }, make("caption", {}, "The forward pass"), ...askedData.walk.map(i => {
    const node = askedData.nodes[i], name = formula(node.math || node.name), key = keyOf(i);
    return make("tr", {}, make("th", { scope: "row" }, name), make("td", {}, `= ${typed([...askedEngine.values[i]], node.shape).replaceAll("-", "−")}`),
      make("td", { class: "key" }, key && key !== node.symbol ? make("span", { class: "note" }, "typed ", make("code", {}, key)) : ""));
  }));
}

function fillIn() {
  const fields = new Map(), verdicts = new Map(), list = make("ol", { class: "questions" });
  const score = make("p", { id: "score", role: "status" }), sheet = make("textarea", { id: "sheet", rows: 6, readonly: "",
    "aria-label": "All answers as text, to hand in" });
  const grade = () => {
    const texts = new Map([...fields].map(([number, field]) => [number, field.value]));
    const { grades, solved } = gradeSheet(exercise, askedEngine, askedData, texts);
    for (const [number, { right, text }] of grades) {
      const isBlank = !texts.get(number).trim();
      verdicts.get(number).textContent = isBlank ? "" : text;
      verdicts.get(number).className = isBlank ? "verdict" : right ? "verdict right" : "verdict wrong";
    }
    score.textContent = `${solved} of ${exercise.questions.length} right`;
    sheet.value = [...texts].filter(([, text]) => text.trim()).map(([number, text]) => `(${number}) = ${text.trim()}`)
      .concat("", "## This sheet", "", ...exercise.about.map(([name, value]) => `    ${name} = ${value}`)).join("\n");
  };
  for (const { number, node, title, shape, uses } of exercise.questions) {
    const id = `answer-${number}`, field = make("textarea", { id, rows: shape.length > 1 ? Math.min(shape[0], 4) : 1,
      spellcheck: "false", autocomplete: "off", "aria-describedby": `verdict-${number}` });
    const verdict = make("p", { id: `verdict-${number}`, class: "verdict", role: "status" });
    field.addEventListener("change", grade);
    if (!ownRecording) field.addEventListener("focus", () => go(steps.findIndex(step => step.node === node)));
    fields.set(number, field);
    verdicts.set(number, verdict);
    list.append(make("li", {}, make("label", { for: id }, adjointName(askedData.nodes[node]), `${title.slice(askedData.nodes[node].adjointSymbol.length)}${shape.length ? " " + shapeText(shape) : ""}, used in ${uses}`), field, verdict));
  }
  const button = make("button", { type: "button", id: "grade" }, "grade");
  button.addEventListener("click", grade);
  byId("homework-fields").append(make("h2", {}, "Your turn: the backward pass"), make("p", { class: "note" },
    howToAnswer() + (ownRecording ? "" : " The graph shows the values of the forward pass, and goes to the node of the field at hand.")),
  ownRecording ? givenValues() : "", list, button, score, ownRecording ? "" : make("details", {}, make("summary", {}, "Hand in"), make("p", { class: "note" },
    "The teacher grades this text, saved as sheet.md: adjoint explain --grade sheet.md"), sheet));
  grade();
  score.textContent = "";
}
fillIn();

// For the page's test of itself: the key, typed into the fields, and one answer that is wrong.
function fillInKey() {
  const type = (k, text) => {
    const field = byId(`answer-${exercise.questions[k].number}`);
    field.value = text;
    field.dispatchEvent(new Event("change", { bubbles: true }));
    return byId("score").textContent;
  };
  const scores = exercise.questions.map(({ key, shape }, k) => type(k, typed(key, shape)));
  return { score: scores.pop(), scoreOfWrong: type(0, "1234") };
}
