// Trials: every function of a table in one precision, T with the suffix S, on arrays at guards, compared with its
// definition. A function without a trial here does not compile: the list of AdjointKernels.h calls each by its name.

#define JOIN(a, b) JOIN_(a, b)
#define JOIN_(a, b) a##b
#define N(name) JOIN(name##_, S)
#define CALL(name) k->N(name)
#define BEGIN(...)                                                                                      \
  do {                                                                                                  \
    snprintf(present, sizeof present, __VA_ARGS__);                                                     \
    trials++;                                                                                           \
  } while (0)

#include "Definitions.h"

// One array in four has odd ones among them: a sum with NaN is NaN, whatever else it adds.
static T *N(numbers)(int number, long n) {
  static const double odd[] = {0, -0.0, 1, -1, 1e-310, -1e-40, 1e30, -1e30, INFINITY, -INFINITY, NAN};
  T *x = array(number, (size_t)n * sizeof(T));
  const bool plain = bits() % 4 != 0;
  for (long i = 0; i < n; i++)
    x[i] = plain || bits() % 16 != 0 ? (T)((double)(bits() >> 11) * 0x1p-51 - 2) : (T)odd[bits() % 11];
  return x;
}
// Numbers between -2 and 2.
static T *N(plain)(int number, long n) {
  T *x = array(number, (size_t)n * sizeof(T));
  for (long i = 0; i < n; i++) x[i] = (T)((double)(bits() >> 11) * 0x1p-51 - 2);
  return x;
}
static T *N(room)(int number, long n) {
  T *x = array(number, (size_t)n * sizeof(T));
  memset(x, 0x11, (size_t)n * sizeof(T));
  return x;
}

// The same bits at the beginning and at the end of the pages.
static unsigned char N(kept)[2][ARRAY_BYTES];
static void N(done)(const T *y, long n, int arrays_in_use) {
  check_marks(arrays_in_use);
  memcpy(N(kept)[at_end], y, (size_t)n * sizeof(T));
  if (at_end && memcmp(N(kept)[0], N(kept)[1], (size_t)n * sizeof(T)) != 0) {
    fprintf(stderr, "%s: other bits at another address\n", present);
    exit(1);
  }
}

// A loop over both places, from the same numbers.
#define AT_BOTH_ENDS                                     \
  const uint64_t before = state;                         \
  for (int end = 0; end < 2; end++)                      \
    if (at_end = end, state = before, true)

// What is found at the beginning is compared with the definition; what is found at the end has the same bits.
#define EACH(n) for (long i = 0; i < (n) && !at_end; i++)

// Every size up to MOST, then the larger ones up to `last`.
#define FOR_SIZES(n, last) for (long at = 0, n = 0; at < SIZES && (n = size_at(at)) <= (last); at++)

static void N(try_map)(const ak_kernels *k) {
  for (int f = 0; f < AK_MAP_COUNT; f++)
    FOR_SIZES(n, MOST_ELEMENTS) {
      AT_BOTH_ENDS {
        BEGIN("%s map %d of %ld", k->name, f, n);
        T *x = N(numbers)(0, n), *y = N(room)(1, n);
        // Small ones, and some at which exponentials end.
        for (long i = 0; i < n; i++) x[i] *= (T)((double[]){1, 10, 60, 500}[n % 4]);
        CALL(map)((ak_map)f, (T)0.7, (T)2, x, y, n);
        T *own = N(room)(2, n);
        if (n > 0) memcpy(own, x, (size_t)n * sizeof(T));
        CALL(map)((ak_map)f, (T)0.7, (T)2, own, own, n);
        if (n > 0 && memcmp(own, y, (size_t)n * sizeof(T)) != 0) { fprintf(stderr, "%s: other bits in place\n", present); exit(1); }
        EACH(n) N(expect_map)((ak_map)f, (T)0.7, (T)2, x[i], y[i], i);
        N(done)(y, n, 3);
      }
    }
}

static void N(try_zip)(const ak_kernels *k) {
  for (int f = 0; f < AK_ZIP_COUNT; f++)
    for (int strides = 0; strides < 4; strides++)
      FOR_SIZES(n, MOST_ELEMENTS) {
        AT_BOTH_ENDS {
          BEGIN("%s zip %d of %ld, strides %d", k->name, f, n, strides);
          const long as = strides & 1, bs = strides >> 1;
          const T *a = N(numbers)(0, as ? n : 1), *b = N(numbers)(1, bs ? n : 1);
          T *y = N(room)(2, n);
          CALL(zip)((ak_zip)f, a, as, b, bs, y, n);
          EACH(n) N(expect_zip)((ak_zip)f, a[i * as], b[i * bs], y[i], i);
          N(done)(y, n, 3);
        }
      }
}

