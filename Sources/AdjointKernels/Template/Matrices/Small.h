// Small: matrices so small that as many of them as a vector has lanes are worked on at once, one in each lane. A lane
// does what it would do alone, so no bit depends on the number of matrices.

#define SMALL_ROOM (AK_SMALL_EXTENT * AK_SMALL_EXTENT)

// to[e] = element e of each of `count` <= LANES arrays of n elements; the lanes behind hold zeros.
static void N(gather_lanes)(const T *x, long n, long count, V *to) {
  for (long e = 0; e < n; e += LANES) {
    if (n - e >= LANES && count == LANES)
      N(turn)(x + e, n, (T *)(to + e), LANES);
    else
      N(turn_edge)(x + e, n, count, N(smaller)(n - e, LANES), (T *)(to + e), LANES);
  }
}

static void N(scatter_lanes)(const V *from, long n, long count, T *y) {
  T block[LANES * LANES] __attribute__((aligned(VECTOR_BYTES)));
  for (long e = 0; e < n; e += LANES) {
    const long width = N(smaller)(n - e, LANES);
    if (width == LANES && count == LANES) {
      N(turn)((const T *)(from + e), LANES, y + e, n);
      continue;
    }
    N(turn_edge)((const T *)(from + e), LANES, width, LANES, block, LANES);
    for (long m = 0; m < count; m++) {
      if (width == LANES)
        N(store)(y + m * n + e, N(load)(block + m * LANES));
      else
        N(store_tail)(y + m * n + e, N(load)(block + m * LANES), width);
    }
  }
}

static void N(factor_small)(const T *x, T *y, long n, long count) {
  V a[SMALL_ROOM];
  N(gather_lanes)(x, n * n, count, a);
  for (long i = 0; i < n; i++)
    for (long j = 0; j < i; j++) a[i * n + j] += SPLAT(0.5) * (a[j * n + i] - a[i * n + j]);
  I sound = ISPLAT(-1);
  for (long j = 0; j < n; j++) {
    const V pivot = a[j * n + j], root = N(sqrt)(pivot);
    sound &= pivot > SPLAT(0);
    a[j * n + j] = root;
    for (long i = j + 1; i < n; i++) {
      a[j * n + i] = SPLAT(0);
      a[i * n + j] /= root;
    }
    for (long i = j + 1; i < n; i++) {
      const V factor = -a[i * n + j];
      for (long k = j + 1; k <= i; k++) a[i * n + k] = N(fma)(factor, a[k * n + j], a[i * n + k]);
    }
  }
  for (long i = 0; i < n; i++)
    for (long j = 0; j <= i; j++) a[i * n + j] = IF(sound, a[i * n + j], SPLAT(__builtin_nan("")));
  N(scatter_lanes)(a, n * n, count, y);
}

void N(cholesky)(const T *x, T *y, long n, long count) {
  if (n > AK_SMALL_EXTENT) {
    for (long m = 0; m < count; m++) N(factor_one)(x + m * n * n, y + m * n * n, n);
    return;
  }
  for (long m = 0; m < count; m += LANES)
    N(factor_small)(x + m * n * n, y + m * n * n, n, N(smaller)(count - m, LANES));
}

// Some columns of row i, behind the `done` rows that are solved.
INLINE void N(solve_lanes)(const N(triangle) *g, const V *a, V *b, long n, long columns, long i, long done,
                           const int width) {
  V sum[2];
#pragma clang loop unroll(full)
  for (int j = 0; j < width; j++) sum[j] = b[i * columns + j];
  for (long step = 0; step < done; step++) {
    const long p = g->forward ? step : n - 1 - step;
    const V factor = -a[i * g->row + p * g->column];
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) sum[j] = N(fma)(factor, b[p * columns + j], sum[j]);
  }
#pragma clang loop unroll(full)
  for (int j = 0; j < width; j++) b[i * columns + j] = g->unit ? sum[j] : sum[j] / a[i * n + i];
}

// Small triangles.
static void N(solve_small)(const N(triangle) *g, const T *t, T *x, long n, long columns, long count) {
  V a[SMALL_ROOM], b[SMALL_ROOM];
  N(gather_lanes)(t, n * n, count, a);
  N(gather_lanes)(x, n * columns, count, b);
  for (long done = 0; done < n; done++) {
    const long i = g->forward ? done : n - 1 - done;
    long j = 0;
    for (; j + 2 <= columns; j += 2) N(solve_lanes)(g, a, b + j, n, columns, i, done, 2);
    if (j < columns) N(solve_lanes)(g, a, b + j, n, columns, i, done, 1);
  }
  N(scatter_lanes)(b, n * columns, count, x);
}

