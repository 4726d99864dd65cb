// AVX-512: sixteen floats a vector, masked loads and stores, 32 registers.
#if defined(__x86_64__)

#include <immintrin.h>

#define SET avx512
#define TARGET "avx512f,avx512bw,avx512dq,avx512vl,fma"
#define VECTOR_BYTES 64
#define FUSED 1
#define WITH_AVX512 1
#define GEMM_ROWS 8
#define GEMM_WIDTH 3
#define GEMM_TALL 16
#define GEMM_PACKING 5
#define GEMM_PACKS_LEFT 0

#endif