static void N(try_select)(const ak_kernels *k) {
  for (int strides = 0; strides < 8; strides++)
    FOR_SIZES(n, MOST_ELEMENTS) {
      AT_BOTH_ENDS {
        BEGIN("%s select of %ld, strides %d", k->name, n, strides);
        const long cs = strides & 1, as = strides >> 1 & 1, bs = strides >> 2;
        const T *c = N(numbers)(0, cs ? n : 1), *a = N(numbers)(1, as ? n : 1), *b = N(numbers)(2, bs ? n : 1);
        T *y = N(room)(3, n);
        CALL(select)(c, cs, a, as, b, bs, y, n);
        EACH(n) N(expect)(y[i], c[i * cs] != 0 ? a[i * as] : b[i * bs], 0, i);
        N(done)(y, n, 4);
      }
    }
}

// Each map, zip and select, on what the one before gave, of a whole operand or of one number for all.
static void N(try_steps)(const ak_kernels *k) {
  for (int f = 0; f < AK_MAP_COUNT; f++)
    for (int strides = 0; strides < 8; strides++)
      FOR_SIZES(n, MOST_ELEMENTS) {
        AT_BOTH_ENDS {
          const ak_zip g = (ak_zip)((f + strides) % AK_ZIP_COUNT);
          BEGIN("%s steps %d and %d of %ld, strides %d", k->name, f, g, n, strides);
          const int as = strides & 1, bs = strides >> 1 & 1, cs = strides >> 2;
          const T *a = N(plain)(0, as ? n : 1), *b = N(numbers)(1, bs ? n : 1), *c = N(numbers)(2, cs ? n : 1);
          T *x = N(room)(3, n), *y = N(room)(4, n), *own = N(room)(5, n);
          const ak_step steps[] = {
              {.kind = AK_STEP_MAP, .f = f, .p = 0.7, .q = 2, .a = a, .a_stride = as, .y = x},
              {.kind = AK_STEP_ZIP, .f = (int)g, .a = x, .a_stride = 1, .b = b, .b_stride = bs, .y = y},
              {.kind = AK_STEP_ZIP, .f = AK_SUBTRACT, .a = x, .a_stride = 1, .b = y, .b_stride = 1, .y = y},
              {.kind = AK_STEP_SELECT, .c = c, .c_stride = cs, .a = y, .a_stride = 1, .b = b, .b_stride = bs, .y = y}};
          CALL(steps)(steps, 4, n);
          T one;
          CALL(map)((ak_map)f, (T)0.7, (T)2, a, as ? own : &one, as ? n : 1);
          for (long i = 0; i < n && !as; i++) own[i] = one;
          if (n > 0 && memcmp(own, x, (size_t)n * sizeof(T)) != 0) { fprintf(stderr, "%s: other bits of the map\n", present); exit(1); }
          CALL(zip)(g, x, 1, b, bs, own, n);
          CALL(zip)(AK_SUBTRACT, x, 1, own, 1, own, n);
          CALL(select)(c, cs, own, 1, b, bs, own, n);
          if (n > 0 && memcmp(own, y, (size_t)n * sizeof(T)) != 0) { fprintf(stderr, "%s: other bits\n", present); exit(1); }
          N(done)(y, n, 6);
        }
      }
}

// What a mask leaves of two slots, put together, is what select takes of them.
static void N(choose_lanes)(const ak_kernels *k) {
  enum { A, B, CONDITION, ZERO, IS_ZERO, OF_A, OF_B, CHOSEN, SLOTS };
  const long n = AK_SLOT_BYTES / (long)sizeof(T);
  AT_BOTH_ENDS {
    BEGIN("%s lanes of a choice", k->name);
    T *slots = N(plain)(0, SLOTS * n), *own = N(room)(1, n);
    memset(slots + ZERO * n, 0, (size_t)n * sizeof(T));
    CALL(zip)(AK_LESS, slots + A * n, 1, slots + B * n, 1, slots + CONDITION * n, n);
    CALL(select)(slots + CONDITION * n, 1, slots + A * n, 1, slots + B * n, 1, own, n);
    const ak_lane_step steps[] = {
        {.f = AK_EQUAL, .y = IS_ZERO, .a = CONDITION, .b = ZERO},
        {.f = AK_MASKED, .y = OF_A, .a = A, .b = CONDITION},
        {.f = AK_MASKED, .y = OF_B, .a = B, .b = IS_ZERO},
        {.f = AK_LANE_EITHER, .y = CHOSEN, .a = OF_A, .b = OF_B}};
    CALL(lanes)(steps, 4, slots);
    if (memcmp(own, slots + CHOSEN * n, (size_t)n * sizeof(T)) != 0) { fprintf(stderr, "%s: other bits\n", present); exit(1); }
    N(done)(slots, SLOTS * n, 2);
  }
}