// Right sides that fill a vector are lanes themselves where there are not as many triangles: their sums are the same.
void N(solve_triangular)(bool upper, bool transposed, bool unit, const T *t, long ldt, T *x, long ldx, long n,
                         long columns, long count) {
  N(triangle) g = {
      .t = t, .row = transposed ? 1 : ldt, .column = transposed ? ldt : 1, .forward = upper == transposed, .unit = unit};
  const bool small = n <= AK_SMALL_EXTENT && columns <= AK_SMALL_EXTENT && ldt == n && ldx == columns;
  long m = 0;
  for (; small && m + (columns < LANES ? 1 : LANES) <= count; m += LANES)
    N(solve_small)(&g, t + m * n * n, x + m * n * columns, n, columns, N(smaller)(count - m, LANES));
  for (; m < count; m++) {
    g.t = t + m * n * ldt;
    N(solve_one)(&g, x + m * n * ldx, ldx, n, columns);
  }
}

// Rows k and `place` of each lane change places, place > k or none.
static void N(swap_rows)(V *x, long columns, long k, I place, long rows) {
  for (long r = k + 1; r < rows; r++) {
    const I moves = place == ISPLAT(r);
    if (!N(any)(moves)) continue;
    for (long j = 0; j < columns; j++) {
      const V upper = x[k * columns + j], lower = x[r * columns + j];
      x[k * columns + j] = IF(moves, lower, upper);
      x[r * columns + j] = IF(moves, upper, lower);
    }
  }
}

// One column of each lane's matrix is eliminated, and the right sides with it. The pivot is the first of the largest
// magnitude, or the first NaN; one of 0 has nothing but 0 below it.
static void N(eliminate_column)(V *a, V *b, long n, long columns, long k) {
  V best = N(abs)(a[k * n + k]);
  I place = ISPLAT(k);
  for (long r = k + 1; r < n; r++) {
    const V size = N(abs)(a[r * n + k]);
    const I wins = (size > best) | ((size != size) & (best == best));
    best = IF(wins, size, best);
    place = wins ? ISPLAT(r) : place;
  }
  N(swap_rows)(a, n, k, place, n);
  N(swap_rows)(b, columns, k, place, n);
  const V pivot = a[k * n + k];
  const I acts = pivot != SPLAT(0);
  for (long r = k + 1; r < n; r++) {
    const V factor = -(a[r * n + k] / pivot);
    for (long j = k + 1; j < n; j++)
      a[r * n + j] = IF(acts, N(fma)(factor, a[k * n + j], a[r * n + j]), a[r * n + j]);
    for (long j = 0; j < columns; j++)
      b[r * columns + j] = IF(acts, N(fma)(factor, b[k * columns + j], b[r * columns + j]), b[r * columns + j]);
  }
}

void N(solve_small_systems)(bool transposed, const T *x, const T *right, T *y, long n, long columns, long count) {
  V a[SMALL_ROOM], b[SMALL_ROOM];
  for (long m = 0; m < count; m += LANES) {
    const long valid = N(smaller)(count - m, LANES);
    N(gather_lanes)(x + m * n * n, n * n, valid, a);
    N(gather_lanes)(right + m * n * columns, n * columns, valid, b);
    for (long i = 0; transposed && i < n; i++)
      for (long j = 0; j < i; j++) {
        const V lower = a[i * n + j];
        a[i * n + j] = a[j * n + i];
        a[j * n + i] = lower;
      }
    for (long k = 0; k < n; k++) N(eliminate_column)(a, b, n, columns, k);
    for (long i = n - 1; i >= 0; i--)
      for (long j = 0; j < columns; j++) {
        V sum = b[i * columns + j];
        for (long p = n - 1; p > i; p--) sum = N(fma)(-a[i * n + p], b[p * columns + j], sum);
        b[i * columns + j] = sum / a[i * n + i];
      }
    N(scatter_lanes)(b, n * columns, valid, y + m * n * columns);
  }
}
