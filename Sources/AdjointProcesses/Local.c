// A group of threads of this process: bytes go from one to another through copies in a queue for each pair.

#include "Processes.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct parcel {
  struct parcel *next;
  unsigned number;
  size_t count;
  char bytes[];
} parcel;

typedef struct {
  int count;
  pthread_mutex_t mutex;
  parcel **queues;  // from, to
  adjoint_exchanges *exchanges;  // of each
} local;

AdjointGroup adjoint_local_create(int count) {
  local *group = calloc(1, sizeof *group);
  if (!group) return 0;
  group->count = count;
  group->queues = calloc((size_t)count * (size_t)count, sizeof *group->queues);
  group->exchanges = calloc((size_t)count, sizeof *group->exchanges);
  pthread_mutex_init(&group->mutex, NULL);
  return (AdjointGroup)group;
}

adjoint_exchanges *adjoint_local_exchanges(AdjointGroup handle, int rank) {
  return &((local *)handle)->exchanges[rank];
}

static void put(local *group, int from, const adjoint_piece *piece, unsigned number) {
  parcel *sent = malloc(sizeof *sent + piece->count);
  if (!sent) abort();
  sent->next = NULL;
  sent->number = number;
  sent->count = piece->count;
  memcpy(sent->bytes, piece->bytes, piece->count);
  pthread_mutex_lock(&group->mutex);
  parcel **place = &group->queues[from * group->count + piece->peer];
  while (*place) place = &(*place)->next;
  *place = sent;
  pthread_mutex_unlock(&group->mutex);
}

// The first parcel of an exchange, which may stand behind those of others.
static parcel *take(local *group, int from, int to, unsigned number) {
  pthread_mutex_lock(&group->mutex);
  parcel **place = &group->queues[from * group->count + to];
  while (*place && (*place)->number != number) place = &(*place)->next;
  parcel *found = *place;
  if (found) *place = found->next;
  pthread_mutex_unlock(&group->mutex);
  return found;
}

// What is sent is copied at the beginning, and what is received comes at the end: as late as it may, for tests that nobody reads it before.
bool adjoint_local_goes_on(AdjointGroup handle, int rank, adjoint_exchange *exchange) {
  local *group = (local *)handle;
  if (!exchange->is_under_way) {
    exchange->is_under_way = true;
    size_t received = 0;
    for (size_t i = 0; i < exchange->count; i++) {
      if (exchange->pieces[i].is_sent) put(group, rank, &exchange->pieces[i], exchange->number);
      else received++;
    }
    exchange->count = received;
    return received == 0;
  }
  for (; exchange->done < exchange->count; exchange->done++) {
    const adjoint_piece *piece = &exchange->pieces[exchange->done];
    parcel *found = take(group, piece->peer, rank, exchange->number);
    if (!found) return false;
    // Both sides plan by themselves: another size is a plan that differs.
    if (found->count != piece->count) abort();
    memcpy(piece->bytes, found->bytes, found->count);
    free(found);
  }
  return true;
}
