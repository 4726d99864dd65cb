// Exponential: exp, expm1, tanh, sigmoid and what is built on them.
//
// All share one reduction: x = n ln 2 + r with |r| <= ln 2 / 2, and p = expm1(r) as r + r^2 q(r), so that small
// arguments keep their relative accuracy. Cody and Waite's two-part ln 2 makes n LN2_HIGH exact.
//
// The errors stated here and in the other files are the largest seen against long double, over every 4001st float bit
// pattern and tens of millions of doubles, in units in the last place; of the instruction sets of x86-64 the worst.

typedef struct {
  V n, p;  // n as a whole number; p = exp(r) - 1
  I bits;  // n as an integer
} N(reduced);

INLINE N(reduced) N(reduce_exp)(V x) {
  N(reduced) result;
  const V shifted = N(fma)(x, SPLAT(LOG2_E), SPLAT(MAGIC));
  result.n = shifted - SPLAT(MAGIC);
  result.bits = (I)shifted - (I)SPLAT(MAGIC);
  V r = N(fma)(result.n, SPLAT(-LN2_HIGH), x);
  r = N(fma)(result.n, SPLAT(-LN2_LOW), r);
  result.p = N(fma)(r * r, N(polynomial)(TERMS(N(exp_terms)), r), r);
  return result;
}

// v 2^n, rounded once even where the result is denormal.
INLINE V N(scale)(V v, N(reduced) by) {
#if defined(WITH_AVX512) && REAL_BITS == 32
  return (V)_mm512_scalef_ps((__m512)v, (__m512)by.n);
#elif defined(WITH_AVX512)
  return (V)_mm512_scalef_pd((__m512d)v, (__m512d)by.n);
#else
  // Half the exponent twice: each factor stays normal.
  const I half = by.bits >> 1;
  return v * N(power_of_two)(half) * N(power_of_two)(by.bits - half);
#endif
}

INLINE N(reduced) N(reduce_exp_clamped)(V x) {
  return N(reduce_exp)(N(at_most)(N(at_least)(x, SPLAT(EXP_LOWEST)), SPLAT(EXP_HIGHEST)));
}

// e^x: 0 at -inf, inf from overflow on. Float: 1.1 ulp; double: 1.0 ulp.
INLINE V N(exp)(V x) {
  const N(reduced) e = N(reduce_exp_clamped)(x);
  return N(scale)(e.p + (T)1, e);
}

// e^x - 1 = 2^n p + (2^n - 1), at half size so that 2^n does not overflow before the result does.
// Float: 1.7 ulp; double: 2.0 ulp.
INLINE V N(expm1)(V x) {
  const V inside = N(at_most)(N(at_least)(x, SPLAT(EXPM1_LOWEST)), SPLAT(EXP_HIGHEST));
  const N(reduced) e = N(reduce_exp)(inside);
  const V half = N(power_of_two)(e.bits - ISPLAT(1));
  const V y = N(fma)(half, e.p, half - (T)0.5) * (T)2;
  return IF(N(abs)(x) < SPLAT(SMALLEST_NORMAL), x, y);
}

// tanh |x| = d / (d + 2) with d = expm1(2 |x|). Float: 2.3 ulp; double: 2.6 ulp.
INLINE V N(tanh)(V x) {
  const V twice = N(at_most)(N(abs)(x) * (T)2, SPLAT(TANH_HIGHEST));
  const N(reduced) e = N(reduce_exp)(twice);
  const V s = N(power_of_two)(e.bits);
  const V d = N(fma)(s, e.p, s - (T)1);
  return N(sign_of)(d / (d + (T)2), x);
}

// 2 / (e^x + e^-x), through e^-|x|; the factor 2 comes in before the power of two.
INLINE V N(sech)(V x) {
  const N(reduced) r = N(reduce_exp_clamped)(-N(abs)(x));
  const V e = N(scale)(r.p + (T)1, r);
  return N(scale)((r.p + (T)1) * (T)2, r) / (e * e + (T)1);
}

// 1 / (1 + e^-x), through e^-|x| so that neither side loses accuracy. Float: 2.1 ulp; double: 2.4 ulp.
INLINE V N(sigmoid)(V x) {
  const V e = N(exp)(-N(abs)(x));
  return IF(x < SPLAT(0), e, SPLAT(1)) / (e + (T)1);
}

// x / (1 + e^-x). Below 0 the factor x comes in before the power of two, so that a denormal e^x costs no accuracy.
// At -inf it is the limit, 0. Float: 3.0 ulp; double: 3.1 ulp.
INLINE V N(silu)(V x) {
  const N(reduced) r = N(reduce_exp_clamped)(-N(abs)(x));
  const V e = N(scale)(r.p + (T)1, r);
  return IF(x < SPLAT(0), N(scale)(N(at_least)(x, SPLAT(EXP_LOWEST)) * (r.p + (T)1), r), x) / (e + (T)1);
}
