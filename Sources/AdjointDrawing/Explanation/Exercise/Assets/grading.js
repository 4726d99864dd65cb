// An exercise graded in the page by the rules of the library: rounding, own earlier answers, formulas, hints. It needs
// the interpreter alone, and no document.

class AnswerError extends Error {}

// A tensor {shape, data} that an answer's text means. The grammar is that of `AnswerReader` in Swift.
function readAnswer(text, names) {
  let rest = text, depth = 0;
  const listed = [...names.keys()].sort((a, b) => b.length - a.length);
  const scalar = v => ({ shape: [], data: Float64Array.of(v) });
  const fail = (expected, found) => {
    throw new AnswerError(`expected ${expected}, found ${found || (rest.trim() ? `“${[...rest].slice(0, 20).join("")}”` : "the end")}`);
  };
  const take = (...words) => {
    rest = rest.trimStart();
    const word = words.find(w => rest.startsWith(w));
    if (word !== undefined) rest = rest.slice(word.length);
    return word;
  };
  const nested = body => {
    if (++depth > 64) fail("at most 64 brackets in each other");
    const value = body();
    depth--;
    return value;
  };
  const run = (op, inputs, shape, attributes = {}) => {
    if (size(shape) > 100000) fail("at most 100000 numbers", `${size(shape)}`);
    return { shape, data: rules[op](inputs, attributes, shape) };
  };
  const apart = (a, b) => fail("operands that go together", `shapes [${a.shape.join(", ")}] and [${b.shape.join(", ")}]`);
  const both = (op, a, b) => {
    const rank = Math.max(a.shape.length, b.shape.length), padded = x => [...Array(rank - x.shape.length).fill(1), ...x.shape];
    const [p, q] = [padded(a), padded(b)];
    if (p.some((n, i) => n !== q[i] && n !== 1 && q[i] !== 1)) apart(a, b);
    return run(op, [a, b], p.map((n, i) => n === 1 ? q[i] : n));
  };
  const product = (a, b) => {
    if (!a.shape.length || !b.shape.length) return both("multiply", a, b);
    const left = a.shape.length === 1 ? [1, ...a.shape] : a.shape, right = b.shape.length === 1 ? [...b.shape, 1] : b.shape;
    if (left.length !== 2 || right.length !== 2 || left[1] !== right[0]) apart(a, b);
    const y = run("matmul", [{ ...a, shape: left }, { ...b, shape: right }], [left[0], right[1]]);
    return { ...y, shape: [...(a.shape.length > 1 ? [left[0]] : []), ...(b.shape.length > 1 ? [right[1]] : [])] };
  };
  const sum = () => {
    let value = terms();
    for (let sign; (sign = take("+", "-", "−"));) value = both(sign === "+" ? "add" : "subtract", value, terms());
    return value;
  };
  const terms = () => {
    let value = signed();
    for (let sign; (sign = take("*", "×", "⊙", "∘", "/", "÷", "⊘", "·", "⋅", "@"));) {
      const other = signed();
      if ("/÷⊘".includes(sign)) {
        if (other.data.includes(0)) fail("a divisor that is not 0", "a division by 0");
        value = both("divide", value, other);
      } else value = "·⋅@".includes(sign) ? product(value, other) : both("multiply", value, other);
    }
    return value;
  };
  const signed = () => {
    let isNegative = false;
    for (let sign; (sign = take("+", "-", "−"));) isNegative = isNegative !== (sign !== "+");
    const value = nested(power);
    return isNegative ? { ...value, data: value.data.map(v => -v) } : value;
  };
  const power = () => {
    let value = atom();
    for (let mark; (mark = take("ᵀ", ".T", "^T", "²", "³"));) {
      value = mark === "²" ? { ...value, data: value.data.map(v => v * v) }
        : mark === "³" ? { ...value, data: value.data.map(v => v ** 3) } : transposed(value);
    }
    return take("^", "**") ? both("pow", value, signed()) : value;
  };
  const atom = () => {
    if (take("[")) return nested(list);
    if (take("(")) return nested(() => { const value = sum(); if (!take(")")) fail("a closing parenthesis"); return value; });
    const name = listed.find(n => rest.startsWith(n) && !/^(?![²³ᵀ])[\p{L}\p{N}\p{M}_]/u.test(rest.slice(n.length)));
    if (name !== undefined) {
      rest = rest.slice(name.length);
      return names.get(name) || fail("a name that has a value", name);
    }
    if (/^\p{L}/u.test(rest)) return call();
    return scalar(number());
  };
  const list = () => {
    if (take("]")) return { shape: [0], data: new Float64Array(0) };
    const values = [];
    do values.push(sum()); while (take(","));
    if (!take("]")) fail("a comma or a closing bracket");
    if (values.some(v => String(v.shape) !== String(values[0].shape))) fail("rows of equal length", "rows of different lengths");
    return { shape: [values.length, ...values[0].shape], data: Float64Array.from(values.flatMap(v => [...v.data])) };
  };
  const number = () => {
    rest = rest.trimStart();
    const match = /^(\d+\.?\d*|\.\d+)([eE][+\-−]?\d+)?/.exec(rest);
    if (!match) fail("a number");
    rest = rest.slice(match[0].length);
    return +match[0].replace("−", "-");
  };
  const call = () => {
    rest = rest.replace(/^np\./, "");
    const whole = rest, name = /^[\p{L}\p{N}_]+/u.exec(rest)[0];
    const op = { "σ": "sigmoid", ln: "log", "Σ": "sum" }[name] || name;
    const isWhole = ["sum", "mean"].includes(op), isRow = ["softmax", "logSoftmax"].includes(op);
    rest = rest.slice(name.length);
    let axis;
    if (name === "Σ" && take("[")) { axis = number(); if (!take("]")) fail("a closing bracket"); }
    if (!isWhole && !isRow && !(op in unary && unary[op].length < 2 && op !== "stopGradient") || !take("(")) {
      rest = whole;
      fail("a number, a name of the sheet or a function with its argument in parentheses");
    }
    return nested(() => {
      const x = sum();
      if (axis === undefined && isWhole && take(",")) { take("axis="); axis = number(); }
      if (!take(")")) fail("a closing parenthesis");
      if (axis !== undefined && !(axis in x.shape)) fail(`an axis of [${x.shape.join(", ")}]`, String(axis));
      if (!isWhole) return run(op, [x], x.shape);
      const axes = axis === undefined ? x.shape.map((_, i) => i) : [axis];
      return run(op, [x], x.shape.filter((_, i) => !axes.includes(i)), { axes, keepingDimensions: false });
    });
  };
  const value = sum();
  if (rest.trim()) fail(`${rest.trim().startsWith(",") ? "a decimal point" : "a sign such as *"}, or the end of the answer`);
  const odd = value.data.findIndex(v => !Number.isFinite(v));
  if (odd >= 0) fail("finite numbers", `${value.data[odd]} as element ${odd}`);
  return value;
}

