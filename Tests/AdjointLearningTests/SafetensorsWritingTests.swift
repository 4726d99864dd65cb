import Adjoint
import AdjointFiles
import AdjointLearning
import Foundation
import TestFiles
import Testing

extension SafetensorsTests {
  private static func numbers(_ count: Int) throws -> Safetensors {
    var file = Safetensors()
    try file.add("numbers", Tensor<Float>(repeating: 1.5, shape: [count]))
    return file
  }

  @Test("a folder that does not exist, or is a file, is named")
  func missingFolder() throws {
    let file = try folder.file("file", [1])
    for (missing, found) in [(folder.url.appendingPathComponent("none"), "none"), (file, "a file in its place")] {
      let error = try fileError {
        try SafetensorsTests.numbers(1).write(to: missing.appendingPathComponent("a"))
      }
      #expect(error.reason == .unwritableFile)
      #expect(error.description.contains("expected the folder '\(missing.path)', found \(found)"))
    }
    #expect(try [UInt8](Data(contentsOf: file)) == [1])
  }

  @Test("a file is replaced with its permissions, and through a link")
  func replacing() throws {
    let file = try folder.file("file", [1])
    try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: file.path)
    let link = folder.url.appendingPathComponent("link")
    try FileManager.default.createSymbolicLink(at: link, withDestinationURL: file)
    let numbers = try SafetensorsTests.numbers(3)
    try numbers.write(to: link)
    #expect(try Safetensors(contentsOf: file) == numbers)
    let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
    #expect(attributes[.posixPermissions] as? Int == 0o640)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link.path) == file.path)
    #expect(try folder.contents() == ["file", "link"])
  }

  @Test("a temporary file that a crash left behind stands in nobody's way, and goes")
  func leftover() throws {
    let process = ProcessInfo.processInfo.processIdentifier
    _ = try folder.file(".adjoint-\(process)-0.tmp", [1, 2, 3])
    let url = folder.url.appendingPathComponent("a")
    try SafetensorsTests.numbers(2).write(to: url)
    #expect(try Safetensors(contentsOf: url) == SafetensorsTests.numbers(2))
    #expect(try folder.contents() == ["a"])
  }

  @Test("a folder that may not be written to is named")
  func readOnlyFolder() async throws {
    let path = folder.url.path
    try FileManager.default.setAttributes([.posixPermissions: 0o555], ofItemAtPath: path)
    await #expect(processExitsWith: .success) { [path = path as String] in
      // The superuser may write anywhere, so this process becomes somebody else.
      if geteuid() == 0 { seteuid(65534) }
      let url = URL(fileURLWithPath: path).appendingPathComponent("a")
      let error = try fileError { try SafetensorsTests.numbers(1).write(to: url) }
      try #require(error.reason == .unwritableFile)
      try #require(error.description.contains("a folder that you may write to"))
      try #require(error.description.contains("Change the permissions of '\(path)'"))
    }
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    #expect(try folder.contents() == [])
  }

  @Test("a write that runs out of space leaves the old file and no temporary one")
  func fullDisk() async throws {
    let url = folder.url.appendingPathComponent("a")
    let old = try SafetensorsTests.numbers(10)
    try old.write(to: url)
    await #expect(processExitsWith: .success) { [path = url.path as String] in
      signal(SIGXFSZ, SIG_IGN)
      limitFileSize(to: 4096)
      let large = try SafetensorsTests.numbers(100_000)
      let error = try fileError { try large.write(to: URL(fileURLWithPath: path)) }
      try #require(error.reason == .unwritableFile)
      try #require(error.description.contains("expected to write the file"))
    }
    #expect(try folder.contents() == ["a"])
    #expect(try Safetensors(contentsOf: url) == old)
  }

  @Test("a process that is killed while it writes leaves the old file")
  func killed() async throws {
    let url = folder.url.appendingPathComponent("a")
    let old = try SafetensorsTests.numbers(10)
    try old.write(to: url)
    await #expect(processExitsWith: .signal(SIGXFSZ)) { [path = url.path as String] in
      signal(SIGXFSZ, SIG_DFL)
      // Dispatch blocks signals on its threads.
      var signals = sigset_t()
      sigemptyset(&signals)
      sigaddset(&signals, SIGXFSZ)
      pthread_sigmask(SIG_UNBLOCK, &signals, nil)
      limitFileSize(to: 4096)
      try SafetensorsTests.numbers(100_000).write(to: URL(fileURLWithPath: path))
    }
    #expect(try Safetensors(contentsOf: url) == old)
    // It was in the middle of writing: the part that it wrote is there, under another name.
    #expect(try folder.contents().count == 2)
    try old.write(to: url)
    #expect(try Safetensors(contentsOf: url) == old)
  }
}

/// Lets this process write no file longer than this; the system sends SIGXFSZ when it tries.
private func limitFileSize(to bytes: Int) {
  var none = rlimit(rlim_cur: 0, rlim_max: 0)
  var size = rlimit(rlim_cur: rlim_t(bytes), rlim_max: rlim_t(bytes))
  #if canImport(Glibc)
    setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &size)
  #else
    setrlimit(RLIMIT_CORE, &none)
    setrlimit(RLIMIT_FSIZE, &size)
  #endif
}

