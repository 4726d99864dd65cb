// Squares: depthwise products whose windows are 3 x 3 places that move on by one column.
//
// Their rows are read where they stand, by some windows side by side, so that an element under several of them is read once.
// Zeros take the place of rows outside, and of the one column that may lie outside on either side.

#define SQUARE_WINDOWS 4

// Windows side by side: where their rows begin, which may be a row of zeros; `left` and `right`: whether the first column, and
// the last one, are zeros.
typedef struct {
  const T *x[3], *zeros;
  long columns, channels;
  bool left, right;
} N(three_rows);

// Such rows of so many windows, the first of which begins in column `first` of an image of `extent` columns.
INLINE bool N(are_squares)(const ak_windows *w, long first, long columns, long extent) {
  return w->size[0] == 3 && w->size[1] == 3 && w->stride[1] == 1 && w->dilation[1] == 1 && first >= -1 &&
         columns + first < extent && columns >= SQUARE_WINDOWS && w->channels >= LANES &&
         extent * w->channels <= WHOLE_ROOM;
}

static N(three_rows) N(make_squares)(const ak_windows *w, long first, long columns, long extent) {
  T *const zeros = (T *)ak_workspace()->right;
  memset(zeros, 0, extent * w->channels * sizeof(T));
  return (N(three_rows)){.zeros = zeros, .columns = columns, .channels = w->channels, .left = first < 0,
                      .right = columns + first + 2 > extent};
}

// Column q of the row that stands at `row` under some windows from column j on.
INLINE V N(square_column)(const N(three_rows) *s, const T *row, long j, int q, const int windows) {
  const T *from = row + q * s->channels;
  if (q == 0) from = s->left && j == 0 ? s->zeros : from;
  if (q == windows + 1) from = s->right && j + windows == s->columns ? s->zeros : from;
  return N(load)(from);
}

// Calls `body` for each element x of the rows under some windows from column j on, and each window n over it, whose place (u, v)
// it is: window by window in the order of the places.
#define EACH_SQUARE(s, j, c, windows, ...)                                                  \
  do {                                                                                      \
    _Pragma("clang loop unroll(full)") for (int u = 0; u < 3; u++) {                        \
      const T *row = s->x[u] + j * s->channels + c;                                         \
      OPAQUE(row); /* or the compiler holds a pointer for each column of each row */        \
      _Pragma("clang loop unroll(full)") for (int q = 0; q < windows + 2; q++) {            \
        const V x = N(square_column)(s, row, j, q, windows);                                \
        _Pragma("clang loop unroll(full)") for (int v = 2, n = q - 2; v >= 0; v--, n++)     \
          if (n >= 0 && n < windows) __VA_ARGS__;                                           \
      }                                                                                     \
    }                                                                                       \
  } while (0)

// y = sum of x w, in order, for some windows.
INLINE void N(square_sums)(const N(three_rows) *s, long j, long c, const V *weight, T *y, const int windows) {
  V sum[SQUARE_WINDOWS];
  EACH_SQUARE(s, j, c, windows, sum[n] = (u + v == 0 ? SPLAT(0) : sum[n]) + x * weight[3 * u + v]);
#pragma clang loop unroll(full)
  for (int q = 0; q < windows; q++) N(store)(y + (j + q) * s->channels + c, sum[q]);
}

// The same for a row, weights w a step apart. The row `next` is asked for. The last windows may be computed twice.
static void N(square_row)(const N(three_rows) *s, const T *w, long step, T *y, const T *next) {
  for (long d = 0; d < s->channels; d += LANES) {
    const long c = N(smaller)(d, s->channels - LANES);
    V weight[9];
    for (int p = 0; p < 9; p++) weight[p] = N(load)(w + p * step + c);
    for (long j = 0; j < s->columns; j += SQUARE_WINDOWS) {
      const long at = N(smaller)(j, s->columns - SQUARE_WINDOWS);
      for (int q = 0; q < SQUARE_WINDOWS; q++) __builtin_prefetch(next + (at + q) * s->channels + c);
      N(square_sums)(s, at, c, weight, y, SQUARE_WINDOWS);
    }
  }
}

// The three rows of a row of windows.
INLINE void N(point_rows)(const ak_windows *w, const T *image, long i, const T *zeros, const T **x) {
  for (int u = 0; u < 3; u++) {
    const long row = i * w->stride[0] - w->padding[0] + u * w->dilation[0];
    x[u] = (row < 0 || row >= w->height ? zeros : image + row * w->width * w->channels) - w->padding[1] * w->channels;
  }
}

