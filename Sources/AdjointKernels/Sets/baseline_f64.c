// Baseline in double precision.
#include "baseline.h"

#define REAL_BITS 64
#include "../Template/All.h"
