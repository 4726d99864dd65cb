// Logarithm: log, log1p and softplus.
//
// u = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2). With s = f / (2 + f), log(1 + f) = 2 atanh(s), arranged so
// that the leading terms f - f^2 / 2 carry no error of the division.

// log(u) + correction / u for u > 0, normal or infinite, where shift is a power of two already taken out of u.
INLINE V N(log_parts)(V u, V correction, V shift) {
  const I offset = (I)u - (I)SPLAT(SQRT_HALF);
  const I exponent = offset >> MANTISSA_BITS;
  const V f = (V)((I)u - (exponent << MANTISSA_BITS)) - (T)1;
  const V k = __builtin_convertvector(exponent, V) + shift;
  const V s = f / (f + (T)2), z = s * s;
  const V half_square = f * f * (T)0.5;
  const V tail = z * N(polynomial)(TERMS(N(log_terms)), z);
  const V low = N(fma)(k, SPLAT(LN2_LOW), correction);
  const V inner = half_square - N(fma)(s, half_square + tail, low);
  return N(fma)(k, SPLAT(LN2_HIGH), f - inner);
}

// Float: 0.9 ulp; double: 0.9 ulp. -inf at 0, NaN below.
INLINE V N(log)(V x) {
  const I small = (I)(x < SPLAT(SMALLEST_NORMAL));
  const T lift = (T)((INT)1 << (MANTISSA_BITS + 2));
  const V u = IF(small, x * lift, x);
  V y = N(log_parts)(u, SPLAT(0), IF(small, SPLAT(-(MANTISSA_BITS + 2)), SPLAT(0)));
  y = IF(x == SPLAT(0), SPLAT(-__builtin_inf()), y);
  y = IF(x < SPLAT(0), SPLAT(__builtin_nan("")), y);
  // Infinity and NaN go through.
  return IF(x < SPLAT(__builtin_inf()), y, x);
}

// log(1 + x): the rounding error of u = 1 + x comes back in as c / u. Float: 0.8 ulp; double: 0.9 ulp.
INLINE V N(log1p)(V x) {
  const V u = x + (T)1;
  const V c = IF(x < SPLAT(1), x - (u - (T)1), (T)1 - (u - x));
  V y = N(log_parts)(u, c / u, SPLAT(0));
  y = IF(N(abs)(x) < SPLAT(SMALLEST_NORMAL), x, y);
  y = IF(x == SPLAT(-1), SPLAT(-__builtin_inf()), y);
  y = IF(x < SPLAT(-1), SPLAT(__builtin_nan("")), y);
  return IF(x < SPLAT(__builtin_inf()), y, x);
}

// max(x, 0) + log1p(e^-|x|). Float: 1.6 ulp; double: 1.8 ulp.
INLINE V N(softplus)(V x) {
  const V e = N(exp)(-N(abs)(x));
  return N(log1p)(e) + IF(x <= SPLAT(0), SPLAT(0), x);
}
