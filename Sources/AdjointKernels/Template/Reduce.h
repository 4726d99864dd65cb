// Reduce: sums in an order that their length alone decides, maxima and minima in which NaN wins, and sums of squared
// distances from a centre.
//
// A sum runs over blocks, whose sums are added pairwise: the error grows with the length of a block, and with the
// logarithm of the number of blocks.

#define SUM_BLOCK (AK_BLOCK_DEPTH * LANES)

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

// What is reduced: elements, or their squared distances from a centre.
INLINE V N(term)(bool squared, V x, V centre) { return squared ? (x - centre) * (x - centre) : x; }
INLINE V N(term_tail)(ak_reduction r, bool squared, const T *x, long n, V centre) {
  if (!squared) return N(load_tail_or)(x, n, SPLAT(N(neutral)(r)));
  T squares[LANES];
  N(store)(squares, N(term)(true, N(load_tail)(x, n), centre));
  return N(load_tail)(squares, n);
}

INLINE V N(reduce_block)(ak_reduction r, bool squared, const T *x, V centre, long n) {
  V sum[8];
#pragma clang loop unroll(full)
  for (int a = 0; a < 8; a++) sum[a] = SPLAT(N(neutral)(r));
  long i = 0;
  for (; i + 8 * LANES <= n; i += 8 * LANES) {
#pragma clang loop unroll(full)
    for (int a = 0; a < 8; a++)
      sum[a] = N(combine)(r, sum[a], N(term)(squared, N(load)(x + i + a * LANES), centre));
  }
  for (; i + LANES <= n; i += LANES) sum[0] = N(combine)(r, sum[0], N(term)(squared, N(load)(x + i), centre));
  if (i < n) sum[1] = N(combine)(r, sum[1], N(term_tail)(r, squared, x + i, n - i, centre));
#pragma clang loop unroll(full)
  for (int a = 0; a < 4; a++) sum[a] = N(combine)(r, sum[a], sum[a + 4]);
  return N(combine)(r, N(combine)(r, sum[0], sum[2]), N(combine)(r, sum[1], sum[3]));
}

static V N(sum_pairwise)(const T *x, long n) {
  if (n <= SUM_BLOCK) return N(reduce_block)(AK_SUM, false, x, SPLAT(0), n);
  const long blocks = (n + SUM_BLOCK - 1) / SUM_BLOCK, left = blocks / 2 * SUM_BLOCK;
  return N(sum_pairwise)(x, left) + N(sum_pairwise)(x + left, n - left);
}
static V N(squares_pairwise)(const T *x, T centre, long n) {
  if (n <= SUM_BLOCK) return N(reduce_block)(AK_SUM, true, x, SPLAT(centre), n);
  const long blocks = (n + SUM_BLOCK - 1) / SUM_BLOCK, left = blocks / 2 * SUM_BLOCK;
  return N(squares_pairwise)(x, centre, left) + N(squares_pairwise)(x + left, centre, n - left);
}
INLINE long N(block_of)(long n) { return n < SUM_BLOCK ? n : SUM_BLOCK; }
// Of equal elements the last one, in whatever order blocks are combined: so a maximum has no tree.
INLINE V N(extreme)(ak_reduction r, const T *x, long n) {
  V found = N(reduce_block)(r, false, x, SPLAT(0), N(block_of)(n));
  for (long i = SUM_BLOCK; i < n; i += SUM_BLOCK)
    found = N(combine)(r, found, N(reduce_block)(r, false, x + i, SPLAT(0), N(block_of)(n - i)));
  return found;
}
INLINE T N(reduce_all)(ak_reduction r, const T *x, long n) {
  return N(fold)(r, r == AK_SUM ? N(sum_pairwise)(x, n) : N(extreme)(r, x, n));
}
static T N(sum)(const T *x, long n) { return N(reduce_all)(AK_SUM, x, n); }

#define REDUCE_CASE(constant, combine, neutral) case AK_##constant: return N(reduce_all)(AK_##constant, x, n);
T N(reduce)(ak_reduction r, const T *x, long n) {
  if (n <= 0) return N(neutral)(r);
  switch (r) { AK_REDUCTIONS(REDUCE_CASE) }
}

// The same in two steps: what each block gives, and what these give together.
#define BLOCKS_CASE(constant, combine, neutral) \
  case AK_##constant: N(store)(lanes, N(reduce_block)(AK_##constant, false, block, SPLAT(0), N(block_of)(n))); break;
void N(reduce_blocks)(ak_reduction r, const void *x, void *y, long n) {
  T *lanes = y;
  for (const T *block = x; n > 0; block += SUM_BLOCK, lanes += LANES, n -= SUM_BLOCK) {
    switch (r) { AK_REDUCTIONS(BLOCKS_CASE) }
  }
}
static V N(combined_pairwise)(ak_reduction r, const T *lanes, long blocks) {
  if (blocks == 1) return N(load)(lanes);
  const long left = blocks / 2;
  return N(combine)(r, N(combined_pairwise)(r, lanes, left),
                    N(combined_pairwise)(r, lanes + left * LANES, blocks - left));
}
void N(combine_blocks)(ak_reduction r, const void *x, void *y, long blocks) {
  *(T *)y = N(fold)(r, N(combined_pairwise)(r, x, blocks));
}

