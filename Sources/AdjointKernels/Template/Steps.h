// Steps: elementwise functions one after the other, each over all elements before the next. Elements of one vector or two stay in
// registers, and each function of AK_MAPS and AK_ZIPS is a switch or a call away; more elements go through the loops of their own.

#define VECTOR_MAP(constant, name, parameters)              \
  static void N(vectors_##name)(V *x, long m, V pv, V qv) { \
    (void)pv, (void)qv;                                     \
    V v = x[0];                                             \
    x[0] = CALL_##parameters(N(name));                      \
    if (m == 1) return;                                     \
    v = x[1];                                               \
    x[1] = CALL_##parameters(N(name));                      \
  }
AK_MAPS(VECTOR_MAP)
typedef void (*N(vector_function))(V *, long, V, V);
#define VECTOR_ENTRY(constant, name, parameters) [AK_##constant] = N(vectors_##name),
static const N(vector_function) N(vector_functions)[AK_MAP_COUNT] = {AK_MAPS(VECTOR_ENTRY)};

#define ZIP_CASE(constant, name) \
  case AK_##constant:            \
    a[0] = N(name)(a[0], b[0]);  \
    if (m > 1) a[1] = N(name)(a[1], b[1]); \
    return;
INLINE void N(zipped)(int f, V *a, const V *b, const long m) {
  switch (f) { AK_ZIPS(ZIP_CASE) }
}

// What two steps gave last, and where it stands.
typedef struct {
  V value[2];
  const void *place;
} N(given);

