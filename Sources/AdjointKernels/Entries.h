// Entries: the functions of the tables, each defined in the unit of its instruction set and precision.
#ifndef AK_ENTRIES_H
#define AK_ENTRIES_H

#include "AdjointKernels.h"

// Every symbol carries both: a symbol that two sets share would be linked for one, and trap on the other's machines.
#define AK_NAME(name, set, precision) ak_##name##_##set##_##precision
#define AK_PROTOTYPE(set, precision, result, name, arguments) \
  __attribute__((visibility("hidden"))) result AK_NAME(name, set, precision) arguments;

#endif
