// AVX-512 in single precision.
#include "avx512.h"

#define REAL_BITS 32
#include "../Template/All.h"
