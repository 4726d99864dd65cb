// Error function: erf, the normal distribution and its density, and the Gaussian error linear unit.
//
// Near 0, erf is an odd polynomial. Elsewhere erfc(z) = e^(-z^2) R(z) with R smooth: (1 + 2 z) R(z) is nearly constant,
// a polynomial in t = (z - 4) / (z + 4) (the change of variable is due to Shepherd and Laframboise, 1981).

// exp(z^2) erfc(z) for z >= 0.
INLINE V N(scaled_erfc)(V z) {
  const V t = (z - (T)4) / (z + (T)4);
  return (N(polynomial)(TERMS(N(erfc_terms)), t) + (T)1) / N(fma)(z, SPLAT(2), SPLAT(1));
}

// factor exp(-scale x^2), the square taken with its rounding error: it would be magnified by the exponent. The factor
// comes in before the power of two, so that a denormal exponential costs no accuracy.
INLINE V N(gaussian)(V x, T scale, V factor) {
  const V square = x * x;
  const N(reduced) r = N(reduce_exp_clamped)(square * -scale);
  const V e = r.p + (T)1;
  const V corrected = N(fma)(e, N(square_error)(x, square) * -scale, e);
  return N(scale)(corrected * factor, r);
}

// erf(x) for |x| < 1.
INLINE V N(erf_near)(V x) { return N(fma)(x, N(polynomial)(TERMS(N(erf_terms)), x * x), x); }

// Float: 1.1 ulp; double: 1.3 ulp.
INLINE V N(erf)(V x) {
  const V z = N(at_most)(N(abs)(x), SPLAT(ERFC_HIGHEST));
  const V far = (T)1 - N(gaussian)(z, (T)1, N(scaled_erfc)(z));
  return IF(z < SPLAT(1), N(erf_near)(x), N(sign_of)(far, x));
}

// e^(-x^2 / 2) / sqrt(2 pi)
INLINE V N(normal_density)(V x) {
  const V z = N(at_most)(N(abs)(x), SPLAT(ERFC_HIGHEST * 1.5));
  return N(gaussian)(z, (T)0.5, SPLAT(INVERSE_ROOT_TWO_PI));
}

// erfc(-x / sqrt 2) / 2: below 0 it keeps its relative accuracy where 1 + erf would cancel.
INLINE V N(normal_distribution)(V x) {
  const V z = N(at_most)(N(abs)(x), SPLAT(ERFC_HIGHEST * 1.5));
  const V tail = N(gaussian)(z, (T)0.5, N(scaled_erfc)(z * SPLAT(SQRT_HALF)) * (T)0.5);
  const V near = N(fma)(N(erf_near)(x * SPLAT(SQRT_HALF)), SPLAT(0.5), SPLAT(0.5));
  return IF(z < SPLAT(0.75), near, IF(x < SPLAT(0), tail, (T)1 - tail));
}

// x/2 erfc(-x / sqrt 2) = x/2 (1 + erf(x / sqrt 2)): below 0 it keeps its relative accuracy where 1 + erf would cancel.
// At -inf it is the limit, 0. Float: 3.8 ulp; double: 5.8 ulp.
INLINE V N(gelu)(V x) {
  const V z = N(at_most)(N(abs)(x), SPLAT(ERFC_HIGHEST * 1.5));
  const V lost = N(gaussian)(z, (T)0.5, N(scaled_erfc)(z * SPLAT(SQRT_HALF)) * (T)0.5 * z);
  const V far = IF(x < SPLAT(0), -lost, x - lost);
  const V near = x * N(fma)(N(erf_near)(x * SPLAT(SQRT_HALF)), SPLAT(0.5), SPLAT(0.5));
  return IF(z < SPLAT(0.75), near, far);
}
