// Blocked: the matrix product in blocks that stay in the caches.
//
// k is cut into equal blocks of at most GEMM_DEPTH. An element is the sum, in order, of its blocks, each a chain of
// fused multiply-adds: an order that k alone decides, so no leading dimension, edge, or split of rows or columns
// over threads changes a bit.

#define GEMM_DEPTH AK_DEPTH
// Elements in the parts of the workspace, see Workspace.h.
#define WHOLE_ROOM (AK_RIGHT_BYTES / (long)sizeof(T))
#define SUM_ROOM (AK_SUM_BYTES / (long)sizeof(T))
// Elements in a block of B: it stays in the second-level cache beside what it is multiplied by.
#define RIGHT_ROOM (320 * 1024 / (long)sizeof(T))
// A is mostly read where it lies: a block of so many elements stays in the second-level cache beside B's panels.
#define LEFT_REACH (AK_LEFT_BYTES / (long)sizeof(T))
// Rows of A that are stored as columns are copied into tiles where the first-level cache does not hold their block and
// so many panels pay it back. In place, each element of k is another line, and lines that lie a multiple of 512 bytes
// apart push each other out. Wide tiles compute for longer than the second-level cache takes, and gain nothing.
#define LEFT_RESIDENT (24 * 1024 / (long)sizeof(T))
#define LEFT_PANELS 16
// Up to so many rows B is read where it lies, if not transposed: packing would not be paid back. Rows a multiple of a
// page apart fall on one another in the first-level cache and are packed sooner.
#define DIRECT_ROWS 256
#define DIRECT_ROWS_ALIASED 32

typedef struct {
  long m, n, k;
  const T *a;
  long a_row, a_k;  // op(A)[i, p] = a[i a_row + p a_k]; one of the two is 1
  const T *b;
  long ldb;
  bool b_transposed;
  T *c;
  long c_row;
  bool accumulate;
} N(product);

// One panel of B against rows of A: c[m, panel] = (add ? c : 0) + a b. If `tiled`, A is what pack_left made of it.
static void N(panel_product)(long m, long k, const T *a, long a_row, long a_k, bool tiled, const T *b, long b_k,
                             long width, T *c, long c_row, bool add, long last) {
  const long parts = N(parts)(m, width == 1 && !tiled ? GEMM_TALL : GEMM_ROWS);
  for (long t = 0; t < parts; t++) {
    const long i = N(cut)(m, parts, t), rows = N(cut)(m, parts, t + 1) - i;
    const T *tile = tiled ? a + i * k : a + i * a_row;
    const long tile_row = tiled ? 1 : a_row, tile_k = tiled ? rows : a_k;
    N(tiles)[width - 1][rows - 1](k, tile, tile_row, tile_k, b, b_k, c + i * c_row, c_row, add, last);
  }
}

// One block of k against one block of columns.
static void N(block_product)(const N(product) *g, long p, long k, long j, long vectors, T *c, long c_row, bool add) {
  const long parts = N(parts)(vectors, GEMM_WIDTH), columns = N(smaller)(vectors * LANES, g->n - j);
  const bool aliased = g->ldb * (long)sizeof(T) % 4096 == 0;
  const bool direct = !g->b_transposed && g->m <= (aliased ? DIRECT_ROWS_ALIASED : DIRECT_ROWS);
  const long row_parts = N(parts)(g->m, LEFT_REACH / k);
  T *const right = (T *)ak_workspace()->right;
  for (long s = 0; s < row_parts; s++) {
    const long i = N(cut)(g->m, row_parts, s), rows = N(cut)(g->m, row_parts, s + 1) - i;
    const T *a = g->a + i * g->a_row + p * g->a_k;
    const bool tiled = GEMM_PACKS_LEFT && g->a_k > 1 && parts >= LEFT_PANELS && rows * k > LEFT_RESIDENT;
    if (tiled) {
      N(pack_left)(rows, k, a, g->a_k, (T *)ak_workspace()->left);
      a = (const T *)ak_workspace()->left;
    }
    for (long t = 0; t < parts; t++) {
      const long v = N(cut)(vectors, parts, t), width = N(cut)(vectors, parts, t + 1) - v;
      const long first = v * LANES, valid = N(smaller)(width * LANES, columns - first);
      const T *b = g->b_transposed ? g->b + (j + first) * g->ldb + p : g->b + p * g->ldb + j + first;
      const bool in_place = direct && valid == width * LANES;
      // A panel is packed just before its first use and stays in the first-level cache for it. Where no later rows
      // need it, the next takes its place.
      T *const panel = row_parts == 1 ? right : right + first * k;
      if (!in_place && s == 0) N(pack_panel)(b, g->ldb, g->b_transposed, k, valid, (int)width, panel);
      N(panel_product)(rows, k, a, g->a_row, g->a_k, tiled, in_place ? b : panel, in_place ? g->ldb : width * LANES,
                       width, c + i * c_row + first, c_row, add, valid - (width - 1) * LANES);
    }
  }
}

static void N(run_product)(const N(product) *g) {
  const long depths = N(parts)(g->k, GEMM_DEPTH), deepest = N(parts)(g->k, depths);
  // A product of several blocks of k that is added to C is finished aside first: one rounding at the store.
  const bool aside = g->accumulate && depths > 1;
  const long vectors = N(parts)(g->n, LANES);
  const long most_vectors = aside ? 8 * 64 / VECTOR_BYTES : RIGHT_ROOM / deepest / LANES;
  const long column_parts = N(parts)(vectors, most_vectors);
  const long most_rows = aside ? SUM_ROOM / (most_vectors * LANES) : g->m;
  for (long t = 0; t < column_parts; t++) {
    const long v = N(cut)(vectors, column_parts, t), j = v * LANES, width = N(cut)(vectors, column_parts, t + 1) - v;
    for (long i = 0; i < g->m; i += most_rows) {
      N(product) part = *g;
      part.m = N(smaller)(most_rows, g->m - i);
      part.a = g->a + i * g->a_row;
      T *const c = g->c + i * g->c_row + j;
      T *const to = aside ? (T *)ak_workspace()->sum : c;
      const long to_row = aside ? width * LANES : g->c_row;
      for (long d = 0; d < depths; d++) {
        const long p = N(cut)(g->k, depths, d), depth = N(cut)(g->k, depths, d + 1) - p;
        N(block_product)(&part, p, depth, j, width, to, to_row, d > 0 || (g->accumulate && !aside));
      }
      if (aside) {
        const long columns = N(smaller)(width * LANES, g->n - j);
        for (long r = 0; r < part.m; r++)
          N(zip)(AK_ADD, c + r * g->c_row, 1, to + r * to_row, 1, c + r * g->c_row, columns);
      }
    }
  }
}
