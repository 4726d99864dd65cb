// Table: the functions of one instruction set as the header lists them. SET is its name.

#define ENTRIES(S)                                                                                               \
  .map_##S = map_##S, .zip_##S = zip_##S, .select_##S = select_##S, .add_rows_##S = add_rows_##S,                \
  .reduce_##S = reduce_##S, .reduce_rows_##S = reduce_rows_##S, .softmax_##S = softmax_##S,                      \
  .log_softmax_##S = log_softmax_##S, .log_sum_exp_##S = log_sum_exp_##S,                                        \
  .log_softmax_vjp_##S = log_softmax_vjp_##S, .gemm_##S = gemm_##S, .update_##S = update_##S,         \
  .all_finite_##S = all_finite_##S, .fma_peak_##S = fma_peak_##S,
#define TABLE(set) TABLE_NAMED(ak_kernels_##set, #set)
#define TABLE_NAMED(variable, text) const ak_kernels variable = {.name = text, ENTRIES(f32) ENTRIES(f64)};
