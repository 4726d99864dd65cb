// Workspace: made at a thread's first product, freed at its end.
#include "Workspace.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

_Thread_local ak_workspace_t *ak_own_workspace;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;

// A product in a later destructor of the same thread makes another one.
static void release(void *workspace) {
  ak_own_workspace = NULL;
  free(workspace);
}

static void make_key(void) {
  if (pthread_key_create(&key, release) != 0) abort();
}

ak_workspace_t *ak_make_workspace(void) {
  void *workspace = NULL;
  pthread_once(&once, make_key);
  if (posix_memalign(&workspace, 64, sizeof(ak_workspace_t)) != 0 || pthread_setspecific(key, workspace) != 0) {
    fprintf(stderr, "Adjoint: no memory for the %zu bytes in which a thread multiplies matrices\n",
            sizeof(ak_workspace_t));
    abort();
  }
  ((ak_workspace_t *)workspace)->turns = false;
  return ak_own_workspace = workspace;
}
