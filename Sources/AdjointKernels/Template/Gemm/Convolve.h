// Convolve: the three products of a convolution, none of which has its windows in memory.
//
// Each has the bits of unfold, matrix product and fold one after the other: the same chains in the same blocks, added up
// in the same order. The zeros around an image take part as they do there.

// The runs of a block of k, of windows in a strip. Returns their number.
static long N(window_runs)(const ak_windows *w, const N(strip) *strip, long p, long count, N(run) *run) {
  const bool dense = w->dilation[1] == 1;
  const long length = (dense ? w->size[1] : 1) * w->channels, across = dense ? 1 : w->size[1];
  long runs = 0;
  for (const long end = p + count; p < end; runs++) {
    const long number = p / length, within = p % length, u = number / across, v = number % across;
    const long rest = N(smaller)(length - within, end - p);
    run[runs] = (N(run)){u * w->dilation[0] * strip->row + v * w->dilation[1] * strip->place + within, rest};
    p += rest;
  }
  return runs;
}

// y[n, i, j, o] = f(bias[o] + sum over p of window(n, i, j)[p] w[o, p]), for the rows of windows from `first` to `end`.
void N(convolve)(const ak_convolution *g) {
  const ak_windows *w = &g->windows;
  const long k = w->size[0] * w->size[1] * w->channels, depths = N(parts)(k, GEMM_DEPTH);
  const long vectors = N(parts)(g->kernels, LANES);
  const long panels = N(parts)(vectors, N(smaller)(WHOLE_ROOM / (k * LANES), GEMM_WIDTH));
  const bool inside = N(is_inside)(w);
  // Strips as wide as the images where a row of windows has room, and then as high as have.
  const long height = N(reach)(w, 0), room = LEFT_REACH / w->channels;
  long most_columns = w->grid[1], most_rows = w->grid[0];
  if (!inside) {
    if (height * N(extent)(w, 1, most_columns) > room)
      most_columns = (room / height - N(reach)(w, 1)) / w->stride[1] + 1;
    most_rows = (room / N(extent)(w, 1, most_columns) - height) / w->stride[0] + 1;
  }
  const long column_parts = N(parts)(w->grid[1], most_columns);
  const T *const bias = g->bias;
  N(run) run[GEMM_DEPTH];
  // A strip is copied once for all panels that have room at once.
  const long passes = k * vectors * LANES <= WHOLE_ROOM ? 1 : panels;
  for (long pass = 0; pass < passes; pass++) {
    const long begin = N(cut)(panels, passes, pass), behind = N(cut)(panels, passes, pass + 1);
    T *const packed = (T *)ak_workspace()->right;
    const long before = N(cut)(vectors, panels, begin) * LANES;
    for (long t = begin; t < behind; t++) {
      const long v = N(cut)(vectors, panels, t), width = N(cut)(vectors, panels, t + 1) - v, o = v * LANES;
      for (long d = 0; d < depths; d++) {
        const long p = N(cut)(k, depths, d), depth = N(cut)(k, depths, d + 1) - p;
        N(pack_panel)((const T *)g->w + o * k + p, k, true, depth, N(smaller)(width * LANES, g->kernels - o), (int)width,
                      packed + (o - before) * k + p * width * LANES);
      }
    }
    for (long r = g->first, rows; r < g->end; r += rows) {
      const long image = r / w->grid[0], i = r % w->grid[0];
      rows = N(smaller)(N(smaller)(w->grid[0] - i, g->end - r), most_rows);
      for (long s = 0; s < column_parts; s++) {
        const long j = N(cut)(w->grid[1], column_parts, s), columns = N(cut)(w->grid[1], column_parts, s + 1) - j;
        const N(strip) strip = N(make_strip)(w, inside, g->x, image, i, rows, j, columns, 0, w->channels,
                                             (T *)ak_workspace()->left);
        const long y_row = w->grid[1] * g->kernels;
        for (long t = begin; t < behind; t++) {
          const long v = N(cut)(vectors, panels, t), width = N(cut)(vectors, panels, t + 1) - v, o = v * LANES;
          const long valid = N(smaller)(width * LANES, g->kernels - o);
          T *const y = (T *)g->y + (r * w->grid[1] + j) * g->kernels + o;
          for (long d = 0; d < depths; d++) {
            const long p = N(cut)(k, depths, d), depth = N(cut)(k, depths, d + 1) - p;
            const long runs = N(window_runs)(w, &strip, p, depth, run);
            for (long n = 0; n < rows; n++)
              N(run_panel)(run, runs, columns, strip.corner + n * w->stride[0] * strip.row, w->stride[1] * strip.place, 1,
                           packed + (o - before) * k + p * width * LANES, width * LANES, width, y + n * y_row, g->kernels,
                           d > 0, valid - (width - 1) * LANES);
          }
          if (bias || g->f != AK_COPY)
            for (long n = 0; n < rows; n++)
              N(map_rows)(g->f, (T)g->p, (T)g->q, y + n * y_row, g->kernels, bias ? bias + o : NULL, y + n * y_row,
                          g->kernels, columns, valid);
        }
      }
    }
  }
}

