// The rules of the page's interpreter for elementwise functions of one, two and three arguments; before them, offsets in
// row-major order, and the sum that every reduction uses. A rule takes data, shapes and attributes, and gives the data of y.

const size = shape => shape.reduce((product, extent) => product * extent, 1);
function strides(shape) {
  const steps = new Array(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) steps[axis] = steps[axis + 1] * shape[axis + 1];
  return steps;
}

// For each element of `shape`, in order: start + Σ coordinate · step.
function offsets(shape, steps, start = 0) {
  const map = new Int32Array(size(shape)), at = new Array(shape.length).fill(0);
  let offset = start;
  for (let k = 0; k < map.length; k++) {
    map[k] = offset;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      offset += steps[axis];
      if (++at[axis] < shape[axis]) break;
      offset -= steps[axis] * shape[axis];
      at[axis] = 0;
    }
  }
  return map;
}

// Where each element of a broadcast result comes from. Kept, since every run asks for the same ones.
const broadcastMaps = new Map();
function broadcastMap(from, to) {
  const key = from + "|" + to;
  if (!broadcastMaps.has(key)) {
    const own = strides(from), lead = to.length - from.length;
    broadcastMaps.set(key, offsets(to, to.map((_, axis) =>
      axis < lead || from[axis - lead] === 1 ? 0 : own[axis - lead])));
  }
  return broadcastMaps.get(key);
}

// Where in y each element of x is reduced to.
const reductionMap = (shape, axes) => {
  const kept = shape.map((extent, axis) => axes.includes(axis) ? 1 : extent), own = strides(kept);
  return offsets(shape, shape.map((_, axis) => axes.includes(axis) ? 0 : own[axis]));
};

// Σ with the rounding errors carried along (Neumaier), so that no order of summation matters.
function sumInto(target, map, data) {
  const carry = new Float64Array(target.length);
  for (let k = 0; k < data.length; k++) {
    const i = map[k], old = target[i], sum = old + data[k];
    carry[i] += Math.abs(old) >= Math.abs(data[k]) ? old - sum + data[k] : data[k] - sum + old;
    target[i] = sum;
  }
  return target.map((sum, i) => Number.isFinite(sum) ? sum + carry[i] : sum);
}

// 1 / (1 + e^-x), never overflowing.
const logistic = x => { const e = Math.exp(-Math.abs(x)); return (x > 0 ? 1 : e) / (1 + e); };

// erf x: below 3 by 2/√π e^(-x²) Σ 2ⁿ x^(2n+1) / (2n+1)!!, whose terms have one sign; above, 1 minus a continued fraction.
function erf(x) {
  const a = Math.abs(x);
  if (Number.isNaN(x) || a > 6) return Number.isNaN(x) ? x : Math.sign(x);
  if (a < 3) {
    let term = x, sum = x;
    for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) { term *= 2 * x * x / (2 * n + 1); sum += term; }
    return 2 / Math.sqrt(Math.PI) * Math.exp(-x * x) * sum;
  }
  return Math.sign(x) * (1 - erfcTail(a));
}

// erfc a for a ≥ 3, a continued fraction.
function erfcTail(a) {
  let tail = a;
  for (let n = 60; n > 0; n--) tail = a + n / 2 / tail;
  return Math.exp(-a * a) / (tail * Math.sqrt(Math.PI));
}

// Φ(x) = erfc(-x/√2) / 2, whose tail keeps its digits.
const normalDistribution = x => x < -4.5 ? erfcTail(-x * Math.SQRT1_2) / 2 : (1 + erf(x * Math.SQRT1_2)) / 2;

// 1 - erf x, whose tail keeps its digits.
const erfc = x => x > 3 ? erfcTail(x) : 1 - erf(x);

// The nearest whole number, the even one of two that are as near.
const roundToEven = x => { const r = Math.round(x); return Math.abs(x) % 1 === 0.5 && r % 2 !== 0 ? r - 1 : r; };

// B₂, B₄, …, B₁₈
const bernoulli = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798];

// ln |Γ(x)|: Stirling's series at x + N less the logarithm of N steps; below 0 by reflection.
function lgamma(x) {
  if (x < 0) return Math.log(Math.PI / Math.abs(Math.sin(Math.PI * x))) - lgamma(1 - x);
  let product = 1, z = x;
  for (; z < 20; z++) product *= z;
  return (z - 0.5) * Math.log(z) - z + Math.log(2 * Math.PI) / 2 - Math.log(product)
    + bernoulli.reduce((sum, b, k) => sum + b / ((2 * k + 2) * (2 * k + 1) * z ** (2 * k + 1)), 0);
}

