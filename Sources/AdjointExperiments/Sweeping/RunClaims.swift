import Adjoint
import Foundation

/// The runs that processes on one folder have begun, as locks on bytes of a file: the system takes them back from a process that
/// ends. Where a file system has no locks, each process works as if it were alone.
final class RunClaims: Sendable {
  private let path: String
  private let descriptor: Int32
  /// The byte that whoever writes records has locked, and that of which all who are there share a lock. Bytes of runs are odd.
  private static let (records, presence): (UInt64, UInt64) = (0, 2)

  init(in folder: URL) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    path = folder.appendingPathComponent(".claims").path
    descriptor = Self.join(path)
  }

  /// Opens the file and shares the lock of presence. Whoever removes the file has locked all of it: who has opened it just before waits
  /// here, finds that it is gone, and opens the next one.
  private static func join(_ path: String) -> Int32 {
    while true {
      let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
      guard descriptor >= 0, lock(descriptor, .byte(presence), F_RDLCK, waiting: true) else { return descriptor }
      if isThere(descriptor, path) { return descriptor }
      close(descriptor)
    }
  }

  /// True when an open file still stands at its path.
  private static func isThere(_ descriptor: Int32, _ path: String) -> Bool {
    var (own, present) = (stat(), stat())
    return fstat(descriptor, &own) == 0 && stat(path, &present) == 0 && own.st_ino == present.st_ino
  }

  /// The last process removes the file. Each has given back its own lock before, so that of two that end at once one finds no other.
  deinit {
    guard descriptor >= 0 else { return }
    _ = lock(.byte(Self.presence), F_UNLCK)
    if lock(.whole, F_WRLCK), Self.isThere(descriptor, path) { unlink(path) }
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
    Self.lock(descriptor, extent, kind, waiting: waiting)
  }

  private static func lock(_ descriptor: Int32, _ extent: Extent, _ kind: Int32, waiting: Bool) -> Bool {
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

  /// The byte of a run by its name, the same in every process. Two of 2⁶² are alike by chance alone, and then one waits.
  private static func byte(of run: String) -> UInt64 { stableHash(run.utf8) >> 2 | 1 }
}
