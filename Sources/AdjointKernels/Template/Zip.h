// Zip: y = f(a, b) with each operand an array or one value for all, each function of AK_ZIPS in a loop of its own, and
// select; over one run or over rows, of which an operand may be one for all.

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
  static void N(zip_##name)(const T *a, long a_row, long a_column, const T *b, long b_row, long b_column, T *y, \
                            long y_row, long rows, long columns) {                                          \
    for (long i = 0; i < rows; i++, a += a_row, b += b_row, y += y_row) {                                   \
      if (a_column && b_column)                                                                             \
        N(strided_##name)(a, 1, b, 1, y, columns);                                                          \
      else if (a_column)                                                                                    \
        N(strided_##name)(a, 1, b, 0, y, columns);                                                          \
      else                                                                                                  \
        N(strided_##name)(a, 0, b, b_column, y, columns);                                                   \
    }                                                                                                       \
  }

AK_ZIPS(ZIP_LOOP)

// Elements that rows have together before a loop over them is worth its beginning.
#define SHORT_ROWS (8 * LANES)
#define ZIP_ENTRY(constant, name) [AK_##constant] = N(zip_##name),
typedef void (*N(zip_function))(const T *, long, long, const T *, long, long, T *, long, long, long);
static const N(zip_function) N(zip_functions)[AK_ZIP_COUNT] = {AK_ZIPS(ZIP_ENTRY)};

// By one number. Of what a mask has left nearly all is +0, whose quotients are all the same: looking takes less than dividing.
static void N(divide_by)(const T *a, T b, T *y, long n) {
  const V divisor = SPLAT(b), of_zero = SPLAT(0) / divisor;
  const long whole = n - n % LANES, rest = n - whole;
  for (long i = 0; i < whole; i += LANES) {
    const V v = N(load)(a + i);
    N(store)(y + i, N(any)((I)v != ISPLAT(0)) ? v / divisor : of_zero);
  }
  if (rest) N(store_tail)(y + whole, N(load_tail)(a + whole, rest) / divisor, rest);
}

void N(zip)(ak_zip f, const T *a, long a_stride, const T *b, long b_stride, T *y, long n) {
  if (n <= 0) return;
  if (f == AK_DIVIDE && a_stride && !b_stride) return N(divide_by)(a, *b, y, n);
  N(zip_functions)[f](a, 0, a_stride, b, 0, b_stride, y, 0, 1, n);
}

// Short rows side by side that one row meets, or one row and a number: so many of it side by side are a longer one.
static void N(zip_short_rows)(ak_zip f, const T *a, long a_row, long a_column, const T *b, long b_row, long b_column, T *y,
                              long rows, long columns) {
  T repeated[SHORT_ROWS];
  const bool is_a = a_row == 0 && a_column == 1;
  const long together = SHORT_ROWS / columns, size = together * columns;
  memcpy(repeated, is_a ? a : b, columns * sizeof(T));
  for (long n = columns; n < size; n *= 2) memcpy(repeated + n, repeated, N(smaller)(n, size - n) * sizeof(T));
  for (long i = 0; i < rows; i += together) {
    const long n = N(smaller)(together, rows - i) * columns;
    if (is_a)
      N(zip_functions)[f](repeated, 0, 1, b + i * b_row, 0, b_column, y + i * columns, 0, 1, n);
    else
      N(zip_functions)[f](a + i * a_row, 0, a_column, repeated, 0, 1, y + i * columns, 0, 1, n);
  }
}

void N(zip_rows)(ak_zip f, const T *a, long a_row, long a_column, const T *b, long b_row, long b_column, T *y,
                 long y_row, long rows, long columns) {
  const bool a_shared = a_row == 0 && a_column == 1, b_shared = b_row == 0 && b_column == 1;
  const bool a_dense = a_row == columns * a_column, b_dense = b_row == columns * b_column;
  if (columns > 1 && y_row == columns && rows * columns >= 2 * SHORT_ROWS && 4 * columns <= SHORT_ROWS &&
      ((a_shared && b_dense) || (b_shared && a_dense)))
    return N(zip_short_rows)(f, a, a_row, a_column, b, b_row, b_column, y, rows, columns);
  if (columns > 0) N(zip_functions)[f](a, a_row, a_column, b, b_row, b_column, y, y_row, rows, columns);
}

INLINE void N(select_row)(const T *c, long c_stride, const T *a, long a_stride, const T *b, long b_stride, T *y,
                          long n) {
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

void N(select_rows)(const T *c, long c_row, long c_column, const T *a, long a_row, long a_column, const T *b,
                    long b_row, long b_column, T *y, long y_row, long rows, long columns) {
  for (long i = 0; i < rows; i++, c += c_row, a += a_row, b += b_row, y += y_row)
    N(select_row)(c, c_column, a, a_column, b, b_column, y, columns);
}

void N(select)(const T *c, long c_stride, const T *a, long a_stride, const T *b, long b_stride, T *y, long n) {
  N(select_row)(c, c_stride, a, a_stride, b, b_stride, y, n);
}

// The gradient of gelu. What the distribution and its density have in common is computed once.
INLINE V N(gelu_pulled_back)(V g, V x) {
  const V density = N(normal_density)(x);
  return g * (N(normal_distribution)(x) + N(masked)(x * density, density));
}

void N(gelu_vjp)(const T *g, const T *x, T *out, long n) {
  const long whole = n - n % LANES, rest = n - whole;
  for (long i = 0; i < whole; i += LANES) N(store)(out + i, N(gelu_pulled_back)(N(load)(g + i), N(load)(x + i)));
  if (rest)
    N(store_tail)(out + whole, N(gelu_pulled_back)(N(load_tail)(g + whole, rest), N(load_tail)(x + whole, rest)), rest);
}
