// Processes that exchange bytes: those that mpirun has started, through the system's MPI library, which is opened at run
// time; or threads of this process, through its memory, for tests of whatever is planned above.
//
// A build needs neither headers nor a library of MPI. Two binary interfaces are spoken: that of Open MPI 4 and 5
// (libmpi.so.40), and the standard one of MPI 5 (libmpi_abi.so.1).

#ifndef ADJOINT_PROCESSES_H
#define ADJOINT_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Bytes that go to a process, or come from it.
typedef struct AdjointMessage {
  int peer;
  void *_Nullable bytes;
  size_t count;
} AdjointMessage;

/// A group of processes: 0 for what mpirun has started, else the address of a group of threads.
typedef uintptr_t AdjointGroup;

/// The number of processes that a launcher says it has started; 0 where none has started this one.
int adjoint_launched(void);

/// The number that a launcher has given this process, known without joining anybody; 0 where none has started it.
int adjoint_launched_rank(void);

/// Opens the library that the launcher belongs to, and joins the others. To be called once.
/// Returns NULL, or the sentence that says why it failed.
const char *_Nullable adjoint_mpi_join(int *_Nonnull rank, int *_Nonnull count);

/// Looks for a library of MPI without joining anybody. Returns its name and version, or NULL where there is none.
const char *_Nullable adjoint_mpi_version(void);

/// The name of the library that `adjoint_mpi_version` has found.
const char *_Nonnull adjoint_mpi_library(void);

/// Begins to send and to receive, and returns at once, with the place of the exchange among those that are open. All processes begin the same
/// exchanges in the same order, and end them in one order. Until it has ended, nobody touches the bytes. Messages of an exchange between
/// two processes arrive in the order of sending. One thread at a time calls this and the two below.
int adjoint_exchange_begin(
    AdjointGroup group, int rank, const AdjointMessage *_Nullable sends, size_t send_count,
    const AdjointMessage *_Nullable receives, size_t receive_count);

/// Lets the messages of all exchanges that are open go on.
void adjoint_exchange_progress(AdjointGroup group, int rank);

/// Waits until an exchange is done, and closes it.
/// Returns -1; or a process that has not answered within so many seconds of waiting.
int adjoint_exchange_end(AdjointGroup group, int rank, int place, double seconds);

/// Ends all processes that mpirun has started, with a sentence on standard error.
_Noreturn void adjoint_abort(const char *_Nonnull sentence);

/// A group of so many threads of this process, which lasts as long as it.
AdjointGroup adjoint_local_create(int count);

/// Whether an environment variable is there and not empty.
bool adjoint_is_set(const char *_Nonnull variable);

#endif
