// Definitions: what every function of a table gives in one precision, in plain loops and a wider type W (double for
// float, long double for double), and how far a kernel may be from it. EPSILON and LEAST are those of T. A function of
// the lists without a definition here does not compile.

// An infinite slack judges nothing. Signs of zeros count where there is no slack.
static void N(expect)(T found, W value, W slack, long place) {
  const T rounded = (T)value;
  const bool equal = found == rounded && (slack > 0 || !signbit(found) == !signbit(rounded));
  const bool same = isnan(value) ? isnan(found) : equal;
  if (same || isinf(slack) || fabs(found - value) <= slack) return;
  fprintf(stderr, "%s: element %ld is %.17g, not %.17g to within %.3g\n", present, place, (double)found, (double)value,
          (double)slack);
  exit(1);
}

// So many units in the last place.
static W N(units)(double count, W value) {
  const T rounded = fabs((T)value);
  return count == 0 || isnan(rounded) || isinf(rounded) ? 0 : (W)count * (nextafter(rounded, (T)INFINITY) - (W)rounded);
}

// A sum, and the sum of the sizes of its finite terms.
typedef struct {
  W value, size;
} N(total);
static void N(add)(N(total) *sum, W term) {
  sum->value += term;
  if (isfinite(term)) sum->size += fabs(term);
}
// What the sum of n terms may be off in T; all where it may overflow.
static W N(slack)(N(total) sum, double factor, long n) {
  return isinf((T)sum.size) ? (W)INFINITY : (W)factor * EPSILON * sum.size + (W)(n + 1) * LEAST;
}
// The same for a sum in blocks that are added pairwise.
static W N(pairwise_slack)(N(total) sum, long n) { return N(slack)(sum, 4 * (1 + log2((double)(n + 1))), n); }

static void N(expect_map)(ak_map f, T p, T q, T element, T found, long place) {
  const W x = element;
  W y = 0;
  double units = 0;
  switch (f) {
    case AK_COPY: y = x; break;
    case AK_NEGATE: y = -x; break;
    case AK_EXP: y = exp(x), units = 1.5; break;
    case AK_EXPM1: y = expm1(x), units = 2.5; break;
    case AK_LOG: y = log(x), units = 1.5; break;
    case AK_LOG1P: y = log1p(x), units = 1.5; break;
    case AK_SQRT: y = sqrt(x), units = 0.51; break;
    case AK_SQUARE: y = x * x, units = 0.51; break;
    case AK_RECIPROCAL: y = 1 / x, units = 0.51; break;
    case AK_ABS: y = fabs(x); break;
    case AK_SIGN: y = x > 0 ? 1 : x < 0 ? -1 : x; break;
    case AK_STEP: y = x > 0; break;
    case AK_SIN: y = sin(x), units = 2; break;
    case AK_COS: y = cos(x), units = 2; break;
    case AK_TANH: y = tanh(x), units = 3; break;
    case AK_SECH: y = 1 / cosh(x), units = 3; break;
    case AK_SIGMOID: y = 1 / (1 + exp(-x)), units = 3; break;
    case AK_ERF: y = erf(x), units = 2; break;
    case AK_NORMAL_DENSITY: y = exp(-x * x / 2) / sqrt(2 * acos((W)-1)), units = 3; break;
    case AK_NORMAL_DISTRIBUTION: y = erfc(-x * sqrt((W)0.5)) / 2, units = 5; break;
    case AK_RELU: y = x <= 0 ? 0 : x; break;
    // The next two have the limit 0 at -inf.
    case AK_GELU: y = x < -1e9 ? 0 : x * erfc(-x * sqrt((W)0.5)) / 2, units = 7; break;
    case AK_SILU: y = x < -1e9 ? 0 : x / (1 + exp(-x)), units = 4; break;
    case AK_SOFTPLUS: y = (x > 0 ? x : 0) + log1p(exp(-fabs(x))), units = 3; break;
    case AK_LEAKY_RELU: y = x > 0 ? x : p * x, units = 0.51; break;
    case AK_ELU: y = x > 0 ? x : p * expm1(x), units = 3; break;
    case AK_POWER: y = pow(x, (W)p), units = 1.5; break;
    case AK_CLAMP: y = x <= p ? p : x >= q ? q : x; break;
    case AK_MAP_COUNT: exit(2);
  }
  N(expect)(found, y, N(units)(units, y), place);
}