const transposed = x => {
  const own = strides(x.shape).reverse(), shape = [...x.shape].reverse();
  return { shape, data: Float64Array.from(offsets(shape, own), k => x.data[k]) };
};
const most = values => values.reduce((m, v) => Math.max(m, Math.abs(v)), 0);
const apartBy = (a, b) => a.reduce((m, v, k) => { const d = Math.abs(v - b[k]); return Number.isNaN(d) ? Infinity : Math.max(m, d); }, 0);
const dot = (a, b) => a.reduce((s, v, k) => s + v * b[k], 0);
const shown = (v, digits) => {
  const r = +v.toPrecision(digits);
  return r === 0 ? "0" : Math.abs(r) < 1e-4 ? r.toExponential().replace(/e-(\d)$/, "e-0$1") : String(r);
};

// The grade of one answer, judged against the key and against what follows from earlier answers: {right, text}.
function gradeAnswer(question, answer, { tolerance, carried = null, roots = [], weight = null }) {
  const { key, noise, shape } = question, size = most(key), own = carried || key;
  const right = (text, isCarried = false) => ({ right: true, isCarried, text }), wrong = text => ({ right: false, text });
  const near = within => {
    let best = null, distance = Infinity;
    for (const c of question.wrong) {
      if (String(c.shape) !== String(answer.shape) || c.value.includes(null)) continue;
      const extent = most(c.value), d = apartBy(answer.data, c.value), measured = Math.max(d, 1e-9 * extent);
      if (d <= Math.max(within * extent, noise) && measured < 0.5 * distance) [best, distance] = [c, measured];
    }
    return best;
  };
  if (String(answer.shape) !== String(shape)) {
    const text = s => s.length > 1 ? s.join("×") : !s.length ? "a single number" : s[0] === 1 ? "one number in brackets" : `a row of ${s[0]} numbers`, count = size_ => size_.reduce((p, n) => p * n, 1);
    const fits = shape.length <= answer.shape.length
      && shape.every((n, i) => n === 1 || n === answer.shape[answer.shape.length - shape.length + i]);
    const known = near(tolerance);
    const remark = known ? known.hint : String(answer.shape) === String([...shape].reverse()) ? "transposed?"
      : count(answer.shape) === count(shape) ? "an adjoint has the shape of its node"
        : fits ? "sum over the axes along which it is repeated" : "";
    return wrong(`wrong shape: expected ${text(shape)}, found ${text(answer.shape)}${remark && "; " + remark}`);
  }
  const error = apartBy(answer.data, key);
  if (error <= Math.max(1e-9 * size, noise)) return right("right");
  if (error <= tolerance * size) return right("right to the digits asked for");
  if (carried && apartBy(answer.data, carried) <= Math.max(tolerance * most(carried), noise)) {
    return roots.length ? right(`right as it follows from your ${roots.join(", ")}, which is wrong`, true)
      : right("right to the digits asked for");
  }
  const known = near(1e-8) || near(tolerance);
  if (known) return wrong(`hint: ${known.hint}`);
  const fit = fitted(answer, own, size, question, weight, tolerance);
  if (fit) return wrong(`hint: ${fit}`);
  const worst = answer.data.reduce((b, v, k) => Math.abs(v - own[k]) > Math.abs(answer.data[b] - own[b]) ? k : b, 0);
  const place = "[" + strides(shape).map((s, axis) => Math.floor(worst / s) % shape[axis]).join(", ") + "]";
  const found = shown(answer.data[worst], 6);
  return wrong(shape.length ? `wrong: element ${place}, ${found}, is off by most` : `wrong: ${found}`);
}

