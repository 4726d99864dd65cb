// Context: an address that a thread keeps while it runs code of somebody else, which calls back without handing it on.
#include "AdjointKernels.h"

static _Thread_local void *own_context;

void *ak_context(void) { return own_context; }

void *ak_exchange_context(void *context) {
  void *former = own_context;
  own_context = context;
  return former;
}
