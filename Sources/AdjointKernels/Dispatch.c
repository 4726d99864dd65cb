// Dispatch: the tables, and which of them this machine can run, best first.
#include "Entries.h"
#include <stddef.h>
#include <string.h>

#define ENTRY(set, precision, result, name, arguments) .name##_##precision = AK_NAME(name, set, precision),
#define TABLE(set, bytes)                 \
  AK_FUNCTIONS_F32(AK_PROTOTYPE, set)     \
  AK_FUNCTIONS_F64(AK_PROTOTYPE, set)     \
  static const ak_kernels set##_kernels = {     \
      .name = #set, .vector_bytes = bytes, AK_FUNCTIONS_F32(ENTRY, set) AK_FUNCTIONS_F64(ENTRY, set)};

#if defined(__x86_64__)

TABLE(avx512, 64)
TABLE(avx2, 32)
TABLE(baseline, 16)

int ak_available(const ak_kernels *const **tables) {
  static const ak_kernels *const all[] = {&avx512_kernels, &avx2_kernels, &baseline_kernels};
  __builtin_cpu_init();
  // The builtin also asks whether the system saves the wide registers.
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  const int skip = avx512 ? 0 : avx2 ? 1 : 2;
  *tables = all + skip;
  return 3 - skip;
}

#else

#if defined(__aarch64__)
TABLE(neon, 16)
#define ONLY neon_kernels
#else
TABLE(baseline, 16)
#define ONLY baseline_kernels
#endif

int ak_available(const ak_kernels *const **tables) {
  static const ak_kernels *const all[] = {&ONLY};
  *tables = all;
  return 1;
}

#endif

const ak_kernels *ak_kernels_named(const char *name) {
  const ak_kernels *const *tables;
  const int count = ak_available(&tables);
  if (name == NULL) return tables[0];
  for (int i = 0; i < count; i++)
    if (strcmp(tables[i]->name, name) == 0) return tables[i];
  return NULL;
}
