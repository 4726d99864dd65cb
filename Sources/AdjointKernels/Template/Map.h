// Map: y = f(x + bias) over rows, each function in a loop of its own.
//
// The last, partial vector of a row goes through the same vector code as the full ones, so an element's bits do not
// depend on where it stands. The product's last pass runs through here as well: fused equals unfused.

INLINE V N(copy)(V x) { return x; }
INLINE V N(negate)(V x) { return -x; }
INLINE V N(square)(V x) { return x * x; }
INLINE V N(square_root)(V x) { return __builtin_elementwise_sqrt(x); }
INLINE V N(reciprocal)(V x) { return (T)1 / x; }
INLINE V N(sign)(V x) { return IF(x > SPLAT(0), SPLAT(1), IF(x < SPLAT(0), SPLAT(-1), x)); }
INLINE V N(step)(V x) { return IF(x > SPLAT(0), SPLAT(1), SPLAT(0)); }
INLINE V N(relu)(V x) { return IF(x <= SPLAT(0), SPLAT(0), x); }
INLINE V N(leaky_relu)(V x, V p) { return IF(x > SPLAT(0), x, p * x); }
INLINE V N(elu)(V x, V p) { return IF(x > SPLAT(0), x, p * N(expm1)(x)); }
INLINE V N(clamp)(V x, V p, V q) { return N(at_most)(N(at_least)(x, p), q); }
INLINE V N(power)(V x, T p) {
  V y = SPLAT(0);
  for (int i = 0; i < LANES; i++) y[i] = LIBM(pow)(x[i], p);
  return y;
}

// `expression` is in x and the parameters, p and q as scalars and pv and qv as vectors.
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
#define MAP_LOOP(name, expression)                                                                                     \
  static void N(name)(T p, T q, const T *x, long x_row, const T *bias, T *y, long y_row, long rows, long columns) {    \
    const V pv = SPLAT(p), qv = SPLAT(q);                                                                              \
    (void)pv, (void)qv;                                                                                                \
    for (long i = 0; i < rows; i++) {                                                                                  \
      const T *xi = x + i * x_row;                                                                                     \
      T *yi = y + i * y_row;                                                                                           \
      if (bias)                                                                                                        \
        MAP_ROW(expression, N(load)(xi + j) + N(load)(bias + j),                                                       \
                N(load_tail)(xi + j, rest) + N(load_tail)(bias + j, rest))                                             \
      else                                                                                                             \
        MAP_ROW(expression, N(load)(xi + j), N(load_tail)(xi + j, rest))                                               \
    }                                                                                                                  \
  }

MAP_LOOP(rows_copy, N(copy)(v))
MAP_LOOP(rows_negate, N(negate)(v))
MAP_LOOP(rows_exp, N(exp)(v))
MAP_LOOP(rows_expm1, N(expm1)(v))
MAP_LOOP(rows_log, N(log)(v))
MAP_LOOP(rows_log1p, N(log1p)(v))
MAP_LOOP(rows_sqrt, N(square_root)(v))
MAP_LOOP(rows_square, N(square)(v))
MAP_LOOP(rows_reciprocal, N(reciprocal)(v))
MAP_LOOP(rows_abs, N(absolute)(v))
MAP_LOOP(rows_sign, N(sign)(v))
MAP_LOOP(rows_step, N(step)(v))
MAP_LOOP(rows_sin, N(sin)(v))
MAP_LOOP(rows_cos, N(cos)(v))
MAP_LOOP(rows_tanh, N(tanh)(v))
MAP_LOOP(rows_sigmoid, N(sigmoid)(v))
MAP_LOOP(rows_erf, N(erf)(v))
MAP_LOOP(rows_relu, N(relu)(v))
MAP_LOOP(rows_gelu, N(gelu)(v))
MAP_LOOP(rows_silu, N(silu)(v))
MAP_LOOP(rows_softplus, N(softplus)(v))
MAP_LOOP(rows_leaky_relu, N(leaky_relu)(v, pv))
MAP_LOOP(rows_elu, N(elu)(v, pv))
MAP_LOOP(rows_power, N(power)(v, p))
MAP_LOOP(rows_clamp, N(clamp)(v, pv, qv))
#undef MAP_LOOP
#undef MAP_ROW

typedef void (*N(rows_function))(T, T, const T *, long, const T *, T *, long, long, long);

static const N(rows_function) N(rows_functions)[AK_MAP_COUNT] = {
    [AK_COPY] = N(rows_copy),
    [AK_NEGATE] = N(rows_negate),
    [AK_EXP] = N(rows_exp),
    [AK_EXPM1] = N(rows_expm1),
    [AK_LOG] = N(rows_log),
    [AK_LOG1P] = N(rows_log1p),
    [AK_SQRT] = N(rows_sqrt),
    [AK_SQUARE] = N(rows_square),
    [AK_RECIPROCAL] = N(rows_reciprocal),
    [AK_ABS] = N(rows_abs),
    [AK_SIGN] = N(rows_sign),
    [AK_STEP] = N(rows_step),
    [AK_SIN] = N(rows_sin),
    [AK_COS] = N(rows_cos),
    [AK_TANH] = N(rows_tanh),
    [AK_SIGMOID] = N(rows_sigmoid),
    [AK_ERF] = N(rows_erf),
    [AK_RELU] = N(rows_relu),
    [AK_GELU] = N(rows_gelu),
    [AK_SILU] = N(rows_silu),
    [AK_SOFTPLUS] = N(rows_softplus),
    [AK_LEAKY_RELU] = N(rows_leaky_relu),
    [AK_ELU] = N(rows_elu),
    [AK_POWER] = N(rows_power),
    [AK_CLAMP] = N(rows_clamp),
};

// y[i, j] = f(x[i, j] + bias[j]) with row strides; bias may be NULL. In place allowed.
static void N(map_rows)(ak_map f, T p, T q, const T *x, long x_row, const T *bias, T *y, long y_row, long rows,
                        long columns) {
  // A power known to be exact as a product is one.
  if (f == AK_POWER && p == (T)2) f = AK_SQUARE;
  if (f == AK_POWER && p == (T)1) f = AK_COPY;
  if (f == AK_POWER && p == (T)-1) f = AK_RECIPROCAL;
  N(rows_functions)[f](p, q, x, x_row, bias, y, y_row, rows, columns);
}

static void N(map)(ak_map f, T p, T q, const T *x, T *y, long n) { N(map_rows)(f, p, q, x, 0, NULL, y, 0, 1, n); }

static void N(add_rows)(const T *x, const T *bias, ak_map f, T p, T q, T *y, long rows, long columns) {
  N(map_rows)(f, p, q, x, columns, bias, y, columns, rows, columns);
}
