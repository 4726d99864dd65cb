// Baseline: four floats a vector, no fused multiply-add (SSE2 on x86-64, any machine elsewhere).
#if !defined(__aarch64__)

#define SET baseline
#define VECTOR_BYTES 16
#define FUSED 0
#define GEMM_ROWS 4
#define GEMM_WIDTH 2
#define GEMM_TALL 8
#define GEMM_PACKING 5
#define GEMM_PACKS_LEFT 1

#endif