// The derivative of order n + 1 of ln Γ for x > 0: its series at x + N and N steps down.
function polygamma(n, x) {
  let factorial = 1, sum = 0, z = x;
  for (let k = 2; k <= n; k++) factorial *= k;
  for (; z < 20 + 2 * n; z++) sum += factorial / z ** (n + 1);
  sum += (n === 0 ? -Math.log(z) : factorial / n / z ** n) + factorial / 2 / z ** (n + 1);
  let c = factorial * (n + 1) / 2;
  bernoulli.forEach((b, i) => {
    const k = 2 * i + 2;
    sum += b * c / z ** (k + n);
    c *= (k + n) * (k + n + 1) / ((k + 1) * (k + 2));
  });
  return n % 2 === 0 ? -sum : sum;
}

// y = f(x), with the attributes of the operation.
const unary = {
  negate: x => -x, exp: Math.exp, expm1: Math.expm1, log: Math.log, log1p: Math.log1p, sqrt: Math.sqrt,
  square: x => x * x, reciprocal: x => 1 / x, abs: Math.abs, sign: Math.sign, step: x => x > 0 ? 1 : 0,
  tan: Math.tan, asin: Math.asin, acos: Math.acos, sinh: Math.sinh, cosh: Math.cosh, asinh: Math.asinh,
  acosh: Math.acosh, atanh: Math.atanh, exp2: x => 2 ** x, log2: Math.log2, log10: Math.log10, erfc, lgamma,
  floor: Math.floor, ceil: Math.ceil, round: roundToEven, trunc: Math.trunc,
  sin: Math.sin, cos: Math.cos, atan: Math.atan, tanh: Math.tanh, sigmoid: logistic, erf,
  sech: x => 1 / Math.cosh(x), normalDensity: x => Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI), normalDistribution,
  relu: x => x <= 0 ? 0 : x, gelu: x => x * normalDistribution(x), silu: x => x * logistic(x),
  softplus: x => (x > 0 ? x : 0) + Math.log1p(Math.exp(-Math.abs(x))),
  leakyRelu: (x, a) => x > 0 ? x : a.slope * x, elu: (x, a) => x > 0 ? x : a.alpha * Math.expm1(x),
  power: (x, a) => Math.pow(x, a.exponent), polygamma: (x, a) => polygamma(+a.order, x),
  clamp: (x, a) => x <= +a.low ? +a.low : x >= +a.high ? +a.high : x, stopGradient: x => x,
};

// y = f(a, b), with broadcasting. Not a number when either is not.
const binary = {
  add: (a, b) => a + b, subtract: (a, b) => a - b, multiply: (a, b) => a * b, divide: (a, b) => a / b,
  maximum: (a, b) => a > b ? a : b > a ? b : a === b ? a : a + b,
  minimum: (a, b) => a < b ? a : b < a ? b : a === b ? a : a + b,
  masked: (a, b) => b !== 0 ? a : 0,
  pow: (a, b) => a === 1 ? 1 : Math.pow(a, b), atan2: Math.atan2, hypot: Math.hypot,
  remainder: (a, b) => { const r = a % b; return r !== 0 && r < 0 !== b < 0 ? r + b : r; },
  logAddExp: (a, b) => a === b ? a + Math.LN2 : Math.max(a, b) + Math.log1p(Math.exp(-Math.abs(a - b))),
  less: (a, b) => +(a < b), lessOrEqual: (a, b) => +(a <= b), greater: (a, b) => +(a > b),
  greaterOrEqual: (a, b) => +(a >= b), equal: (a, b) => +(a === b), notEqual: (a, b) => +(a !== b),
};

// A rule takes inputs {data, shape}, the attributes, and the shape of y; it gives the data of y.
const rules = {};
for (const [name, f] of Object.entries(unary)) rules[name] = ([x], a) => x.data.map(v => f(v, a));
for (const [name, f] of Object.entries(binary)) {
  rules[name] = ([a, b], _, shape) => {
    const i = broadcastMap(a.shape, shape), j = broadcastMap(b.shape, shape);
    return Float64Array.from({ length: size(shape) }, (_, k) => f(a.data[i[k]], b.data[j[k]]));
  };
}
rules.where = ([c, a, b], _, shape) => {
  const [h, i, j] = [c, a, b].map(x => broadcastMap(x.shape, shape));
  return Float64Array.from({ length: size(shape) }, (_, k) => c.data[h[k]] !== 0 ? a.data[i[k]] : b.data[j[k]]);
};
