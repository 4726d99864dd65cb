// Depthwise: the products of a convolution with one kernel for each channel, w [places of a window, channels]. Channels are
// the lanes. Every product rounds by itself, as it does where the windows stand in memory; outside an image are zeros.

// The vector at a place of an image, or zeros outside.
INLINE V N(at_place)(const ak_windows *w, const T *image, long row, long column, long n) {
  if (row < 0 || row >= w->height || column < 0 || column >= w->width) return SPLAT(0);
  const T *p = image + (row * w->width + column) * w->channels;
  return n == LANES ? N(load)(p) : N(load_tail)(p, n);
}

INLINE V N(load_part)(const T *p, long n) { return n == LANES ? N(load)(p) : N(load_tail)(p, n); }
INLINE void N(store_part)(T *p, V v, long n) {
  if (n == LANES)
    N(store)(p, v);
  else
    N(store_tail)(p, v, n);
}

// The windows of a row from *first to *end lie in the image with all columns.
INLINE void N(whole_windows)(const ak_windows *w, long *first, long *end) {
  const long reach = (w->size[1] - 1) * w->dilation[1] + 1, rest = w->width + w->padding[1] - reach;
  *first = (w->padding[1] + w->stride[1] - 1) / w->stride[1];
  *end = rest < 0 ? 0 : N(smaller)(rest / w->stride[1] + 1, w->grid[1]);
  if (*first > *end) *first = *end;
}

#define DEPTHWISE_COLUMNS 8

// y[n, i, j, c] = sum over the places p of window(n, i, j)[p, c] w[p, c], in order, for the rows of windows from `first` to
// `end`.
void N(depthwise)(const ak_convolution *g) {
  const ak_windows *w = &g->windows;
  const long channels = w->channels, step = w->stride[1] * channels;
  long whole, behind;
  N(whole_windows)(w, &whole, &behind);
  for (long r = g->first; r < g->end; r++) {
    const T *image = (const T *)g->x + r / w->grid[0] * w->height * w->width * channels;
    const long top = r % w->grid[0] * w->stride[0] - w->padding[0];
    T *const y = (T *)g->y + r * w->grid[1] * channels;
    for (long c = 0; c < channels; c += LANES) {
      const long n = N(smaller)(channels - c, LANES);
      const T *const weights = (const T *)g->w + c;
      for (long j = 0; j < w->grid[1];) {
        const bool block = n == LANES && j >= whole && j + DEPTHWISE_COLUMNS <= behind;
        if (block) {
          V sum[DEPTHWISE_COLUMNS];
#pragma clang loop unroll(full)
          for (int b = 0; b < DEPTHWISE_COLUMNS; b++) sum[b] = SPLAT(0);
          for (long u = 0; u < w->size[0]; u++) {
            const long row = top + u * w->dilation[0];
            const bool inside = row >= 0 && row < w->height;
            const T *x = image + (row * w->width + j * w->stride[1] - w->padding[1]) * channels + c;
            for (long v = 0; v < w->size[1]; v++, x += w->dilation[1] * channels) {
              const V weight = N(load)(weights + (u * w->size[1] + v) * channels);
#pragma clang loop unroll(full)
              for (int b = 0; b < DEPTHWISE_COLUMNS; b++)
                sum[b] += (inside ? N(load)(x + b * step) : SPLAT(0)) * weight;
            }
          }
#pragma clang loop unroll(full)
          for (int b = 0; b < DEPTHWISE_COLUMNS; b++) N(store)(y + (j + b) * channels + c, sum[b]);
          j += DEPTHWISE_COLUMNS;
          continue;
        }
        V sum = SPLAT(0);
        for (long u = 0; u < w->size[0]; u++)
          for (long v = 0; v < w->size[1]; v++)
            sum += N(at_place)(w, image + c, top + u * w->dilation[0],
                               j * w->stride[1] - w->padding[1] + v * w->dilation[1], n) *
                   N(load_part)(weights + (u * w->size[1] + v) * channels, n);
        N(store_part)(y + j * channels + c, sum, n);
        j++;
      }
    }
  }
}

