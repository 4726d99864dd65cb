import Adjoint

/// The page's interpreter: forward rules of the catalogue's operations, in JavaScript. A rule takes data, shapes and attributes
/// and gives the data of y; there are no others, because the backward half is recorded nodes too.
package enum PageInterpreter {
  /// Whether the page can compute this operation. One of a user's own has no rule, whatever its name.
  static func hasRule(for operation: any Adjoint.Operation) -> Bool {
    let type = type(of: operation)
    return names.contains(operation.name) && OperationCatalog.all.contains { $0 == type }
  }

  /// The operations that the scripts below have rules for; a test holds the two lists together.
  package static let names: Set<String> = [
    "negate", "exp", "expm1", "log", "log1p", "sqrt", "square", "reciprocal", "abs", "sign", "step", "sin", "cos",
    "tanh",
    "sigmoid", "erf", "relu", "gelu", "silu", "softplus", "leakyRelu", "elu", "power", "clamp", "add", "subtract",
    "multiply", "divide", "maximum", "minimum", "less", "lessOrEqual", "greater", "greaterOrEqual", "equal", "notEqual",
    "where", "matmul", "addBias", "sum", "mean", "variance", "max", "min", "argMax", "softmax", "logSoftmax",
    "logSumExp",
    "broadcast", "reshape", "permute", "slice", "pad", "concatenate", "stopGradient", "gather", "scatterAdd", "pick",
    "oneHot", "unfold", "fold", "maxPool", "averagePool",
  ]

  /// Elementwise functions of one, two and three arguments.
  static let elementwiseRules = #"""
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
      let tail = a;
      for (let n = 60; n > 0; n--) tail = a + n / 2 / tail;
      return Math.sign(x) * (1 - Math.exp(-a * a) / (tail * Math.sqrt(Math.PI)));
    }

    // y = f(x), with the attributes of the operation.
    const unary = {
      negate: x => -x, exp: Math.exp, expm1: Math.expm1, log: Math.log, log1p: Math.log1p, sqrt: Math.sqrt,
      square: x => x * x, reciprocal: x => 1 / x, abs: Math.abs, sign: Math.sign, step: x => x > 0 ? 1 : 0,
      sin: Math.sin, cos: Math.cos, tanh: Math.tanh, sigmoid: logistic, erf,
      relu: x => x <= 0 ? 0 : x, gelu: x => 0.5 * x * (1 + erf(x * Math.SQRT1_2)), silu: x => x * logistic(x),
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

    """#

  /// Shapes: offsets in row-major order.
  static let shapes = #"""
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

    """#
}
