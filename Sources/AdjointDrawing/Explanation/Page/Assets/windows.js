// The rules of the page's interpreter for windows of images: unfolding, folding, pooling.

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
