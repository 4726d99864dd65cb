// The system's MPI, opened at run time.

#include "Processes.h"

#include <dlfcn.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// Handles are pointers in both interfaces, and a status may be left out by NULL in both.
typedef void *Handle;

// Constants of the standard interface (MPI 5.0, appendix A).
static const uintptr_t StandardWorld = 0x101, StandardByte = 0x247;
enum { StandardSerialized = 2048, OpenSerialized = 2, StepTag = 1, LastTag = 2 };
enum { MostProcesses = 64, MostVersion = 8192 };

// The counts of a message are of 32 bits.
static const size_t LargestPiece = (size_t)1 << 30;

static struct {
  void *library;
  const char *name;
  Handle world, byte;
  int serialized;
  int (*init)(int *, char ***, int, int *);
  int (*initialized)(int *);
  int (*finalize)(void);
  int (*abort)(Handle, int);
  int (*rank)(Handle, int *);
  int (*size)(Handle, int *);
  int (*send)(const void *, int, Handle, int, int, Handle, Handle *);
  int (*receive)(void *, int, Handle, int, int, Handle, Handle *);
  int (*test)(Handle *, int *, void *);
  int (*version)(char *, int *);
  bool joined;
  int own_rank, count;
  /// The seconds by which each exchange is made longer, for experiments.
  double delay;
} mpi;

static char text[MostVersion + 512];

static int number(const char *variable) {
  const char *value = getenv(variable);
  return value ? atoi(value) : 0;
}

static bool started_by_open_mpi(void) { return getenv("OMPI_COMM_WORLD_SIZE") != NULL; }

int adjoint_launched(void) {
  if (started_by_open_mpi()) return number("OMPI_COMM_WORLD_SIZE");
  return number("PMI_SIZE");
}

int adjoint_launched_rank(void) { return number(started_by_open_mpi() ? "OMPI_COMM_WORLD_RANK" : "PMI_RANK"); }

// Looks up all functions in a library; false where it is another one.
static bool look_up(void *library) {
  struct {
    const char *name;
    void *place;
  } const functions[] = {
      {"MPI_Init_thread", &mpi.init},   {"MPI_Initialized", &mpi.initialized},
      {"MPI_Finalize", &mpi.finalize},  {"MPI_Abort", &mpi.abort},
      {"MPI_Comm_rank", &mpi.rank},     {"MPI_Comm_size", &mpi.size},
      {"MPI_Isend", &mpi.send},         {"MPI_Irecv", &mpi.receive},
      {"MPI_Test", &mpi.test},          {"MPI_Get_library_version", &mpi.version},
  };
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
    void *function = dlsym(library, functions[i].name);
    if (!function) return false;
    memcpy(functions[i].place, &function, sizeof function);
  }
  Handle world = dlsym(library, "ompi_mpi_comm_world"), byte = dlsym(library, "ompi_mpi_byte");
  if (world && byte) {
    mpi.world = world;
    mpi.byte = byte;
    mpi.serialized = OpenSerialized;
    return true;
  }
  mpi.world = (Handle)StandardWorld;
  mpi.byte = (Handle)StandardByte;
  mpi.serialized = StandardSerialized;
  return dlsym(library, "MPI_Abi_get_version") != NULL;
}

static bool open_library(const char *name) {
  // Its plugins look for the symbols of the library that opens them.
  void *library = dlopen(name, RTLD_NOW | RTLD_GLOBAL);
  if (!library) return false;
  if (look_up(library)) {
    mpi.library = library;
    mpi.name = name;
    return true;
  }
  dlclose(library);
  return false;
}

#if defined(__ELF__)
// The linker makes it where anything is linked at run time: a program that is linked statically opens no library.
extern const char _DYNAMIC[] __attribute__((weak, visibility("hidden")));
static bool opens_libraries(void) { return _DYNAMIC != NULL; }
#else
static bool opens_libraries(void) { return true; }
#endif

