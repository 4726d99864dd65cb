// Baseline in single precision.
#include "baseline.h"

#define REAL_BITS 32
#include "../Template/All.h"
