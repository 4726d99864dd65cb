// NEON in single precision.
#include "neon.h"

#define REAL_BITS 32
#include "../Template/All.h"