// y[n, r, q, c] = sum, in order, over the windows on the place of g[window, c] w[p, c], for the rows of the images from
// `first` to `end`.
void N(depthwise_images)(const ak_convolution *g) {
  const ak_windows *w = &g->windows;
  const long channels = w->channels;
  // With a stride of 1, every window stands on the columns from `whole` to `behind`.
  const long left = w->padding[1], whole = (w->size[1] - 1) * w->dilation[1] - left;
  const long behind = N(smaller)(w->grid[1] - left, w->width);
  for (long r = g->first; r < g->end; r++) {
    const T *windows = (const T *)g->g + r / w->height * w->grid[0] * w->grid[1] * channels;
    T *const y = (T *)g->y + r * w->width * channels;
    for (long c = 0; c < channels; c += LANES) {
      const long n = N(smaller)(channels - c, LANES);
      const T *const weights = (const T *)g->w + c;
      for (long q = 0; q < w->width;) {
        const bool block = w->stride[1] == 1 && n == LANES && q >= whole && q + DEPTHWISE_COLUMNS <= behind;
        V sum[DEPTHWISE_COLUMNS];
#pragma clang loop unroll(full)
        for (int b = 0; b < DEPTHWISE_COLUMNS; b++) sum[b] = SPLAT(0);
        for (long u = w->size[0] - 1; u >= 0; u--) {
          const long i = N(row_above)(w, r % w->height, u);
          if (i < 0) continue;
          const T *row = windows + i * w->grid[1] * channels + c;
          for (long v = w->size[1] - 1; v >= 0; v--) {
            const long across = q + left - v * w->dilation[1];
            const T *weight = weights + (u * w->size[1] + v) * channels;
            if (block) {
              const V each = N(load)(weight);
#pragma clang loop unroll(full)
              for (int b = 0; b < DEPTHWISE_COLUMNS; b++) sum[b] += N(load)(row + (across + b) * channels) * each;
            } else if (across >= 0 && across % w->stride[1] == 0 && across / w->stride[1] < w->grid[1]) {
              sum[0] += N(load_part)(row + across / w->stride[1] * channels, n) * N(load_part)(weight, n);
            }
          }
        }
        if (block)
#pragma clang loop unroll(full)
          for (int b = 0; b < DEPTHWISE_COLUMNS; b++) N(store)(y + (q + b) * channels + c, sum[b]);
        else
          N(store_part)(y + q * channels + c, sum[0], n);
        q += block ? DEPTHWISE_COLUMNS : 1;
      }
    }
  }
}

// A few places of the windows side by side: sum over all windows of g[window, c] window[p, c], in the order of reduce_rows.
INLINE void N(depthwise_places)(const ak_convolution *g, long p, long c, long n, const int places) {
  const ak_windows *w = &g->windows;
  const long channels = w->channels, rows = w->images * w->grid[0] * w->grid[1];
  V carry[CARRIES][3], outer[3], inner[3];
  long down[3], across[3], whole, behind;
  N(whole_windows)(w, &whole, &behind);
#pragma clang loop unroll(full)
  for (int a = 0; a < places; a++) {
    down[a] = (p + a) / w->size[1] * w->dilation[0] - w->padding[0];
    across[a] = (p + a) % w->size[1] * w->dilation[1] - w->padding[1];
    outer[a] = inner[a] = SPLAT(0);
  }
  const T *cotangent = (const T *)g->g + c;
  long i = 0, carried = 0;
  for (long r = 0; r < w->images * w->grid[0]; r++) {
    const T *image = (const T *)g->x + r / w->grid[0] * w->height * w->width * channels + c;
    const long top = r % w->grid[0] * w->stride[0];
    for (long j = 0; j < w->grid[1];) {
      // As far as the block of rows, the row of windows, and windows that lie in the image or reach outside.
      long end = N(smaller)(w->grid[1], j + ROW_BLOCK - i % ROW_BLOCK);
      const bool inside = j >= whole && j < behind;
      end = N(smaller)(end, inside ? behind : j < whole ? whole : end);
      i += end - j;
      for (; j < end; j++, cotangent += channels) {
        const V each = N(load_part)(cotangent, n);
#pragma clang loop unroll(full)
        for (int a = 0; a < places; a++) {
          const long row = top + down[a], column = j * w->stride[1] + across[a];
          V x = SPLAT(0);
          if (!inside)
            x = N(at_place)(w, image, row, column, n);
          else if (row >= 0 && row < w->height)
            x = N(load_part)(image + (row * w->width + column) * channels, n);
          inner[a] += each * x;
        }
      }
      if (i % ROW_BLOCK != 0 && i < rows) continue;
#pragma clang loop unroll(full)
      for (int a = 0; a < places; a++) {
        outer[a] += inner[a];
        inner[a] = SPLAT(0);
      }
      if (i % (ROW_BLOCK * ROW_BLOCK) != 0 || i >= rows) continue;
      int k = 0;
      for (; carried >> k & 1; k++) {
#pragma clang loop unroll(full)
        for (int a = 0; a < places; a++) outer[a] = carry[k][a] + outer[a];
      }
#pragma clang loop unroll(full)
      for (int a = 0; a < places; a++) {
        carry[k][a] = outer[a];
        outer[a] = SPLAT(0);
      }
      carried++;
    }
  }
  for (int k = 0; carried >> k; k++) {
    if (!(carried >> k & 1)) continue;
#pragma clang loop unroll(full)
    for (int a = 0; a < places; a++) outer[a] = carry[k][a] + outer[a];
  }
#pragma clang loop unroll(full)
  for (int a = 0; a < places; a++) N(store_part)((T *)g->y + (p + a) * channels + c, outer[a], n);
}

// y[p, c] = sum over all windows of g[window, c] window[p, c], for the places p from `first` to `end`.
void N(depthwise_weights)(const ak_convolution *g) {
  const long channels = g->windows.channels;
  for (long c = 0; c < channels; c += LANES) {
    const long n = N(smaller)(channels - c, LANES);
    long p = g->first;
    if (n == LANES)
      for (; p + 3 <= g->end; p += 3) N(depthwise_places)(g, p, c, LANES, 3);
    else
      for (; p + 3 <= g->end; p += 3) N(depthwise_places)(g, p, c, n, 3);
    for (; p < g->end; p++) N(depthwise_places)(g, p, c, n, 1);
  }
}
