// Steps: elementwise functions one after the other, each over all elements before the next. Elements of one vector stay in
// registers, and each function of AK_MAPS and AK_ZIPS is a switch or a call away; more elements go through the loops of their own.

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

// What two steps gave last, and where it stands.
typedef struct {
  V value;
  const void *place;
} N(given);

INLINE V N(step_operand)(const T *p, int stride, long n, const N(given) last[2]) {
  if (!stride) return SPLAT(*p);
  if (p == last[0].place) return last[0].value;
  if (p == last[1].place) return last[1].value;
  return N(load_part)(p, n);
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

// Steps over one vector. A step has the last results at hand, and waits for no memory.
static void N(steps_of_one)(const ak_step *steps, long count, long n) {
  N(given) last[2] = {{SPLAT(0), NULL}, {SPLAT(0), NULL}};
  for (const ak_step *s = steps; s < steps + count; s++) {
    // A power that is a product is the loops' to see.
    if (s->kind == AK_STEP_MAP && s->f == AK_POWER) {
      N(step_whole)(s, n);
      last[0].place = last[1].place = NULL;
      continue;
    }
    const V a = N(step_operand)(s->a, s->a_stride, n, last);
    V y;
    switch (s->kind) {
      case AK_STEP_MAP: y = N(vector_functions)[s->f](a, SPLAT(s->p), SPLAT(s->q)); break;
      case AK_STEP_ZIP: y = N(zipped)(s->f, a, N(step_operand)(s->b, s->b_stride, n, last)); break;
      case AK_STEP_SELECT: {
        const V condition = N(step_operand)(s->c, s->c_stride, n, last);
        y = IF(condition != SPLAT(0), a, N(step_operand)(s->b, s->b_stride, n, last));
      }
    }
    N(store_part)(s->y, y, n);
    last[1] = last[0];
    last[0] = (N(given)){y, s->y};
  }
}

void N(steps)(const ak_step *steps, long count, long n) {
  if (n <= 0) return;
  if (n <= LANES) return N(steps_of_one)(steps, count, n);
  for (const ak_step *s = steps; s < steps + count; s++) N(step_whole)(s, n);
}

// Steps over the lanes of slots, whose numbers stand in vectors of their own. What most steps are is a case of one switch.
#define SLOT_LANES (AK_SLOT_BYTES / (long)sizeof(T))
#define LANE_STEP(formula)                                         \
  for (long i = 0; i < SLOT_LANES; i += LANES) {                   \
    const V u = N(load)(a + i), v = N(load)(b + i);                \
    (void)v, N(store)(y + i, formula);                             \
  }                                                                \
  break;
#define LANE_ZIP(constant, name) case AK_##constant: LANE_STEP(N(name)(u, v))

void N(lanes)(const ak_lane_step *steps, long count, void *slots) {
  for (const ak_lane_step *s = steps; s < steps + count; s++) {
    const T *a = (T *)slots + s->a * SLOT_LANES, *b = (T *)slots + s->b * SLOT_LANES;
    T *y = (T *)slots + s->y * SLOT_LANES;
    switch (s->f) {
      AK_ZIPS(LANE_ZIP)
      case AK_ZIP_COUNT + AK_NEGATE: LANE_STEP(-u)
      case AK_ZIP_COUNT + AK_SQUARE: LANE_STEP(u * u)
      default: N(map)((ak_map)(s->f - AK_ZIP_COUNT), 0, 0, a, y, SLOT_LANES);
    }
  }
}
