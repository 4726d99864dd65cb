// Depthwise: the products of a convolution with one kernel for each channel, w [places of a window, channels]. Channels are
// the lanes. Every product rounds by itself, as it does where the windows stand in memory; outside an image are zeros.
//
// The rows that windows stand on are copied with the zeros beside them, each once, into the thread's room. Channels that do
// not fill a vector share the last one with those before them, which are computed twice.

#define DEPTHWISE_ROOM (32 * 1024)  // bytes of rows that stay in the first cache
#define DEPTHWISE_TAPS 9            // places of a window side by side

// The last rows of an image, in turn, and a row of zeros behind them: of some channels, `group` from c on.
typedef struct {
  ak_padded shape;
  const T *image;
  T *room;
  long extent, channels, c, group, next;  // columns of the image; the row to be copied next
} N(rows);

static N(rows) N(make_rows)(const ak_windows *w, bool back) {
  return (N(rows)){.shape = ak_padded_of(w, back), .room = (T *)ak_workspace()->right, .channels = w->channels,
                   .extent = back ? w->grid[1] : w->width};
}

// The channels from `first` on, before `end`, for which rows have room. Returns where the next ones begin.
static long N(begin_rows)(N(rows) *rows, long first, long end, long most) {
  const long columns = (rows->shape.rows + 1) * rows->shape.columns;
  const long vectors = N(smaller)(most, DEPTHWISE_ROOM / (long)sizeof(V) / columns);
  rows->group = N(smaller)(vectors > 1 ? vectors * LANES : LANES, end - first);
  rows->c = first;
  memset(rows->room + rows->shape.rows * rows->shape.columns * rows->group, 0,
         rows->shape.columns * rows->group * sizeof(T));
  return first + rows->group;
}

// Column 0 of a row, no lower than any asked for before of this image; of zeros for -1.
static const T *N(row_of)(N(rows) *rows, long row) {
  const long before = rows->shape.before * rows->group, line = rows->shape.columns * rows->group;
  for (; rows->next <= row; rows->next++) {
    const T *from = rows->image + rows->next * rows->extent * rows->channels + rows->c;
    T *to = rows->room + rows->next % rows->shape.rows * line;
    memset(to, 0, before * sizeof(T));
    to += before;
    if (rows->group == rows->channels)
      memcpy(to, from, rows->extent * rows->group * sizeof(T));
    else
      for (long j = 0; j < rows->extent; j++)
        memcpy(to + j * rows->group, from + j * rows->channels, rows->group * sizeof(T));
    to += rows->extent * rows->group;
    memset(to, 0, (line - before - rows->extent * rows->group) * sizeof(T));
  }
  return rows->room + (row < 0 ? rows->shape.rows : row % rows->shape.rows) * line + before;
}

// What a sum adds up: x w, of columns a step apart.
typedef struct {
  const T *x, *w;
  long column;
} N(tap);

// Some taps of a row of sums, in one vector of channels: to those that stand there if `add`.
INLINE void N(tap_columns)(const N(tap) *tap, long columns, long c, long n, long step, bool add, T *y, long y_step,
                           const int taps) {
  static const T zeros[LANES];
  V weight[DEPTHWISE_TAPS];
  const T *x[DEPTHWISE_TAPS], *from = add ? y : zeros;
#pragma clang loop unroll(full)
  for (int t = 0; t < taps; t++) {
    weight[t] = N(load_part)(tap[t].w + c, n);
    x[t] = tap[t].x + c;
  }
  for (long j = 0; j < columns; j++) {
    V sum = N(load_part)(from, n);
#pragma clang loop unroll(full)
    for (int t = 0; t < taps; t++) sum += N(load_part)(x[t] + j * step, n) * weight[t];
    N(store_part)(y + j * y_step, sum, n);
    from += add ? y_step : 0;
  }
}

static void N(tap_row)(const N(tap) *tap, long taps, long columns, long channels, long step, T *y, long y_step) {
  const long n = N(smaller)(channels, LANES);
  for (long j = 0; taps == 0 && j < columns; j++) memset(y + j * y_step, 0, channels * sizeof(T));
  for (long d = 0; d < channels; d += LANES) {
    const long c = N(smaller)(d, channels - n);
    for (long t = 0, count; t < taps; t += count) {
      const long left = n < LANES ? 1 : taps - t;
      count = left >= DEPTHWISE_TAPS ? DEPTHWISE_TAPS : left >= 3 ? 3 : 1;
      if (count == DEPTHWISE_TAPS)
        N(tap_columns)(tap + t, columns, c, LANES, step, t > 0, y + c, y_step, DEPTHWISE_TAPS);
      else if (count == 3)
        N(tap_columns)(tap + t, columns, c, LANES, step, t > 0, y + c, y_step, 3);
      else
        N(tap_columns)(tap + t, columns, c, n, step, t > 0, y + c, y_step, 1);
    }
  }
}

