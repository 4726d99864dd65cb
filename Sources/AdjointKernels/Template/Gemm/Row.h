// Row: one row times W^T, which is read once and transposed in registers on the way. The lanes are rows of W; every element
// is the same chain of the same products as in the blocks.

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

static bool N(is_row)(const N(product) *g) { return g->m == 1 && g->b_transposed; }

static void N(run_row)(const N(product) *g) {
  const long depths = N(parts)(g->k, GEMM_DEPTH);
  for (long j = 0; j < g->n; j += ROW_GROUPS * LANES) {
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
