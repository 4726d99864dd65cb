// Counts allocations, retains and releases of a thread.
//
// Allocation: the definitions of the malloc family below take the place of glibc's in any executable that links them, and
// forward to glibc's own under their internal names. Reference counts: the Swift runtime calls its entry points through
// exported function pointers while a switch made for Apple's Instruments is on; counting functions are put in their place,
// and the switch is on between the marks only.

#define _GNU_SOURCE
#include "AllocationHooks.h"

#include <stdlib.h>  // any header of glibc defines __GLIBC__

#if defined(__linux__) && defined(__GLIBC__)

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

static _Thread_local int counting = 0;
static _Thread_local allocation_counts counts;
static int tracing = 0;

static void count(long *counter, const char *name, size_t length) {
  *counter += 1;
  if (!tracing) return;
  counting = 0;  // what follows may allocate
  void *frames[24];
  if (write(STDERR_FILENO, name, length) >= 0) backtrace_symbols_fd(frames, backtrace(frames, 24), STDERR_FILENO);
  counting = 1;
}

#define COUNT(counter, name) \
  if (__builtin_expect(counting, 0)) count(&counts.counter, name "\n", sizeof(name))

// MARK: The malloc family

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

void *malloc(size_t size) {
  COUNT(allocations, "malloc");
  return __libc_malloc(size);
}

void *calloc(size_t n, size_t size) {
  COUNT(allocations, "calloc");
  return __libc_calloc(n, size);
}

void *realloc(void *block, size_t size) {
  COUNT(allocations, "realloc");
  return __libc_realloc(block, size);
}

void *memalign(size_t alignment, size_t size) {
  COUNT(allocations, "memalign");
  return __libc_memalign(alignment, size);
}

void *aligned_alloc(size_t alignment, size_t size) {
  COUNT(allocations, "aligned_alloc");
  return __libc_memalign(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size) {
  COUNT(allocations, "posix_memalign");
  void *result = __libc_memalign(alignment, size);
  if (!result) return ENOMEM;
  *block = result;
  return 0;
}

// MARK: The reference counts

static volatile char *counts_references;

/// The runtime masks a reference before it calls through a pointer, and so turns a short string, which is no object but the
/// characters themselves, into a false address. Most of these lie where no object can.
static int is_object(void *object) { return (uintptr_t)object >> 16 != 0 && (uintptr_t)object >> 47 == 0; }

typedef void *(*retain_function)(void *);
typedef void *(*retain_n_function)(void *, unsigned);
typedef void (*release_function)(void *);
typedef void (*release_n_function)(void *, unsigned);

static retain_function own_retain, own_try_retain;
static retain_n_function own_retain_n;
static release_function own_release;
static release_n_function own_release_n;

static void *counted_retain(void *object) {
  if (!is_object(object)) return object;
  COUNT(retains, "retain");
  return own_retain(object);
}

static void *counted_try_retain(void *object) {
  if (!is_object(object)) return object;
  COUNT(retains, "tryRetain");
  return own_try_retain(object);
}

static void *counted_retain_n(void *object, unsigned n) {
  if (!is_object(object)) return object;
  COUNT(retains, "retain_n");
  return own_retain_n(object, n);
}

static void counted_release(void *object) {
  if (!is_object(object)) return;
  COUNT(releases, "release");
  own_release(object);
}

static void counted_release_n(void *object, unsigned n) {
  if (!is_object(object)) return;
  COUNT(releases, "release_n");
  own_release_n(object, n);
}

/// Replaces the function at an exported pointer, and returns the one that stood there.
static void *replace(const char *name, void *function) {
  void **place = dlsym(RTLD_DEFAULT, name);
  if (!place) return NULL;
  void *own = *place;
  *place = function;
  return own;
}

int allocation_hooks_install(void) {
  counts_references =
      dlsym(RTLD_DEFAULT, "_swift_enableSwizzlingOfAllocationAndRefCountingFunctions_forInstrumentsOnly");
  if (!counts_references) return 0;
  own_retain = (retain_function)replace("_swift_retain", (void *)counted_retain);
  own_try_retain = (retain_function)replace("_swift_tryRetain", (void *)counted_try_retain);
  own_retain_n = (retain_n_function)replace("_swift_retain_n", (void *)counted_retain_n);
  own_release = (release_function)replace("_swift_release", (void *)counted_release);
  own_release_n = (release_n_function)replace("_swift_release_n", (void *)counted_release_n);
  return own_retain && own_try_retain && own_retain_n && own_release && own_release_n;
}

void allocation_hooks_begin(void) {
  counts = (allocation_counts){0, 0, 0};
  counting = 1;
  if (counts_references) *counts_references = 1;
}

allocation_counts allocation_hooks_end(void) {
  if (counts_references) *counts_references = 0;
  counting = 0;
  return counts;
}

void allocation_hooks_trace(int on) {
  void *frames[1];
  backtrace(frames, 1);  // loads what it needs now
  tracing = on;
}

#else

int allocation_hooks_install(void) { return 0; }
void allocation_hooks_begin(void) {}
allocation_counts allocation_hooks_end(void) { return (allocation_counts){0, 0, 0}; }
void allocation_hooks_trace(int on) { (void)on; }

#endif
