// Derivatives of problems of GradBench, written out by hand in plain loops: what the rows `gradbench` of `adjoint bench` are compared
// with. `gradbench.py` compiles this with `clang -O3 -march=native` and calls it. All numbers are double, arrays are row by row.
#include <math.h>
#include <stdlib.h>
#include <string.h>

// A mixture of k normal distributions over n points in d dimensions: its value without the terms that no parameter changes, and
// where they are asked for the gradients by alpha [k], l [k, d(d-1)/2], mu [k, d] and q [k, d]. Q is lower triangular, exp q on the
// diagonal, l below it column by column; y = Q (x - mu), x̄ by rows: l̄ = ȳ (x - mu)ᵀ below, q̄ on the diagonal.
double gmm(int d, int k, int n, double gamma, int m, const double *alpha, const double *mu, const double *q, const double *l,
           const double *x, double *galpha, double *gl, double *gmu, double *gq) {
  int t = d * (d - 1) / 2;
  double *Q = calloc((size_t)k * d * d, sizeof(double)), *QT = calloc((size_t)k * d * d, sizeof(double));
  double *sum = malloc(k * sizeof(double)), *terms = malloc(k * sizeof(double)), *c = malloc(d * sizeof(double));
  double *y = malloc((size_t)k * d * sizeof(double)), *gQ = calloc((size_t)k * d * d, sizeof(double));
  for (int j = 0; j < k; j++) {
    double *a = Q + (size_t)j * d * d;
    const double *below = l + (size_t)j * t;
    sum[j] = 0;
    for (int c = 0; c < d; c++) {
      a[c * d + c] = exp(q[j * d + c]);
      sum[j] += q[j * d + c];
      for (int r = c + 1; r < d; r++) a[r * d + c] = *below++;
    }
    for (int r = 0; r < d; r++)
      for (int c = 0; c < d; c++) QT[(size_t)j * d * d + c * d + r] = a[r * d + c];
  }
  double value = 0;
  if (galpha) {
    memset(galpha, 0, k * sizeof(double));
    memset(gmu, 0, (size_t)k * d * sizeof(double));
    memset(gq, 0, (size_t)k * d * sizeof(double));
  }
  for (int i = 0; i < n; i++) {
    double top = -INFINITY;
    for (int j = 0; j < k; j++) {
      const double *a = QT + (size_t)j * d * d;
      double *u = y + (size_t)j * d, square = 0;
      for (int r = 0; r < d; r++) u[r] = 0;
      for (int c = 0; c < d; c++) {
        double v = x[(size_t)i * d + c] - mu[j * d + c];
        for (int r = c; r < d; r++) u[r] += a[c * d + r] * v;
      }
      for (int r = 0; r < d; r++) square += u[r] * u[r];
      terms[j] = alpha[j] + sum[j] - 0.5 * square;
      if (terms[j] > top) top = terms[j];
    }
    double total = 0;
    for (int j = 0; j < k; j++) total += (terms[j] = exp(terms[j] - top));
    value += top + log(total);
    if (!galpha) continue;
    for (int j = 0; j < k; j++) {
      double w = terms[j] / total, *g = gQ + (size_t)j * d * d;
      const double *u = y + (size_t)j * d, *a = QT + (size_t)j * d * d;
      galpha[j] += w;
      for (int c = 0; c < d; c++) {
        double v = x[(size_t)i * d + c] - mu[j * d + c], back = 0;
        gq[j * d + c] += w;
        for (int r = c; r < d; r++) {
          g[c * d + r] -= w * u[r] * v;
          back += a[c * d + r] * u[r];
        }
        gmu[j * d + c] += w * back;
      }
    }
  }
  double top = alpha[0], total = 0, size = 0, diagonals = 0;
  for (int j = 1; j < k; j++) top = alpha[j] > top ? alpha[j] : top;
  for (int j = 0; j < k; j++) total += exp(alpha[j] - top);
  for (int j = 0; j < k; j++) {
    diagonals += sum[j];
    for (int c = 0; c < d; c++) size += Q[(size_t)j * d * d + c * d + c] * Q[(size_t)j * d * d + c * d + c];
    for (int e = 0; e < t; e++) size += l[(size_t)j * t + e] * l[(size_t)j * t + e];
  }
  value += -n * (top + log(total)) - (gamma * gamma / 2 * size - m * diagonals);
  if (galpha)
    for (int j = 0; j < k; j++) {
      galpha[j] -= n * exp(alpha[j] - top) / total;
      double *below = gl + (size_t)j * t;
      for (int c = 0; c < d; c++) {
        double e = Q[(size_t)j * d * d + c * d + c];
        gq[j * d + c] += gQ[(size_t)j * d * d + c * d + c] * e - gamma * gamma * e * e + m;
        for (int r = c + 1; r < d; r++)
          *below++ = gQ[(size_t)j * d * d + c * d + r] - gamma * gamma * Q[(size_t)j * d * d + r * d + c];
      }
    }
  free(Q), free(QT), free(sum), free(terms), free(c), free(y), free(gQ);
  return value;
}

