import Adjoint

/// Parts that all count in one place: the fault that the thread sanitizer must find in a pool.
enum Race {
  private final class SharedCount: WorkerPool.Task {
    private var count = 0
    override func run(part: Int, of parts: Int) { for _ in 0..<2000 { count += 1 } }
  }

  static func run() {
    let (pool, task) = (WorkerPool(threads: 2), SharedCount())
    for _ in 0..<2000 { pool.run(task) }
    say("counted")
  }
}
