// Bytes: pixels become numbers from 0 to 1.
#if REAL_BITS == 32

typedef uint8_t N(byte_lanes) __attribute__((ext_vector_type(LANES)));
typedef uint8_t N(byte_lanes_unaligned) __attribute__((ext_vector_type(LANES), aligned(1)));

// b / 255 to the last bit: 1/255 = 257/2^16 + a rest, and the first product is exact, so the sum rounds once.
INLINE V N(fractions_of)(V b) { return b * SPLAT(0x1.01p-8f) + b * SPLAT(0x1.010102p-24f); }

void N(fractions)(const uint8_t *x, T *y, long n) {
  const long whole = n - n % LANES, rest = n - whole;
  for (long i = 0; i < whole; i += LANES) {
    const N(byte_lanes) bytes = *(const N(byte_lanes_unaligned) *)(x + i);
    N(store)(y + i, N(fractions_of)(__builtin_convertvector(bytes, V)));
  }
  if (rest > 0) {
    N(byte_lanes) bytes = {0};
    for (long i = 0; i < rest; i++) bytes[i] = x[whole + i];
    N(store_tail)(y + whole, N(fractions_of)(__builtin_convertvector(bytes, V)), rest);
  }
}

#endif