// y[n, i, j, c] = sum over the places p of window(n, i, j)[p, c] w[p, c], in order, for the rows of windows from `first` to
// `end`.
void N(depthwise)(const ak_convolution *g) {
  const ak_windows *w = &g->windows;
  if (N(are_squares)(w, -w->padding[1], w->grid[1], w->width)) return N(square_windows)(g);
  N(rows) rows = N(make_rows)(w, false);
  N(tap) tap[AK_DEPTHWISE_PLACES];
  for (long c = 0; c < w->channels;) {
    c = N(begin_rows)(&rows, c, w->channels, w->channels);
    for (long r = g->first; r < g->end; r++) {
      const long top = r % w->grid[0] * w->stride[0] - w->padding[0];
      if (r == g->first || r % w->grid[0] == 0) {
        rows.image = (const T *)g->x + r / w->grid[0] * w->height * w->width * w->channels;
        rows.next = top > 0 ? top : 0;
      }
      long taps = 0;
      for (long u = 0; u < w->size[0]; u++) {
        const long row = top + u * w->dilation[0];
        const T *x = N(row_of)(&rows, row < w->height ? row : -1) - w->padding[1] * rows.group;
        for (long v = 0; v < w->size[1]; v++, taps++)
          tap[taps] = (N(tap)){x + v * w->dilation[1] * rows.group, (const T *)g->w + taps * w->channels + rows.c, 0};
      }
      N(tap_row)(tap, taps, w->grid[1], rows.group, w->stride[1] * rows.group,
                 (T *)g->y + r * w->grid[1] * w->channels + rows.c, w->channels);
    }
  }
}

// y[n, r, q, c] = sum, in order, over the windows on the place of g[window, c] w[p, c], for the rows of the images from
// `first` to `end`. Zeros in place of windows outside change no sum, unless a weight is not finite.
void N(depthwise_images)(const ak_convolution *g) {
  const ak_windows *w = &g->windows;
  const long stride = w->stride[1];
  const bool finite = N(all_finite)(g->w, w->size[0] * w->size[1] * w->channels);
  if (finite && N(are_squares)(w, w->padding[1] - 2, w->width, w->grid[1])) return N(square_images)(g);
  N(rows) rows = N(make_rows)(w, true);
  N(tap) tap[AK_DEPTHWISE_PLACES], own[AK_DEPTHWISE_PLACES];
  for (long c = 0; c < w->channels;) {
    c = N(begin_rows)(&rows, c, w->channels, w->channels);
    for (long r = g->first; r < g->end; r++) {
      if (r == g->first || r % w->height == 0) {
        const long top = (r % w->height + w->padding[0] - (w->size[0] - 1) * w->dilation[0]) / w->stride[0];
        rows.image = (const T *)g->g + r / w->height * w->grid[0] * w->grid[1] * w->channels;
        rows.next = top > 0 ? top : 0;
      }
      // Columns that lie a stride apart are under the same places of windows.
      for (long phase = 0; phase < N(smaller)(stride, w->width); phase++) {
        long taps = 0;
        for (long u = w->size[0] - 1; u >= 0; u--) {
          const long i = N(row_above)(w, r % w->height, u);
          if (i < 0) continue;
          const T *x = N(row_of)(&rows, i);
          for (long v = w->size[1] - 1; v >= 0; v--) {
            const long across = phase + w->padding[1] - v * w->dilation[1];
            if (stride > 1 && across % stride != 0) continue;
            const long column = stride > 1 ? across / stride : across;
            tap[taps++] = (N(tap)){x + column * rows.group,
                                   (const T *)g->w + (u * w->size[1] + v) * w->channels + rows.c, column};
          }
        }
        T *const y = (T *)g->y + (r * w->width + phase) * w->channels + rows.c;
        const long columns = (w->width - 1 - phase) / stride + 1;
        if (finite) N(tap_row)(tap, taps, columns, rows.group, rows.group, y, stride * w->channels);
        for (long j = 0; !finite && j < columns; j++) {
          long owns = 0;
          for (long t = 0; t < taps; t++)
            if (tap[t].column + j >= 0 && tap[t].column + j < w->grid[1])
              own[owns++] = (N(tap)){tap[t].x + j * rows.group, tap[t].w, 0};
          N(tap_row)(own, owns, 1, rows.group, 0, y + j * stride * w->channels, 0);
        }
      }
    }
  }
}

// Some places of the window over some windows of a row: adds to `sums`, and where a block of windows ends to `blocks`.
INLINE void N(weights_block)(const T *const *x, long step, const T *g, long channels, long windows, long p, long last,
                             long c, long n, T *sums, T *blocks, long line, bool ends, const int places) {
  V sum[DEPTHWISE_TAPS];
  const T *from[DEPTHWISE_TAPS];
#pragma clang loop unroll(full)
  for (int a = 0; a < places; a++) {
    from[a] = x[N(smaller)(p + a, last)] + c;
    sum[a] = N(load)(sums + N(smaller)(p + a, last) * line);
  }
  g += c;
  for (long j = 0; j < windows; j++, g += channels) {
    const V each = N(load_part)(g, n);
#pragma clang loop unroll(full)
    for (int a = 0; a < places; a++) sum[a] += each * N(load_part)(from[a] + j * step, n);
  }
#pragma clang loop unroll(full)
  for (int a = 0; a < places; a++) {
    // The last place may stand here several times, each time with the same sum.
    const long place = N(smaller)(p + a, last);
    if (ends && p + a <= last) N(store)(blocks + place * line, N(load)(blocks + place * line) + sum[a]);
    N(store)(sums + place * line, ends ? SPLAT(0) : sum[a]);
  }
}

