#pragma once

/// What one thread has asked of the heap and of the reference counts between two marks.
typedef struct {
  long allocations;
  long retains;
  long releases;
} allocation_counts;

/// Puts the counters in place. Returns 0 where that is not possible: on a system other than Linux with glibc, or where the
/// Swift runtime is linked statically.
int allocation_hooks_install(void);

/// Begins to count on this thread, from zero.
void allocation_hooks_begin(void);

/// Ends counting on this thread and returns what was counted.
allocation_counts allocation_hooks_end(void);

/// Whether each counted event prints its stack to standard error.
void allocation_hooks_trace(int on);
