// What the files of this target share.

#include "AdjointProcesses.h"

/// The time that a process waits for others.
typedef struct {
  double seconds, waited, last;
  long turns;
} adjoint_patience;

adjoint_patience adjoint_patience_begin(double seconds);
/// Lets others work for a moment; true when the time is over.
bool adjoint_patience_ends(adjoint_patience *patience);
double adjoint_now(void);

/// A message that is not done, or a part of a long one.
typedef struct {
  int peer;
  bool is_sent;
  void *bytes;
  size_t count;
  void *request;
} adjoint_piece;

/// An exchange, with its pieces, those to be received before those to be sent. The ones from `done` to `count` are not done.
typedef struct {
  bool is_open, is_under_way;
  /// The exchanges of the process that began before it: messages of two exchanges cannot be mixed up.
  unsigned number;
  /// The moment at which it may be under way; 0 for at once.
  double start;
  adjoint_piece *pieces;
  size_t done, count, capacity;
} adjoint_exchange;

/// All exchanges of a process: open ones, and places for others.
typedef struct {
  adjoint_exchange *items;
  int count;
  unsigned begun;
} adjoint_exchanges;

/// Lets an exchange with processes go on; true when it is done.
bool adjoint_mpi_goes_on(adjoint_exchange *exchange);
/// The seconds after which an exchange is under way, for experiments.
double adjoint_mpi_delay(void);

/// The same among threads.
bool adjoint_local_goes_on(AdjointGroup group, int rank, adjoint_exchange *exchange);
adjoint_exchanges *adjoint_local_exchanges(AdjointGroup group, int rank);
