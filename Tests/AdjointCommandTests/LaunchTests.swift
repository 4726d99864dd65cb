import Foundation
import Testing

/// What a launched process says of a library of MPI that will not do. The library is a few lines of C with the standard interface.
@Suite struct LaunchTests {
  private static let library = """
    #include <stdlib.h>
    #include <string.h>
    static int number(const char *name) { return atoi(getenv(name)); }
    int MPI_Init_thread(int *c, char ***v, int wanted, int *given) { *given = number("GIVEN"); return number("FAILS"); }
    int MPI_Initialized(int *yes) { *yes = 1; return 0; }
    int MPI_Finalize(void) { return 0; }
    int MPI_Abort(void *world, int code) { exit(code); }
    int MPI_Comm_rank(void *world, int *rank) { *rank = 0; return 0; }
    int MPI_Comm_size(void *world, int *size) { *size = number("SIZE"); return 0; }
    int MPI_Isend(void) { return 0; }
    int MPI_Irecv(void) { return 0; }
    int MPI_Test(void *request, int *done, void *status) { *done = 0; return 0; }
    int MPI_Get_library_version(char *text, int *count) { strcpy(text, "Fake 1"); return 0; }
    int MPI_Abi_get_version(int *major, int *minor) { return 0; }
    """

  @Test(
    "A library that begins badly, lets one thread alone send, or knows of other processes ends the program with a sentence",
    .enabled(if: ForeignTests.has("cc")),
    arguments: [
      ("1024", "0", "2", "lets one thread alone send messages (level 1024"), ("0", "0", "2", "level 0"),
      ("2048", "1", "2", "MPI_Init_thread failed"), ("2048", "0", "3", "started as one of 2 processes, but"),
      ("4096", "0", "3", "knows of 3"),
    ])
  func refused(_ given: String, _ fails: String, _ size: String, _ words: String) throws {
    let place = try Workplace()
    _ = try place.write("fake.c", Array(LaunchTests.library.utf8))
    let compiler = Process()
    compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    compiler.arguments = ["cc", "-w", "-shared", "-fPIC", "-o", place.path("fake.so"), place.path("fake.c")]
    try compiler.run()
    compiler.waitUntilExit()
    #expect(compiler.terminationStatus == 0)
    let outcome = try place.run(
      "train", "--data", "drawn", "--train-limit", "64", "--test-limit", "20", "--epochs", "1",
      environment: [
        "PMI_SIZE": "2", "PMI_RANK": "0", "ADJOINT_MPI": place.path("fake.so"), "GIVEN": given, "FAILS": fails,
        "SIZE": size,
      ])
    #expect(outcome.code == 1 && outcome.errors.contains(words), "\(outcome.code) \(outcome.errors)")
    #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
  }
}