// Each zip and map on slots, and a step that writes where it reads.
static void N(try_lanes)(const ak_kernels *k) {
  const long n = AK_SLOT_BYTES / (long)sizeof(T);
  for (int f = 0; f < AK_ZIP_COUNT + AK_MAP_COUNT; f++) {
    AT_BOTH_ENDS {
      BEGIN("%s lanes %d", k->name, f);
      T *slots = N(plain)(0, 3 * n), *own = N(room)(1, n), *a = N(room)(2, n);
      memcpy(a, slots, (size_t)n * sizeof(T));
      const ak_lane_step steps[] = {{.f = (uint16_t)f, .y = 2, .a = 0, .b = 1}, {.f = AK_SUBTRACT, .y = 0, .a = 2, .b = 0}};
      CALL(lanes)(steps, 2, slots);
      if (f < AK_ZIP_COUNT)
        CALL(zip)((ak_zip)f, a, 1, slots + n, 1, own, n);
      else
        CALL(map)((ak_map)(f - AK_ZIP_COUNT), 0, 0, a, own, n);
      const bool same = memcmp(own, slots + 2 * n, (size_t)n * sizeof(T)) == 0;
      CALL(zip)(AK_SUBTRACT, own, 1, a, 1, own, n);
      if (!same || memcmp(own, slots, (size_t)n * sizeof(T)) != 0) { fprintf(stderr, "%s: other bits\n", present); exit(1); }
      N(done)(slots, 3 * n, 3);
    }
  }
  N(choose_lanes)(k);
}

// A loop that hands on a value of `count` elements, and reads one of them and a single number at each step. Its steps are those of
// zip and reduce, and the elements of a slot that is picked from, and put into.
static void N(try_slot_loop)(const ak_kernels *k) {
  enum { CARRY = 1, ENTRY, NUMBER, PRODUCT, SUM, PICKED, PUT, SLOTS };
  const long narrowest = AK_SLOT_BYTES / (long)sizeof(T), of[] = {0, 1, 2, 5};
  for (int f = 0; f < AK_ZIP_COUNT; f++)
    for (long width = 1; width <= AK_SLOT_WIDTH; width *= 2)
      for (long count = width == 1 ? 2 : width / 2 * narrowest + 1; count <= width * narrowest; count += width)
        for (int way = 0; way < 8; way++) {
          AT_BOTH_ENDS {
            const long lanes = width * narrowest;
            const long steps = of[way / 2], last = count - 1;
            const bool reversed = way % 2;
            BEGIN("%s slot_loop of %ld steps, %ld elements, zip %d", k->name, steps, count, f);
            T *slots = N(plain)(0, SLOTS * lanes), *a = N(plain)(1, steps * count), *b = N(plain)(2, steps);
            T *before = N(room)(3, steps * count), *put = N(room)(4, steps * count), *sums = N(room)(5, steps);
            T carry[AK_SLOT_WIDTH * AK_SLOT_BYTES], product[AK_SLOT_WIDTH * AK_SLOT_BYTES];
            memcpy(carry, slots + CARRY * lanes, (size_t)count * sizeof(T));
            const ak_lane_step code[] = {
                {.f = (uint16_t)f, .y = PRODUCT, .a = CARRY, .b = ENTRY},
                {.f = AK_MULTIPLY, .y = PRODUCT, .a = PRODUCT, .b = NUMBER},
                {.f = (uint16_t)(AK_LANE_SUM + count), .y = SUM, .a = PRODUCT, .b = PRODUCT},
                {.f = (uint16_t)(AK_LANE_PICK + last), .y = PICKED, .a = ENTRY, .b = ENTRY},
                {.f = AK_LANE_INSERT, .y = PUT, .a = PRODUCT, .b = PICKED},
                {.f = AK_ADD, .y = CARRY, .a = CARRY, .b = SUM}};
            const ak_slot_place entries[] = {{a, count, ENTRY}, {b, 1, NUMBER}}, given[] = {{before, count, CARRY}},
                                results[] = {{put, count, PUT}, {sums, 1, SUM}};
            const ak_slot_loop loop = {code, slots, entries, given, results, 6, 2, 1, 2, width};
            CALL(slot_loop)(&loop, steps, reversed);
            for (long step = 0; step < steps; step++) {
              const long t = reversed ? steps - 1 - step : step;
              bool same = memcmp(carry, before + t * count, (size_t)count * sizeof(T)) == 0;
              CALL(zip)((ak_zip)f, carry, 1, a + t * count, 1, product, count);
              CALL(zip)(AK_MULTIPLY, product, 1, b + t, 0, product, count);
              const T sum = CALL(reduce)(AK_SUM, product, count);
              product[0] = a[t * count + last];
              same &= memcmp(product, put + t * count, (size_t)count * sizeof(T)) == 0 && memcmp(&sum, sums + t, sizeof(T)) == 0;
              CALL(zip)(AK_ADD, carry, 1, &sum, 0, carry, count);
              if (!same) { fprintf(stderr, "%s: other bits at %ld\n", present, t); exit(1); }
            }
            if (memcmp(carry, slots + CARRY * lanes, (size_t)count * sizeof(T)) != 0) { fprintf(stderr, "%s: another carry\n", present); exit(1); }
            N(done)(put, steps * count, 6);
          }
        }
}

