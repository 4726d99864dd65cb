// Trials of the functions that run over rows at strides, and of those that find windows in images. Included by Trials.h.

// The elements from the first to the last of rows and columns at such strides.
#define SPAN(row, column) (rows > 0 && columns > 0 ? (rows - 1) * (row) + (columns - 1) * (column) + 1 : 0)
// Strides of a whole operand with a gap, of one row for all, and of one number a row; of a whole one without, and of one number.
#define ROW_OF(kind) ((kind) == 0 ? columns + 1 : (kind) == 2 ? 1 : (kind) == 3 ? columns : 0)
#define COLUMN_OF(kind) ((kind) % 2 || (kind) == 0)
#define AT(x, kind) x[i / columns * ROW_OF(kind) + i % columns * COLUMN_OF(kind)]

static void N(try_zip_rows)(const ak_kernels *k) {
  FOR_ROWS_AND_COLUMNS for (int kind = 0; kind < 25; kind++) {
    const int a_kind = kind % 5, b_kind = kind / 5;
    const long y_row = columns + (bits() % 3 == 0 ? 3 : 0);
    const ak_zip f = kind % 2 ? AK_MULTIPLY : AK_SUBTRACT;
    AT_BOTH_ENDS {
      BEGIN("%s zip_rows %d of %ld x %ld, %d and %d", k->name, f, rows, columns, a_kind, b_kind);
      const T *a = N(numbers)(0, SPAN(ROW_OF(a_kind), COLUMN_OF(a_kind)));
      const T *b = N(numbers)(1, SPAN(ROW_OF(b_kind), COLUMN_OF(b_kind)));
      T *y = N(room)(2, SPAN(y_row, 1));
      CALL(zip_rows)(f, a, ROW_OF(a_kind), COLUMN_OF(a_kind), b, ROW_OF(b_kind), COLUMN_OF(b_kind), y, y_row, rows, columns);
      EACH(rows * columns) {
        const T value = f == AK_SUBTRACT ? AT(a, a_kind) - AT(b, b_kind) : AT(a, a_kind) * AT(b, b_kind);
        N(expect)(y[i / columns * y_row + i % columns], value, 0, i);
      }
      N(done)(y, SPAN(y_row, 1), 3);
    }
  }
}

static void N(try_select_rows)(const ak_kernels *k) {
  FOR_ROWS_AND_COLUMNS for (int kind = 0; kind < 9; kind++) {
    const int c_kind = kind % 3, a_kind = kind / 3, b_kind = (kind + 1) % 3;
    AT_BOTH_ENDS {
      BEGIN("%s select_rows of %ld x %ld, %d", k->name, rows, columns, kind);
      T *c = N(numbers)(0, SPAN(ROW_OF(c_kind), COLUMN_OF(c_kind)));
      for (long i = 0; i < SPAN(ROW_OF(c_kind), COLUMN_OF(c_kind)); i += 1 + (long)(bits() % 3)) c[i] = 0;
      const T *a = N(numbers)(1, SPAN(ROW_OF(a_kind), COLUMN_OF(a_kind)));
      const T *b = N(numbers)(2, SPAN(ROW_OF(b_kind), COLUMN_OF(b_kind)));
      T *y = N(room)(3, rows * columns);
      CALL(select_rows)(c, ROW_OF(c_kind), COLUMN_OF(c_kind), a, ROW_OF(a_kind), COLUMN_OF(a_kind), b, ROW_OF(b_kind),
                        COLUMN_OF(b_kind), y, columns, rows, columns);
      EACH(rows * columns) N(expect)(y[i], AT(c, c_kind) != 0 ? AT(a, a_kind) : AT(b, b_kind), 0, i);
      N(done)(y, rows * columns, 4);
    }
  }
}

static void N(try_each_row)(const ak_kernels *k) {
  static const ak_map functions[] = {AK_COPY, AK_TANH, AK_RELU, AK_CLAMP};
  FOR_ROWS_AND_COLUMNS for (int f = 0; f < 4; f++) {
    const long x_row = columns + f % 2 * 3, y_row = columns + f / 2;
    AT_BOTH_ENDS {
      BEGIN("%s each_row %d of %ld x %ld", k->name, functions[f], rows, columns);
      const T *x = N(numbers)(0, SPAN(x_row, 1));
      T *y = N(room)(1, SPAN(y_row, 1));
      CALL(each_row)(functions[f], (T)0.7, (T)2, x, x_row, y, y_row, rows, columns);
      EACH(rows * columns)
        N(expect_map)(functions[f], (T)0.7, (T)2, x[i / columns * x_row + i % columns],
                      y[i / columns * y_row + i % columns], i);
      N(done)(y, SPAN(y_row, 1), 2);
    }
  }
}

