/* The energy of two springs in a row, and its gradient by hand. The mistake: the second entry has a wrong sign. */
#include "adjoint_check.h"

static double value(const double *x) { return 0.5 * x[0] * x[0] + 1.5 * (x[1] - x[0]) * (x[1] - x[0]) - cos(x[1]); }

static void gradient(const double *x, double *g) {
  g[0] = x[0] - 3 * (x[1] - x[0]);
  g[1] = -(3 * (x[1] - x[0]) + sin(x[1])); /* the minus does not belong there */
}

int main(void) { return adjoint_answer("x", 2, value, gradient); }
