// Dispatch: which instruction sets this machine has, best first.
#include "AdjointKernels.h"
#include "Workspace.h"
#include <stddef.h>
#include <string.h>

_Thread_local ak_workspace_t ak_workspace;

#if defined(__x86_64__)

extern const ak_kernels ak_kernels_avx512, ak_kernels_avx2, ak_kernels_baseline;

int ak_available(const ak_kernels *const **tables) {
  static const ak_kernels *const all[] = {&ak_kernels_avx512, &ak_kernels_avx2, &ak_kernels_baseline};
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
#define ONLY ak_kernels_neon
#else
#define ONLY ak_kernels_baseline
#endif
extern const ak_kernels ONLY;

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
