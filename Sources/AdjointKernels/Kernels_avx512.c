// AVX-512: sixteen floats a vector, masked loads and stores, 32 registers.
#if defined(__x86_64__)

#include "AdjointKernels.h"
#include "Workspace.h"
#include <math.h>
#include <stddef.h>
#include <immintrin.h>

#define VECTOR_BYTES 64
#define FUSED 1
#define WITH_AVX512 1
#define GEMM_ROWS 8
#define GEMM_WIDTH 3
#define GEMM_TALL 16
#define GEMM_PACKING 5
#define GEMM_PACKS_LEFT 0

#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,fma"))), apply_to = function)

#define REAL_BITS 32
#include "Template/All.h"
#undef REAL_BITS

#define REAL_BITS 64
#include "Template/All.h"
#undef REAL_BITS

#pragma clang attribute pop

#include "Template/Table.h"
TABLE(avx512)

#endif
