// Cholesky: the lower triangular L with L L^T = (A + A^T)/2, as U = L^T by halves. Rows of U are rows in memory, so all of
// it runs along vectors; what is not finished yet is held with its sign turned, as in Triangular.h.

#define SYMMETRIC_STRIP 24  // columns of a product of which the upper triangle alone is wanted

// The blocks of LANES x LANES elements on and above the diagonal, in squares that the first-level cache holds.
typedef struct {
  long i, j, square_i, square_j;
} N(upper_blocks);
INLINE void N(next_block)(N(upper_blocks) *b, long n) {
  const long side = 4 * LANES;
  b->j += LANES;
  if (b->j < n && b->j < b->square_j + side) return;
  b->i += LANES;
  if (b->i >= n || b->i >= b->square_i + side || b->i >= b->square_j + side) {
    b->square_j += side;
    if (b->square_j >= n) b->square_j = b->square_i += side;
    b->i = b->square_i;
  }
  b->j = b->i > b->square_j ? b->i : b->square_j;
}

// -(a + b)/2. Equal elements give themselves, to the last bit.
INLINE V N(negative_mean)(V a, V b) { return SPLAT(0) - (a + SPLAT(0.5) * (b - a)); }

// The upper triangle of y = -(A + A^T)/2.
static void N(symmetrize)(const T *a, T *y, long n) {
  V low[LANES];
  for (N(upper_blocks) b = {0}; b.i < n; N(next_block)(&b, n)) {
    const long i = b.i, j = b.j, rows = N(smaller)(n - i, LANES);
    {
      const long columns = N(smaller)(n - j, LANES);
      const T *from = a + i * n + j;
      T *to = y + i * n + j;
      N(load_turned_part)(a + j * n + i, n, columns, rows, low);
      if (rows == LANES && columns == LANES) {
#pragma clang loop unroll(full)
        for (int r = 0; r < LANES; r++) N(store)(to + r * n, N(negative_mean)(low[r], N(load)(from + r * n)));
      } else {
        for (long r = 0; r < rows; r++) {
          if (columns == LANES)
            N(store)(to + r * n, N(negative_mean)(low[r], N(load)(from + r * n)));
          else
            N(store_tail)(to + r * n, N(negative_mean)(low[r], N(load_tail)(from + r * n, columns)), columns);
        }
      }
    }
  }
}

// The upper triangle of y becomes the lower one, and 0.
static void N(turn_triangle)(T *y, long n) {
  V row[LANES];
  for (N(upper_blocks) b = {0}; b.i < n; N(next_block)(&b, n)) {
    const long i = b.i, j = b.j, rows = N(smaller)(n - i, LANES);
    {
      const long columns = N(smaller)(n - j, LANES);
      T *const from = y + i * n + j, *const to = y + j * n + i;
      N(load_turned_part)(from, n, rows, columns, row);
      if (i < j && rows == LANES && columns == LANES) {
#pragma clang loop unroll(full)
        for (int r = 0; r < LANES; r++) {
          N(store)(to + r * n, row[r]);
          N(store)(from + r * n, SPLAT(0));
        }
      } else {
        for (long c = 0; c < columns; c++)
          for (long r = 0; r < rows; r++) {
            if (j + c > i + r) from[r * n + c] = 0;
            if (j + c >= i + r) to[c * n + r] = row[c][r];
          }
      }
    }
  }
}

// One block of the triangle, which holds -A; false where a pivot is not positive.
static bool N(factor_block)(T *u, long ld, long n) {
  for (long i = 0; i < n; i++) {
    T *const row = u + i * ld;
    const T pivot = 0 - row[i];
    if (!(pivot > 0)) return false;
    const T root = N(sqrt)(SPLAT(pivot))[0];
    long j = i + 1;
    for (; j + LANES <= n; j += LANES) N(store)(row + j, (SPLAT(0) - N(load)(row + j)) / SPLAT(root));
    if (j < n) N(store_tail)(row + j, (SPLAT(0) - N(load_tail)(row + j, n - j)) / SPLAT(root), n - j);
    row[i] = root;
    for (long r = i + 1; r < n; r++) {
      T *const below = u + r * ld;
      const V factor = SPLAT(row[r]);
      for (j = r; j + LANES <= n; j += LANES) N(store)(below + j, N(fma)(factor, N(load)(row + j), N(load)(below + j)));
      if (j < n)
        N(store_tail)(below + j, N(fma)(factor, N(load_tail)(row + j, n - j), N(load_tail)(below + j, n - j)), n - j);
    }
  }
  return true;
}

static bool N(factor_halves)(T *u, long ld, long n) {
  if (n <= TRIANGLE_BLOCK) return N(factor_block)(u, ld, n);
  const long top = N(half)(n), low = n - top;
  if (!N(factor_halves)(u, ld, top)) return false;
  const N(triangle) g = {.t = u, .row = 1, .column = ld, .forward = true, .unit = false};
  T *const right = u + top, *const rest = right + top * ld;
  N(solve_halves)(&g, right, ld, top, low);
  for (long j = 0; j < low; j += SYMMETRIC_STRIP) {
    const long columns = N(smaller)(SYMMETRIC_STRIP, low - j);
    N(add_product)(j + columns, columns, top, right, ld, true, right + j, ld, rest + j, ld);
  }
  return N(factor_halves)(rest, ld, low);
}

static void N(factor_one)(const T *a, T *y, long n) {
  N(symmetrize)(a, y, n);
  if (N(factor_halves)(y, n, n)) {
    N(turn_triangle)(y, n);
    return;
  }
  for (long i = 0; i < n; i++)
    for (long j = 0; j < n; j++) y[i * n + j] = j <= i ? (T)__builtin_nan("") : 0;
}