static void N(try_reduce_each)(const ak_kernels *k) {
  FOR_ROWS_AND_COLUMNS for (int r = 0; r <= AK_MIN; r++) for (long gap = 0; gap < 4; gap += 3) {
    AT_BOTH_ENDS {
      BEGIN("%s reduce_each %d of %ld x %ld, gap %ld", k->name, r, rows, columns, gap);
      const T *x = N(numbers)(0, SPAN(columns + gap, 1));
      T *y = N(room)(1, rows);
      CALL(reduce_each)((ak_reduction)r, x, columns + gap, y, rows, columns);
      EACH(rows) N(expect_reduction)((ak_reduction)r, x + i * (columns + gap), 1, columns, y[i], i);
      N(done)(y, rows, 2);
    }
  }
}

static void N(try_squares_each)(const ak_kernels *k) {
  FOR_ROWS_AND_COLUMNS for (long gap = 0; gap < 4; gap += 3) {
    AT_BOTH_ENDS {
      BEGIN("%s squares_each of %ld x %ld, gap %ld", k->name, rows, columns, gap);
      const T *x = N(numbers)(0, SPAN(columns + gap, 1)), *centre = N(numbers)(1, rows);
      T *y = N(room)(2, rows);
      CALL(squares_each)(x, columns + gap, centre, y, rows, columns);
      EACH(rows) N(expect_squares)(x + i * (columns + gap), 1, centre[i], columns, y[i], i);
      N(done)(y, rows, 3);
    }
  }
}

// Zeros of both signs, now and then none, and now and then another number.
static void N(try_zeros)(const ak_kernels *k, bool minus) {
  FOR_ROWS_AND_COLUMNS for (int kind = 0; kind < 6; kind++) {
    const long stride = columns + kind / 3 * 3;
    AT_BOTH_ENDS {
      BEGIN("%s %s of %ld x %ld, kind %d", k->name, minus ? "has_minus_zero" : "only_zeros", rows, columns, kind);
      T *x = N(plain)(0, SPAN(stride, 1));
      bool only = true, any = false;
      for (long i = 0; i < rows * columns; i++) {
        T *const e = x + i / columns * stride + i % columns;
        if (kind % 3 == 0 || bits() % 64 != 0) *e = kind % 3 == 2 ? (T)1 : 0;
        if (bits() % (uint64_t)(rows * columns) == 0) *e = (T)-0.0;
        only = only && *e == 0;
        any = any || (*e == 0 && signbit(*e));
      }
      const bool found =
        minus ? CALL(has_minus_zero)(x, stride, rows, columns) : CALL(only_zeros)(x, stride, rows, columns);
      EACH(1) N(expect)(found, minus ? any : only, 0, i);
      check_marks(1);
    }
  }
}
static void N(try_only_zeros)(const ak_kernels *k) { N(try_zeros)(k, false); }
static void N(try_has_minus_zero)(const ak_kernels *k) { N(try_zeros)(k, true); }

// MARK: Windows

static long N(among)(long least, long most) { return least + (long)(bits() % (uint64_t)(most - least + 1)); }

// Windows of some kind on small images; a third of them are 3 x 3 and move on by one column, on many channels.
static ak_windows N(some_windows)(void) {
  for (;;) {
    const bool square = bits() % 3 == 0;
    ak_windows w = {.images = N(among)(1, 3), .height = N(among)(1, 9), .width = N(among)(1, 21),
                    .channels = square || bits() % 3 == 0 ? N(among)(1, 40) : N(among)(1, 5)};
    for (int axis = 0; axis < 2; axis++) {
      w.size[axis] = N(among)(1, 4), w.stride[axis] = N(among)(1, 3);
      w.padding[axis] = N(among)(0, 3), w.dilation[axis] = N(among)(1, 2);
      if (square) w.size[axis] = 3, w.padding[axis] = N(among)(0, 2);
      if (square && axis == 1) w.stride[axis] = w.dilation[axis] = 1;
      const long extent = (axis ? w.width : w.height) + 2 * w.padding[axis] - (w.size[axis] - 1) * w.dilation[axis] - 1;
      w.grid[axis] = extent < 0 ? 0 : extent / w.stride[axis] + 1;
    }
    if (w.grid[0] > 0 && w.grid[1] > 0) return w;
  }
}