// The loss of a recurrent network with diagonal matrices over a sequence [characters, b] of b numbers each: main [2 layers, 4b],
// extra [3, b], state [2 layers, b]. With g, the gradients by main and extra, one after the other.
static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

double lstm(int layers, int b, int characters, const double *main, const double *extra, const double *state,
            const double *sequence, double *gmain, double *gextra) {
  int steps = characters - 1, width = layers * b;
  // Of each step: four gates, the cell before, tanh of the cell, the input and the hidden state before, of every layer.
  size_t each = (size_t)8 * width;
  double *kept = malloc((size_t)steps * each * sizeof(double)), *tops = malloc((size_t)steps * b * sizeof(double));
  double *h = malloc(width * sizeof(double)), *c = malloc(width * sizeof(double)), *x = malloc(b * sizeof(double));
  double total = 0, count = (double)steps * b;
  for (int l = 0; l < layers; l++)
    for (int j = 0; j < b; j++) h[l * b + j] = state[2 * l * b + j], c[l * b + j] = state[(2 * l + 1) * b + j];
  for (int s = 0; s < steps; s++) {
    for (int j = 0; j < b; j++) x[j] = sequence[s * b + j] * extra[j];
    for (int l = 0; l < layers; l++) {
      const double *w = main + 8 * l * b, *v = w + 4 * b;
      double *k = kept + s * each + 8 * l * b;
      for (int j = 0; j < b; j++) {
        double before = h[l * b + j];
        double f = sigmoid(x[j] * w[j] + v[j]), i = sigmoid(before * w[b + j] + v[b + j]);
        double o = sigmoid(x[j] * w[2 * b + j] + v[2 * b + j]), g = tanh(before * w[3 * b + j] + v[3 * b + j]);
        double cell = c[l * b + j] * f + i * g, t = tanh(cell);
        k[j] = f, k[b + j] = i, k[2 * b + j] = o, k[3 * b + j] = g, k[4 * b + j] = c[l * b + j], k[5 * b + j] = t;
        k[6 * b + j] = x[j], k[7 * b + j] = before;
        c[l * b + j] = cell;
        x[j] = h[l * b + j] = o * t;
      }
    }
    double sum = 2;
    for (int j = 0; j < b; j++) sum += exp(tops[s * b + j] = x[j] * extra[b + j] + extra[2 * b + j]);
    for (int j = 0; j < b; j++) total += sequence[(s + 1) * b + j] * (tops[s * b + j] - log(sum));
  }
  if (gmain) {
    memset(gmain, 0, (size_t)8 * width * sizeof(double));
    memset(gextra, 0, 3 * b * sizeof(double));
    double *gh = calloc(width, sizeof(double)), *gc = calloc(width, sizeof(double));
    for (int s = steps; s-- > 0;) {
      const double *next = sequence + (s + 1) * b;
      double sum = 2, weight = 0;
      for (int j = 0; j < b; j++) sum += exp(tops[s * b + j]), weight += next[j];
      for (int j = 0; j < b; j++) {
        const double *k = kept + s * each + 8 * (layers - 1) * b;
        double out = k[2 * b + j] * k[5 * b + j];
        double g = -(next[j] - weight * exp(tops[s * b + j]) / sum) / count;
        gextra[b + j] += g * out, gextra[2 * b + j] += g;
        x[j] = g * extra[b + j];
      }
      for (int l = layers; l-- > 0;) {
        const double *w = main + 8 * l * b, *k = kept + s * each + 8 * l * b;
        double *gw = gmain + 8 * l * b, *gv = gw + 4 * b;
        for (int j = 0; j < b; j++) {
          double f = k[j], i = k[b + j], o = k[2 * b + j], g = k[3 * b + j], t = k[5 * b + j];
          double out = gh[l * b + j] + x[j], cell = gc[l * b + j] + out * o * (1 - t * t);
          double zf = cell * k[4 * b + j] * f * (1 - f), zi = cell * g * i * (1 - i);
          double zo = out * t * o * (1 - o), zg = cell * i * (1 - g * g);
          double in = k[6 * b + j], before = k[7 * b + j];
          gw[j] += zf * in, gw[b + j] += zi * before, gw[2 * b + j] += zo * in, gw[3 * b + j] += zg * before;
          gv[j] += zf, gv[b + j] += zi, gv[2 * b + j] += zo, gv[3 * b + j] += zg;
          gh[l * b + j] = zi * w[b + j] + zg * w[3 * b + j];
          gc[l * b + j] = cell * f;
          x[j] = zf * w[j] + zo * w[2 * b + j];
        }
      }
      for (int j = 0; j < b; j++) gextra[j] += x[j] * sequence[s * b + j];
    }
    free(gh), free(gc);
  }
  free(kept), free(tops), free(h), free(c), free(x);
  return -total / count;
}