// The elements of an operand: m vectors, the last with n elements.
INLINE void N(step_operand)(V *v, const T *p, int stride, const long m, long n, const N(given) last[2]) {
  if (!stride) {
    v[0] = v[1] = SPLAT(*p);
  } else if (p == last[0].place) {
    v[0] = last[0].value[0], v[1] = last[0].value[1];
  } else if (p == last[1].place) {
    v[0] = last[1].value[0], v[1] = last[1].value[1];
  } else if (m == 1) {
    v[0] = N(load_part)(p, n);
  } else {
    v[0] = N(load)(p), v[1] = N(load_part)(p + LANES, n);
  }
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

// Steps over one vector or two. A step has the last results at hand, and waits for no memory.
INLINE void N(steps_of)(const ak_step *steps, long count, const long m, long n) {
  N(given) last[2] = {{{SPLAT(0), SPLAT(0)}, NULL}, {{SPLAT(0), SPLAT(0)}, NULL}};
  for (const ak_step *s = steps; s < steps + count; s++) {
    // A power that is a product is the loops' to see.
    if (s->kind == AK_STEP_MAP && s->f == AK_POWER) {
      N(step_whole)(s, (m - 1) * LANES + n);
      last[0].place = last[1].place = NULL;
      continue;
    }
    V a[2] = {SPLAT(0), SPLAT(0)}, b[2] = {SPLAT(0), SPLAT(0)};
    N(step_operand)(a, s->a, s->a_stride, m, n, last);
    if (s->kind == AK_STEP_MAP) {
      N(vector_functions)[s->f](a, m, SPLAT(s->p), SPLAT(s->q));
    } else {
      N(step_operand)(b, s->b, s->b_stride, m, n, last);
      if (s->kind == AK_STEP_ZIP) {
        N(zipped)(s->f, a, b, m);
      } else {
        V c[2] = {SPLAT(0), SPLAT(0)};
        N(step_operand)(c, s->c, s->c_stride, m, n, last);
        a[0] = IF(c[0] != SPLAT(0), a[0], b[0]), a[1] = IF(c[1] != SPLAT(0), a[1], b[1]);
      }
    }
    T *y = s->y;
    if (m > 1) N(store)(y, a[0]);
    N(store_part)(y + (m - 1) * LANES, a[m - 1], n);
    last[1] = last[0];
    last[0] = (N(given)){{a[0], a[1]}, y};
  }
}
static void N(steps_of_one)(const ak_step *steps, long count, long n) { N(steps_of)(steps, count, 1, n); }
static void N(steps_of_two)(const ak_step *steps, long count, long n) { N(steps_of)(steps, count, 2, n); }

void N(steps)(const ak_step *steps, long count, long n) {
  if (n <= 0) return;
  if (n <= LANES) return N(steps_of_one)(steps, count, n);
  if (n <= 2 * LANES) return N(steps_of_two)(steps, count, n - LANES);
  for (const ak_step *s = steps; s < steps + count; s++) N(step_whole)(s, n);
}

// Steps over the lanes of slots, whose numbers stand in vectors of their own. What most steps are is a case of one switch.
#define SLOT_LANES (AK_SLOT_BYTES / (long)sizeof(T))
_Static_assert(AK_ZIP_COUNT + AK_MAP_COUNT <= AK_LANE_EITHER, "a function has the number of a choice");
_Static_assert(AK_SLOT_WIDTH * SLOT_LANES < AK_LANE_PICK - AK_LANE_SUM, "a sum has the number of an element");
#define LANE_STEP(formula)                                         \
  _Pragma("clang loop unroll_count(4)")                            \
  for (long i = 0; i < lanes; i += LANES) {                        \
    const V u = N(load)(a + i), v = N(load)(b + i);                \
    (void)v, N(store)(y + i, formula);                             \
  }                                                                \
  break;
#define LANE_ZIP(constant, name) case AK_##constant: LANE_STEP(N(name)(u, v))

// A function of each lane.
INLINE void N(lane_map)(int f, const T *a, T *y, const long lanes) {
  const long m = lanes > LANES ? 2 : 1;
  for (long i = 0; i < lanes; i += m * LANES) {
    V x[2] = {N(load)(a + i), m > 1 ? N(load)(a + i + LANES) : SPLAT(0)};
    N(vector_functions)[f](x, m, SPLAT(0), SPLAT(0));
    N(store)(y + i, x[0]);
    if (m > 1) N(store)(y + i + LANES, x[1]);
  }
}

// What lanes have to do with one another where they are the elements of a value.
INLINE void N(lane_move)(int f, const T *a, const T *b, T *y, const long lanes) {
  if (f >= AK_LANE_INSERT) {
    const T element = b[0];
    for (long i = 0; i < lanes; i += LANES) N(store)(y + i, N(load)(a + i));
    y[f - AK_LANE_INSERT] = element;
  } else {
    const V all = SPLAT(f >= AK_LANE_PICK ? a[f - AK_LANE_PICK] : N(sum)(a, f - AK_LANE_SUM));
    for (long i = 0; i < lanes; i += LANES) N(store)(y + i, all);
  }
}

INLINE void N(lanes_of)(const ak_lane_step *steps, long count, T *slots, const long lanes) {
  for (const ak_lane_step *s = steps; s < steps + count; s++) {
    const T *a = slots + s->a * lanes, *b = slots + s->b * lanes;
    T *y = slots + s->y * lanes;
    switch (s->f) {
      AK_ZIPS(LANE_ZIP)
      case AK_ZIP_COUNT + AK_COPY: LANE_STEP(u)
      case AK_ZIP_COUNT + AK_NEGATE: LANE_STEP(-u)
      case AK_ZIP_COUNT + AK_SQUARE: LANE_STEP(u * u)
      case AK_LANE_EITHER: LANE_STEP((V)((I)u | (I)v))
      default:
        if (s->f < AK_LANE_SUM)
          N(lane_map)(s->f - AK_ZIP_COUNT, a, y, lanes);
        else
          N(lane_move)(s->f, a, b, y, lanes);
    }
  }
}

void N(lanes)(const ak_lane_step *steps, long count, void *slots) { N(lanes_of)(steps, count, slots, SLOT_LANES); }

// Entry t of each value to its slot, in whole vectors: what a part of one has written is read later.
INLINE void N(load_entries)(const ak_slot_place *values, long count, long t, T *slots, const long lanes) {
  for (const ak_slot_place *v = values; v < values + count; v++) {
    const T *x = (const T *)v->place + t * v->count;
    T *slot = slots + v->slot * lanes;
    if (v->count > 1) {
      long i = 0;
      for (; i + LANES <= v->count; i += LANES) N(store)(slot + i, N(load)(x + i));
      if (i < v->count) N(store)(slot + i, N(load_tail)(x + i, v->count - i));
    } else {
      for (long i = 0; i < lanes; i += LANES) N(store)(slot + i, SPLAT(*x));
    }
  }
}
// And from it.
INLINE void N(store_entries)(const ak_slot_place *values, long count, long t, const T *slots, const long lanes) {
  for (const ak_slot_place *v = values; v < values + count; v++) {
    T *y = (T *)v->place + t * v->count;
    const T *slot = slots + v->slot * lanes;
    long i = 0;
    for (; i + LANES <= v->count; i += LANES) N(store)(y + i, N(load)(slot + i));
    if (i < v->count) N(store_tail)(y + i, N(load)(slot + i), v->count - i);
  }
}

INLINE void N(slot_loop_of)(const ak_slot_loop *loop, long steps, bool reversed, const long lanes) {
  T *slots = loop->slots;
  for (long step = 0; step < steps; step++) {
    const long t = reversed ? steps - 1 - step : step;
    N(load_entries)(loop->entries, loop->entry_count, t, slots, lanes);
    N(store_entries)(loop->given, loop->given_count, t, slots, lanes);
    N(lanes_of)(loop->steps, loop->step_count, slots, lanes);
    N(store_entries)(loop->results, loop->result_count, t, slots, lanes);
  }
}
// Apart, so that each has the registers to itself.
#define SLOT_LOOP(width)                                                                                            \
  __attribute__((noinline)) static void N(slot_loop_##width)(const ak_slot_loop *loop, long steps, bool reversed) { \
    N(slot_loop_of)(loop, steps, reversed, width * SLOT_LANES);                                                     \
  }
SLOT_LOOP(1)
SLOT_LOOP(2)
SLOT_LOOP(4)

void N(slot_loop)(const ak_slot_loop *loop, long steps, bool reversed) {
  if (loop->width == 1) return N(slot_loop_1)(loop, steps, reversed);
  if (loop->width == 2) return N(slot_loop_2)(loop, steps, reversed);
  N(slot_loop_4)(loop, steps, reversed);
}
