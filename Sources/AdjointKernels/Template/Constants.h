// Constants: reductions and polynomial coefficients of the elementary functions, for both precisions.
//
// The coefficients interpolate at Chebyshev nodes (mpmath, 60 digits). Each line states its relative error before
// rounding in the evaluation; lowest power first.

#if REAL_BITS == 32

#define LOG2_E 0x1.715476p+0f
#define LN2_HIGH 0x1.62e4p-1f  // 15 bits: n LN2_HIGH is exact for every exponent n
#define LN2_LOW 0x1.7f7d1cp-20f
#define EXP_LOWEST -130.0f  // exp is 0 below, even times its argument; infinite above EXP_HIGHEST
#define EXP_HIGHEST 89.0f
#define EXPM1_LOWEST -20.0f  // expm1 is -1 below
#define TANH_HIGHEST 20.0f   // tanh is 1 from half of this
#define SQRT_HALF 0x1.6a09e6p-1f
#define TWO_OVER_PI 0x1.45f306p-1f
#define HALF_PI_1 0x1.921fb6p+0f
#define HALF_PI_2 -0x1.777a5cp-25f
#define HALF_PI_3 -0x1.ee59dap-50f
#define TRIGONOMETRIC_LIMIT 1e5f
#define ERFC_HIGHEST 11.0f  // erfc is 0 from here
#define INVERSE_ROOT_TWO_PI 0x1.988454p-2f

// (expm1(r) - r) / r^2 for |r| <= ln 2 / 2: 2^-26.5
static const T N(exp_terms)[] = {0x1.p-1f, 0x1.5554dcp-3f, 0x1.55551ap-5f, 0x1.120b6ep-7f, 0x1.6d110ap-10f};
// (2 atanh(s) / s - 2) / s^2 in s^2, for |s| <= 0.1716: 2^-28.6
static const T N(log_terms)[] = {0x1.55555cp-1f, 0x1.997c2ep-2f, 0x1.2ee656p-2f};
// (sin(r) / r - 1) / r^2 in r^2, for |r| <= pi / 4: 2^-28.1
static const T N(sin_terms)[] = {-0x1.555556p-3f, 0x1.11110ep-7f, -0x1.a013a6p-13f, 0x1.6dbd82p-19f};
// (cos(r) - 1 + r^2 / 2) / r^4 in r^2: 2^-30.2
static const T N(cos_terms)[] = {0x1.555554p-5f, -0x1.6c12d2p-10f, 0x1.9bd812p-16f};
// erf(x) / x - 1 in x^2, for |x| <= 1: 2^-27.2
static const T N(erf_terms)[] = {0x1.06eba8p-3f,  -0x1.81273ep-2f,  0x1.ce2d1p-4f, -0x1.b7fabap-6f,
                                 0x1.54127p-8f, -0x1.a45088p-11f, 0x1.4a569p-14f};
// (1 + 2 x) exp(x^2) erfc(x) - 1 in (x - 4) / (x + 4), for 0 <= x <= 11: 2^-25.4
static const T N(erfc_terms)[] = {0x1.dd2c8ep-3f,  -0x1.1df194p-3f, 0x1.f7e498p-7f,  0x1.16e3dcp-4f,
                                  -0x1.9db3acp-4f, 0x1.8077p-4f,    -0x1.106c24p-4f, 0x1.2a0dacp-5f,
                                  -0x1.0aef1ap-6f, 0x1.b0681cp-8f,  0x1.8576acp-11f};

#else

#define LOG2_E 0x1.71547652b82fep+0
#define LN2_HIGH 0x1.62e42feep-1  // 32 bits
#define LN2_LOW 0x1.a39ef35793c76p-33
#define EXP_LOWEST -760.0
#define EXP_HIGHEST 710.0
#define EXPM1_LOWEST -40.0
#define TANH_HIGHEST 44.0
#define SQRT_HALF 0x1.6a09e667f3bcdp-1
#define TWO_OVER_PI 0x1.45f306dc9c883p-1
#define HALF_PI_1 0x1.921fb54442d18p+0
#define HALF_PI_2 0x1.1a62633145c07p-54
#define HALF_PI_3 -0x1.f1976b7ed8fbcp-110
#define TRIGONOMETRIC_LIMIT 1e6
#define ERFC_HIGHEST 28.0
#define INVERSE_ROOT_TWO_PI 0x1.9884533d43651p-2