// y[o, p] = sum over the windows of some chains of g[window, o] window[p], for the p from `start` to `stop`. It is computed
// as its transpose, whose rows are runs of p.
__attribute__((noinline)) static void N(add_chains)(const ak_convolution *g, long first_chain, long end_chain, long start,
                                                    long stop, T *y) {
  const ak_windows *w = &g->windows;
  const long positions = w->images * w->grid[0] * w->grid[1], depths = N(parts)(positions, GEMM_DEPTH);
  const long k = w->size[0] * w->size[1] * w->channels, kernels = g->kernels;
  const bool inside = N(is_inside)(w);
  T *const sums = (T *)ak_workspace()->right, *const edge = (T *)ak_workspace()->sum;
  T *const room = (T *)ak_workspace()->left;
  const long most_units = N(smaller)(N(parts)(kernels, LANES) * LANES, 512);
  const long most = WHOLE_ROOM / most_units;
  N(run) run[GEMM_DEPTH];
  for (long o = 0; o < kernels; o += most_units)
    for (long first = start; first < stop; first += most) {
      const long end = N(smaller)(first + most, stop), units = N(smaller)(most_units, kernels - o);
      const long vectors = N(parts)(units, LANES), panels = N(parts)(vectors, GEMM_WIDTH);
      for (long d = first_chain; d < end_chain; d++) {
        const long p = N(cut)(positions, depths, d), depth = N(cut)(positions, depths, d + 1) - p;
        const T *b = (const T *)g->g + p * kernels + o;
        const long last = N(cut)(vectors, panels, panels - 1);  // the panel that the kernels may not fill
        if (units % LANES != 0)
          N(pack_panel)(b + last * LANES, kernels, false, depth, units - last * LANES, (int)(vectors - last), edge);
        // The windows of the block stand in rows of these columns.
        const long from = p % w->grid[1], row = p / w->grid[1], to = from + depth;
        const long j = to > w->grid[1] ? 0 : from, columns = (to > w->grid[1] ? w->grid[1] : to) - j;
        const long last_row = (p + depth - 1) / w->grid[1];
        long places = 0;
        for (long r = row, rows; r <= last_row; r += rows) {
          rows = N(smaller)(w->grid[0] - r % w->grid[0], last_row - r + 1);
          places += N(extent)(w, 0, rows) * N(extent)(w, 1, columns);
        }
        long group = inside ? w->channels : N(smaller)(LEFT_REACH / places, w->channels);
        if (group < w->channels && group > LANES) group -= group % LANES;
        for (long c = 0; c < w->channels; c += group) {
          const long channels = N(smaller)(group, w->channels - c);
          N(strip) strip = {0};
          T *next = room;
          const T *base = NULL;
          long runs = 0, left = depth, column = from;
          for (long r = row, rows; r <= last_row; r += rows) {
            rows = N(smaller)(w->grid[0] - r % w->grid[0], last_row - r + 1);
            strip = N(make_strip)(w, inside, g->x, r / w->grid[0], r % w->grid[0], rows, j, columns, c, channels, next);
            if (!base) base = strip.corner;
            for (long n = 0; n < rows; n++, runs++) {
              const long count = N(smaller)(w->grid[1] - column, left);
              run[runs] = (N(run)){strip.corner - base + n * w->stride[0] * strip.row +
                                     (column - j) * w->stride[1] * strip.place, count};
              left -= count;
              column = 0;
            }
            next += N(extent)(w, 0, rows) * strip.row;
          }
          // Elements of a window that stand side by side in the strip are rows of one product.
          const bool dense = w->dilation[1] == 1 && channels == w->channels;
          const long across = dense ? 1 : w->size[1], length = dense ? w->size[1] * channels : channels;
          for (long u = 0; u < w->size[0]; u++)
            for (long v = 0; v < across; v++) {
              const long place = (u * w->size[1] + v) * w->channels + c;
              const long e = place > first ? place : first, m = N(smaller)(place + length, end) - e;
              if (m <= 0) continue;
              const T *a = base + u * w->dilation[0] * strip.row + v * w->dilation[1] * strip.place + (e - place);
              for (long t = 0; t < panels; t++) {
                const long n = N(cut)(vectors, panels, t), width = N(cut)(vectors, panels, t + 1) - n;
                const bool packed = t == panels - 1 && units % LANES != 0;
                N(run_panel)(run, runs, m, a, 1, w->stride[1] * strip.place, packed ? edge : b + n * LANES,
                               packed ? width * LANES : kernels, width, sums + ((e - first) * vectors + n) * LANES,
                               vectors * LANES, d > first_chain, LANES);
              }
            }
        }
      }
      N(store_turned)(sums, vectors * LANES, end - first, units, y + o * k + first, k, false);
    }
}

