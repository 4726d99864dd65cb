// The rules of the page's interpreter for elementwise functions of one, two and three arguments.
// A rule takes data, shapes and attributes, and gives the data of y.

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

// y = f(x), with the attributes of the operation.
const unary = {
  negate: x => -x, exp: Math.exp, expm1: Math.expm1, log: Math.log, log1p: Math.log1p, sqrt: Math.sqrt,
  square: x => x * x, reciprocal: x => 1 / x, abs: Math.abs, sign: Math.sign, step: x => x > 0 ? 1 : 0,
  sin: Math.sin, cos: Math.cos, atan: Math.atan, tanh: Math.tanh, sigmoid: logistic, erf,
  sech: x => 1 / Math.cosh(x), normalDensity: x => Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI), normalDistribution,
  relu: x => x <= 0 ? 0 : x, gelu: x => x * normalDistribution(x), silu: x => x * logistic(x),
  softplus: x => (x > 0 ? x : 0) + Math.log1p(Math.exp(-Math.abs(x))),
  leakyRelu: (x, a) => x > 0 ? x : a.slope * x, elu: (x, a) => x > 0 ? x : a.alpha * Math.expm1(x),
  power: (x, a) => Math.pow(x, a.exponent),
  clamp: (x, a) => x <= +a.low ? +a.low : x >= +a.high ? +a.high : x, stopGradient: x => x,
};

// y = f(a, b), with broadcasting. Not a number when either is not.
const binary = {
  add: (a, b) => a + b, subtract: (a, b) => a - b, multiply: (a, b) => a * b, divide: (a, b) => a / b,
  maximum: (a, b) => a > b ? a : b > a ? b : a === b ? a : a + b,
  minimum: (a, b) => a < b ? a : b < a ? b : a === b ? a : a + b,
  masked: (a, b) => b !== 0 ? a : 0,
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
