// AVX2 in double precision.
#include "avx2.h"

#define REAL_BITS 64
#include "../Template/All.h"
