// Triangular: X with op(T) X = B in place, and the factor L with L L^T = A, by halves: between the halves the matrix
// product does the work, and blocks at the end are solved in registers.
//
// What a product is to be subtracted from is held with its sign turned, so that products add: x = -(-b + t x'). An order
// of sums follows from the shapes alone.

#define TRIANGLE_BLOCK 32  // rows of a block; halves are cut at whole blocks
#define TRIANGLE_WIDTH 4   // vectors of columns that a block is solved for at once

typedef struct {
  const T *t;
  long row, column;  // op(T)[i, p] = t[i row + p column]; one of the two is 1
  bool forward, unit;
} N(triangle);

// Some vectors of columns of one block. If `turned`, x holds -b.
INLINE void N(solve_strip)(const N(triangle) *g, T *x, long ldx, long rows, bool turned, long last, const int width) {
  for (long step = 0; step < rows; step++) {
    const long i = g->forward ? step : rows - 1 - step;
    const T *factor = g->t + i * g->row;
    T *const own = x + i * ldx;
    V sum[TRIANGLE_WIDTH];
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) {
      const V b = j < width - 1 || last == LANES ? N(load)(own + j * LANES) : N(load_tail)(own + j * LANES, last);
      sum[j] = turned ? SPLAT(0) - b : b;
    }
    for (long done = 0; done < step; done++) {
      const long p = g->forward ? done : rows - 1 - done;
      const V t = SPLAT(-factor[p * g->column]);
      const T *other = x + p * ldx;
#pragma clang loop unroll(full)
      for (int j = 0; j < width; j++) {
        const bool whole = j < width - 1 || last == LANES;
        sum[j] = N(fma)(t, whole ? N(load)(other + j * LANES) : N(load_tail)(other + j * LANES, last), sum[j]);
      }
    }
    const V pivot = SPLAT(g->unit ? 1 : factor[i * g->column]);
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) {
      if (!g->unit) sum[j] /= pivot;
      if (j < width - 1 || last == LANES)
        N(store)(own + j * LANES, sum[j]);
      else
        N(store_tail)(own + j * LANES, sum[j], last);
    }
  }
}

static void N(solve_block)(const N(triangle) *g, T *x, long ldx, long rows, long columns, bool turned) {
  for (; columns >= TRIANGLE_WIDTH * LANES; columns -= TRIANGLE_WIDTH * LANES, x += TRIANGLE_WIDTH * LANES)
    N(solve_strip)(g, x, ldx, rows, turned, LANES, TRIANGLE_WIDTH);
  for (; columns >= LANES; columns -= LANES, x += LANES) N(solve_strip)(g, x, ldx, rows, turned, LANES, 1);
  if (columns > 0) N(solve_strip)(g, x, ldx, rows, turned, columns, 1);
}

// c = c + op(A) b
static void N(add_product)(long m, long n, long k, const T *a, long lda, bool turned, const T *b, long ldb, T *c, long ldc) {
  const JOIN(ak_gemm_, PRECISION) g = {
      .transpose_a = turned, .accumulate = true, .m = m, .n = n, .k = k,
      .a = a, .lda = lda, .b = b, .ldb = ldb, .c = c, .ldc = ldc,
  };
  N(gemm)(&g);
}

// The rows of the first of two halves.
INLINE long N(half)(long rows) { return (N(parts)(rows, TRIANGLE_BLOCK) + 1) / 2 * TRIANGLE_BLOCK; }

// x holds -b.
static void N(solve_halves)(const N(triangle) *g, T *x, long ldx, long rows, long columns) {
  if (rows <= TRIANGLE_BLOCK) {
    N(solve_block)(g, x, ldx, rows, columns, true);
    return;
  }
  const long top = N(half)(rows), low = rows - top;
  const long first = g->forward ? 0 : top, then = g->forward ? top : 0;
  const long solved = g->forward ? top : low, left = g->forward ? low : top;
  N(triangle) part = *g;
  part.t = g->t + first * (g->row + g->column);
  N(solve_halves)(&part, x + first * ldx, ldx, solved, columns);
  N(add_product)(left, columns, solved, g->t + then * g->row + first * g->column, g->row == 1 ? g->column : g->row,
                 g->row == 1, x + first * ldx, ldx, x + then * ldx, ldx);
  part.t = g->t + then * (g->row + g->column);
  N(solve_halves)(&part, x + then * ldx, ldx, left, columns);
}

// The sum of a[i] b[i].
static T N(dot)(const T *a, const T *b, long n) {
  V sum[4] = {SPLAT(0), SPLAT(0), SPLAT(0), SPLAT(0)};
  long i = 0;
  for (; i + 4 * LANES <= n; i += 4 * LANES) {
#pragma clang loop unroll(full)
    for (int j = 0; j < 4; j++) sum[j] = N(fma)(N(load)(a + i + j * LANES), N(load)(b + i + j * LANES), sum[j]);
  }
  for (; i + LANES <= n; i += LANES) sum[0] = N(fma)(N(load)(a + i), N(load)(b + i), sum[0]);
  if (i < n) sum[1] = N(fma)(N(load_tail)(a + i, n - i), N(load_tail)(b + i, n - i), sum[1]);
  return N(fold)(AK_SUM, (sum[0] + sum[1]) + (sum[2] + sum[3]));
}

// y = y - factor a
static void N(subtract_multiple)(T factor, const T *a, T *y, long n) {
  const V f = SPLAT(-factor);
  for (; n >= LANES; n -= LANES, a += LANES, y += LANES) N(store)(y, N(fma)(f, N(load)(a), N(load)(y)));
  if (n > 0) N(store_tail)(y, N(fma)(f, N(load_tail)(a, n), N(load_tail)(y, n)), n);
}

// One column: rows of T are run along as they lie in memory.
static void N(solve_vector)(const N(triangle) *g, T *x, long n) {
  const bool by_rows = g->column == 1;
  for (long step = 0; step < n; step++) {
    const long i = g->forward ? step : n - 1 - step;
    const long others = by_rows == g->forward ? 0 : i + 1, count = others > 0 ? n - others : i;
    const T *row = g->t + i * (by_rows ? g->row : g->column);
    if (by_rows) x[i] -= N(dot)(row + others, x + others, count);
    if (!g->unit) x[i] /= row[i];
    if (!by_rows) N(subtract_multiple)(x[i], row + others, x + others, count);
  }
}

// x = op(T)^-1 x
static void N(solve_one)(const N(triangle) *g, T *x, long ldx, long rows, long columns) {
  if (columns == 1 && ldx == 1) {
    N(solve_vector)(g, x, rows);
    return;
  }
  if (rows <= TRIANGLE_BLOCK) {
    N(solve_block)(g, x, ldx, rows, columns, false);
    return;
  }
  const T zero = 0;
  for (long i = 0; i < rows; i++) N(zip)(AK_SUBTRACT, &zero, 0, x + i * ldx, 1, x + i * ldx, columns);
  N(solve_halves)(g, x, ldx, rows, columns);
}
