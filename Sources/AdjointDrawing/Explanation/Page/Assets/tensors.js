// The rules of the page's interpreter for products, reductions, the softmax family and windows of images, and for
// operations that move elements without computing.

// A vector is a row at the left and a column at the right; the leading axes broadcast.
rules.matmul = ([a, b], { transposeA, transposeB }, shape) => {
  const leading = shape.slice(0, Math.max(a.shape.length, b.shape.length, 2) - 2);
  const [first, second] = [a, b].map(x => broadcastMap(x.shape.slice(0, -2), leading));
  const matrixA = a.shape.length > 1 ? a.shape.slice(-2) : [1, ...a.shape];
  const matrixB = b.shape.length > 1 ? b.shape.slice(-2) : [...b.shape, 1];
  const [rows, depth] = transposeA ? matrixA.reverse() : matrixA, columns = matrixB[transposeB ? 0 : 1];
  const y = new Float64Array(size(shape));
  const [rowA, stepA] = transposeA ? [1, rows] : [depth, 1], [columnB, stepB] = transposeB ? [depth, 1] : [1, columns];
  for (let matrix = 0; matrix < first.length; matrix++) {
    const startA = first[matrix] * rows * depth, startB = second[matrix] * depth * columns;
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        // Two partial sums round less than one.
        const product = k => a.data[startA + i * rowA + k * stepA] * b.data[startB + j * columnB + k * stepB];
        let even = 0, odd = 0, k = 0;
        for (; k + 1 < depth; k += 2) {
          even += product(k);
          odd += product(k + 1);
        }
        if (k < depth) even += product(k);
        y[(matrix * rows + i) * columns + j] = even + odd;
      }
    }
  }
  return y;
};
rules.addBias = ([x, b]) => x.data.map((v, k) => v + b.data[k % b.data.length]);

const reduced = (x, axes) => sumInto(new Float64Array(size(x.shape.map((n, i) => axes.includes(i) ? 1 : n))),
  reductionMap(x.shape, axes), x.data);
const reducedCount = (x, axes) => axes.reduce((count, axis) => count * x.shape[axis], 1);
rules.sum = ([x], { axes }) => reduced(x, axes);
rules.mean = ([x], { axes }) => { const n = reducedCount(x, axes); return reduced(x, axes).map(v => v / n); };
rules.variance = ([x], { axes, correction }) => {
  const n = reducedCount(x, axes), mean = reduced(x, axes).map(v => v / n), map = reductionMap(x.shape, axes);
  const squares = x.data.map((v, k) => (v - mean[map[k]]) ** 2);
  return reduced({ data: squares, shape: x.shape }, axes).map(v => v / (n - correction));
};
for (const [name, f, start] of [["max", binary.maximum, -Infinity], ["min", binary.minimum, Infinity]]) {
  rules[name] = ([x], { axes }) => {
    const map = reductionMap(x.shape, axes);
    const y = new Float64Array(size(x.shape.map((n, i) => axes.includes(i) ? 1 : n))).fill(start);
    x.data.forEach((v, k) => { y[map[k]] = f(y[map[k]], v); });
    return y;
  };
}

