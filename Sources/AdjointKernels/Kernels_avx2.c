// AVX2 with FMA: eight floats a vector, 16 registers.
#if defined(__x86_64__)

#include "AdjointKernels.h"
#include "Workspace.h"
#include <math.h>
#include <stddef.h>

#define VECTOR_BYTES 32
#define FUSED 1
#define GEMM_ROWS 6
#define GEMM_WIDTH 2
#define GEMM_TALL 8
#define GEMM_PACKING 9
#define GEMM_PACKS_LEFT 1

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

#define REAL_BITS 32
#include "Template/All.h"
#undef REAL_BITS

#define REAL_BITS 64
#include "Template/All.h"
#undef REAL_BITS

#pragma clang attribute pop

#include "Template/Table.h"
TABLE(avx2)

#endif