// What each block gives, and what blocks give together: of one, of all. Which of several NaN a sum is, nobody promises.
static void N(combine_some)(const ak_kernels *k, bool together) {
  const long lanes = k->vector_bytes / (long)sizeof(T), block = AK_BLOCK_DEPTH * lanes;
  for (int r = 0; r <= AK_MIN; r++)
    FOR_SIZES(n, MOST_SUMMED) {
      if (n == 0) continue;
      AT_BOTH_ENDS {
        BEGIN("%s %s %d of %ld", k->name, together ? "combine_blocks" : "reduce_blocks", r, n);
        const long blocks = (n + block - 1) / block, size = together ? n : block;
        const T *x = N(numbers)(0, n);
        T *y = N(room)(1, blocks * lanes), *found = N(room)(2, 1);
        CALL(reduce_blocks)((ak_reduction)r, x, y, n);
        for (long i = 0; i * size < n; i++) {
          CALL(combine_blocks)((ak_reduction)r, y + i * lanes, found, together ? blocks : 1);
          const T whole = CALL(reduce)((ak_reduction)r, x + i * size, n - i * size < size ? n - i * size : size);
          if (memcmp(&whole, found, sizeof(T)) != 0 && !(isnan(whole) && isnan(*found))) { fprintf(stderr, "%s: other bits at %ld\n", present, i); exit(1); }
        }
        N(done)(y, blocks * lanes, 3);
      }
    }
}
static void N(try_reduce_blocks)(const ak_kernels *k) { N(combine_some)(k, false); }
static void N(try_combine_blocks)(const ak_kernels *k) { N(combine_some)(k, true); }

static void N(try_reduce)(const ak_kernels *k) {
  for (int r = 0; r <= AK_MIN; r++)
    FOR_SIZES(n, MOST_SUMMED) {
      AT_BOTH_ENDS {
        BEGIN("%s reduce %d of %ld", k->name, r, n);
        T *x = N(numbers)(0, n);
        // The largest or the smallest, at the end or anywhere.
        if (n > 0) x[bits() % 2 ? n - 1 : (long)(bits() % (uint64_t)n)] = r == AK_MIN ? -3 : 3;
        const T y = CALL(reduce)((ak_reduction)r, x, n);
        EACH(1) N(expect_reduction)((ak_reduction)r, x, 1, n, y, i);
        N(done)(&y, 1, 1);
      }
    }
}

static void N(try_all_finite)(const ak_kernels *k) {
  FOR_SIZES(n, MOST_SUMMED) {
    AT_BOTH_ENDS {
      BEGIN("%s all_finite of %ld", k->name, n);
      T *x = N(numbers)(0, n);
      if (n > 0 && bits() % 2) x[bits() % 2 ? n - 1 : (long)(bits() % (uint64_t)n)] = bits() % 2 ? INFINITY : NAN;
      const T y = CALL(all_finite)(x, n);
      bool finite = true;
      for (long i = 0; i < n; i++) finite &= isfinite(x[i]) != 0;
      EACH(1) N(expect)(y, finite, 0, i);
      N(done)(&y, 1, 1);
    }
  }
}

