// A group of threads of this process: bytes go from one to another through copies in a queue for each pair.

#include "Processes.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct parcel {
  struct parcel *next;
  size_t count;
  char bytes[];
} parcel;

typedef struct {
  int count;
  pthread_mutex_t mutex;
  parcel **queues;  // from, to
} local;

AdjointGroup adjoint_local_create(int count) {
  local *group = calloc(1, sizeof *group);
  if (!group) return 0;
  group->count = count;
  group->queues = calloc((size_t)count * (size_t)count, sizeof *group->queues);
  pthread_mutex_init(&group->mutex, NULL);
  return (AdjointGroup)group;
}

static void put(local *group, int from, const AdjointMessage *message) {
  parcel *sent = malloc(sizeof *sent + message->count);
  if (!sent) abort();
  sent->next = NULL;
  sent->count = message->count;
  memcpy(sent->bytes, message->bytes, message->count);
  pthread_mutex_lock(&group->mutex);
  parcel **place = &group->queues[from * group->count + message->peer];
  while (*place) place = &(*place)->next;
  *place = sent;
  pthread_mutex_unlock(&group->mutex);
}

static parcel *take(local *group, int from, int to) {
  pthread_mutex_lock(&group->mutex);
  parcel **place = &group->queues[from * group->count + to], *found = *place;
  if (found) *place = found->next;
  pthread_mutex_unlock(&group->mutex);
  return found;
}

int adjoint_exchange(
    AdjointGroup handle, int rank, const AdjointMessage *sends, size_t send_count, const AdjointMessage *receives,
    size_t receive_count, double seconds) {
  if (!handle) return adjoint_mpi_exchange(sends, send_count, receives, receive_count, seconds);
  local *group = (local *)handle;
  for (size_t i = 0; i < send_count; i++) put(group, rank, &sends[i]);
  for (size_t i = 0; i < receive_count; i++) {
    adjoint_patience patience = adjoint_patience_begin(seconds);
    parcel *found;
    while (!(found = take(group, receives[i].peer, rank))) {
      if (adjoint_patience_ends(&patience)) return receives[i].peer;
    }
    // Both sides plan by themselves: another size is a plan that differs.
    if (found->count != receives[i].count) abort();
    memcpy(receives[i].bytes, found->bytes, found->count);
    free(found);
  }
  return -1;
}