// A mistake with a number of its own: a decay, one row or element alone, a factor of no known origin.
function fitted(answer, own, size, { shape, noise }, weight, tolerance) {
  const extra = answer.data.map((v, k) => v - own[k]), extent = most(extra);
  if (weight && weight.length > 2) {
    const share = dot(extra, weight) / dot(weight, weight), rest = most(extra.map((v, k) => v - share * weight[k]));
    if (Number.isFinite(share) && rest <= Math.max(1e-6 * extent, tolerance * size) && rest <= 0.1 * extent) {
      return `${shown(share, 2)} times the weight is added: a decay that does not belong there`;
    }
  }
  const off = [...extra.keys()].filter(k => Math.abs(extra[k]) > Math.max(tolerance * size, noise));
  const rows = shape.length ? shape[0] : 1, width = Math.max(1, extra.length / rows), first = Math.floor(off[0] / width);
  if (off.length === 1 && extra.length > 1) return width === 1 ? `only row ${off[0]} is wrong` : `only element ${off[0]} is wrong`;
  if (rows > 1 && off.length && off.every(k => Math.floor(k / width) === first)) return `only row ${first} is wrong`;
  const factor = dot(answer.data, own) / dot(own, own), rest = most(answer.data.map((v, k) => v - factor * own[k]));
  if (!Number.isFinite(factor) || Math.abs(factor) <= 1e-3 || rest > 1e-6 * most(answer.data)) return null;
  return `too large by the factor ${shown(factor, 3)}`;
}

