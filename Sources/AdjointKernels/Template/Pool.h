// Pool: one number for each window of an image and each channel, and the way back. Channels are the lanes.

// The elements of window i along an axis that lie in the image, from *first to *end.
INLINE void N(elements_inside)(const ak_windows *w, int axis, long i, long extent, long *first, long *end) {
  const long start = i * w->stride[axis] - w->padding[axis], step = w->dilation[axis];
  *first = start < 0 ? (step - 1 - start) / step : 0;
  *end = start >= extent ? 0 : (extent - 1 - start) / step + 1;
  if (*end > w->size[axis]) *end = w->size[axis];
}

// The first of elements that tie stays, with its sign if it is zero; NaN wins.
INLINE V N(pooled)(ak_reduction r, V a, V b) {
  if (r == AK_SUM) return a + b;
  const V best = r == AK_MAX ? IF(b > a, b, a) : IF(b < a, b, a);
  return IF(b != b, b, best);
}

// Calls `body` for each window and vector of channels, with what lies inside of the image: elements u, v of the window
// stand at `at` + u down + v right; `n` channels are valid.
#define EACH_WINDOW(w, ...)                                                                                         \
  do {                                                                                                              \
    const long channels = w->channels, right = w->dilation[1] * channels;                                           \
    const long down = w->dilation[0] * w->width * channels;                                                         \
    long window = 0, top, bottom, first, end;                                                                       \
    for (long image = 0; image < w->images; image++)                                                                \
      for (long i = 0; i < w->grid[0]; i++) {                                                                       \
        N(elements_inside)(w, 0, i, w->height, &top, &bottom);                                                      \
        for (long j = 0; j < w->grid[1]; j++, window += channels) {                                                 \
          N(elements_inside)(w, 1, j, w->width, &first, &end);                                                      \
          const long corner = ((image * w->height + i * w->stride[0] - w->padding[0]) * w->width +                  \
                               j * w->stride[1] - w->padding[1]) * channels;                                        \
          for (long c = 0; c < channels; c += LANES) {                                                              \
            const long at = corner + c, n = channels - c < LANES ? channels - c : LANES;                            \
            __VA_ARGS__                                                                                             \
          }                                                                                                         \
        }                                                                                                           \
      }                                                                                                             \
  } while (0)

#define PART(p) (n == LANES ? N(load)(p) : N(load_tail)(p, n))
#define SET_PART(p, v) \
  do { if (n == LANES) N(store)(p, v); else N(store_tail)(p, v, n); } while (0)

INLINE void N(pool_of)(ak_reduction r, const ak_windows *w, const T *x, T *y) {
  EACH_WINDOW(w, {
    V best = SPLAT(0);
    bool any = false;
    for (long u = top; u < bottom; u++)
      for (long v = first; v < end; v++) {
        const V part = PART(x + at + u * down + v * right);
        best = any ? N(pooled)(r, best, part) : part;
        any = true;
      }
    SET_PART(y + window + c, best);
  });
}

#define POOL_CASE(constant, combine, neutral) case AK_##constant: return N(pool_of)(AK_##constant, w, x, y);
void N(pool)(ak_reduction r, const ak_windows *w, const T *x, T *y) {
  switch (r) { AK_REDUCTIONS(POOL_CASE) }
}

void N(pool_vjp)(const ak_windows *w, const T *x, const T *y, const T *g, T *out) {
  memset(out, 0, w->images * w->height * w->width * w->channels * sizeof(T));
  if (!x)
    EACH_WINDOW(w, {
      const V share = PART(g + window + c);
      for (long u = top; u < bottom; u++)
        for (long v = first; v < end; v++) {
          T *const to = out + at + u * down + v * right;
          SET_PART(to, PART(to) + share);
        }
    });
  else
    EACH_WINDOW(w, {
      const V best = PART(y + window + c);
      V count = SPLAT(0);
      for (long u = top; u < bottom; u++)
        for (long v = first; v < end; v++) count += IF(PART(x + at + u * down + v * right) == best, SPLAT(1), SPLAT(0));
      const V share = PART(g + window + c) / count, none = SPLAT(0) / count;
      for (long u = top; u < bottom; u++)
        for (long v = first; v < end; v++) {
          const long place = at + u * down + v * right;
          SET_PART(out + place, PART(out + place) + IF(PART(x + place) == best, share, none));
        }
    });
}

#undef EACH_WINDOW
