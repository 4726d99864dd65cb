// AdjointKernels: matrix products and vector loops, instantiated once per instruction set, chosen at run time.
//
// The contract of every function in the table:
// - Results depend on the arguments' values and sizes alone: never on alignment, on the position of an element within
//   an array, or on how a loop is cut into calls (a map or zip over n elements gives the same bits as two calls over
//   its halves). A sum's or product's order of additions is a function of its sizes.
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

// Functions are listed once, in macros whose argument F makes something of each line: a constant, a loop, an entry.
//
// To add an elementwise function, add its line to AK_MAPS or AK_ZIPS and its formula to a file in Template/, as
// V N(name)(V x) with a V behind x for each parameter that the line counts, or V N(name)(V a, V b).
#define AK_CONSTANT(constant, ...) AK_##constant,

/// y = f(x): constant, vector function, and how many of the parameters p and q it has.
#define AK_MAPS(F)                                                          \
  F(COPY, copy, 0)              /* x; as an epilogue: none */               \
  F(NEGATE, negate, 0)          /* -x */                                    \
  F(EXP, exp, 0)                                                            \
  F(EXPM1, expm1, 0)                                                        \
  F(LOG, log, 0)                                                            \
  F(LOG1P, log1p, 0)                                                        \
  F(SQRT, sqrt, 0)                                                          \
  F(SQUARE, square, 0)                                                      \
  F(RECIPROCAL, reciprocal, 0)                                              \
  F(ABS, abs, 0)                                                            \
  F(SIGN, sign, 0)              /* -1, 0, 1 (0 at 0; NaN at NaN) */         \
  F(STEP, step, 0)              /* 1 where x > 0, else 0 */                 \
  F(SIN, sin, 0)                                                            \
  F(COS, cos, 0)                                                            \
  F(TANH, tanh, 0)                                                          \
  F(SECH, sech, 0)              /* 2 / (e^x + e^-x) */                      \
  F(SIGMOID, sigmoid, 0)                                                    \
  F(ERF, erf, 0)                                                            \
  F(NORMAL_DENSITY, normal_density, 0)            /* e^(-x^2/2) / sqrt(2 pi) */ \
  F(NORMAL_DISTRIBUTION, normal_distribution, 0)  /* erfc(-x/sqrt 2) / 2 */     \
  F(RELU, relu, 0)              /* x where x > 0, else 0 (NaN stays NaN) */ \
  F(GELU, gelu, 0)              /* x/2 (1 + erf(x/sqrt 2)) */               \
  F(SILU, silu, 0)              /* x sigmoid(x) */                          \
  F(SOFTPLUS, softplus, 0)      /* max(x, 0) + log1p(exp(-|x|)) */          \
  F(LEAKY_RELU, leaky_relu, 1)  /* x where x > 0, else p x */               \
  F(ELU, elu, 1)                /* x where x > 0, else p expm1(x) */        \
  F(POWER, power, 1)            /* x to the p */                            \
  F(CLAMP, clamp, 2)            /* min(max(x, p), q) */
typedef enum { AK_MAPS(AK_CONSTANT) AK_MAP_COUNT } ak_map;

/// y = f(a, b): constant and vector function. Comparisons give 1 or 0.
#define AK_ZIPS(F)                      \
  F(ADD, add)                           \
  F(SUBTRACT, subtract)                 \
  F(MULTIPLY, multiply)                 \
  F(DIVIDE, divide)                     \
  F(MAXIMUM, maximum)                   \
  F(MINIMUM, minimum)                   \
  F(MASKED, masked)                     \
  F(LESS, less)                         \
  F(LESS_OR_EQUAL, less_or_equal)       \
  F(GREATER, greater)                   \
  F(GREATER_OR_EQUAL, greater_or_equal) \
  F(EQUAL, equal)                       \
  F(NOT_EQUAL, not_equal)
typedef enum { AK_ZIPS(AK_CONSTANT) AK_ZIP_COUNT } ak_zip;

