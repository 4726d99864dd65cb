// Tile: the innermost block of the product, rows x width vectors of C held in registers over a block of k.
//
// Every element is a chain of fused multiply-adds over k in order, whatever the size of its tile: an edge tile gives
// the same bits as a full one.

#define OPAQUE(x) __asm__("" : "+r"(x))

// C tile = (add ? C : 0) + the sums; the last vector of C has `last` valid lanes.
INLINE void N(store_tile)(V sum[GEMM_TALL][GEMM_WIDTH], T *c, long c_row, bool add, long last, const int rows,
                          const int width) {
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++) {
    T *row = c + i * c_row;
#pragma clang loop unroll(full)
    for (int j = 0; j < width - 1; j++) {
      const V before = add ? N(load)(row + j * LANES) : SPLAT(0);
      N(store)(row + j * LANES, add ? before + sum[i][j] : sum[i][j]);
    }
    T *end = row + (width - 1) * LANES;
    const V value = sum[i][width - 1];
    if (last == LANES)
      N(store)(end, add ? N(load)(end) + value : value);
    else
      N(store_tail)(end, add ? N(load_tail)(end, last) + value : value, last);
  }
}

// C tile = (add ? C : 0) + the tile's product. A is read as a[i a_row + p a_k], B as whole vectors at b + p b_k; the
// last vector of C has `last` valid lanes.
INLINE void N(tile)(long k, const T *a, long a_row, long a_k, const T *b, long b_k, T *c, long c_row, bool add,
                    long last, const int rows, const int width) {
  V sum[GEMM_TALL][GEMM_WIDTH];
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) sum[i][j] = SPLAT(0);

  // Rows in fours behind a pointer each, with offsets an address can hold (0, s, 2 s and 3 s bytes). The compiler is
  // kept from deriving the addresses from one another: it would chain an addition per row, slower than the products.
  const char *group[(GEMM_TALL + 3) / 4];
  const long one = a_row * (long)sizeof(T), step = a_k * (long)sizeof(T);
  long three = 3 * one;
  OPAQUE(three);
#pragma clang loop unroll(full)
  for (int i = 0; i < (rows + 3) / 4; i++) group[i] = (const char *)a + 4 * i * one;

  // C is asked for now, to be there when the sums are; a short sum would be there first.
#pragma clang loop unroll(full)
  for (int i = 0; k >= 32 && i < rows; i++)
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) __builtin_prefetch(c + i * c_row + j * LANES, 1);

  for (long p = 0; p < k; p++) {
    V right[GEMM_WIDTH];
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) right[j] = N(load)(b + j * LANES);
#pragma clang loop unroll(full)
    for (int i = 0; i < rows; i++) {
      const long offset = i % 4 == 3 ? three : i % 4 * one;
      const V left = SPLAT(*(const T *)(group[i / 4] + offset));
#pragma clang loop unroll(full)
      for (int j = 0; j < width; j++) sum[i][j] = N(fma)(left, right[j], sum[i][j]);
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < (rows + 3) / 4; i++) {
      group[i] += step;
      OPAQUE(group[i]);
    }
    b += b_k;
  }

  N(store_tile)(sum, c, c_row, add, last, rows, width);
}

// Every size that a set may choose among, F(rows, width) each; its GEMM_ROWS, GEMM_WIDTH and GEMM_TALL take theirs.
#define TILES(F) TILES_OF(F, 1) TILES_OF(F, 2) TILES_OF(F, 3)
#define TILES_OF(F, width)                                                                                          \
  F(1, width) F(2, width) F(3, width) F(4, width) F(5, width) F(6, width) F(7, width) F(8, width)                   \
  F(9, width) F(10, width) F(11, width) F(12, width) F(13, width) F(14, width) F(15, width) F(16, width)
#define IS_TAKEN(rows, width) (width <= GEMM_WIDTH && rows <= (width == 1 ? GEMM_TALL : GEMM_ROWS))
_Static_assert(GEMM_WIDTH <= 3 && GEMM_ROWS <= GEMM_TALL && GEMM_TALL <= 16, "tiles outside the list");

#define TILE(rows, width)                                                                                           \
  static void N(tile_##rows##x##width)(long k, const T *a, long a_row, long a_k, const T *b, long b_k, T *c,        \
                                       long c_row, bool add, long last) {                                           \
    if (IS_TAKEN(rows, width)) N(tile)(k, a, a_row, a_k, b, b_k, c, c_row, add, last, rows, width);                 \
  }
TILES(TILE)

typedef void (*N(tile_function))(long, const T *, long, long, const T *, long, T *, long, bool, long);
#define TILE_ENTRY(rows, width) [width - 1][rows - 1] = IS_TAKEN(rows, width) ? N(tile_##rows##x##width) : NULL,
static const N(tile_function) N(tiles)[3][16] = {TILES(TILE_ENTRY)};