T N(squares)(const T *x, T centre, long n) {
  return N(fold)(AK_SUM, N(squares_pairwise)(x, centre, n));
}

// Each row by itself, in the order that its length decides.
void N(reduce_each)(ak_reduction r, const T *x, long stride, T *y, long rows, long columns) {
  for (long i = 0; i < rows; i++) y[i] = N(reduce)(r, x + i * stride, columns);
}
void N(squares_each)(const T *x, long stride, const T *centre, T *y, long rows, long columns) {
  for (long i = 0; i < rows; i++) y[i] = N(squares)(x + i * stride, centre[i], columns);
}

// A few columns side by side, all rows: in blocks of 32 rows, 32 blocks in order, and these pairwise.
#define ROW_BLOCK 32
#define CARRIES 48  // no memory holds so many rows that their blocks count further
INLINE void N(reduce_strip)(ak_reduction r, bool squared, const T *x, const T *centre, T *y, long rows, long stride,
                            int width, long tail) {
  // carry[k] is what 2^k blocks of blocks gave, where bit k of `carried` is set: the digits of a counter.
  V carry[CARRIES][4], outer[4], inner[4], about[4];
#pragma clang loop unroll(full)
  for (int a = 0; a < width; a++)
    about[a] = !squared ? SPLAT(0) : tail ? N(load_tail)(centre, tail) : N(load)(centre + a * LANES);
  long i = 0, carried = 0;
  for (;;) {
#pragma clang loop unroll(full)
    for (int a = 0; a < width; a++) outer[a] = inner[a] = SPLAT(N(neutral)(r));
    const long outer_end = rows - i > ROW_BLOCK * ROW_BLOCK ? i + ROW_BLOCK * ROW_BLOCK : rows;
    while (i < outer_end) {
      const long inner_end = outer_end - i > ROW_BLOCK ? i + ROW_BLOCK : outer_end;
      for (; i < inner_end; i++) {
        const T *row = x + i * stride;
#pragma clang loop unroll(full)
        for (int a = 0; a < width; a++) {
          const V v = tail ? N(load_tail)(row, tail) : N(load)(row + a * LANES);
          inner[a] = N(combine)(r, inner[a], N(term)(squared, v, about[a]));
        }
      }
#pragma clang loop unroll(full)
      for (int a = 0; a < width; a++) {
        outer[a] = N(combine)(r, outer[a], inner[a]);
        inner[a] = SPLAT(N(neutral)(r));
      }
    }
    if (i >= rows) break;
    int k = 0;
    for (; carried >> k & 1; k++) {
#pragma clang loop unroll(full)
      for (int a = 0; a < width; a++) outer[a] = N(combine)(r, carry[k][a], outer[a]);
    }
#pragma clang loop unroll(full)
    for (int a = 0; a < width; a++) carry[k][a] = outer[a];
    carried++;
  }
  for (int k = 0; carried >> k; k++) {
    if (!(carried >> k & 1)) continue;
#pragma clang loop unroll(full)
    for (int a = 0; a < width; a++) outer[a] = N(combine)(r, carry[k][a], outer[a]);
  }
  if (tail) {
    N(store_tail)(y, outer[0], tail);
    return;
  }
#pragma clang loop unroll(full)
  for (int a = 0; a < width; a++) N(store)(y + a * LANES, outer[a]);
}

INLINE void N(reduce_columns)(ak_reduction r, bool squared, const T *x, long stride, const T *centre, T *y, long rows,
                              long columns) {
  long j = 0;
  for (; j + 4 * LANES <= columns; j += 4 * LANES)
    N(reduce_strip)(r, squared, x + j, centre + j, y + j, rows, stride, 4, 0);
  for (; j + LANES <= columns; j += LANES)
    N(reduce_strip)(r, squared, x + j, centre + j, y + j, rows, stride, 1, 0);
  if (j < columns) N(reduce_strip)(r, squared, x + j, centre + j, y + j, rows, stride, 1, columns - j);
}

#define ROWS_CASE(constant, combine, neutral) \
  case AK_##constant: return N(reduce_columns)(AK_##constant, false, x, stride, x, y, rows, columns);
void N(reduce_rows)(ak_reduction r, const T *x, long stride, T *y, long rows, long columns) {
  switch (r) { AK_REDUCTIONS(ROWS_CASE) }
}
void N(square_rows)(const T *x, long stride, const T *centre, T *y, long rows, long columns) {
  N(reduce_columns)(AK_SUM, true, x, stride, centre, y, rows, columns);
}