// What each node's adjoint becomes for somebody who goes on from answers of his own, nodes being passed from the loss back.
class OwnSweep {
  constructor(engine, data) { Object.assign(this, { engine, data, own: new Map(), parts: new Map() }); }

  adjoint(node) { return this.own.get(node) || this.engine.values[this.data.adjoints[node]]; }
  consumers(node) { return [...new Set(this.data.edges.filter(e => e.to === node).map(e => e.from))]; }

  // What the recorded backward nodes from an adjoint to a contribution make of another adjoint.
  contribution(adjoint, contribution, g) {
    const local = new Map([[adjoint, g]]);
    for (let i = adjoint + 1; i <= contribution; i++) {
      const node = this.engine.nodes[i];
      if (!node || !(node.inputs || []).some(x => local.has(x))) continue;
      if (node.foreign) return this.engine.values[contribution];
      local.set(i, this.engine.compute(i, x => local.get(x) || this.engine.values[x]));
    }
    return local.get(contribution);
  }

  pass(node) {
    for (const edge of this.data.edges.filter(e => e.from === node)) {
      const g = this.own.get(node), parts = this.parts.get(edge.to) || [];
      parts.push(g ? this.contribution(this.data.adjoints[node], edge.node, g) : this.engine.values[edge.node]);
      this.parts.set(edge.to, parts);
      if (g || this.own.has(edge.to)) {
        this.own.set(edge.to, parts.reduce((sum, part) => sum ? sum.map((v, k) => v + part[k]) : part, null));
      }
    }
  }
}

// Grades all answers, texts by number: {grades: Map by number, solved}.
function gradeSheet(exercise, engine, data, texts) {
  const sweep = new OwnSweep(engine, data), roots = new Map(), grades = new Map(), names = new Map();
  for (const { node, names: spellings } of exercise.values)
    for (const spelling of spellings) names.set(spelling, { shape: data.nodes[node].shape, data: engine.values[node] });
  for (const spelling of exercise.seed) names.set(spelling, { shape: [], data: Float64Array.of(1) });
  for (const question of exercise.questions) for (const spelling of question.adjoint) names.set(spelling, null);
  const asked = new Map(exercise.questions.map(question => [question.node, question]));
  const inherited = node => roots.get(node) || new Set(sweep.consumers(node).flatMap(c => [...inherited(c)]));
  for (let node = exercise.loss; node >= 0; node--) {
    const question = asked.get(node);
    if (question) {
      const text = (texts.get(question.number) || "").trim(), before = inherited(node);
      roots.set(node, before);
      let grade = { right: false, text: "no answer" };
      if (text && !text.includes("____")) {
        // An answer that is of no use costs only itself: its name stands for what follows from those before it.
        let named = { shape: question.shape, data: sweep.adjoint(node) };
        try {
          const answer = readAnswer(text, names), follows = sweep.adjoint(node);
          grade = gradeAnswer(question, answer, { tolerance: exercise.tolerance, roots: [...before].sort((a, b) => b - a)
            .map(i => asked.get(i).adjoint[0]), carried: apartBy(follows, question.key) > question.noise ? follows : null,
          weight: question.isParameter ? engine.values[node] : null });
          if (String(answer.shape) === String(question.shape)) {
            named = answer;
            if (grade.right && !grade.isCarried) roots.set(node, new Set());
            if (!grade.right) roots.set(node, new Set([node]));
            sweep.own.set(node, answer.data);
          }
        } catch (error) {
          if (!(error instanceof AnswerError)) throw error;
          grade = { right: false, text: `cannot be read: ${error.message}` };
        }
        for (const spelling of question.adjoint) names.set(spelling, named);
      }
      grades.set(question.number, grade);
    }
    sweep.pass(node);
  }
  return { grades, solved: [...grades.values()].filter(g => g.right).length };
}
