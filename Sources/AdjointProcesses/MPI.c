// The system's MPI, opened at run time.

#include "Processes.h"

#include <dlfcn.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Handles are pointers in both interfaces, and a status may be left out by NULL in both.
typedef void *Handle;

// Constants of the standard interface (MPI 5.0, appendix A).
static const uintptr_t StandardWorld = 0x101, StandardByte = 0x247;
enum { StandardSerialized = 2048, OpenSerialized = 2 };
// Tags: of the last exchange, and the first of so many others, which all libraries have.
enum { LastTag = 1, FirstTag = 2, TagCount = 1 << 14 };
enum { MostProcesses = 64, MostVersion = 8192 };

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
  bool joined, is_leaving;
  int own_rank, count;
  /// The seconds after its beginning at which an exchange is under way, for experiments.
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

// 0 where nothing is waited for.
static atomic_int seconds_left;

// Second by second: one that was stopped for long, with all others, is one second late. Any thread may run this, also while the wait ends.
static void second_is_over(int signal) {
  (void)signal;
  int left = atomic_load(&seconds_left);
  if (left == 0 || !atomic_compare_exchange_strong(&seconds_left, &left, left - 1)) return;
  if (left > 1) {
    alarm(1);
    return;
  }
  say("adjoint: error: not all processes came to the same place in time; all end here\n");
  _exit(1);
}

static void wait_at_most(int seconds) {
  signal(SIGALRM, second_is_over);
  atomic_store(&seconds_left, seconds);
  alarm(seconds > 0);
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

double adjoint_mpi_delay(void) { return mpi.delay; }

bool adjoint_mpi_goes_on(adjoint_exchange *exchange) {
  if (!exchange->is_under_way) {
    exchange->is_under_way = true;
    const int tag = mpi.is_leaving ? LastTag : FirstTag + (int)(exchange->number % TagCount);
    // All before the first is asked: messages of a pair and a number arrive in this order.
    for (size_t i = 0; i < exchange->count; i++) {
      adjoint_piece *piece = &exchange->pieces[i];
      const int count = (int)piece->count;
      if (piece->is_sent) mpi.send(piece->bytes, count, mpi.byte, piece->peer, tag, mpi.world, &piece->request);
      else mpi.receive(piece->bytes, count, mpi.byte, piece->peer, tag, mpi.world, &piece->request);
    }
  }
  for (size_t i = 0; i < exchange->count;) {
    int is_done = 0;
    mpi.test(&exchange->pieces[i].request, &is_done, NULL);
    if (is_done) exchange->pieces[i] = exchange->pieces[--exchange->count];
    else i++;
  }
  return exchange->count == 0;
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
  mpi.is_leaving = true;
  const int place = adjoint_exchange_begin(0, mpi.own_rank, sends, peers_count, receives, peers_count);
  const int silent = adjoint_exchange_end(0, mpi.own_rank, place, SecondsToPart);
  if (silent >= 0) {
    snprintf(text, sizeof text, "adjoint: error: process %d did not come to the end; all end here\n", silent);
    adjoint_abort(text);
  }
  wait_at_most(SecondsToPart);
  mpi.finalize();
  wait_at_most(0);
}
