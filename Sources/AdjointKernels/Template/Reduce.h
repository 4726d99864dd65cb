// Reduce: sums in an order that their length alone decides, maxima and minima in which NaN wins.
//
// A sum runs in eight vector accumulators over blocks, and the blocks' sums are added pairwise: the error grows with
// the block's length over eight vectors, plus the logarithm of the number of blocks.

#define SUM_BLOCK (32 * 8 * LANES)

INLINE V N(combine)(ak_reduction r, V a, V b) {
  return r == AK_SUM ? a + b : r == AK_MAX ? N(maximum)(a, b) : N(minimum)(a, b);
}
INLINE T N(neutral)(ak_reduction r) {
  return r == AK_SUM ? (T)0 : r == AK_MAX ? (T)-__builtin_inf() : (T)__builtin_inf();
}
INLINE T N(fold)(ak_reduction r, V v) {
  return r == AK_SUM ? N(fold_sum)(v) : r == AK_MAX ? N(fold_max)(v) : N(fold_min)(v);
}

INLINE V N(reduce_block)(ak_reduction r, const T *x, long n) {
  V sum[8];
#pragma clang loop unroll(full)
  for (int a = 0; a < 8; a++) sum[a] = SPLAT(N(neutral)(r));
  long i = 0;
  for (; i + 8 * LANES <= n; i += 8 * LANES) {
#pragma clang loop unroll(full)
    for (int a = 0; a < 8; a++) sum[a] = N(combine)(r, sum[a], N(load)(x + i + a * LANES));
  }
  for (; i + LANES <= n; i += LANES) sum[0] = N(combine)(r, sum[0], N(load)(x + i));
  if (i < n) {
    sum[1] = N(combine)(r, sum[1], N(load_tail_or)(x + i, n - i, SPLAT(N(neutral)(r))));
  }
#pragma clang loop unroll(full)
  for (int a = 0; a < 4; a++) sum[a] = N(combine)(r, sum[a], sum[a + 4]);
  return N(combine)(r, N(combine)(r, sum[0], sum[2]), N(combine)(r, sum[1], sum[3]));
}

static V N(sum_pairwise)(const T *x, long n) {
  if (n <= SUM_BLOCK) return N(reduce_block)(AK_SUM, x, n);
  const long blocks = (n + SUM_BLOCK - 1) / SUM_BLOCK, left = blocks / 2 * SUM_BLOCK;
  return N(sum_pairwise)(x, left) + N(sum_pairwise)(x + left, n - left);
}
static T N(sum)(const T *x, long n) { return N(fold_sum)(N(sum_pairwise)(x, n)); }
static T N(max)(const T *x, long n) { return N(fold_max)(N(reduce_block)(AK_MAX, x, n)); }
static T N(min)(const T *x, long n) { return N(fold_min)(N(reduce_block)(AK_MIN, x, n)); }

static T N(reduce)(ak_reduction r, const T *x, long n) {
  if (n <= 0) return N(neutral)(r);
  return r == AK_SUM ? N(sum)(x, n) : r == AK_MAX ? N(max)(x, n) : N(min)(x, n);
}

// A few columns side by side, all rows. Sums cascade: 32 rows, then 32 such blocks, then those.
#define ROW_BLOCK 32
INLINE void N(reduce_strip)(ak_reduction r, const T *x, T *y, long rows, long stride, int width, long tail) {
  V outer[4], middle[4], inner[4];
#pragma clang loop unroll(full)
  for (int a = 0; a < width; a++) outer[a] = middle[a] = inner[a] = SPLAT(N(neutral)(r));
  for (long i = 0; i < rows;) {
    const long middle_end = rows - i > ROW_BLOCK * ROW_BLOCK ? i + ROW_BLOCK * ROW_BLOCK : rows;
    while (i < middle_end) {
      const long inner_end = middle_end - i > ROW_BLOCK ? i + ROW_BLOCK : middle_end;
      for (; i < inner_end; i++) {
        const T *row = x + i * stride;
#pragma clang loop unroll(full)
        for (int a = 0; a < width; a++) {
          const V v = tail ? N(load_tail)(row, tail) : N(load)(row + a * LANES);
          inner[a] = N(combine)(r, inner[a], v);
        }
      }
#pragma clang loop unroll(full)
      for (int a = 0; a < width; a++) {
        middle[a] = N(combine)(r, middle[a], inner[a]);
        inner[a] = SPLAT(N(neutral)(r));
      }
    }
#pragma clang loop unroll(full)
    for (int a = 0; a < width; a++) {
      outer[a] = N(combine)(r, outer[a], middle[a]);
      middle[a] = SPLAT(N(neutral)(r));
    }
  }
  if (tail) {
    N(store_tail)(y, outer[0], tail);
    return;
  }
#pragma clang loop unroll(full)
  for (int a = 0; a < width; a++) N(store)(y + a * LANES, outer[a]);
}

INLINE void N(reduce_columns)(ak_reduction r, const T *x, long stride, T *y, long rows, long columns) {
  long j = 0;
  for (; j + 4 * LANES <= columns; j += 4 * LANES) N(reduce_strip)(r, x + j, y + j, rows, stride, 4, 0);
  for (; j + LANES <= columns; j += LANES) N(reduce_strip)(r, x + j, y + j, rows, stride, 1, 0);
  if (j < columns) N(reduce_strip)(r, x + j, y + j, rows, stride, 1, columns - j);
}

static void N(reduce_rows)(ak_reduction r, const T *x, long stride, T *y, long rows, long columns) {
  switch (r) {
    case AK_SUM: N(reduce_columns)(AK_SUM, x, stride, y, rows, columns); break;
    case AK_MAX: N(reduce_columns)(AK_MAX, x, stride, y, rows, columns); break;
    case AK_MIN: N(reduce_columns)(AK_MIN, x, stride, y, rows, columns); break;
  }
}
