// Map: y = f(x + bias) over rows, each function of AK_MAPS in a loop of its own.
//
// The last, partial vector of a row goes through the same vector code as the full ones, so an element's bits do not
// depend on where it stands. The product's last pass runs through here as well: fused equals unfused.

INLINE V N(copy)(V x) { return x; }
INLINE V N(negate)(V x) { return -x; }
INLINE V N(square)(V x) { return x * x; }
INLINE V N(sqrt)(V x) { return __builtin_elementwise_sqrt(x); }
INLINE V N(reciprocal)(V x) { return (T)1 / x; }
INLINE V N(sign)(V x) { return IF(x > SPLAT(0), SPLAT(1), IF(x < SPLAT(0), SPLAT(-1), x)); }
INLINE V N(step)(V x) { return IF(x > SPLAT(0), SPLAT(1), SPLAT(0)); }
INLINE V N(relu)(V x) { return IF(x <= SPLAT(0), SPLAT(0), x); }
INLINE V N(leaky_relu)(V x, V p) { return IF(x > SPLAT(0), x, p * x); }
INLINE V N(elu)(V x, V p) { return IF(x > SPLAT(0), x, p * N(expm1)(x)); }
INLINE V N(clamp)(V x, V p, V q) { return IF(x <= p, p, IF(x >= q, q, x)); }
INLINE V N(power)(V x, V p) {
  V y = SPLAT(0);
  for (int i = 0; i < LANES; i++) y[i] = LIBM(pow)(x[i], p[i]);
  return y;
}

// A function of v and as many of the parameters as it has.
#define CALL_0(function) function(v)
#define CALL_1(function) function(v, pv)
#define CALL_2(function) function(v, pv, qv)
#define MAP_ROW(f, operand, operand_tail)                                        \
  {                                                                              \
    long j = 0;                                                                  \
    for (; j + LANES <= columns; j += LANES) {                                   \
      const V v = operand;                                                       \
      N(store)(yi + j, f);                                                       \
    }                                                                            \
    if (j < columns) {                                                           \
      const long rest = columns - j;                                             \
      const V v = operand_tail;                                                  \
      N(store_tail)(yi + j, f, rest);                                            \
    }                                                                            \
  }
#define MAP_LOOP(constant, name, parameters)                                                               \
  static void N(rows_##name)(T p, T q, const T *x, long x_row, const T *bias, T *y, long y_row, long rows, \
                             long columns) {                                                               \
    const V pv = SPLAT(p), qv = SPLAT(q);                                                                  \
    (void)pv, (void)qv;                                                                                    \
    for (long i = 0; i < rows; i++) {                                                                      \
      const T *xi = x + i * x_row;                                                                         \
      T *yi = y + i * y_row;                                                                               \
      if (bias)                                                                                            \
        MAP_ROW(CALL_##parameters(N(name)), N(load)(xi + j) + N(load)(bias + j),                           \
                N(load_tail)(xi + j, rest) + N(load_tail)(bias + j, rest))                                 \
      else                                                                                                 \
        MAP_ROW(CALL_##parameters(N(name)), N(load)(xi + j), N(load_tail)(xi + j, rest))                   \
    }                                                                                                      \
  }

AK_MAPS(MAP_LOOP)

typedef void (*N(rows_function))(T, T, const T *, long, const T *, T *, long, long, long);
#define MAP_ENTRY(constant, name, parameters) [AK_##constant] = N(rows_##name),
static const N(rows_function) N(rows_functions)[AK_MAP_COUNT] = {AK_MAPS(MAP_ENTRY)};

// y[i, j] = f(x[i, j] + bias[j]) with row strides; bias may be NULL. In place allowed.
static void N(map_rows)(ak_map f, T p, T q, const T *x, long x_row, const T *bias, T *y, long y_row, long rows,
                        long columns) {
  // A power known to be exact as a product is one.
  if (f == AK_POWER && p == (T)2) f = AK_SQUARE;
  if (f == AK_POWER && p == (T)1) f = AK_COPY;
  if (f == AK_POWER && p == (T)-1) f = AK_RECIPROCAL;
  N(rows_functions)[f](p, q, x, x_row, bias, y, y_row, rows, columns);
}

void N(map)(ak_map f, T p, T q, const T *x, T *y, long n) { N(map_rows)(f, p, q, x, 0, NULL, y, 0, 1, n); }

void N(each_row)(ak_map f, T p, T q, const T *x, long x_row, T *y, long y_row, long rows, long columns) {
  N(map_rows)(f, p, q, x, x_row, NULL, y, y_row, rows, columns);
}

void N(add_rows)(const T *x, const T *bias, ak_map f, T p, T q, T *y, long rows, long columns) {
  N(map_rows)(f, p, q, x, columns, bias, y, columns, rows, columns);
}

// Bytes become numbers from 0 to 1.
#if REAL_BITS == 32

typedef uint8_t N(byte_lanes) __attribute__((ext_vector_type(LANES)));
typedef uint8_t N(byte_lanes_unaligned) __attribute__((ext_vector_type(LANES), aligned(1)));

// b / 255 to the last bit: 1/255 = 257/2^16 + a rest, and the first product is exact, so the sum rounds once.
INLINE V N(fractions_of)(V b) { return b * SPLAT(0x1.01p-8f) + b * SPLAT(0x1.010102p-24f); }

void N(fractions)(const uint8_t *x, T *y, long n) {
  const long whole = n - n % LANES, rest = n - whole;
  for (long i = 0; i < whole; i += LANES) {
    const N(byte_lanes) bytes = *(const N(byte_lanes_unaligned) *)(x + i);
    N(store)(y + i, N(fractions_of)(__builtin_convertvector(bytes, V)));
  }
  if (rest > 0) {
    N(byte_lanes) bytes = {0};
    for (long i = 0; i < rest; i++) bytes[i] = x[whole + i];
    N(store_tail)(y + whole, N(fractions_of)(__builtin_convertvector(bytes, V)), rest);
  }
}

#endif
