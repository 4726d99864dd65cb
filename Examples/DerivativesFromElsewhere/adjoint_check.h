/* Answers `adjoint check --process ./mine` for a function of one array of doubles. Copy this file beside yours.

     #include "adjoint_check.h"
     static double value(const double *x) { … }
     static void gradient(const double *x, double *g) { … }
     int main(void) { return adjoint_answer("x", 3, value, gradient); }

   It needs the C library and nothing else. What your functions print belongs on stderr. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number as JSON has it. 17 digits read back as the same double. */
static void adjoint_number(double x) {
  if (isfinite(x)) printf("%.17g", x);
  else printf(isnan(x) ? "\"nan\"" : x > 0 ? "\"inf\"" : "\"-inf\"");
}

/* A line of any length without its end, to be freed; NULL at the end of the input. */
static char *adjoint_line(void) {
  size_t size = 1 << 12, length = 0;
  char *line = malloc(size);
  while (line && fgets(line + length, (int)(size - length), stdin)) {
    length += strlen(line + length);
    if (line[length - 1] == '\n') return line;
    if (length + 1 == size) {
      char *longer = realloc(line, size *= 2);
      if (!longer) break;
      line = longer;
    }
  }
  free(line);
  return NULL;
}

/* Answers requests until the input ends. Returns 0, or 1 after a line that is no request. */
static int adjoint_answer(
    const char *name, int count, double (*value)(const double *x), void (*gradient)(const double *x, double *g)) {
  double *x = malloc(sizeof(double) * count), *g = malloc(sizeof(double) * count);
  char *line;
  while (x && g && (line = adjoint_line())) {
    if (strstr(line, "\"ask\": \"describe\"")) {
      printf("{\"inputs\": {\"%s\": [%d]}}\n", name, count);
    } else {
      /* A request reads {"ask": "value", "at": {"x": [0.5, -1.25]}}: the numbers stand behind the first bracket. */
      char *next = strchr(line, '[');
      int i = 0;
      for (; next && i < count; i++) {
        char *end;
        x[i] = strtod(next + 1, &end);
        if (end == next + 1) break;
        next = end;
      }
      if (i < count) {
        fprintf(stderr, "no request of %d numbers: %s", count, line);
        return 1;
      }
      if (strstr(line, "\"ask\": \"value\"")) {
        printf("{\"value\": ");
        adjoint_number(value(x));
      } else {
        gradient(x, g);
        printf("{\"gradient\": {\"%s\": [", name);
        for (i = 0; i < count; i++) {
          if (i) printf(", ");
          adjoint_number(g[i]);
        }
        printf("]}");
      }
      printf("}\n");
    }
    fflush(stdout);
    free(line);
  }
  free(x);
  free(g);
  return 0;
}