// The sum over all windows, for the elements of a window from `first` to `end`.
void N(convolve_weights)(const ak_convolution *g) {
  const long positions = g->windows.images * g->windows.grid[0] * g->windows.grid[1];
  N(add_chains)(g, 0, N(parts)(positions, GEMM_DEPTH), g->first, g->end, g->y);
}

// The sum over the windows of each chain from `first` to `end`, by itself.
void N(convolve_chains)(const ak_convolution *g) {
  const long k = g->windows.size[0] * g->windows.size[1] * g->windows.channels;
  for (long d = g->first; d < g->end; d++) N(add_chains)(g, d, d + 1, 0, k, (T *)g->y + d * g->kernels * k);
}

// Row u of a window, where it has an element on a row of an image: the row of the grid; -1 for none.
INLINE long N(row_above)(const ak_windows *w, long row, long u) {
  const long down = row + w->padding[0] - u * w->dilation[0], i = down / w->stride[0];
  return down < 0 || down % w->stride[0] != 0 || i >= w->grid[0] ? -1 : i;
}

// The windows of a row whose element v lies in the image, from *first to *end. Returns the column of window 0's.
INLINE long N(windows_inside)(const ak_windows *w, long v, long *first, long *end) {
  const long column = v * w->dilation[1] - w->padding[1], rest = w->width - 1 - column;
  *first = column < 0 ? (w->stride[1] - 1 - column) / w->stride[1] : 0;
  *end = rest < 0 ? 0 : N(smaller)(rest / w->stride[1] + 1, w->grid[1]);
  return column;
}

// c = (add ? c : 0) + the product of m rows of g with a panel of weights. A sum of several blocks that is added is
// finished aside first.
static void N(panel_onto)(long m, long k, const T *g, const T *b, long width, T *c, long c_row, bool add, long valid) {
  const long depths = N(parts)(k, GEMM_DEPTH), last = valid - (width - 1) * LANES;
  const bool aside = add && depths > 1;
  T *const sum = (T *)ak_workspace()->sum;
  const long most = aside ? SUM_ROOM / (width * LANES) : m;
  for (long i = 0, rows; i < m; i += rows, g += rows * k, c += rows * c_row) {
    rows = N(smaller)(most, m - i);
    for (long d = 0; d < depths; d++) {
      const long p = N(cut)(k, depths, d), depth = N(cut)(k, depths, d + 1) - p;
      N(panel_product)(rows, depth, g + p, k, 1, false, b + p * width * LANES, width * LANES, width, aside ? sum : c,
                       aside ? width * LANES : c_row, aside ? d > 0 : add || d > 0, aside ? LANES : last);
    }
    for (long r = 0; aside && r < rows; r++)
      N(zip)(AK_ADD, c + r * c_row, 1, sum + r * width * LANES, 1, c + r * c_row, valid);
  }
}

