// Every kernel on each instruction set of this machine, at every size from 0 to 67, on arrays with guard pages on both sides;
// then the pool and the decompressor. `.ci/sanitize undefined` compiles it with all of the C targets.
//
//   GuardPages [plant]     plant: reads one element behind an array, which must end it
#include "AdjointCompression.h"
#include "AdjointKernels.h"
#include "Guarded.h"

enum { MOST = 67, OTHERS = 6 };
static const long others[OTHERS] = {0, 1, 3, 8, 17, 34};

#define T float
#define S f32
#include "Trials.h"
#undef T
#undef S
#define T double
#define S f64
#include "Trials.h"
#undef T
#undef S

static void try_fractions_f32(const ak_kernels *k) {
  for (long n = 0; n <= MOST; n++)
    for (int end = 0; end < 2; end++) {
      at_end = end;
      snprintf(present, sizeof present, "%s fractions of %ld", k->name, n);
      unsigned char *x = array(0, (size_t)n);
      for (long i = 0; i < n; i++) x[i] = (unsigned char)bits();
      k->fractions_f32(x, array(1, (size_t)n * sizeof(float)), n);
      check_marks(2);
      trials++;
    }
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
  AdjointInflater *inflater = adjoint_inflater_open("libz.so.1");
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
