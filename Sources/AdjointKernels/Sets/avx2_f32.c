// AVX2 in single precision.
#include "avx2.h"

#define REAL_BITS 32
#include "../Template/All.h"