// Each product is added where it falls: the places under one element of a row's windows are a row each.
static void N(images_of_many_channels)(const ak_convolution *g) {
  const ak_windows *w = &g->windows;
  const long taps = w->size[0] * w->size[1], vectors = N(parts)(w->channels, LANES);
  const long line = w->width * w->channels, grid_row = w->grid[1] * g->kernels;
  const long most = N(smaller)(WHOLE_ROOM / (taps * g->kernels * LANES), GEMM_WIDTH), panels = N(parts)(vectors, most);
  T *const panel = (T *)ak_workspace()->right;
  for (long t = 0; t < panels; t++) {
    const long n = N(cut)(vectors, panels, t), width = N(cut)(vectors, panels, t + 1) - n, c = n * LANES;
    const long valid = N(smaller)(width * LANES, w->channels - c), size = g->kernels * width * LANES;
    for (long tap = 0; tap < taps; tap++)
      N(pack_panel)((const T *)g->w + tap * w->channels + c, taps * w->channels, false, g->kernels, valid, (int)width,
                    panel + tap * size);
    for (long row = g->first; row < g->end; row++) {
      if (t == 0) memset((T *)g->y + row * line, 0, line * sizeof(T));
      for (long u = w->size[0] - 1; u >= 0; u--) {
        const long i = N(row_above)(w, row % w->height, u);
        if (i < 0) continue;
        const T *windows = (const T *)g->g + (row / w->height * w->grid[0] + i) * w->grid[1] * g->kernels;
        // The row of windows behind is asked for while this one is multiplied.
        if (u == 0 && row + 1 < g->end) ak_prefetch(windows + grid_row, grid_row * (long)sizeof(T));
        for (long v = w->size[1] - 1; v >= 0; v--) {
          long j, end;
          const long column = N(windows_inside)(w, v, &j, &end) + j * w->stride[1];
          if (j < end)
            N(panel_onto)(end - j, g->kernels, windows + j * g->kernels, panel + (u * w->size[1] + v) * size, width,
                          (T *)g->y + (row * w->width + column) * w->channels + c, w->stride[1] * w->channels, true, valid);
        }
      }
    }
  }
}

// Few channels would leave most lanes empty: the rows u of a row's windows are computed whole and then added up.
static void N(images_of_few_channels)(const ak_convolution *g) {
  const ak_windows *w = &g->windows;
  const long across = w->size[1] * w->channels, vectors = N(parts)(across, LANES), line = vectors * LANES;
  const long panels = N(parts)(vectors, GEMM_WIDTH), most = SUM_ROOM / line;
  T *const packed = (T *)ak_workspace()->right, *const sum = (T *)ak_workspace()->sum;
  for (long u = 0; u < w->size[0]; u++)
    for (long t = 0; t < panels; t++) {
      const long n = N(cut)(vectors, panels, t), width = N(cut)(vectors, panels, t + 1) - n;
      N(pack_panel)((const T *)g->w + u * across + n * LANES, w->size[0] * across, false, g->kernels,
                    N(smaller)(width * LANES, across - n * LANES), (int)width,
                    packed + (u * line + n * LANES) * g->kernels);
    }
  for (long row = g->first; row < g->end; row++) {
    memset((T *)g->y + row * w->width * w->channels, 0, w->width * w->channels * sizeof(T));
    for (long u = w->size[0] - 1; u >= 0; u--) {
      const long i = N(row_above)(w, row % w->height, u);
      if (i < 0) continue;
      const T *windows = (const T *)g->g + (row / w->height * w->grid[0] + i) * w->grid[1] * g->kernels;
      for (long start = 0, count; start < w->grid[1]; start += count) {
        count = N(smaller)(most, w->grid[1] - start);
        for (long t = 0; t < panels; t++) {
          const long n = N(cut)(vectors, panels, t), width = N(cut)(vectors, panels, t + 1) - n;
          N(panel_onto)(count, g->kernels, windows + start * g->kernels, packed + (u * line + n * LANES) * g->kernels,
                        width, sum + n * LANES, line, false, width * LANES);
        }
        for (long v = w->size[1] - 1; v >= 0; v--) {
          long j, end;
          const long column = N(windows_inside)(w, v, &j, &end);
          j = j > start ? j : start;
          end = N(smaller)(end, start + count);
          const T *from = sum + (j - start) * line + v * w->channels;
          T *y = (T *)g->y + (row * w->width + column + j * w->stride[1]) * w->channels;
          for (; j < end; j++, from += line, y += w->stride[1] * w->channels)
            for (long c = 0; c < w->channels; c++) y[c] += from[c];
        }
      }
    }
  }
}

// y[n, r, q, c] = sum, in order, over the windows on the place of (sum over o of g[window, o] w[o, p]), for the rows of
// the images from `first` to `end`.
void N(convolve_images)(const ak_convolution *g) {
  const ak_windows *w = &g->windows;
  if (w->channels < LANES)
    N(images_of_few_channels)(g);
  else
    N(images_of_many_channels)(g);
}