/// One of several elementwise functions that run one after the other: a map of a, a zip of a and b, or c != 0 ? a : b. Strides are 1,
/// or 0 for one value for all.
typedef enum { AK_STEP_MAP, AK_STEP_ZIP, AK_STEP_SELECT } ak_step_kind;
typedef struct {
  ak_step_kind kind;
  int f;  // an ak_map or an ak_zip
  double p, q;
  const void *a, *b, *c;
  int a_stride, b_stride, c_stride;
  void *y;
} ak_step;

/// A function of slots of so many bytes, lane by lane: an ak_zip of a and b, an ak_map of a, counted from AK_ZIP_COUNT, or the one of a
/// and b that is not +0 (AK_LANE_EITHER), where one is. y may be a or b.
#define AK_SLOT_BYTES 64
typedef struct {
  uint16_t f, y, a, b;
} ak_lane_step;

/// Where the lanes of a slot are the elements of a value, or a number in all lanes, f may be one of these too: the sum of n elements
/// of a, counted from AK_LANE_SUM, in the order of `reduce`; element i of a in all lanes, counted from AK_LANE_PICK; or a with
/// element i of b in lane i, counted from AK_LANE_INSERT.
enum { AK_LANE_EITHER = 127, AK_LANE_SUM = 128, AK_LANE_PICK = 256, AK_LANE_INSERT = 384 };
/// The most slots of AK_SLOT_BYTES that a slot of a loop is wide.
#define AK_SLOT_WIDTH 4

/// A value that each step of a loop reads or gives: `count` elements a step, from `place` on, and its slot. A single number is in
/// all lanes.
typedef struct {
  void *place;
  long count, slot;
} ak_slot_place;

/// Steps of a loop that hand values on in slots: what each reads, the results that it was given, and its other results. A slot has
/// `width` times AK_SLOT_BYTES, with a width of 1, 2 or 4.
typedef struct {
  const ak_lane_step *steps;
  void *slots;
  const ak_slot_place *entries, *given, *results;
  long step_count, entry_count, given_count, result_count, width;
} ak_slot_loop;

/// Constant, the vector function that combines two elements, and what no elements give.
#define AK_REDUCTIONS(F)            \
  F(SUM, add, 0)                    \
  F(MAX, maximum, -__builtin_inf()) \
  F(MIN, minimum, __builtin_inf())
typedef enum { AK_REDUCTIONS(AK_CONSTANT) } ak_reduction;
/// The elements of a block of an array that is reduced, for each lane of a vector.
#define AK_BLOCK_DEPTH 256

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
/// The most terms that are one chain of a product's sum. More are cut into as many equal chains as it takes, the first ones longer
/// by one where they cannot be equal, and added in order.
#define AK_DEPTH 208

typedef AK_GEMM(float) ak_gemm_f32;
typedef AK_GEMM(double) ak_gemm_f64;

/// Windows on images [images, height, width, channels], which rows and columns of them look at `dilation` places apart. The
/// first begins `padding` before the image, and the elements of a window are [rows, columns, channels].
typedef struct {
  long images, height, width, channels;
  long size[2], stride[2], padding[2], dilation[2], grid[2];  // rows, columns; grid: the number of windows
} ak_windows;

/// One of the products of a convolution in either precision, with weights w [kernels, elements of a window]; g and, of
/// `convolve`, y are [windows, kernels]. Bias and f are those of a matrix product.
/// `first` and `end` cut the rows of windows (convolve), the elements of a window (convolve_weights), the chains of windows
/// (convolve_chains) or the rows of the images (convolve_images). No bit depends on the cut.
typedef struct {
  ak_windows windows;
  long kernels, first, end;
  const void *x, *w, *g, *bias;
  void *y;
  ak_map f;
  double p, q;
} ak_convolution;

/// A sum of `count` outer products of vectors a[t] and b[t], in order: y [rows, columns]. `first` and `end` cut the rows.
typedef struct {
  const void *const *a, *const *b;
  long count, columns, first, end;
  void *y;
} ak_outer_products;

/// True when a thread's room holds what the products of such a convolution read again, in elements of so many bytes.
bool ak_convolves(const ak_windows *windows, long kernels, long bytes);

/// The most places of a window in products with one kernel a channel.
#define AK_DEPTHWISE_PLACES 32
/// The same as `ak_convolves` for these.
bool ak_convolves_depthwise(const ak_windows *windows);