// The element of the images under place (u, v) of a window; -1 outside.
static long N(under)(const ak_windows *w, long window, long u, long v) {
  const long j = window % w->grid[1], i = window / w->grid[1] % w->grid[0], image = window / w->grid[1] / w->grid[0];
  const long row = i * w->stride[0] - w->padding[0] + u * w->dilation[0];
  const long column = j * w->stride[1] - w->padding[1] + v * w->dilation[1];
  if (row < 0 || row >= w->height || column < 0 || column >= w->width) return -1;
  return ((image * w->height + row) * w->width + column) * w->channels;
}

enum { N(IMAGES), N(WEIGHTS), N(CHAINS), N(WINDOWS) };

// The chain of windows to which a window belongs: they are equal, the first ones longer by one where they cannot be.
static long N(chain_of)(long window, long windows, long chains) {
  const long length = windows / chains, longer = windows % chains, rest = window - longer * (length + 1);
  return rest < 0 ? window / (length + 1) : longer + rest / length;
}

// One of the products of a convolution, compared with its sums.
static void N(try_windows)(const ak_kernels *k, int kind, bool depthwise) {
  for (int trial = 0; trial < 200; trial++) {
    const ak_windows w = N(some_windows)();
    const long kernels = depthwise ? w.channels : N(among)(1, 36), taps = w.size[0] * w.size[1];
    if (!depthwise && !ak_convolves(&w, kernels, sizeof(T))) continue;
    const long pixels = w.images * w.height * w.width * w.channels, windows = w.images * w.grid[0] * w.grid[1];
    const long weights = depthwise ? taps * kernels : kernels * taps * w.channels;
    const long chains = (windows + AK_DEPTH - 1) / AK_DEPTH;
    const long count = kind == N(IMAGES)    ? pixels
                       : kind == N(WEIGHTS) ? weights
                       : kind == N(CHAINS)  ? chains * weights
                                            : windows * kernels;
    const bool biased = !depthwise && bits() % 2;
    AT_BOTH_ENDS {
      BEGIN("%s %s %d of %ld x %ld x %ld x %ld, %ld kernels of %ld x %ld", k->name, depthwise ? "depthwise" : "convolve",
            kind, w.images, w.height, w.width, w.channels, kernels, w.size[0], w.size[1]);
      const T *x = N(plain)(0, pixels), *m = N(plain)(1, weights), *g = N(plain)(2, windows * kernels);
      const T *bias = N(plain)(3, kernels);
      T *y = N(room)(4, count);
      ak_convolution job = {.windows = w, .kernels = kernels, .x = x, .w = m, .g = g, .y = y, .f = AK_COPY};
      const long extent = kind == N(IMAGES)    ? w.images * w.height
                          : kind == N(WEIGHTS) ? (depthwise ? kernels : taps * w.channels)
                          : kind == N(CHAINS)  ? chains
                                               : w.images * w.grid[0];
      if (kind == N(WINDOWS) && biased) job.bias = bias;
      for (int part = 0; part < 2; part++) {
        job.first = extent * part / 2, job.end = extent * (part + 1) / 2;
        if (kind == N(IMAGES)) {
          if (depthwise) CALL(depthwise_images)(&job); else CALL(convolve_images)(&job);
        } else if (kind == N(WEIGHTS)) {
          if (depthwise) CALL(depthwise_weights)(&job); else CALL(convolve_weights)(&job);
        } else if (kind == N(CHAINS)) {
          CALL(convolve_chains)(&job);
        } else if (depthwise) {
          CALL(depthwise)(&job);
        } else {
          CALL(convolve)(&job);
        }
      }
      N(total) *sums = calloc((size_t)count, sizeof *sums);
      for (long n = 0; n < windows && !at_end; n++)
        for (long p = 0; p < taps; p++) {
          const long place = N(under)(&w, n, p / w.size[1], p % w.size[1]);
          for (long o = 0; place >= 0 && o < kernels; o++)
            for (long c = depthwise ? o : 0; c < (depthwise ? o + 1 : w.channels); c++) {
              const long weight = depthwise ? p * kernels + o : (o * taps + p) * w.channels + c;
              const long to = kind == N(IMAGES)    ? place + c
                              : kind == N(WEIGHTS) ? weight
                              : kind == N(CHAINS)  ? N(chain_of)(n, windows, chains) * weights + weight
                                                   : n * kernels + o;
              N(add)(&sums[to], kind == N(IMAGES)    ? (W)g[n * kernels + o] * m[weight]
                                : kind == N(WINDOWS) ? (W)x[place + c] * m[weight]
                                                     : (W)g[n * kernels + o] * x[place + c]);
            }
        }
      EACH(count) {
        if (kind == N(WINDOWS) && biased) N(add)(&sums[i], bias[i % kernels]);
        N(expect)(y[i], sums[i].value, N(slack)(sums[i], 8, windows * taps), i);
      }
      free(sums);
      N(done)(y, count, 5);
    }
  }
}
static void N(try_convolve)(const ak_kernels *k) { N(try_windows)(k, N(WINDOWS), false); }
static void N(try_convolve_weights)(const ak_kernels *k) { N(try_windows)(k, N(WEIGHTS), false); }
static void N(try_convolve_chains)(const ak_kernels *k) { N(try_windows)(k, N(CHAINS), false); }
static void N(try_convolve_images)(const ak_kernels *k) { N(try_windows)(k, N(IMAGES), false); }
static void N(try_depthwise)(const ak_kernels *k) { N(try_windows)(k, N(WINDOWS), true); }
static void N(try_depthwise_weights)(const ak_kernels *k) { N(try_windows)(k, N(WEIGHTS), true); }
static void N(try_depthwise_images)(const ak_kernels *k) { N(try_windows)(k, N(IMAGES), true); }

