import Foundation

/// The runs that processes on one folder have begun, as locks on bytes of a file: the system takes them back from a process that
/// ends. Where a file system has no locks, each process works as if it were alone.
final class RunClaims: Sendable {
  private let path: String
  private let descriptor: Int32
  /// The byte that whoever writes records has locked.
  private static let records: UInt64 = 0

  init(in folder: URL) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    path = folder.appendingPathComponent(".claims").path
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
  }

  /// The last process removes the file.
  deinit {
    guard descriptor >= 0 else { return }
    if lock(.whole, F_WRLCK) { unlink(path) }
    close(descriptor)
  }

  /// True when this process may begin a run; no other one may then, until it is given back.
  func take(_ run: String) -> Bool {
    lock(.byte(Self.byte(of: run)), F_WRLCK) || errno == ENOLCK || errno == EINVAL || descriptor < 0
  }

  func giveBack(_ run: String) { _ = lock(.byte(Self.byte(of: run)), F_UNLCK) }

  /// Does something while no other process does it.
  func writing<Result>(_ body: () throws -> Result) rethrows -> Result {
    _ = lock(.byte(Self.records), F_WRLCK, waiting: true)
    defer { _ = lock(.byte(Self.records), F_UNLCK) }
    return try body()
  }

  private enum Extent {
    case byte(UInt64)
    case whole
  }

  private func lock(_ extent: Extent, _ kind: Int32, waiting: Bool = false) -> Bool {
    var lock = flock()
    lock.l_type = Int16(kind)
    lock.l_whence = Int16(SEEK_SET)
    switch extent {
    case .byte(let byte): (lock.l_start, lock.l_len) = (off_t(byte), 1)
    case .whole: (lock.l_start, lock.l_len) = (0, 0)
    }
    while fcntl(descriptor, waiting ? F_SETLKW : F_SETLK, &lock) != 0 {
      if errno != EINTR { return false }
    }
    return true
  }

  /// The byte of a run by its name, the same in every process. FNV-1a; two of 2⁶² are alike by chance alone, and then one waits.
  private static func byte(of run: String) -> UInt64 {
    run.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 } >> 2 | 1
  }
}
