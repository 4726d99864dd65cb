// Softmax: softmax, log-softmax and log-sum-exp along rows, shifted by the row's maximum so that no logit overflows.
//
// A row's sums run in an order that the number of columns alone decides.

// sum_j exp(x[j] - shift) in one vector, the terms kept in y unless NULL.
INLINE V N(exp_block)(const T *x, T shift, T *y, long n) {
  V sum[4] = {SPLAT(0), SPLAT(0), SPLAT(0), SPLAT(0)};
  long j = 0;
  for (; j + 4 * LANES <= n; j += 4 * LANES) {
#pragma clang loop unroll(full)
    for (int a = 0; a < 4; a++) {
      const V e = N(exp)(N(load)(x + j + a * LANES) - shift);
      if (y) N(store)(y + j + a * LANES, e);
      sum[a] += e;
    }
  }
  for (; j + LANES <= n; j += LANES) {
    const V e = N(exp)(N(load)(x + j) - shift);
    if (y) N(store)(y + j, e);
    sum[0] += e;
  }
  if (j < n) {
    // Behind the end stands what exp takes to 0.
    const V e = N(exp)(N(load_tail_or)(x + j, n - j, SPLAT(-__builtin_inf())) - shift);
    if (y) N(store_tail)(y + j, e, n - j);
    sum[1] += e;
  }
  return (sum[0] + sum[2]) + (sum[1] + sum[3]);
}

// Blocks of columns, added pairwise.
#define EXP_BLOCK (32 * 4 * LANES)
static V N(exp_pairwise)(const T *x, T shift, T *y, long n) {
  if (n <= EXP_BLOCK) return N(exp_block)(x, shift, y, n);
  const long blocks = (n + EXP_BLOCK - 1) / EXP_BLOCK, left = blocks / 2 * EXP_BLOCK;
  return N(exp_pairwise)(x, shift, y, left) + N(exp_pairwise)(x + left, shift, y ? y + left : NULL, n - left);
}
INLINE T N(sum_of_exp)(const T *x, T shift, T *y, long n) {
  return N(fold)(AK_SUM, n <= EXP_BLOCK ? N(exp_block)(x, shift, y, n) : N(exp_pairwise)(x, shift, y, n));
}

// The larger; where b is NaN, a.
INLINE V N(larger)(V a, V b) { return IF(b > a, b, a); }
// The row's maximum as a shift: a NaN may be passed over here, it comes back through the sum.
INLINE T N(largest)(const T *x, long n) {
  V most[4];
#pragma clang loop unroll(full)
  for (int a = 0; a < 4; a++) most[a] = SPLAT(-__builtin_inf());
  long j = 0;
  for (; j + 4 * LANES <= n; j += 4 * LANES) {
#pragma clang loop unroll(full)
    for (int a = 0; a < 4; a++) most[a] = N(larger)(most[a], N(load)(x + j + a * LANES));
  }
  for (; j + LANES <= n; j += LANES) most[0] = N(larger)(most[0], N(load)(x + j));
  if (j < n) most[1] = N(larger)(most[1], N(load_tail_or)(x + j, n - j, SPLAT(-__builtin_inf())));
  V m = N(larger)(N(larger)(most[0], most[2]), N(larger)(most[1], most[3]));
#pragma clang loop unroll(full)
  for (int width = LANES / 2; width > 0; width /= 2) m = N(larger)(m, N(upper_lanes)(m, width));
  return m[0];
}

void N(softmax)(const T *x, T *y, long rows, long columns) {
  for (long i = 0; i < rows; i++, x += columns, y += columns) {
    const T sum = N(sum_of_exp)(x, N(largest)(x, columns), y, columns);
    long j = 0;
    for (; j + LANES <= columns; j += LANES) N(store)(y + j, N(load)(y + j) / sum);
    if (j < columns) N(store_tail)(y + j, N(load_tail)(y + j, columns - j) / sum, columns - j);
  }
}

// The logarithm takes long for one row alone: its rows come a vector at a time. Lanes do not see each other.
void N(log_softmax)(const T *x, T *y, long rows, long columns) {
  for (long i = 0; i < rows; i += LANES) {
    const long count = rows - i < LANES ? rows - i : LANES;
    V shift = SPLAT(0), sum = SPLAT(1);
    for (long r = 0; r < count; r++) {
      const T *row = x + (i + r) * columns;
      shift[r] = N(largest)(row, columns);
      sum[r] = N(sum_of_exp)(row, shift[r], NULL, columns);
    }
    const V log_sum = N(log)(sum);
    for (long r = 0; r < count; r++) {
      const T *row = x + (i + r) * columns;
      T *to = y + (i + r) * columns;
      const V s = SPLAT(shift[r]), l = SPLAT(log_sum[r]);
      long j = 0;
      for (; j + LANES <= columns; j += LANES) N(store)(to + j, (N(load)(row + j) - s) - l);
      if (j < columns) N(store_tail)(to + j, (N(load_tail)(row + j, columns - j) - s) - l, columns - j);
    }
  }
}

void N(log_sum_exp)(const T *x, T *y, long rows, long columns) {
  for (long i = 0; i < rows; i += LANES) {
    const long count = rows - i < LANES ? rows - i : LANES;
    V shift = SPLAT(0), sum = SPLAT(1);
    for (long r = 0; r < count; r++) {
      const T *row = x + (i + r) * columns;
      const T largest = N(largest)(row, columns);
      // An infinite maximum (or an empty row) is the answer itself, not a shift.
      shift[r] = __builtin_isinf(largest) ? (T)0 : largest;
      sum[r] = N(sum_of_exp)(row, shift[r], NULL, columns);
    }
    const V result = shift + N(log)(sum);
    for (long r = 0; r < count; r++) y[i + r] = result[r];
  }
}

void N(log_softmax_vjp)(const T *g, const T *y, T *out, long rows, long columns) {
  for (long i = 0; i < rows; i++, g += columns, y += columns, out += columns) {
    const T total = N(sum)(g, columns);
    long j = 0;
    for (; j + LANES <= columns; j += LANES)
      N(store)(out + j, N(load)(g + j) - N(exp)(N(load)(y + j)) * total);
    if (j < columns) {
      const long rest = columns - j;
      const V e = N(exp)(N(load_tail)(y + j, rest));
      N(store_tail)(out + j, N(load_tail)(g + j, rest) - e * total, rest);
    }
  }
}