// Few numbers, so that some tie.
static T *N(ties)(int number, long n) {
  T *x = array(number, (size_t)n * sizeof(T));
  for (long i = 0; i < n; i++) x[i] = (T)((double)(bits() % 5) - 2);
  return x;
}

static void N(try_pool)(const ak_kernels *k) {
  for (int trial = 0; trial < 400; trial++) {
    const ak_windows w = N(some_windows)();
    const long pixels = w.images * w.height * w.width * w.channels, windows = w.images * w.grid[0] * w.grid[1];
    const ak_reduction r = (ak_reduction)(trial % (AK_MIN + 1));
    AT_BOTH_ENDS {
      BEGIN("%s pool %d of %ld x %ld x %ld x %ld", k->name, r, w.images, w.height, w.width, w.channels);
      const T *x = N(ties)(0, pixels);
      T *y = N(room)(1, windows * w.channels);
      CALL(pool)(r, &w, x, y);
      EACH(windows * w.channels) {
        T value = 0;
        bool any = false;
        for (long p = 0; p < w.size[0] * w.size[1]; p++) {
          const long place = N(under)(&w, i / w.channels, p / w.size[1], p % w.size[1]);
          if (place < 0) continue;
          const T e = x[place + i % w.channels];
          if (!any || (r == AK_MAX && e > value) || (r == AK_MIN && e < value)) value = e;
          else if (r == AK_SUM) value += e;
          any = true;
        }
        N(expect)(y[i] == 0 ? 0 : y[i], value == 0 ? 0 : value, 0, i);
      }
      N(done)(y, windows * w.channels, 2);
    }
  }
}

static void N(try_pool_vjp)(const ak_kernels *k) {
  for (int trial = 0; trial < 400; trial++) {
    const ak_windows w = N(some_windows)();
    const long pixels = w.images * w.height * w.width * w.channels, windows = w.images * w.grid[0] * w.grid[1];
    const bool largest = trial % 2;
    AT_BOTH_ENDS {
      BEGIN("%s pool_vjp %d of %ld x %ld x %ld x %ld", k->name, largest, w.images, w.height, w.width, w.channels);
      const T *x = N(ties)(0, pixels), *g = N(plain)(1, windows * w.channels);
      T *y = N(room)(2, windows * w.channels), *out = N(room)(3, pixels);
      CALL(pool)(AK_MAX, &w, x, y);
      CALL(pool_vjp)(&w, largest ? x : NULL, largest ? y : NULL, g, out);
      N(total) *sums = calloc((size_t)pixels, sizeof *sums);
      for (long i = 0; i < windows * w.channels && !at_end; i++)
        for (int pass = 0, ties = 0; pass < 2; pass++)
          for (long p = 0; p < w.size[0] * w.size[1]; p++) {
            const long place = N(under)(&w, i / w.channels, p / w.size[1], p % w.size[1]) + i % w.channels;
            if (place - i % w.channels < 0 || (largest && x[place] != y[i])) continue;
            if (pass == 0) ties++;
            else N(add)(&sums[place], (W)g[i] / (largest ? ties : 1));
          }
      EACH(pixels) N(expect)(out[i], sums[i].value, N(slack)(sums[i], 8, windows), i);
      free(sums);
      N(done)(out, pixels, 4);
    }
  }
}

#undef SPAN
#undef ROW_OF
#undef COLUMN_OF
#undef AT