// Each row of the last axis, one after the other.
function rows(x, body) {
  const width = x.shape[x.shape.length - 1];
  for (let start = 0, row = 0; start < x.data.length; start += width, row++) {
    body(x.data.subarray(start, start + width), start, row);
  }
}
// The lines of a shape along an axis: the places of each line's elements.
function lines(shape, axis) {
  const stride = strides(shape)[axis], length = shape[axis];
  const count = length > 0 ? size(shape) / length : size(shape.filter((_, i) => i !== axis));
  return Array.from({ length: count }, (_, line) => {
    const start = Math.floor(line / stride) * length * stride + line % stride;
    return Array.from({ length }, (_, i) => start + i * stride);
  });
}
rules.argMax = ([x], _, shape) => {
  const y = new Float64Array(size(shape));
  rows(x, (row, _, r) => row.forEach((v, j) => { if (!(v <= row[y[r]]) && !Number.isNaN(row[y[r]])) y[r] = j; }));
  return y;
};
rules.argSort = ([x], { axis, descending, count }, shape) => {
  const y = new Float64Array(size(shape)), targets = lines(shape, axis);
  lines(x.shape, axis).forEach((line, number) => {
    const value = i => x.data[line[i]], sign = descending ? -1 : 1;
    const order = line.map((_, i) => i).sort((i, j) => {
      if (value(i) < value(j)) return -sign;
      if (value(i) > value(j)) return sign;
      return sign * (Number.isNaN(value(i)) - Number.isNaN(value(j))) || i - j;
    });
    targets[number].forEach((place, i) => { y[place] = order[i]; });
  });
  return y;
};
rules.gatherAlong = ([x, index], { axis }, shape) => {
  const y = new Float64Array(size(shape)), sources = lines(x.shape, axis);
  lines(shape, axis).forEach((line, number) => line.forEach(place => {
    y[place] = x.data[sources[number][index.data[place]]];
  }));
  return y;
};
rules.scatterAddAlong = ([x, index], { axis }, shape) => {
  const targets = lines(shape, axis), map = new Int32Array(x.data.length);
  lines(x.shape, axis).forEach((line, number) => line.forEach(place => {
    map[place] = targets[number][index.data[place]];
  }));
  return sumInto(new Float64Array(size(shape)), map, x.data);
};
rules.asNumbers = ([index]) => Float64Array.from(index.data);
// Shifted by the largest element: logits of ±10⁴ neither overflow nor lose the answer.
function softmaxFamily([x], length, write) {
  const y = new Float64Array(length);
  rows(x, (row, start, r) => {
    const largest = row.reduce(binary.maximum, -Infinity), shift = Number.isFinite(largest) ? largest : 0;
    const sum = sumInto(new Float64Array(1), new Int32Array(row.length), row.map(v => Math.exp(v - shift)))[0];
    write(y, row, start, r, shift, sum);
  });
  return y;
}
rules.softmax = (x, _, shape) => softmaxFamily(x, size(shape), (y, row, start, _, shift, sum) =>
  row.forEach((v, j) => { y[start + j] = Math.exp(v - shift) / sum; }));
rules.logSoftmax = (x, _, shape) => softmaxFamily(x, size(shape), (y, row, start, _, shift, sum) => {
  const log = Math.log(sum);
  row.forEach((v, j) => { y[start + j] = v - shift - log; });
});
rules.logSumExp = (x, _, shape) => softmaxFamily(x, size(shape), (y, row, start, r, shift, sum) => {
  y[r] = shift + Math.log(sum);
});
rules.cumsum = ([x], { reversed }) => {
  const y = x.data.slice();
  rows({ data: y, shape: x.shape }, row => {
    if (reversed) for (let j = row.length - 2; j >= 0; j--) row[j] = row[j + 1] + row[j];
    else for (let j = 1; j < row.length; j++) row[j] = row[j - 1] + row[j];
  });
  return y;
};

const taken = (data, map) => Float64Array.from(map, k => data[k]);
const placed = (y, data, map) => { map.forEach((k, i) => { y[k] = data[i]; }); return y; };
const at = (start, shape) => { const own = strides(shape); return start.reduce((sum, s, i) => sum + s * own[i], 0); };
rules.broadcast = ([x], _, shape) => taken(x.data, broadcastMap(x.shape, shape));
rules.reshape = ([x]) => x.data.slice();
rules.permute = ([x], { order }, shape) => {
  const own = strides(x.shape);
  return taken(x.data, offsets(shape, order.map(axis => own[axis])));
};
const stepped = (shape, step) => strides(shape).map((s, i) => s * (step ? step[i] : 1));
rules.slice = ([x], { start, step }, shape) => taken(x.data, offsets(shape, stepped(x.shape, step), at(start, x.shape)));
rules.pad = ([x], { before, step }, shape) => {
  const first = before.map((b, i) => b + Math.max(x.shape[i] - 1, 0) * Math.max(step ? -step[i] : 0, 0));
  return placed(new Float64Array(size(shape)), x.data, offsets(x.shape, stepped(shape, step), at(first, shape)));
};
rules.concatenate = (inputs, { axis }, shape) => {
  const y = new Float64Array(size(shape)), own = strides(shape);
  let position = 0;
  for (const x of inputs) {
    placed(y, x.data, offsets(x.shape, own, position * own[axis]));
    position += x.shape[axis];
  }
  return y;
};

