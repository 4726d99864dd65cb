// Zip: y = f(a, b) with each operand an array or one value for all, each function of AK_ZIPS in a loop of its own, and
// select.

// One operand, element i on: stride 0 repeats the first.
INLINE V N(operand)(const T *p, long stride, long i) { return stride ? N(load)(p + i) : SPLAT(*p); }
INLINE V N(operand_tail)(const T *p, long stride, long i, long n) {
  return stride ? N(load_tail)(p + i, n) : SPLAT(*p);
}

INLINE V N(subtract)(V a, V b) { return a - b; }
INLINE V N(multiply)(V a, V b) { return a * b; }
INLINE V N(divide)(V a, V b) { return a / b; }
INLINE V N(masked)(V a, V b) { return IF(b != SPLAT(0), a, SPLAT(0)); }
#define TRUTH(condition) IF(condition, SPLAT(1), SPLAT(0))
INLINE V N(less)(V a, V b) { return TRUTH(a < b); }
INLINE V N(less_or_equal)(V a, V b) { return TRUTH(a <= b); }
INLINE V N(greater)(V a, V b) { return TRUTH(a > b); }
INLINE V N(greater_or_equal)(V a, V b) { return TRUTH(a >= b); }
INLINE V N(equal)(V a, V b) { return TRUTH(a == b); }
INLINE V N(not_equal)(V a, V b) { return TRUTH(a != b); }

#define ZIP_LOOP(constant, name)                                                                            \
  INLINE void N(strided_##name)(const T *a, long a_stride, const T *b, long b_stride, T *y, long n) {       \
    const long whole = n - n % LANES, rest = n - whole;                                                     \
    for (long i = 0; i < whole; i += LANES) {                                                               \
      const V u = N(operand)(a, a_stride, i), v = N(operand)(b, b_stride, i);                               \
      N(store)(y + i, N(name)(u, v));                                                                       \
    }                                                                                                       \
    if (rest) {                                                                                             \
      const V u = N(operand_tail)(a, a_stride, whole, rest), v = N(operand_tail)(b, b_stride, whole, rest); \
      N(store_tail)(y + whole, N(name)(u, v), rest);                                                        \
    }                                                                                                       \
  }                                                                                                         \
  static void N(zip_##name)(const T *a, long a_stride, const T *b, long b_stride, T *y, long n) {           \
    if (a_stride && b_stride)                                                                               \
      N(strided_##name)(a, 1, b, 1, y, n);                                                                  \
    else                                                                                                    \
      N(strided_##name)(a, a_stride, b, b_stride, y, n);                                                    \
  }

AK_ZIPS(ZIP_LOOP)

#define ZIP_ENTRY(constant, name) [AK_##constant] = N(zip_##name),
void N(zip)(ak_zip f, const T *a, long a_stride, const T *b, long b_stride, T *y, long n) {
  static void (*const functions[AK_ZIP_COUNT])(const T *, long, const T *, long, T *, long) = {AK_ZIPS(ZIP_ENTRY)};
  if (n > 0) functions[f](a, a_stride, b, b_stride, y, n);
}

void N(select)(const T *c, long c_stride, const T *a, long a_stride, const T *b, long b_stride, T *y, long n) {
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
