// The rules of the page's interpreter for linear algebra: one matrix of the last two axes after the other.

// Calls body with each matrix as rows, and with those of a second operand.
function eachMatrix([a, b], body) {
  const split = x => {
    const rank = x.shape.length, height = x.shape[rank - 2], width = x.shape[rank - 1];
    return i => Array.from({ length: height }, (_, r) =>
      Array.from(x.data.subarray((i * height + r) * width, (i * height + r + 1) * width)));
  };
  const count = size(a.shape.slice(0, -2)), first = split(a), second = b && split(b);
  return Float64Array.from(Array.from({ length: count }, (_, i) => body(first(i), second && second(i))).flat(Infinity));
}
const turned = (a, flag) => flag ? a.map((_, i) => a.map(row => row[i])) : a;

// The rows of [A, B] with zeros below the diagonal of A, by the largest pivots, and the sign of their order.
function eliminated(a, b) {
  const rows = a.map((row, i) => b ? row.concat(b[i]) : row.slice());
  let sign = 1;
  for (let k = 0; k < rows.length; k++) {
    let best = k;
    for (let i = k + 1; i < rows.length; i++) if (Math.abs(rows[i][k]) > Math.abs(rows[best][k])) best = i;
    if (best !== k) { [rows[k], rows[best]] = [rows[best], rows[k]]; sign = -sign; }
    for (let i = k + 1; i < rows.length && rows[k][k] !== 0; i++) {
      const factor = rows[i][k] / rows[k][k];
      for (let j = k; j < rows[i].length; j++) rows[i][j] -= factor * rows[k][j];
    }
  }
  return [rows, sign];
}
const determinantOf = a => {
  const [rows, sign] = eliminated(a);
  return rows.reduce((product, row, i) => product * row[i], sign);
};
// X with U·X = B, from rows of [U, B].
function substituted(rows) {
  const n = rows.length, x = rows.map(row => row.slice(n));
  for (let i = n - 1; i >= 0; i--) {
    x[i] = x[i].map((v, j) => {
      for (let p = i + 1; p < n; p++) v -= rows[i][p] * x[p][j];
      return v / rows[i][i];
    });
  }
  return x;
}
rules.solve = (x, { transposed }) => eachMatrix(x, (a, b) => substituted(eliminated(turned(a, transposed), b)[0]));
rules.solveTriangular = (x, { upper, transposed, unitDiagonal }) => eachMatrix(x, (a, b) => {
  const t = turned(a.map((row, i) => row.map((v, j) => i === j ? unitDiagonal ? 1 : v : upper === j > i ? v : 0)), transposed);
  return substituted(eliminated(t, b)[0]);
});
rules.determinant = x => eachMatrix(x, determinantOf);
rules.logDeterminant = x => eachMatrix(x, a => eliminated(a)[0].reduce((sum, row, i) => sum + Math.log(Math.abs(row[i])), 0));
rules.cofactors = x => eachMatrix(x, a => a.map((row, i) => row.map((_, j) => {
  const minor = a.filter((_, r) => r !== i).map(other => other.filter((_, c) => c !== j));
  return ((i + j) % 2 ? -1 : 1) * determinantOf(minor);
})));
rules.cholesky = x => eachMatrix(x, a => {
  const l = a.map(row => row.map(() => 0));
  for (let i = 0; i < a.length; i++) {
    for (let j = 0; j <= i; j++) {
      let v = a[i][j] + 0.5 * (a[j][i] - a[i][j]);
      for (let p = 0; p < j; p++) v -= l[i][p] * l[j][p];
      l[i][j] = i === j ? Math.sqrt(v) : v / l[j][j];
    }
  }
  // As a whole NaN where it is not positive definite.
  return l.every((row, i) => row[i] > 0) ? l : l.map((row, i) => row.map((_, j) => j <= i ? NaN : 0));
});
