// NEON: four floats a vector, fused multiply-add, 32 registers.
#if defined(__aarch64__)

#define SET neon
#define VECTOR_BYTES 16
#define FUSED 1
#define GEMM_ROWS 8
#define GEMM_WIDTH 3
#define GEMM_TALL 16
#define GEMM_PACKING 9
#define GEMM_PACKS_LEFT 0  // not measured there

#endif
