// Every kernel on each instruction set of this machine, at every size from 0 to 67 and some larger ones, on arrays with
// guard pages on both sides, compared with its definition; then the pool and the decompressor. `.ci/sanitize undefined`
// compiles it with all of the C targets, and `.ci/arm64` for another machine.
//
//   GuardPages [plant | wrong]     A planted fault that must end it: a read of one element behind an array, or a kernel
//                                  that is one bit off.
#include "AdjointCompression.h"
#include "AdjointKernels.h"
#include "Guarded.h"
#include <float.h>
#include <tgmath.h>

// A formula's operations round by themselves here, as in the kernels.
#pragma clang fp contract(off)
#pragma clang diagnostic error "-Wswitch"

// Sizes: all up to MOST, then some that end in a second block of sums, columns or rows.
enum { MOST = 67, SIZES = MOST + 5, MOST_ELEMENTS = 131, MOST_ROWS = 2111, MOST_SUMMED = 9001, OTHERS = 6 };
static long size_at(long place) {
  static const long larger[] = {MOST_ELEMENTS, 1031, MOST_ROWS, MOST_SUMMED};
  return place <= MOST ? place : larger[place - MOST - 1];
}
static const long others[OTHERS] = {0, 1, 3, 8, 17, 34};

#define T float
#define W double
#define S f32
#define EPSILON FLT_EPSILON
#define LEAST FLT_TRUE_MIN
#include "Trials.h"
#undef T
#undef W
#undef S
#undef EPSILON
#undef LEAST
#define T double
#define W long double
#define S f64
#define EPSILON DBL_EPSILON
#define LEAST DBL_TRUE_MIN
#include "Trials.h"

static void try_fractions_f32(const ak_kernels *k) {
  for (long n = 0; n <= MOST; n++)
    for (int end = 0; end < 2; end++) {
      at_end = end;
      snprintf(present, sizeof present, "%s fractions of %ld", k->name, n);
      unsigned char *x = array(0, (size_t)n);
      for (long i = 0; i < n; i++) x[i] = (unsigned char)bits();
      float *y = array(1, (size_t)n * sizeof(float));
      k->fractions_f32(x, y, n);
      for (long i = 0; i < n; i++) expect_f32(y[i], (float)x[i] / 255, 0, i);
      check_marks(2);
      trials++;
    }
}

// The last of 31 products, one bit off.
static void one_bit_off(ak_zip f, const float *a, long a_stride, const float *b, long b_stride, float *y, long n) {
  const ak_kernels *const *tables;
  ak_available(&tables);
  tables[0]->zip_f32(f, a, a_stride, b, b_stride, y, n);
  if (f == AK_MULTIPLY && n == 31) y[n - 1] = nextafterf(y[n - 1], 0);
}

#define TRY(set, S, result, name, arguments) try_##name##_##S(set);

static void add_part(void *context, int part, int parts) { ((long *)context)[part] += parts; }

static void try_pool(void) {
  for (int threads = 1; threads < 6; threads++) {
    long sums[8] = {0};
    ak_pool *pool = ak_pool_create(threads);
    for (int i = 0; i < 100; i++) ak_pool_run(pool, add_part, sums);
    for (int part = 0; part < ak_pool_threads(pool); part++)
      if (sums[part] != 100 * ak_pool_threads(pool)) { fprintf(stderr, "a pool of %d lost a part\n", threads); exit(1); }
    ak_pool_destroy(pool);
  }
}

// A member with one stored block, whole and cut at every byte.
static void try_inflate(void) {
  static const unsigned char member[] = {0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 1, 1, 0, 0xFE, 0xFF, 'a',
                                         0x43, 0xBE, 0xB7, 0xE8, 1, 0, 0, 0};
  AdjointInflater *inflater = adjoint_inflater_open("libz.so.1", AdjointDeflateFormatGzip);
  if (!inflater) { printf("skipped: decompression (no zlib)\n"); return; }
  for (size_t length = 0; length <= sizeof member; length++) {
    unsigned char output[4];
    size_t consumed, produced;
    if (adjoint_inflater_reset(inflater) != 0) exit(1);
    const AdjointInflateStatus status =
        adjoint_inflate(inflater, member, length, output, sizeof output, &consumed, &produced);
    if ((status == AdjointInflateStatusMemberEnd) != (length == sizeof member)) {
      fprintf(stderr, "a member cut to %zu bytes: status %d\n", length, status);
      exit(1);
    }
  }
  adjoint_inflater_close(inflater);
}

int main(int count, char **words) {
  make_guards();
  const ak_kernels *const *tables;
  const int sets = ak_available(&tables);
  if (count > 1 && strcmp(words[1], "plant") == 0) {
    at_end = true;
    snprintf(present, sizeof present, "a planted overrun");
    const float *x = array(0, 16 * sizeof(float));
    float y[32];
    tables[0]->map_f32(AK_COPY, 0, 0, x, y, 17);
    return 0;
  }
  if (count > 1 && strcmp(words[1], "wrong") == 0) {
    ak_kernels wrong = *tables[0];
    wrong.zip_f32 = one_bit_off;
    try_zip_f32(&wrong);
    return 0;
  }
  for (int i = 0; i < sets; i++) {
    const long before = trials;
    AK_FUNCTIONS_F32(TRY, tables[i])
    AK_FUNCTIONS_F64(TRY, tables[i])
    printf("%s: %ld trials\n", tables[i]->name, trials - before);
  }
  try_pool();
  try_inflate();
  return 0;
}
