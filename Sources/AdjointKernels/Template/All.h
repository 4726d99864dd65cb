// All: everything in one precision for one instruction set. Included twice by each Kernels_*.c, between a push and a
// pop of the target attribute.
//
// Contraction is off: the compiler must not fuse a b + c in one path and not in another. Where fusing is wanted, it is
// written out.

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
#include "Softmax.h"
#include "Update.h"
#include "Bytes.h"
#include "GemmTile.h"
#include "GemmPack.h"
#include "GemmBlocked.h"
#include "GemmFlipped.h"
#include "Gemm.h"

#include "Undefine.h"
