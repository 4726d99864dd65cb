import AdjointKernels

/// A persistent pool of threads among which the instructions of programs are split.
///
/// Each instruction is cut statically into bands of rows or columns. So a result has the same bits on any number of
/// threads, and a batch keeps its meaning for every loss and normalisation. Several programs may share a pool, also on
/// several threads: a run that finds it busy is done by its own caller. A pool is for `Float` and `Double`; other scalars run on the caller's thread.
///
/// It is `@unchecked Sendable`: the threads live in C and see nothing but the task of the
/// present run, and the caller waits for all of them before it goes on.
public final class WorkerPool: @unchecked Sendable {
  private let pool: OpaquePointer?
  private let runsLastFirst: Bool
  /// The least work that repays waking the threads, in elementwise operations: about two microseconds of it.
  let leastWork: Int
  /// The number of threads that work, the caller's included.
  public let threads: Int

  /// The most threads that a pool has; what a command takes for `--threads`.
  package static let maximumThreads = 1024

  /// A pool of so many threads, which wait until there is work.
  /// - Precondition: between 1 and 1024 threads. More than the machine has cores slow each other down.
  public init(threads: Int, file: StaticString = #fileID, line: UInt = #line) {
    guard (1...WorkerPool.maximumThreads).contains(threads) else {
      fatalError(
        "WorkerPool: \(threads) threads; there must be between 1 and \(WorkerPool.maximumThreads)", file: file,
        line: line)
    }
    pool = threads > 1 ? ak_pool_create(Int32(threads)) : nil
    self.threads = pool.map { Int(ak_pool_threads($0)) } ?? 1
    (runsLastFirst, leastWork) = (false, 20_000)
  }

  /// A pool of parts that run one after the other on the caller's thread, for tests that no bit depends on their order.
  package init(partsInTurn parts: Int, lastFirst: Bool) {
    (pool, threads, runsLastFirst, leastWork) = (nil, parts, lastFirst, 0)
  }

  deinit { ak_pool_destroy(pool) }

  /// Work that can be cut into parts.
  open class Task {
    /// A task; a subclass says what its parts do.
    public init() {}
    /// Runs one part of `parts`; several run at the same time. A subclass overrides it.
    open func run(part: Int, of parts: Int) { fatalError("WorkerPool.Task: a subclass runs the parts") }
  }

  /// Runs all parts of a task, some on the caller's thread, and waits for them. While the pool works for another caller,
  /// all run on this caller's thread. It allocates nothing.
  package func run(_ task: Task) {
    guard let pool else {
      for part in 0..<threads { task.run(part: runsLastFirst ? threads - 1 - part : part, of: threads) }
      return
    }
    ak_pool_run(
      pool,
      { context, part, parts in
        guard let context else { return }
        Unmanaged<Task>.fromOpaque(context)._withUnsafeGuaranteedRef { $0.run(part: Int(part), of: Int(parts)) }
      }, Unmanaged.passUnretained(task).toOpaque())
  }
}