static bool find_library(void) {
  if (mpi.library) return true;
  if (!opens_libraries()) return false;
  const char *named = getenv("ADJOINT_MPI");
  if (named && *named) return open_library(named);
  const char *names[] = {"libmpi.so.40", "libmpi_abi.so.1", "libmpi_abi.so"};
  const bool standard_first = !started_by_open_mpi() && adjoint_launched() > 0;
  if (standard_first) return open_library(names[1]) || open_library(names[2]) || open_library(names[0]);
  return open_library(names[0]) || open_library(names[1]) || open_library(names[2]);
}

const char *adjoint_mpi_library(void) { return mpi.name ? mpi.name : ""; }

const char *adjoint_mpi_version(void) {
  if (!find_library()) return NULL;
  int count = 0;
  memset(text, 0, sizeof text);
  if (mpi.version(text, &count) != 0) return NULL;
  text[strcspn(text, ",\n")] = 0;
  for (char *c = text; *c; c++) if (*c == '\t') *c = ' ';
  return text;
}

static void leave(void);

// MPI waits for all at its beginning and its end, and knows no limit.
enum { SecondsToMeet = 60, SecondsToPart = 8 };

// True where a pipe takes a short text at once, or soon: a launcher that is ending reads no more, and nobody is to wait for it.
static bool takes_text(int file) {
  struct pollfd place = {.fd = file, .events = POLLOUT};
  return poll(&place, 1, 1000) > 0;
}

static void say(const char *sentence) {
  if (takes_text(STDERR_FILENO) && write(STDERR_FILENO, sentence, strlen(sentence)) < 0) return;
}

static void end_of_waiting(int signal) {
  (void)signal;
  say("adjoint: error: not all processes came to the same place in time; all end here\n");
  _exit(1);
}

static void wait_at_most(unsigned seconds) {
  signal(SIGALRM, seconds > 0 ? end_of_waiting : SIG_DFL);
  alarm(seconds);
}

const char *adjoint_mpi_join(int *rank, int *count) {
  const int launched = adjoint_launched();
  if (!find_library()) {
    const char *named = getenv("ADJOINT_MPI");
    snprintf(
        text, sizeof text,
        "started as one of %d processes, but %s cannot be opened as a library of MPI: "
        "apt-get install libopenmpi3 (Debian), or name libmpi.so.40 or libmpi_abi.so.1 in ADJOINT_MPI",
        launched, named && *named ? named : started_by_open_mpi() ? "libmpi.so.40" : "libmpi_abi.so.1");
    return text;
  }
  // Between processes of one machine Open MPI 4 lets the system copy a message at once, unless told otherwise. Copying it twice, through
  // memory that both see, took half the time: 4.0 ms a step in place of 4.9 (784-1024-1024-10, 3.7 MB each way).
  if (started_by_open_mpi()) setenv("OMPI_MCA_btl_vader_single_copy_mechanism", "none", 0);
  int provided = 0;
  wait_at_most(SecondsToMeet);
  if (mpi.init(NULL, NULL, mpi.serialized, &provided) != 0 || mpi.rank(mpi.world, rank) != 0 ||
      mpi.size(mpi.world, count) != 0) {
    snprintf(text, sizeof text, "%s cannot begin: MPI_Init_thread failed", mpi.name);
    return text;
  }
  wait_at_most(0);
  mpi.joined = true;
  mpi.delay = 1e-6 * number("ADJOINT_EXCHANGE_DELAY");
  mpi.own_rank = *rank;
  mpi.count = *count;
  atexit(leave);
  // Both interfaces number the levels in ascending order. A process that works by itself shows on a second thread that it lives.
  if (provided < mpi.serialized) {
    snprintf(
        text, sizeof text,
        "%s lets one thread alone send messages (level %d of MPI_Init_thread; MPI_THREAD_SERIALIZED is %d); "
        "name a library that is built for threads in ADJOINT_MPI",
        mpi.name, provided, mpi.serialized);
    return text;
  }
  if (*count != launched) {
    snprintf(
        text, sizeof text,
        "started as one of %d processes, but %s knows of %d: it is not the library of this mpirun; "
        "name that in ADJOINT_MPI",
        launched, mpi.name, *count);
    return text;
  }
  return NULL;
}

