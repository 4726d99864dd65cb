// NEON in double precision.
#include "neon.h"

#define REAL_BITS 64
#include "../Template/All.h"