/// An update rule of parameters x with gradient g: constant, name, and how many of the arrays s and t it keeps.
#define AK_UPDATE_RULES(F)                                                                         \
  F(DESCENT, descent, 0)    /* x = x - rate g */                                                   \
  F(MOMENTUM, momentum, 1)  /* s = decay s + weight g;      x = x - rate s */                      \
  F(NESTEROV, nesterov, 1)  /* s = decay s + g;             x = x - rate (g + decay s) */          \
  F(SCALED, scaled, 1)      /* s = decay s + weight (g g);  x = x - rate g / (sqrt s + epsilon) */ \
  F(ADAM, adam, 2)          /* s = decay s + weight g;  t = decay2 t + weight2 (g g); */           \
                            /* x = keep x - rate s / (sqrt t + epsilon) */
typedef enum { AK_UPDATE_RULES(AK_CONSTANT) } ak_update_rule;

/// An update of n parameters in one pass. Every operation rounds by itself, so the bits are those of the formula in any
/// language; arrays that a rule does not name are not touched.
#define AK_UPDATE(T)                                                     \
  struct {                                                               \
    ak_update_rule rule;                                                 \
    T rate, decay, weight, decay2, weight2, epsilon, keep;               \
    T *x; const T *g; T *s; T *t;                                        \
    long n;                                                              \
  }
typedef AK_UPDATE(float) ak_update_f32;
typedef AK_UPDATE(double) ak_update_f64;

/// The most rows and columns of matrices of which as many as a vector has lanes are worked on at once.
#define AK_SMALL_EXTENT 16