static void N(square_windows)(const ak_convolution *g) {
  const ak_windows *w = &g->windows;
  const long row = w->width * w->channels;
  N(three_rows) s = N(make_squares)(w, -w->padding[1], w->grid[1], w->width);
  for (long r = g->first; r < g->end; r++) {
    const T *const image = (const T *)g->x + r / w->grid[0] * w->height * row;
    const long top = r % w->grid[0] * w->stride[0] - w->padding[0];
    N(point_rows)(w, image, r % w->grid[0], s.zeros, s.x);
    N(square_row)(&s, (const T *)g->w, w->channels, (T *)g->y + r * w->grid[1] * w->channels,
                  image + (top + 2 * w->dilation[0] + 1) * row);
  }
}

// Zeros in place of windows outside change no sum where every weight is finite.
static void N(square_images)(const ak_convolution *g) {
  const ak_windows *w = &g->windows;
  const long row = w->grid[1] * w->channels, first = w->padding[1] - 2;
  N(three_rows) s = N(make_squares)(w, first, w->width, w->grid[1]);
  for (long r = g->first; r < g->end; r++) {
    const T *const windows = (const T *)g->g + r / w->height * w->grid[0] * row;
    for (int u = 0; u < 3; u++) {
      const long i = N(row_above)(w, r % w->height, 2 - u);
      s.x[u] = (i < 0 ? s.zeros : windows + i * row) + first * w->channels;
    }
    N(square_row)(&s, (const T *)g->w + 8 * w->channels, -w->channels, (T *)g->y + r * w->width * w->channels,
                  windows + ((r % w->height + w->padding[0]) / w->stride[0] + 1) * row);
  }
}

INLINE void N(square_terms)(const N(three_rows) *s, long j, long c, const T *g, V *sum, const int windows) {
  V each[SQUARE_WINDOWS];
#pragma clang loop unroll(full)
  for (int q = 0; q < windows; q++) each[q] = N(load)(g + (j + q) * s->channels + c);
  EACH_SQUARE(s, j, c, windows, sum[3 * u + v] += each[n] * x);
}

// Adds the sums over the block of windows from number i on, of some channels from c on, to `blocks`. Returns their number.
static long N(square_block)(const ak_convolution *g, const N(three_rows) *squares, long i, long c, long channels,
                            T *blocks, long line) {
  const ak_windows *w = &g->windows;
  const long count = N(smaller)(ROW_BLOCK, w->images * w->grid[0] * w->grid[1] - i);
  N(three_rows) s = *squares;
  const long row = w->width * w->channels;
  // The rows on which they stand, and the windows there.
  struct { const T *x[3], *g; long j, end; } part[ROW_BLOCK / SQUARE_WINDOWS + 1];
  long parts = 0;
  for (long r = i / w->grid[1], j = i % w->grid[1], left = count; left > 0; r++, parts++, j = 0) {
    const T *const image = (const T *)g->x + r / w->grid[0] * w->height * row + c;
    N(point_rows)(w, image, r % w->grid[0], s.zeros, part[parts].x);
    part[parts].g = (const T *)g->g + r * w->grid[1] * w->channels + c;
    part[parts].j = j;
    part[parts].end = N(smaller)(w->grid[1], j + left);
    left -= part[parts].end - j;
  }
  for (long d = 0; d < line; d += LANES) {
    const long at = N(smaller)(d, channels - LANES);
    V sum[9];
    for (int p = 0; p < 9; p++) sum[p] = SPLAT(0);
    for (long n = 0; n < parts; n++) {
      long j = part[n].j;
      memcpy(s.x, part[n].x, sizeof s.x);
      for (; j + SQUARE_WINDOWS <= part[n].end; j += SQUARE_WINDOWS) {
        for (int q = 0; q < SQUARE_WINDOWS; q++) {
          __builtin_prefetch(s.x[2] + (j + q) * s.channels + row + at);
          __builtin_prefetch(part[n].g + (j + q + s.columns) * s.channels + at);
        }
        N(square_terms)(&s, j, at, part[n].g, sum, SQUARE_WINDOWS);
      }
      for (; j < part[n].end; j++) N(square_terms)(&s, j, at, part[n].g, sum, 1);
    }
    for (int p = 0; p < 9; p++) N(store)(blocks + p * line + d, N(load)(blocks + p * line + d) + sum[p]);
  }
  return count;
}
