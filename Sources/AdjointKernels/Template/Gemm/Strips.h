// Strips: windows read where they stand. A left operand that is made of windows is read in runs from the images,
// or from a strip: a copy of the places under some windows with the zeros around the images written out.

// Elements k of a product that stand one step apart, from an offset on.
typedef struct {
  long offset, count;
} N(run);

// The tile of Tile.h with k in runs: every element is the same chain of the same products. B is read without gaps.
INLINE void N(run_tile)(const N(run) *run, long runs, const T *a, long a_row, long a_k, const T *b, long b_k, T *c,
                        long c_row, bool add, long last, const int rows, const int width) {
  V sum[GEMM_TALL][GEMM_WIDTH];
#pragma clang loop unroll(full)
  for (int i = 0; i < rows; i++)
#pragma clang loop unroll(full)
    for (int j = 0; j < width; j++) sum[i][j] = SPLAT(0);

  const long one = a_row * (long)sizeof(T), step = a_k * (long)sizeof(T);
  long three = 3 * one;
  OPAQUE(three);
  for (const N(run) *end = run + runs; run < end; run++) {
    const char *group[(GEMM_TALL + 3) / 4];
#pragma clang loop unroll(full)
    for (int i = 0; i < (rows + 3) / 4; i++) group[i] = (const char *)(a + run->offset) + 4 * i * one;
    for (long p = run->count; p > 0; p--) {
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
  }
  N(store_tile)(sum, c, c_row, add, last, rows, width);
}

// Taller tiles of one vector gain nothing here, and take long to compile.
#define IS_RUN_TILE(rows, width) (width <= GEMM_WIDTH && rows <= GEMM_ROWS)
#define RUN_TILE(rows, width)                                                                                       \
  static void N(run_tile_##rows##x##width)(const N(run) *run, long runs, const T *a, long a_row, long a_k,          \
                                           const T *b, long b_k, T *c, long c_row, bool add, long last) {           \
    if (IS_RUN_TILE(rows, width)) N(run_tile)(run, runs, a, a_row, a_k, b, b_k, c, c_row, add, last, rows, width);     \
  }
TILES(RUN_TILE)

typedef void (*N(run_tile_function))(const N(run) *, long, const T *, long, long, const T *, long, T *, long, bool,
                                     long);
#define RUN_ENTRY(rows, width) [width - 1][rows - 1] = IS_RUN_TILE(rows, width) ? N(run_tile_##rows##x##width) : NULL,
static const N(run_tile_function) N(run_tiles)[3][16] = {TILES(RUN_ENTRY)};

// One panel of B against m rows of A that stand a_row apart.
static void N(run_panel)(const N(run) *run, long runs, long m, const T *a, long a_row, long a_k, const T *b, long b_k,
                           long width, T *c, long c_row, bool add, long last) {
  const long parts = N(parts)(m, GEMM_ROWS);
  for (long t = 0; t < parts; t++) {
    const long i = N(cut)(m, parts, t), rows = N(cut)(m, parts, t + 1) - i;
    N(run_tiles)[width - 1][rows - 1](run, runs, a + i * a_row, a_row, a_k, b, b_k, c + i * c_row, c_row, add, last);
  }
}

// Places of images, in a strip or where they stand.
typedef struct {
  const T *corner;  // the first element of the first window
  long row, place;  // elements from one row of places, and from one place, to the next
} N(strip);

INLINE long N(reach)(const ak_windows *w, int axis) { return (w->size[axis] - 1) * w->dilation[axis] + 1; }

// Places along an axis under so many windows.
INLINE long N(extent)(const ak_windows *w, int axis, long windows) {
  return (windows - 1) * w->stride[axis] + N(reach)(w, axis);
}

// Whether every window lies in the image.
INLINE bool N(is_inside)(const ak_windows *w) {
  return w->padding[0] == 0 && w->padding[1] == 0 && N(extent)(w, 0, w->grid[0]) <= w->height &&
         N(extent)(w, 1, w->grid[1]) <= w->width;
}

// `channels` channels from c on of the places under rows x columns windows from (i, j) on.
static N(strip) N(make_strip)(const ak_windows *w, bool inside, const T *x, long image, long i, long rows, long j,
                              long columns, long c, long channels, T *room) {
  const long top = i * w->stride[0] - w->padding[0], left = j * w->stride[1] - w->padding[1];
  const long row = w->width * w->channels;
  x += image * w->height * row + c;
  if (inside) return (N(strip)){x + top * row + left * w->channels, row, w->channels};
  const long height = N(extent)(w, 0, rows), width = N(extent)(w, 1, columns);
  const long first = left < 0 ? N(smaller)(-left, width) : 0;  // the columns that lie in the image
  const long behind = N(smaller)(w->width - left, width), end = behind > first ? behind : first;
  T *to = room;
  for (long r = top; r < top + height; r++, to += width * channels) {
    if (r < 0 || r >= w->height || end == first) {
      memset(to, 0, width * channels * sizeof(T));
      continue;
    }
    const T *from = x + r * row + (left + first) * w->channels;
    memset(to, 0, first * channels * sizeof(T));
    if (channels == w->channels)
      memcpy(to + first * channels, from, (end - first) * channels * sizeof(T));
    else
      for (long q = first; q < end; q++, from += w->channels) memcpy(to + q * channels, from, channels * sizeof(T));
    memset(to + end * channels, 0, (width - end) * channels * sizeof(T));
  }
  return (N(strip)){room, width * channels, channels};
}
