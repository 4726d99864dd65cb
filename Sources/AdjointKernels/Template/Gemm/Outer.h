// Outer: sums of outer products. Each product and each sum rounds by itself, as they do one after the other, but what is
// summed stays in registers.

#define OUTER_ROWS 4
#define OUTER_WIDTH (VECTOR_BYTES == 64 ? 4 : 2)  // vectors of columns

// Rows that are not there are the last one.
INLINE void N(outer_tile)(const ak_outer_products *g, long i, long j, long n, const int width) {
  V sum[OUTER_ROWS][OUTER_WIDTH];
  long row[OUTER_ROWS];
#pragma clang loop unroll(full)
  for (int r = 0; r < OUTER_ROWS; r++) {
    row[r] = i + r < g->end ? i + r : g->end - 1;
#pragma clang loop unroll(full)
    for (int v = 0; v < width; v++) sum[r][v] = SPLAT(0);
  }
  for (long t = 0; t < g->count; t++) {
    const T *a = g->a[t], *b = (const T *)g->b[t] + j;
    V right[OUTER_WIDTH];
#pragma clang loop unroll(full)
    for (int v = 0; v < width; v++) right[v] = N(load_part)(b + v * LANES, n);
#pragma clang loop unroll(full)
    for (int r = 0; r < OUTER_ROWS; r++)
#pragma clang loop unroll(full)
      for (int v = 0; v < width; v++) sum[r][v] += SPLAT(a[row[r]]) * right[v];
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < OUTER_ROWS; r++)
#pragma clang loop unroll(full)
    for (int v = 0; v < width; v++) N(store_part)((T *)g->y + row[r] * g->columns + j + v * LANES, sum[r][v], n);
}

// y = a[0] b[0]^T + a[1] b[1]^T + ..., for the rows from `first` to `end`.
void N(outer_products)(const ak_outer_products *g) {
  for (long j = 0, n; j < g->columns; j += n) {
    n = N(smaller)(g->columns - j, LANES);
    const bool wide = g->columns - j >= OUTER_WIDTH * LANES;
    for (long i = g->first; i < g->end; i += OUTER_ROWS)
      if (wide)
        N(outer_tile)(g, i, j, LANES, OUTER_WIDTH);
      else
        N(outer_tile)(g, i, j, n, 1);
    if (wide) n = OUTER_WIDTH * LANES;
  }
}