rules.gather = ([x, index]) => {
  const width = size(x.shape.slice(1)), y = new Float64Array(index.data.length * width);
  index.data.forEach((row, i) => y.set(x.data.subarray(row * width, (row + 1) * width), i * width));
  return y;
};
rules.scatterAdd = ([x, index], _, shape) => {
  const width = size(shape.slice(1)), map = new Int32Array(x.data.length);
  for (let k = 0; k < map.length; k++) map[k] = index.data[Math.floor(k / width)] * width + k % width;
  return sumInto(new Float64Array(size(shape)), map, x.data);
};
rules.pick = ([x, index]) => {
  const width = x.shape[x.shape.length - 1];
  return Float64Array.from(index.data, (j, row) => x.data[row * width + j]);
};
rules.oneHot = ([index], { classes }, shape) => {
  const y = new Float64Array(size(shape));
  index.data.forEach((j, row) => { y[row * classes + j] = 1; });
  return y;
};

// For each element (n, i, j, u, v, c) of the windows of images [n, height, width, c]: where it stands, or −1 in the padding.
function windowMap([count, height, width, channels], rows, columns, a) {
  const { size: [tall, wide], stride, padding = [0, 0], dilation = [1, 1] } = a;
  const map = new Int32Array(count * rows * columns * tall * wide * channels);
  let k = 0;
  for (let n = 0; n < count; n++) for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) {
    for (let u = 0; u < tall; u++) for (let v = 0; v < wide; v++) {
      const r = i * stride[0] + u * dilation[0] - padding[0], q = j * stride[1] + v * dilation[1] - padding[1];
      const isInside = r >= 0 && r < height && q >= 0 && q < width;
      for (let c = 0; c < channels; c++) map[k++] = isInside ? ((n * height + r) * width + q) * channels + c : -1;
    }
  }
  return map;
}
rules.unfold = ([x], a, shape) =>
  Float64Array.from(windowMap(x.shape, shape[1], shape[2], a), k => k < 0 ? 0 : x.data[k]);
rules.fold = ([x], a, shape) => {
  const map = windowMap(shape, x.shape[1], x.shape[2], a), y = new Float64Array(size(shape) + 1);
  return sumInto(y, map.map(k => k < 0 ? y.length - 1 : k), x.data).slice(0, -1);
};
// Each element of the windows inside the image with the element of y that it belongs to.
function pooled(x, a, shape, body) {
  const map = windowMap(x.shape, shape[1], shape[2], a), channels = shape[3], inside = a.size[0] * a.size[1];
  map.forEach((k, place) => {
    if (k >= 0) body(x.data[k], Math.floor(place / (inside * channels)) * channels + place % channels);
  });
}
rules.maxPool = ([x], a, shape) => {
  const y = new Float64Array(size(shape)).fill(-Infinity);
  pooled(x, a, shape, (v, i) => { y[i] = binary.maximum(y[i], v); });
  return y;
};
rules.averagePool = ([x], a, shape) => {
  const places = [], values = [];
  pooled(x, a, shape, (v, i) => { places.push(i); values.push(v); });
  return sumInto(new Float64Array(size(shape)), places, values).map(v => v / (a.divisor ?? a.size[0] * a.size[1]));
};