static void N(expect_zip)(ak_zip f, T a, T b, T found, long place) {
  T y = 0;
  switch (f) {
    case AK_ADD: y = a + b; break;
    case AK_SUBTRACT: y = a - b; break;
    case AK_MULTIPLY: y = a * b; break;
    case AK_DIVIDE: y = a / b; break;
    case AK_MAXIMUM: y = isnan(a) || a > b ? a : b; break;
    case AK_MINIMUM: y = isnan(a) || a < b ? a : b; break;
    case AK_MASKED: y = b != 0 ? a : 0; break;
    case AK_LESS: y = a < b; break;
    case AK_LESS_OR_EQUAL: y = a <= b; break;
    case AK_GREATER: y = a > b; break;
    case AK_GREATER_OR_EQUAL: y = a >= b; break;
    case AK_EQUAL: y = a == b; break;
    case AK_NOT_EQUAL: y = a != b; break;
    case AK_ZIP_COUNT: exit(2);
  }
  N(expect)(found, y, 0, place);
}

// Of n elements, so far apart.
static void N(expect_reduction)(ak_reduction r, const T *x, long stride, long n, T found, long place) {
  N(total) sum = {0, 0};
  bool hasNaN = false;
  T most = -INFINITY, least = INFINITY;
  for (long i = 0; i < n; i++) {
    const T element = x[i * stride];
    N(add)(&sum, element);
    hasNaN |= isnan(element);
    if (element > most) most = element;
    if (element < least) least = element;
  }
  const T extreme = hasNaN ? (T)NAN : r == AK_MAX ? most : least;
  switch (r) {
    case AK_SUM: N(expect)(found, sum.value, N(pairwise_slack)(sum, n), place); break;
    // Which of two zeros is unsaid.
    case AK_MAX:
    case AK_MIN: N(expect)(found, extreme, LEAST / 2, place); break;
  }
}

static void N(expect_squares)(const T *x, long stride, T centre, long n, T found, long place) {
  N(total) sum = {0, 0};
  for (long i = 0; i < n; i++) {
    const W distance = (W)x[i * stride] - centre;
    N(add)(&sum, distance * distance);
  }
  N(expect)(found, sum.value, N(pairwise_slack)(sum, n), place);
}

// A row's shift and the sum of e^(x - shift).
static W N(shifted_sum)(const T *x, long n, W *shift) {
  W sum = 0;
  *shift = -INFINITY;
  for (long j = 0; j < n; j++) if (x[j] > *shift) *shift = x[j];
  for (long j = 0; j < n; j++) sum += exp(x[j] - *shift);
  return sum;
}
static void N(expect_softmax)(const T *x, const T *y, long n) {
  W shift;
  const W sum = N(shifted_sum)(x, n, &shift);
  for (long j = 0; j < n; j++) {
    const W value = exp(x[j] - shift) / sum;
    // The shifted element is rounded before exp, which magnifies the rounding by its size.
    N(expect)(y[j], value, 8 * EPSILON * (1 + fabs(x[j] - shift)) * value + LEAST / EPSILON, j);
  }
}
static void N(expect_log_softmax)(const T *x, const T *y, long n) {
  W shift;
  const W sum = N(shifted_sum)(x, n, &shift);
  for (long j = 0; j < n; j++) {
    const W value = x[j] - shift - log(sum);
    N(expect)(y[j], value, 4 * EPSILON * fmax((W)1, fabs(value)), j);
  }
}
static void N(expect_log_sum_exp)(const T *x, const T *y, long n) {
  W shift;
  const W sum = N(shifted_sum)(x, n, &shift);
  // An infinite shift is the answer, unless there is NaN.
  bool hasNaN = false;
  for (long j = 0; j < n; j++) hasNaN |= isnan(x[j]);
  const W value = hasNaN ? (W)NAN : isinf(shift) ? shift : shift + log(sum);
  N(expect)(*y, value, isinf(shift) ? 0 : 4 * EPSILON * fmax((W)1, fabs(shift)), 0);
}
static void N(expect_log_softmax_vjp)(const T *g, const T *y, const T *out, long n) {
  N(total) sum = {0, 0};
  for (long j = 0; j < n; j++) N(add)(&sum, g[j]);
  for (long j = 0; j < n; j++) {
    const W e = exp((W)y[j]);
    const N(total) value = {g[j] - e * sum.value, (isfinite(g[j]) ? fabs(g[j]) : 0) + e * sum.size};
    N(expect)(out[j], value.value, isfinite((T)e) ? N(pairwise_slack)(value, n) : (W)INFINITY, j);
  }
}

