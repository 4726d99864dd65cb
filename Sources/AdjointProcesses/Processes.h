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

int adjoint_mpi_exchange(
    const AdjointMessage *sends, size_t send_count, const AdjointMessage *receives, size_t receive_count,
    double seconds);
