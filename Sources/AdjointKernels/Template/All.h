// All: everything of one instruction set in one precision. A unit in Sets/ includes it once, behind REAL_BITS (32 or
// 64) and the header of its set, so no macro here is ever undone. That header is empty for a machine without the set;
// otherwise it defines
//
//   SET, TARGET            its name; what the compiler may use in it, unless that is the machine's least
//   VECTOR_BYTES, FUSED    the size of a register; 1 where the machine has fused multiply-add
//   GEMM_ROWS, GEMM_WIDTH  a tile's rows and vectors of columns, at most: the tiles follow, see Gemm/Tile.h
//   GEMM_TALL              the rows of a tile that is one vector wide, at most
//   GEMM_PACKING           so many rows are multiplied in the time that one vector takes to pack
//   GEMM_PACKS_LEFT        1 where it pays to copy a left operand into tiles
#ifdef SET

#include "../Entries.h"
#include "../Workspace.h"
#include <math.h>
#include <stddef.h>
#include <string.h>

// Behind all headers, whose inline functions must not be compiled for one set.
#ifdef TARGET
#pragma clang attribute push(__attribute__((target(TARGET))), apply_to = function)
#endif
// The compiler must not fuse a b + c in one path and not in another. Where fusing is wanted, it is written out.
#pragma clang fp contract(off)

#include "Lanes.h"
#include "Constants.h"
#include "Exponential.h"
#include "Logarithm.h"
#include "ErrorFunction.h"
#include "Trigonometric.h"
#include "Map.h"
#include "Zip.h"
#include "Reduce.h"
#include "Steps.h"
#include "Softmax.h"
#include "Pool.h"
#include "Update.h"
#include "Gemm/Tile.h"
#include "Gemm/Pack.h"
#include "Gemm/Blocked.h"
#include "Gemm/Flipped.h"
#include "Gemm/Row.h"
#include "Gemm/Gemm.h"
#include "Gemm/Outer.h"
#include "Matrices/Triangular.h"
#include "Matrices/Cholesky.h"
#include "Matrices/Small.h"
#include "Gemm/Strips.h"
#include "Gemm/Convolve.h"
#include "Squares.h"
#include "Depthwise.h"

#ifdef TARGET
#pragma clang attribute pop
#endif

#endif