// Rows and columns: every size in each direction, with a few in the other.
#define FOR_ROWS_AND_COLUMNS                                                               \
  for (int turned = 0; turned < 2; turned++)                                               \
    FOR_SIZES(size, MOST_ROWS)                                                             \
      for (int other = 0; other < (size > MOST ? OTHERS / 2 + 1 : OTHERS); other++)        \
        for (long rows = turned ? size : others[other], columns = turned ? others[other] : size, once = 1; once; once = 0)

static void N(try_add_rows)(const ak_kernels *k) {
  static const ak_map functions[] = {AK_COPY, AK_TANH, AK_RELU, AK_CLAMP};
  FOR_ROWS_AND_COLUMNS for (int f = 0; f < 4; f++) {
    AT_BOTH_ENDS {
      BEGIN("%s add_rows %d of %ld x %ld", k->name, functions[f], rows, columns);
      const T *x = N(numbers)(0, rows * columns), *b = N(numbers)(1, columns);
      T *y = N(room)(2, rows * columns);
      CALL(add_rows)(x, b, functions[f], (T)0.7, (T)2, y, rows, columns);
      EACH(rows * columns) N(expect_map)(functions[f], (T)0.7, (T)2, x[i] + b[i % columns], y[i], i);
      N(done)(y, rows * columns, 3);
    }
  }
}

static void N(try_reduce_rows)(const ak_kernels *k) {
  FOR_ROWS_AND_COLUMNS for (int r = 0; r <= AK_MIN; r++) for (long gap = 0; gap < 4; gap += 3) {
    AT_BOTH_ENDS {
      BEGIN("%s reduce_rows %d of %ld x %ld, gap %ld", k->name, r, rows, columns, gap);
      const long stride = columns + gap;
      const T *x = N(numbers)(0, rows > 0 ? (rows - 1) * stride + columns : 0);
      T *y = N(room)(1, columns);
      CALL(reduce_rows)((ak_reduction)r, x, stride, y, rows, columns);
      EACH(columns) N(expect_reduction)((ak_reduction)r, x + i, stride, rows, y[i], i);
      N(done)(y, columns, 2);
    }
  }
}

static void N(try_squares)(const ak_kernels *k) {
  FOR_SIZES(n, MOST_SUMMED) {
    AT_BOTH_ENDS {
      BEGIN("%s squares of %ld", k->name, n);
      const T *x = N(numbers)(0, n);
      T *y = N(room)(1, 1);
      *y = CALL(squares)(x, (T)0.7, n);
      EACH(1) N(expect_squares)(x, 1, (T)0.7, n, *y, i);
      N(done)(y, 1, 2);
    }
  }
}

static void N(try_square_rows)(const ak_kernels *k) {
  FOR_ROWS_AND_COLUMNS for (long gap = 0; gap < 4; gap += 3) {
    AT_BOTH_ENDS {
      BEGIN("%s square_rows of %ld x %ld, gap %ld", k->name, rows, columns, gap);
      const long stride = columns + gap;
      const T *x = N(numbers)(0, rows > 0 ? (rows - 1) * stride + columns : 0), *centre = N(numbers)(1, columns);
      T *y = N(room)(2, columns);
      CALL(square_rows)(x, stride, centre, y, rows, columns);
      EACH(columns) N(expect_squares)(x + i, stride, centre[i], rows, y[i], i);
      N(done)(y, columns, 3);
    }
  }
}

