// Zip: y = f(a, b) with each operand an array or one value for all, and select.

// One operand, element i on: stride 0 repeats the first.
INLINE V N(operand)(const T *p, long stride, long i) { return stride ? N(load)(p + i) : SPLAT(*p); }
INLINE V N(operand_tail)(const T *p, long stride, long i, long n) {
  return stride ? N(load_tail)(p + i, n) : SPLAT(*p);
}

#define TRUTH(condition) IF(condition, SPLAT(1), SPLAT(0))
#define ZIP_LOOP(name, expression)                                                                           \
  INLINE void N(name##_strided)(const T *a, long a_stride, const T *b, long b_stride, T *y, long n) {        \
    const long whole = n - n % LANES, rest = n - whole;                                                      \
    for (long i = 0; i < whole; i += LANES) {                                                                \
      const V u = N(operand)(a, a_stride, i), v = N(operand)(b, b_stride, i);                                \
      N(store)(y + i, expression);                                                                           \
    }                                                                                                        \
    if (rest) {                                                                                              \
      const V u = N(operand_tail)(a, a_stride, whole, rest), v = N(operand_tail)(b, b_stride, whole, rest);  \
      N(store_tail)(y + whole, expression, rest);                                                            \
    }                                                                                                        \
  }                                                                                                          \
  static void N(name)(const T *a, long a_stride, const T *b, long b_stride, T *y, long n) {                  \
    if (a_stride && b_stride)                                                                                \
      N(name##_strided)(a, 1, b, 1, y, n);                                                                   \
    else                                                                                                     \
      N(name##_strided)(a, a_stride, b, b_stride, y, n);                                                     \
  }

ZIP_LOOP(zip_add, u + v)
ZIP_LOOP(zip_subtract, u - v)
ZIP_LOOP(zip_multiply, u *v)
ZIP_LOOP(zip_divide, u / v)
ZIP_LOOP(zip_maximum, N(maximum)(u, v))
ZIP_LOOP(zip_minimum, N(minimum)(u, v))
ZIP_LOOP(zip_less, TRUTH(u < v))
ZIP_LOOP(zip_less_or_equal, TRUTH(u <= v))
ZIP_LOOP(zip_greater, TRUTH(u > v))
ZIP_LOOP(zip_greater_or_equal, TRUTH(u >= v))
ZIP_LOOP(zip_equal, TRUTH(u == v))
ZIP_LOOP(zip_not_equal, TRUTH(u != v))
#undef ZIP_LOOP
#undef TRUTH

static void N(zip)(ak_zip f, const T *a, long a_stride, const T *b, long b_stride, T *y, long n) {
  static void (*const functions[AK_ZIP_COUNT])(const T *, long, const T *, long, T *, long) = {
      [AK_ADD] = N(zip_add),
      [AK_SUBTRACT] = N(zip_subtract),
      [AK_MULTIPLY] = N(zip_multiply),
      [AK_DIVIDE] = N(zip_divide),
      [AK_MAXIMUM] = N(zip_maximum),
      [AK_MINIMUM] = N(zip_minimum),
      [AK_LESS] = N(zip_less),
      [AK_LESS_OR_EQUAL] = N(zip_less_or_equal),
      [AK_GREATER] = N(zip_greater),
      [AK_GREATER_OR_EQUAL] = N(zip_greater_or_equal),
      [AK_EQUAL] = N(zip_equal),
      [AK_NOT_EQUAL] = N(zip_not_equal),
  };
  if (n > 0) functions[f](a, a_stride, b, b_stride, y, n);
}

static void N(select)(const T *c, long c_stride, const T *a, long a_stride, const T *b, long b_stride, T *y, long n) {
  if (n <= 0) return;
  const long whole = n - n % LANES, rest = n - whole;
  for (long i = 0; i < whole; i += LANES) {
    const V condition = N(operand)(c, c_stride, i);
    const V u = N(operand)(a, a_stride, i), v = N(operand)(b, b_stride, i);
    N(store)(y + i, IF(condition != SPLAT(0), u, v));
  }
  if (rest) {
    const V condition = N(operand_tail)(c, c_stride, whole, rest);
    const V u = N(operand_tail)(a, a_stride, whole, rest), v = N(operand_tail)(b, b_stride, whole, rest);
    N(store_tail)(y + whole, IF(condition != SPLAT(0), u, v), rest);
  }
}
