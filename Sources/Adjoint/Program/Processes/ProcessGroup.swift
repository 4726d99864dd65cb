import AdjointProcesses

/// The processes that compute one training together.
///
/// `mpirun -n 4 PROGRAM` starts a program four times; a step that is given this group then computes a fourth of each
/// instruction, and receives what it needs of the rest. Every process runs the same code on the same data and comes to the same
/// parameters, to the last bit those of one process alone. Without `mpirun` there is a group of one, and nothing changes.
///
/// ```swift
/// let step = TrainingStep<Float>(optimizer: Adam(), on: .current) { images, labels in … }
/// if ProcessGroup.current.isFirst { print("trained") }
/// ```
///
/// A process that ends or does not answer ends all of them, with a sentence.
public final class ProcessGroup: Sendable {
  /// The number of this process, from 0.
  public let rank: Int
  /// The number of processes.
  public let count: Int
  /// 0 for processes; else the threads of this one that are a group in its place.
  private let handle: AdjointGroup
  /// True in tests: what a process neither computes nor receives is NaN.
  package let isMarkingMissing: Bool
  /// The bytes that this process has sent to others so far.
  // Unchecked: one thread exchanges at a time, and it alone counts.
  package private(set) nonisolated(unsafe) var sentByteCount = 0

  private init(rank: Int, count: Int, handle: AdjointGroup, isMarkingMissing: Bool) {
    (self.rank, self.count, self.handle, self.isMarkingMissing) = (rank, count, handle, isMarkingMissing)
  }

  /// True for the process that writes files and shows progress.
  public var isFirst: Bool { rank == 0 }

  /// The processes that `mpirun` has started together with this one; this one alone without `mpirun`.
  ///
  /// They are joined when this is first asked for, by one thread of each. Where that fails, the process ends with a sentence that says
  /// what to do.
  public static let current: ProcessGroup = join()

  /// True when a launcher says that it has started several processes.
  package static var isLaunched: Bool { launchedCount > 1 }
  /// The number of processes that a launcher has started together, and that of this one among them, known without joining them.
  package static var launchedCount: Int { max(Int(adjoint_launched()), 1) }
  package static var launchedRank: Int { Int(adjoint_launched_rank()) }

  private static func join() -> ProcessGroup {
    let isMarking = adjoint_is_set("ADJOINT_MARK_MISSING")
    guard isLaunched else { return ProcessGroup(rank: 0, count: 1, handle: 0, isMarkingMissing: isMarking) }
    var (rank, count) = (Int32(0), Int32(1))
    if let sentence = adjoint_mpi_join(&rank, &count) { end(String(cString: sentence)) }
    guard count <= Holders.maximumCount else {
      end("started as \(count) processes; one training is shared by at most \(Holders.maximumCount)")
    }
    return ProcessGroup(rank: Int(rank), count: Int(count), handle: 0, isMarkingMissing: isMarking)
  }

  /// A group whose members are threads of this process, for tests of what is planned. It lasts as long as the process.
  package static func threads(_ count: Int, isMarkingMissing: Bool = true) -> [ProcessGroup] {
    let handle = adjoint_local_create(Int32(count))
    return (0..<count).map {
      ProcessGroup(rank: $0, count: count, handle: handle, isMarkingMissing: isMarkingMissing)
    }
  }

  /// The library of MPI of this system, by its name and version; `nil` where there is none.
  package static var library: (name: String, version: String)? {
    adjoint_mpi_version().map { (String(cString: adjoint_mpi_library()), String(cString: $0)) }
  }

  /// The seconds for which a process waits for another one.
  private static let patience = 8.0
  /// The same of threads that stand for processes, on a machine that does much else.
  private static let patienceInTests = 300.0

  /// An exchange that has begun and not ended.
  struct OpenExchange {
    fileprivate let place: Int32
    /// In tests: of the bytes that are on their way, which nobody is to change.
    fileprivate let digest: UInt64
  }

  /// Begins to send and to receive messages. Until the end nobody writes what is sent, nor touches what is received. All processes
  /// begin and end the same exchanges in one order.
  func begin(sends: [AdjointMessage], receives: [AdjointMessage]) -> OpenExchange {
    for position in 0..<sends.count { sentByteCount += sends[position].count }  // by position: a loop would retain
    if isMarkingMissing { for message in receives { Poison.fill(message.bytes, message.count) } }
    let place = sends.withUnsafeBufferPointer { sends in
      receives.withUnsafeBufferPointer { receives in
        adjoint_exchange_begin(
          handle, Int32(rank), sends.baseAddress, sends.count, receives.baseAddress, receives.count)
      }
    }
    return OpenExchange(place: place, digest: isMarkingMissing ? Poison.digest(of: sends) : 0)
  }

