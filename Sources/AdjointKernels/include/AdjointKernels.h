// AdjointKernels: matrix products and vector loops, instantiated once per instruction set, chosen at run time.
//
// The contract of every function in the table:
// - Results depend on the arguments' values and sizes alone: never on alignment, on the position of an element within an
//   array, or on how a loop is cut into calls (a map or zip over n elements gives the same bits as two calls over its
//   halves). A sum's or product's order of additions is a function of its sizes.
// - Nothing allocates. Nothing traps. n may be 0. x and y may be the same pointer in map and zip (in place); other
//   overlap is not allowed.
// - NaN and infinity go through as IEEE 754 says; minimum and maximum return NaN when either operand is NaN.
#ifndef ADJOINT_KERNELS_H
#define ADJOINT_KERNELS_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// y = f(x). p and q are the parameters of those that have any.
typedef enum {
  AK_COPY,            // x; as an epilogue: none
  AK_NEGATE,          // -x
  AK_EXP,
  AK_EXPM1,
  AK_LOG,
  AK_LOG1P,
  AK_SQRT,
  AK_SQUARE,
  AK_RECIPROCAL,
  AK_ABS,
  AK_SIGN,            // -1, 0, 1 (0 at 0; NaN at NaN)
  AK_STEP,            // 1 where x > 0, else 0
  AK_SIN,
  AK_COS,
  AK_TANH,
  AK_SIGMOID,
  AK_ERF,
  AK_RELU,            // x where x > 0, else 0 (NaN stays NaN)
  AK_GELU,            // x/2 (1 + erf(x/sqrt 2))
  AK_SILU,            // x sigmoid(x)
  AK_SOFTPLUS,        // max(x, 0) + log1p(exp(-|x|))
  AK_LEAKY_RELU,      // x where x > 0, else p x
  AK_ELU,             // x where x > 0, else p expm1(x)
  AK_POWER,           // x to the p
  AK_CLAMP,           // min(max(x, p), q)
  AK_MAP_COUNT
} ak_map;

/// y = f(a, b). Comparisons give 1 or 0.
typedef enum {
  AK_ADD, AK_SUBTRACT, AK_MULTIPLY, AK_DIVIDE, AK_MAXIMUM, AK_MINIMUM,
  AK_LESS, AK_LESS_OR_EQUAL, AK_GREATER, AK_GREATER_OR_EQUAL, AK_EQUAL, AK_NOT_EQUAL,
  AK_ZIP_COUNT
} ak_zip;

typedef enum { AK_SUM, AK_MAX, AK_MIN } ak_reduction;

/// A matrix product with its last pass:  C = f(op(A) op(B) + bias),  or  C = C + op(A) op(B)  when `accumulate`.
///
/// op(A) is [m, k], op(B) is [k, n], C is [m, n], all row-major with the given row strides (in elements, >= columns).
/// transpose_a: A is stored [k, m]. transpose_b: B is stored [n, k] (a linear weight).
/// The product is finished (its k terms summed in an order that depends on m, n, k alone) and rounded before bias (one
/// value a column, or NULL), then f is applied exactly as `map` would: fusing changes no bit.
/// k = 0 gives zeros (before bias and f). accumulate excludes bias and f.
#define AK_GEMM(T)                                                                              \
  struct {                                                                                      \
    bool transpose_a, transpose_b, accumulate;                                                  \
    long m, n, k;                                                                               \
    const T *a; long lda;                                                                       \
    const T *b; long ldb;                                                                       \
    T *c; long ldc;                                                                             \
    const T *bias;                                                                              \
    ak_map f; T p, q;                                                                           \
  }
typedef AK_GEMM(float) ak_gemm_f32;
typedef AK_GEMM(double) ak_gemm_f64;

/// An update rule: theta x, gradient g, and what the rule keeps, s and t.
typedef enum {
  AK_DESCENT,   // x = x - rate g
  AK_MOMENTUM,  // s = decay s + weight g;      x = x - rate s
  AK_NESTEROV,  // s = decay s + g;             x = x - rate (g + decay s)
  AK_SCALED,    // s = decay s + weight (g g);  x = x - rate g / (sqrt s + epsilon)
  AK_ADAM       // s = decay s + weight g;  t = decay2 t + weight2 (g g);
                // x = keep x - rate s / (scale sqrt t + epsilon)
} ak_update_rule;