// Adds the windows from number i on that stand on one row and end no later than a block of them. Returns their number.
static long N(add_windows)(const ak_convolution *g, N(rows) *rows, long i, T *sums, T *blocks, long line) {
  const ak_windows *w = &g->windows;
  const long channels = w->channels, places = w->size[0] * w->size[1], n = N(smaller)(rows->group, LANES);
  const long r = i / w->grid[1], j = i - r * w->grid[1], top = r % w->grid[0] * w->stride[0] - w->padding[0];
  if (j == 0 && r % w->grid[0] == 0) {
    rows->image = (const T *)g->x + r / w->grid[0] * w->height * w->width * channels;
    rows->next = 0;
  }
  const T *x[AK_DEPTHWISE_PLACES];
  for (long u = 0, p = 0; u < w->size[0]; u++) {
    const long row = top + u * w->dilation[0];
    const T *from = N(row_of)(rows, row < w->height ? row : -1) + (j * w->stride[1] - w->padding[1]) * rows->group;
    for (long v = 0; v < w->size[1]; v++) x[p++] = from + v * w->dilation[1] * rows->group;
  }
  const long count = N(smaller)(w->grid[1] - j, ROW_BLOCK - i % ROW_BLOCK), step = w->stride[1] * rows->group;
  const T *from = (const T *)g->g + i * channels + rows->c;
  const bool ends = (i + count) % ROW_BLOCK == 0 || i + count == w->images * w->grid[0] * w->grid[1];
  for (long d = 0; d < line; d += LANES)
    for (long p = 0; p < places; p += n < LANES ? 1 : DEPTHWISE_TAPS)
      if (n < LANES)
        N(weights_block)(x, step, from, channels, count, p, places - 1, 0, n, sums, blocks, line, ends, 1);
      else
        N(weights_block)(x, step, from, channels, count, p, places - 1, N(smaller)(d, rows->group - n), LANES, sums + d,
                         blocks + d, line, ends, DEPTHWISE_TAPS);
  return count;
}

// y[p, c] = sum over all windows of g[window, c] window[p, c], in the order of reduce_rows, for the channels c from `first`
// to `end`.
void N(depthwise_weights)(const ak_convolution *g) {
  const ak_windows *w = &g->windows;
  const long channels = w->channels, windows = w->images * w->grid[0] * w->grid[1], places = w->size[0] * w->size[1];
  const bool are_squares = N(are_squares)(w, -w->padding[1], w->grid[1], w->width);
  N(three_rows) squares = {0};
  if (are_squares) squares = N(make_squares)(w, -w->padding[1], w->grid[1], w->width);
  N(rows) rows = N(make_rows)(w, false);
  // Sums of windows, of blocks and of blocks of blocks (`carry`).
  long carries = 0;
  while (windows >> carries >= ROW_BLOCK * ROW_BLOCK) carries++;
  const long most = AK_LEFT_BYTES / (long)sizeof(V) / (places * (carries + 2));
  for (long next = g->first; next < g->end;) {
    const bool inside = are_squares && g->end - next >= LANES;
    if (inside) {
      rows.c = next;
      rows.group = N(smaller)(most * LANES, g->end - next);
      next += rows.group;
    } else {
      next = N(begin_rows)(&rows, next, g->end, most);
    }
    const long n = N(smaller)(rows.group, LANES), line = N(parts)(rows.group, LANES) * LANES, size = places * line;
    T *const sums = (T *)ak_workspace()->left, *const blocks = sums + size, *const carry = blocks + size;
    memset(sums, 0, 2 * size * sizeof(T));
    long carried = 0;
    for (long i = 0; i < windows;) {
      i += inside ? N(square_block)(g, &squares, i, rows.c, rows.group, blocks, line)
                  : N(add_windows)(g, &rows, i, sums, blocks, line);
      if (i % (ROW_BLOCK * ROW_BLOCK) != 0 || i == windows) continue;
      T *to = carry;
      for (long digits = carried++; digits & 1; digits >>= 1, to += size) N(zip)(AK_ADD, to, 1, blocks, 1, blocks, size);
      memcpy(to, blocks, size * sizeof(T));
      memset(blocks, 0, size * sizeof(T));
    }
    for (T *to = carry; carried; carried >>= 1, to += size)
      if (carried & 1) N(zip)(AK_ADD, to, 1, blocks, 1, blocks, size);
    for (long p = 0; p < places; p++)
      for (long d = 0; d < line; d += LANES)
        N(store_part)((T *)g->y + p * channels + rows.c + N(smaller)(d, rows.group - n), N(load)(blocks + p * line + d), n);
  }
}
