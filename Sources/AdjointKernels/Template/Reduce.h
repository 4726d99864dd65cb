// Reduce: sums in an order that their length alone decides, maxima and minima in which NaN wins.
//
// A sum runs in eight vector accumulators over blocks, and the blocks' sums are added pairwise: the error grows with
// the block's length over eight vectors, plus the logarithm of the number of blocks.

#define SUM_BLOCK (32 * 8 * LANES)

// For a constant r, each is what its line in AK_REDUCTIONS says.
#define COMBINE_CASE(constant, combine, neutral) case AK_##constant: return N(combine)(a, b);
INLINE V N(combine)(ak_reduction r, V a, V b) {
  switch (r) { AK_REDUCTIONS(COMBINE_CASE) }
}
#define NEUTRAL_CASE(constant, combine, neutral) case AK_##constant: return (T)(neutral);
INLINE T N(neutral)(ak_reduction r) {
  switch (r) { AK_REDUCTIONS(NEUTRAL_CASE) }
}
// The lanes in halves: (((0 8) (4 12)) ((2 10) (6 14))) ..., always the same tree.
INLINE T N(fold)(ak_reduction r, V v) {
#pragma clang loop unroll(full)
  for (int width = LANES / 2; width > 0; width /= 2) v = N(combine)(r, v, N(upper_lanes)(v, width));
  return v[0];
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
INLINE T N(reduce_all)(ak_reduction r, const T *x, long n) {
  return N(fold)(r, r == AK_SUM ? N(sum_pairwise)(x, n) : N(reduce_block)(r, x, n));
}
static T N(sum)(const T *x, long n) { return N(reduce_all)(AK_SUM, x, n); }

#define REDUCE_CASE(constant, combine, neutral) case AK_##constant: return N(reduce_all)(AK_##constant, x, n);
T N(reduce)(ak_reduction r, const T *x, long n) {
  if (n <= 0) return N(neutral)(r);
  switch (r) { AK_REDUCTIONS(REDUCE_CASE) }
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

#define ROWS_CASE(constant, combine, neutral) \
  case AK_##constant: return N(reduce_columns)(AK_##constant, x, stride, y, rows, columns);
void N(reduce_rows)(ak_reduction r, const T *x, long stride, T *y, long rows, long columns) {
  switch (r) { AK_REDUCTIONS(ROWS_CASE) }
}
