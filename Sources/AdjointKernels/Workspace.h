// Workspace: one thread's room for packed operands, shared by all instruction sets and both precisions.
//
// It is made when a thread first multiplies, and freed when the thread ends. As a thread-local array it would be carved
// out of the stack of every thread of the host program, and one with a small stack could not begin at all.
#ifndef AK_WORKSPACE_H
#define AK_WORKSPACE_H

#include "AdjointKernels.h"

#define AK_RIGHT_BYTES (576 * 1024)  // a right operand in panels: a block of it, or the whole of a small one
#define AK_LEFT_BYTES (256 * 1024)   // a block of a left operand in tiles; a vector may be written behind it
#define AK_SUM_BYTES (64 * 1024)     // a finished product waiting to be added to C, or turned into it

typedef struct {
  _Alignas(64) unsigned char right[AK_RIGHT_BYTES];
  _Alignas(64) unsigned char left[AK_LEFT_BYTES + 64];
  _Alignas(64) unsigned char sum[AK_SUM_BYTES];
  bool turns;  // whether the latest product of a row read its matrix from the end
} ak_workspace_t;

extern _Thread_local ak_workspace_t *ak_own_workspace;
ak_workspace_t *ak_make_workspace(void);

// Rows with zeros beside them, as depthwise products hold them: how many at once, the zeros before column 0, and all columns.
typedef struct {
  long rows, before, columns;
} ak_padded;

// Those of images, or of windows on which the gradient of images looks back.
ak_padded ak_padded_of(const ak_windows *w, bool back);

// The calling thread's.
static inline ak_workspace_t *ak_workspace(void) {
  return ak_own_workspace ? ak_own_workspace : ak_make_workspace();
}

#endif
