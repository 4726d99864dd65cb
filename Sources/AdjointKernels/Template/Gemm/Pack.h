// Pack: operands laid out as the tiles read them: the right one in panels of whole vectors; the left one, of which
// tiles broadcast single elements from anywhere, only where those fall on one another in the first-level cache.

INLINE long N(parts)(long n, long most) { return (n + most - 1) / most; }
// The start of part i of n cut as evenly as can be.
INLINE long N(cut)(long n, long parts, long i) { return n / parts * i + N(smaller)(i, n % parts); }

// LANES x LANES elements, transposed: row[p][j] = from[j from_row + p].
#if VECTOR_BYTES == 64
typedef double N(doubles) __attribute__((ext_vector_type(8)));
#define PICK(a, b, ...) ((V)__builtin_shufflevector((N(doubles))(a), (N(doubles))(b), __VA_ARGS__))

// Four rows, a vector's quarter of each: loads put the quarters where they belong.
INLINE V N(load_quarters)(const T *from, long step) {
#define QUARTER(i) _mm_loadu_pd((const double *)(from + i * step))
  __m512d v = _mm512_castpd128_pd512(QUARTER(0));
  v = _mm512_insertf64x2(v, QUARTER(1), 1);
  v = _mm512_insertf64x2(v, QUARTER(2), 2);
  return (V)_mm512_insertf64x2(v, QUARTER(3), 3);
}

INLINE void N(load_turned)(const T *from, long from_row, V row[LANES]) {
  enum { side = LANES / 4 };  // elements in a quarter
#pragma clang loop unroll(full)
  for (int c = 0; c < LANES; c += side) {
    V part[side];
#pragma clang loop unroll(full)
    for (int r = 0; r < side; r++) part[r] = N(load_quarters)(from + r * from_row + c, side * from_row);
#if REAL_BITS == 32
#define LOWER(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 4, 20, 5, 21, 8, 24, 9, 25, 12, 28, 13, 29)
#define UPPER(a, b) __builtin_shufflevector(a, b, 2, 18, 3, 19, 6, 22, 7, 23, 10, 26, 11, 27, 14, 30, 15, 31)
    const V ab = LOWER(part[0], part[1]), cd = LOWER(part[2], part[3]);
    const V ab2 = UPPER(part[0], part[1]), cd2 = UPPER(part[2], part[3]);
    row[c] = PICK(ab, cd, 0, 8, 2, 10, 4, 12, 6, 14);
    row[c + 1] = PICK(ab, cd, 1, 9, 3, 11, 5, 13, 7, 15);
    row[c + 2] = PICK(ab2, cd2, 0, 8, 2, 10, 4, 12, 6, 14);
    row[c + 3] = PICK(ab2, cd2, 1, 9, 3, 11, 5, 13, 7, 15);
#else
    row[c] = PICK(part[0], part[1], 0, 8, 2, 10, 4, 12, 6, 14);
    row[c + 1] = PICK(part[0], part[1], 1, 9, 3, 11, 5, 13, 7, 15);
#endif
  }
}
#else
#if LANES == 2
#define LOWER(a, b) __builtin_shufflevector(a, b, 0, 2)
#define UPPER(a, b) __builtin_shufflevector(a, b, 1, 3)
#elif LANES == 4
#define LOWER(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define UPPER(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#else
#define LOWER(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define UPPER(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#endif
// As many perfect shuffles of the rows as the logarithm of their number.
INLINE void N(load_turned)(const T *from, long from_row, V row[LANES]) {
#pragma clang loop unroll(full)
  for (int j = 0; j < LANES; j++) row[j] = N(load)(from + j * from_row);
#pragma clang loop unroll(full)
  for (int step = 1; step < LANES; step *= 2) {
    V next[LANES];
#pragma clang loop unroll(full)
    for (int i = 0; i < LANES / 2; i++) {
      next[2 * i] = LOWER(row[i], row[i + LANES / 2]);
      next[2 * i + 1] = UPPER(row[i], row[i + LANES / 2]);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < LANES; i++) row[i] = next[i];
  }
}
#endif