// The squared distances of n points to the nearest of k centroids, and the step of Newton's method: gradient over diagonal of the
// Hessian, (count c - sum of the points) / count for each centroid. A centroid without points has 0 / 0.
double kmeans(int k, int n, int d, const double *points, const double *centroids, double *step) {
  double total = 0, *count = calloc(k, sizeof(double)), *turned = malloc((size_t)k * d * sizeof(double));
  double *far = malloc(k * sizeof(double)), *sum = calloc((size_t)k * d, sizeof(double));
  for (int j = 0; j < k; j++)
    for (int c = 0; c < d; c++) turned[c * k + j] = centroids[j * d + c];
  for (int i = 0; i < n; i++) {
    const double *p = points + (size_t)i * d;
    for (int j = 0; j < k; j++) far[j] = 0;
    for (int c = 0; c < d; c++)
      for (int j = 0; j < k; j++) far[j] += (p[c] - turned[c * k + j]) * (p[c] - turned[c * k + j]);
    int nearest = 0;
    for (int j = 1; j < k; j++) nearest = far[j] < far[nearest] ? j : nearest;
    total += far[nearest];
    count[nearest]++;
    for (int c = 0; c < d; c++) sum[nearest * d + c] += p[c];
  }
  if (step)
    for (int j = 0; j < k; j++)
      for (int c = 0; c < d; c++)
        step[j * d + c] = 2 * (count[j] * centroids[j * d + c] - sum[j * d + c]) / (2 * count[j]);
  free(count), free(turned), free(far), free(sum);
  return total;
}

double lse(int n, const double *x, double *g) {
  double top = x[0], total = 0;
  for (int i = 1; i < n; i++) top = x[i] > top ? x[i] : top;
  if (!g) {
    for (int i = 0; i < n; i++) total += exp(x[i] - top);
    return top + log(total);
  }
  for (int i = 0; i < n; i++) total += (g[i] = exp(x[i] - top));
  for (int i = 0; i < n; i++) g[i] /= total;
  return top + log(total);
}

// The determinant by expansion along the first row, no minor shared, and w times its gradient added where there is a place for it.
static double expanded(int n, const double *a, int row, const int *columns, double w, double *g) {
  if (row == n - 1) {
    if (g) g[row * n + columns[0]] += w;
    return a[row * n + columns[0]];
  }
  double total = 0;
  int rest[16];
  for (int i = 0; i < n - row; i++) {
    for (int j = 0, at = 0; j < n - row; j++)
      if (j != i) rest[at++] = columns[j];
    int place = row * n + columns[i];
    double sign = i % 2 ? -1 : 1, minor = expanded(n, a, row + 1, rest, w * sign * a[place], g);
    if (g) g[place] += w * sign * minor;
    total += sign * a[place] * minor;
  }
  return total;
}

double det(int n, const double *a, double *g) {
  int columns[16];
  for (int i = 0; i < n; i++) columns[i] = i;
  if (g) memset(g, 0, n * n * sizeof(double));
  return expanded(n, a, 0, columns, 1, g);
}

