// Baseline: four floats a vector, no fused multiply-add (SSE2 on x86-64, any machine elsewhere).
#if !defined(__aarch64__)

#include "AdjointKernels.h"
#include "Workspace.h"
#include <math.h>
#include <stddef.h>

#define VECTOR_BYTES 16
#define FUSED 0
#define GEMM_ROWS 4
#define GEMM_WIDTH 2
#define GEMM_TALL 8
#define GEMM_PACKING 5
#define GEMM_PACKS_LEFT 1

#define REAL_BITS 32
#include "Template/All.h"
#undef REAL_BITS

#define REAL_BITS 64
#include "Template/All.h"
#undef REAL_BITS

#include "Template/Table.h"
TABLE(baseline)

#endif
