// Row: one row times a matrix, which is read once: every element is the same chain of the same products as in the blocks.
//
// A loop over time reads the same matrix again and again, and one as large as a cache would never be found there. So every other
// product reads its matrix from the end to the beginning, and finds what the one before it has read last.

// Whether this product is one of these.
static bool N(turns)(void) { return ak_workspace()->turns = !ak_workspace()->turns; }

#define ROW_GROUPS 2  // vectors of elements side by side: while one is transposed, another one is summed

// Adds the terms of LANES elements of W's rows to their chains.
INLINE V N(add_transposed)(const T *a, long a_k, const T *b, long ldb, V sum) {
  V row[LANES];
  N(load_turned)(b, ldb, row);
#pragma clang loop unroll(full)
  for (int l = 0; l < LANES; l++) sum = N(fma)(SPLAT(a[l * a_k]), row[l], sum);
  return sum;
}

// Fewer terms, or fewer rows.
static V N(add_transposed_edge)(const T *a, long a_k, const T *b, long ldb, long rows, long terms, V sum) {
  V row[LANES];
  N(load_turned_part)(b, ldb, rows, terms, row);
  for (long l = 0; l < terms; l++) sum = N(fma)(SPLAT(a[l * a_k]), row[l], sum);
  return sum;
}

// One row times W^T, which is transposed in registers on the way. The lanes are rows of W.
static void N(run_row_turned)(const N(product) *g) {
  const long depths = N(parts)(g->k, GEMM_DEPTH), groups = N(parts)(g->n, ROW_GROUPS * LANES);
  const bool turns = N(turns)();
  for (long group = 0; group < groups; group++) {
    const long j = (turns ? groups - 1 - group : group) * ROW_GROUPS * LANES;
    V sum[ROW_GROUPS], total[ROW_GROUPS];
    const T *const b = g->b + j * g->ldb;
    const long rows = N(smaller)(g->n - j, ROW_GROUPS * LANES);
    for (long d = 0; d < depths; d++) {
      const long end = N(cut)(g->k, depths, d + 1);
      long p = N(cut)(g->k, depths, d);
      for (int v = 0; v < ROW_GROUPS; v++) sum[v] = SPLAT(0);
      for (; rows == ROW_GROUPS * LANES && p + LANES <= end; p += LANES)
#pragma clang loop unroll(full)
        for (int v = 0; v < ROW_GROUPS; v++)
          sum[v] = N(add_transposed)(g->a + p * g->a_k, g->a_k, b + v * LANES * g->ldb + p, g->ldb, sum[v]);
      for (; p < end; p += LANES)
        for (int v = 0; v * LANES < rows; v++)
          sum[v] = N(add_transposed_edge)(g->a + p * g->a_k, g->a_k, b + v * LANES * g->ldb + p, g->ldb,
                                          N(smaller)(rows - v * LANES, LANES), N(smaller)(end - p, LANES), sum[v]);
      for (int v = 0; v < ROW_GROUPS; v++) total[v] = d == 0 ? sum[v] : total[v] + sum[v];
    }
    for (int v = 0; v * LANES < rows; v++) {
      T *const c = g->c + j + v * LANES;
      const long n = N(smaller)(rows - v * LANES, LANES);
      N(store_part)(c, g->accumulate ? N(load_part)(c, n) + total[v] : total[v], n);
    }
  }
}

// A block of terms of some vectors of elements.
INLINE void N(row_terms)(long k, const T *a, long a_k, const T *b, long ldb, long n, T *y, const int vectors) {
  V sum[GEMM_TALL];
#pragma clang loop unroll(full)
  for (int v = 0; v < vectors; v++) sum[v] = SPLAT(0);
  for (long p = 0; p < k; p++, b += ldb) {
    const V left = SPLAT(a[p * a_k]);
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) sum[v] = N(fma)(left, N(load_part)(b + v * LANES, n), sum[v]);
  }
#pragma clang loop unroll(full)
  for (int v = 0; v < vectors; v++) N(store)(y + v * LANES, sum[v]);
}

#define ROW_REACH (GEMM_TALL * LANES)

// One row times W: its rows are read as far as there are registers for sums, and blocks of terms are added up in order.
static void N(run_row_straight)(const N(product) *g) {
  const long depths = N(parts)(g->k, GEMM_DEPTH), groups = N(parts)(g->n, ROW_REACH);
  const bool turns = N(turns)();
  T *const sums = (T *)ak_workspace()->sum;
  for (long group = 0; group < groups; group++) {
    const long j = (turns ? groups - 1 - group : group) * ROW_REACH, columns = N(smaller)(g->n - j, ROW_REACH);
    for (long block = 0; block < depths; block++) {
      const long d = turns ? depths - 1 - block : block, p = N(cut)(g->k, depths, d), k = N(cut)(g->k, depths, d + 1) - p;
      const T *const a = g->a + p * g->a_k, *const b = g->b + p * g->ldb + j;
      T *const y = sums + d * ROW_REACH;
      if (columns == ROW_REACH) {
        N(row_terms)(k, a, g->a_k, b, g->ldb, LANES, y, GEMM_TALL);
        continue;
      }
      long c = 0;
      for (; c + 4 * LANES <= columns; c += 4 * LANES) N(row_terms)(k, a, g->a_k, b + c, g->ldb, LANES, y + c, 4);
      for (; c + LANES <= columns; c += LANES) N(row_terms)(k, a, g->a_k, b + c, g->ldb, LANES, y + c, 1);
      if (c < columns) N(row_terms)(k, a, g->a_k, b + c, g->ldb, columns - c, y + c, 1);
    }
    for (long d = 1; d < depths; d++) N(zip)(AK_ADD, sums, 1, sums + d * ROW_REACH, 1, sums, columns);
    if (g->accumulate)
      N(zip)(AK_ADD, g->c + j, 1, sums, 1, g->c + j, columns);
    else
      memcpy(g->c + j, sums, columns * sizeof(T));
  }
}

static bool N(is_row)(const N(product) *g) {
  return g->m == 1 && (g->b_transposed || N(parts)(g->k, GEMM_DEPTH) <= SUM_ROOM / ROW_REACH);
}

static void N(run_row)(const N(product) *g) {
  if (g->b_transposed)
    N(run_row_turned)(g);
  else
    N(run_row_straight)(g);
}
