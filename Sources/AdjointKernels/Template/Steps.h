// Steps: elementwise functions one after the other, each over all elements before the next. Few elements are a vector or some, and
// each function of AK_MAPS and AK_ZIPS a switch or a call away; more go through the loops of their own.

#define MOST_VECTORS 4

#define VECTOR_MAP(constant, name, parameters) \
  static V N(vector_##name)(V v, V pv, V qv) { \
    (void)pv, (void)qv;                        \
    return CALL_##parameters(N(name));         \
  }
AK_MAPS(VECTOR_MAP)
typedef V (*N(vector_function))(V, V, V);
#define VECTOR_ENTRY(constant, name, parameters) [AK_##constant] = N(vector_##name),
static const N(vector_function) N(vector_functions)[AK_MAP_COUNT] = {AK_MAPS(VECTOR_ENTRY)};

#define ZIP_CASE(constant, name) case AK_##constant: return N(name)(a, b);
INLINE V N(zipped)(int f, V a, V b) {
  switch (f) { AK_ZIPS(ZIP_CASE) }
  return a;
}

INLINE V N(step_operand)(const T *p, int stride, long i, long n) {
  return stride ? N(load_part)(p + i, n) : SPLAT(*p);
}

// One step over n elements of a vector, from element i on.
INLINE void N(step_part)(const ak_step *s, long i, long n) {
  const V a = N(step_operand)(s->a, s->a_stride, i, n);
  V y;
  switch (s->kind) {
    case AK_STEP_MAP: y = N(vector_functions)[s->f](a, SPLAT(s->p), SPLAT(s->q)); break;
    case AK_STEP_ZIP: y = N(zipped)(s->f, a, N(step_operand)(s->b, s->b_stride, i, n)); break;
    case AK_STEP_SELECT: {
      const V condition = N(step_operand)(s->c, s->c_stride, i, n), b = N(step_operand)(s->b, s->b_stride, i, n);
      y = IF(condition != SPLAT(0), a, b);
    }
  }
  N(store_part)((T *)s->y + i, y, n);
}

// One step over all n elements.
INLINE void N(step_whole)(const ak_step *s, long n) {
  T *y = s->y;
  switch (s->kind) {
    case AK_STEP_MAP:
      N(map)((ak_map)s->f, (T)s->p, (T)s->q, s->a, y, s->a_stride ? n : 1);
      for (long i = 1; i < n && !s->a_stride; i++) y[i] = y[0];
      break;
    case AK_STEP_ZIP: N(zip)((ak_zip)s->f, s->a, s->a_stride, s->b, s->b_stride, y, n); break;
    case AK_STEP_SELECT: N(select)(s->c, s->c_stride, s->a, s->a_stride, s->b, s->b_stride, y, n); break;
  }
}

void N(steps)(const ak_step *steps, long count, long n) {
  if (n <= 0) return;
  for (const ak_step *s = steps; s < steps + count; s++) {
    // A power that is a product is the loops' to see.
    if (n > MOST_VECTORS * LANES || (s->kind == AK_STEP_MAP && s->f == AK_POWER)) {
      N(step_whole)(s, n);
    } else {
      for (long i = 0; i < n; i += LANES) N(step_part)(s, i, n - i < LANES ? n - i : LANES);
    }
  }
}
