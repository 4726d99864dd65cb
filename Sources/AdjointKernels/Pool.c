// Pool: threads that run one body together. Workers spin for a short while between bodies, since the next one of a
// program comes within microseconds, and then sleep. A part falls to the thread of its number, whose caches hold what
// the same part of the last body wrote; one whose thread has no core is taken over by a thread that is done. What a
// part computes depends on its number alone.

#include "AdjointKernels.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#define PAUSE() __builtin_ia32_pause()
#else
#define PAUSE() ((void)0)
#endif

enum { SPINS_BEFORE_SLEEP = 20000, SPINS_BEFORE_YIELD = 2000, LINE = 64 };

typedef struct {
  ak_pool *pool;
  pthread_t thread;
  // The last body for which the part of this number was claimed. On a line of its own: whoever claims his own part
  // waits for nobody's cache.
  _Alignas(LINE) atomic_ulong claimed;
} member;

struct ak_pool {
  int threads;
  member *members;  // the first is the caller, which has no thread here
  pthread_mutex_t mutex;
  pthread_cond_t awake;
  // Written by the caller alone, before a body begins.
  _Alignas(LINE) atomic_ulong generation;  // counts the bodies begun
  void (*body)(void *, int, int);
  void *context;
  atomic_bool closing;
  // Written by callers: true while one of them runs a body.
  _Alignas(LINE) atomic_bool busy;
  // Written by all.
  _Alignas(LINE) atomic_int finished;  // parts that have been run
  atomic_int sleeping;
};

// Waits for a body after `seen`: first awake, then asleep.
static unsigned long await_generation(ak_pool *pool, unsigned long seen) {
  unsigned long generation;
  for (int spin = 0; spin < SPINS_BEFORE_SLEEP; spin++) {
    generation = atomic_load_explicit(&pool->generation, memory_order_acquire);
    if (generation != seen) return generation;
    PAUSE();
  }
  pthread_mutex_lock(&pool->mutex);
  atomic_fetch_add(&pool->sleeping, 1);
  while ((generation = atomic_load(&pool->generation)) == seen) pthread_cond_wait(&pool->awake, &pool->mutex);
  atomic_fetch_sub(&pool->sleeping, 1);
  pthread_mutex_unlock(&pool->mutex);
  return generation;
}

// The part of this number, then each that nobody has begun. A thread that comes late claims nothing: every part was
// claimed for its body, or for a later one.
static void run_parts(ak_pool *pool, int number, unsigned long generation) {
  for (int i = 0; i < pool->threads; i++) {
    const int part = (number + i) % pool->threads;
    unsigned long before = generation - 1;
    if (!atomic_compare_exchange_strong(&pool->members[part].claimed, &before, generation)) continue;
    pool->body(pool->context, part, pool->threads);
    atomic_fetch_add_explicit(&pool->finished, 1, memory_order_release);
  }
}

static void *work(void *argument) {
  member *self = argument;
  ak_pool *pool = self->pool;
  unsigned long seen = 0;
  for (;;) {
    seen = await_generation(pool, seen);
    if (atomic_load(&pool->closing)) return NULL;
    run_parts(pool, (int)(self - pool->members), seen);
  }
}

// Begins a body; returns its number.
static unsigned long wake(ak_pool *pool) {
  const unsigned long generation = atomic_fetch_add(&pool->generation, 1) + 1;
  if (atomic_load(&pool->sleeping) > 0) {
    pthread_mutex_lock(&pool->mutex);
    pthread_cond_broadcast(&pool->awake);
    pthread_mutex_unlock(&pool->mutex);
  }
  return generation;
}

// Zeros, on lines of their own.
static void *lines(size_t bytes) {
  void *memory = NULL;
  if (posix_memalign(&memory, LINE, bytes) != 0) return NULL;
  return memset(memory, 0, bytes);
}

ak_pool *ak_pool_create(int threads) {
  if (threads < 1) return NULL;
  ak_pool *pool = lines(sizeof *pool);
  member *members = lines((size_t)threads * sizeof *members);
  if (!pool || !members) {
    free(pool);
    free(members);
    return NULL;
  }
  pool->threads = threads;
  pool->members = members;
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->awake, NULL);
  for (int i = 1; i < threads; i++) {
    members[i].pool = pool;
    if (pthread_create(&members[i].thread, NULL, work, &members[i]) != 0) {
      pool->threads = i;  // fewer threads than asked for: the work is split among those that there are
      break;
    }
  }
  return pool;
}

int ak_pool_threads(const ak_pool *pool) { return pool->threads; }

void ak_pool_run(ak_pool *pool, void (*body)(void *context, int part, int parts), void *context) {
  if (atomic_exchange_explicit(&pool->busy, true, memory_order_acquire)) {
    // Another caller's, or a body within a body: no part depends on who runs it.
    for (int part = 0; part < pool->threads; part++) body(context, part, pool->threads);
    return;
  }
  pool->body = body;
  pool->context = context;
  atomic_store(&pool->finished, 0);
  run_parts(pool, 0, wake(pool));
  // Yielding matters where there are more threads than cores.
  for (int spin = 0; atomic_load_explicit(&pool->finished, memory_order_acquire) < pool->threads; spin++) {
    if (spin < SPINS_BEFORE_YIELD) PAUSE(); else sched_yield();
  }
  atomic_store_explicit(&pool->busy, false, memory_order_release);
}

void ak_pool_destroy(ak_pool *pool) {
  if (!pool) return;
  atomic_store(&pool->closing, true);
  wake(pool);
  for (int i = 1; i < pool->threads; i++) pthread_join(pool->members[i].thread, NULL);
  pthread_cond_destroy(&pool->awake);
  pthread_mutex_destroy(&pool->mutex);
  free(pool->members);
  free(pool);
}
