// AVX2 with FMA: eight floats a vector, 16 registers.
#if defined(__x86_64__)

#define SET avx2
#define TARGET "avx2,fma"
#define VECTOR_BYTES 32
#define FUSED 1
#define GEMM_ROWS 6
#define GEMM_WIDTH 2
#define GEMM_TALL 8
#define GEMM_PACKING 9
#define GEMM_PACKS_LEFT 1

#endif
