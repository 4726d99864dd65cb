// Tile: the innermost block of the product, rows x width vectors of C held in registers over a block of k.
//
// Every element is a chain of fused multiply-adds over k in order, whatever the size of its tile: an edge tile gives
// the same bits as a full one.

#define OPAQUE(x) __asm__("" : "+r"(x))

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

typedef void (*N(tile_function))(long, const T *, long, long, const T *, long, T *, long, bool, long);

#define TILE(rows, width)                                                                                            \
  static void N(tile_##rows##x##width)(long k, const T *a, long a_row, long a_k, const T *b, long b_k, T *c,         \
                                       long c_row, bool add, long last) {                                            \
    N(tile)(k, a, a_row, a_k, b, b_k, c, c_row, add, last, rows, width);                                             \
  }
#define TILES_TO_4(width) TILE(1, width) TILE(2, width) TILE(3, width) TILE(4, width)
#define TILES_5_TO_6(width) TILE(5, width) TILE(6, width)
#define TILES_7_TO_8(width) TILE(7, width) TILE(8, width)
#define TILES_9_TO_16(width) \
  TILE(9, width) TILE(10, width) TILE(11, width) TILE(12, width) \
  TILE(13, width) TILE(14, width) TILE(15, width) TILE(16, width)
#define NAMES_TO_4(width) N(tile_1x##width), N(tile_2x##width), N(tile_3x##width), N(tile_4x##width)
#define NAMES_5_TO_6(width) N(tile_5x##width), N(tile_6x##width)
#define NAMES_7_TO_8(width) N(tile_7x##width), N(tile_8x##width)
#define NAMES_9_TO_16(width)                                                                           \
  N(tile_9x##width), N(tile_10x##width), N(tile_11x##width), N(tile_12x##width), N(tile_13x##width),   \
      N(tile_14x##width), N(tile_15x##width), N(tile_16x##width)

#if GEMM_TALL != 8 && GEMM_TALL != 16
#error "tiles of one vector have 8 or 16 rows"
#endif
TILES_TO_4(1) TILES_5_TO_6(1) TILES_7_TO_8(1)
TILES_TO_4(2)
#if GEMM_TALL == 16
TILES_9_TO_16(1)
#endif
#if GEMM_ROWS >= 6
TILES_5_TO_6(2)
#endif
#if GEMM_ROWS >= 8
TILES_7_TO_8(2)
#endif
#if GEMM_WIDTH == 3
TILES_TO_4(3) TILES_5_TO_6(3) TILES_7_TO_8(3)
#endif

// By rows - 1, one table a width.
static const N(tile_function) N(tiles_1)[GEMM_TALL] = {
    NAMES_TO_4(1), NAMES_5_TO_6(1), NAMES_7_TO_8(1),
#if GEMM_TALL == 16
    NAMES_9_TO_16(1)
#endif
};
static const N(tile_function) N(tiles_2)[GEMM_ROWS] = {
    NAMES_TO_4(2),
#if GEMM_ROWS >= 6
    NAMES_5_TO_6(2),
#endif
#if GEMM_ROWS >= 8
    NAMES_7_TO_8(2)
#endif
};
#if GEMM_WIDTH == 3
static const N(tile_function) N(tiles_3)[GEMM_ROWS] = {NAMES_TO_4(3), NAMES_5_TO_6(3), NAMES_7_TO_8(3)};
#endif

#undef TILE
#undef TILES_TO_4
#undef TILES_5_TO_6
#undef TILES_7_TO_8
#undef TILES_9_TO_16
#undef NAMES_TO_4
#undef NAMES_5_TO_6
#undef NAMES_7_TO_8
#undef NAMES_9_TO_16
