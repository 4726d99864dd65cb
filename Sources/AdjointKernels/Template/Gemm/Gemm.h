// Gemm: the matrix product with its last pass.

void N(gemm)(const JOIN(ak_gemm_, PRECISION) *g) {
  if (g->m <= 0 || g->n <= 0) return;
  if (g->k > 0) {
    N(product) product = {
        .m = g->m, .n = g->n, .k = g->k,
        .a = g->a, .a_row = g->transpose_a ? 1 : g->lda, .a_k = g->transpose_a ? g->lda : 1,
        .b = g->b, .ldb = g->ldb, .b_transposed = g->transpose_b,
        .c = g->c, .c_row = g->ldc, .accumulate = g->accumulate,
    };
    if (g->n == 1 && g->ldc == 1 && g->m > 1) {
      // Matrix times vector is, element by element, the same chain as vector times the transposed matrix, which fills
      // the lanes.
      const N(product) swapped = {
          .m = 1, .n = g->m, .k = g->k,
          .a = g->b, .a_row = 1, .a_k = g->transpose_b ? 1 : g->ldb,
          .b = g->a, .ldb = g->lda, .b_transposed = !g->transpose_a,
          .c = g->c, .c_row = g->m, .accumulate = g->accumulate,
      };
      product = swapped;
    }
    if (N(is_row)(&product))
      N(run_row)(&product);
    else if (N(flips)(&product))
      N(run_flipped)(&product);
    else
      N(run_product)(&product);
  } else if (!g->accumulate) {
    for (long i = 0; i < g->m; i++)
      for (long j = 0; j < g->n; j++) g->c[i * g->ldc + j] = 0;
  }
  if (!g->accumulate && (g->bias || g->f != AK_COPY))
    N(map_rows)(g->f, g->p, g->q, g->c, g->ldc, g->bias, g->c, g->ldc, g->m, g->n);
}

// Independent chains enough to keep every multiplier busy, on values that neither overflow nor vanish.
double N(fma_peak)(long iterations) {
  enum { chains = GEMM_ROWS * GEMM_WIDTH };
  V sum[chains];
#pragma clang loop unroll(full)
  for (int i = 0; i < chains; i++) sum[i] = SPLAT(i);
  V factor = SPLAT(0.5), term = SPLAT(0.25);
  const long rounds = iterations / (chains * LANES) + 1;
  for (long r = 0; r < rounds; r++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < chains; i++) sum[i] = N(fma)(sum[i], factor, term);
  }
  V total = sum[0];
#pragma clang loop unroll(full)
  for (int i = 1; i < chains; i++) total += sum[i];
  volatile T sink = N(fold)(AK_SUM, total);
  (void)sink;
  return (double)rounds * chains * LANES * 2;
}
