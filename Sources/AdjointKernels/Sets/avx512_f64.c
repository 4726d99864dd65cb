// AVX-512 in double precision.
#include "avx512.h"

#define REAL_BITS 64
#include "../Template/All.h"