/// The reference implementation, where it is installed: `ADJOINT_PYTHON` names the interpreter, else `python3`.
private enum Python {
  static let isReady = (try? run("import numpy, safetensors.numpy", isQuiet: true)) == 0

  /// Runs a program and returns its exit code.
  static func run(_ program: String, _ arguments: String..., isQuiet: Bool = false) throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments =
      [ProcessInfo.processInfo.environment["ADJOINT_PYTHON"] ?? "python3", "-c", program] + arguments
    if isQuiet { process.standardError = FileHandle.nullDevice }
    try process.run()
    process.waitUntilExit()
    return process.terminationStatus
  }
}

extension SafetensorsTests {
  @Suite(
    "The reference implementation",
    .enabled(if: Python.isReady, "needs Python with safetensors and numpy; ADJOINT_PYTHON may name the interpreter"))
  struct Reference {
    let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    @Test("a file written here opens in Python with the same bits, and what Python writes of it opens here")
    func both() throws {
      var file = Safetensors()
      file.metadata = ["step": "7", "note": "\"é🙂\"\n"]
      let payload = Float(bitPattern: 0x7FC0_1234)
      try file.add("bytes", Tensor<UInt8>([0, 128, 255]))
      try file.add("floats é", Tensor<Float>(shape: [2, 2], elements: [-0.0, .infinity, 0.1, payload]))
      try file.add("doubles", Tensor<Double>([-0.0, 0.1, Double(bitPattern: 0x7FF8_0000_DEAD_BEEF)]))
      try file.add("scalar", Tensor<Double>(scalar: 0.1))
      try file.add("empty", Tensor<Float>(shape: [3, 0, 2], elements: []))
      try file.add("narrow", Tensor<Int32>(shape: [1, 2], elements: [.min, .max]))
      try file.add("wide", Tensor<Int64>([.min, 9_007_199_254_740_993]))
      let ours = folder.url.appendingPathComponent("ours.safetensors")
      let theirs = folder.url.appendingPathComponent("theirs.safetensors")
      try file.write(to: ours)
      let program = """
        import sys, numpy as np
        from safetensors import safe_open
        from safetensors.numpy import save_file
        with safe_open(sys.argv[1], framework="np") as f:
          metadata = f.metadata()
          t = {name: f.get_tensor(name) for name in f.keys()}
        assert metadata == {"step": "7", "note": '"é\\U0001F642"\\n'}, metadata
        def same(name, dtype, shape, bits):
          a = t[name]
          assert a.dtype == dtype and a.shape == shape, (name, a.dtype, a.shape)
          assert a.tobytes() == np.array(bits, dtype="<u%d" % a.dtype.itemsize).tobytes(), (name, a)
        same("bytes", "u1", (3,), [0, 128, 255])
        same("floats é", "f4", (2, 2), [0x80000000, 0x7f800000, 0x3dcccccd, 0x7fc01234])
        same("doubles", "f8", (3,), [0x8000000000000000, 0x3fb999999999999a, 0x7ff80000deadbeef])
        same("scalar", "f8", (), [0x3fb999999999999a])
        same("empty", "f4", (3, 0, 2), [])
        same("narrow", "i4", (1, 2), [0x80000000, 0x7fffffff])
        same("wide", "i8", (2,), [0x8000000000000000, 9007199254740993])
        assert len(t) == 7
        save_file(t, sys.argv[2], metadata=metadata)
        """
      try #require(try Python.run(program, ours.path, theirs.path) == 0)
      let back = try Safetensors(contentsOf: theirs)
      #expect(back.metadata == file.metadata)
      // The reference orders names by the width of the elements.
      #expect(back.names.sorted() == file.names.sorted())
      var reordered = Safetensors()
      reordered.metadata = back.metadata
      for name in file.names {
        switch try #require(back.elementType(of: name)) {
        case .float32: try reordered.add(name, back.tensor(name, as: Float.self))
        case .float64: try reordered.add(name, back.tensor(name, as: Double.self))
        case .int32: try reordered.add(name, back.tensor(name, as: Int32.self))
        case .int64: try reordered.add(name, back.tensor(name, as: Int64.self))
        case .uint8: try reordered.add(name, back.tensor(name, as: UInt8.self))
        default: Issue.record("\(name) has another type")
        }
      }
      #expect(reordered == file)
    }

    @Test("a tensor of half precision written by the reference is widened")
    func foreign() throws {
      let url = folder.url.appendingPathComponent("half")
      let program = """
        import sys, numpy as np
        from safetensors.numpy import save_file
        save_file({"h": np.array([0.1, -2], dtype=np.float16)}, sys.argv[1])
        """
      try #require(try Python.run(program, url.path) == 0)
      #expect(try Safetensors(contentsOf: url).tensor("h", as: Double.self).elements == [0.0999755859375, -2])
    }
  }
}