/// An update of n parameters in one pass. Every operation rounds by itself, so the bits are those of the formula in any
/// language; arrays that a rule does not name are not touched.
#define AK_UPDATE(T)                                                     \
  struct {                                                               \
    ak_update_rule rule;                                                 \
    T rate, decay, weight, decay2, weight2, scale, epsilon, keep;        \
    T *x; const T *g; T *s; T *t;                                        \
    long n;                                                              \
  }
typedef AK_UPDATE(float) ak_update_f32;
typedef AK_UPDATE(double) ak_update_f64;

/// The functions of one instruction set.
///
/// map:          y[i] = f(x[i])
/// zip:          y[i] = f(a[i a_stride], b[i b_stride]); a stride is 1 or 0 (one value for all)
/// select:       y[i] = c[i] != 0 ? a[i] : b[i], strides as in zip
/// add_rows:     y[i, j] = f(x[i, j] + b[j])                              (add-bias with an activation, or AK_COPY)
/// reduce:       the sum, maximum or minimum of n elements (0, -inf, inf for none); NaN wins
/// reduce_rows:  y[j] = the reduction over i of x[i stride + j], for rows x columns elements; stride >= columns
/// softmax, log_softmax: along each of `rows` rows of `columns` elements, shifted by the row's maximum
/// log_sum_exp:  y[i] = log sum_j exp(x[i, j])
/// log_softmax_vjp: x̄[i, j] = g[i, j] - exp(y[i, j]) sum_j g[i, j]
/// gemm, update: see above
/// all_finite:   whether none of n elements is NaN or infinite
/// fma_peak:     runs about `iterations` fused multiply-adds in registers; returns how many floating-point operations
///               (two per multiply-add) that was, to measure the machine against
#define AK_FUNCTIONS(T, S)                                                                                             \
  void (*map_##S)(ak_map f, T p, T q, const T *x, T *y, long n);                                                       \
  void (*zip_##S)(ak_zip f, const T *a, long a_stride, const T *b, long b_stride, T *y, long n);                       \
  void (*select_##S)(const T *c, long c_stride, const T *a, long a_stride, const T *b, long b_stride, T *y, long n);   \
  void (*add_rows_##S)(const T *x, const T *bias, ak_map f, T p, T q, T *y, long rows, long columns);                  \
  T (*reduce_##S)(ak_reduction r, const T *x, long n);                                                                 \
  void (*reduce_rows_##S)(ak_reduction r, const T *x, long stride, T *y, long rows, long columns);                     \
  void (*softmax_##S)(const T *x, T *y, long rows, long columns);                                                      \
  void (*log_softmax_##S)(const T *x, T *y, long rows, long columns);                                                  \
  void (*log_sum_exp_##S)(const T *x, T *y, long rows, long columns);                                                  \
  void (*log_softmax_vjp_##S)(const T *g, const T *y, T *out, long rows, long columns);                                \
  void (*gemm_##S)(const ak_gemm_##S *product);                                                                        \
  void (*update_##S)(const ak_update_##S *job);                                                                        \
  bool (*all_finite_##S)(const T *x, long n);                                                                          \
  double (*fma_peak_##S)(long iterations);

typedef struct {
  const char *name;   // "avx512", "avx2", "baseline" (SSE2 on x86-64), "neon"
  /// y[i] = x[i] / 255, rounded once
  void (*fractions_f32)(const uint8_t *x, float *y, long n);
  AK_FUNCTIONS(float, f32)
  AK_FUNCTIONS(double, f64)
} ak_kernels;

/// The instruction sets compiled in that this machine can run, best first. Returns their number.
int ak_available(const ak_kernels *const **tables);

/// The table of that name, or NULL when this machine has no such instruction set. NULL asks for the best.
const ak_kernels *ak_kernels_named(const char *name);

/// Asks that n bytes come to the second-level cache, all lines at a time. A hint: it waits for nothing and never traps.
static inline void ak_prefetch(const void *x, long n) {
  for (long i = 0; i < n; i += 64) __builtin_prefetch((const char *)x + i, 0, 2);
  if (n > 0) __builtin_prefetch((const char *)x + n - 1, 0, 2);
}

/// Threads that run one body together and wait for each other. The caller runs parts too; nothing is allocated in a run.
/// One caller at a time.
typedef struct ak_pool ak_pool;
ak_pool *ak_pool_create(int threads);
int ak_pool_threads(const ak_pool *pool);
void ak_pool_run(ak_pool *pool, void (*body)(void *context, int part, int parts), void *context);
void ak_pool_destroy(ak_pool *pool);

#ifdef __cplusplus
}
#endif
#endif