/// The functions of one instruction set.
///
/// map:          y[i] = f(x[i])
/// zip:          y[i] = f(a[i a_stride], b[i b_stride]); a stride is 1 or 0 (one value for all)
/// select:       y[i] = c[i] != 0 ? a[i] : b[i], strides as in zip
/// steps:        each of `count` steps over n elements, to the bits of map, zip and select; one may read what an earlier one wrote
/// lanes:        each of `count` steps over the lanes of a slot, likewise; maps have no parameters
/// slot_loop:    so many steps of a loop, by lanes, each on the entries of its values; `reversed` begins with the last
/// zip_rows, select_rows: the same for y[i y_row + j], operands at i a_row + j a_column: a column stride is 1 or 0
/// each_row:     y[i y_row + j] = f(x[i x_row + j])
/// add_rows:     y[i, j] = f(x[i, j] + b[j])                              (add-bias with an activation, or AK_COPY)
/// reduce:       the sum, maximum or minimum of n elements (0, -inf, inf for none); NaN wins
/// reduce_blocks: the same in blocks of AK_BLOCK_DEPTH elements for each lane: y[k, lane] = what block k gives in each lane
/// combine_blocks: y = what so many blocks give together, to the bits of reduce
/// reduce_rows:  y[j] = the reduction over i of x[i stride + j], for rows x columns elements; stride >= columns
/// reduce_each, squares_each: y[i] = the reduction of row i, or the sum of its (x - centre[i])^2; rows stride apart
/// squares:      the sum of (x[i] - centre)^2 over n elements
/// square_rows:  y[j] = the sum over i of (x[i stride + j] - centre[j])^2; y may be centre
/// softmax, log_softmax: along each of `rows` rows of `columns` elements, shifted by the row's maximum
/// log_sum_exp:  y[i] = log sum_j exp(x[i, j])
/// gelu_vjp:     x̄[i] = g[i] (Φ(x[i]) + x[i] φ(x[i])), to the bits of map and zip; the product is 0 where φ is
/// log_softmax_vjp: x̄[i, j] = g[i, j] - exp(y[i, j]) sum_j g[i, j]
/// cholesky:     the lower triangular L with L L^T = (A + A^T)/2 of each of `count` matrices [n, n]; NaN where that is not
///               positive definite
/// solve_triangular: X with op(T) X = B in place of B [n, columns], for each of `count` triangles that follow one another;
///               the other triangle is not read, nor the diagonal where it is said to hold ones
/// solve_small_systems: X with op(A) X = B for each of `count` matrices [n, n] and [n, columns], both at most AK_SMALL_EXTENT, by
///               rows exchanged for the largest pivot; not finite where A is singular
/// gemm, outer_products, update: see above
/// convolve: y = f(windows of x · wᵀ + bias), to the bits of gemm on windows in memory
/// convolve_weights: y = gᵀ · windows of x, likewise; convolve_chains: y [chains, kernels, elements of a window], whose sum in order
///               that is, a chain being of at most AK_DEPTH windows; convolve_images: y = the windows g · w added up on images, each place
///               window after window
/// depthwise, depthwise_weights, depthwise_images: the same with one kernel a channel, w [places, channels], without bias and f, to the
///               bits of products and their sums (reduce_rows); `first` and `end` cut the channels of depthwise_weights
/// pool: y = the reduction of each window, channel by channel, of what lies in the image, in order; of a maximum or minimum
///               the first that ties; 0 where a window lies outside
/// pool_vjp: out = g of each window on its elements, window after window; where there is an x, on those equal to y alone, in
///               equal shares
/// only_zeros:   whether all of rows x columns elements are 0 or -0; rows stride apart
/// has_minus_zero: whether any of them is -0
/// all_finite:   whether none of n elements is NaN or infinite
/// fma_peak:     runs about `iterations` fused multiply-adds in registers; returns how many floating-point operations
///               (two per multiply-add) that was, to measure the machine against
/// fractions:    y[i] = x[i] / 255, rounded once; in single precision alone
#define AK_FUNCTIONS(F, set, T, S)                                                                                     \
  F(set, S, void, map, (ak_map f, T p, T q, const T *x, T *y, long n))                                                 \
  F(set, S, void, zip, (ak_zip f, const T *a, long a_stride, const T *b, long b_stride, T *y, long n))                 \
  F(set, S, void, select,                                                                                              \
    (const T *c, long c_stride, const T *a, long a_stride, const T *b, long b_stride, T *y, long n))                   \
  F(set, S, void, steps, (const ak_step *steps, long count, long n))                                                   \
  F(set, S, void, lanes, (const ak_lane_step *steps, long count, void *slots))                                         \
  F(set, S, void, slot_loop, (const ak_slot_loop *loop, long steps, bool reversed))                                    \
  F(set, S, void, zip_rows,                                                                                            \
    (ak_zip f, const T *a, long a_row, long a_column, const T *b, long b_row, long b_column, T *y, long y_row,         \
     long rows, long columns))                                                                                         \
  F(set, S, void, select_rows,                                                                                         \
    (const T *c, long c_row, long c_column, const T *a, long a_row, long a_column, const T *b, long b_row,             \
     long b_column, T *y, long y_row, long rows, long columns))                                                        \
  F(set, S, void, each_row,                                                                                            \
    (ak_map f, T p, T q, const T *x, long x_row, T *y, long y_row, long rows, long columns))                           \
  F(set, S, void, add_rows, (const T *x, const T *bias, ak_map f, T p, T q, T *y, long rows, long columns))            \
  F(set, S, T, reduce, (ak_reduction r, const T *x, long n))                                                           \
  F(set, S, void, reduce_blocks, (ak_reduction r, const void *x, void *y, long n))                                     \
  F(set, S, void, combine_blocks, (ak_reduction r, const void *x, void *y, long blocks))                               \
  F(set, S, void, reduce_rows, (ak_reduction r, const T *x, long stride, T *y, long rows, long columns))               \
  F(set, S, void, reduce_each, (ak_reduction r, const T *x, long stride, T *y, long rows, long columns))               \
  F(set, S, void, squares_each, (const T *x, long stride, const T *centre, T *y, long rows, long columns))             \
  F(set, S, T, squares, (const T *x, T centre, long n))                                                                \
  F(set, S, void, square_rows,                                                                                         \
    (const T *x, long stride, const T *centre, T *y, long rows, long columns))                                         \
  F(set, S, void, softmax, (const T *x, T *y, long rows, long columns))                                                \
  F(set, S, void, log_softmax, (const T *x, T *y, long rows, long columns))                                            \
  F(set, S, void, log_sum_exp, (const T *x, T *y, long rows, long columns))                                            \
  F(set, S, void, gelu_vjp, (const T *g, const T *x, T *out, long n))                                                  \
  F(set, S, void, log_softmax_vjp, (const T *g, const T *y, T *out, long rows, long columns))                          \
  F(set, S, void, gemm, (const ak_gemm_##S *product))                                                                  \
  F(set, S, void, outer_products, (const ak_outer_products *sum))                                                      \
  F(set, S, void, cholesky, (const T *x, T *y, long n, long count))                                                    \
  F(set, S, void, solve_triangular,                                                                                    \
    (bool upper, bool transposed, bool unit, const T *t, long ldt, T *x, long ldx, long n, long columns, long count))  \
  F(set, S, void, convolve, (const ak_convolution *convolution))                                                         \
  F(set, S, void, convolve_weights, (const ak_convolution *convolution))                                                 \
  F(set, S, void, convolve_chains, (const ak_convolution *convolution))                                                  \
  F(set, S, void, convolve_images, (const ak_convolution *convolution))                                                  \
  F(set, S, void, depthwise, (const ak_convolution *convolution))                                                      \
  F(set, S, void, depthwise_weights, (const ak_convolution *convolution))                                              \
  F(set, S, void, depthwise_images, (const ak_convolution *convolution))                                               \
  F(set, S, void, pool, (ak_reduction r, const ak_windows *windows, const T *x, T *y))                                 \
  F(set, S, void, pool_vjp, (const ak_windows *windows, const T *x, const T *y, const T *g, T *out))                   \
  F(set, S, void, solve_small_systems,                                                                                 \
    (bool transposed, const T *a, const T *b, T *x, long n, long columns, long count))                                 \
  F(set, S, void, update, (const ak_update_##S *job))                                                                  \
  F(set, S, bool, only_zeros, (const T *x, long stride, long rows, long columns))                                      \
  F(set, S, bool, has_minus_zero, (const T *x, long stride, long rows, long columns))                                  \
  F(set, S, bool, all_finite, (const T *x, long n))                                                                    \
  F(set, S, double, fma_peak, (long iterations))
#define AK_FUNCTIONS_F32(F, set)    \
  AK_FUNCTIONS(F, set, float, f32)  \
  F(set, f32, void, fractions, (const uint8_t *x, float *y, long n))
#define AK_FUNCTIONS_F64(F, set) AK_FUNCTIONS(F, set, double, f64)

#define AK_FIELD(set, S, result, name, arguments) result(*name##_##S) arguments;
typedef struct {
  const char *name;  // "avx512", "avx2", "baseline" (SSE2 on x86-64), "neon"
  int vector_bytes;  // in which sums run
  AK_FUNCTIONS_F32(AK_FIELD, )
  AK_FUNCTIONS_F64(AK_FIELD, )
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

/// Forbids n bytes to the address sanitizer, or allows them again; nothing in a build without it. See `RedZone`.
void ak_forbid(const void *x, long n);
void ak_allow(const void *x, long n);

/// Threads that run one body together and wait for each other. The caller runs parts too; nothing is allocated in a
/// run. Where another caller's body is being run, the caller runs all parts itself.
typedef struct ak_pool ak_pool;
ak_pool *ak_pool_create(int threads);
int ak_pool_threads(const ak_pool *pool);
void ak_pool_run(ak_pool *pool, void (*body)(void *context, int part, int parts), void *context);
void ak_pool_destroy(ak_pool *pool);

/// The address that the calling thread keeps, NULL at first; and another one in its place, which returns the former.
void *ak_context(void);
void *ak_exchange_context(void *context);

/// A flag that one thread holds at a time: taking it fails while another holds it.
static inline bool ak_take(unsigned char *flag) { return !__atomic_test_and_set(flag, __ATOMIC_ACQUIRE); }
static inline void ak_give(unsigned char *flag) { __atomic_clear(flag, __ATOMIC_RELEASE); }
static inline bool ak_is_taken(const unsigned char *flag) { return __atomic_load_n(flag, __ATOMIC_RELAXED) != 0; }

#ifdef __cplusplus
}
#endif
#endif