  /// Lets the messages of exchanges that have begun go on, between two pieces of work.
  func progress() { adjoint_exchange_progress(handle, Int32(rank)) }

  /// Waits until all messages of an exchange are sent and received.
  /// - Parameters: the messages with which it began.
  func end(_ exchange: OpenExchange, sends: [AdjointMessage], receives: [AdjointMessage]) {
    if isMarkingMissing { checkUntouched(exchange, sends, receives) }
    let patience = handle == 0 ? ProcessGroup.patience : ProcessGroup.patienceInTests
    let silent = adjoint_exchange_end(handle, Int32(rank), exchange.place, patience)
    guard silent >= 0 else { return }
    let sentence =
      "process \(rank) of \(count) got no answer from process \(silent) within \(Int(patience)) s: it has ended, is stopped, or "
      + "is not at the same step. All end here; the last checkpoint is whole."
    if handle != 0 { fatalError(sentence) }
    ProcessGroup.end(sentence)
  }

  /// Traps where bytes on their way have been changed: what is sent, and the place of what is received.
  private func checkUntouched(_ exchange: OpenExchange, _ sends: [AdjointMessage], _ receives: [AdjointMessage]) {
    guard Poison.digest(of: sends) == exchange.digest else {
      fatalError("ProcessGroup: bytes changed while they were sent")
    }
    // From processes they may have come already; from threads they come at the end.
    guard handle == 0 || receives.allSatisfy({ Poison.isWhole($0.bytes, $0.count) }) else {
      fatalError("ProcessGroup: bytes were written where others were on their way to")
    }
  }

  /// Sends and receives messages, and waits for all of them.
  func exchange(sends: [AdjointMessage], receives: [AdjointMessage]) {
    end(begin(sends: sends, receives: receives), sends: sends, receives: receives)
  }

  private static func end(_ sentence: String) -> Never {
    "adjoint: error: \(sentence)\n".withCString { adjoint_abort($0) }
  }

  /// The bytes of every process, by rank, known to all. All give the same number of bytes.
  package func gather(_ own: [UInt8]) -> [[UInt8]] {
    guard count > 1 else { return [own] }
    var all = [[UInt8]](repeating: own, count: count)
    let size = own.count
    var sent = own
    var received = [UInt8](repeating: 0, count: size * count)
    sent.withUnsafeMutableBytes { sent in
      received.withUnsafeMutableBytes { received in
        guard let from = sent.baseAddress, let to = received.baseAddress else { return }
        let peers = (0..<count).filter { $0 != rank }
        exchange(
          sends: peers.map { AdjointMessage(peer: Int32($0), bytes: from, count: size) },
          receives: peers.map { AdjointMessage(peer: Int32($0), bytes: to + $0 * size, count: size) })
      }
    }
    for peer in 0..<count where peer != rank { all[peer] = Array(received[peer * size..<(peer + 1) * size]) }
    return all
  }

  /// The numbers of every process, by rank. All give equally many.
  package func gather<Number: BitwiseCopyable>(_ own: [Number]) -> [[Number]] {
    guard count > 1 else { return [own] }
    let size = MemoryLayout<Number>.stride
    return gather(own.withUnsafeBytes { Array($0) }).map { bytes in
      bytes.withUnsafeBytes { raw in
        own.indices.map { raw.loadUnaligned(fromByteOffset: $0 * size, as: Number.self) }
      }
    }
  }

  /// The largest of the numbers that the processes give.
  package func largest(_ number: Int) -> Int {
    guard count > 1 else { return number }
    return gather([number]).map { $0[0] }.max() ?? number
  }
}

extension ProcessGroup: CustomStringConvertible {
  /// The number of this process and of all: `process 1 of 4`.
  public var description: String { "process \(rank) of \(count)" }
}

/// What tests write where bytes are on their way to: NaN in both precisions.
enum Poison {
  private static let byte: UInt8 = 0xff

  static func fill(_ bytes: UnsafeMutableRawPointer?, _ count: Int) {
    if let bytes { _ = bytes.initializeMemory(as: UInt8.self, repeating: byte, count: count) }
  }

  static func isWhole(_ bytes: UnsafeMutableRawPointer?, _ count: Int) -> Bool {
    UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : count).allSatisfy { $0 == byte }
  }

  static func digest(of messages: [AdjointMessage]) -> UInt64 {
    messages.reduce(0) { sum, message in
      UnsafeRawBufferPointer(start: message.bytes, count: message.count).reduce(sum) { $0 &* 31 &+ UInt64($1) }
    }
  }
}
