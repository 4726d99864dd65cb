// Pack: the right operand laid out as the tiles read it, and the left one where it lies across its rows.

// LANES x LANES elements, transposed in registers: as many perfect shuffles of the rows as the logarithm of their number.
INLINE void N(transpose)(V row[LANES]) {
#if LANES == 2
#define LOWER(a, b) __builtin_shufflevector(a, b, 0, 2)
#define UPPER(a, b) __builtin_shufflevector(a, b, 1, 3)
#elif LANES == 4
#define LOWER(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define UPPER(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#elif LANES == 8
#define LOWER(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define UPPER(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#else
#define LOWER(a, b) __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define UPPER(a, b) __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#endif
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
#undef LOWER
#undef UPPER
}

// One vector column of a panel from rows of B^T: to[p to_k + j] = b[j ldb + p] for j < columns, zero behind.
static void N(pack_transposed)(const T *b, long ldb, long k, long columns, T *to, long to_k) {
  for (long p = 0; p < k; p += LANES) {
    const long depth = k - p < LANES ? k - p : LANES;
    V row[LANES];
#pragma clang loop unroll(full)
    for (int j = 0; j < LANES; j++) {
      const T *from = b + j * ldb + p;
      row[j] = j >= columns ? SPLAT(0) : depth == LANES ? N(load)(from) : N(load_tail)(from, depth);
    }
    N(transpose)(row);
    if (depth == LANES) {
#pragma clang loop unroll(full)
      for (int j = 0; j < LANES; j++) N(store)(to + (p + j) * to_k, row[j]);
    } else {
      for (long j = 0; j < depth; j++) N(store)(to + (p + j) * to_k, row[j]);
    }
  }
}

// The same from B itself: to[p to_k + j] = b[p ldb + j].
static void N(pack_straight)(const T *b, long ldb, long k, long columns, T *to, long to_k) {
  if (columns == LANES)
    for (long p = 0; p < k; p++) N(store)(to + p * to_k, N(load)(b + p * ldb));
  else
    for (long p = 0; p < k; p++) N(store)(to + p * to_k, N(load_tail)(b + p * ldb, columns));
}

// A panel of `width` vectors.
static void N(pack_panel)(const T *b, long ldb, bool transposed, long k, long columns, int width, T *to) {
  for (int j = 0; j < width; j++) {
    const long rest = columns - j * LANES, valid = rest < LANES ? rest : LANES;
    if (transposed)
      N(pack_transposed)(b + j * LANES * ldb, ldb, k, valid, to + j * LANES, width * LANES);
    else
      N(pack_straight)(b + j * LANES, ldb, k, valid, to + j * LANES, width * LANES);
  }
}

// `rows` rows of op(A) from A^T: to[p rows + i] = a[p lda + i]. Whole vectors are stored: the next step overwrites what
// is too much, and one vector's room is kept behind the last.
static void N(pack_left)(const T *a, long lda, long k, long rows, T *to) {
  for (long p = 0; p < k; p++, a += lda, to += rows) {
    long i = 0;
    for (; i + LANES <= rows; i += LANES) N(store)(to + i, N(load)(a + i));
    if (i < rows) N(store)(to + i, N(load_tail)(a + i, rows - i));
  }
}
