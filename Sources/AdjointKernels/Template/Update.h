// Update: one optimiser's update of n parameters in one pass, and the test that comes before it.

typedef JOIN(ak_update_, PRECISION) N(update_job);

INLINE void N(rule_descent)(N(update_job) c, V *x, V g, V *s, V *t) { *x = *x - c.rate * g; }

INLINE void N(rule_momentum)(N(update_job) c, V *x, V g, V *s, V *t) {
  *s = c.decay * *s + c.weight * g;
  *x = *x - c.rate * *s;
}

INLINE void N(rule_nesterov)(N(update_job) c, V *x, V g, V *s, V *t) {
  *s = c.decay * *s + g;
  *x = *x - c.rate * (g + c.decay * *s);
}

INLINE void N(rule_scaled)(N(update_job) c, V *x, V g, V *s, V *t) {
  *s = c.decay * *s + c.weight * (g * g);
  *x = *x - c.rate * g / (N(sqrt)(*s) + c.epsilon);
}

INLINE void N(rule_adam)(N(update_job) c, V *x, V g, V *s, V *t) {
  *s = c.decay * *s + c.weight * g;
  *t = c.decay2 * *t + c.weight2 * (g * g);
  *x = c.keep * *x - c.rate * *s / (N(sqrt)(*t) + c.epsilon);
}

// The job is copied, so that no store can be taken for a change of its coefficients.
#define UPDATE_LOOP(constant, name, states)                              \
  static void N(update_##name)(const N(update_job) *job) {               \
    const N(update_job) c = *job;                                        \
    const long whole = c.n - c.n % LANES, rest = c.n - whole;            \
    for (long i = 0; i < whole; i += LANES) {                            \
      V x = N(load)(c.x + i), s = SPLAT(0), t = SPLAT(0);                \
      if (states > 0) s = N(load)(c.s + i);                              \
      if (states > 1) t = N(load)(c.t + i);                              \
      N(rule_##name)(c, &x, N(load)(c.g + i), &s, &t);                   \
      N(store)(c.x + i, x);                                              \
      if (states > 0) N(store)(c.s + i, s);                              \
      if (states > 1) N(store)(c.t + i, t);                              \
    }                                                                    \
    if (rest > 0) {                                                      \
      V x = N(load_tail)(c.x + whole, rest), s = SPLAT(0), t = SPLAT(0); \
      if (states > 0) s = N(load_tail)(c.s + whole, rest);               \
      if (states > 1) t = N(load_tail)(c.t + whole, rest);               \
      N(rule_##name)(c, &x, N(load_tail)(c.g + whole, rest), &s, &t);    \
      N(store_tail)(c.x + whole, x, rest);                               \
      if (states > 0) N(store_tail)(c.s + whole, s, rest);               \
      if (states > 1) N(store_tail)(c.t + whole, t, rest);               \
    }                                                                    \
  }

AK_UPDATE_RULES(UPDATE_LOOP)

#define UPDATE_CASE(constant, name, states) case AK_##constant: return N(update_##name)(job);
void N(update)(const N(update_job) *job) {
  switch (job->rule) { AK_UPDATE_RULES(UPDATE_CASE) }
}

// 0 x is 0 for a finite x and NaN for any other, and a sum with one NaN is NaN.
bool N(all_finite)(const T *x, long n) {
  const long whole = n - n % (4 * LANES);
  V sums[4] = {SPLAT(0), SPLAT(0), SPLAT(0), SPLAT(0)};
  for (long i = 0; i < whole; i += 4 * LANES) {
    for (int part = 0; part < 4; part++) sums[part] += N(load)(x + i + part * LANES) * SPLAT(0);
  }
  for (long i = whole; i < n; i += LANES) {
    const long rest = n - i;
    sums[0] += (rest < LANES ? N(load_tail)(x + i, rest) : N(load)(x + i)) * SPLAT(0);
  }
  const V sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  return !N(any)((I)(sum != sum));
}

bool N(only_zeros)(const T *x, long stride, long rows, long columns) {
  for (long i = 0; i < rows; i++, x += stride) {
    I found = ISPLAT(0);
    long j = 0;
    for (; j + LANES <= columns; j += LANES) found |= (I)(N(load)(x + j) != SPLAT(0));
    if (j < columns) found |= (I)(N(load_tail)(x + j, columns - j) != SPLAT(0));
    if (N(any)(found)) return false;
  }
  return true;
}

bool N(has_minus_zero)(const T *x, long stride, long rows, long columns) {
  const I minus_zero = ISPLAT((UINT)1 << (REAL_BITS - 1));
  I found = ISPLAT(0);
  for (long i = 0; i < rows; i++, x += stride) {
    long j = 0;
    for (; j + LANES <= columns; j += LANES) found |= (I)N(load)(x + j) == minus_zero;
    if (j < columns) found |= (I)N(load_tail)(x + j, columns - j) == minus_zero;
  }
  return N(any)(found);
}