#define TRY_ROWS(fn, width)                                                 \
  static void N(try_##fn)(const ak_kernels *k) {                              \
    FOR_ROWS_AND_COLUMNS {                                                    \
      AT_BOTH_ENDS {                                                          \
        BEGIN("%s " #fn " of %ld x %ld", k->name, rows, columns);           \
        const T *x = N(numbers)(0, rows * columns);                           \
        T *y = N(room)(1, rows * (width));                                    \
        CALL(fn)(x, y, rows, columns);                                        \
        EACH(rows) N(expect_##fn)(x + i * columns, y + i * (width), columns);  \
        N(done)(y, rows * (width), 2);                                        \
      }                                                                       \
    }                                                                         \
  }
TRY_ROWS(softmax, columns)
TRY_ROWS(log_softmax, columns)
TRY_ROWS(log_sum_exp, 1)

static void N(try_log_softmax_vjp)(const ak_kernels *k) {
  FOR_ROWS_AND_COLUMNS {
    AT_BOTH_ENDS {
      BEGIN("%s log_softmax_vjp of %ld x %ld", k->name, rows, columns);
      const T *g = N(numbers)(0, rows * columns), *y = N(numbers)(1, rows * columns);
      T *out = N(room)(2, rows * columns);
      CALL(log_softmax_vjp)(g, y, out, rows, columns);
      EACH(rows) N(expect_log_softmax_vjp)(g + i * columns, y + i * columns, out + i * columns, columns);
      N(done)(out, rows * columns, 3);
    }
  }
}

static void N(try_gelu_vjp)(const ak_kernels *k) {
  FOR_SIZES(n, MOST_ELEMENTS) {
    AT_BOTH_ENDS {
      BEGIN("%s gelu_vjp of %ld", k->name, n);
      const T *g = N(numbers)(0, n);
      T *x = N(numbers)(1, n), *out = N(room)(2, n), *slope = N(room)(3, n), *density = N(room)(4, n);
      // Small ones, and some at which the density ends.
      for (long i = 0; i < n; i++) x[i] *= (T)((double[]){1, 3, 10, 60}[n % 4]);
      CALL(gelu_vjp)(g, x, out, n);
      // The same bits as the operations of the rule apart.
      CALL(map)(AK_NORMAL_DENSITY, 0, 0, x, density, n);
      CALL(zip)(AK_MULTIPLY, x, 1, density, 1, slope, n);
      CALL(zip)(AK_MASKED, slope, 1, density, 1, slope, n);
      CALL(map)(AK_NORMAL_DISTRIBUTION, 0, 0, x, density, n);
      CALL(zip)(AK_ADD, density, 1, slope, 1, slope, n);
      CALL(zip)(AK_MULTIPLY, g, 1, slope, 1, slope, n);
      EACH(n) N(expect)(out[i], slope[i], 0, i);
      N(done)(out, n, 5);
    }
  }
}

static T N(before)[ARRAY_BYTES / sizeof(T)];
static void N(try_product)(const ak_kernels *k, long m, long n, long depth, int kind, long gap) {
  AT_BOTH_ENDS {
    BEGIN("%s gemm %ld x %ld x %ld, kind %d, gap %ld", k->name, m, n, depth, kind, gap);
    const bool ta = kind & 1, tb = kind & 2, accumulate = kind & 4, with_bias = !accumulate && (m + n) % 2;
    const long lda = (ta ? m : depth) + gap, ldb = (tb ? depth : n) + gap, ldc = n + gap;
    const long a_rows = ta ? depth : m, b_rows = tb ? n : depth;
    const T *a = N(numbers)(0, a_rows > 0 ? (a_rows - 1) * lda + lda - gap : 0);
    const T *b = N(numbers)(1, b_rows > 0 ? (b_rows - 1) * ldb + ldb - gap : 0);
    const long count = m > 0 ? (m - 1) * ldc + n : 0;
    T *c = N(numbers)(2, count);
    const T *bias = N(numbers)(3, n);
    const N(ak_gemm) product = {
        .transpose_a = ta, .transpose_b = tb, .accumulate = accumulate, .m = m, .n = n, .k = depth, .a = a, .lda = lda,
        .b = b, .ldb = ldb, .c = c, .ldc = ldc, .bias = with_bias ? bias : NULL,
        .f = !accumulate && n % 3 == 0 ? AK_RELU : AK_COPY, .p = (T)0.7, .q = (T)2};
    memcpy(N(before), c, (size_t)count * sizeof(T));
    CALL(gemm)(&product);
    // The last element, and of a large product so many that they stand in every row and column of a tile.
    const long step = m * n / 64 + 1;
    for (long e = m * n - 1; e >= 0 && !at_end; e -= step)
      N(expect_product)(&product, e / n, e % n, N(before)[e / n * ldc + e % n], c[e / n * ldc + e % n]);
    N(done)(c, count, 4);
  }
}

static void N(try_gemm)(const ak_kernels *k) {
  for (int axis = 0; axis < 3; axis++)
    for (long size = 0; size <= MOST; size++)
      for (int i = 0; i < OTHERS; i++)
        for (int j = 0; j < OTHERS; j++)
          for (int kind = 0; kind < 8; kind++) {
            long sizes[3] = {others[i], others[i], others[i]};
            sizes[axis] = size;
            sizes[(axis + 1) % 3] = others[j];
            N(try_product)(k, sizes[0], sizes[1], sizes[2], kind, (size + i + j) % 2 * 3);
          }
  // Several blocks of each kind, rows a page apart, and what is packed, turned or added aside.
  static const long large[][3] = {{70, 330, 230}, {340, 40, 215}, {40, 512, 20}, {21, 427, 419}, {1100, 9, 64},
                                  {347, 139, 215}, {512, 264, 130}, {1, 500, 417}, {500, 1, 417}};
  for (size_t i = 0; i < sizeof large / sizeof *large; i++)
    for (int kind = 0; kind < 8; kind++)
      N(try_product)(k, large[i][0], large[i][1], large[i][2], kind, (long)i % 2 * 3);
}

static void N(try_outer_products)(const ak_kernels *k) {
  FOR_ROWS_AND_COLUMNS for (long count = 1; count < 3; count++) {
    AT_BOTH_ENDS {
      BEGIN("%s %ld outer products of %ld x %ld", k->name, count, rows, columns);
      const void *a[2], *b[2];
      for (int t = 0; t < count; t++) a[t] = N(numbers)(2 * t, rows), b[t] = N(numbers)(2 * t + 1, columns);
      T *y = N(room)(2 * (int)count, rows * columns);
      for (int part = 0; part < 2; part++) {
        const ak_outer_products sum = {.a = a, .b = b, .count = count, .columns = columns,
                                       .first = rows * part / 2, .end = rows * (part + 1) / 2, .y = y};
        CALL(outer_products)(&sum);
      }
      EACH(rows * columns) {
        T value = 0;
        for (int t = 0; t < count; t++)
          value = value + ((const T *)a[t])[i / columns] * ((const T *)b[t])[i % columns];
        N(expect)(y[i], value, 0, i);
      }
      N(done)(y, rows * columns, 2 * (int)count + 1);
    }
  }
}

// Symmetric parts that are positive definite, and of every third matrix one that is not.
static void N(try_factors)(const ak_kernels *k, long n, long count) {
  AT_BOTH_ENDS {
    BEGIN("%s cholesky of %ld of %ld", k->name, count, n);
    T *a = N(plain)(0, n * n * count);
    for (long m = 0; m < count; m++)
      for (long i = 0; i < n; i++) a[(m * n + i) * n + i] += m % 3 == 1 && i == n - 1 ? (T)-4 * n : (T)4 * n;
    T *y = N(room)(1, n * n * count);
    CALL(cholesky)(a, y, n, count);
    EACH(count) N(expect_factor)(a + i * n * n, y + i * n * n, n, i % 3 == 1);
    N(done)(y, n * n * count, 2);
  }
}

static void N(try_cholesky)(const ak_kernels *k) {
  for (long n = 0; n <= 20; n++)
    for (long count = 0; count <= 18; count += n % 2 + 1) N(try_factors)(k, n, count);
  static const long large[] = {31, 32, 33, 47, 48, 64, 65, 97, 129};
  for (size_t i = 0; i < sizeof large / sizeof *large; i++) N(try_factors)(k, large[i], 1);
}

static void N(try_system)(const ak_kernels *k, int kind, long n, long columns, long gap, long count) {
  AT_BOTH_ENDS {
    BEGIN("%s solve_triangular of %ld of %ld x %ld, kind %d, gap %ld", k->name, count, n, columns, kind, gap);
    const bool upper = kind & 1, transposed = kind & 2, unit = kind & 4;
    const long ldt = n + gap, ldx = columns + gap, rows = n * count;
    T *t = N(plain)(0, rows > 0 ? rows * ldt - gap : 0), *x = N(plain)(1, rows > 0 ? rows * ldx - gap : 0);
    for (long r = 0; r < rows; r++)
      for (long j = 0; j < n; j++) {
        T *const e = t + r * ldt + j;
        const long i = r % n;
        *e = i == j ? (unit ? (T)NAN : 2 + *e * *e) : (j > i) == upper ? *e / (T)(4 * n) : (T)NAN;
      }
    if (rows > 0) memcpy(N(before), x, (size_t)(rows * ldx - gap) * sizeof(T));
    CALL(solve_triangular)(upper, transposed, unit, t, ldt, x, ldx, n, columns, count);
    EACH(count) N(expect_solved)(kind, t + i * n * ldt, ldt, x + i * n * ldx, N(before) + i * n * ldx, ldx, n, columns);
    N(done)(x, rows > 0 ? rows * ldx - gap : 0, 2);
  }
}

static void N(try_solve_triangular)(const ak_kernels *k) {
  static const long widths[] = {0, 1, 2, 7, 8, 15, 16, 17, 33, 70};
  for (int kind = 0; kind < 8; kind++)
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
      for (long n = 0; n <= 18; n++) N(try_system)(k, kind, n, widths[w], n % 3 == 2 ? 3 : 0, n % 2 ? 9 : 17);
      static const long large[] = {31, 32, 33, 64, 65, 97};
      for (size_t i = 0; i < sizeof large / sizeof *large; i++)
        N(try_system)(k, kind, large[i], widths[w], (long)i % 2 * 3, 1);
    }
}

static void N(try_systems)(const ak_kernels *k, bool transposed, long n, long columns, long count) {
  AT_BOTH_ENDS {
    BEGIN("%s solve_small_systems of %ld of %ld x %ld, %d", k->name, count, n, columns, transposed);
    T *a = N(plain)(0, n * n * count), *b = N(plain)(1, n * columns * count), *x = N(room)(2, n * columns * count);
    for (long m = 0; m < count; m++)
      // Some need their pivots from the first row on.
      for (long i = 0; i < n; i++) a[(m * n + i) * n + (m % 2 ? i : n - 1 - i)] += (T)4 * n;
    CALL(solve_small_systems)(transposed, a, b, x, n, columns, count);
    EACH(count)
      N(expect_system)(transposed, a + i * n * n, x + i * n * columns, b + i * n * columns, n, columns);
    N(done)(x, n * columns * count, 3);
  }
}

static void N(try_solve_small_systems)(const ak_kernels *k) {
  for (int transposed = 0; transposed < 2; transposed++)
    for (long n = 0; n <= AK_SMALL_EXTENT; n++)
      for (long columns = 0; columns <= AK_SMALL_EXTENT; columns += n % 3 + 1)
        N(try_systems)(k, transposed, n, columns, (n + columns) % 2 ? 9 : 17);
}

static void N(try_update)(const ak_kernels *k) {
#define KEPT(constant, name, arrays) arrays,
  static const int kept[] = {AK_UPDATE_RULES(KEPT)};
#undef KEPT
  for (int rule = 0; rule < (int)(sizeof kept / sizeof *kept); rule++)
    FOR_SIZES(n, MOST_ELEMENTS) {
      AT_BOTH_ENDS {
        BEGIN("%s update %d of %ld", k->name, rule, n);
        T *x = N(numbers)(0, n);
        const T *g = N(numbers)(1, n);
        T *s = N(numbers)(2, kept[rule] > 0 ? n : 0), *t = N(numbers)(3, kept[rule] > 1 ? n : 0);
        const N(ak_update) job = {
            .rule = (ak_update_rule)rule, .rate = (T)0.1, .decay = (T)0.9, .weight = (T)0.1, .decay2 = (T)0.99,
            .weight2 = (T)0.01, .epsilon = (T)1e-8, .keep = 1, .x = x, .g = g,
            .s = kept[rule] > 0 ? s : NULL, .t = kept[rule] > 1 ? t : NULL, .n = n};
        T *const kept_before[] = {N(before), N(before) + MOST_ELEMENTS, N(before) + 2 * MOST_ELEMENTS};
        for (int a = 0; a < 3; a++)
          for (long i = 0; i < n; i++) kept_before[a][i] = a == 0 ? x[i] : a > kept[rule] ? 0 : a == 1 ? s[i] : t[i];
        CALL(update)(&job);
        EACH(n) N(expect_update)(&job, kept_before[0][i], kept_before[1][i], kept_before[2][i], i);
        N(done)(x, n, 4);
      }
    }
}

static void N(try_fma_peak)(const ak_kernels *k) {
  at_end = false;
  for (long n = 0; n <= MOST; n++) {
    BEGIN("%s fma_peak of %ld", k->name, n);
    N(expect)(CALL(fma_peak)(n) >= 2.0 * (double)n, 1, 0, n);
  }
}

#include "Windows.h"

#undef JOIN
#undef JOIN_
#undef N
#undef CALL
#undef BEGIN
#undef AT_BOTH_ENDS
#undef FOR_ROWS_AND_COLUMNS
#undef TRY_ROWS
#undef EACH
#undef FOR_SIZES
