// Trigonometric: sin and cos.
//
// x = n pi / 2 + r with a three-part pi / 2: with a fused multiply-add each step is exact up to the limit (1e5 in
// float, 1e6 in double). Beyond it, and on machines without the instruction, each lane asks libm.
// Both within 1.6 ulp, float and double.

INLINE V N(each_lane)(T (*f)(T), V x) {
  V y = SPLAT(0);
  for (int i = 0; i < LANES; i++) y[i] = f(x[i]);
  return y;
}

#if FUSED
// sin(x + quarter pi / 2).
INLINE V N(sin_shifted)(V x, INT quarter) {
  const V shifted = N(fma)(x, SPLAT(TWO_OVER_PI), SPLAT(MAGIC));
  const V n = shifted - SPLAT(MAGIC);
  V r = N(fma)(n, SPLAT(-HALF_PI_1), x);
  r = N(fma)(n, SPLAT(-HALF_PI_2), r);
  r = N(fma)(n, SPLAT(-HALF_PI_3), r);
  const V z = r * r;
  const V sine = N(fma)(r * z, N(polynomial)(TERMS(N(sin_terms)), z), r);
  const V cosine = N(fma)(z * z, N(polynomial)(TERMS(N(cos_terms)), z), N(fma)(z, SPLAT(-0.5), SPLAT(1)));
  const I quadrant = (I)shifted + ISPLAT(quarter);
  const V y = IF((quadrant & ISPLAT(1)) != ISPLAT(0), cosine, sine);
  return (V)((I)y ^ ((quadrant & ISPLAT(2)) << (REAL_BITS - 2)));
}
#endif

#if FUSED
#define PATCH_LARGE(f, x, y)                                           \
  const I large = (I)(N(abs)(x) > SPLAT(TRIGONOMETRIC_LIMIT));    \
  if (__builtin_expect(N(any)(large), 0))                              \
    for (int i = 0; i < LANES; i++)                                    \
      if (large[i]) y[i] = f(x[i]);
#endif

INLINE V N(sin)(V x) {
#if FUSED
  V y = N(sin_shifted)(x, 0);
  PATCH_LARGE(LIBM(sin), x, y)
  return IF(x == SPLAT(0), x, y);
#else
  return N(each_lane)(LIBM(sin), x);
#endif
}

INLINE V N(cos)(V x) {
#if FUSED
  V y = N(sin_shifted)(x, 1);
  PATCH_LARGE(LIBM(cos), x, y)
  return y;
#else
  return N(each_lane)(LIBM(cos), x);
#endif
}