// Of C[i, j], which was `before`.
static void N(expect_product)(const N(ak_gemm) *g, long i, long j, T before, T found) {
  N(total) sum = {0, 0};
  for (long p = 0; p < g->k; p++) {
    const W a = g->transpose_a ? g->a[p * g->lda + i] : g->a[i * g->lda + p];
    N(add)(&sum, a * (g->transpose_b ? g->b[j * g->ldb + p] : g->b[p * g->ldb + j]));
  }
  if (g->accumulate) N(add)(&sum, before);
  if (g->bias) N(add)(&sum, g->bias[j]);
  if (!g->accumulate && g->f == AK_RELU && sum.value <= 0) sum.value = 0;
  N(expect)(found, sum.value, N(slack)(sum, 2 + 0.1 * (double)g->k, g->k), i * g->n + j);
}

// The bits of the formulas: every operation rounds by itself.
static void N(expect_update)(const N(ak_update) *c, T x, T s, T t, long i) {
  const T g = c->g[i];
  switch (c->rule) {
    case AK_DESCENT:
      x = x - c->rate * g;
      break;
    case AK_MOMENTUM:
      s = c->decay * s + c->weight * g;
      x = x - c->rate * s;
      break;
    case AK_NESTEROV:
      s = c->decay * s + g;
      x = x - c->rate * (g + c->decay * s);
      break;
    case AK_SCALED:
      s = c->decay * s + c->weight * (g * g);
      x = x - c->rate * g / (sqrt(s) + c->epsilon);
      break;
    case AK_ADAM:
      s = c->decay * s + c->weight * g;
      t = c->decay2 * t + c->weight2 * (g * g);
      x = c->keep * x - c->rate * s / (sqrt(t) + c->epsilon);
      break;
  }
  N(expect)(c->x[i], x, 0, i);
  if (c->s) N(expect)(c->s[i], s, 0, i);
  if (c->t) N(expect)(c->t[i], t, 0, i);
}

// L L^T = (A + A^T)/2, zeros above the diagonal; NaN below where that is not positive definite.
static void N(expect_factor)(const T *a, const T *l, long n, bool indefinite) {
  for (long i = 0; i < n; i++)
    for (long j = 0; j < n; j++) {
      N(total) sum = {0, 0};
      for (long p = 0; p <= j && p <= i; p++) N(add)(&sum, (W)l[i * n + p] * l[j * n + p]);
      const T mean = (T)(((W)a[i * n + j] + a[j * n + i]) / 2);
      sum.size += fabs(a[i * n + j]) + fabs(a[j * n + i]);
      if (j > i)
        N(expect)(l[i * n + j], 0, 0, i * n + j);
      else if (indefinite)
        N(expect)(l[i * n + j], (W)NAN, 0, i * n + j);
      else
        N(expect)(mean, sum.value, N(slack)(sum, (double)n + 4, n), i * n + j);
    }
}

// op(T) X = B, of the triangle that is told.
static void N(expect_solved)(int kind, const T *t, long ldt, const T *x, const T *b, long ldx, long n, long columns) {
  const bool upper = kind & 1, transposed = kind & 2, unit = kind & 4;
  for (long i = 0; i < n; i++)
    for (long j = 0; j < columns; j++) {
      N(total) sum = {0, 0};
      for (long p = 0; p < n; p++) {
        const long row = transposed ? p : i, column = transposed ? i : p;
        if (row == column)
          N(add)(&sum, (unit ? 1 : (W)t[row * ldt + row]) * x[p * ldx + j]);
        else if ((column > row) == upper)
          N(add)(&sum, (W)t[row * ldt + column] * x[p * ldx + j]);
      }
      N(expect)(b[i * ldx + j], sum.value, N(slack)(sum, (double)n + 4, n), i * ldx + j);
    }
}

// op(A) X = B.
static void N(expect_system)(bool transposed, const T *a, const T *x, const T *b, long n, long columns) {
  for (long i = 0; i < n; i++)
    for (long j = 0; j < columns; j++) {
      N(total) sum = {0, 0};
      for (long p = 0; p < n; p++) N(add)(&sum, (W)(transposed ? a[p * n + i] : a[i * n + p]) * x[p * columns + j]);
      // Elimination with pivots is off by the largest of A and X.
      for (long p = 0; p < n; p++) sum.size += 4 * n * fabs(x[p * columns + j]);
      N(expect)(b[i * columns + j], sum.value, N(slack)(sum, 2 * (double)n + 4, n), i * columns + j);
    }
}
