// Flipped: x W^T as (W x^T)^T, for few rows of x and more of W.
//
// A right operand that is stored transposed has to be packed. Packed is what is smaller: here x, whole, while W is read
// where it lies. The result comes out transposed and is turned on its way into C. Every element is the same chain of
// the same products as unflipped.

// C[i, j] = (accumulate ? C : 0) + turned[j, i] for j < units and i < m. Rows of `turned` are whole vectors.
static void N(store_turned)(const T *turned, long turned_row, long units, long m, T *c, long c_row, bool accumulate) {
  T block[LANES * LANES];
  for (long j = 0; j < units; j += LANES) {
    const long width = N(smaller)(units - j, LANES);
    for (long i = 0; i < m; i += LANES) {
      const T *from = turned + j * turned_row + i;
      const long height = N(smaller)(m - i, LANES);
      T *to = c + i * c_row + j;
      if (width == LANES && height == LANES && !accumulate) {
        N(turn)(from, turned_row, to, c_row);
        continue;
      }
      N(turn_edge)(from, turned_row, width, LANES, block, LANES);
      for (long r = 0; r < height; r++, to += c_row) {
        if (accumulate)
          N(zip)(AK_ADD, to, 1, block + r * LANES, 1, to, width);
        else
          N(map)(AK_COPY, 0, 0, block + r * LANES, to, width);
      }
    }
  }
}

// The vectors of rows of x that are packed whole, with room for as many rows of the turned result as a vector has
// lanes.
INLINE long N(most_flipped)(long k) { return N(smaller)(WHOLE_ROOM / k, SUM_ROOM / LANES) / LANES; }

// Whether this costs less. A vector packed takes about as long as multiplying it by so many rows, one turned a little
// longer, and a block of less than whole vectors twice as long.
static bool N(flips)(const N(product) *g) {
  if (!g->b_transposed || g->a_k != 1 || N(most_flipped)(g->k) < GEMM_WIDTH) return false;
  const long m = N(parts)(g->m, LANES) * LANES, n = N(parts)(g->n, LANES) * LANES;  // with what fills the vectors
  const long depths = N(parts)(g->k, GEMM_DEPTH), deepest = N(parts)(g->k, depths), rest = deepest % LANES;
  const long packed = depths * (deepest - rest + (rest > 0 ? 2 * LANES : 0));
  return m * (g->n * g->k + GEMM_PACKING * packed + (GEMM_PACKING + 2) * g->n) < n * (g->m + GEMM_PACKING) * g->k;
}

static void N(flipped_rows)(const N(product) *g) {
  const long depths = N(parts)(g->k, GEMM_DEPTH), vectors = N(parts)(g->m, LANES), columns = vectors * LANES;
  const long panels = N(parts)(vectors, GEMM_WIDTH);
  T *const right = (T *)ak_workspace()->right, *const turned = (T *)ak_workspace()->sum;
  const long most = SUM_ROOM / columns / LANES * LANES;
  for (long j = 0; j < g->n; j += most) {
    const long units = N(smaller)(most, g->n - j);
    for (long d = 0; d < depths; d++) {
      const long p = N(cut)(g->k, depths, d), depth = N(cut)(g->k, depths, d + 1) - p;
      for (long t = 0; t < panels; t++) {
        const long v = N(cut)(vectors, panels, t), width = N(cut)(vectors, panels, t + 1) - v, first = v * LANES;
        T *const panel = right + p * columns + first * depth;
        if (j == 0) {
          const long valid = N(smaller)(width * LANES, g->m - first);
          N(pack_panel)(g->a + first * g->a_row + p, g->a_row, true, depth, valid, (int)width, panel);
        }
        N(panel_product)(units, depth, g->b + j * g->ldb + p, g->ldb, 1, false, panel, width * LANES, width,
                         turned + first, columns, d > 0, LANES);
      }
    }
    N(store_turned)(turned, columns, units, g->m, g->c + j, g->c_row, g->accumulate);
  }
}

static void N(run_flipped)(const N(product) *g) {
  const long vectors = N(parts)(g->m, LANES), parts = N(parts)(vectors, N(most_flipped)(g->k));
  for (long t = 0; t < parts; t++) {
    const long i = N(cut)(vectors, parts, t) * LANES;
    N(product) part = *g;
    part.m = N(smaller)(N(cut)(vectors, parts, t + 1) * LANES, g->m) - i;
    part.a = g->a + i * g->a_row;
    part.c = g->c + i * g->c_row;
    N(flipped_rows)(&part);
  }
}