_Noreturn void adjoint_abort(const char *sentence) {
  if (takes_text(STDOUT_FILENO)) fflush(stdout);
  say(sentence);
  if (mpi.joined) {
    mpi.joined = false;
    // A launcher that is ending all by itself may not answer.
    signal(SIGALRM, SIG_DFL);
    alarm(1);
    mpi.abort(mpi.world, 1);
  }
  _exit(1);
}

bool adjoint_is_set(const char *variable) {
  const char *value = getenv(variable);
  return value && *value;
}

// Requests of the present exchange, with the peer of each.
static Handle *requests;
static int *peers;
static size_t capacity;

static bool reserve(size_t count) {
  if (count <= capacity) return true;
  requests = realloc(requests, count * sizeof *requests);
  peers = realloc(peers, count * sizeof *peers);
  capacity = count;
  return requests && peers;
}

static size_t pieces(const AdjointMessage *messages, size_t count) {
  size_t sum = 0;
  for (size_t i = 0; i < count; i++) sum += (messages[i].count + LargestPiece - 1) / LargestPiece;
  return sum;
}

static size_t begin(const AdjointMessage *messages, size_t count, bool sending, int tag, size_t first) {
  for (size_t i = 0; i < count; i++) {
    for (size_t start = 0; start < messages[i].count; start += LargestPiece) {
      const size_t rest = messages[i].count - start;
      const int size = (int)(rest < LargestPiece ? rest : LargestPiece);
      char *bytes = (char *)messages[i].bytes + start;
      peers[first] = messages[i].peer;
      if (sending) mpi.send(bytes, size, mpi.byte, messages[i].peer, tag, mpi.world, &requests[first]);
      else mpi.receive(bytes, size, mpi.byte, messages[i].peer, tag, mpi.world, &requests[first]);
      first++;
    }
  }
  return first;
}

static int exchange(
    const AdjointMessage *sends, size_t send_count, const AdjointMessage *receives, size_t receive_count,
    double seconds, int tag) {
  if (!reserve(pieces(sends, send_count) + pieces(receives, receive_count))) return 0;
  size_t open = begin(receives, receive_count, false, tag, 0);
  open = begin(sends, send_count, true, tag, open);
  adjoint_patience patience = adjoint_patience_begin(seconds);
  const bool is_delayed = mpi.delay > 0 && open > 0;
  while (open > 0) {
    for (size_t i = 0; i < open;) {
      int done = 0;
      mpi.test(&requests[i], &done, NULL);
      if (!done) {
        i++;
        continue;
      }
      open--;
      requests[i] = requests[open];
      peers[i] = peers[open];
    }
    if (open > 0 && adjoint_patience_ends(&patience)) return peers[0];
  }
  const double end = is_delayed ? adjoint_now() + mpi.delay : 0;
  while (is_delayed && adjoint_now() < end) sched_yield();
  return -1;
}

int adjoint_mpi_exchange(
    const AdjointMessage *sends, size_t send_count, const AdjointMessage *receives, size_t receive_count,
    double seconds) {
  return exchange(sends, send_count, receives, receive_count, seconds, StepTag);
}

// The last exchange, of nothing but its coming: who is missing is named.
static void leave(void) {
  if (!mpi.joined) return;
  AdjointMessage sends[MostProcesses], receives[MostProcesses];
  char own = 0, all[MostProcesses];
  size_t peers_count = 0;
  for (int peer = 0; peer < mpi.count && mpi.count <= MostProcesses; peer++) {
    if (peer == mpi.own_rank) continue;
    sends[peers_count] = (AdjointMessage){.peer = peer, .bytes = &own, .count = 1};
    receives[peers_count++] = (AdjointMessage){.peer = peer, .bytes = &all[peer], .count = 1};
  }
  const int silent = exchange(sends, peers_count, receives, peers_count, SecondsToPart, LastTag);
  if (silent >= 0) {
    snprintf(text, sizeof text, "adjoint: error: process %d did not come to the end; all end here\n", silent);
    adjoint_abort(text);
  }
  wait_at_most(SecondsToPart);
  mpi.finalize();
  wait_at_most(0);
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
