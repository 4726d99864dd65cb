// Red zones: the address sanitizer knows the blocks of the heap, and is blind between the pieces of one. A build with it can
// forbid what stands between them.
#include "AdjointKernels.h"

#include <stddef.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WATCHED 1
void __asan_poison_memory_region(void const volatile *address, size_t size);
void __asan_unpoison_memory_region(void const volatile *address, size_t size);
#endif
#endif

void ak_forbid(const void *x, long n) {
#ifdef WATCHED
  __asan_poison_memory_region(x, (size_t)n);
#else
  (void)x, (void)n;
#endif
}

void ak_allow(const void *x, long n) {
#ifdef WATCHED
  __asan_unpoison_memory_region(x, (size_t)n);
#else
  (void)x, (void)n;
#endif
}