// Of `rows` x `columns` elements, at most LANES each; the lanes behind are zero.
INLINE void N(load_turned_part)(const T *from, long from_row, long rows, long columns, V row[LANES]) {
  if (rows == LANES && columns == LANES) {
    N(load_turned)(from, from_row, row);
    return;
  }
  V part[LANES];
  for (long j = 0; j < LANES; j++, from += from_row)
    part[j] = j >= rows ? SPLAT(0) : columns == LANES ? N(load)(from) : N(load_tail)(from, columns);
  N(load_turned)((const T *)part, LANES, row);
}

// LANES x LANES elements, turned: to[p to_row + j] = from[j from_row + p].
INLINE void N(turn)(const T *from, long from_row, T *to, long to_row) {
  V row[LANES];
  N(load_turned)(from, from_row, row);
#pragma clang loop unroll(full)
  for (int p = 0; p < LANES; p++) N(store)(to + p * to_row, row[p]);
}

// The same of `rows` x `columns` elements, at most LANES each; the lanes behind are zero.
static void N(turn_edge)(const T *from, long from_row, long rows, long columns, T *to, long to_row) {
  V row[LANES];
  N(load_turned_part)(from, from_row, rows, columns, row);
  for (long p = 0; p < columns; p++) N(store)(to + p * to_row, row[p]);
}

// One vector column of a panel from rows of B^T: to[p to_k + j] = b[j ldb + p] for j < columns, zero behind.
static void N(pack_transposed)(const T *b, long ldb, long k, long columns, T *to, long to_k) {
  const long whole = columns == LANES ? k - k % LANES : 0;
  for (long p = 0; p < whole; p += LANES) N(turn)(b + p, ldb, to + p * to_k, to_k);
  for (long p = whole; p < k; p += LANES)
    N(turn_edge)(b + p, ldb, columns, k - p < LANES ? k - p : LANES, to + p * to_k, to_k);
}

// The same from B itself, all vectors of a panel in one pass: B's rows may lie a page apart.
INLINE void N(pack_straight)(const T *b, long ldb, long k, long columns, T *to, const int width) {
  const long last = columns - (width - 1) * LANES;
  for (long p = 0; p < k; p++, b += ldb, to += width * LANES) {
#pragma clang loop unroll(full)
    for (int j = 0; j < width - 1; j++) N(store)(to + j * LANES, N(load)(b + j * LANES));
    const T *end = b + (width - 1) * LANES;
    N(store)(to + (width - 1) * LANES, last == LANES ? N(load)(end) : N(load_tail)(end, last));
  }
}

// A panel of `width` vectors: to[p width LANES + j] = op(B)[p, j].
static void N(pack_panel)(const T *b, long ldb, bool transposed, long k, long columns, int width, T *to) {
  if (transposed)
    for (int j = 0; j < width; j++) {
      const long rest = columns - j * LANES, valid = rest < LANES ? rest : LANES;
      N(pack_transposed)(b + j * LANES * ldb, ldb, k, valid, to + j * LANES, width * LANES);
    }
  else if (width == 1)
    N(pack_straight)(b, ldb, k, columns, to, 1);
  else if (width == 2)
    N(pack_straight)(b, ldb, k, columns, to, 2);
  else
    N(pack_straight)(b, ldb, k, columns, to, GEMM_WIDTH);
}

// Rows of A that are stored as columns, tile after tile: to[i k + p rows + r] = a[i + r + p a_k] for a tile's rows from
// i on.
static void N(pack_left)(long m, long k, const T *a, long a_k, T *to) {
  const long parts = N(parts)(m, GEMM_ROWS);
  for (long t = 0; t < parts; t++) {
    const long i = N(cut)(m, parts, t), rows = N(cut)(m, parts, t + 1) - i;
    const T *from = a + i;
    T *tile = to + i * k;
    // What a whole vector writes behind the rows is overwritten by what comes next.
    if (i + LANES <= m && rows <= LANES)
      for (long p = 0; p < k; p++, from += a_k, tile += rows) N(store)(tile, N(load)(from));
    else
      for (long p = 0; p < k; p++, from += a_k, tile += rows)
        for (long r = 0; r < rows; r++) tile[r] = from[r];
  }
}
