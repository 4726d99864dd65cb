// Guarded: arrays that begin or end at a page that nobody may touch, with marks on their open side.
#ifndef GUARDED_H
#define GUARDED_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ARRAYS = 6, ARRAY_BYTES = 2048 * 1024, MARKED_BYTES = 256, PAGE = 4096 };

// The present trial, for the message when it touches a guard.
static char present[256];
static long trials;

typedef struct {
  unsigned char *pages, *first;
  size_t bytes;
} guarded;

static guarded arrays[ARRAYS];
static bool at_end;

static void on_fault(int signal) {
  char text[320];
  const int length = snprintf(text, sizeof text, "signal %d: %s, arrays at the %s of their pages\n", signal, present,
                              at_end ? "end" : "beginning");
  if (write(STDERR_FILENO, text, (size_t)length) < 0) _exit(2);
  _exit(1);
}

static void make_guards(void) {
  for (int i = 0; i < ARRAYS; i++) {
    unsigned char *all = mmap(NULL, ARRAY_BYTES + 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED || mprotect(all, PAGE, PROT_NONE) || mprotect(all + PAGE + ARRAY_BYTES, PAGE, PROT_NONE)) {
      perror("guards");
      exit(2);
    }
    arrays[i].pages = all + PAGE;
  }
  signal(SIGSEGV, on_fault);
  signal(SIGBUS, on_fault);
  signal(SIGFPE, on_fault);
  signal(SIGILL, on_fault);
}

// An array of so many bytes, at one of the guards.
static void *array(int number, size_t bytes) {
  guarded *a = &arrays[number];
  if (bytes > ARRAY_BYTES - MARKED_BYTES) { fprintf(stderr, "%s: too large\n", present); exit(2); }
  a->bytes = bytes;
  a->first = at_end ? a->pages + ARRAY_BYTES - bytes : a->pages;
  memset(at_end ? a->first - MARKED_BYTES : a->first + bytes, 0xA5, MARKED_BYTES);
  return a->first;
}

// Nothing beside any array may have changed.
static void check_marks(int count) {
  for (int i = 0; i < count; i++) {
    const guarded *a = &arrays[i];
    const unsigned char *marks = at_end ? a->first - MARKED_BYTES : a->first + a->bytes;
    for (int k = 0; k < MARKED_BYTES; k++) {
      if (marks[k] == 0xA5) continue;
      fprintf(stderr, "%s: wrote beside array %d, arrays at the %s of their pages\n", present, i,
              at_end ? "end" : "beginning");
      exit(1);
    }
  }
}

static uint64_t state = 1;
static uint64_t bits(void) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state;
}

#endif
