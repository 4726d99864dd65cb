// Exchanges that are under way, with whichever group: begun, let go on, and ended.

#include "Processes.h"

#include <sched.h>
#include <stdlib.h>
#include <time.h>

// Those with the processes that mpirun has started.
static adjoint_exchanges of_processes;

// The counts of a message are of 32 bits.
static const size_t LargestPiece = (size_t)1 << 30;

static adjoint_exchanges *exchanges(AdjointGroup group, int rank) {
  return group ? adjoint_local_exchanges(group, rank) : &of_processes;
}

static void *resized(void *array, size_t size) {
  void *place = realloc(array, size);
  if (!place) abort();
  return place;
}

// One that is not open: what it has reserved for another one serves again.
static int closed(adjoint_exchanges *all) {
  for (int i = 0; i < all->count; i++) if (!all->items[i].is_open) return i;
  all->items = resized(all->items, (size_t)(all->count + 1) * sizeof *all->items);
  all->items[all->count] = (adjoint_exchange){0};
  return all->count++;
}

static void add(adjoint_exchange *exchange, const AdjointMessage *messages, size_t count, bool is_sent) {
  for (size_t i = 0; i < count; i++) {
    for (size_t start = 0; start < messages[i].count; start += LargestPiece) {
      if (exchange->count == exchange->capacity) {
        exchange->capacity = 2 * exchange->capacity + 8;
        exchange->pieces = resized(exchange->pieces, exchange->capacity * sizeof *exchange->pieces);
      }
      const size_t rest = messages[i].count - start;
      exchange->pieces[exchange->count++] = (adjoint_piece){
          .peer = messages[i].peer,
          .is_sent = is_sent,
          .bytes = (char *)messages[i].bytes + start,
          .count = rest < LargestPiece ? rest : LargestPiece,
      };
    }
  }
}

// Lets an exchange go on; true when it is done.
static bool goes_on(AdjointGroup group, int rank, adjoint_exchange *exchange) {
  if (exchange->start > 0 && adjoint_now() < exchange->start) return exchange->count == 0;
  return group ? adjoint_local_goes_on(group, rank, exchange) : adjoint_mpi_goes_on(exchange);
}

int adjoint_exchange_begin(
    AdjointGroup group, int rank, const AdjointMessage *sends, size_t send_count, const AdjointMessage *receives,
    size_t receive_count) {
  adjoint_exchanges *all = exchanges(group, rank);
  const int place = closed(all);
  adjoint_exchange *exchange = &all->items[place];
  const double delay = group ? 0 : adjoint_mpi_delay();
  exchange->is_open = true;
  exchange->is_under_way = false;
  exchange->number = all->begun++;
  exchange->start = delay > 0 ? adjoint_now() + delay : 0;
  exchange->done = exchange->count = 0;
  add(exchange, receives, receive_count, false);
  add(exchange, sends, send_count, true);
  goes_on(group, rank, exchange);
  return place;
}

void adjoint_exchange_progress(AdjointGroup group, int rank) {
  if (group) return;  // Bytes are copied at the beginning and at the end.
  for (int i = 0; i < of_processes.count; i++) if (of_processes.items[i].is_open) goes_on(group, rank, &of_processes.items[i]);
}

int adjoint_exchange_end(AdjointGroup group, int rank, int place, double seconds) {
  adjoint_exchange *exchange = &exchanges(group, rank)->items[place];
  adjoint_patience patience = adjoint_patience_begin(seconds);
  while (!goes_on(group, rank, exchange)) {
    if (adjoint_patience_ends(&patience)) return exchange->pieces[exchange->done].peer;
    // Others may wait for a message whose delay has ended meanwhile.
    if (exchange->start > 0) adjoint_exchange_progress(group, rank);
  }
  exchange->is_open = false;
  return -1;
}

adjoint_patience adjoint_patience_begin(double seconds) {
  return (adjoint_patience){.seconds = seconds, .last = adjoint_now()};
}

double adjoint_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// First at once, then giving the core to whoever wants it, then asleep. While all are stopped nobody is late, so of a gap
// a second counts; on a machine that does much else, gaps are shorter.
bool adjoint_patience_ends(adjoint_patience *patience) {
  enum { Spins = 200, Yields = 20000 };
  const double longest_gap = 1;
  patience->turns++;
  if (patience->turns < Spins) return false;
  if (patience->turns < Yields) sched_yield();
  else nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
  const double now = adjoint_now(), gap = now - patience->last;
  patience->last = now;
  patience->waited += gap < longest_gap ? gap : longest_gap;
  return patience->waited > patience->seconds;
}
