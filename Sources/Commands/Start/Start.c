#include "AdjointStart.h"

#include <stdlib.h>  // any header of glibc defines __GLIBC__
#include <unistd.h>

// Swift's runtime reads a program's path and words in /proc. Without it, the program ends before its first line, or has no
// words. The path serves to find libraries beside it, of which a static program has none.
#if defined(__linux__) && defined(__GLIBC__)

extern void _swift_stdlib_overrideUnsafeArgvArgc(char **words, int count) __attribute__((weak));

// Before the constructors of the runtime, which have no number.
__attribute__((constructor(101))) static void start(int count, char **words) {
  if (access("/proc/self/maps", R_OK) == 0) return;
  setenv("SWIFT_ROOT", "/", 0);
  if (_swift_stdlib_overrideUnsafeArgvArgc) _swift_stdlib_overrideUnsafeArgvArgc(words, count);
}

#endif
