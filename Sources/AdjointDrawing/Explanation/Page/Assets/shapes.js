// Offsets in row-major order, and the sum that every reduction uses.

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