// The errors [p, 2] of p observations of points by cameras: rotate, project, distort, compare; and 1 - w² of each weight. With
// `blocks` [p, 2, 15] the derivatives of each error by its camera (11), its point (3) and its weight, and of 1 - w² [p].
static void observe(const double *cam, const double *x, double w, const double *feature, double *errors, double *block) {
  // Forward, with the derivatives of the seen point by rotation (3) and by the point that is rotated (3).
  const double *r = cam, *center = cam + 3;
  double focal = cam[6], a0 = cam[7], a1 = cam[8], k1 = cam[9], k2 = cam[10];
  double v[3] = {x[0] - center[0], x[1] - center[1], x[2] - center[2]}, p[3], byR[3][3], byV[3][3];
  double square = r[0] * r[0] + r[1] * r[1] + r[2] * r[2];
  if (square > 0) {
    double angle = sqrt(square), c = cos(angle), s = sin(angle), u[3] = {r[0] / angle, r[1] / angle, r[2] / angle};
    double cross[3] = {u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]};
    double along = u[0] * v[0] + u[1] * v[1] + u[2] * v[2];
    double skew[3][3] = {{0, -u[2], u[1]}, {u[2], 0, -u[0]}, {-u[1], u[0], 0}};
    for (int i = 0; i < 3; i++) {
      p[i] = v[i] * c + cross[i] * s + u[i] * along * (1 - c);
      for (int j = 0; j < 3; j++) byV[i][j] = (i == j) * c + skew[i][j] * s + u[i] * u[j] * (1 - c);
    }
    double skewV[3][3] = {{0, v[2], -v[1]}, {-v[2], 0, v[0]}, {v[1], -v[0], 0}};
    for (int i = 0; i < 3; i++) {
      double byAngle = -v[i] * s + cross[i] * c + u[i] * along * s, byU[3];
      for (int j = 0; j < 3; j++) byU[j] = skewV[i][j] * s + ((i == j) * along + u[i] * v[j]) * (1 - c);
      double radial = byU[0] * u[0] + byU[1] * u[1] + byU[2] * u[2];
      for (int j = 0; j < 3; j++) byR[i][j] = byAngle * u[j] + (byU[j] - radial * u[j]) / angle;
    }
  } else {
    double skewR[3][3] = {{0, -r[2], r[1]}, {r[2], 0, -r[0]}, {-r[1], r[0], 0}};
    double skewV[3][3] = {{0, v[2], -v[1]}, {-v[2], 0, v[0]}, {v[1], -v[0], 0}};
    for (int i = 0; i < 3; i++) {
      p[i] = v[i];
      for (int j = 0; j < 3; j++) {
        p[i] += skewR[i][j] * v[j];
        byV[i][j] = (i == j) + skewR[i][j];
        byR[i][j] = skewV[i][j];
      }
    }
  }
  double f[2] = {p[0] / p[2], p[1] / p[2]}, d = f[0] * f[0] + f[1] * f[1], scale = 1 + k1 * d + k2 * d * d;
  double e[2] = {f[0] * scale * focal + a0 - feature[0], f[1] * scale * focal + a1 - feature[1]};
  errors[0] = w * e[0], errors[1] = w * e[1];
  if (!block) return;
  double slope = k1 + 2 * k2 * d;
  for (int i = 0; i < 2; i++) {
    double *g = block + 15 * i, byF[2], byP[3];
    for (int j = 0; j < 2; j++) byF[j] = w * focal * ((i == j) * scale + f[i] * slope * 2 * f[j]);
    byP[0] = byF[0] / p[2], byP[1] = byF[1] / p[2], byP[2] = -(byF[0] * f[0] + byF[1] * f[1]) / p[2];
    for (int j = 0; j < 3; j++) {
      g[j] = byP[0] * byR[0][j] + byP[1] * byR[1][j] + byP[2] * byR[2][j];
      g[11 + j] = byP[0] * byV[0][j] + byP[1] * byV[1][j] + byP[2] * byV[2][j];
      g[3 + j] = -g[11 + j];
    }
    g[6] = w * f[i] * scale, g[7] = w * (i == 0), g[8] = w * (i == 1);
    g[9] = w * f[i] * focal * d, g[10] = w * f[i] * focal * d * d, g[14] = e[i];
  }
}

// Each observation has a row of its own: camera [p, 11], point [p, 3], weight [p], feature [p, 2].
void ba(int p, const double *cameras, const double *points, const double *weights, const double *features, double *errors,
        double *blocks, double *byWeight) {
  for (int i = 0; i < p; i++) {
    observe(cameras + 11 * i, points + 3 * i, weights[i], features + 2 * i, errors + 2 * i, blocks ? blocks + 30 * i : 0);
    if (byWeight) byWeight[i] = -2 * weights[i];
  }
}
