// Lanes: the vector type of one precision and its loads, stores and selections. T is the scalar, V a vector of LANES of
// them, I the integers of the same width, N(name) the name in this instruction set and precision.

#if REAL_BITS == 32
#define PRECISION f32
#define T float
#define INT int32_t
#define UINT uint32_t
#define LIBM(name) name##f
#define MANTISSA_BITS 23
#define EXPONENT_BIAS 127
#define MAGIC 0x1.8p23f  // adding it rounds to an integer, which the low bits of the sum then hold
#define SMALLEST_NORMAL 0x1p-126f
#else
#define PRECISION f64
#define T double
#define INT int64_t
#define UINT uint64_t
#define LIBM(name) name
#define MANTISSA_BITS 52
#define EXPONENT_BIAS 1023
#define MAGIC 0x1.8p52
#define SMALLEST_NORMAL 0x1p-1022
#endif

// Joined after expansion.
#define JOIN(a, b) JOIN_(a, b)
#define JOIN_(a, b) a##b
#define N(name) NAMED(name, SET, PRECISION)
#define NAMED(name, set, precision) AK_NAME(name, set, precision)

// Declared first: a definition that is not what the table says does not compile.
JOIN(AK_FUNCTIONS_F, REAL_BITS)(AK_PROTOTYPE, SET)

#define LANES (VECTOR_BYTES * 8 / REAL_BITS)
#define V N(vector)
#define VU N(vector_unaligned)
#define I N(integers)
#define SPLAT(x) ((V)((T)(x)))
#define ISPLAT(x) ((I)((INT)(x)))
#define IF(condition, yes, no) ((I)(condition) ? (V)(yes) : (V)(no))
#define INLINE static inline __attribute__((always_inline))

typedef T V __attribute__((ext_vector_type(LANES)));
typedef T VU __attribute__((ext_vector_type(LANES), aligned(REAL_BITS / 8)));
typedef INT I __attribute__((ext_vector_type(LANES)));

INLINE V N(load)(const T *p) { return *(const VU *)p; }
INLINE void N(store)(T *p, V v) { *(VU *)p = v; }

// The first n (< LANES) elements at p, then those of `rest`; nothing behind the n is touched.
INLINE V N(load_tail_or)(const T *p, long n, V rest) {
#if defined(WITH_AVX512) && REAL_BITS == 32
  return (V)_mm512_mask_loadu_ps((__m512)rest, (__mmask16)((1u << n) - 1), p);
#elif defined(WITH_AVX512)
  return (V)_mm512_mask_loadu_pd((__m512d)rest, (__mmask8)((1u << n) - 1), p);
#else
  T lanes[LANES] __attribute__((aligned(VECTOR_BYTES)));
  *(V *)lanes = rest;
  for (long i = 0; i < n; i++) lanes[i] = p[i];
  return *(const V *)lanes;
#endif
}
INLINE V N(load_tail)(const T *p, long n) { return N(load_tail_or)(p, n, SPLAT(0)); }

INLINE void N(store_tail)(T *p, V v, long n) {
#if defined(WITH_AVX512) && REAL_BITS == 32
  _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)v);
#elif defined(WITH_AVX512)
  _mm512_mask_storeu_pd(p, (__mmask8)((1u << n) - 1), (__m512d)v);
#else
  T lanes[LANES] __attribute__((aligned(VECTOR_BYTES)));
  *(V *)lanes = v;
  for (long i = 0; i < n; i++) p[i] = lanes[i];
#endif
}

// Of n elements, all or some of a vector.
INLINE V N(load_part)(const T *p, long n) { return n == LANES ? N(load)(p) : N(load_tail)(p, n); }
INLINE void N(store_part)(T *p, V v, long n) {
  if (n == LANES)
    N(store)(p, v);
  else
    N(store_tail)(p, v, n);
}

// a b + c: one rounding where the machine can, two on the baseline (libm's emulation would be far too slow).
INLINE V N(fma)(V a, V b, V c) {
#if FUSED
  return __builtin_elementwise_fma(a, b, c);
#else
  return a * b + c;
#endif
}

// The error of the rounded square: x x = high + error, exactly (short of underflow).
INLINE V N(square_error)(V x, V high) {
#if FUSED
  return N(fma)(x, x, -high);
#else
  // Dekker: cut x in two halves whose products are exact.
  const I mask = ISPLAT(-((INT)1 << ((MANTISSA_BITS + 2) / 2)));
  const V top = (V)((I)x & mask), rest = x - top;
  return ((top * top - high) + top * rest * (T)2) + rest * rest;
#endif
}

INLINE V N(abs)(V x) { return (V)((I)x & ISPLAT(~((UINT)1 << (REAL_BITS - 1)))); }
INLINE V N(sign_of)(V magnitude, V sign) {
  const I bit = ISPLAT((UINT)1 << (REAL_BITS - 1));
  return (V)(((I)magnitude & ~bit) | ((I)sign & bit));
}
// NaN in x stays.
INLINE V N(at_least)(V x, V low) { return IF(low > x, low, x); }
INLINE V N(at_most)(V x, V high) { return IF(high < x, high, x); }
INLINE V N(add)(V a, V b) { return a + b; }
// NaN in either argument wins.
INLINE V N(maximum)(V a, V b) {
  const V most = IF(a > b, a, b);
  return IF(a != a, a, most);
}
INLINE V N(minimum)(V a, V b) {
  const V least = IF(a < b, a, b);
  return IF(a != a, a, least);
}

// 2 to the n for integers n in the normal range, given as MAGIC + n.
INLINE V N(power_of_two)(I biased) {
  return (V)((biased + ISPLAT(EXPONENT_BIAS)) << MANTISSA_BITS);
}

// Lane i + width in lane i, for i < width.
INLINE V N(upper_lanes)(V v, int width) {
  V moved = v;
#pragma clang loop unroll(full)
  for (int i = 0; i < width; i++) moved[i] = v[i + width];
  return moved;
}

INLINE bool N(any)(I mask) { return __builtin_reduce_or(mask) != 0; }

INLINE long N(smaller)(long a, long b) { return a < b ? a : b; }
