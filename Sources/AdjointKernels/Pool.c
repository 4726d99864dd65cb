// A persistent pool of threads that run one body together. Workers spin for a short while between bodies, since the next one
// of a program comes within microseconds, and then sleep. Parts are claimed, not assigned: where a worker has no core, the
// caller runs its part too instead of waiting for it. What a part computes depends on its number alone.

#include "AdjointKernels.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#if defined(__x86_64__)
#define PAUSE() __builtin_ia32_pause()
#else
#define PAUSE() ((void)0)
#endif

enum { SPINS_BEFORE_SLEEP = 20000, SPINS_BEFORE_YIELD = 2000 };

struct ak_pool {
  int threads;
  pthread_t *workers;
  void (*body)(void *, int, int);
  void *context;
  atomic_ulong generation;  // counts the bodies begun
  atomic_int next;          // the next part to be claimed; at least `threads` between bodies
  atomic_int finished;      // parts that have been run
  atomic_int sleeping;
  atomic_bool closing;
  pthread_mutex_t mutex;
  pthread_cond_t awake;
};

// Waits for a body after `seen`: first awake, then asleep.
static void await_generation(ak_pool *pool, unsigned long seen) {
  for (int spin = 0; spin < SPINS_BEFORE_SLEEP; spin++) {
    if (atomic_load_explicit(&pool->generation, memory_order_acquire) != seen) return;
    PAUSE();
  }
  pthread_mutex_lock(&pool->mutex);
  atomic_fetch_add(&pool->sleeping, 1);
  while (atomic_load(&pool->generation) == seen) pthread_cond_wait(&pool->awake, &pool->mutex);
  atomic_fetch_sub(&pool->sleeping, 1);
  pthread_mutex_unlock(&pool->mutex);
}

// Runs parts until none is left. A worker that comes late finds none, or helps with the body that is present by then: the
// body is written before `next` is reset, and read after a claim.
static void run_parts(ak_pool *pool) {
  for (;;) {
    int part = atomic_fetch_add(&pool->next, 1);
    if (part >= pool->threads) return;
    pool->body(pool->context, part, pool->threads);
    atomic_fetch_add_explicit(&pool->finished, 1, memory_order_release);
  }
}

static void *work(void *argument) {
  ak_pool *pool = argument;
  unsigned long seen = 0;
  for (;;) {
    await_generation(pool, seen);
    seen++;
    if (atomic_load(&pool->closing)) return NULL;
    run_parts(pool);
  }
}

static void wake(ak_pool *pool) {
  atomic_fetch_add(&pool->generation, 1);
  if (atomic_load(&pool->sleeping) > 0) {
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_broadcast(&pool->awake);
    pthread_mutex_unlock(&pool->mutex);
  }
}

ak_pool *ak_pool_create(int threads) {
  if (threads < 1) return NULL;
  ak_pool *pool = calloc(1, sizeof *pool);
  if (!pool) return NULL;
  pool->threads = threads;
  atomic_store(&pool->next, threads);
  pool->workers = calloc((size_t)threads, sizeof *pool->workers);
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->awake, NULL);
  for (int i = 1; pool->workers && i < threads; i++) {
    if (pthread_create(&pool->workers[i], NULL, work, pool) != 0) {
      pool->threads = i;  // fewer threads than asked for: the work is split among those that there are
      break;
    }
  }
  return pool;
}

int ak_pool_threads(const ak_pool *pool) { return pool->threads; }

void ak_pool_run(ak_pool *pool, void (*body)(void *context, int part, int parts), void *context) {
  pool->body = body;
  pool->context = context;
  atomic_store(&pool->finished, 0);
  atomic_store(&pool->next, 0);
  if (pool->threads > 1) wake(pool);
  run_parts(pool);
  // Yielding matters where there are more threads than cores.
  for (int spin = 0; atomic_load_explicit(&pool->finished, memory_order_acquire) < pool->threads; spin++) {
    if (spin < SPINS_BEFORE_YIELD) PAUSE(); else sched_yield();
  }
}

void ak_pool_destroy(ak_pool *pool) {
  if (!pool) return;
  atomic_store(&pool->closing, true);
  if (pool->threads > 1) wake(pool);
  for (int i = 1; i < pool->threads; i++) pthread_join(pool->workers[i], NULL);
  pthread_cond_destroy(&pool->awake);
  pthread_mutex_destroy(&pool->mutex);
  free(pool->workers);
  free(pool);
}