// 2^-61.4
static const T N(exp_terms)[] = {0x1.p-1,
                                 0x1.5555555555557p-3,
                                 0x1.5555555555556p-5,
                                 0x1.11111111100dcp-7,
                                 0x1.6c16c16c162d4p-10,
                                 0x1.a01a01abe7fe1p-13,
                                 0x1.a01a01a6d889cp-16,
                                 0x1.71de0231960ebp-19,
                                 0x1.27e4db646b17ep-22,
                                 0x1.af4de97ca4194p-26,
                                 0x1.1f730349868cep-29};
// 2^-57.6
static const T N(log_terms)[] = {0x1.5555555555558p-1, 0x1.99999999952d7p-2, 0x1.2492492df281ap-2,
                                 0x1.c71c62e3f11e6p-3, 0x1.7462b51cb66b1p-3, 0x1.39fe51a7c18f9p-3,
                                 0x1.2b5900de53b32p-3};
// 2^-57.1
static const T N(sin_terms)[] = {-0x1.5555555555555p-3,  0x1.111111111111p-7,   -0x1.a01a01a019933p-13,
                                 0x1.71de3a54600cap-19,  -0x1.ae645411d76a9p-26, 0x1.61217e4ef55f8p-33,
                                 -0x1.ab1764e7b2047p-41};
// 2^-59.5
static const T N(cos_terms)[] = {0x1.5555555555555p-5,   -0x1.6c16c16c16965p-10, 0x1.a01a019f4e48p-16,
                                 -0x1.27e4fa17532cap-22, 0x1.1eeb685cba14cp-29,  -0x1.907d3e3374a42p-37};
// 2^-56.3
static const T N(erf_terms)[] = {0x1.06eba8214db69p-3,   -0x1.812746b0379e7p-2, 0x1.ce2f21a042bdep-4,
                                 -0x1.b82ce312889bap-6,  0x1.565bcd0e6502dp-8,  -0x1.c02db3feeb579p-11,
                                 0x1.f9a326c233146p-14,  -0x1.f4d2561aeafd4p-17, 0x1.b9e6509b9867dp-20,
                                 -0x1.5f6d925a0bc7ap-23, 0x1.fc4356498c2d9p-27, -0x1.4e607b41a6416p-30,
                                 0x1.7f072188e194dp-34,  -0x1.29b9f1b3df556p-38};
// For 0 <= x <= 28: 2^-55.6
static const T N(erfc_terms)[] = {
    0x1.dd2c8b74febf6p-3,   -0x1.1df1ad154a29cp-3,  0x1.f7f5df66fd951p-7,   0x1.16ecefcfa6077p-4,
    -0x1.9ddb23c3e98a6p-4,  0x1.7fee004df6263p-4,   -0x1.0fb06dfe46987p-4,  0x1.3079edfa1033fp-5,
    -0x1.0962388367b2fp-6,  0x1.49c671893963fp-8,   -0x1.8d4a9dc0d22f3p-11, -0x1.a1de7c6e9ac9cp-13,
    0x1.3be0b393ee921p-13,  -0x1.996ad056e530bp-16, -0x1.78a43458cca4bp-17, 0x1.7fb88e391a9fep-18,
    0x1.4392983419eddp-22,  -0x1.c05fc977974eap-21, 0x1.0d535fce28f99p-24,  0x1.ef6c0c38d1a2bp-24,
    -0x1.09198a32cd9a9p-27, -0x1.d5bb4c6d5b92dp-27, -0x1.f47207b168acdp-30};

#endif

// The polynomial by Horner's rule, one fma a term.
#define TERMS(table) table, (int)(sizeof(table) / sizeof(T))
INLINE V N(polynomial)(const T *terms, int count, V x) {
  V sum = SPLAT(terms[count - 1]);
#pragma clang loop unroll(full)
  for (int i = count - 2; i >= 0; i--) sum = N(fma)(sum, x, SPLAT(terms[i]));
  return sum;
}
